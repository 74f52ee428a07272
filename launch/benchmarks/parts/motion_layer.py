"""A motion layer as the launchers run it, ready to be timed: training step, inference graph, and eager."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from launch.run.config import TrainConfig
from launch.run.inference import as_graph
from launch.run.optimization import make_optimizer
from launch.run.train_step import TrainStep
from tvnet_keras.losses.endpoint import end_point_error
from tvnet_keras.typing import Shape, Tensor

FORWARD, FORWARD_BACKWARD = "forward", "forward + backward"
"""What a call computes."""

STEP, GRAPH, EAGER = "training step", "inference graph", "eager"
"""Where a call takes place."""

MODES = ("native", "portable")
"""The modes of a motion layer."""


def layer_call(
    layer: keras.layers.Layer, place: str, does: str, clips: np.ndarray, gain_shape: tuple[int, ...] = ()
) -> Callable[[], object]:
    """A function that runs the layer once and returns when the result is there.

    Args:
        layer: a layer that makes flow of `[B, T, H, W, C]`.
        place: where it is called: STEP, GRAPH or EAGER.
        does: FORWARD, or FORWARD_BACKWARD for the gradients of the clips and of all that the layer trains, too.
        clips: `[B, T, H, W, C]`.
        gain_shape: shape of the trained factor that clips are multiplied by in the training step. A layer that scales
            its input to a fixed range has no gradient for one common factor, but has one for a factor per channel.

    Returns:
        The function. It returns the flow; with FORWARD_BACKWARD in STEP the norm of all gradients, in EAGER the
        gradients.
    """
    if does == FORWARD_BACKWARD:
        return _training_step(layer, clips, gain_shape) if place == STEP else _eager_gradient(layer, clips)
    run = as_graph(layer) if place == GRAPH else layer
    tensor = tf.constant(clips)
    # The result is fetched: what nobody fetches may never be computed.
    return lambda: run(tensor).numpy()


class _Motion(keras.Model):
    """The smallest model that a training step can train around a motion layer.

    The clip is multiplied by a trained gain, so that the step computes the gradient of the clip, as it does where other
    layers stand before the motion layer.
    """

    def __init__(self, layer: keras.layers.Layer, gain_shape: tuple[int, ...]) -> None:
        super().__init__(name="motion")
        self.layer = layer
        self.gain = self.add_weight(name="gain", shape=gain_shape, initializer="ones")

    def build(self, input_shape: Shape) -> None:
        self.layer.build(input_shape)
        self.built = True

    def call(self, clip: Tensor, training: bool | None = None) -> dict[str, Tensor]:
        flow = self.layer(self.gain * keras.ops.cast(clip, "float32"))
        return {"logits": keras.ops.mean(flow, axis=(1, 2, 3)), "flow": flow}


def _training_step(
    layer: keras.layers.Layer, clips: np.ndarray, gain_shape: tuple[int, ...]
) -> Callable[[], np.ndarray]:
    model = _Motion(layer, gain_shape)
    model.build(clips.shape)
    # A learning rate of zero does the work of an update and leaves the numbers the same for every repeat.
    train = TrainConfig(batch_size=len(clips), lr=0.0, schedule="constant")
    optimizer = make_optimizer(train, {})
    optimizer.build(model.trainable_variables)
    step = TrainStep(tf.distribute.get_strategy(), model, optimizer, _distance_from_rest, train)
    batch = {"clip": tf.constant(clips), "label": tf.zeros(len(clips), tf.int32)}
    return lambda: step(batch)["gradient_norm"].numpy()


def _distance_from_rest(batch: dict, outputs: dict) -> dict:
    flow = outputs["flow"]
    return {"flow": keras.ops.mean(end_point_error(tf.zeros_like(flow), flow), axis=(1, 2, 3))}


def _eager_gradient(layer: keras.layers.Layer, clips: np.ndarray) -> Callable[[], list[np.ndarray]]:
    frames = tf.constant(clips, tf.float32)
    layer.build(frames.shape)
    sources = [frames, *(weight.value for weight in layer.trainable_weights)]

    def run() -> list[np.ndarray]:
        with tf.GradientTape() as tape:
            tape.watch(frames)
            flow = layer(frames)
            loss: Any = keras.ops.mean(end_point_error(tf.zeros_like(flow), flow))
        return [keras.ops.convert_to_numpy(gradient) for gradient in tape.gradient(loss, sources)]

    return run
