"""Flow of whole videos and image sequences, pair by pair: a long one takes no more memory than a short one.

A thread reads frames, another one computes flow, and the main one paints and writes. What is finished is found by its
files and the record beside them, and is not computed again.
"""

import contextlib
import itertools
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from launch.flow_report.ahead import ahead
from launch.flow_report.formats import COLOUR_FORMATS, FLOW_FORMATS, WRITERS, Place
from launch.flow_report.pictures import write_picture
from launch.flow_report.records import COLOURS, FLOW, FRAMES, Record
from launch.flow_report.sequences import FrameSequence, Selection
from launch.run.progress import progress
from tvnet_keras.flow import solvers
from tvnet_keras.flow.colour import flow_to_colour
from tvnet_keras.flow.picture import beside, write_video

PERCENTILE = 99
"""The percentile of the lengths in evenly spaced pairs that gets saturated colours."""

LENGTHS_EVERY = 4
"""Of these pairs every so many-th row and column is looked at."""

SMALLEST_SCALE = 1.0
"""Least length in pixels that gets saturated colours without being asked for: noise of a still film is no motion."""

IMAGES_PER_SECOND = 10.0
"""Frames per second of a video of images, and of one whose file declares none."""


@dataclass(frozen=True)
class Output:
    """What is written.

    Attributes:
        folder: the folder of all results.
        formats: of `launch.flow_report.formats.FORMATS`.
        scale: length in pixels of a vector with a saturated colour; None takes one for each sequence.
        beside: whether the video shows the frames beside the colours.
        replace: whether results of other settings are replaced.
    """

    folder: Path
    formats: tuple[str, ...]
    scale: float | None = None
    beside: bool = False
    replace: bool = False


class Step(NamedTuple):
    """A pair on its way: the name of the first frame, that frame, and the flow `[H, W, 2]` if anything needs it."""

    name: str
    frame: np.ndarray
    flow: np.ndarray | None


class SequenceFlow:
    """The flow of a sequence by a solver, in its files.

    Args:
        sequence: the sequence.
        selection: which of its frames are taken.
        label: the solver's name among the results.
        solve: the solver.
        solver_record: what decides the solver's flow.
        output: what is written.
    """

    def __init__(
        self,
        sequence: FrameSequence,
        selection: Selection,
        label: str,
        solve: solvers.Solver,
        solver_record: dict[str, str],
        output: Output,
    ) -> None:
        self._sequence, self._selection, self._label = sequence, selection, label
        self._solve, self._solver_record, self._output = solve, solver_record, output
        self._place = Place(output.folder / label, sequence)
        self._files = tuple(form for form in output.formats if form != "video")
        self._colours = any(form in COLOUR_FORMATS for form in output.formats)

    def write(self) -> str:
        """Writes what is not there yet.

        Returns:
            A sentence on what there is now.

        Raises:
            InputError: frames cannot be read or treated, a file cannot be written, or there are results of other
                settings.
        """
        self._place.require_elsewhere()
        # What cannot be read leaves nothing behind.
        with contextlib.closing(self._sequence.frames(self._selection)) as frames:
            next(frames)
        record = Record(self._place, self._output.replace)
        record.claim(FLOW, {FRAMES: self._sequence.record(), **self._selection.record(), **self._solver_record})
        if self._colours:
            record.claim(COLOURS, {"scale": self._output.scale or "automatic", "beside": self._output.beside})
        present = self._place.present()
        if record.pairs is not None and self._is_whole(record.pairs, present):
            return f"finished before: {self._place.places(self._output.formats)}"
        scale = self._scale(record) if self._colours else SMALLEST_SCALE
        steps = ahead(self._steps(ahead(self._sequence.frames(self._selection)), present))
        pairs = self._write_steps(steps, present, scale)
        record.finish(pairs)
        colours = f", colours up to {scale:.3g} pixels" if self._colours else ""
        counted = f"{pairs} {'pair' if pairs == 1 else 'pairs'}"
        return f"written: {self._place.places(self._output.formats)} ({counted}{colours})"

    def _is_whole(self, pairs: int, present: set[Path]) -> bool:
        names = self._sequence.names(self._selection, pairs)
        files = {self._place.file(name, form) for name in names for form in self._files}
        return files <= present and not self._lacks_video()

    def _lacks_video(self) -> bool:
        return "video" in self._output.formats and not self._place.video.exists()

    def _scale(self, record: Record) -> float:
        """The length of a saturated vector, in pixels: given, known from before, or a percentile over time."""
        scale = self._output.scale or record.scale()
        if scale is None:
            # The first use of a solver on a machine compiles it, which takes longer than many a video.
            task = f"{self._label}, {self._sequence.name}: choosing the scale of the colours"
            print(task, file=sys.stderr, flush=True)
            flows = map(self._solve, self._sequence.some_pairs(self._selection))
            lengths = [np.linalg.norm(flow[::LENGTHS_EVERY, ::LENGTHS_EVERY], axis=-1).ravel() for flow in flows]
            scale = max(SMALLEST_SCALE, float(np.percentile(np.concatenate(lengths), PERCENTILE)))
        if scale != record.scale():
            record.note_scale(scale)
        return scale

    def _steps(
        self, frames: Generator[tuple[str, np.ndarray], None, None], present: set[Path]
    ) -> Generator[Step, None, None]:
        """Every pair with its flow, if that is not all written."""
        lacks_video = self._lacks_video()
        with contextlib.closing(frames):
            for (name, first), (_, second) in itertools.pairwise(frames):
                flow = None
                if lacks_video or any(self._place.file(name, form) not in present for form in self._files):
                    flow = self._place.stored(name, present)
                    flow = self._solve(np.stack([first, second])) if flow is None else flow
                yield Step(name, first, flow)

    def _write_steps(self, steps: Generator[Step, None, None], present: set[Path], scale: float) -> int:
        """Writes all steps; returns their number."""
        expected, count = self._sequence.expected(self._selection), 0

        def pictures() -> Iterator[np.ndarray]:
            nonlocal count
            for step in steps:
                if step.flow is not None:
                    yield self._write_step(step, present, scale)
                count += 1
                tell(count, max(count, expected))

        with contextlib.closing(steps), progress(f"{self._label}, {self._sequence.name}", "pairs") as tell:
            if self._lacks_video():
                rate = self._sequence.rate(self._selection, IMAGES_PER_SECOND)
                write_video(self._place.video, pictures(), rate)
            else:
                for _ in pictures():
                    pass
        return count

    def _write_step(self, step: Step, present: set[Path], scale: float) -> np.ndarray:
        """Writes those files of a pair that are not there; returns the picture for the video."""
        assert step.flow is not None
        for form in self._files:
            if form in FLOW_FORMATS and (path := self._place.file(step.name, form)) not in present:
                WRITERS[form](path, step.flow)
        colours = flow_to_colour(step.flow, scale) if self._colours else step.frame
        if "png" in self._files and (path := self._place.file(step.name, "png")) not in present:
            write_picture(path, colours)
        return beside(step.frame[None], step.flow[None], scale)[0] if self._output.beside else colours
