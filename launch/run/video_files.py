"""Video files that a user names, as a source of clips, and the names of what is written of them."""

import os
from collections.abc import Callable
from pathlib import Path

from launch.run.app import report_error
from launch.run.config import Config
from launch.run.video_source import VideoSource, memory_file
from tvnet_keras.errors import InputError
from tvnet_keras.video import datasets
from tvnet_keras.video.listing import Video, VideoList
from tvnet_keras.video.read import VideoError
from tvnet_keras.video.scan import scan

LONGEST_NAME = 255
"""Largest number of bytes of a file's name on the file systems in use."""


def open_files(
    paths: list[str],
    config: Config,
    class_names: tuple[str, ...],
    *,
    skip_unreadable: bool = False,
    examine: Callable[[str], int] | None = None,
) -> VideoSource:
    """Unlabelled videos as a source; every file is decoded once, unless it is of the run's data and was checked before.

    Args:
        paths: the files.
        config: the run's configuration, whose data set says what mirroring does to the labels.
        class_names: names of the network's classes.
        skip_unreadable: whether to leave out broken files, naming them, instead of stopping.
        examine: a function of a file's path that decodes it and returns its number of frames; None takes the check of
            the run's data.

    Raises:
        InputError: a file cannot be read, or none of them can.
    """
    counts, broken = _checked(paths, config) if examine is None else _examined(paths, examine)
    for message in broken:
        if not skip_unreadable:
            raise InputError(message)
        report_error(InputError(f"skipped: {message}"))
    if not counts:
        raise InputError("None of the videos can be read.")
    videos = tuple(Video(path, -1, Path(path).stem) for path in counts)
    trained_on = config.data.dataset
    flip = datasets.flip_of(trained_on, class_names) if trained_on in datasets.names() else "keep"
    source = VideoSource(config, "test", VideoList(videos, class_names, flip), counts=counts)
    # A network of stored flow finds that of these videos by their names.
    return source.with_flow(skip_unreadable=skip_unreadable)


def _checked(paths: list[str], config: Config) -> tuple[dict[str, int], list[str]]:
    """Numbers of frames by path, and the faults of the other files, as the check of the run's data finds them."""
    root = Path(config.data.root).resolve()
    # Where the files are no data set, nothing is written beside them.
    belong = any(root in Path(path).resolve().parents for path in paths)
    found = scan(
        [Video(path, -1, path) for path in paths],
        workers=config.data.workers or None,
        cache_file=memory_file(config.data.root) if belong else None,
    )
    return found.counts, [problem.message for problem in found.problems if problem.unusable]


def _examined(paths: list[str], examine: Callable[[str], int]) -> tuple[dict[str, int], list[str]]:
    counts, broken = {}, []
    for path in paths:
        try:
            counts[path] = examine(path)
        except VideoError as error:
            broken.append(str(error))
    return counts, broken


def require_distinct_names(paths: list[str], ending: str) -> None:
    """Refuses videos of which files could not be written side by side, each under the name of its video.

    Args:
        paths: the videos.
        ending: what the names of the files end with, such as `.mp4`.

    Raises:
        InputError: two files would have one name, or one too long a name.
    """
    first: dict[str, str] = {}
    for path in paths:
        if len(os.fsencode(f"{Path(path).stem}{ending}")) > LONGEST_NAME:
            raise InputError(
                f"The file written of {path} would have a name of over {LONGEST_NAME} bytes; rename the video."
            )
        other = first.setdefault(Path(path).stem, path)
        if other != path:
            raise InputError(f"The files written of {other} and {path} would have one name; name them one by one.")
