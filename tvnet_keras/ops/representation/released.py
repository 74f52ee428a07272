"""What is particular to the two released versions of Representation Flow (`docs/methods/representation_flow.md`).

Both versions take the border columns and rows of the second frame's gradient from the *first* frame, and scale a whole
batch at once, upside down. The second version is another solver: its kernels mix all channels, and all kernels of the
flow point down.
"""

import functools
from collections.abc import Sequence
from typing import cast

import numpy as np
from keras import ops

from tvnet_keras.ops.gradients import FORWARD_TAPS
from tvnet_keras.ops.representation.differentiable_loop import differentiable_loop
from tvnet_keras.ops.tvl1.formulae import STATE_FIELDS, Constants, DataTerm, iteration_by
from tvnet_keras.typing import Tensor

CENTRAL_TAPS = (-0.5, 0.0, 0.5)


def channel_kernels(channels: int) -> dict[str, np.ndarray]:
    """Initial kernels of the first version, one of each kind per channel: `[C, (x, y), taps]`."""
    return {
        "image_gradient": _tile(CENTRAL_TAPS, (channels, 2, 1)),
        "divergence": _tile(FORWARD_TAPS, (channels, 2, 1)),
        "flow_gradient": _tile(FORWARD_TAPS, (channels, 2, 1)),
    }


def dense_kernels(channels: int) -> dict[str, np.ndarray]:
    """Initial kernels of the second version: from every channel to every channel, `[(x, y), taps, C, C]`."""
    across = (channels, channels, 1)
    return {
        name: np.moveaxis(_tile(taps, (2, *across)), -1, 1)
        for name, taps in (
            ("image_gradient", CENTRAL_TAPS),
            ("divergence", FORWARD_TAPS),
            ("flow_gradient", FORWARD_TAPS),
        )
    }


def _tile(taps: Sequence[float], shape: tuple[int, ...]) -> np.ndarray:
    return np.tile(np.asarray(taps, "float32"), shape)


def channel_gradient(first: Tensor, second: Tensor, kernels: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient of the second frames by three taps per channel.

    Args:
        first: first frames `[N, C, H, W]`, at least two pixels high and wide.
        second: second frames `[N, C, H, W]`.
        kernels: `[C, 2, 3]`, the three taps in x and in y of every channel.

    Returns:
        `(gx, gy)`, each `[N, C, H, W]`.
    """
    taps = ops.transpose(kernels, (1, 2, 0))[..., None, None]
    # Tensors, not the 0 that a sum begins with.
    inside_x = cast(Tensor, sum(taps[0, k] * part for k, part in enumerate(_thirds(second, 3))))
    inside_y = cast(Tensor, sum(taps[1, k] * part for k, part in enumerate(_thirds(second, 2))))
    return _with_borders(inside_x, first, 3), _with_borders(inside_y, first, 2)


def _thirds(frames: Tensor, axis: int) -> tuple[Tensor, Tensor, Tensor]:
    """Every inner pixel's neighbour before, itself and its neighbour behind, along one axis."""
    if axis == 3:
        return frames[..., :-2], frames[..., 1:-1], frames[..., 2:]
    return frames[..., :-2, :], frames[..., 1:-1, :], frames[..., 2:, :]


def _with_borders(inside: Tensor, first: Tensor, axis: int) -> Tensor:
    """Adds the first and the last row or column: half of the first frame's difference there."""
    if axis == 1:
        before, behind = first[:, 1:2] - first[:, :1], first[:, -1:] - first[:, -2:-1]
    elif axis == 2:
        before, behind = first[:, :, 1:2] - first[:, :, :1], first[:, :, -1:] - first[:, :, -2:-1]
    else:
        before, behind = first[..., 1:2] - first[..., :1], first[..., -1:] - first[..., -2:-1]
    return ops.concatenate([0.5 * before, inside, 0.5 * behind], axis=axis)


def dense_flow(
    first: Tensor, second: Tensor, kernels: dict[str, Tensor], constants: Tensor, iterations: int
) -> tuple[Tensor, ...]:
    """The second version's flow: its iterations with kernels that mix all channels.

    Args:
        first: first frames `[N, H, W, C]`, at least two pixels high and wide.
        second: second frames `[N, H, W, C]`.
        kernels: kernels by name, in the shapes of `dense_kernels`.
        constants: `[3]`: tau, lambda, theta.
        iterations: number of iterations.

    Returns:
        `(u, v)`, each `[N, H, W, C]`.
    """
    image_kernels = kernels["image_gradient"]
    inside_x = _convolve(second, image_kernels[0][None])
    inside_y = _convolve(second, image_kernels[1][:, None])
    data = DataTerm(second - first, _with_borders(inside_x, first, 2), _with_borders(inside_y, first, 1))

    def divergence(px, py, component: int):
        return _divergence(px, py, kernels["divergence"])

    def gradient(u, component: int):
        return _flow_gradient(u, kernels["flow_gradient"])

    scalars = Constants(*(constants[k] for k in range(3)))
    rest = tuple(ops.zeros_like(first) for _ in range(STATE_FIELDS))
    step = functools.partial(iteration_by, divergence, gradient, data=data, constants=scalars)
    return differentiable_loop(step, rest, iterations)[:2]


def _divergence(px: Tensor, py: Tensor, kernels: Tensor) -> Tensor:
    from_above = ((0, 0), (1, 0), (0, 0), (0, 0))
    px, py = ops.pad(px, from_above), ops.pad(py, from_above)
    return _convolve(px, kernels[0][:, None]) + _convolve(py, kernels[1][:, None])


def _flow_gradient(flow: Tensor, kernels: Tensor) -> tuple[Tensor, Tensor]:
    # Nothing lies below the last row, whose difference is zero and not the difference to the padding.
    below = ((0, 0), (0, 1), (0, 0), (0, 0))
    x, y = (ops.pad(_convolve(flow, kernels[axis][:, None]), below) for axis in (0, 1))
    return x, y


def _convolve(fields: Tensor, kernel: Tensor) -> Tensor:
    return ops.conv(fields, kernel, padding="valid", data_format="channels_last")
