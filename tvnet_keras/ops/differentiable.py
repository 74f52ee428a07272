"""Compiled functions with a gradient, which is either given or derived by the backend."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from tvnet_keras.errors import InputError
from tvnet_keras.ops.compilation import compile_for_backend
from tvnet_keras.ops.tracing import being_exported, xla_compiles
from tvnet_keras.typing import Tensor

_NO_SECOND_DERIVATIVE = (
    "TV-L1's iterations have a first derivative only: a gradient of a gradient, as of a gradient penalty, cannot be "
    'taken through them; RepresentationFlow has one in the variants "paper" and "released_v2".'
)


def differentiable(forward: Callable, backward: Callable) -> Callable:
    """Returns the compiled `forward` with the compiled `backward` as its gradient.

    Neither function is differentiated, so that both may hold any loop. Arguments pass through `once_differentiable`
    before they come here, because the gradient does not know that it depends on them. A graph that is being exported
    gets `forward` uncompiled.

    Args:
        forward: a pure function of some tensors to one tensor.
        backward: a pure function of the same tensors and the upstream gradient to one gradient per tensor.
    """
    plain, forward, backward = forward, compile_for_backend(forward), compile_for_backend(backward)
    if keras.backend.backend() == "torch":
        return _torch_function(forward, backward)

    @ops.custom_gradient
    def run(*arguments):
        # TensorFlow's eager tape records inside a custom gradient too and would store every iteration.
        arguments = [ops.stop_gradient(tensor) for tensor in arguments]
        # An outer tape would differentiate the gradient at once, asked or not, and the loops in it have no derivative.
        return forward(*arguments), lambda upstream: backward(*arguments, ops.stop_gradient(upstream))

    def call(*arguments):
        # Where a model is served, XLA would compile for seconds at every new size of clip; other runtimes lack XLA.
        return plain(*arguments) if being_exported() else run(*arguments)

    return call


def once_differentiable(tensor: Tensor) -> Tensor:
    """The same tensor, with a gradient that refuses to be differentiated again.

    Every tensor that goes into a function of `differentiable` passes through here. Otherwise a second derivative would
    silently lack the part that passes through that function. The refusal is an `InputError`; in a graph that XLA does
    not compile it comes when the graph runs.

    Args:
        tensor: a tensor of floats.
    """
    if keras.backend.backend() == "torch":
        # Unlike TensorFlow and JAX, Torch refuses by itself what `_torch_function` made.
        return tensor

    @ops.custom_gradient
    def guarded(value):
        # With the value as an argument, a tape that watches only the value sees that the gradient depends on it.
        return value, lambda upstream: _not_differentiable(upstream, value)

    return guarded(tensor)


@ops.custom_gradient
def _not_differentiable(gradient: Tensor, value: Tensor) -> tuple[Tensor, Callable[..., tuple[Tensor, ...]]]:
    return gradient, lambda *_: _refuse(gradient, value)


def _refuse(*tensors: Any) -> tuple[Tensor, ...]:
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if not tf.executing_eagerly() and not xla_compiles():
            # The derivative of a function may be traced before anybody asks for it. XLA ignores assertions.
            with tf.control_dependencies([tf.debugging.Assert(False, [_NO_SECOND_DERIVATIVE])]):
                return tuple(tf.fill(tf.shape(tensor), float("nan")) for tensor in tensors)
    raise InputError(_NO_SECOND_DERIVATIVE)


def compile_with_gradient(function: Callable) -> Callable:
    """Returns a function that is compiled, and whose gradient is derived by the backend and compiled too.

    Loops would keep every turn in such a gradient; functions with loops bring their own (`differentiable`).

    Args:
        function: a pure function of tensors to one tensor, a plain sequence of operations.
    """
    if keras.backend.backend() != "tensorflow":
        return compile_for_backend(function)
    import tensorflow as tf

    def backward(*arguments):
        *inputs, upstream = arguments
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            result = function(*inputs)
        return tape.gradient(result, inputs, upstream, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    # XLA does not compile a function that is differentiated from outside; the derivative is therefore made here.
    return differentiable(function, backward)


def _torch_function(forward: Callable, backward: Callable) -> Callable:
    # `ops.custom_gradient` will not do: on Torch it tries a failing forward twice and then gives NaN as the gradient.
    import torch  # pyright: ignore[reportMissingImports] - an optional backend

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
