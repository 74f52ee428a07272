"""Flow beside frames, contact sheets and written videos."""

from __future__ import annotations

import av
import numpy as np
import pytest
from PIL import Image

from tvnet_keras.errors import InputError
from tvnet_keras.flow.colour import flow_to_colour
from tvnet_keras.flow.picture import GAP, beside, contact_sheet, write_video
from tvnet_keras.video.read import read_frames


def ramp(count: int, height: int, width: int) -> np.ndarray:
    """Smooth frames that differ from each other."""
    y, x = np.mgrid[:height, :width]
    frames = [np.stack([x * 2 + 10 * t, y * 2, 128 + 0 * x], axis=-1) for t in range(count)]
    return np.stack(frames).clip(0, 255).astype(np.uint8)


def test_beside_shows_the_frame_the_flow_and_a_wheel():
    frames, flow = ramp(4, 40, 60), np.zeros((3, 40, 60, 2), np.float32)
    flow[..., 0] = np.arange(1, 4)[:, None, None]
    pictures = beside(frames, flow)
    assert pictures.shape == (3, 40, 2 * 60 + GAP, 3) and pictures.dtype == np.uint8
    assert (pictures[:, :, :60] == frames[:3]).all()
    assert (pictures[:, :30, 60 + GAP :] == flow_to_colour(flow)[:, :30]).all()
    assert (pictures[:, -9:, -9:] != flow_to_colour(flow)[:, -9:, -9:]).any(), "no wheel"


def test_beside_stretches_small_flow():
    pictures = beside(ramp(3, 40, 60), np.ones((1, 10, 15, 2), np.float32))
    assert pictures.shape == (1, 40, 124, 3)


@pytest.mark.parametrize("shape", [(4, 8, 8, 2), (0, 8, 8, 2), (8, 8, 2), (2, 8, 8, 3)])
def test_beside_refuses_flow_that_does_not_fit(shape):
    with pytest.raises(InputError, match="Received"):
        beside(ramp(3, 8, 8), np.zeros(shape, np.float32))


def test_contact_sheet_places_each_picture():
    reds, blues = np.full((20, 30, 3), (255, 0, 0), np.uint8), np.full((20, 30, 3), (0, 0, 255), np.uint8)
    sheet = contact_sheet([[reds, blues], [blues, reds]], ["frame", "a title far too long for its column"], scale=2)
    red, blue = (sheet == (255, 0, 0)).all(-1), (sheet == (0, 0, 255)).all(-1)
    assert red.sum() == blue.sum() == 2 * 40 * 60
    assert red[-GAP - 1, -GAP - 1] and blue[-GAP - 1, GAP], "second row: blue, then red"
    header = sheet[: sheet.shape[0] - 2 * (40 + GAP)]
    dark_columns = (header < 100).all(-1).any(axis=0)
    assert dark_columns[: GAP + 60].any() and dark_columns[-GAP - 60 :].any(), "a title is missing"
    assert not dark_columns[GAP + 60 : 2 * GAP + 60].any(), "a title runs into the next column"


@pytest.mark.parametrize(
    ("rows", "titles"),
    [
        ([], ["a"]),
        ([[np.zeros((4, 4, 3))]], ["a", "b"]),
        ([[np.zeros((4, 4, 3)), np.zeros((5, 4, 3))]], ["a", "b"]),
        ([[np.zeros((4, 4))]], ["a"]),
    ],
)
def test_contact_sheet_refuses_unequal_pictures(rows, titles):
    with pytest.raises(InputError, match="Received"):
        contact_sheet(rows, titles)


@pytest.mark.parametrize(("suffix", "tolerance"), [("mp4", 4), ("avi", 4)])
@pytest.mark.parametrize("size", [(48, 64), (47, 63)])
def test_video_holds_the_frames(tmp_path, suffix, tolerance, size):
    frames = ramp(5, *size)
    write_video(tmp_path / f"new/clip.{suffix}", frames, fps=12.5)
    with av.open(str(tmp_path / f"new/clip.{suffix}")) as container:
        assert float(container.streams.video[0].average_rate) == pytest.approx(12.5)
        decoded = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    assert decoded.shape == (5, 48, 64, 3)
    assert np.abs(decoded[:, : size[0], : size[1]].astype(int) - frames).mean() < tolerance
    assert [path.name for path in (tmp_path / "new").iterdir()] == [f"clip.{suffix}"]


@pytest.mark.parametrize("suffix", ["mp4", "avi", "gif"])
def test_frames_may_be_made_on_the_way(tmp_path, suffix):
    frames = ramp(5, 31, 33)
    for name, given in (("array", frames), ("made", (frame for frame in frames))):
        write_video(tmp_path / f"{name}.{suffix}", given, fps=10)
    # Not the bytes: an mp4 says when it was written.
    made, array = (read_frames(tmp_path / f"{name}.{suffix}") for name in ("made", "array"))
    assert len(made) == 5
    np.testing.assert_array_equal(made, array)


@pytest.mark.parametrize("size", [(31, 33), (48, 64), (100, 150)])
@pytest.mark.parametrize("suffix", ["mp4", "avi", "gif"])
def test_the_same_frames_give_the_same_video_whatever_lies_in_memory(tmp_path, suffix, size):
    frames, random, written = ramp(5, *size), np.random.default_rng(0), []
    for _ in range(12):
        # Freed at once, so that the encoder's next buffers hold other bytes each time.
        _ = [random.integers(0, 256, random.integers(500, 40000), np.uint8) for _ in range(50)]
        write_video(tmp_path / f"clip.{suffix}", frames, fps=10)
        written.append(read_frames(tmp_path / f"clip.{suffix}"))
    for again in written[1:]:
        np.testing.assert_array_equal(again, written[0])


@pytest.mark.parametrize(("suffix", "size"), [("mp4", 128), ("avi", 128), ("gif", 64)])
def test_a_video_is_written_while_its_frames_are_made(tmp_path, suffix, size):
    noise, written = np.random.default_rng(0).integers(0, 256, (150, size, size, 3), np.uint8), []

    def frames():
        for frame in noise:
            yield frame
            written.append(sum(path.stat().st_size for path in tmp_path.iterdir()))

    write_video(tmp_path / f"clip.{suffix}", frames(), fps=10)
    # An encoder looks some frames ahead, and a file has a buffer.
    assert written[-1] > written[len(noise) // 2] > 0.2 * written[-1]


def test_a_gif_keeps_frames_that_are_equal_and_shows_at_most_fifty_a_second(tmp_path):
    write_video(tmp_path / "clip.gif", np.repeat(ramp(1, 31, 33), 4, axis=0), fps=1000)
    assert len(read_frames(tmp_path / "clip.gif")) == 4
    with Image.open(tmp_path / "clip.gif") as image:
        assert image.info["duration"] == 20


@pytest.mark.parametrize("suffix", ["mp4", "avi", "gif"])
def test_a_frame_of_another_size_is_refused_and_leaves_nothing(tmp_path, suffix):
    frames = [*ramp(3, 16, 16), *ramp(1, 16, 18)]
    with pytest.raises(InputError, match=r"of one size. Received: uint8 \(16, 18, 3\)"):
        write_video(tmp_path / f"clip.{suffix}", iter(frames), fps=10)
    assert not list(tmp_path.iterdir())


def test_gif_holds_the_frames(tmp_path):
    frames = ramp(4, 31, 33)
    write_video(tmp_path / "clip.gif", frames, fps=10)
    with Image.open(tmp_path / "clip.gif") as image:
        assert image.n_frames == 4 and image.info["duration"] == 100 and image.info["loop"] == 0
        image.seek(2)
        assert np.abs(np.asarray(image.convert("RGB")).astype(int) - frames[2]).mean() < 4


@pytest.mark.parametrize(
    ("name", "frames", "fps", "message"),
    [
        ("clip.mov", ramp(2, 8, 8), 10, r"clip\.mov"),
        ("clip.mp4", ramp(2, 8, 8)[:0], 10, "uint8"),
        ("clip.mp4", ramp(2, 8, 8).astype(np.float32), 10, "float32"),
        ("clip.gif", ramp(2, 8, 8)[0], 10, "T, H, W, 3"),
        ("clip.gif", ramp(2, 8, 8), 0, "fps=0"),
        ("file/clip.gif", ramp(2, 8, 8), 10, "Cannot write"),
        ("file/clip.mp4", ramp(2, 8, 8), 10, "Cannot write"),
    ],
)
def test_bad_video_is_refused_and_leaves_nothing(tmp_path, name, frames, fps, message):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=message):
        write_video(tmp_path / name, frames, fps)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
