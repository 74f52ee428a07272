"""Videos without labels: every video file below a folder.

The videos lie below `root/train` and `root/test` (or `val`), or anywhere below the root; then about one in five, chosen
by a hash of its file name, is for testing, or with a `group` a fifth of the recordings. Methods that learn without
truth can train on them.
"""

import os
from collections.abc import Sequence

from tvnet_keras.errors import InputError
from tvnet_keras.video.holdout import own_part
from tvnet_keras.video.listing import Video, VideoList, distinct_ids
from tvnet_keras.video.split_files import require_root, require_subset, subset_folders, videos_below

SPLITS = (1,)


def load(
    root: str | os.PathLike, *, subset: str, split: int = 1, classes: Sequence[str] = (), group: str = ""
) -> VideoList:
    """Loads a list without classes, in the order of the files' paths.

    Args:
        root: data root.
        subset: "train" or "test".
        split: 1; there is no other.
        classes: must be empty, as there are none.
        group: pattern of `tvnet_keras.video.holdout.recordings_by` that names the recording of a video, for a root that
            is not divided; empty takes every video for itself.

    Raises:
        InputError: there is no such root or no video below it, classes are asked for, or the pattern is none.
    """
    require_subset(subset, split, SPLITS)
    root = require_root(root)
    if classes:
        raise InputError(f"Videos without labels have no classes. Received: classes={','.join(classes)}")
    divided = subset_folders(root)
    place = divided.get(subset, root)
    files = [path for path in videos_below(place) if path.is_file()]
    if not files:
        raise InputError(f"No video is below {place}; check the path.")
    paths = [file.relative_to(root) for file in files]
    ids = distinct_ids([(path.stem, path.with_suffix("").as_posix(), path.as_posix()) for path in paths])
    videos = VideoList(tuple(Video(str(file), -1, video_id) for file, video_id in zip(files, ids, strict=True)), ())
    return videos if divided else own_part(videos, subset, group)
