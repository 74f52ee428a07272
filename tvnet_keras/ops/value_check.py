"""Warns, once for every layer, of a clip that is not in the range that it is taken for.

Keras casts whatever it is given to the dtype of a model's `keras.Input`: bytes to floats 0..255 by default, and floats
0..1 to zeros where the input is of integers. A layer behind it cannot tell, and its answer would be silently wrong.
"""

import warnings
from typing import Any

import keras
from keras import ops

from tvnet_keras.ops.tracing import called_from, may_call_python
from tvnet_keras.typing import Tensor

TOLERATED_SHARE = 0.1
"""A clip may leave its range by this share of the range, because resizing and augmentation overshoot."""

LARGEST_BYTE = 255

_FUNCTIONAL = ("keras.src.models.functional",)
_JAX_LOOPS = ("keras.src.backend.jax.trainer",)


def check_values(owner: Any, clip: Tensor, value_range: tuple[float, float], remedy: str) -> None:
    """Warns once for `owner` if the values of a clip are not what they are taken for.

    The check costs the minimum and the maximum of the clip. In a graph that XLA compiles, or that may leave this
    process, only the cast before the clip is looked at.

    Args:
        owner: the layer or loss, which remembers that it has warned.
        clip: integers, which mean 0..255, or floats.
        value_range: `(low, high)` that float clips are taken to span.
        remedy: what the user can do about a float clip of another range, for the end of the warning.
    """
    if vars(owner).get("_told_of_values") or 0 in tuple(clip.shape):
        return
    is_integer = keras.backend.is_int_dtype(clip.dtype)
    if _has_values(clip):
        # Bytes that come straight from the user may well be black.
        may_be_cast = is_integer and called_from(_FUNCTIONAL)
        if _may_leave_range(clip) or may_be_cast:
            # In NumPy: a function that is being traced may have caught an array of numbers, too.
            values = ops.convert_to_numpy(clip)
            low, high = float(values.min()), float(values.max())
            if is_integer:
                _judge_integers(owner, low, high, may_be_cast)
            else:
                _judge_floats(owner, low, high, value_range, remedy)
    elif keras.backend.backend() == "tensorflow":
        _check_graph(owner, clip, is_integer, value_range, remedy)
    elif keras.backend.backend() == "jax" and not is_integer and called_from(_JAX_LOOPS):
        _check_jax(owner, clip, value_range, remedy)


def _has_values(clip: Any) -> bool:
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return not tf.is_symbolic_tensor(clip)
    if backend == "jax":
        import jax  # pyright: ignore[reportMissingImports] - an optional backend

        return not isinstance(clip, jax.core.Tracer)
    import torch  # pyright: ignore[reportMissingImports] - an optional backend

    # Torch traces with a class of its own to compile and to export; Keras finds shapes by tensors without memory.
    return type(clip) is torch.Tensor and not clip.is_meta and not torch.compiler.is_compiling()


def _may_leave_range(clip: Tensor) -> bool:
    """Whether the type of a clip has values beyond those that a clip may have: all but bytes."""
    return keras.backend.standardize_dtype(clip.dtype) != "uint8"


def _check_graph(owner: Any, clip: Any, is_integer: bool, value_range: tuple[float, float], remedy: str) -> None:
    import tensorflow as tf

    from_integers = clip.op.type == "Cast" and clip.op.inputs[0].dtype.is_integer
    if is_integer and clip.op.type == "Cast" and not from_integers:
        _warn(owner, _CAST_TO_INTEGERS)
    elif not is_integer and from_integers and value_range != (0, LARGEST_BYTE):
        _warn(owner, _spans(0, LARGEST_BYTE, value_range, remedy))
    elif not is_integer and may_call_python():

        def judge(low, high):
            _judge_floats(owner, float(low), float(high), value_range, remedy)

        values = tf.stop_gradient(clip)
        tf.numpy_function(judge, [tf.reduce_min(values), tf.reduce_max(values)], [])


def _check_jax(owner: Any, clip: Tensor, value_range: tuple[float, float], remedy: str) -> None:
    import jax  # pyright: ignore[reportMissingImports] - an optional backend

    def judge(low, high):
        _judge_floats(owner, float(low), float(high), value_range, remedy)

    jax.debug.callback(judge, ops.min(clip), ops.max(clip))


def _judge_integers(owner: Any, low: float, high: float, may_be_cast: bool) -> None:
    if low < 0 or high > LARGEST_BYTE:
        _warn(owner, _BEYOND_BYTES.format(low, high))
    elif may_be_cast and high <= 1:
        _warn(owner, _CAST_TO_INTEGERS)


def _judge_floats(owner: Any, low: float, high: float, value_range: tuple[float, float], remedy: str) -> None:
    span = value_range[1] - value_range[0]
    outside = low < value_range[0] - TOLERATED_SHARE * span or high > value_range[1] + TOLERATED_SHARE * span
    # A clip of 0..1 where 0..255 is expected, or one that was divided by 255 twice.
    faint = value_range[0] <= low < high <= value_range[0] + span / LARGEST_BYTE
    if outside or faint:
        _warn(owner, _spans(low, high, value_range, remedy))


_CAST_TO_INTEGERS = (
    "integers mean 0..255, and in this clip none is larger than 1, as if floats 0..1 had been cast to integers by "
    "the dtype of the model's keras.Input; give keras.Input a float dtype, or the frames as uint8."
)


_BEYOND_BYTES = (
    "integers mean 0..255, and this clip spans {:g}..{:g}, so that the result is not that of its frames; bring the "
    "frames to 0..255, or to floats 0..1."
)


def _spans(low: float, high: float, value_range: tuple[float, float], remedy: str) -> str:
    expected = "{:g}..{:g}".format(*value_range)
    return (
        f"floats are taken to span {expected}, and this clip spans {low:g}..{high:g}, so that the result is not that "
        f"of its frames; {remedy}, or, if the model was given integers, tell Keras not to cast them: "
        'keras.Input(..., dtype="uint8").'
    )


def _warn(owner: Any, sentence: str) -> None:
    if vars(owner).get("_told_of_values"):
        return
    owner._told_of_values = True
    warnings.warn(f"{owner.name}: {sentence}", stacklevel=2)
