"""NumPy functions as differentiable TensorFlow operations."""

from collections.abc import Callable

import tensorflow as tf

# There is no public way to ask whether a gradient tape is watching.
from tensorflow.python.eager import record


def differentiable_operation(forward: Callable, backward: Callable, like: int, kept_arrays: Callable) -> Callable:
    """A TensorFlow operation of float32 tensors that is differentiable once, in all of them.

    Where a gradient will be asked for, `forward` keeps arrays for `backward`. A function that is differentiated from
    outside does not know that it will be; `backward` then gets empty arrays and computes again what they would hold.

    Args:
        forward: whether arrays are to be kept, and the arguments as arrays, to the result and the kept arrays.
        backward: the arguments, the gradient of the result and the kept arrays to one gradient per argument.
        like: number of the argument that has the shape of the result.
        kept_arrays: the arguments as tensors to the number of arrays that `forward` keeps.
    """

    @tf.custom_gradient
    def run(keep, *arguments):
        kinds = [tf.float32] * (1 + kept_arrays(*arguments))
        result, *kept = tf.numpy_function(forward, (keep, *arguments), kinds, stateful=False)
        result.set_shape(arguments[like].shape)

        def gradient(upstream):
            kinds = [tf.float32] * len(arguments)
            bars = tf.numpy_function(backward, (*arguments, upstream, *kept), kinds, stateful=False)
            for bar, argument in zip(bars, arguments, strict=True):
                bar.set_shape(argument.shape)
            return None, *bars

        return result, gradient

    def call(*arguments):
        tensors = [tf.convert_to_tensor(argument, tf.float32) for argument in arguments]
        return run(tf.constant(record.should_record_backprop(tensors)), *tensors)

    return call
