"""The formulae of TV-L1 optical flow (Zach et al. 2007; Fan et al. 2018, Algorithm 1).

Everything works on `[N, H, W]` fields in float32 with frames in 0..255. One iteration maps the state
`(u1, u2, p11, p12, p21, p22)` to the next one, given the data term `(rho_c, gx, gy)` and eight two-tap kernels.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from keras import ops

from tvnet_keras.ops.gradients import backward_x, backward_y, forward_x, forward_y
from tvnet_keras.typing import Scalar, Tensor

EPSILON = 1e-12
"""Added under square roots and to squared gradients: far below any grey value, far above the least float32."""


STATE_FIELDS = 6
"""Fields of a state: the flow (u1, u2) and the dual variables (p11, p12, p21, p22)."""


State: TypeAlias = tuple[Tensor, ...]
"""The six fields `[N, H, W]` of one iteration: u1, u2, p11, p12, p21, p22."""


class DataTerm(NamedTuple):
    """The linearised brightness difference `rho(u) = rho_c + gx * u1 + gy * u2` around the flow of the last warp."""

    rho_c: Tensor
    gx: Tensor
    gy: Tensor


class Constants(NamedTuple):
    """TV-L1's scalars: dual step `tau`, data weight `lambda_`, coupling `theta` (floats or scalar tensors)."""

    tau: Scalar
    lambda_: Scalar
    theta: Scalar


def data_term(first: Tensor, warped: Tensor, gx: Tensor, gy: Tensor, flow: Tensor) -> DataTerm:
    """Linearises `I2(x + u) - I1(x)` at `flow`, where I2 and its gradient have already been warped by `flow`."""
    return DataTerm(warped - gx * flow[..., 0] - gy * flow[..., 1] - first, gx, gy)


def threshold_step(u1: Tensor, u2: Tensor, data: DataTerm, limit: Scalar) -> tuple[Tensor, Tensor]:
    """The exact minimiser v of `limit * |rho(v)| + |u - v|^2 / 2` at every pixel (limit = lambda * theta).

    The three cases of the paper in branch-free form: v = u - clip(rho / |g|^2, -limit, +limit) * g.
    """
    rho = data.rho_c + data.gx * u1 + data.gy * u2
    step = ops.clip(rho / (data.gx * data.gx + data.gy * data.gy + EPSILON), -limit, limit)
    return u1 - step * data.gx, u2 - step * data.gy


def dual_step(px: Tensor, py: Tensor, ux: Tensor, uy: Tensor, rate: Scalar) -> tuple[Tensor, Tensor]:
    """`p = (p + rate * grad u) / (1 + rate * |grad u|)` with rate = tau / theta; keeps |p| <= 1."""
    scale = 1.0 / (1.0 + rate * ops.sqrt(ux * ux + uy * uy + EPSILON))
    return (px + rate * ux) * scale, (py + rate * uy) * scale


def iteration(state: State, data: DataTerm, taps: Tensor, constants: Constants) -> State:
    """One TV-L1 iteration: threshold, divergence, forward gradient, dual step.

    Args:
        state: tuple `(u1, u2, p11, p12, p21, p22)` of `[N, H, W]`.
        data: the linearised data term.
        taps: `[8, 2]`: divergence kernels of p11 (x), p12 (y), p21 (x), p22 (y), then gradient kernels of
            u1 (x), u1 (y), u2 (x), u2 (y).
        constants: tau, lambda, theta.

    Returns:
        The next state.
    """

    def divergence(px, py, component: int):
        return backward_x(px, taps[2 * component]) + backward_y(py, taps[2 * component + 1])

    def gradient(u, component: int):
        return forward_x(u, taps[4 + 2 * component]), forward_y(u, taps[5 + 2 * component])

    return iteration_by(divergence, gradient, state, data, constants)


def iteration_by(
    divergence: Callable[[Tensor, Tensor, int], Tensor],
    gradient: Callable[[Tensor, int], tuple[Tensor, Tensor]],
    state: State,
    data: DataTerm,
    constants: Constants,
) -> State:
    """One TV-L1 iteration with any divergence and any gradient.

    Args:
        divergence: px, py and the component of the flow that they belong to (0 or 1) to the divergence.
        gradient: a component of the flow and its number (0 or 1) to its x and y derivatives.
        state: tuple `(u1, u2, p11, p12, p21, p22)`.
        data: the linearised data term.
        constants: tau, lambda, theta.

    Returns:
        The next state.
    """
    u1, u2, p11, p12, p21, p22 = state
    v1, v2 = threshold_step(u1, u2, data, constants.lambda_ * constants.theta)
    u1 = v1 + constants.theta * divergence(p11, p12, 0)
    u2 = v2 + constants.theta * divergence(p21, p22, 1)
    # The rate stands twice, because the derivative of a shared one would be summed up in another order.
    p11, p12 = dual_step(p11, p12, *gradient(u1, 0), constants.tau / constants.theta)
    p21, p22 = dual_step(p21, p22, *gradient(u2, 1), constants.tau / constants.theta)
    return u1, u2, p11, p12, p21, p22
