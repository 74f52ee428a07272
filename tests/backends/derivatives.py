"""Values and gradients with whatever backend Keras runs on."""

import keras


def value_and_gradients(function, arrays):
    """What `function` gives and the gradients of its first result.

    Args:
        function: some tensors to a scalar and a tensor.
        arrays: its arguments.

    Returns:
        `((scalar, tensor), gradients)`, one gradient per array, zeros where nothing depends on it.
    """
    return globals()[f"_{keras.backend.backend()}"](function, arrays)


def _tensorflow(function, arrays):
    import tensorflow as tf

    tensors = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        for tensor in tensors:
            tape.watch(tensor)
        values = function(*tensors)
    return values, tape.gradient(values[0], tensors, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def _jax(function, arrays):
    import jax

    return jax.value_and_grad(function, argnums=tuple(range(len(arrays))), has_aux=True)(*arrays)


def _torch(function, arrays):
    import torch

    tensors = [keras.ops.convert_to_tensor(array).requires_grad_() for array in arrays]
    values = function(*tensors)
    return values, torch.autograd.grad(values[0], tensors, allow_unused=True, materialize_grads=True)
