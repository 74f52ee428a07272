"""The type in which sums and powers are taken: no narrower than float32."""

import keras
from keras import ops

from tvnet_keras.typing import Tensor


def at_least_float32(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Tensors in one float type that is no narrower than float32 and loses nothing of any of them.

    Under mixed precision a network answers in float16, whose squares overflow at 256.

    Args:
        *tensors: tensors of any types.

    Returns:
        The same tensors: float64 where one of them is (and the backend has it), else float32.

    Example:
        >>> [tensor.dtype.name for tensor in at_least_float32(np.ones(2, "float16"), np.ones(2, "uint8"))]
        ['float32', 'float32']
    """
    converted = [ops.convert_to_tensor(tensor) for tensor in tensors]
    common = keras.backend.result_type("float32", *(tensor.dtype for tensor in converted))
    return tuple(ops.cast(tensor, common) for tensor in converted)
