"""The scores of an evaluation: the logits of every video, with all that is needed to understand them.

Example:
    >>> header = dict.fromkeys(("kind", "experiment", "commit", "weights_sha256"), "none")
    >>> header |= {"split": 1, "clips": 1, "crops": 1, "seed": 0}
    >>> logits = np.array([[2.0, 1.0], [0.0, 3.0]])
    >>> save_scores("scores.npz", Scores(("v1", "v2"), np.array([0, -1]), ("run", "walk"), logits, header))
    >>> scores = load_scores("scores.npz")
    >>> scores.video_id, scores.probabilities().round(2).tolist()
    (('v1', 'v2'), [[0.73, 0.27], [0.05, 0.95]])
"""

import json
import os
import reprlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.npz import read_arrays

HEADER_KEYS = ("kind", "experiment", "split", "clips", "crops", "commit", "seed", "weights_sha256")
_FIELDS = ("video_id", "label", "class_names", "logits", "header")
_MOST_BYTES = 2**32
"""Largest size of all fields: a small file can claim any, and half a million videos of 700 classes have 1.5 GB."""


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of N videos over K classes, which are checked when they are made.

    Args:
        video_id: N different names: a file's base name without extension (Kinetics: `ytid_start_end`).
        label: int64 `[N]`, number of the true class, -1 where unknown.
        class_names: K different names, in label order.
        logits: float32 `[N, K]`: mean over a video's views of the logits before softmax.
        header: JSON object with at least the `HEADER_KEYS`: kind (of the model or fusion), experiment, split, clips
            and crops per video, commit, seed and sha256 of the weights. A fusion of differing values has lists.

    Raises:
        InputError: shapes do not fit, a name is there twice, a label is out of range, a number is not finite, or the
            header is no JSON, lacks a key or has another kind of value under one.
    """

    video_id: tuple[str, ...]
    label: np.ndarray
    class_names: tuple[str, ...]
    logits: np.ndarray
    header: Mapping[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "video_id", _names(self.video_id, "video_id"))
        object.__setattr__(self, "class_names", _names(self.class_names, "class_names"))
        object.__setattr__(self, "logits", _logits(self.logits, (len(self.video_id), len(self.class_names))))
        object.__setattr__(self, "label", _labels(self.label, self.logits.shape))
        object.__setattr__(self, "header", _header(self.header))

    def probabilities(self) -> np.ndarray:
        """Softmax of the logits, float64 `[N, K]`, 0..1."""
        logits = self.logits.astype(np.float64)
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)


def save_scores(path: str | os.PathLike[str], scores: Scores) -> None:
    """Writes a Scores file (`.npz` without pickles), whole or not at all.

    Args:
        path: the file to write; its name ends in `.npz`.
        scores: the scores.

    Raises:
        InputError: the name has another ending, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise InputError(f"A scores file ends in .npz. Received: {path}.")
    with atomic_path(path) as partial:
        np.savez_compressed(
            partial,
            video_id=np.array(scores.video_id),
            label=scores.label,
            class_names=np.array(scores.class_names),
            logits=scores.logits,
            header=np.array(json.dumps(scores.header)),
        )


def load_scores(path: str | os.PathLike[str]) -> Scores:
    """Reads a Scores file.

    Raises:
        InputError: the file is missing, no scores file, damaged, or what it holds does not pass the checks of `Scores`.
    """
    try:
        fields: dict[str, Any] = dict(read_arrays(Path(path), most_bytes=_MOST_BYTES, fields=_FIELDS))
        fields["header"] = json.loads(str(fields["header"]))
    except FileNotFoundError as error:
        raise InputError(f"There is no scores file {path}; check the path.") from error
    except Exception as error:  # A damaged archive raises whatever its bytes lead the reader to.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} is not a whole scores file ({reason}); evaluate again.") from error
    try:
        return Scores(**fields)
    except InputError as error:
        raise InputError(f"{path} is not a valid scores file: {error}") from error


def _names(names: Sequence[str] | np.ndarray, field: str) -> tuple[str, ...]:
    names = np.asarray(names)
    if names.ndim != 1 or not names.size or names.dtype.kind != "U":
        received = f"{names.dtype} {names.shape}"
        raise InputError(f"{field} of scores must be a list of at least one name. Received: {received}.")
    try:
        names = tuple(str(name) for name in names)
    except (ValueError, SystemError) as error:  # NumPy lets any number stand for a character.
        raise InputError(f"{field} of scores has a name that is no text.") from error
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"{field} of scores has names twice: {', '.join(twice[:3])}.")
    if "" in names:
        raise InputError(f"{field} of scores has an empty name at place {names.index('')}.")
    return names


def _logits(logits: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    logits = np.asarray(logits)
    if logits.shape != shape or logits.dtype.kind not in "fiu":
        received = f"{logits.dtype} {logits.shape}"
        raise InputError(f"logits of scores must be numbers [videos, classes] = {shape}. Received: {received}.")
    with np.errstate(over="ignore"):
        logits = logits.astype(np.float32)
    if not np.isfinite(logits).all():
        count = int((~np.isfinite(logits)).any(axis=1).sum())
        raise InputError(f"logits of scores are not finite for {count} videos; the model has diverged.")
    return logits


def _labels(label: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    label = np.asarray(label)
    if label.shape != shape[:1] or label.dtype.kind not in "iu":
        received = f"{label.dtype} {label.shape}"
        raise InputError(f"label of scores must be whole numbers, one per video. Received: {received}.")
    wrong = label[(label < -1) | (label >= shape[1])]
    if wrong.size:
        raise InputError(f"label of scores must be -1 or 0 to {shape[1] - 1}. Received: {int(wrong[0])}.")
    return label.astype(np.int64)


def _header(header: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(header, Mapping):
        raise InputError(f"header of scores must be a JSON object. Received: {type(header).__name__}.")
    missing = [key for key in HEADER_KEYS if key not in header]
    if missing:
        raise InputError(f"header of scores lacks {', '.join(missing)}.")
    for kind, keys, is_valid in _KINDS:
        for key in keys:
            values = header[key] if isinstance(header[key], list) else [header[key]]
            if not values or not all(map(is_valid, values)):
                received = f"{key}={reprlib.repr(header[key])}"
                raise InputError(f"{key} in the header of scores must be {kind}. Received: {received}.")
    try:
        # A copy, which later changes by the caller cannot reach; NaN is no JSON.
        return json.loads(json.dumps(dict(header), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"header of scores is no JSON: {error}.") from error


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_KINDS = (
    ("a text", ("kind", "experiment", "commit", "weights_sha256"), lambda value: isinstance(value, str)),
    ("a text or a whole number", ("split",), lambda value: isinstance(value, str) or _is_whole(value)),
    ("a whole number", ("seed",), _is_whole),
    ("a whole number from 1", ("clips", "crops"), lambda value: _is_whole(value) and value > 0),
)
"""The kinds of values under the keys of a header; in a fusion there may be lists of them."""
