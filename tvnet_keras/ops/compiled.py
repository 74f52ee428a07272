"""Compiles a pure tensor function for the backend in use."""

import functools
from collections.abc import Callable

import keras


def compiled(function: Callable) -> Callable:
    """Returns `function` compiled by XLA where the backend has it (TensorFlow, JAX), as it is on Torch.

    The function must be pure and take and return dense tensors: on TensorFlow an XLA function inside an uncompiled
    graph cannot be differentiated through, so callers own its gradient (`ops.solver`).
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=True, autograph=False)
    if backend == "jax":
        import jax

        return jax.jit(function)
    return function


@functools.cache
def compiles_for_cpu() -> bool:
    """Whether what `compiled` returns is compiled and runs on a CPU; asked once, when it is first needed."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return all(device.device_type == "CPU" for device in tf.config.list_physical_devices())
    if backend == "jax":
        import jax

        return jax.default_backend() == "cpu"
    return False
