"""How many levels an image pyramid has, and how large each of them is.

Sizes are ints where they are known and scalar tensors where they are not until run time.
"""

import math

from keras import ops

from tvnet_keras.typing import Dimension


def scale_limit(height: Dimension, width: Dimension, zoom: float) -> Dimension:
    """How many pyramid levels an image can bear: `1 + log(diagonal / 4) / log(1 / zoom)`, at least 1 (released TVNet).

    Args:
        height: pixels, int or scalar tensor.
        width: pixels, int or scalar tensor.
        zoom: size ratio of neighbouring levels, 0 < zoom < 1.

    Returns:
        int, or an int32 scalar tensor where the size is one.
    """
    if isinstance(height, int) and isinstance(width, int):
        return max(1, int(1 + math.log(math.hypot(height, width) / 4) / math.log(1 / zoom)))
    diagonal = ops.sqrt(ops.cast(height, "float32") ** 2 + ops.cast(width, "float32") ** 2)
    return ops.maximum(1, ops.cast(1 + ops.log(diagonal / 4) / math.log(1 / zoom), "int32"))


def level_size(length: Dimension, level: Dimension, zoom: float) -> Dimension:
    """`int(length * zoom ** level + 0.5)`, at least 1 pixel. Length and level are ints or integer tensors."""
    if isinstance(level, int) and level == 0:
        return length
    if isinstance(length, int) and isinstance(level, int):
        return max(1, int(length * zoom**level + 0.5))
    # Python's float64 here too: float32 rounds some sizes the other way (45 * 0.7 + 0.5 falls short of 32).
    factor = zoom**level if isinstance(level, int) else ops.power(ops.cast(zoom, "float64"), ops.cast(level, "float64"))
    return ops.maximum(1, ops.cast(ops.cast(length, "float64") * factor + 0.5, "int32"))
