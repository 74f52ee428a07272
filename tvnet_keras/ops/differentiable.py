"""Compiled functions with a gradient: one of their own, or what the backend derives."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from tvnet_keras.errors import InputError
from tvnet_keras.ops.compilation import compile_for_backend
from tvnet_keras.ops.tracing import being_exported, xla_compiles
from tvnet_keras.typing import Tensor

_ONCE = (
    "TV-L1's iterations have a first derivative only: a gradient of a gradient, as of a gradient penalty, cannot be "
    'taken through them; RepresentationFlow has one in the variants "paper" and "released_v2".'
)


def differentiable(forward: Callable, backward: Callable) -> Callable:
    """Returns `forward`, compiled, with the compiled `backward` as its gradient.

    Both must be pure, as `compile_for_backend` asks; neither is differentiated, so they may hold any loop. What goes in
    from outside passes through `once_differentiable` first: the gradient does not know that it depends on it. A graph
    that is being exported gets `forward` as it is.

    Args:
        forward: some tensors to one tensor.
        backward: the same tensors and the upstream gradient to one gradient per tensor.
    """
    plain, forward, backward = forward, compile_for_backend(forward), compile_for_backend(backward)
    if keras.backend.backend() == "torch":
        return _torch_function(forward, backward)

    @ops.custom_gradient
    def run(*arguments):
        # TensorFlow's eager tape records inside a custom gradient too and would store every iteration.
        arguments = [ops.stop_gradient(tensor) for tensor in arguments]
        # A tape around would differentiate the gradient at once, asked or not, and its loops have no derivative.
        return forward(*arguments), lambda upstream: backward(*arguments, ops.stop_gradient(upstream))

    def call(*arguments):
        # Where a model is served, XLA would compile anew for every size of clip, for seconds; other runtimes have none.
        return plain(*arguments) if being_exported() else run(*arguments)

    return call


def once_differentiable(tensor: Tensor) -> Tensor:
    """The tensor, whose gradient cannot be differentiated again: who tries gets a sentence.

    For what goes into a function with a derivative of its own. Without it a second derivative lacks, silently, whatever
    passes through that function. In a graph that XLA does not compile the sentence comes when it runs.

    Args:
        tensor: of floats.
    """
    if keras.backend.backend() == "torch":
        # `_torch_function` and TensorFlow's and JAX's derivatives differ in this: Torch refuses by itself.
        return tensor

    @ops.custom_gradient
    def guarded(value):
        # The value goes along, so that a tape that watches nothing but it sees the gradient depend on it.
        return value, lambda upstream: _last(upstream, value)

    return guarded(tensor)


@ops.custom_gradient
def _last(gradient: Tensor, value: Tensor) -> tuple[Tensor, Callable[..., tuple[Tensor, ...]]]:
    return gradient, lambda *_: _refused(gradient, value)


def _refused(*tensors: Any) -> tuple[Tensor, ...]:
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if not tf.executing_eagerly() and not xla_compiles():
            # A function's derivative may be traced before anybody asks for it. XLA ignores assertions.
            with tf.control_dependencies([tf.debugging.Assert(False, [_ONCE])]):
                return tuple(tf.fill(tf.shape(tensor), float("nan")) for tensor in tensors)
    raise InputError(_ONCE)


def compile_with_gradient(function: Callable) -> Callable:
    """Returns `function`, of tensors to one tensor, compiled together with its derivative by the backend.

    For plain sequences of operations: loops need a derivative of their own (`differentiable`).
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

    # XLA compiles neither a function that is differentiated from outside nor, without this, its derivative.
    return differentiable(function, backward)


def _torch_function(forward: Callable, backward: Callable) -> Callable:
    # Not `ops.custom_gradient`: on Torch it tries a failing forward a second time and then gives NaN for the gradient.
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
