"""Moving Shapes, the generated data set: UCF101's layout, one split, and the class is the motion.

Its folder says which set it is: steady motions, or Moving Shapes II, whose classes are changes of the velocity. A
mirrored video shows another class: left becomes right and clockwise becomes counterclockwise. In the twin set, whose
class is the look, mirroring changes no label.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import replace

from tvnet_keras.video.datasets import ucf101
from tvnet_keras.video.listing import Flip, VideoList
from tvnet_keras.video.moving_shapes.writer import exact_flow
from tvnet_keras.video.split_files import require_subset

__all__ = ["SPLITS", "exact_flow", "flip_of", "load", "recording_of"]

SPLITS = (1,)
VIDEO_ID = re.compile(r"v_.+_(?P<group>g\d+)_c\d+")
MIRROR_PAIRS = (
    ("MoveLeft", "MoveRight"),
    ("MoveUpLeft", "MoveUpRight"),
    ("MoveDownLeft", "MoveDownRight"),
    ("RotateClockwise", "RotateCounterclockwise"),
    ("TurnLeft", "TurnRight"),
)
MIRROR = {**dict(MIRROR_PAIRS), **{right: left for left, right in MIRROR_PAIRS}}
"""The class that a mirrored video shows, for the classes whose mirror image is another one."""


def load(root: str | os.PathLike, *, subset: str, split: int = 1, classes: Sequence[str] = ()) -> VideoList:
    """Loads a list.

    Args:
        root: data root, which `tvnet_keras.video.moving_shapes.writer.write_dataset` wrote.
        subset: "train" or "test".
        split: 1; there is no other.
        classes: names of the classes to keep, in the new label order; empty keeps all.

    Raises:
        InputError: there is no such root, list or class, or a list is malformed.
    """
    require_subset(subset, split, SPLITS)
    videos = ucf101.load(root, subset=subset, split=split)
    return replace(videos, flip=flip_of(videos.class_names)).restrict(classes)


def flip_of(class_names: Sequence[str]) -> Flip:
    """What mirroring does to the labels of these classes.

    Args:
        class_names: names of the classes, in label order.

    Returns:
        A permutation; "keep" where no class has a mirror image, "forbidden" where one is not in the set.
    """
    if not set(class_names) & set(MIRROR):
        return "keep"
    mirrored = [MIRROR.get(name, name) for name in class_names]
    if not set(mirrored) <= set(class_names):
        return "forbidden"
    return tuple(class_names.index(name) for name in mirrored)


def recording_of(video_id: str, class_name: str) -> str:
    """The group of a video, which is one scene under the motions of all classes; the whole id of another name.

    Args:
        video_id: id of the video.
        class_name: name of its class, which does not matter here.

    Example:
        >>> recording_of("v_MoveLeft_g03_c01", "MoveLeft")
        'g03'
    """
    match = VIDEO_ID.fullmatch(video_id)
    return match["group"] if match else video_id
