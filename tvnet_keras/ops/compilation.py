"""Compiles a pure tensor function for the backend in use."""

import functools
from collections.abc import Callable

import keras

COMPILED_SIZES = 16
"""In eager execution on TensorFlow a function is compiled for so many sizes of its arguments; each takes some 10 MB."""


def compile_for_backend(function: Callable) -> Callable:
    """Returns the function compiled by XLA where the backend has XLA (TensorFlow, JAX), and as it is on Torch.

    On TensorFlow the function is compiled for the first `COMPILED_SIZES` sizes of its arguments, and in graphs where
    the size of the images is known. Otherwise one graph serves all sizes; it is some three times slower, but its memory
    is bounded.

    On TensorFlow an XLA function inside an uncompiled graph cannot be differentiated through, so that callers own the
    gradient (`ops.differentiable`). What the function needs to know of its arguments when it is traced must be the same
    in all calls, because a size that varies may be unknown.

    Args:
        function: a pure function of dense tensors to dense tensors.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _compiled_for_few_sizes(function)
    if backend == "jax":
        import jax  # pyright: ignore[reportMissingImports] - an optional backend

        return jax.jit(function)
    return function


def _compiled_for_few_sizes(function: Callable) -> Callable:
    """XLA takes a second for a size and TensorFlow never frees its code, so that all but a few sizes share a graph."""
    import tensorflow as tf

    by_xla = tf.function(function, jit_compile=True, autograph=False)
    in_a_graph = tf.function(function, autograph=False)
    for_any_size = tf.function(function, reduce_retracing=True, autograph=False)
    compiled_sizes = set()

    def call(*tensors):
        sizes = tuple(tuple(tensor.shape) for tensor in tensors)
        if not tf.executing_eagerly():
            # Images of unknown height or width may come in any number of sizes, batches in a few.
            return (in_a_graph if any(None in size[-2:] for size in sizes) else by_xla)(*tensors)
        if sizes not in compiled_sizes and len(compiled_sizes) == COMPILED_SIZES:
            return for_any_size(*tensors)
        compiled_sizes.add(sizes)
        return by_xla(*tensors)

    return call


@functools.cache
def compiles_for_cpu() -> bool:
    """Whether the functions of `compile_for_backend` are compiled and run on a CPU. The answer never changes."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return all(device.device_type == "CPU" for device in tf.config.list_physical_devices())
    if backend == "jax":
        import jax  # pyright: ignore[reportMissingImports] - an optional backend

        return jax.default_backend() == "cpu"
    return False
