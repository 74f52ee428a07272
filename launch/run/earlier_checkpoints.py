"""Checkpoints of earlier versions, which did not hold every weight."""

import keras
import tensorflow as tf

from tvnet_keras.layers.motion_layer import motion_layers


def lacks_only_fixed_weights(path: str, state: tf.train.Checkpoint, model: keras.Model) -> bool:
    """Whether a checkpoint lacks nothing but weights of motion layers that are not trained.

    TensorFlow did not find them in the layers of earlier versions; what is not trained is as the model was made.

    Args:
        path: of the checkpoint, without an ending.
        state: what it was read into.
        model: the model in `state`.
    """
    fixed = {id(weight) for layer in motion_layers(model) for weight in layer.non_trainable_weights}
    _, _, missing = tf.train.CheckpointView(path).diff(state)
    return all(id(each) in fixed for each in missing if isinstance(each, keras.Variable | tf.Variable))
