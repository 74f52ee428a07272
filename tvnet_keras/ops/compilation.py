"""Compiles a pure tensor function for the backend in use."""

import functools
from collections.abc import Callable

import keras

COMPILED_SIZES = 16
"""Sizes of arguments for which a function is compiled in eager execution on TensorFlow: some 10 MB each."""


def compile_for_backend(function: Callable) -> Callable:
    """Returns `function` compiled by XLA where the backend has it (TensorFlow, JAX), as it is on Torch.

    On TensorFlow it is compiled for the first `COMPILED_SIZES` sizes of its arguments, and in a graph where the size of
    the images is known. Elsewhere one graph serves all sizes: some three times slower, but its memory is bounded.

    The function must be pure and take and return dense tensors: on TensorFlow an XLA function inside an uncompiled
    graph cannot be differentiated through, so callers own its gradient (`ops.tvl1.solver`). What it needs to know of
    its arguments when it is traced must be the same in all calls: any size that varies may be unknown.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _compiled_for_few_sizes(function)
    if backend == "jax":
        import jax  # pyright: ignore[reportMissingImports] - an optional backend

        return jax.jit(function)
    return function


def _compiled_for_few_sizes(function: Callable) -> Callable:
    """TensorFlow never frees what XLA compiled for a size, which also takes it a second: other sizes share a graph."""
    import tensorflow as tf

    by_xla = tf.function(function, jit_compile=True, autograph=False)
    in_a_graph = tf.function(function, autograph=False)
    of_any_size = tf.function(function, reduce_retracing=True, autograph=False)
    compiled_sizes = set()

    def call(*tensors):
        sizes = tuple(tuple(tensor.shape) for tensor in tensors)
        if not tf.executing_eagerly():
            # Of images whose height or width is unknown there may be any number of sizes, of batches a few.
            return (in_a_graph if any(None in size[-2:] for size in sizes) else by_xla)(*tensors)
        if sizes not in compiled_sizes and len(compiled_sizes) == COMPILED_SIZES:
            return of_any_size(*tensors)
        compiled_sizes.add(sizes)
        return by_xla(*tensors)

    return call


@functools.cache
def compiles_for_cpu() -> bool:
    """Whether what `compile_for_backend` returns is compiled and runs on a CPU; asked once, when it is first needed."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return all(device.device_type == "CPU" for device in tf.config.list_physical_devices())
    if backend == "jax":
        import jax  # pyright: ignore[reportMissingImports] - an optional backend

        return jax.default_backend() == "cpu"
    return False
