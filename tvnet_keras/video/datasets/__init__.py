"""Data sets of videos, one per file; adding a file adds a data set.

A module has

`SPLITS`
    The numbers of its splits.
`load(root, *, subset, split, classes) -> VideoList`
    The training or the test list of a split; `class_names` is empty where the videos have no labels. Further
    keyword-only arguments, such as `splits_dir` of `ucf101`, are options of the data set. A data set that has no lists
    and divides its videos by itself takes `group`, a pattern of `tvnet_keras.video.holdout.recordings_by`.

It may also have

`exact_flow(path) -> [N - 1, H, W, 2]`
    The exact flow of every step of a video with N frames, in pixels. `exact_flow_of` asks for it.
`flip_of(class_names) -> Flip`
    What mirroring does to the labels of these classes, for videos that are on none of its lists; the lists say it
    themselves. Without it, mirroring keeps labels. The function `flip_of` of this package asks for it.
`recording_of(video_id, class_name) -> str`
    The name of the recording that a video was cut from: videos of one recording are much alike, and stay together
    where a list is divided. Without it, every video is a recording of its own. `recordings_of` asks for it.
`validation_list(root, *, classes) -> VideoList | None`
    The validation list that the folder has beside the training and the test list, None where it has none.
    `validation_list_of` asks for it.
"""

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from tvnet_keras.choices import load_module, module_names
from tvnet_keras.video.holdout import RecordingOf, recordings_by
from tvnet_keras.video.listing import Flip, VideoList


def names() -> tuple[str, ...]:
    """The data sets that exist, in alphabetical order."""
    return module_names(sys.modules[__name__])


def module(name: str) -> ModuleType:
    """The module of a data set.

    Args:
        name: the name of the data set.

    Raises:
        InputError: there is no such data set; the sentence names a similar one, if there is any.
    """
    return load_module(sys.modules[__name__], "The data set", name)


def load(
    name: str, root: str | os.PathLike, *, subset: str, split: int = 1, classes: Sequence[str] = (), **options: Any
) -> VideoList:
    """Loads a data set's training or test list.

    Args:
        name: the name of the data set, such as "ucf101".
        root: the data set's folder.
        subset: "train" or "test".
        split: the number of the split.
        classes: names of the classes to keep, in the new label order; empty keeps all.
        **options: options of that data set, such as `splits_dir`.

    Raises:
        InputError: the data set, the root, the subset, the split or a class is unknown, or a list is missing or
            malformed.
    """
    return module(name).load(root, subset=subset, split=split, classes=classes, **options)


def exact_flow_of(name: str) -> Callable[[str], np.ndarray] | None:
    """The function that reads the exact flow of a data set's videos, None where it is not known.

    Args:
        name: the name of the data set.

    Raises:
        InputError: there is no such data set.
    """
    return vars(module(name)).get("exact_flow")


def flip_of(name: str, class_names: Sequence[str]) -> Flip:
    """What mirroring does to the labels of these classes of a data set, in the form in which `VideoList` says it.

    Args:
        name: the name of the data set.
        class_names: names of the classes, in label order.

    Raises:
        InputError: there is no such data set.
    """
    return vars(module(name)).get("flip_of", lambda _: "keep")(class_names)


def recordings_of(name: str, group: str = "") -> RecordingOf:
    """The function that names the recording which a video of a data set was cut from.

    Args:
        name: the name of the data set.
        group: the pattern of `tvnet_keras.video.holdout.recordings_by` that finds it in a video's name; empty takes the
            data set's own law.

    Raises:
        InputError: there is no such data set, or the pattern is no regular expression.
    """
    if group:
        return recordings_by(group)
    return vars(module(name)).get("recording_of", lambda video_id, _: video_id)


def divides_itself(name: str) -> bool:
    """Whether a data set has no lists, so that its own division asks which videos are of one recording.

    Args:
        name: the name of the data set.

    Raises:
        InputError: there is no such data set.
    """
    return "group" in inspect.signature(module(name).load).parameters


def validation_list_of(name: str, root: str | os.PathLike, *, classes: Sequence[str] = ()) -> VideoList | None:
    """The validation list that a data set's folder has of its own; None where it has none.

    Args:
        name: the name of the data set.
        root: the data set's folder.
        classes: as in `load`.

    Raises:
        InputError: the data set, the root or a class is unknown.
    """
    own = vars(module(name)).get("validation_list")
    return own(root, classes=classes) if own else None
