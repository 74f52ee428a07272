"""Compiled functions with a gradient: one of their own, or what the backend derives."""

from collections.abc import Callable

import keras
from keras import ops

from tvnet_keras.ops.compiled import compiled
from tvnet_keras.ops.native_mode import being_exported


def differentiable(forward: Callable, backward: Callable) -> Callable:
    """Returns `forward`, compiled, with the compiled `backward` as its gradient.

    Both must be pure, as `compiled` asks; neither is differentiated, so they may hold any loop. A graph that is being
    exported gets `forward` as it is.

    Args:
        forward: some tensors to one tensor.
        backward: the same tensors and the upstream gradient to one gradient per tensor.
    """
    plain, forward, backward = forward, compiled(forward), compiled(backward)
    if keras.backend.backend() == "torch":
        return _torch_function(forward, backward)

    @ops.custom_gradient
    def run(*arguments):
        # TensorFlow's eager tape records inside a custom gradient too and would store every iteration.
        arguments = [ops.stop_gradient(tensor) for tensor in arguments]
        return forward(*arguments), lambda upstream: backward(*arguments, upstream)

    def call(*arguments):
        # Where a model is served, XLA would compile anew for every size of clip, for seconds; other runtimes have none.
        return plain(*arguments) if being_exported() else run(*arguments)

    return call


def fused(function: Callable) -> Callable:
    """Returns `function`, of tensors to one tensor, compiled together with its derivative by the backend.

    For plain sequences of operations: loops need a derivative of their own (`differentiable`).
    """
    if keras.backend.backend() != "tensorflow":
        return compiled(function)
    import tensorflow as tf

    def backward(*arguments):
        *inputs, upstream = arguments
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            result = function(*inputs)
        return tape.gradient(result, inputs, upstream, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    # XLA compiles neither a function that is differentiated from outside nor, without this, its derivative.
    return differentiable(function, backward)


def _torch_function(forward: Callable, backward: Callable) -> Callable:
    # Not `ops.custom_gradient`: on Torch it tries a failing forward a second time and then gives NaN for the gradient.
    import torch

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *arguments):
            ctx.save_for_backward(*arguments)
            return forward(*arguments)

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, upstream):
            return backward(*ctx.saved_tensors, upstream)

    return Function.apply
