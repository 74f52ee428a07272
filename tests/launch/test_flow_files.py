"""launch.flow on a user's own videos and images, as its command is given."""

import os
import signal
import time

import numpy as np
import pytest
from PIL import Image

from tests.launch.flow_report.test_video import write
from tests.launch.start import SECONDS, begin, peak_memory_of
from tests.textures import moving_clip
from tvnet_keras.flow.io import read_flo
from tvnet_keras.flow.picture import write_video
from tvnet_keras.video.read import read_frames

VELOCITY = (1.5, -0.75)
"""Pixels per frame, to the right and down."""


def film(path, frames=6, size=(48, 64)):
    """A video of a texture that moves by `VELOCITY`."""
    write_video(path, np.round(255 * moving_clip(frames, *size, VELOCITY)[0]).astype(np.uint8), fps=10)
    return path


def test_videos_and_folders_are_treated_by_one_command(launcher, tmp_path):
    videos, out = tmp_path / "videos", tmp_path / "out"
    film(videos / "first.mp4")
    film(videos / "second.avi", frames=4)
    (tmp_path / "frames").mkdir()
    for number, frame in enumerate(read_frames(videos / "first.mp4")[:3]):
        Image.fromarray(frame).save(tmp_path / f"frames/{number}.png")
    (tmp_path / "broken.mp4").write_text("no video")
    command = ("flow", "--solver=dis", f"--output_dir={out}", videos, tmp_path / "frames", tmp_path / "broken.mp4")
    outcome = launcher(*command, "--skip_unreadable")
    assert outcome.code == 0, outcome.error
    assert "skipped: " in outcome.error and "broken.mp4: cannot be opened as a video" in outcome.error
    assert f"written: {out}/dis/first.mp4 (5 pairs, colours up to " in outcome.out
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()) == [
        "dis/first.json", "dis/first.mp4", "dis/frames.json", "dis/frames/0.flo", "dis/frames/0.png",
        "dis/frames/1.flo", "dis/frames/1.png", "dis/second.json", "dis/second.mp4",
    ]  # fmt: skip
    middle = read_flo(out / "dis/frames/1.flo")[12:-12, 12:-12]
    np.testing.assert_allclose(np.median(middle, axis=(0, 1)), VELOCITY, atol=0.15)
    assert len(read_frames(out / "dis/first.mp4")) == 5
    again = launcher(*command)
    assert again.out.count("finished before: ") == 3
    said = again.sentence()
    assert "cannot be opened as a video" in said and said.endswith(" by --skip_unreadable.")


def test_a_folder_in_a_folder_is_not_passed_over_in_silence(here, tmp_path):
    film(tmp_path / "videos/first.mp4")
    inner = film(tmp_path / "videos/inner/second.mp4").parent
    (tmp_path / "videos/notes").mkdir()
    (tmp_path / "videos/notes/read_me.txt").write_text("no video")
    command = ("flow", "--solver=dis", f"--output_dir={tmp_path}/out", tmp_path / "videos")
    once = here(*command)
    assert once.code == 0 and f"passed over: {inner}, a folder in a folder" in once.error
    assert "notes" not in once.error and "choosing the scale of the colours" in once.error
    both = here(*command, inner)
    assert "passed over" not in both.error and "dis/second.mp4" in both.out


@pytest.mark.slow
def test_the_default_is_a_preset_and_writes_a_video(launcher, tmp_path):
    outcome = launcher("flow", f"--output_dir={tmp_path}/out", "--end=3", "--size=32,48", film(tmp_path / "film.mp4"))
    assert outcome.code == 0, outcome.error
    assert read_frames(tmp_path / "out/tvnet-5-5-50-generated/film.mp4").shape == (2, 32, 48, 3)


def test_after_ctrl_c_the_same_command_goes_on(launcher, tmp_path):
    path, out = write(tmp_path / "film.avi", 40, size=(240, 320)), tmp_path / "out"
    # Some 150 ms per pair, so that there is time to interrupt.
    solver = "tvl1-5-5-10"
    arguments = [f"--solver={solver}", "--write=flo", f"--output_dir={out}", path]
    (tmp_path / "said").mkdir()
    process = begin("flow", arguments, tmp_path / "said")
    until = time.monotonic() + SECONDS
    while not (out / solver / "film/00002.flo").exists() and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    process.join(SECONDS)
    error = (tmp_path / "said/error").read_text()
    assert process.exitcode == 130 and "Traceback" not in error
    assert "error: interrupted; finished files are whole, and the same command goes on" in error
    done = {file: file.stat().st_mtime_ns for file in (out / solver / "film").iterdir()}
    assert 3 <= len(done) < 39
    assert launcher("flow", *arguments).code == 0
    assert len(list((out / solver / "film").glob("*.flo"))) == 39
    assert all(file.stat().st_mtime_ns == written for file, written in done.items())


@pytest.mark.slow
def test_a_long_video_takes_the_memory_of_a_short_one(repository, tmp_path):
    peaks = []
    for frames in (60, 1200):
        flags = [
            "--solver=dis",
            f"--output_dir={tmp_path}/out",
            write(tmp_path / f"{frames}.avi", frames, size=(480, 640)),
        ]
        peaks.append(peak_memory_of(repository, "flow", flags))
    # All frames would be a gigabyte.
    assert peaks[1] < peaks[0] + 1e8
