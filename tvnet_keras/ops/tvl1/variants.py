"""What the variants of TVNet do around their iterations."""

import functools
from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from tvnet_keras.ops.frame_pairs import fold_time
from tvnet_keras.ops.intensity import to_255
from tvnet_keras.ops.pyramid import level_size
from tvnet_keras.ops.resize import resize_flow_by
from tvnet_keras.ops.tvl1 import released
from tvnet_keras.ops.tvl1.frames import without_structure
from tvnet_keras.ops.tvl1.level import linearise, linearise_by, solve_level
from tvnet_keras.ops.tvl1.solver import Steps
from tvnet_keras.typing import Dimension, Tensor


class Variant(NamedTuple):
    """How frames become grey pairs, how they and flows get from level to level, and how a level is solved."""

    prepare: Callable[[Tensor, tuple[float, float], Steps], tuple[Tensor, Tensor]]
    """Clip `[B, T, H, W, C]`, value range and `Steps` to the first and second grey frames `[B * (T - 1), H, W]`."""
    at_level: Callable[[Tensor, int, float, float, Steps], Tensor]
    """Frames `[N, H, W]`, a pyramid level, zoom, the share of the structure that is taken away and `Steps` to the
    frames of that level."""
    enlarge_flow: Callable[[Tensor, Dimension, Dimension, float, Steps], Tensor]
    """Flow `[N, H, W, 2]` of a level, height, width, zoom and `Steps` to the flow of the next finer level."""
    solve_level: Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Steps, Tensor | None, int, bool], Tensor]
    """First and second frame, flow, kernels and constants of a level, `Steps`, the taps `[2, 3]` of a learned image
    gradient (None where it is fixed), the side of the median filter (0 for none), and whether the data terms are
    detached from the flow, to the level's flow."""


def _prepare(clip: Tensor, value_range: tuple[float, float], steps: Steps) -> tuple[Tensor, Tensor]:
    first, second = steps.smooth_pairs(clip, value_range)
    return fold_time(first), fold_time(second)


def _at_level(frames: Tensor, level: int, zoom: float, texture: float, steps: Steps) -> Tensor:
    # Sizes that are known at run time only would not tell that the finest level needs no sampling.
    frames = _sampled_at_level(steps.resize, frames, level, zoom) if level else frames
    return without_structure(frames, texture) if texture else frames


def _at_level_released(frames: Tensor, level: int, zoom: float, texture: float, steps: Steps) -> Tensor:
    # There, frames keep their structure.
    return _sampled_at_level(released.resize_align_corners_bilinear, frames, level, zoom)


def _sampled_at_level(resize: Callable, frames: Tensor, level: int, zoom: float) -> Tensor:
    size = (level_size(length, level, zoom) for length in ops.shape(frames)[1:])
    # Not `[..., None]`, which TensorFlow Lite has for known sizes only.
    return resize(ops.expand_dims(frames, -1), *size)[..., 0]


def _enlarge_flow(flow: Tensor, height: Dimension, width: Dimension, zoom: float, steps: Steps) -> Tensor:
    return resize_flow_by(steps.resize, flow, height, width)


def _enlarge_flow_released(flow: Tensor, height: Dimension, width: Dimension, zoom: float, steps: Steps) -> Tensor:
    return released.resize_flow_by_zoom(flow, height, width, zoom)


def _solve_level(
    first: Tensor,
    second: Tensor,
    flow: Tensor,
    kernels: Tensor,
    constants: Tensor,
    steps: Steps,
    taps: Tensor | None,
    median_size: int,
    detached: bool,
) -> Tensor:
    arguments = first, second, flow, kernels, constants, median_size, detached
    if taps is None:
        return steps.solve_level(*arguments)
    # Native warps have central differences; the iterations between the warps stay native.
    return solve_level(functools.partial(linearise, taps=taps), steps.solve, *arguments)


def _prepare_released(clip: Tensor, value_range: tuple[float, float], steps: Steps) -> tuple[Tensor, Tensor]:
    return released.prepare(to_255(clip, value_range))


def _solve_level_released(
    first: Tensor,
    second: Tensor,
    flow: Tensor,
    kernels: Tensor,
    constants: Tensor,
    steps: Steps,
    taps: Tensor | None,
    median_size: int,
    detached: bool,
) -> Tensor:
    # The released warp has no native form, the iterations between the warps have one. There is no filter.
    warped = functools.partial(linearise_by(released.warp), taps=taps)
    return solve_level(warped, steps.solve, first, second, flow, kernels, constants, detached=detached)


VARIANTS = {
    "default": Variant(_prepare, _at_level, _enlarge_flow, _solve_level),
    "official": Variant(
        _prepare_released,
        _at_level_released,
        _enlarge_flow_released,
        _solve_level_released,
    ),
}
"""Where the variants differ, and why, is the table of `docs/methods/tvnet.md`."""
