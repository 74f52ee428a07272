"""How penalties of pixels become one number per clip: by the means of a paper, or as its released code divides.

Hidden Two-Stream's equations are means. Its released Charbonnier layers divide by batch x sum of the mask, where the
mask has the batch in it already: a loss is smaller by the size of the batch than its mean, and a clip weighs more, the
more of the batch's valid pixels it has. docs/methods/hidden_two_stream.md shows what becomes of the balance.
"""

from keras import ops

from tvnet_keras.choices import check_choice
from tvnet_keras.typing import Tensor

NORMALISATIONS = ("paper", "released")
"""Means over what is valid of each clip, or numbers whose mean over the batch is that of the released code."""


def is_released(normalisation: str) -> bool:
    """Whether `normalisation` is "released"; "paper" is the other name.

    Raises:
        InputError: it is neither.
    """
    return check_choice("normalisation", normalisation, NORMALISATIONS) == "released"


def mean_over_valid(penalty: Tensor, mask: Tensor, normalisation: str = "paper") -> Tensor:
    """The sum of the valid penalties of every clip by the number of valid ones: its own, or of the whole batch.

    Args:
        penalty: `[B, ...]`, finite also where it is not valid.
        mask: 1 where a penalty is valid, else 0; of the shape of `penalty`, where a size may also be one.
        normalisation: "paper" divides by the number of each clip, "released" by that of all clips together.

    Returns:
        `[B]`; 0 where nothing is valid.

    Raises:
        InputError: there is no such normalisation.

    Example:
        >>> penalty, mask = np.float32([[1, 5], [4, 8]]), np.float32([[1, 0], [1, 1]])
        >>> ops.convert_to_numpy(mean_over_valid(penalty, mask)).tolist()
        [1.0, 6.0]
        >>> ops.convert_to_numpy(mean_over_valid(penalty, mask, "released")).tolist()  # 1 / 3, 12 / 3
        [0.3333333432674408, 4.0]
    """
    axes = tuple(range(1, len(penalty.shape)))
    mask = ops.broadcast_to(mask, ops.shape(penalty))
    count = ops.sum(mask, axis=axes)
    if is_released(normalisation):
        count = ops.sum(count)
    return ops.sum(penalty * mask, axis=axes) / ops.maximum(count, 1.0)
