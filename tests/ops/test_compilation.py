"""What is compiled on TensorFlow is compiled for few sizes; all others share one graph that gives the same numbers."""

import gc
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras import TVNet
from tvnet_keras.ops import compilation
from tvnet_keras.ops.tvl1 import portable

STATUS = Path("/proc/self/status")


@pytest.fixture
def few(monkeypatch):
    """Two sizes are compiled; nothing is yet."""
    monkeypatch.setattr(compilation, "COMPILED_SIZES", 2)
    portable._differentiable.cache_clear()
    yield
    portable._differentiable.cache_clear()


def problem(height, width, seed=0):
    random = np.random.default_rng(seed)
    state, data = random.normal(size=(6, 2, height, width)), random.normal(size=(3, 2, height, width))
    taps = np.array([-1.0, 1.0]) + 0.1 * random.normal(size=(4, 1, 8, 2))
    return [tf.constant(part, tf.float32) for part in (0.1 * state, data, taps, [0.25, 0.15, 0.3])]


def solved(arguments):
    """The solver's result and its gradients."""
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        state = portable.solve(*arguments)
        loss = tf.reduce_sum(state**2)
    return [state, *tape.gradient(loss, arguments)]


def resident_megabytes():
    gc.collect()
    return next(int(line.split()[1]) / 1024 for line in STATUS.read_text().splitlines() if line.startswith("VmRSS:"))


def test_only_the_first_sizes_are_compiled(few):
    traced = []
    function = compilation.compile_for_backend(lambda x: traced.append(x.shape) or 2 * x)
    for size in [*range(1, 30), 1, 2]:
        np.testing.assert_array_equal(function(tf.ones((size, 5))), np.full((size, 5), 2))
    # Two by XLA; the third is traced as it is and the next one for all.
    assert [shape.as_list() for shape in traced] == [[1, 5], [2, 5], [3, 5], [None, 5]]


@pytest.mark.slow
def test_layers_of_other_kinds_keep_what_they_have_to_know(few):
    # Sizes, iterations and channels all vary, as in a process that computes with several layers.
    for number, size in enumerate(range(12, 20)):
        clip = np.random.default_rng(size).random((1, 2, size, size, 1 + 2 * (number % 2)), dtype="float32")
        layer = TVNet(iterations=1 + number % 3, mode="portable")
        assert np.all(np.isfinite(layer(clip)))


@pytest.mark.slow
@pytest.mark.skipif(not STATUS.is_file(), reason="needs /proc")
def test_memory_is_bounded_over_many_sizes(few):
    for size in range(10, 16):
        solved(problem(size, size + 3))
    before = resident_megabytes()
    for size in range(20, 50):
        solved(problem(size, 80 - size))
    # 47 MB for every six sizes, if each were compiled.
    assert resident_megabytes() - before < 80


@pytest.mark.slow
def test_sizes_that_are_not_compiled_give_the_same_numbers_and_gradients(few):
    arguments = problem(9, 11)
    expected = solved(arguments)
    portable._differentiable.cache_clear()
    for size in (10, 12, 13):
        solved(problem(size, size))
    for ours, theirs in zip(solved(arguments), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("height", "width", "by_xla"), [(9, 11, True), (None, 11, False), (9, None, False), (None, None, False)]
)
def test_a_graph_is_compiled_where_the_size_of_its_images_is_known(height, width, by_xla):
    arguments = problem(9, 11)
    signature = [
        *(tf.TensorSpec((fields, None, height, width)) for fields in (6, 3)),
        *(tf.TensorSpec(argument.shape) for argument in arguments[2:]),
    ]
    function = tf.function(lambda *tensors: solved(list(tensors)), input_signature=signature, autograph=False)
    definition = function.get_concrete_function().graph.as_graph_def()
    assert any(part.attr["_XlaMustCompile"].b for part in definition.library.function) == by_xla
    for ours, theirs in zip(function(*arguments), solved(arguments), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4, rtol=1e-4)
