"""The fusion of scores: several evaluations of the same videos become one.

`fuse` is the mean over inputs in one of the `SPACES`; `RULES` are the published ones by name; `restrict` takes the
videos and classes that inputs of different lists have in common.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.scoring.scores import HEADER_KEYS, Scores

_NAMED_AT_MOST = 3


class Rule(NamedTuple):
    """A published way to fuse.

    Attributes:
        space: one of the `SPACES`.
        weights: one for each input, in the order RGB, motion; None weighs any number of inputs equally.

    Example:
        >>> RULES["tvnet"] == Rule("logits", (1.0, 2.0))
        True
    """

    space: str
    weights: tuple[float, ...] | None = None


RULES = {
    # Fan et al., CVPR 2018, Section 4.3: "1 : 2", as TSN averages before the softmax.
    "tvnet": Rule("logits", (1.0, 2.0)),
    # Zhu et al., ACCV 2018: the released `late_fusion.m`.
    "hidden_two_stream": Rule("shares", (1.0, 1.5)),
    "average": Rule("softmax"),
    "product": Rule("log_softmax"),
    # For decision values of support vector machines, such as those of improved dense trajectories.
    "l2": Rule("l2"),
}
"""Published rules of fusion by name."""


def _softmax(scores: Scores) -> np.ndarray:
    return scores.probabilities()


def _log_softmax(scores: Scores) -> np.ndarray:
    shifted = scores.logits.astype(np.float64) - scores.logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _shares(scores: Scores) -> np.ndarray:
    positive = np.maximum(scores.logits.astype(np.float64), 0)
    total = positive.sum(axis=1, keepdims=True)
    # A row without a positive score has nothing to say of any class; the released code divides it by zero.
    return np.divide(positive, total, out=np.full_like(positive, 1 / positive.shape[1]), where=total > 0)


def _unit_rows(scores: Scores) -> np.ndarray:
    values = scores.logits.astype(np.float64)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.divide(values, length, out=np.zeros_like(values), where=length > 0)


SPACES: dict[str, Callable[[Scores], np.ndarray]] = {
    "logits": lambda scores: scores.logits.astype(np.float64),
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "shares": _shares,
    "l2": _unit_rows,
}
"""Which numbers `[N, K]` of an input are averaged, by name."""

_PROBABILITIES = ("softmax", "shares")


def fuse(scores_list: Sequence[Scores], weights: Sequence[float] | None = None, *, space: str = "logits") -> Scores:
    """Averages scores of the same videos, joined by video id.

    Args:
        scores_list: one or more evaluations; the order of videos may differ, and that of the first one is kept.
        weights: one weight per evaluation, not negative, not all zero; they are divided by their sum. None weights all
            evaluations equally.
        space: what is averaged. "logits": the logits. "softmax": the probabilities. "log_softmax": their logarithms,
            so that probabilities are multiplied. "shares": scores below 0 set to 0, each row divided by its sum (Hidden
            Two-Stream). "l2": each row divided by its Euclidean length. Averages of probabilities and of shares are
            returned as their logarithm, whose softmax is that average.

    Returns:
        Scores whose header has the kind "fusion", the experiments joined by "+", `space`, `weights` and the headers of
        all `inputs`, and under every other key the common value or the list of values. A label that one evaluation does
        not know is taken from another.

    Raises:
        InputError: class names, splits, videos or labels differ, weights do not fit, or the space is unknown.

    Example:
        >>> header = dict.fromkeys(("kind", "experiment", "commit", "weights_sha256"), "none")
        >>> header |= {"split": 1, "clips": 1, "crops": 1, "seed": 0}
        >>> names, classes = ("v1", "v2"), ("run", "walk")
        >>> rgb = Scores(names, np.array([0, 1]), classes, np.array([[2.0, 0.0], [1.0, 0.0]]), header)
        >>> flow = Scores(names[::-1], np.array([1, 0]), classes, np.array([[0.0, 3.0], [0.0, 0.0]]), header)
        >>> fuse([rgb, flow]).logits.tolist()
        [[1.0, 0.0], [0.5, 1.5]]
    """
    check_choice("space", space, tuple(SPACES))
    if not scores_list:
        raise InputError("There is nothing to fuse; give at least one scores file.")
    shares = _normalised(weights, len(scores_list))
    first = scores_list[0]
    mean, label = np.zeros(first.logits.shape), first.label.copy()
    for number, (scores, share) in enumerate(zip(scores_list, shares, strict=True), start=1):
        rows = _rows_of(first, scores, number)
        mean += share * SPACES[space](scores)[rows]
        label = _joined_labels(label, scores.label[rows], first, number)
    if space in _PROBABILITIES:
        mean = np.log(np.maximum(mean, np.finfo(np.float32).tiny))
    header = _fused_header(scores_list, shares, space)
    return Scores(first.video_id, label, first.class_names, mean, header)


def restrict(scores_list: Sequence[Scores]) -> list[Scores]:
    """Takes the videos and the classes that all inputs have, by name, in the order of the smallest input.

    Args:
        scores_list: evaluations that may be of different lists, such as all of UCF101 and some of its classes.

    Returns:
        The evaluations of those videos, with the logits of those classes. The header of each has under `restricted` how
        many videos and classes it had before and has now.

    Raises:
        InputError: nothing to restrict, no common video or class, or a common video whose class is not a common one.

    Example:
        >>> header = dict.fromkeys(("kind", "experiment", "commit", "weights_sha256"), "none")
        >>> header |= {"split": 1, "clips": 1, "crops": 1, "seed": 0}
        >>> whole = Scores(("a", "b"), np.array([0, 1]), ("run", "walk"), np.eye(2), header)
        >>> part = Scores(("b",), np.array([0]), ("walk",), np.ones((1, 1)), header)
        >>> [scores.video_id for scores in restrict([whole, part])]
        [('b',), ('b',)]
    """
    if not scores_list:
        raise InputError("There is nothing to restrict; give at least one scores file.")
    smallest = min(scores_list, key=lambda scores: (len(scores.class_names), len(scores.video_id)))
    videos = _in_all(smallest.video_id, [scores.video_id for scores in scores_list], "video")
    classes = _in_all(smallest.class_names, [scores.class_names for scores in scores_list], "class")
    return [_restricted(scores, videos, classes) for scores in scores_list]


def _in_all(names: Sequence[str], others: Sequence[Sequence[str]], what: str) -> tuple[str, ...]:
    common = set(names).intersection(*others)
    if not common:
        raise InputError(f"The scores have no {what} in common; fuse evaluations of one data set.")
    return tuple(name for name in names if name in common)


def _restricted(scores: Scores, videos: tuple[str, ...], classes: tuple[str, ...]) -> Scores:
    row = {name: index for index, name in enumerate(scores.video_id)}
    rows = np.array([row[name] for name in videos])
    columns = np.array([scores.class_names.index(name) for name in classes])
    place = np.full(len(scores.class_names) + 1, -1)  # The last entry is that of the label -1, which stays unknown.
    place[columns] = np.arange(len(classes))
    label = scores.label[rows]
    outside = np.flatnonzero((label >= 0) & (place[label] < 0))
    if outside.size:
        name, of_class = videos[outside[0]], scores.class_names[label[outside[0]]]
        raise InputError(f"{name} is of the class {of_class!r}, which not all scores know; evaluate the same classes.")
    counts = {
        "videos": [len(scores.video_id), len(videos)],
        "classes": [len(scores.class_names), len(classes)],
    }
    header = {**scores.header, "restricted": counts}
    return Scores(videos, place[label], classes, scores.logits[rows][:, columns], header)


def _normalised(weights: Sequence[float] | None, count: int) -> np.ndarray:
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
