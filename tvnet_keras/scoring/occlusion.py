"""Which places of a clip the answer of a classifier depends on, found by occluding them.

A black square lies on one place after the other, on the same one in all frames of the clip, and the classifier answers
again. Where its confidence falls is what it looked at (Zeiler & Fergus, "Visualizing and Understanding Convolutional
Networks", ECCV 2014); ActionFlowNet's Figures 3 and 5 show such maps.

Example:
    >>> def bright_corner(clips):  # a classifier of the brightness of the left upper quarter
    ...     light = clips[:, :, :4, :4].mean(axis=(1, 2, 3, 4)) / 255
    ...     return np.stack([light, 1 - light], axis=-1)
    >>> found = occlude(bright_corner, np.full((2, 8, 8, 3), 255, "uint8"), square=4, stride=4)
    >>> found.importance(label=0)[::4, ::4].tolist()
    [[1.0, 0.0], [0.0, 0.0]]
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tvnet_keras.errors import InputError

BATCH_SIZE = 16
"""Number of occluded clips that are answered together, where nothing else is asked for."""

ROUNDING = 1e-4
"""How far sums of probabilities may be from 1, in float16, too."""


@dataclass(frozen=True)
class Occlusion:
    """A classifier's answers to a clip, as it is and with every place occluded.

    Attributes:
        whole: probabilities of the clip as it is, `[K]`.
        occluded: probabilities with the square at every place, `[rows, columns, K]`.
        tops: the square's first row of pixels, by row of places.
        lefts: the square's first column of pixels, by column of places.
        square: the side of the square, in pixels.
        size: (H, W) of the frames.

    Example:
        >>> answers = Occlusion(np.array([0.8, 0.2]), np.full((1, 1, 2), 0.5), (0,), (0,), square=4, size=(4, 4))
        >>> answers.drops(label=0).round(3).tolist()
        [[0.375]]
    """

    whole: np.ndarray
    occluded: np.ndarray
    tops: tuple[int, ...]
    lefts: tuple[int, ...]
    square: int
    size: tuple[int, int]

    def drops(self, label: int) -> np.ndarray:
        """The part of a class's confidence that the square takes at every place, `(p - p_occluded) / p`.

        Args:
            label: the class, from 0.

        Returns:
            float64 `[rows, columns]`: 1 where all confidence goes, negative where it grows.

        Raises:
            InputError: there is no such class, or it has no confidence that could fall.
        """
        if not 0 <= label < len(self.whole):
            raise InputError(f"label must be from 0 to {len(self.whole) - 1}. Received: label={label}.")
        if not self.whole[label] > 0:
            raise InputError(f"The confidence in class {label} is 0, of which nothing can be taken; ask for another.")
        return 1 - self.occluded[..., label] / self.whole[label]

    def importance(self, label: int) -> np.ndarray:
        """How important every pixel is for a class: the mean of `drops` over all squares that cover it.

        Args:
            label: the class, from 0.

        Returns:
            float32 `[H, W]`, at most 1.

        Raises:
            InputError: there is no such class, or it has no confidence that could fall.
        """
        total, count = np.zeros(self.size), np.zeros(self.size)
        drops = self.drops(label)
        for row, top in enumerate(self.tops):
            for column, left in enumerate(self.lefts):
                covered = np.s_[top : top + self.square, left : left + self.square]
                total[covered] += drops[row, column]
                count[covered] += 1
        return (total / count).astype(np.float32)


def occlude(
    predict: Callable[[np.ndarray], np.ndarray],
    clip: np.ndarray,
    *,
    square: int,
    stride: int,
    batch_size: int = BATCH_SIZE,
    progress: Callable[[int, int], None] | None = None,
) -> Occlusion:
    """Asks a classifier about a clip as it is, and with a black square at every place.

    Places are `stride` pixels apart; the last of a row or column is flush with the border, so that every pixel is
    covered whether the stride divides the frame or not.

    Args:
        predict: a classifier, clips `[N, T, H, W, C] -> probabilities [N, K]`; N is the same in every call.
        clip: `[T, H, W, C]`, of any type in which 0 is black; of flow it is no motion.
        square: the side of the square, in pixels.
        stride: distance between neighbouring places, in pixels.
        batch_size: number of clips in a call, at most.
        progress: called with the number of answers so far, and of all.

    Returns:
        The answers, from which the map of any class is made.

    Raises:
        InputError: a square or stride that leaves pixels uncovered, or answers that are no probabilities.
    """
    clip = np.asarray(clip)
    size = clip.shape[1:3]
    _require(clip, square, stride)
    tops, lefts = (_places(side, square, stride) for side in size)
    # The first is the clip as it is.
    places = [None, *itertools.product(tops, lefts)]
    batch_size = min(batch_size, len(places))
    answers = []
    for begin in range(0, len(places), batch_size):
        chosen = places[begin : begin + batch_size]
        # A smaller last batch would compile a network once more.
        batch = np.stack([_occluded(clip, place, square) for place in chosen + [None] * (batch_size - len(chosen))])
        answers.append(np.asarray(predict(batch), np.float64)[: len(chosen)])
        if progress:
            progress(begin + len(chosen), len(places))
    probabilities = np.concatenate(answers)
    if not ((probabilities >= 0).all() and np.allclose(probabilities.sum(axis=-1), 1, atol=ROUNDING)):
        raise InputError("The classifier's answers must be probabilities, which sum to 1; logits and NaN are none.")
    return Occlusion(
        probabilities[0], probabilities[1:].reshape(len(tops), len(lefts), -1), tops, lefts, square, (size[0], size[1])
    )


def _places(side: int, square: int, stride: int) -> tuple[int, ...]:
    last = side - square
    return (*range(0, last, stride), last)


def _occluded(clip: np.ndarray, place: tuple[int, int] | None, square: int) -> np.ndarray:
    if place is None:
        return clip
    top, left = place
    covered = clip.copy()
    covered[:, top : top + square, left : left + square] = 0
    return covered


def _require(clip: np.ndarray, square: int, stride: int) -> None:
    if clip.ndim != 4:
        raise InputError(f"A clip to occlude must be [T, H, W, C]. Received: shape={clip.shape}.")
    shorter = min(clip.shape[1:3])
    if not 1 <= square <= shorter:
        raise InputError(f"square must be from 1 to {shorter}, the frames' shorter side. Received: square={square}.")
    if not 1 <= stride <= square:
        raise InputError(
            f"stride must be from 1 to {square}, the side of the square: a longer one leaves pixels uncovered. "
            f"Received: stride={stride}."
        )
