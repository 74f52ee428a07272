"""Reverse mode of one TV-L1 iteration, derived by hand.

Automatic differentiation of the loop stores every intermediate field of every iteration; the adjoint below needs only
the iteration's input state and recomputes the rest. It works on both flow components at once: `u` holds (u1, u2), `px`
(p11, p21) and `py` (p12, p22), each `[2, N, H, W]`, which halves the operations to compile and to run.
"""

from collections.abc import Sequence
from typing import NamedTuple

from keras import ops

from tvnet_keras.ops.gradients import not_last
from tvnet_keras.ops.tvl1.formulae import EPSILON, Constants, State
from tvnet_keras.typing import Dimension, Scalar, Tensor

SUMS_PER_ITERATION = 18
"""Sums over the image: the gradients of 16 taps (as `[part, axis, tap, component]`), then of limit and of rate."""


class Pairs(NamedTuple):
    """The six fields of a state, or their gradients, as pairs `[2, N, H, W]` with one entry per flow component."""

    u: Tensor
    px: Tensor
    py: Tensor


class IterationGradient(NamedTuple):
    """Gradients of one iteration: state, data `[3, N, H, W]`, and `sums [18, G, H]`.

    The sums over the images of a group are left per row, as products with a vector of ones: XLA's own sums run pixel by
    pixel. `sum_gradients` sums up the rows for all iterations at once.
    """

    state: Pairs
    data: tuple[Tensor, Tensor]
    sums: Tensor


def pairs_of(state: State | Tensor) -> Pairs:
    """The six fields (u1, u2, p11, p12, p21, p22) of a state as pairs."""
    return Pairs(ops.stack([state[0], state[1]]), ops.stack([state[2], state[4]]), ops.stack([state[3], state[5]]))


def joined(pairs: Pairs) -> Tensor:
    """The inverse of `pairs_of`."""
    u, px, py = pairs
    return ops.stack([u[0], u[1], px[0], py[0], px[1], py[1]])


class Linearised(NamedTuple):
    """A data term with its image gradient as a pair `[2, N, H, W]` and `1 / |gradient|^2`."""

    rho_c: Tensor
    gradient: Tensor
    inverse: Tensor


def linearised(data: Tensor) -> Linearised:
    """The data term `[3, N, H, W]` (rho_c, gx, gy) as `iteration_adjoint` takes it."""
    return Linearised(data[0], data[1:], 1.0 / (data[1] * data[1] + data[2] * data[2] + EPSILON))


def taps_of_images(taps: Tensor, images: Dimension) -> Tensor:
    """Kernels `[I, G, 8, 2]` as `[I, part, axis, tap, 2, N or 1, 1, 1]`; part 0 is the divergence, 1 the gradient."""
    iterations, groups = taps.shape[:2]
    taps = ops.transpose(ops.reshape(taps, (iterations, groups, 2, 2, 2, 2)), (0, 2, 4, 5, 3, 1))
    if groups > 1:
        taps = ops.tile(taps, (1, 1, 1, 1, 1, images // groups))
    return taps[..., None, None]


def iteration_adjoint(
    state: Pairs,
    px_left: Tensor,
    py_above: Tensor,
    data: Linearised,
    taps: Tensor,
    constants: Constants,
    upstream: Pairs,
    groups: int = 1,
) -> IterationGradient:
    """Pulls `upstream`, the gradient of the next state, back through `formulae.iteration`.

    Args:
        state: the state *before* the iteration.
        px_left: the state's px one pixel to the left, 0 outside the image.
        py_above: the state's py one pixel above, 0 outside the image.
        data: the data term, as `linearised` returns it.
        taps: the kernels of this iteration, out of those of `taps_of_images`.
        constants: tau, lambda, theta.
        upstream: gradient with respect to the state after the iteration.
        groups: number G of groups of images; image n belongs to group n modulo G.

    Returns:
        The gradients with respect to every argument of `formulae.iteration`.
    """
    theta, limit, rate = constants.theta, constants.lambda_ * constants.theta, constants.tau / constants.theta
    ratio = (data.rho_c + _dot(data.gradient, state.u)) * data.inverse
    step = ops.clip(ratio, -limit, limit)
    divergence = (taps[0][0][0] * px_left + taps[0][0][1] * state.px) + (
        taps[0][1][0] * py_above + taps[0][1][1] * state.py
    )
    new = state.u - step * data.gradient + theta * divergence

    dual = _dual_adjoint(new, state, taps[1], rate, upstream)
    # Divided by one for the same reason as in `_dual_adjoint`.
    bar_u = (upstream.u + dual.u) / (theta / theta)
    bar_px = dual.px + theta * (taps[0][0][1] * bar_u + taps[0][0][0] * _right(bar_u))
    bar_py = dual.py + theta * (taps[0][1][1] * bar_u + taps[0][1][0] * _below(bar_u))

    threshold = _threshold_adjoint(state.u, data, step, ratio, limit, bar_u)
    terms = [bar_u * px_left, bar_u * state.px, bar_u * py_above, bar_u * state.py, *dual.taps]
    sums = ops.concatenate(
        [
            ops.concatenate([_per_row(term, groups) for term in terms]),
            _per_row(threshold.limit[None], groups),
            ops.sum(_per_row(dual.rate, groups), axis=0, keepdims=True),
        ]
    )
    return IterationGradient(Pairs(threshold.u, bar_px, bar_py), threshold.data, sums)


def sum_gradients(sums: Tensor, taps: Tensor, constants: Constants) -> tuple[Tensor, Tensor]:
    """Gradients of taps `[iterations, G, 8, 2]` and constants `[3]` from the sums of all iterations.

    Args:
        sums: `[iterations, 18, G, H]`, the `IterationGradient.sums` of all iterations.
        taps: the kernels, `[iterations, G, 8, 2]`.
        constants: tau, lambda, theta.

    Returns:
        The gradients of the kernels and of the constants.
    """
    tau, lambda_, theta = constants
    sums = ops.sum(sums, axis=3)
    iterations, groups = taps.shape[:2]
    # [iterations, part, axis, tap, component, G] in the order of the taps: group, part, component, axis, tap.
    per_tap = ops.transpose(ops.reshape(sums[:, :16], (iterations, 2, 2, 2, 2, groups)), (0, 5, 1, 4, 2, 3))
    per_tap = ops.reshape(per_tap, taps.shape)
    of_divergence, of_gradient = per_tap[:, :, :4], per_tap[:, :, 4:]
    limit, rate = (ops.sum(sums[:, k]) for k in (16, 17))
    bar_theta = ops.sum(taps[:, :, :4] * of_divergence) + limit * lambda_ - rate * tau / (theta * theta)
    bar_taps = ops.concatenate([theta * of_divergence, of_gradient], axis=2)
    return bar_taps, ops.stack([rate / theta, limit * theta, bar_theta])


def _per_row(fields: Tensor, groups: int) -> Tensor:
    """Sums over the columns and over the images of every group: `[K, N, H, W] -> [K, G, H]`."""
    kinds, images, height, width = ops.shape(fields)
    rows = ops.matmul(ops.reshape(fields, (-1, width)), ops.ones((width, 1), fields.dtype))
    return ops.sum(ops.reshape(rows, (kinds, images // groups, groups, height)), axis=1)


class _ThresholdGradient(NamedTuple):
    u: Tensor
    data: tuple[Tensor, Tensor]
    limit: Tensor


def _threshold_adjoint(
    u: Tensor, data: Linearised, step: Tensor, ratio: Tensor, limit: Scalar, bar_u: Tensor
) -> _ThresholdGradient:
    bar_step = -_dot(data.gradient, bar_u)
    inside = ops.cast(ops.abs(ratio) <= limit, ratio.dtype)
    bar_rho = inside * bar_step * data.inverse
    # d ratio / d g through the denominator, ratio = rho / |g|^2.
    bar_gradient = bar_rho * u - 2.0 * bar_rho * ratio * data.gradient - step * bar_u
    bar_limit = (1.0 - inside) * ops.sign(ratio) * bar_step
    return _ThresholdGradient(bar_u + data.gradient * bar_rho, (bar_rho, bar_gradient), bar_limit)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return a[0] * b[0] + a[1] * b[1]


class _DualGradient(NamedTuple):
    u: Tensor
    px: Tensor
    py: Tensor
    taps: tuple[Tensor, Tensor, Tensor, Tensor]
    rate: Tensor


def _dual_adjoint(
    u: Tensor, state: Pairs, taps: Sequence[Sequence[Tensor]] | Tensor, rate: Scalar, upstream: Pairs
) -> _DualGradient:
    right, below = _right(u), _below(u)
    inside_x, inside_y = not_last(u[0], 2), not_last(u[0], 1)
    ux = inside_x * (taps[0][0] * u + taps[0][1] * right)
    uy = inside_y * (taps[1][0] * u + taps[1][1] * below)
    norm = ops.sqrt(ux * ux + uy * uy + EPSILON)
    scale = 1.0 / (1.0 + rate * norm)
    bar_px, bar_py = upstream.px * scale, upstream.py * scale
    bar_product = -scale * (bar_px * (state.px + rate * ux) + bar_py * (state.py + rate * uy))
    # A division comes last in what is shifted afterwards: XLA keeps its result, where it would compute a sum or product
    # again for every reader, and a shifted one with a branch per pixel.
    bar_ux = inside_x * rate * (bar_px * norm + bar_product * ux) / norm
    bar_uy = inside_y * rate * (bar_py * norm + bar_product * uy) / norm
    return _DualGradient(
        u=(taps[0][0] * bar_ux + taps[0][1] * _left(bar_ux)) + (taps[1][0] * bar_uy + taps[1][1] * _above(bar_uy)),
        px=bar_px,
        py=bar_py,
        taps=(bar_ux * u, bar_ux * right, bar_uy * u, bar_uy * below),
        rate=bar_px * ux + bar_py * uy + bar_product * norm,
    )


def _left(field: Tensor) -> Tensor:
    return ops.pad(field[..., :-1], ((0, 0), (0, 0), (0, 0), (1, 0)))


def _above(field: Tensor) -> Tensor:
    return ops.pad(field[..., :-1, :], ((0, 0), (0, 0), (1, 0), (0, 0)))


def _right(field: Tensor) -> Tensor:
    return ops.pad(field[..., 1:], ((0, 0), (0, 0), (0, 0), (0, 1)))


def _below(field: Tensor) -> Tensor:
    return ops.pad(field[..., 1:, :], ((0, 0), (0, 0), (0, 1), (0, 0)))
