"""The steps of TVNet around its iterations, in the variants that the layer offers."""

import functools
from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from tvnet_keras.ops import pyramid
from tvnet_keras.ops.differentiable import fused
from tvnet_keras.ops.gradients import central_gradient
from tvnet_keras.ops.intensity import smooth, to_255, to_grey
from tvnet_keras.ops.tvl1 import formulae, released
from tvnet_keras.ops.warp import warp


class Variant(NamedTuple):
    """How frames become grey pairs, and how images and flows are sampled between pyramid levels and warps."""

    prepare: Callable
    """Clip `[B, T, H, W, C]`, value range and mode to the first and second grey frames `[B * (T - 1), H, W]`."""
    at_level: Callable
    """Frames `[N, H, W]`, a pyramid level and zoom to the frames of that level."""
    enlarge_flow: Callable
    """Flow `[N, H, W, 2]` of a level, height, width and zoom to the flow of the next finer level."""
    linearise: Callable
    """First and second frame `[N, H, W]` and flow `[N, H, W, 2]` to the data term `[3, N, H, W]` at that flow."""


def _prepare(clip, value_range: tuple[float, float], mode: str):
    """Every frame is smoothed once and serves two pairs."""
    batch, time, height, width = ops.shape(clip)[:4]
    if mode == "native":
        from tvnet_keras.ops.native.frames import smooth_pairs

        first, second = smooth_pairs(clip, value_range)
    else:
        grey = ops.reshape(_smooth_grey(clip.shape[-1])(to_255(clip, value_range)), (batch, time, height, width))
        first, second = grey[:, :-1], grey[:, 1:]
    return ops.reshape(first, (-1, height, width)), ops.reshape(second, (-1, height, width))


@functools.cache
def _smooth_grey(channels: int) -> Callable:
    # Built at the first use: only then is the backend's compiler loaded. One for each number of channels, which has to
    # be known.
    return fused(lambda clip: smooth(ops.reshape(to_grey(clip), (-1, *ops.shape(clip)[2:4]))))


def _at_level(frames, level: int, zoom: float):
    # Sizes that are known at run time only would not tell that the finest level needs no sampling.
    return _sampled_at_level(pyramid.resize, frames, level, zoom) if level else frames


def _sampled_at_level(resize: Callable, frames, level: int, zoom: float):
    size = (pyramid.level_size(length, level, zoom) for length in ops.shape(frames)[1:])
    # Not `[..., None]`, which TensorFlow Lite has for known sizes only.
    return resize(ops.expand_dims(frames, -1), *size)[..., 0]


def _linearise(first, second, flow):
    return _compiled_linearise()(first, second, flow)


def _linearised_with(sample: Callable) -> Callable:
    """The data term where `sample(images, flow)` warps the second frame, its derivatives together with it."""

    def linearise(first, second, flow):
        warped = sample(ops.stack([second, *central_gradient(second)], axis=-1), flow)
        return ops.stack(formulae.data_term(first, warped[..., 0], warped[..., 1], warped[..., 2], flow))

    return linearise


@functools.cache
def _compiled_linearise() -> Callable:
    return fused(_linearised_with(warp))


def _prepare_released(clip, value_range: tuple[float, float], mode: str):
    return released.prepare(to_255(clip, value_range))


def _enlarge_flow(flow, height, width, zoom: float):
    return pyramid.resize_flow(flow, height, width)


VARIANTS = {
    "default": Variant(_prepare, _at_level, _enlarge_flow, _linearise),
    "official": Variant(
        _prepare_released,
        functools.partial(_sampled_at_level, released.resize),
        released.enlarge_flow,
        _linearised_with(released.warp),
    ),
}
"""Where the variants differ, and why, is the table of `docs/methods/tvnet.md`."""
