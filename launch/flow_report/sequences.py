"""Sequences of frames that a user names: videos, images, folders of either; each is read frame by frame."""

import hashlib
import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from launch.flow_report.video import CLIPS, EvenClips
from tvnet_keras.entries import entries
from tvnet_keras.errors import InputError
from tvnet_keras.flow.pairs import FRAMES, Pair, read_image
from tvnet_keras.flow.pairs.parts.files import in_order, is_image
from tvnet_keras.flow.pairs.parts.neighbours import Neighbours
from tvnet_keras.video.read import LARGEST_PIXELS, declared, iterate_frames
from tvnet_keras.video.resize import resize_half_pixel_antialiased
from tvnet_keras.video.split_files import VIDEO_EXTENSIONS

FORMS = "two or more images, any number of videos, or folders of either"


@dataclass(frozen=True)
class Selection:
    """Which frames of a sequence are taken, and at which size.

    Attributes:
        start: number of the first frame, from 0.
        end: number of the first frame that is no longer taken; None takes all.
        stride: every so many-th frame is taken; flow is that from one to the next that is taken.
        size: (height, width) in pixels to which frames are resized; None keeps their own.
        max_pixels: largest number of pixels of a frame after that.

    Raises:
        InputError: fewer than two frames could be taken.
    """

    start: int = 0
    end: int | None = None
    stride: int = 1
    size: tuple[int, int] | None = None
    max_pixels: int = LARGEST_PIXELS

    def __post_init__(self) -> None:
        if self.end is not None and self.end <= self.start + self.stride:
            raise InputError(
                f"--start={self.start} --end={self.end} --stride={self.stride} take fewer than two frames; raise --end."
            )

    def record(self) -> dict:
        """What decides the frames, as JSON."""
        size = list(self.size) if self.size else "native"
        return {"start": self.start, "end": self.end, "stride": self.stride, "size": size}


@dataclass(frozen=True)
class FrameSequence:
    """A video, or images in their order.

    Attributes:
        name: what it is called among the results.
        files: the video file, or the images.
        is_video: whether it is a video.
        has_folder: whether its flow lies in a folder of its own; images that were named one by one have none.
    """

    name: str
    files: tuple[Path, ...]
    is_video: bool
    has_folder: bool = True

    def frames(self, selection: Selection) -> Generator[tuple[str, np.ndarray], None, None]:
        """The frames that are taken, one by one.

        Yields:
            The name of the frame, and uint8 `[H, W, 3]`, RGB.

        Raises:
            InputError: a file cannot be read, sizes differ, a frame is too large, or there are fewer than two frames.
        """
        taken, shape = 0, None
        for name, read in itertools.islice(self._all(), selection.start, selection.end, selection.stride):
            frame = read()
            if selection.size:
                frame = resize_half_pixel_antialiased(frame[None], selection.size)[0]
            if shape not in (None, frame.shape):
                raise InputError(
                    f"{self._told(name)} has {_size(frame.shape)} pixels and the frame before {_size(shape)}; give "
                    "frames of one size, or --size=HEIGHT,WIDTH."
                )
            shape = frame.shape
            require_pixels(self._told(name), frame.shape, selection.max_pixels)
            taken += 1
            yield name, frame
        if taken < FRAMES:
            raise InputError(
                f"{self.files[0]} gives {taken} of the two frames that flow needs, from --start={selection.start} at "
                f"--stride={selection.stride}."
            )

    def names(self, selection: Selection, pairs: int) -> list[str]:
        """The names of the first frames of so many pairs."""
        if self.is_video:
            return [_number(selection.start + k * selection.stride) for k in range(pairs)]
        return self.image_names()[selection.start : selection.end : selection.stride][:pairs]

    def rate(self, selection: Selection, otherwise: float) -> float:
        """Frames per second of what is taken; `otherwise` for images and for a video that declares none."""
        fps = declared(self.files[0])[0] if self.is_video else 0.0
        return fps / selection.stride if fps > 0 else otherwise

    def expected(self, selection: Selection) -> int:
        """The number of pairs, at least 1; a guess for a video, which may declare a wrong number of frames."""
        frames = declared(self.files[0])[1] if self.is_video else len(self.files)
        return max(1, len(range(frames)[selection.start : selection.end : selection.stride]) - 1)

    def some_pairs(self, selection: Selection) -> list[np.ndarray]:
        """Evenly spaced pairs of neighbouring frames, uint8 `[2, H, W, 3]`; a video is decoded for them."""
        if not self.is_video:
            places = np.unique(np.linspace(0, self.expected(selection) - 1, CLIPS, dtype=int))
            return [self._pair(selection, int(k)) for k in places]
        clips = EvenClips(FRAMES)
        for _, frame in self.frames(selection):
            clips(frame)
        return clips.clips()

    def pairs(self, selection: Selection) -> tuple[Pair, ...]:
        """All pairs of neighbouring frames, to be read in their order; a video is decoded here to count its frames."""
        names = [name for name, _ in self.frames(selection)]
        prefix = f"{self.name}/" if self.has_folder else ""
        neighbours = Neighbours(lambda: (frame for _, frame in self.frames(selection)), self.files[0])
        return tuple(Pair(prefix + name, partial(neighbours.pair, k)) for k, name in enumerate(names[:-1]))

    def record(self) -> dict:
        """What the files were when they were read, as JSON without their folder."""
        stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in self.files]
        digest = hashlib.sha256(repr(stats).encode()).hexdigest()
        return {"name": self.name, "files": len(self.files), "names_sizes_and_times": digest}

    def _pair(self, selection: Selection, number: int) -> np.ndarray:
        """One pair of images, uint8 `[2, H, W, 3]`."""
        start = selection.start + number * selection.stride
        both = replace(selection, start=start, end=start + selection.stride + 1)
        return np.stack([frame for _, frame in self.frames(both)])

    def _told(self, frame: str) -> str:
        """A frame in words; a sequence of images that were named one by one has but its first one's name."""
        return f"{frame} of {self.name}" if self.has_folder else f"The image {frame}"

    def _all(self) -> Iterator[tuple[str, Callable[[], np.ndarray]]]:
        """The names of all frames, and what reads them."""
        if self.is_video:
            for number, frame in enumerate(iterate_frames(self.files[0])):
                yield _number(number), partial(np.asarray, frame)
        else:
            for name, file in zip(self.image_names(), self.files, strict=True):
                yield name, partial(read_image, file)

    def image_names(self) -> list[str]:
        """The names of the frames of images."""
        names = [file.stem for file in self.files]
        if len(set(names)) < len(names):
            # Pairs of one name would overwrite each other's flow.
            names = [f"{k:05d}_{name}" for k, name in enumerate(names)]
        return names


def sequences_of(paths: Sequence[str]) -> tuple[FrameSequence, ...]:
    """The sequences that a user's files and folders are.

    Args:
        paths: videos; folders of videos, of which each is a sequence, or of images, which are one; all images that are
            named one by one are one too, in the order given.

    Raises:
        InputError: a file is missing, a folder holds neither or both, there is one image, or two sequences would have
            one name.
    """
    found: list[FrameSequence] = []
    loose = tuple(Path(path) for path in paths if is_image(Path(path)) and not Path(path).is_dir())
    for path in map(Path, paths):
        if path in loose:
            if path == loose[0] and not any(sequence.has_folder is False for sequence in found):
                found.append(FrameSequence(path.stem, loose, is_video=False, has_folder=False))
        elif path.is_dir():
            found += _of_folder(path)
        else:
            found.append(FrameSequence(path.stem, (path,), is_video=True))
    names: dict[str, FrameSequence] = {}
    for sequence in found:
        missing = next((file for file in sequence.files if not file.is_file()), None)
        if missing is not None:
            raise InputError(f"{missing} is missing; check the path.")
        if not sequence.is_video and len(sequence.files) < FRAMES:
            raise InputError(f"{sequence.files[0]} is one image; name the second one, a folder of images or a video.")
        other = names.setdefault(sequence.name, sequence)
        if other is not sequence:
            raise InputError(
                f"The flow of {other.files[0]} and of {sequence.files[0]} would have one name, {sequence.name}; give "
                "each its own --output_dir."
            )
    return tuple(found)


def inner_folders(paths: Sequence[str]) -> list[Path]:
    """Folders in a user's folders that hold videos or images, and that `sequences_of` therefore leaves out unsaid.

    Args:
        paths: as of `sequences_of`; a folder that is named itself is not left out.
    """
    named = {Path(path).resolve() for path in paths}
    inside = (entry for path in map(Path, paths) if path.is_dir() for entry in entries(path) if entry.is_dir())
    return [folder for folder in inside if folder.resolve() not in named and any(map(_is_read, entries(folder)))]


def _is_read(file: Path) -> bool:
    return file.is_file() and (is_image(file) or file.suffix.lower() in VIDEO_EXTENSIONS)


def _of_folder(folder: Path) -> list[FrameSequence]:
    files = [path for path in entries(folder) if path.is_file()]
    images = sorted((path for path in files if is_image(path)), key=in_order)
    videos = [path for path in files if path.suffix.lower() in VIDEO_EXTENSIONS]
    if bool(images) == bool(videos):
        found = f"{len(images)} images and {len(videos)} videos"
        if not files and any(path.is_dir() for path in entries(folder)):
            found += " beside its folders, which are not looked into"
        raise InputError(f"The folder {folder} holds {found}; name a folder of either, or the files themselves.")
    if videos:
        return [FrameSequence(path.stem, (path,), is_video=True) for path in videos]
    if len(images) < FRAMES:
        raise InputError(f"The folder {folder} holds {len(images)} images; a flow needs two frames.")
    return [FrameSequence(folder.resolve().name, tuple(images), is_video=False)]


def require_pixels(name: str, shape: Sequence[int], most: int) -> None:
    """Refuses frames `[H, W, ...]` of more than so many pixels.

    Raises:
        InputError: they have more.
    """
    if shape[0] * shape[1] > most:
        raise InputError(
            f"{name} has {_size(shape)} pixels, more than --max_pixels={most}; shrink it by --size=HEIGHT,WIDTH or, "
            "where there is the memory, raise --max_pixels."
        )


def _number(frame: int) -> str:
    return f"{frame:05d}"


def _size(shape: Sequence[int]) -> str:
    return f"{shape[1]} x {shape[0]}"
