"""Late fusion: several evaluations of the same videos into one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.scoring.scores import HEADER_KEYS, Scores

SPACES = ("logits", "softmax")
_NAMED_AT_MOST = 3


def fuse(scores_list: Sequence[Scores], weights: Sequence[float] | None = None, *, space: str = "logits") -> Scores:
    """Averages scores of the same videos, joined by video id.

    Args:
        scores_list: At least one evaluation; the order of videos may differ, the first one's is kept.
        weights: One per evaluation, not negative, not all zero; they are divided by their sum. Default: equal.
        space: "logits" averages the logits. "softmax" averages the probabilities and returns their logarithm, whose
            softmax is that average.

    Returns:
        Scores whose header has kind "fusion", the experiments joined by "+", for the rest the common value or the list
        of values, and besides `space`, `weights` and the `inputs`' headers. A label unknown to one is another's.

    Raises:
        InputError: Different class names, splits, videos or labels; weights that don't fit; unknown space.

    Example:
        >>> header = dict.fromkeys(("kind", "experiment", "commit", "weights_sha256"), "none")
        >>> header |= {"split": 1, "clips": 1, "crops": 1, "seed": 0}
        >>> names, classes = ("v1", "v2"), ("run", "walk")
        >>> rgb = Scores(names, np.array([0, 1]), classes, np.array([[2.0, 0.0], [1.0, 0.0]]), header)
        >>> flow = Scores(names[::-1], np.array([1, 0]), classes, np.array([[0.0, 3.0], [0.0, 0.0]]), header)
        >>> fuse([rgb, flow]).logits.tolist()
        [[1.0, 0.0], [0.5, 1.5]]
    """
    check_choice("space", space, SPACES)
    if not scores_list:
        raise InputError("There is nothing to fuse; give at least one scores file.")
    shares = _shares(weights, len(scores_list))
    first = scores_list[0]
    mean, label = np.zeros(first.logits.shape), first.label.copy()
    for number, (scores, share) in enumerate(zip(scores_list, shares, strict=True), start=1):
        rows = _rows_of(first, scores, number)
        values = scores.logits.astype(np.float64) if space == "logits" else scores.probabilities()
        mean += share * values[rows]
        label = _joined_labels(label, scores.label[rows], first, number)
    if space == "softmax":
        mean = np.log(np.maximum(mean, np.finfo(np.float32).tiny))
    header = _fused_header(scores_list, shares, space)
    return Scores(first.video_id, label, first.class_names, mean, header)


def _shares(weights: Sequence[float] | None, count: int) -> np.ndarray:
    given = np.ones(count) if weights is None else np.asarray(weights, float)
    if given.shape != (count,) or not np.isfinite(given).all() or (given < 0).any() or not given.sum() > 0:
        raise InputError(f"Fusion needs {count} weights, not negative and not all zero. Received: weights={weights}.")
    return given / given.sum()


def _rows_of(first: Scores, scores: Scores, number: int) -> np.ndarray:
    """The rows of `scores` in the order of `first`'s videos."""
    if scores.class_names != first.class_names:
        pairs = zip(first.class_names, scores.class_names, strict=False)
        place, differing = next(((i, pair) for i, pair in enumerate(pairs) if pair[0] != pair[1]), (None, None))
        counts = f"{len(first.class_names)} against {len(scores.class_names)} classes"
        what = counts if differing is None else f"class {place} is {differing[0]!r} against {differing[1]!r}"
        raise InputError(f"Scores 1 and {number} have different class names ({what}); fuse models of the same classes.")
    if scores.header["split"] != first.header["split"]:
        splits = f"{first.header['split']!r} against {scores.header['split']!r}"
        raise InputError(f"Scores 1 and {number} are of different splits ({splits}); evaluate both on one.")
    row = {name: index for index, name in enumerate(scores.video_id)}
    _refuse_unmatched([name for name in first.video_id if name not in row], 1, number)
    known = set(first.video_id)
    _refuse_unmatched([name for name in scores.video_id if name not in known], number, 1)
    return np.array([row[name] for name in first.video_id])


def _refuse_unmatched(names: list[str], present: int, absent: int) -> None:
    if names:
        listed = ", ".join(names[:_NAMED_AT_MOST]) + (", ..." if len(names) > _NAMED_AT_MOST else "")
        raise InputError(
            f"{len(names)} videos of scores {present} are not in scores {absent} ({listed}); evaluate the same list."
        )


def _joined_labels(label: np.ndarray, other: np.ndarray, first: Scores, number: int) -> np.ndarray:
    conflict = np.flatnonzero((label >= 0) & (other >= 0) & (label != other))
    if conflict.size:
        one, two = (first.class_names[labels[conflict[0]]] for labels in (label, other))
        name = first.video_id[conflict[0]]
        raise InputError(f"Scores {number} label {name} as {two!r} where others say {one!r}; evaluate the same list.")
    return np.where(label >= 0, label, other)


def _fused_header(scores_list: Sequence[Scores], shares: np.ndarray, space: str) -> dict[str, Any]:
    headers = [dict(scores.header) for scores in scores_list]

    def common(key: str) -> Any:
        values = [header[key] for header in headers]
        if all(value == values[0] for value in values):
            return values[0]
        # A fusion of fusions: their lists are laid one after the other.
        return [entry for value in values for entry in (value if isinstance(value, list) else [value])]

    fused = {key: common(key) for key in HEADER_KEYS}
    fused |= {"kind": "fusion", "experiment": "+".join(str(header["experiment"]) for header in headers)}
    return fused | {"space": space, "weights": shares.tolist(), "inputs": headers}
