"""Flow of a list of videos comes back within the error of its 8 bits, from exactly the pairs that were asked for."""

from __future__ import annotations

import json
import shutil
import threading
from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest

from tests.video.conftest import encode
from tvnet_keras.errors import InputError
from tvnet_keras.flow.codec import FORMATS, quantisation_error
from tvnet_keras.flow.solvers import make_solver
from tvnet_keras.flow.store import FlowFormat, StoredFlow, write_flow
from tvnet_keras.video import CachedVideos, Video, VideoError, VideoList, read_frames, write_cache
from tvnet_keras.video.sample import even_clips

COUNTS = {"tiny": 2, "short": 5, "middle": 9, "long": 14}
"""Numbers of frames by video."""

SIZE = (32, 48)
RECORD = {"solver": "brightness"}

ROUNDING = 1e-5
"""Of float32, for flow of up to 20 pixels."""


def brightness(frames):
    """A solver whose flow tells both frames apart from all others, smooth and of up to 6 pixels."""
    first, second = frames.astype("float32").mean(axis=-1)
    return np.stack([first, second], axis=-1) / 25.5 - 4


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    root = tmp_path_factory.mktemp("videos")
    paths = {name: encode(root / f"{name}.avi", count, seed=count, size=SIZE) for name, count in COUNTS.items()}
    return VideoList(tuple(Video(str(path), k % 2, name) for k, (name, path) in enumerate(paths.items())), ("a", "b"))


@pytest.fixture(scope="module")
def solved(videos):
    """What the solver says of every pair, by video: `[T-1, H, W, 2]`."""
    frames = {video.video_id: read_frames(video.path) for video in videos.videos}
    return {
        name: np.stack([brightness(part[k : k + 2]) for k in range(len(part) - 1)]) for name, part in frames.items()
    }


def write(videos, folder, form=None, solver=brightness, record=None, **options):
    return write_flow(videos, folder, lambda: solver, record or RECORD, form, **{"shards": 2, "workers": 2, **options})


@pytest.fixture(scope="module")
def whole(videos, tmp_path_factory):
    """All pairs, as PNG."""
    return write(videos, tmp_path_factory.mktemp("whole") / "store", FlowFormat(form="png"))


@pytest.fixture
def copied(whole, tmp_path):
    return shutil.copytree(whole._folder, tmp_path / "copy")


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def test_every_pair_comes_back_within_half_a_step(whole, solved):
    assert set(whole.video_ids) == set(COUNTS) and whole.solver == RECORD
    for name, flow in solved.items():
        first = np.arange(len(flow))
        assert whole.pairs(name) == tuple(first)
        stored = whole.read(name, first, first + 1)
        assert stored.dtype == np.float32 and stored.shape == flow.shape
        assert np.abs(stored - flow).max() <= quantisation_error() + ROUNDING
        # Any other pair's flow is further away.
        assert all(np.abs(stored[k] - flow[k - 1]).max() > 1 for k in range(1, len(flow)))


def test_jpeg_loses_little_and_takes_less_the_worse_it_is(videos, solved, tmp_path):
    good, bad = (write(videos, tmp_path / str(quality), FlowFormat(quality=quality)) for quality in (95, 30))
    assert good.form.form == "jpg" and 0 < bad.bytes_per_pair < 0.8 * good.bytes_per_pair
    for name, flow in solved.items():
        first = np.arange(len(flow))
        error, worse = (np.abs(stored.read(name, first, first + 1) - flow).mean() for stored in (good, bad))
        # Of evenly spread errors the mean is half the largest; JPEG adds about as much again.
        assert error < quantisation_error() < worse


def test_a_smaller_bound_has_smaller_steps_and_clips(videos, solved, tmp_path):
    near = write(videos, tmp_path, FlowFormat(form="png", bound=3))
    (found,) = near.read("middle", np.array([4]), np.array([5]))
    expected = solved["middle"][4]
    assert np.abs(expected).max() > 3.5
    assert np.abs(found - np.clip(expected, -3, 3)).max() <= quantisation_error(3) + ROUNDING


def test_a_stored_picture_takes_so_many_bytes(whole):
    sizes = [path.stat().st_size for path in whole._folder.glob("*.tfrecord")]
    pairs = sum(count - 1 for count in COUNTS.values())
    # A record has 16 bytes of its own.
    assert whole.bytes_per_pair * pairs == pytest.approx(sum(sizes) - 16 * pairs)


@pytest.mark.parametrize(("windows", "window"), [(3, 2), (1, 5), (2, 4), (5, 1), (3, 20)])
def test_windows_hold_exactly_the_pairs_of_the_evenly_spaced_clips(videos, whole, tmp_path, windows, window):
    stored = write(videos, tmp_path, FlowFormat("png", windows=windows, window=window))
    assert (stored.form.windows, stored.form.window) == (windows, window)
    for name, count in COUNTS.items():
        inside = {
            (int(first), int(last))
            for clip in even_clips(count, window + 1, windows, short="clamp")
            for first, last in zip(clip[:-1], clip[1:], strict=True)
            if first != last
        }
        assert stored.pairs(name) == tuple(sorted(first for first, _ in inside)) and inside
        for first in range(count - 1):
            pair = np.array([first]), np.array([first + 1])
            if (first, first + 1) in inside:
                np.testing.assert_array_equal(stored.read(name, *pair), whole.read(name, *pair))
                stored.require(name, *pair)
                continue
            sentence = f"flow of {name} from frame {first} to {first + 1} is not in .*{windows} windows of {window} "
            for call in (stored.read, stored.require):
                with pytest.raises(InputError, match=sentence):
                    call(name, *pair)


def test_over_several_steps_the_flow_is_composed(whole):
    steps = whole.read("long", np.arange(13), np.arange(1, 14))
    (found,) = whole.read("long", np.array([3]), np.array([5]))
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    ends = [np.rint(axis + steps[3][..., k]).astype(int).clip(0, SIZE[1 - k] - 1) for k, axis in enumerate((x, y))]
    nearest = steps[3] + steps[4][ends[1], ends[0]]
    assert np.median(np.abs(found - nearest)) < 0.1 < np.median(np.abs(found - steps[3]))
    assert not whole.read("tiny", np.array([1]), np.array([1])).any()


def test_every_number_of_workers_gives_the_same_bytes(videos, whole, tmp_path):
    for workers in (1, 3):
        write(videos, tmp_path / str(workers), FlowFormat(form="png"), workers=workers)
        assert bytes_of(tmp_path / str(workers)) == bytes_of(whole._folder)


def test_every_thread_has_a_solver_of_its_own(videos, tmp_path):
    made, used = [], []

    def make():
        own = threading.get_ident()
        made.append(own)

        def solve(frames):
            used.append(own == threading.get_ident())
            return brightness(frames)

        return solve

    write_flow(videos, tmp_path, make, RECORD, workers=3)
    assert len(made) == len(set(made)) <= 3 and all(used) and len(used) == sum(COUNTS.values()) - len(COUNTS)


@pytest.mark.slow
def test_tvnet_solves_in_several_threads_as_in_one(videos, tmp_path):
    found = {}
    for workers in (1, 3):
        stored = write_flow(
            videos, tmp_path / str(workers), lambda: make_solver("tvnet-1-1-3"), RECORD, workers=workers
        )
        found[workers] = stored.read("long", np.arange(13), np.arange(1, 14))
    np.testing.assert_array_equal(found[1], found[3])
    assert np.abs(found[1]).max() > 0.1


class Stopped(BaseException):
    """Stands in for a kill."""


def test_a_run_that_was_killed_repeats_no_finished_video(videos, whole, tmp_path):
    solved = Counter()

    def failing(frames):
        solved["first"] += 1
        if solved["first"] == 9:
            raise Stopped
        return brightness(frames)

    def counting(frames):
        solved["second"] += 1
        return brightness(frames)

    with pytest.raises(Stopped):
        write(videos, tmp_path, FlowFormat(form="png"), failing, workers=1)
    with pytest.raises(InputError, match="holds no finished store of flow"):
        StoredFlow(tmp_path)
    steps = []
    write(videos, tmp_path, FlowFormat(form="png"), counting, workers=1, progress=lambda *step: steps.append(step))
    # The video of 9 frames broke off at its last pair, the eighth; every other pair was solved once.
    assert solved.total() == sum(COUNTS.values()) - len(COUNTS) + 8
    assert steps == [(done, len(COUNTS)) for done in range(1, len(COUNTS) + 1)]
    assert bytes_of(tmp_path) == bytes_of(whole._folder)
    assert not [path for path in tmp_path.iterdir() if "part" in path.name]
    write(videos, tmp_path, FlowFormat(form="png"), None)


@pytest.mark.parametrize(
    ("record", "change"),
    [
        ({"solver": "another"}, {}),
        (None, {"form": "jpg"}),
        (None, {"quality": 80}),
        (None, {"bound": 10.0}),
        (None, {"windows": 2, "window": 3}),
    ],
)
def test_a_store_of_another_solver_or_form_is_not_overwritten(videos, copied, record, change):
    before = bytes_of(copied)
    with pytest.raises(InputError, match="holds other videos or settings; delete it or choose another folder"):
        write(videos, copied, replace(FlowFormat(form="png"), **change), record=record)
    assert bytes_of(copied) == before


def test_a_store_of_other_videos_is_not_overwritten(videos, copied):
    before = bytes_of(copied)
    other = VideoList((*videos.videos[:-1], replace(videos.videos[-1], video_id="other")), videos.class_names)
    with pytest.raises(InputError, match="holds other videos or settings"):
        write(other, copied, FlowFormat(form="png"))
    assert bytes_of(copied) == before


def test_a_flipped_byte_is_named_and_mended(videos, whole, copied):
    shard = copied / "shard-00001-of-00002.tfrecord"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    damaged, hurt = StoredFlow(copied), []
    for name, count in COUNTS.items():
        for first in range(count - 1):
            try:
                damaged.read(name, np.array([first]), np.array([first + 1]))
            except InputError as error:
                hurt.append(str(error))
    (sentence,) = hurt
    assert sentence.startswith(f"{shard}: video ") and "write it again, where it is" in sentence
    write(videos, copied, FlowFormat(form="png"))
    assert bytes_of(copied) == bytes_of(whole._folder)


FORM = asdict(FlowFormat())
DAMAGE = {
    "no form": {"flow": None},
    "a list": {"flow": []},
    "an unknown form": {"flow": {**FORM, "form": "gif"}},
    "an unhashable form": {"flow": {**FORM, "form": []}},
    "a quality in words": {"flow": {**FORM, "quality": "95"}},
    "a bound in words": {"flow": {**FORM, "bound": "20"}},
    "a bound of zero": {"flow": {**FORM, "bound": 0}},
    "no number": {"flow": {**FORM, "bound": None}},
    "windows in words": {"flow": {**FORM, "windows": "3", "window": "5"}},
    "windows without a length": {"flow": {**FORM, "windows": 3}},
    "a field too many": {"flow": {**FORM, "frames": 3}},
    "no solver": {"solver": "tvl1"},
    "classes in words": {"class_names": "a"},
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_index_is_one_sentence(copied, name):
    index = copied / "index.json"
    index.write_text(json.dumps({**json.loads(index.read_text()), **DAMAGE[name]}))
    with pytest.raises(InputError, match="index.json is not the index of a store of flow.*write it again") as refusal:
        StoredFlow(copied)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("frames", [[1, 0], [0, 0], [-1, 3], [0], [0.5, 1], [True, 2]])
def test_frames_that_records_cannot_have_are_refused(copied, frames):
    index = copied / "index.json"
    stored = json.loads(index.read_text())
    entry = next(entry for entry in stored["videos"].values() if len(entry["lengths"]) > 1)
    entry["frames"] = frames + [9] * (len(entry["lengths"]) - 2) if len(frames) > 1 else frames
    index.write_text(json.dumps(stored))
    with pytest.raises(InputError, match="not the index of a store of flow .'frames'"):
        StoredFlow(copied)


def test_a_cache_of_frames_is_no_store_of_flow_nor_the_other_way_round(videos, whole, tmp_path):
    write_cache(videos, tmp_path)
    with pytest.raises(InputError, match="not the index of a store of flow"):
        StoredFlow(tmp_path)
    with pytest.raises(InputError, match="not the index of a cache"):
        CachedVideos(whole._folder)
    with pytest.raises(InputError, match="holds other videos or settings|does not describe"):
        write(videos, tmp_path, shards=1)


def test_what_cannot_be_stored_or_read(videos, whole, tmp_path):
    for call in (whole.pairs, lambda name: whole.read(name, np.array([0]), np.array([1]))):
        with pytest.raises(InputError, match="flow of nobody is not in .*; store the flow of the whole data set"):
            call("nobody")
    with pytest.raises(InputError, match="from frame 13 to 14 is not in .*, which holds 13 pairs of this video"):
        whole.read("long", np.array([12]), np.array([14]))
    with pytest.raises(InputError, match="no video"):
        write(VideoList((), ("a",)), tmp_path)
    with pytest.raises(InputError, match="twice"):
        write(VideoList(videos.videos[:1] * 2, videos.class_names), tmp_path)
    gone = VideoList((Video(str(tmp_path / "gone.avi"), 0, "gone"),), ("a",))
    for form in (FlowFormat(), FlowFormat(windows=2, window=3)):
        with pytest.raises(VideoError, match="no such video file"):
            write(gone, tmp_path / "gone", form)


@pytest.mark.parametrize("form", [FlowFormat(), FlowFormat(windows=1, window=2)])
def test_a_video_without_a_pair_is_refused(tmp_path, form):
    one = VideoList((Video(str(encode(tmp_path / "one.avi", 1)), 0, "one"),), ("a",))
    with pytest.raises(VideoError, match="fewer than two decodable frames"):
        write(one, tmp_path / "store", form)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"form": "gif"}, "form of stored flow"),
        ({"quality": 0}, "quality=0"),
        ({"quality": 101}, "quality=101"),
        ({"bound": 0.0}, "bound=0.0"),
        ({"bound": float("nan")}, "bound=nan"),
        ({"windows": 3}, "windows=3, window=0"),
        ({"window": 5}, "windows=0, window=5"),
        ({"windows": -1, "window": -1}, "windows=-1"),
    ],
)
def test_bad_forms_are_refused_at_once(bad, said):
    with pytest.raises(InputError, match=said):
        FlowFormat(**bad)
    assert set(FORMATS) == {"png", "jpg"}
