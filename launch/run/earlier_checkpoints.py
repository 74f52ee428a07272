"""Checkpoints of earlier versions, which did not hold every weight."""

import keras
import tensorflow as tf

from tvnet_keras.layers.motion_layer import motion_layers


def lacks_only_fixed_weights(path: str, state: tf.train.Checkpoint, model: keras.Model) -> bool:
    """Whether a checkpoint lacks nothing but weights of motion layers that are not trained.

    TensorFlow did not find these weights in the layers of earlier versions. As they are not trained, they have the
    values that the model was made with.

    Args:
        path: path of the checkpoint, without an ending.
        state: the objects that it was read into.
        model: the model in `state`.
    """
    fixed = {id(weight) for layer in motion_layers(model) for weight in layer.non_trainable_weights}
    _, _, missing = tf.train.CheckpointView(path).diff(state)
    return all(id(each) in fixed for each in missing if isinstance(each, keras.Variable | tf.Variable))
