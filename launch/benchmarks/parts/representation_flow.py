"""Representation Flow as the launchers run it, on features that move; ready to be timed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from launch.benchmarks.parts.motion_layer import layer_call
from tvnet_keras.layers.representation_flow import LEARNABLE, RepresentationFlow

FINE = 4
"""The texture is drawn so many times finer than the features, so that it can move by parts of a pixel."""

MOTION = (2, -3)
"""Number of rows and of columns, in pixels of the fine texture, by which it moves from frame to frame."""


@dataclass(frozen=True)
class Case:
    """One way to run the layer for the flow of every channel of its input, without the convolutions around it.

    Attributes:
        place: where the layer is called: STEP, GRAPH or EAGER of `motion_layer`.
        does: FORWARD, or FORWARD_BACKWARD for the gradients of the features, all kernels, tau, lambda and theta, too.
        mode: mode of the layer.
        iterations: number of iterations of the layer.
        variant: variant of the layer.
        frames: number of frames of the one clip; there is one pair less.
        channels: number of channels of the features.
        size: height and width of the features, in pixels.
    """

    place: str
    does: str
    mode: str
    iterations: int = 10
    variant: str = "default"
    frames: int = 16
    channels: int = 32
    size: int = 28


def make_input(case: Case, data_dir: str = "") -> np.ndarray:
    """Features of a case, float32 `[1, frames, size, size, channels]`; `data_dir` is not read."""
    noise = np.random.default_rng(0).random((FINE * case.size, FINE * case.size, case.channels), np.float32)
    texture = cv2.GaussianBlur(noise, (0, 0), 2 * FINE)
    moved = [np.roll(texture, (k * MOTION[0], k * MOTION[1]), axis=(0, 1)) for k in range(case.frames)]
    return np.stack(moved)[None, :, ::FINE, ::FINE]


def make_call(case: Case, features: np.ndarray) -> Callable[[], Any]:
    """A function that runs the case once and returns when the result is there.

    Args:
        case: what to run.
        features: `[1, frames, size, size, channels]`.

    Raises:
        InputError: the mode cannot work here. Calling the function raises it, too.
    """
    layer = RepresentationFlow(
        None, case.iterations, LEARNABLE, case.variant, output="flow", mode=case.mode, name="flow"
    )
    return layer_call(layer, case.place, case.does, features, gain_shape=features.shape[-1:])
