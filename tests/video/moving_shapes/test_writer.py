"""Moving Shapes as files: layout, exact flow, repeatability, resuming, and that one frame can't tell the motion."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.leftovers import as_a_new_process, dead_process, half_file
from tvnet_keras.errors import InputError
from tvnet_keras.video.moving_shapes.writer import CLASS_NAMES, LOOK_NAMES, exact_flow, write_dataset

FRAMES = 5  # odd: the middle frame is the anchor itself


def decode(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def motion_set(tmp_path_factory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("motion"), train_groups=14, test_groups=8, frames=FRAMES)


@pytest.fixture(scope="module")
def look_set(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("look")
    return write_dataset(folder, train_groups=14, test_groups=8, frames=FRAMES, label="look")


def clips(root: Path, subset: str) -> tuple[np.ndarray, np.ndarray]:
    """All clips of a list `[N, T, H, W, 3]` and their class numbers."""
    names = [line.split()[1] for line in (root / "splits/classInd.txt").read_text().splitlines()]
    listed = [line.split()[0] for line in (root / f"splits/{subset}list01.txt").read_text().splitlines()]
    labels = np.array([names.index(path.split("/")[0]) for path in listed])
    return np.stack([decode(root / "videos" / path) for path in listed]), labels


def test_lists_are_written_as_ucf101_writes_them(motion_set):
    lists = {path.name: path.read_bytes() for path in (motion_set / "splits").iterdir()}
    assert lists["classInd.txt"].startswith(b"1 MoveRight\r\n2 MoveLeft\r\n")
    assert lists["trainlist01.txt"].startswith(b"MoveRight/v_MoveRight_g01_c01.avi 1\r\n")
    assert lists["testlist01.txt"].startswith(b"MoveRight/v_MoveRight_g15_c01.avi\r\n")
    counts = {name: content.count(b"\r\n") for name, content in lists.items()}
    assert counts == {"classInd.txt": 12, "trainlist01.txt": 168, "testlist01.txt": 96}


def test_every_listed_clip_and_nothing_else_is_there_with_its_flow(motion_set):
    lines = [(motion_set / f"splits/{subset}list01.txt").read_text().split() for subset in ("train", "test")]
    listed = {word for subset in lines for word in subset if word.endswith(".avi")}
    for kind, suffix in (("videos", ".avi"), ("flow", ".npz")):
        found = {str(path.relative_to(motion_set / kind)) for path in (motion_set / kind).rglob("*.*")}
        assert found == {name.replace(".avi", suffix) for name in listed}


def test_files_are_mpeg4_of_key_frames_only(motion_set):
    with av.open(str(motion_set / "videos/ZoomIn/v_ZoomIn_g01_c01.avi")) as container:
        assert container.streams.video[0].codec_context.name == "mpeg4"
        frames = list(container.decode(video=0))
    assert len(frames) == FRAMES and all(frame.key_frame for frame in frames)


def test_middle_frame_of_a_group_is_the_same_under_all_motions(motion_set):
    stack = np.stack([decode(motion_set / f"videos/{name}/v_{name}_g03_c01.avi") for name in CLASS_NAMES])
    assert (stack[:, FRAMES // 2] == stack[0, FRAMES // 2]).all()
    assert (stack[1:, 0] != stack[0, 0]).any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_stored_flow_carries_each_frame_onto_the_next(motion_set, name):
    path = motion_set / f"videos/{name}/v_{name}_g02_c01.avi"
    flow = exact_flow(path)
    # Grey, for the file holds colour at half the resolution.
    video = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in decode(path)]).astype(np.float32)
    assert flow.shape == (FRAMES - 1, 64, 64, 2) and flow.dtype == np.float32
    y, x = np.mgrid[:64, :64].astype(np.float32)
    still, moved = [], []
    for frame, following, (u, v) in zip(video, video[1:], flow.transpose(0, 3, 1, 2), strict=False):
        warped = cv2.remap(following, x + u, y + v, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        moved.append(np.median(np.abs(warped - frame)))
        still.append(np.median(np.abs(following - frame)))
    assert np.mean(moved) < 3  # grey levels: what the codec and the interpolation leave
    assert np.mean(moved) < 0.5 * np.mean(still), (np.mean(moved), np.mean(still))


def test_the_whole_set_is_within_the_stated_speeds(motion_set):
    flows = np.stack([exact_flow(path) for path in sorted(motion_set.glob("videos/Move*/*.avi"))])
    assert 1.0 <= np.linalg.norm(flows, axis=-1).max() <= 1.8 + 1e-5
    assert not (np.linalg.norm(flows, axis=-1) < 0.1 - 1e-5).any(), "a background stands still"


def test_same_seed_gives_the_same_bytes_whatever_the_workers(tmp_path):
    arguments = {"train_groups": 1, "test_groups": 1, "frames": 3, "size": (32, 48)}
    first = files(write_dataset(tmp_path / "a", **arguments, workers=1))
    again = files(write_dataset(tmp_path / "b", **arguments, workers=3))
    other = files(write_dataset(tmp_path / "c", **arguments, seed=1))
    assert first == again
    video = "videos/ZoomIn/v_ZoomIn_g01_c01.avi"
    assert first[video] != other[video]
    assert decode(tmp_path / "a" / video).shape == (3, 32, 48, 3)


def test_a_killed_run_leaves_whole_files_and_is_finished_by_the_same_call(tmp_path):
    arguments = {"train_groups": 2, "test_groups": 1, "frames": 3, "workers": 1}
    whole = files(write_dataset(tmp_path / "whole", **arguments))

    def kill_at_clip_7(done: int, total: int) -> None:
        assert total == 36
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "killed", **arguments, progress=kill_at_clip_7)
    left = files(tmp_path / "killed")
    assert left.items() <= whole.items() and not any(name.startswith("splits") for name in left)
    (tmp_path / "killed/videos/ZoomIn").mkdir(parents=True, exist_ok=True)
    half_file(tmp_path / "killed/videos/ZoomIn/v_ZoomIn_g01_c01.avi", dead_process())
    as_a_new_process()
    before = {name: (tmp_path / "killed" / name).stat().st_mtime_ns for name in left}
    assert files(write_dataset(tmp_path / "killed", **arguments)) == whole
    assert before == {name: (tmp_path / "killed" / name).stat().st_mtime_ns for name in left}


def test_progress_counts_every_clip(tmp_path):
    seen = []
    write_dataset(
        tmp_path, train_groups=1, test_groups=1, frames=2, progress=lambda done, total: seen.append((done, total))
    )
    assert sorted(seen) == [(done, 24) for done in range(1, 25)]


def test_folder_with_something_else_is_refused(tmp_path):
    write_dataset(tmp_path / "set", train_groups=1, test_groups=1, frames=2)
    with pytest.raises(InputError, match="made otherwise"):
        write_dataset(tmp_path / "set", train_groups=1, test_groups=1, frames=2, seed=5)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/holiday.mp4").write_bytes(b"x")
    with pytest.raises(InputError, match="already holds other files"):
        write_dataset(tmp_path / "mine")
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(InputError, match="file"):
        write_dataset(tmp_path / "file")
    with pytest.raises(InputError, match="Cannot write"):
        write_dataset(tmp_path / "file" / "below")


@pytest.mark.parametrize(
    "arguments",
    [
        {"label": "lokk"},
        {"frames": 1},
        {"size": (63, 64)},
        {"size": (16, 16)},
        {"train_groups": 0},
        {"frames": 10**9},
        {"size": (100_000, 100_000)},
        {"test_groups": -1},
        {"seed": -1},
    ],
)
def test_bad_arguments_are_named(tmp_path, arguments):
    with pytest.raises(InputError, match=next(iter(arguments))):
        write_dataset(tmp_path / "set", **arguments)
    assert not (tmp_path / "set").exists()


def test_flow_is_found_from_inside_the_folder_of_the_set(motion_set, monkeypatch):
    path = "videos/MoveUp/v_MoveUp_g01_c01.avi"
    monkeypatch.chdir(motion_set)
    assert (exact_flow(path) == exact_flow(motion_set / path)).all()


def test_flow_is_read_without_pythons_parser_which_threads_cannot_share(motion_set, monkeypatch):
    path = next(motion_set.glob("videos/*/*.avi"))
    with np.load(motion_set / "flow" / path.parent.name / f"{path.stem}.npz") as stored:
        expected = stored["flow"]

    def shared(*arguments, **options):
        raise SystemError("AST constructor recursion depth mismatch")

    with monkeypatch.context() as patch:
        patch.setattr("ast.parse", shared)
        flow = exact_flow(path)
    assert flow.dtype == np.float32 and flow.flags.writeable and np.array_equal(flow, expected)


def test_flow_of_a_foreign_video_is_refused(tmp_path):
    for path in (tmp_path / "videos/Archery/v_Archery_g01_c01.avi", Path("loose.avi")):
        with pytest.raises(InputError, match="No exact flow"):
            exact_flow(path)


def colours_of_one_random_frame(video: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Hue histogram weighted by saturation, and the places of the saturated pixels, of a random frame per clip."""
    features = []
    for frame in video[np.arange(len(video)), rng.integers(0, video.shape[1], len(video))]:
        hsv = cv2.cvtColor(frame, cv2.COLOR_RGB2HSV)
        hue = np.bincount(hsv[..., 0].ravel() // 15, hsv[..., 1].ravel() / 255.0, minlength=12)
        place = cv2.resize(hsv[..., 1], (4, 4), interpolation=cv2.INTER_AREA).ravel() / 255.0
        features.append(np.concatenate([np.sqrt(hue / hsv[..., 0].size), 0.2 * place]))
    return np.array(features)


def single_frame_accuracy(root: Path) -> tuple[float, int]:
    """Nearest neighbour from a random training frame to a random test frame."""
    rng = np.random.default_rng(0)
    (train, train_labels), (test, test_labels) = clips(root, "train"), clips(root, "test")
    known, asked = colours_of_one_random_frame(train, rng), colours_of_one_random_frame(test, rng)
    nearest = np.argmin(((asked[:, None] - known[None]) ** 2).sum(-1), axis=1)
    return float(np.mean(train_labels[nearest] == test_labels)), len(test)


def test_one_frame_tells_the_look_but_not_the_motion(motion_set, look_set):
    chance = 1 / 12
    accuracy, clips_tested = single_frame_accuracy(motion_set)
    deviation = np.sqrt(chance * (1 - chance) / clips_tested)
    assert abs(accuracy - chance) < 3 * deviation
    accuracy, clips_tested = single_frame_accuracy(look_set)
    assert accuracy > chance + 6 * deviation


def test_look_classes_are_balanced_and_their_motion_is_not_the_class(look_set):
    assert {path.name for path in (look_set / "videos").iterdir()} == set(LOOK_NAMES) and len(LOOK_NAMES) == 12
    directions = [exact_flow(path).mean((0, 1, 2)) for path in sorted(look_set.glob("videos/RedDisc/*.avi"))]
    quadrants = {(u > 0, v > 0) for u, v in directions}
    assert len(quadrants) == 4
