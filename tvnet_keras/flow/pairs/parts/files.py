"""Pairs of one's own: image files, a folder of them, or a video."""

import os
import re
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

from tvnet_keras.entries import entries
from tvnet_keras.errors import InputError
from tvnet_keras.flow.pairs.parts.neighbours import Neighbours
from tvnet_keras.flow.pairs.parts.pair import Pair, existing, image_pair
from tvnet_keras.video.read import count_frames, iterate_frames
from tvnet_keras.video.split_files import VIDEO_EXTENSIONS

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp")
"""Any other file is opened as a video."""


def open_files(paths: Sequence[str | os.PathLike[str]]) -> tuple[Pair, ...]:
    """The consecutive pairs of image files, of the image files of a folder, or of the frames of a video.

    Args:
        paths: two or more image files in their order, or one folder, or one video file. A video is decoded here to
            count its frames, and again as its pairs are read.

    Returns:
        Pairs without exact flow, named after their first frame.

    Raises:
        InputError: there are fewer than two frames, or a file is missing or cannot be read.
    """
    files = [Path(path) for path in paths]
    if len(files) == 1 and files[0].is_dir():
        files = sorted((path for path in entries(files[0]) if is_image(path)), key=in_order)
        if len(files) < 2:
            raise InputError(f"The folder {paths[0]} holds {len(files)} images; a flow needs two frames.")
    elif len(files) == 1 and not is_image(existing(files[0])):
        return _video_pairs(files[0])
    _require_images(files)
    if len(files) < 2:
        raise InputError(f"{paths[0]} is one image; name the second one, a folder of images or a video.")
    names = [path.stem for path in files]
    if len(set(names)) < len(names):
        # Pairs of one name would overwrite each other's flow.
        names = [f"{k:05d}_{name}" for k, name in enumerate(names)]
    pairs = zip(names[:-1], pairwise(map(existing, files)), strict=True)
    return tuple(image_pair(name, first, second) for name, (first, second) in pairs)


def _video_pairs(path: Path) -> tuple[Pair, ...]:
    video = Neighbours(lambda: iterate_frames(path), path)
    return tuple(Pair(f"{path.stem}_{k:05d}", partial(video.pair, k)) for k in range(count_frames(path) - 1))


def _require_images(files: Sequence[Path]) -> None:
    """Refuses folders and videos among several files."""
    for file in files:
        kind = "a folder" if file.is_dir() else "a video" if file.suffix.lower() in VIDEO_EXTENSIONS else ""
        if kind:
            raise InputError(
                f"{file} is {kind} and one of {len(files)} files; give one folder, or one video, or two or more images."
            )


def is_image(path: Path) -> bool:
    """Whether a file is an image by its ending."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def in_order(path: Path) -> list[tuple[int, str]]:
    """A key that sorts frame2 before frame10."""
    return [(int(number or 0), text) for text, number in re.findall(r"(\D*)(\d*)", path.name)]
