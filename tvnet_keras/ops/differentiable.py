"""A compiled function with a gradient of its own, for the backend in use."""

from collections.abc import Callable

import keras
from keras import ops

from tvnet_keras.ops.compiled import compiled


def differentiable(forward: Callable, backward: Callable) -> Callable:
    """Returns `forward`, compiled, with the compiled `backward` as its gradient.

    Both must be pure, as `compiled` asks; neither is differentiated, so they may hold any loop.

    Args:
        forward: some tensors to one tensor.
        backward: the same tensors and the upstream gradient to one gradient per tensor.
    """
    forward, backward = compiled(forward), compiled(backward)
    if keras.backend.backend() == "torch":
        return _torch_function(forward, backward)

    @ops.custom_gradient
    def run(*arguments):
        # TensorFlow's eager tape records inside a custom gradient too and would store every iteration.
        arguments = [ops.stop_gradient(tensor) for tensor in arguments]
        return forward(*arguments), lambda upstream: backward(*arguments, upstream)

    return run


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
