"""TVNet as the launchers run it, ready to be timed: training step, inference graph, launch.flow; and eager."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from launch.config import TrainConfig
from launch.inference import as_graph
from launch.optimization import make_optimizer
from launch.train_step import TrainStep
from tvnet_keras.flow import solvers
from tvnet_keras.layers.tvnet import TVNet
from tvnet_keras.losses.endpoint import end_point_error

FORWARD, BOTH = "forward", "forward + backward"
STEP, GRAPH, FLOW, EAGER = "training step", "inference graph", "launch.flow", "eager"
MODES = ("native", "portable")


@dataclass(frozen=True)
class Case:
    """One way to run TVNet-1-1-`iterations`.

    Attributes:
        place: what calls the layer, one of STEP, GRAPH, FLOW, EAGER.
        does: FORWARD, or BOTH: the gradients of frames, u0 and all kernels too.
        mode: of the layer; "auto" is what a user gets.
        iterations: per pair.
        height: pixels.
        width: pixels.
        batch: pairs per call.
    """

    place: str
    does: str
    mode: str
    iterations: int = 50
    height: int = 240
    width: int = 320
    batch: int = 1


def make_call(case: Case, clips: np.ndarray) -> Callable[[], object]:
    """A function that runs the case once and returns when the result is there.

    Args:
        case: what to run.
        clips: uint8 `[batch, 2, height, width, 3]`.

    Raises:
        InputError: the mode cannot work here. The call raises it too.
    """
    if case.does == BOTH:
        return _training_step(case, clips) if case.place == STEP else _eager_gradient(case, clips)
    if case.place == FLOW:
        return _flow_solver(case, clips)
    layer = _layer(case)
    run = as_graph(layer) if case.place == GRAPH else layer
    tensor = tf.constant(clips)
    # Fetched, because what nobody fetches may never be computed.
    return lambda: run(tensor).numpy()


def _layer(case: Case) -> TVNet:
    return TVNet(iterations=case.iterations, mode=case.mode, value_range=(0, 255), u0_size=(case.height, case.width))


class _Motion(keras.Model):
    """The least that a training step needs around a motion layer.

    The frames pass a trained brightness gain, so that the step asks for the gradient of the frames as it does where
    layers stand before TVNet.
    """

    def __init__(self, layer: TVNet) -> None:
        super().__init__(name="motion")
        self.layer = layer
        self.gain = self.add_weight(name="gain", shape=(), initializer="ones")

    def build(self, input_shape) -> None:
        self.layer.build(input_shape)
        self.built = True

    def call(self, clip, training=None):
        flow = self.layer(self.gain * keras.ops.cast(clip, "float32"))
        return {"logits": keras.ops.mean(flow, axis=(1, 2, 3)), "flow": flow}


def _training_step(case: Case, clips: np.ndarray) -> Callable[[], object]:
    model = _Motion(_layer(case))
    model.build(clips.shape)
    # A rate of zero does the work of an update and leaves every repeat the same numbers.
    train = TrainConfig(batch_size=case.batch, lr=0.0, schedule="constant")
    optimizer = make_optimizer(train, {})
    optimizer.build(model.trainable_variables)
    step = TrainStep(tf.distribute.get_strategy(), model, optimizer, _distance_from_rest, train)
    batch = {"clip": tf.constant(clips), "label": tf.zeros(case.batch, tf.int32)}
    return lambda: step(batch)["gradient_norm"].numpy()


def _distance_from_rest(clip, label, outputs) -> dict:
    flow = outputs["flow"]
    return {"flow": tf.reduce_mean(end_point_error(tf.zeros_like(flow), flow), axis=(1, 2, 3))}


def _eager_gradient(case: Case, clips: np.ndarray) -> Callable[[], object]:
    layer, frames = _layer(case), tf.constant(clips, tf.float32)
    layer.build(frames.shape)
    sources = [frames, layer.u0.value, layer.kernels.value]

    def run():
        with tf.GradientTape() as tape:
            tape.watch(frames)
            loss = tf.reduce_mean(end_point_error(tf.zeros(2), layer(frames)))
        return [gradient.numpy() for gradient in tape.gradient(loss, sources)]

    return run


def _flow_solver(case: Case, clips: np.ndarray) -> Callable[[], object]:
    if case.mode == "auto":
        solve = solvers.make_solver(f"tvnet-1-1-{case.iterations}")
        return lambda: solve(clips[0])
    # The solver of launch.flow chooses its mode itself; this is what it does, with the mode given.
    clip = keras.Input((2, None, None, 3), dtype="uint8")
    layer = TVNet(iterations=case.iterations, mode=case.mode, u0_size=(1, 1), learn=())
    model = keras.Model(clip, layer(clip))
    return lambda: model.predict_on_batch(clips)
