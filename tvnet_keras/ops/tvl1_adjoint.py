"""Reverse mode of one TV-L1 iteration, derived by hand.

Automatic differentiation of the loop stores every intermediate field of every iteration; the adjoint below needs only
the iteration's input state and recomputes the rest in one fused pass.
"""

from typing import NamedTuple

from keras import ops

from tvnet_keras.ops.gradients import forward_x, forward_y, not_last
from tvnet_keras.ops.tvl1 import EPSILON, Constants, DataTerm, _threshold

SUMS = 18
"""Sums over the image per iteration: 16 taps (as `[8, 2]`), then limit and rate."""


class IterationGradient(NamedTuple):
    """Gradients of one iteration: state (6 fields), data (3 fields), and `sums [18, G, W]`.

    The sums over the images of a group are left per column: XLA adds up columns in vectors, but a whole image one pixel
    at a time. `sum_gradients` finishes them for all iterations at once.
    """

    state: tuple
    data: tuple
    sums: object


def before(state) -> tuple:
    """p11 and p21 one pixel to the left, p12 and p22 one pixel above, of `(u1, u2, p11, p12, p21, p22)`; 0 outside."""
    p11, p12, p21, p22 = state[2:]
    return _left(p11), _above(p12), _left(p21), _above(p22)


def iteration_adjoint(
    state, p_before, data: DataTerm, taps, constants: Constants, upstream, groups: int = 1
) -> IterationGradient:
    """Pulls `upstream`, the gradient of the next state, back through `tvl1.iteration`.

    Args:
        state: the state *before* the iteration, six `[N, H, W]` fields.
        p_before: `before(state)`.
        data: the linearised data term.
        taps: `[8, 2]`, as in `tvl1.iteration`.
        constants: tau, lambda, theta.
        upstream: gradient with respect to the state after the iteration, six `[N, H, W]` fields.
        groups: G; image n counts for group n modulo G.

    Returns:
        The gradients with respect to every argument of `tvl1.iteration`.
    """
    u1, u2, p11, p12, p21, p22 = state
    theta, limit, rate = constants.theta, constants.lambda_ * constants.theta, constants.tau / constants.theta
    left11, above12, left21, above22 = p_before
    step, ratio = _threshold(u1, u2, data, limit)
    div1 = taps[0][0] * left11 + taps[0][1] * p11 + taps[1][0] * above12 + taps[1][1] * p12
    div2 = taps[2][0] * left21 + taps[2][1] * p21 + taps[3][0] * above22 + taps[3][1] * p22
    new1 = u1 - step * data.gx + theta * div1
    new2 = u2 - step * data.gy + theta * div2

    dual1 = _dual_adjoint(new1, p11, p12, taps[4], taps[5], rate, upstream[2:4])
    dual2 = _dual_adjoint(new2, p21, p22, taps[6], taps[7], rate, upstream[4:6])
    # Divided by one for the same reason as in `_dual_adjoint`.
    one = theta / theta
    bar1, bar2 = (upstream[0] + dual1.u) / one, (upstream[1] + dual2.u) / one

    threshold = _threshold_adjoint(u1, u2, data, step, ratio, limit, bar1, bar2)
    bar_p = (
        dual1.px + theta * _backward_x_adjoint(bar1, taps[0]),
        dual1.py + theta * _backward_y_adjoint(bar1, taps[1]),
        dual2.px + theta * _backward_x_adjoint(bar2, taps[2]),
        dual2.py + theta * _backward_y_adjoint(bar2, taps[3]),
    )
    terms = [
        *(bar1 * left11, bar1 * p11, bar1 * above12, bar1 * p12),
        *(bar2 * left21, bar2 * p21, bar2 * above22, bar2 * p22),
        *dual1.taps,
        *dual2.taps,
        threshold.limit,
        dual1.rate + dual2.rate,
    ]
    sums = ops.stack([_per_column(term, groups) for term in terms])
    return IterationGradient((*threshold.u, *bar_p), threshold.data, sums)


def sum_gradients(sums, taps, constants: Constants):
    """Gradients of taps `[iterations, G, 8, 2]` and constants `[3]` from the sums of all iterations.

    Args:
        sums: `[iterations, 18, G, W]`, stacked `IterationGradient.sums`.
        taps: `[iterations, G, 8, 2]`.
        constants: tau, lambda, theta.
    """
    tau, lambda_, theta = constants
    sums = ops.moveaxis(ops.sum(sums, axis=3), 1, 2)
    per_tap = ops.reshape(sums[..., :16], taps.shape)
    of_divergence, of_gradient = per_tap[:, :, :4], per_tap[:, :, 4:]
    limit, rate = (ops.sum(sums[..., k]) for k in (16, 17))
    bar_theta = ops.sum(taps[:, :, :4] * of_divergence) + limit * lambda_ - rate * tau / (theta * theta)
    bar_taps = ops.concatenate([theta * of_divergence, of_gradient], axis=2)
    return bar_taps, ops.stack([rate / theta, limit * theta, bar_theta])


def _per_column(field, groups: int):
    if groups == 1:
        return ops.sum(field, axis=(0, 1))[None]
    height, width = ops.shape(field)[1:]
    return ops.sum(ops.reshape(field, (-1, groups, height, width)), axis=(0, 2))


class _ThresholdGradient(NamedTuple):
    u: tuple
    data: tuple
    limit: object


def _threshold_adjoint(u1, u2, data: DataTerm, step, ratio, limit, bar1, bar2) -> _ThresholdGradient:
    bar_step = -(data.gx * bar1 + data.gy * bar2)
    inside = ops.cast(ops.abs(ratio) <= limit, ratio.dtype)
    bar_rho = inside * bar_step / (data.gx * data.gx + data.gy * data.gy + EPSILON)
    # d ratio / d g through the denominator, ratio = rho / |g|^2.
    bar_square = -2.0 * bar_rho * ratio
    bar_gx = bar_rho * u1 + bar_square * data.gx - step * bar1
    bar_gy = bar_rho * u2 + bar_square * data.gy - step * bar2
    bar_limit = (1.0 - inside) * ops.sign(ratio) * bar_step
    return _ThresholdGradient(
        (bar1 + data.gx * bar_rho, bar2 + data.gy * bar_rho), (bar_rho, bar_gx, bar_gy), bar_limit
    )


class _DualGradient(NamedTuple):
    u: object
    px: object
    py: object
    taps: tuple
    rate: object


def _dual_adjoint(u, px, py, taps_x, taps_y, rate, upstream) -> _DualGradient:
    ux, uy = forward_x(u, taps_x), forward_y(u, taps_y)
    norm = ops.sqrt(ux * ux + uy * uy + EPSILON)
    scale = 1.0 / (1.0 + rate * norm)
    bar_px, bar_py = upstream[0] * scale, upstream[1] * scale
    bar_product = -scale * (bar_px * (px + rate * ux) + bar_py * (py + rate * uy))
    # A division comes last in what is shifted afterwards: XLA keeps its result, where it would compute a sum or product
    # again for every reader, and a shifted one with a branch per pixel.
    bar_ux = not_last(u, 2) * rate * (bar_px * norm + bar_product * ux) / norm
    bar_uy = not_last(u, 1) * rate * (bar_py * norm + bar_product * uy) / norm
    return _DualGradient(
        u=_forward_x_adjoint(bar_ux, taps_x) + _forward_y_adjoint(bar_uy, taps_y),
        px=bar_px,
        py=bar_py,
        taps=(
            bar_ux * u,
            bar_ux * _right(u),
            bar_uy * u,
            bar_uy * _below(u),
        ),
        rate=bar_px * ux + bar_py * uy + bar_product * norm,
    )


def _forward_x_adjoint(bar, taps):
    return taps[0] * bar + taps[1] * _left(bar)


def _forward_y_adjoint(bar, taps):
    return taps[0] * bar + taps[1] * _above(bar)


def _backward_x_adjoint(bar, taps):
    return taps[1] * bar + taps[0] * _right(bar)


def _backward_y_adjoint(bar, taps):
    return taps[1] * bar + taps[0] * _below(bar)


def _left(field):
    return ops.pad(field[:, :, :-1], ((0, 0), (0, 0), (1, 0)))


def _above(field):
    return ops.pad(field[:, :-1], ((0, 0), (1, 0), (0, 0)))


def _right(field):
    return ops.pad(field[:, :, 1:], ((0, 0), (0, 0), (0, 1)))


def _below(field):
    return ops.pad(field[:, 1:], ((0, 0), (0, 1), (0, 0)))
