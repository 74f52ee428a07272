"""Values and gradients with whatever backend Keras runs on."""

import keras


def value_and_gradients(function, arrays):
    """The scalar `function(*arrays)` and its gradient with respect to every array; zeros where nothing depends on it."""
    return globals()[f"_{keras.backend.backend()}"](function, arrays)


def _tensorflow(function, arrays):
    import tensorflow as tf

    tensors = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        for tensor in tensors:
            tape.watch(tensor)
        value = function(*tensors)
    return value, tape.gradient(value, tensors, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def _jax(function, arrays):
    import jax

    return jax.value_and_grad(function, argnums=tuple(range(len(arrays))))(*arrays)


def _torch(function, arrays):
    import torch

    tensors = [keras.ops.convert_to_tensor(array).requires_grad_() for array in arrays]
    value = function(*tensors)
    return value, torch.autograd.grad(value, tensors, allow_unused=True, materialize_grads=True)
