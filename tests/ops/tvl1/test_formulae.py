"""The threshold step minimises exactly, the dual step stays in the unit ball, and the iterations lower the energy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import oracle
from tests.textures import texture
from tvnet_keras.ops.gradients import forward_x, forward_y
from tvnet_keras.ops.tvl1 import formulae
from tvnet_keras.ops.tvl1.formulae import Constants, DataTerm

RANDOM = np.random.default_rng(0)
CONSTANTS = Constants(0.25, 0.15, 0.3)
SHAPE = (1, 8, 9)


def random_problem():
    u1, u2, gx, gy = RANDOM.normal(size=(4, *SHAPE))
    return u1, u2, DataTerm(RANDOM.normal(size=SHAPE), gx, gy)


def threshold_objective(v1, v2, u1, u2, data, limit):
    rho = data.rho_c + data.gx * v1 + data.gy * v2
    return limit * np.abs(rho) + ((u1 - v1) ** 2 + (u2 - v2) ** 2) / 2


def test_no_other_v_on_a_fine_grid_is_better_than_the_threshold_step():
    # The objective is convex, so the best of a neighbourhood is the best of all.
    u1, u2, data = random_problem()
    v1, v2 = (np.asarray(part) for part in formulae.threshold_step(u1, u2, data, limit=0.3))
    best = threshold_objective(v1, v2, u1, u2, data, 0.3)
    for scale in (1.0, 1e-2, 1e-4):
        for dx, dy in np.stack(np.meshgrid(*[np.linspace(-scale, scale, 21)] * 2), -1).reshape(-1, 2):
            assert (threshold_objective(v1 + dx, v2 + dy, u1, u2, data, 0.3) >= best - 1e-12).all()


def test_the_problem_above_meets_all_three_cases():
    u1, u2, data = random_problem()
    ratio = (data.rho_c + data.gx * u1 + data.gy * u2) / (data.gx**2 + data.gy**2)
    assert (ratio < -0.3).any() and (ratio > 0.3).any() and (np.abs(ratio) < 0.3).any()


def test_the_threshold_step_without_a_gradient_changes_nothing():
    zero = np.zeros(SHAPE, "float32")
    u1, u2, data = random_problem()
    v1, v2 = formulae.threshold_step(u1, u2, DataTerm(data.rho_c, zero, zero), limit=0.3)
    np.testing.assert_array_equal((v1, v2), (u1, u2))


def test_the_threshold_step_equals_the_three_cases_of_the_paper():
    u1, u2, data = random_problem()
    np.testing.assert_allclose(
        formulae.threshold_step(u1, u2, data, limit=0.3), oracle.threshold(u1, u2, *data, 0.3), atol=1e-12
    )


@pytest.mark.parametrize("rate", [0.1, 0.25 / 0.3, 10.0])
def test_the_dual_step_keeps_the_unit_ball(rate):
    px, py, ux, uy = RANDOM.normal(size=(4, *SHAPE))
    norm = np.maximum(1, np.hypot(px, py))
    px, py = formulae.dual_step(px / norm, py / norm, 100 * ux, 100 * uy, rate)
    assert np.hypot(px, py).max() <= 1 + 1e-12


def test_a_flat_field_leaves_the_dual_variables_alone():
    px, py = 0.5 * np.ones(SHAPE), -0.25 * np.ones(SHAPE)
    zero = np.zeros(SHAPE)
    np.testing.assert_allclose(formulae.dual_step(px, py, zero, zero, 1.0), (px, py), rtol=1e-5)


def test_one_iteration_equals_the_oracle():
    state, data = RANDOM.normal(size=(6, *SHAPE)), RANDOM.normal(size=(3, *SHAPE))
    taps = oracle.INITIAL_TAPS + RANDOM.normal(0, 0.2, (8, 2))
    result = formulae.iteration(tuple(state), DataTerm(*data), taps, CONSTANTS)
    expected = oracle.iterate(state[:, 0], data[:, 0], taps, CONSTANTS)
    np.testing.assert_allclose(np.array([np.asarray(field)[0] for field in result]), expected, atol=1e-12)


def test_the_data_term_is_the_linearisation_at_the_flow():
    first, warped, gx, gy = RANDOM.normal(size=(4, *SHAPE))
    flow = RANDOM.normal(size=(*SHAPE, 2))
    data = formulae.data_term(first, warped, gx, gy, flow)
    rho = data.rho_c + data.gx * flow[..., 0] + data.gy * flow[..., 1]
    np.testing.assert_allclose(rho, warped - first, atol=1e-12)


def relaxed_energy(u1, u2, data):
    """What one warp's iterations minimise over u: sum of |grad u| + min_v lambda |rho(v)| + |u - v|^2 / 2 theta."""
    limit = CONSTANTS.lambda_ * CONSTANTS.theta
    v1, v2 = oracle.threshold(u1, u2, *data, limit)
    brightness = threshold_objective(v1, v2, u1, u2, data, limit) / CONSTANTS.theta
    variation = [np.hypot(np.asarray(forward_x(u)), np.asarray(forward_y(u))) for u in (u1, u2)]
    return float(np.sum(brightness + variation[0] + variation[1]))


def test_the_energy_falls_and_settles():
    first = texture(24, 30)[None]
    second = texture(24, 30, (0.8, -0.5))[None]
    gx, gy = oracle.image_gradient(second[0])
    data = formulae.data_term(first, second, gx[None], gy[None], np.zeros((*first.shape, 2)))
    state, energies = tuple(np.zeros((6, *first.shape))), []
    for k in range(101):
        if k % 10 == 0:
            energies.append(relaxed_energy(state[0], state[1], data))
        state = tuple(map(keras.ops.convert_to_numpy, formulae.iteration(state, data, oracle.INITIAL_TAPS, CONSTANTS)))
    assert energies[3] < 0.5 * energies[0]
    assert (np.diff(energies) <= 1e-6 * energies[0]).all()
    assert energies[-2] - energies[-1] < 0.05 * (energies[0] - energies[1])


def test_everything_is_finite_where_nothing_moves_and_nothing_varies():
    zero = tf.zeros(SHAPE)
    variables = [tf.Variable(zero) for _ in range(9)]
    with tf.GradientTape() as tape:
        fields = [tf.convert_to_tensor(variable) for variable in variables]
        state = formulae.iteration(
            tuple(fields[:6]), DataTerm(*fields[6:]), oracle.INITIAL_TAPS.astype("float32"), CONSTANTS
        )
        total = tf.add_n([tf.reduce_sum(field) for field in state])
    for gradient in tape.gradient(total, variables):
        assert np.isfinite(gradient).all()
