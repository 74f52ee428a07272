"""The native kernels against the portable loop, in every shape that cuts an image or a batch differently."""

import threading

import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras.ops.tvl1 import solver

threads = pytest.importorskip("tvnet_keras.ops.native.threads")
native = pytest.importorskip("tvnet_keras.ops.native.solve", reason="needs numba (requirements-native.txt)")


def problem(images, height, width, iterations, seed=0, groups=None):
    """A random state, data term, kernels and constants; nothing is smooth, so that every border matters."""
    rng = np.random.default_rng(seed)
    state = 0.1 * rng.normal(size=(6, images, height, width))
    data = rng.normal(size=(3, images, height, width))
    shape = (iterations, 8, 2) if groups is None else (iterations, groups, 8, 2)
    taps = np.array([-1.0, 1.0]) + 0.1 * rng.normal(size=shape)
    return [tf.constant(array, tf.float32) for array in (state, data, taps, [0.25, 0.15, 0.3])]


def gradients(arguments, mode):
    weights = tf.constant(np.random.default_rng(1).normal(size=arguments[0].shape), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        loss = tf.reduce_sum(weights * solver.solve(*arguments, mode=mode))
    return tape.gradient(loss, arguments)


def relative(ours, theirs):
    return np.linalg.norm(ours - theirs) / max(np.linalg.norm(theirs), 1e-6)


SHAPES = [
    (1, 1, 5, 3), (2, 7, 1, 3), (1, 2, 2, 1), pytest.param((1, 130, 64, 20), marks=pytest.mark.slow), (3, 33, 50, 9),
    pytest.param((9, 16, 17, 7), marks=pytest.mark.slow),
]  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("shape", SHAPES)
def test_native_equals_portable_forward_and_backward(shape, count, monkeypatch):
    monkeypatch.setattr(threads, "threads", lambda: count)
    arguments = problem(*shape)
    np.testing.assert_allclose(
        solver.solve(*arguments, mode="native"), solver.solve(*arguments, mode="portable"), atol=1e-5
    )
    for ours, theirs in zip(gradients(arguments, "native"), gradients(arguments, "portable"), strict=True):
        assert relative(ours.numpy(), theirs.numpy()) < 1e-4


def test_every_group_of_images_has_kernels_of_its_own():
    arguments = problem(6, 9, 7, 4, groups=3)
    for mode in ("native", "portable"):
        together = solver.solve(*arguments, mode=mode).numpy()
        for group in range(3):
            own = [arguments[0][:, group::3], arguments[1][:, group::3], arguments[2][:, group], arguments[3]]
            np.testing.assert_allclose(solver.solve(*own, mode=mode), together[:, group::3], atol=1e-6)
    for ours, theirs in zip(gradients(arguments, "native"), gradients(arguments, "portable"), strict=True):
        assert ours.shape == theirs.shape and relative(ours.numpy(), theirs.numpy()) < 1e-4


def test_fifty_iterations_in_bands_equal_the_whole_image(monkeypatch):
    arguments = problem(1, 200, 32, 50)
    monkeypatch.setattr(threads, "threads", lambda: 1)
    whole, pulled = solver.solve(*arguments, mode="native"), gradients(arguments, "native")
    monkeypatch.setattr(threads, "threads", lambda: 6)
    np.testing.assert_allclose(solver.solve(*arguments, mode="native"), whole, atol=1e-6)
    for ours, theirs in zip(gradients(arguments, "native"), pulled, strict=True):
        assert relative(ours.numpy(), theirs.numpy()) < 1e-5


def test_constant_image_and_zero_motion_have_finite_gradients():
    arguments = problem(1, 12, 12, 4)
    arguments[0], arguments[1] = tf.zeros_like(arguments[0]), tf.zeros_like(arguments[1])
    assert np.all(solver.solve(*arguments, mode="native") == 0)
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients(arguments, "native"))


def test_nan_in_a_frame_is_not_hidden():
    arguments = problem(1, 40, 20, 3)
    data = arguments[1].numpy()
    data[0, 0, 20, 10] = np.nan
    state = solver.solve(arguments[0], data, *arguments[2:], mode="native").numpy()
    assert np.isnan(state[0, 0, 20, 10]) and np.isfinite(state[0, 0, 0, 0])


def test_callers_in_many_threads_do_not_disturb_one_another():
    problems = [problem(1, 70, 40, 10, seed) for seed in range(6)]
    alone = [solver.solve(*arguments, mode="native").numpy() for arguments in problems]
    together = [None] * len(problems)

    def work(index):
        together[index] = solver.solve(*problems[index], mode="native").numpy()

    callers = [threading.Thread(target=work, args=(index,)) for index in range(len(problems))]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    for ours, theirs in zip(together, alone, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_inputs_are_not_written_to():
    arguments = problem(2, 64, 24, 12)
    before = [argument.numpy().copy() for argument in arguments]
    gradients(arguments, "native")
    for argument, copy in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(argument, copy)
