"""The accuracies of scores, their uncertainty and the confusions. Videos of unknown label do not count.

Example:
    >>> header = dict.fromkeys(("kind", "experiment", "commit", "weights_sha256"), "none")
    >>> header |= {"split": 1, "clips": 1, "crops": 1, "seed": 0}
    >>> logits = np.array([[2.0, 1.0], [3.0, 0.0], [0.0, 1.0]])
    >>> scores = Scores(("v1", "v2", "v3"), np.array([0, 1, 1]), ("run", "walk"), logits, header)
    >>> round(top_k(scores), 3), top_k(scores, k=2), mean_class_accuracy(scores)
    (0.667, 1.0, 0.75)
    >>> [round(limit, 2) for limit in accuracy_interval(correct=2, videos=3)]
    [0.21, 0.94]
    >>> list(top1_numbers(scores))
    ['top1', 'top1_low', 'top1_high']
    >>> confusion_matrix(scores).tolist()
    [[1, 0], [1, 1]]
    >>> per_class_table(scores)[1]
    ClassRow(class_name='walk', videos=2, correct=1, accuracy=0.5, confused_with='run')
    >>> confusion_picture(scores).ndim
    3
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from tvnet_keras.errors import InputError
from tvnet_keras.lettering import font_file, written
from tvnet_keras.scoring.scores import Scores

NORMAL_95 = 1.959963984540054  # two-sided 95 % quantile of the normal distribution


@dataclass(frozen=True)
class ClassRow:
    """One class of `per_class_table`.

    Attributes:
        class_name: the name of the class.
        videos: number of its videos.
        correct: number of its videos that were answered rightly.
        accuracy: their share, 0..1.
        confused_with: the most frequent wrong answer; empty if there is none.
    """

    class_name: str
    videos: int
    correct: int
    accuracy: float
    confused_with: str


def _labelled(scores: Scores) -> tuple[np.ndarray, np.ndarray]:
    """Labels `[n]` and logits `[n, K]` of the videos whose label is known."""
    known = scores.label >= 0
    if not known.any():
        raise InputError(
            "No video of these scores has a known label, so there is no accuracy; evaluate a labelled list."
        )
    return scores.label[known], scores.logits[known]


def top_k(scores: Scores, k: int = 1) -> float:
    """Share of videos (0..1) whose true class is among the k highest logits.

    Equal logits are ranked by class number, as `argmax` does, so constant scores earn no more than chance.

    Raises:
        InputError: k is not between 1 and the number of classes, or no label is known.
    """
    if not 1 <= k <= len(scores.class_names):
        raise InputError(f"k must be between 1 and the number of classes, {len(scores.class_names)}. Received: k={k}.")
    label, logits = _labelled(scores)
    true = np.take_along_axis(logits, label[:, None], axis=1)
    ranked_before = (logits > true) | ((logits == true) & (np.arange(logits.shape[1]) < label[:, None]))
    return float(np.mean(ranked_before.sum(axis=1) < k))


def accuracy_interval(correct: int, videos: int) -> tuple[float, float]:
    """95 % interval (Wilson, 1927) of an accuracy, as shares 0..1.

    Args:
        correct: number of videos that were answered rightly.
        videos: number of all videos.

    Raises:
        InputError: not 0 <= correct <= videos, or no videos.
    """
    if not 0 <= correct <= videos or videos < 1:
        raise InputError(f"An interval needs 0 <= correct <= videos. Received: correct={correct}, videos={videos}.")
    share, spread = correct / videos, NORMAL_95**2 / videos
    centre = (share + spread / 2) / (1 + spread)
    half = np.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def top1_numbers(scores: Scores) -> dict[str, float]:
    """Top-1 accuracy with its 95 % interval, as shares 0..1, by the names under which results record them.

    Args:
        scores: videos without a known label are left out.

    Raises:
        InputError: no label is known.
    """
    top1, videos = top_k(scores), len(_labelled(scores)[0])
    low, high = accuracy_interval(round(top1 * videos), videos)
    return {"top1": top1, "top1_low": low, "top1_high": high}


def confusion_matrix(scores: Scores) -> np.ndarray:
    """Counts, int64 `[K, K]`: rows are true classes, columns the answers.

    Raises:
        InputError: no label is known.
    """
    label, logits = _labelled(scores)
    classes = len(scores.class_names)
    return np.bincount(label * classes + logits.argmax(axis=1), minlength=classes**2).reshape(classes, classes)


def mean_class_accuracy(scores: Scores) -> float:
    """Mean over classes (those with at least one video) of the share answered rightly, 0..1.

    Raises:
        InputError: no label is known.
    """
    matrix = confusion_matrix(scores)
    videos = matrix.sum(axis=1)
    return float(np.mean(matrix.diagonal()[videos > 0] / videos[videos > 0]))


def per_class_table(scores: Scores) -> tuple[ClassRow, ...]:
    """One row per class that has videos, in label order.

    Raises:
        InputError: no label is known.
    """
    matrix = confusion_matrix(scores)
    rows = []
    for index, (name, answers) in enumerate(zip(scores.class_names, matrix, strict=True)):
        videos, correct = int(answers.sum()), int(answers[index])
        wrong = answers.copy()
        wrong[index] = 0
        confused_with = scores.class_names[int(wrong.argmax())] if wrong.any() else ""
        if videos:
            rows.append(ClassRow(name, videos, correct, correct / videos, confused_with))
    return tuple(rows)


def confusion_picture(scores: Scores) -> np.ndarray:
    """Draws the confusion matrix, each row as shares of its class; it grows with the number of classes.

    Letters of class names that no installed font has stand as `\\u8d70`; the scores keep the names themselves.

    Returns:
        uint8 `[H, W, 3]`, RGB.

    Raises:
        InputError: no label is known.
    """
    matrix = confusion_matrix(scores)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    classes = len(scores.class_names)
    many = classes > 30
    side = max(4.0, (0.13 if many else 0.42) * classes)
    # The Agg canvas directly: pyplot would keep every figure alive and choose a backend for the whole process.
    figure = Figure(figsize=(side + 2.6, side + 2.0), dpi=120, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    picture = axes.imshow(shares, cmap="viridis", vmin=0, vmax=1)
    file = font_file(scores.class_names)
    names = [written(name, file) for name in scores.class_names]
    # Names are shown as they are: a dollar in a name begins no formula.
    text = {"font": FontProperties(fname=file, size=6 if many else 9), "parse_math": False}
    axes.set_xticks(range(classes), names, rotation=90, **text)
    axes.set_yticks(range(classes), names, **text)
    axes.set_xlabel("answer")
    axes.set_ylabel("true class")
    axes.set_title(f"top-1 {100 * top_k(scores):.1f} % of {matrix.sum()} videos")
    figure.colorbar(picture, ax=axes, label="share of the true class", fraction=0.05)
    if not many:
        for row, column in zip(*np.nonzero(matrix), strict=True):
            colour = "black" if shares[row, column] > 0.6 else "white"
            axes.text(column, row, str(matrix[row, column]), ha="center", va="center", fontsize=7, color=colour)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
