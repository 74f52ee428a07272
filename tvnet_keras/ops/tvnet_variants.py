"""The steps of TVNet around its iterations, in the variants that the layer offers."""

from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from tvnet_keras.ops import pyramid, released_tvnet
from tvnet_keras.ops.intensity import smooth, to_grey
from tvnet_keras.ops.warp import warp


class Variant(NamedTuple):
    """How frames become grey pairs, and how images and flows are sampled between pyramid levels and warps."""

    prepare: Callable
    """Clip `[B, T, H, W, C]` in 0..255 to the first and second grey frames `[B * (T - 1), H, W]` of every pair."""
    resize: Callable
    """Images `[N, H, W, C]`, height, width to `[N, height, width, C]`."""
    enlarge_flow: Callable
    """Flow `[N, H, W, 2]` of a level, height, width and zoom to the flow of the next finer level."""
    warp: Callable
    """Images `[N, H, W, C]` and flow `[N, H, W, 2]` to the images sampled at x + flow."""


def _prepare(clip):
    """Every frame is smoothed once and serves two pairs."""
    batch, time, height, width = ops.shape(clip)[:4]
    grey = smooth(ops.reshape(to_grey(clip), (-1, height, width)))
    grey = ops.reshape(grey, (batch, time, height, width))
    return ops.reshape(grey[:, :-1], (-1, height, width)), ops.reshape(grey[:, 1:], (-1, height, width))


def _enlarge_flow(flow, height, width, zoom: float):
    return pyramid.resize_flow(flow, height, width)


VARIANTS = {
    "default": Variant(_prepare, pyramid.resize, _enlarge_flow, warp),
    "official": Variant(
        released_tvnet.prepare, released_tvnet.resize, released_tvnet.enlarge_flow, released_tvnet.warp
    ),
}
"""Where the variants differ, and why, is the table of `docs/methods/tvnet.md`."""
