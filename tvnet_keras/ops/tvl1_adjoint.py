"""Reverse mode of one TV-L1 iteration, derived by hand.

Automatic differentiation of the loop stores every intermediate field of every iteration; the adjoint below needs only
the iteration's input state and recomputes the rest in one fused pass.
"""

from typing import NamedTuple

from keras import ops

from tvnet_keras.ops.gradients import backward_x, backward_y, forward_x, forward_y, not_last
from tvnet_keras.ops.tvl1 import EPSILON, Constants, DataTerm, _threshold

SUMS = 19
"""Sums over the image per iteration: 16 taps (as `[8, 2]`), then limit, rate and the divergence's part of theta."""


class IterationGradient(NamedTuple):
    """Gradients of one iteration: state (6 fields), data (3 fields), and `sums [19, G, W]`.

    The sums over the images of a group are left per column: XLA adds up columns in vectors, but a whole image one pixel
    at a time. `sum_gradients` finishes them for all iterations at once.
    """

    state: tuple
    data: tuple
    sums: object


def iteration_adjoint(
    state, data: DataTerm, taps, constants: Constants, upstream, groups: int = 1
) -> IterationGradient:
    """Pulls `upstream`, the gradient of the next state, back through `tvl1.iteration`.

    Args:
        state: the state *before* the iteration, six `[N, H, W]` fields.
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
    step, ratio = _threshold(u1, u2, data, limit)
    div1 = backward_x(p11, taps[0]) + backward_y(p12, taps[1])
    div2 = backward_x(p21, taps[2]) + backward_y(p22, taps[3])
    new1 = u1 - step * data.gx + theta * div1
    new2 = u2 - step * data.gy + theta * div2

    dual1 = _dual_adjoint(new1, p11, p12, taps[4], taps[5], rate, upstream[2:4])
    dual2 = _dual_adjoint(new2, p21, p22, taps[6], taps[7], rate, upstream[4:6])
    bar1, bar2 = upstream[0] + dual1.u, upstream[1] + dual2.u

    threshold = _threshold_adjoint(u1, u2, data, step, ratio, limit, bar1, bar2)
    bar_p = (
        dual1.px + theta * _backward_x_adjoint(bar1, taps[0]),
        dual1.py + theta * _backward_y_adjoint(bar1, taps[1]),
        dual2.px + theta * _backward_x_adjoint(bar2, taps[2]),
        dual2.py + theta * _backward_y_adjoint(bar2, taps[3]),
    )
    terms = [
        *_tap_terms_x(bar1, p11),
        *_tap_terms_y(bar1, p12),
        *_tap_terms_x(bar2, p21),
        *_tap_terms_y(bar2, p22),
        *dual1.taps,
        *dual2.taps,
        threshold.limit,
        dual1.rate + dual2.rate,
        bar1 * div1 + bar2 * div2,
    ]
    sums = ops.stack([_per_column(term, groups) for term in terms])
    return IterationGradient((*threshold.u, *bar_p), threshold.data, sums)


def sum_gradients(sums, constants: Constants):
    """Gradients of taps `[iterations, G, 8, 2]` and constants `[3]` from the sums of all iterations.

    Args:
        sums: `[iterations, 19, G, W]`, stacked `IterationGradient.sums`.
        constants: tau, lambda, theta.
    """
    tau, lambda_, theta = constants
    sums = ops.moveaxis(ops.sum(sums, axis=3), 1, 2)
    taps = ops.concatenate([theta * sums[..., :8], sums[..., 8:16]], axis=2)
    limit, rate, divergence = (ops.sum(sums[..., k]) for k in (16, 17, 18))
    bar_theta = divergence + limit * lambda_ - rate * tau / (theta * theta)
    return ops.reshape(taps, (*taps.shape[:2], 8, 2)), ops.stack([rate / theta, limit * theta, bar_theta])


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
    bar_norm = rate * bar_product / norm
    bar_ux = not_last(u, 2) * (rate * bar_px + bar_norm * ux)
    bar_uy = not_last(u, 1) * (rate * bar_py + bar_norm * uy)
    return _DualGradient(
        u=_forward_x_adjoint(bar_ux, taps_x) + _forward_y_adjoint(bar_uy, taps_y),
        px=bar_px,
        py=bar_py,
        taps=(
            bar_ux * u,
            bar_ux * ops.pad(u[:, :, 1:], ((0, 0), (0, 0), (0, 1))),
            bar_uy * u,
            bar_uy * ops.pad(u[:, 1:], ((0, 0), (0, 1), (0, 0))),
        ),
        rate=bar_px * ux + bar_py * uy + bar_product * norm,
    )


def _forward_x_adjoint(bar, taps):
    return taps[0] * bar + taps[1] * ops.pad(bar[:, :, :-1], ((0, 0), (0, 0), (1, 0)))


def _forward_y_adjoint(bar, taps):
    return taps[0] * bar + taps[1] * ops.pad(bar[:, :-1], ((0, 0), (1, 0), (0, 0)))


def _backward_x_adjoint(bar, taps):
    return taps[1] * bar + taps[0] * ops.pad(bar[:, :, 1:], ((0, 0), (0, 0), (0, 1)))


def _backward_y_adjoint(bar, taps):
    return taps[1] * bar + taps[0] * ops.pad(bar[:, 1:], ((0, 0), (0, 1), (0, 0)))


def _tap_terms_x(bar, field):
    return bar * ops.pad(field[:, :, :-1], ((0, 0), (0, 0), (1, 0))), bar * field


def _tap_terms_y(bar, field):
    return bar * ops.pad(field[:, :-1], ((0, 0), (1, 0), (0, 0))), bar * field
