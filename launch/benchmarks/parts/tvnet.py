"""TVNet, ready to be timed as the launchers run it (training step, inference graph, launch.flow), and eager."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from launch.benchmarks.parts.frames import clips
from launch.benchmarks.parts.motion_layer import EAGER, FORWARD, FORWARD_BACKWARD, GRAPH, MODES, STEP, layer_call
from tvnet_keras.flow import solvers
from tvnet_keras.layers.tvnet import TVNet

__all__ = ["FORWARD_BACKWARD", "EAGER", "FLOW", "FORWARD", "GRAPH", "MODES", "STEP", "Case", "make_call", "make_input"]

FLOW = "launch.flow"


@dataclass(frozen=True)
class Case:
    """One way to run TVNet-1-1-`iterations`.

    Attributes:
        place: where the layer is called: STEP, GRAPH, FLOW or EAGER.
        does: FORWARD, or FORWARD_BACKWARD for the gradients of frames, u0 and all kernels, too.
        mode: mode of the layer; "auto" is what a user gets.
        iterations: number of iterations of the layer.
        height: height of the frames, in pixels.
        width: width of the frames, in pixels.
        batch: number of pairs per call.
    """

    place: str
    does: str
    mode: str
    iterations: int = 50
    height: int = 240
    width: int = 320
    batch: int = 1


def make_input(case: Case, data_dir: str) -> np.ndarray:
    """The frames of a case, uint8 `[batch, 2, height, width, 3]`, from `data_dir` as `frames.clips` reads it."""
    return clips(data_dir, case.batch, case.height, case.width)


def make_call(case: Case, frames: np.ndarray) -> Callable[[], object]:
    """A function that runs the case once and returns when the result is there.

    Args:
        case: what to run.
        frames: uint8 `[batch, 2, height, width, 3]`.

    Raises:
        InputError: the mode cannot work here. Calling the function raises it, too.
    """
    if case.place == FLOW:
        return _flow_solver(case, frames)
    size = (case.height, case.width)
    layer = TVNet(iterations=case.iterations, mode=case.mode, value_range=(0, 255), u0_size=size)
    return layer_call(layer, case.place, case.does, frames)


def _flow_solver(case: Case, frames: np.ndarray) -> Callable[[], object]:
    if case.mode == "auto":
        solve = solvers.make_solver(f"tvnet-1-1-{case.iterations}")
        return lambda: solve(frames[0])
    # The solver of launch.flow chooses its mode itself; here the same is done with a given mode.
    clip = keras.Input((2, None, None, 3), dtype="uint8")
    layer = TVNet(iterations=case.iterations, mode=case.mode, u0_size=(1, 1), learn=())
    model = keras.Model(clip, layer(clip))
    return lambda: model.predict_on_batch(frames)
