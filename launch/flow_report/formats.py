"""The files that flow can be written to, and where those of a sequence lie."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from launch.flow_report.sequences import FrameSequence
from tvnet_keras.atomic import atomic_path
from tvnet_keras.choices import check_choice
from tvnet_keras.entries import entries
from tvnet_keras.errors import InputError
from tvnet_keras.flow.io import read_flo, write_flo, write_kitti

FLOW_FORMATS = ("flo", "kitti", "npy")
COLOUR_FORMATS = ("png", "video")
FORMATS = (*FLOW_FORMATS, *COLOUR_FORMATS)

VIDEO_SUFFIX = ".mp4"

_SUFFIXES = {"flo": ".flo", "kitti": ".kitti.png", "npy": ".npy", "png": ".png"}


def write_npy(path: Path, flow: np.ndarray) -> None:
    """Writes flow `[H, W, 2]`, in pixels, as float32 in NumPy's .npy, whole or not at all."""
    with atomic_path(path) as partial:
        np.save(partial, np.asarray(flow, np.float32))


WRITERS = {"flo": write_flo, "kitti": write_kitti, "npy": write_npy}
"""What writes the flow of a pair, by the format."""


def parse_formats(words: Iterable[str]) -> tuple[str, ...]:
    """The formats that `--write` names, in the order of `FORMATS`.

    Raises:
        InputError: a word is no format.
    """
    chosen = {check_choice("--write", word.strip(), FORMATS) for word in words}
    return tuple(name for name in FORMATS if name in chosen)


@dataclass(frozen=True)
class Place:
    """Where the results of a sequence lie.

    Attributes:
        root: the folder of a solver.
        sequence: the sequence.
    """

    root: Path
    sequence: FrameSequence

    @property
    def record(self) -> Path:
        """The file that says how the results were made."""
        return self.root / f"{self.sequence.name}.json"

    @property
    def video(self) -> Path:
        """The video of the colours."""
        return self.root / f"{self.sequence.name}{VIDEO_SUFFIX}"

    @property
    def folder(self) -> Path:
        """The folder of the files of single pairs."""
        return self.root / self.sequence.name if self.sequence.has_folder else self.root

    def file(self, frame: str, form: str) -> Path:
        """The file of a pair.

        Args:
            frame: the name of the first frame.
            form: the format, other than "video".
        """
        return self.folder / f"{frame}{_SUFFIXES[form]}"

    def present(self) -> set[Path]:
        """The files of single pairs that are there."""
        return set(entries(self.folder)) if self.folder.is_dir() else set()

    def holds(self, forms: Iterable[str]) -> bool:
        """Whether there are results of some formats."""
        return any(True for _ in self._results(forms))

    def remove(self, forms: Iterable[str]) -> None:
        """Removes the results of some formats."""
        for path in self._results(forms):
            path.unlink()

    def _results(self, forms: Iterable[str]) -> Iterator[Path]:
        """The files that are there of some formats; nobody else's."""
        forms = tuple(forms)
        endings = "|".join(re.escape(_SUFFIXES[form]) for form in forms if form in _SUFFIXES)
        stems = (
            r"\d{5,}" if self.sequence.is_video else "|".join(re.escape(name) for name in self.sequence.image_names())
        )
        for path in self.present() if endings else ():
            if re.fullmatch(f"({stems})({endings})", path.name):
                yield path
        if "video" in forms and self.video.exists():
            yield self.video

    def require_elsewhere(self) -> None:
        """Refuses to write beside what is read, which could be overwritten.

        Raises:
            InputError: the frames or the video lie where the results would.
        """
        places = {self.folder.resolve(), self.root.resolve()}
        if self.sequence.files[0].resolve().parent in places:
            raise InputError(
                f"{self.sequence.files[0]} lies where its flow would be written, {self.folder}; choose another "
                "--output_dir."
            )

    def places(self, forms: Iterable[str]) -> str:
        """Where the results of some formats lie, in words."""
        return ", ".join(
            f"{self.folder}/*{_SUFFIXES[form]}" if form in _SUFFIXES else str(self.video) for form in forms
        )

    def stored(self, frame: str, present: set[Path]) -> np.ndarray | None:
        """The flow of a pair `[H, W, 2]`, if a file among `present` holds it as it was computed."""
        if (path := self.file(frame, "npy")) in present:
            return np.load(path)
        if (path := self.file(frame, "flo")) in present:
            return read_flo(path)
        return None
