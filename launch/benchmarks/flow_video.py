"""Flow of a whole video: `launch.flow --solver=dis` beside the same in a few lines of OpenCV.

    python -m launch.benchmark --suite=flow_video
    python -m launch.benchmark --suite=flow_video --input=video=my_video.mp4

Both write the colours of the flow, once as a video and once as a PNG of every pair, each in a process of its own, by
turns, on two cores. Some ten minutes. Without a video one is made: ten seconds of 720p in which a texture moves.
`to_opencv` is the ratio of the wall-clock times of the same form: of `whole_s`, the whole command, and of `s`, without
the start, which is the time of the same command on the first two frames (Python, its imports, and one pair).
`user_s` is the time of all cores, children included.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from launch.benchmarks.parts import opencv_flow
from launch.benchmarks.parts.classical import THREADS
from launch.benchmarks.parts.cores import busy_notes, limited_cores
from launch.benchmarks.parts.fresh_process import REPOSITORY
from launch.run.progress import progress
from tvnet_keras.flow.picture import write_video
from tvnet_keras.video.read import iterate_frames, probe

SIZE = (720, 1280)
"""Height and width of the video that is made, in pixels."""

FRAMES, RATE = 300, 30
"""Its number of frames, and frames per second."""

ROUNDS = 3
OURS, THEIRS = "launch.flow", "OpenCV"
FORMS = ("video", "png")


def run(*, video: str = "") -> dict:
    """Measures both, with both forms of output.

    Args:
        video: a video file; without one, a texture that moves.

    Raises:
        InputError: the video cannot be read.
        RuntimeError: a process fails; the message has what it printed.
    """
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, limited_cores(THREADS) as cores:
        whole = video or write_texture(Path(folder) / "video.mp4")
        info = probe(whole)
        start = _first_two(whole, Path(folder) / "start.mp4")
        measured: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
        with progress("measuring", "rounds") as show:
            for number in range(ROUNDS):
                for form in FORMS:
                    for name in (OURS, THEIRS):
                        for part, path in (("start", start), ("whole", whole)):
                            measured.setdefault((name, form, part), []).append(_seconds(name, form, path))
                show(number + 1, ROUNDS)
    return {
        "protocol": {
            "video": Path(video).name or "a generated texture that moves",
            "frames": info.frames,
            "size": [info.height, info.width],
            "solver": "dis",
            "times": f"median of {ROUNDS} rounds, by turns, each command in a process of its own",
            "cores": cores,
            "load_at_start": round(load, 2),
        },
        "notes": busy_notes(load),
        "rows": rows_of(measured),
    }


def rows_of(measured: dict[tuple[str, str, str], list[tuple[float, float]]]) -> list[dict]:
    """The rows of the table.

    Args:
        measured: seconds on the clock and of all cores of every call, by name, form and part ("start" or "whole").
    """
    medians = {key: np.median(np.array(calls), axis=0) for key, calls in measured.items()}
    rows = []
    for form in FORMS:
        for name in (OURS, THEIRS):
            whole, start = medians[name, form, "whole"], medians[name, form, "start"]
            other, other_start = medians[THEIRS, form, "whole"], medians[THEIRS, form, "start"]
            rows.append(
                {
                    "flow by": name,
                    "written": form,
                    "whole_s": float(whole[0]),
                    "s": float(whole[0] - start[0]),
                    "user_s": float(whole[1] - start[1]),
                    "whole_to_opencv": float(whole[0] / other[0]),
                    "to_opencv": float((whole - start)[0] / (other - other_start)[0]),
                    "user_to_opencv": float((whole - start)[1] / (other - other_start)[1]),
                }
            )
    return rows


def write_texture(path: Path) -> str:
    """Writes a video of a texture that moves on a slow ellipse."""
    height, width = SIZE
    margin = 64
    noise = np.random.default_rng(0).integers(0, 256, (height + 2 * margin, width + 2 * margin, 3), dtype=np.uint8)
    blurred = cv2.GaussianBlur(noise, (0, 0), 3)
    texture = cv2.normalize(blurred, np.empty_like(blurred), 0, 255, cv2.NORM_MINMAX)

    def frames() -> Iterator[np.ndarray]:
        for number in range(FRAMES):
            turn = 2 * np.pi * number / 100
            top, left = (margin + np.round(0.9 * margin * np.array([np.sin(turn), np.cos(turn)]))).astype(int)
            yield np.ascontiguousarray(texture[top : top + height, left : left + width])

    write_video(path, frames(), RATE)
    return str(path)


def _first_two(video: str, path: Path) -> str:
    """A video of the first two frames."""
    frames = iterate_frames(video)
    write_video(path, [next(frames), next(frames)], RATE)
    return str(path)


def _seconds(name: str, form: str, video: str) -> tuple[float, float]:
    """Seconds on the clock, and those of all cores, of writing the flow of a video to an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        if name == OURS:
            command = ["-m", "launch.flow", "--solver=dis", f"--write={form}", f"--output_dir={folder}"]
        else:
            command = [opencv_flow.__file__]
        command = [sys.executable, *command, str(Path(video).resolve())]
        if name == THEIRS:
            command.append(f"{folder}/flow.mp4" if form == "video" else folder)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
        seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
