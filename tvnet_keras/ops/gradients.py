"""Image derivatives on `[N, H, W]` fields: central for frames, two-tap forward for flow, and the divergence.

Every derivative takes `(x, y)` in pixels, x to the right and y down: a ramp that rises to the right has a positive
x derivative. The two-tap operators take their taps, so that TVNet can train them (Fan et al. 2018, section 4.1).
"""

from collections.abc import Sequence

from keras import ops

from tvnet_keras.typing import Tensor

FORWARD_TAPS = (-1.0, 1.0)
"""Weights of a pixel and of the next one: the forward difference."""

CENTRAL_TAPS = (-0.5, 0.0, 0.5)
"""Weights of the pixel before, of the pixel itself and of the next one: the central difference."""


def central_gradient(images: Tensor, taps: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Central differences, with half of the one-sided difference at the borders (as the released TVNet).

    Args:
        images: `[N, H, W]`.
        taps: `[2, 3]`, other weights of the x and of the y derivative, each ordered as `CENTRAL_TAPS`, which give the
            same as None. The border pixel stands for the one beyond it.

    Returns:
        `(gx, gy)`, each `[N, H, W]`, in grey values per pixel.
    """
    left = ops.concatenate([images[:, :, :1], images[:, :, :-1]], axis=2)
    right = ops.concatenate([images[:, :, 1:], images[:, :, -1:]], axis=2)
    up = ops.concatenate([images[:, :1], images[:, :-1]], axis=1)
    down = ops.concatenate([images[:, 1:], images[:, -1:]], axis=1)
    if taps is None:
        return 0.5 * (right - left), 0.5 * (down - up)
    return (
        taps[0, 0] * left + taps[0, 1] * images + taps[0, 2] * right,
        taps[1, 0] * up + taps[1, 1] * images + taps[1, 2] * down,
    )


def forward_x(field: Tensor, taps: Tensor | Sequence[float] = FORWARD_TAPS) -> Tensor:
    """`taps[0] * f(x) + taps[1] * f(x + 1)`, zero in the last column. `[N, H, W] -> [N, H, W]`."""
    return not_last(field, 2) * (taps[0] * field + taps[1] * ops.pad(field[:, :, 1:], ((0, 0), (0, 0), (0, 1))))


def forward_y(field: Tensor, taps: Tensor | Sequence[float] = FORWARD_TAPS) -> Tensor:
    """`taps[0] * f(y) + taps[1] * f(y + 1)`, zero in the last row. `[N, H, W] -> [N, H, W]`."""
    return not_last(field, 1) * (taps[0] * field + taps[1] * ops.pad(field[:, 1:], ((0, 0), (0, 1), (0, 0))))


def not_last(field: Tensor, axis: int) -> Tensor:
    """1 where a pixel has a neighbour behind it along `axis`, else 0; shaped to multiply `[N, H, W]` fields.

    XLA turns a product with this mask into vector instructions, padding of a computed field into branches per pixel.
    """
    length = ops.shape(field)[axis]
    shape = [1, 1, 1]
    shape[axis] = -1
    return ops.reshape(ops.cast(ops.arange(length) < length - 1, field.dtype), shape)


def backward_x(field: Tensor, taps: Tensor | Sequence[float] = FORWARD_TAPS) -> Tensor:
    """`taps[0] * f(x - 1) + taps[1] * f(x)`, with f = 0 left of the image. `[N, H, W] -> [N, H, W]`."""
    return taps[1] * field + taps[0] * ops.pad(field[:, :, :-1], ((0, 0), (0, 0), (1, 0)))


def backward_y(field: Tensor, taps: Tensor | Sequence[float] = FORWARD_TAPS) -> Tensor:
    """`taps[0] * f(y - 1) + taps[1] * f(y)`, with f = 0 above the image. `[N, H, W] -> [N, H, W]`."""
    return taps[1] * field + taps[0] * ops.pad(field[:, :-1], ((0, 0), (1, 0), (0, 0)))


def divergence(
    px: Tensor,
    py: Tensor,
    taps_x: Tensor | Sequence[float] = FORWARD_TAPS,
    taps_y: Tensor | Sequence[float] = FORWARD_TAPS,
) -> Tensor:
    """Divergence of the vector field `(px, py)`: minus the adjoint of (`forward_x`, `forward_y`).

    Exact for fields whose last column (px) and last row (py) are zero, as TV-L1's dual variables always are.

    Args:
        px: x component `[N, H, W]`.
        py: y component `[N, H, W]`.
        taps_x: two weights of the x difference.
        taps_y: two weights of the y difference.

    Returns:
        `[N, H, W]`.
    """
    return backward_x(px, taps_x) + backward_y(py, taps_y)
