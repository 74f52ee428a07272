import json
import shutil
import threading

import numpy as np
import pytest
import tensorflow as tf

from tests.small_disk import room_for
from tvnet_keras.errors import InputError
from tvnet_keras.video import (
    CachedVideos,
    Video,
    VideoError,
    VideoList,
    cache,
    iterate_frames,
    read_frames,
    write_cache,
)


@pytest.fixture(scope="module")
def cached(small_set, tmp_path_factory):
    return write_cache(small_set, tmp_path_factory.mktemp("cache"), shards=3)


def test_cached_frames_are_the_files_frames(small_set, small_counts, cached):
    for video in small_set.videos:
        everything = read_frames(video.path)
        assert cached.count_frames(video.video_id) == small_counts[video.path]
        stored = cached.read_frames(video.video_id)
        assert stored.shape == everything.shape and stored.dtype == np.uint8
        # JPEG at quality 95 changes a picture by a grey value or two; another frame differs in whole squares.
        assert np.abs(stored.astype(int) - everything).mean() < 2
        indices = [5, 0, 5, 2]
        np.testing.assert_array_equal(cached.read_frames(video.video_id, indices), stored[indices])


def test_real_clips_survive_the_cache(shared_data, tmp_path):
    path = shared_data / "ucf101/videos/BasketballDunk/v_BasketballDunk_g01_c01.avi"
    if not path.exists():
        path = sorted(path.parent.glob("*.avi"))[0]
    videos = VideoList((Video(str(path), 0, path.stem),), ("BasketballDunk",))
    stored = write_cache(videos, tmp_path / "cache").read_frames(path.stem, [3, 30])
    assert np.abs(stored.astype(int) - read_frames(path, [3, 30])).mean() < 2
    small = write_cache(videos, tmp_path / "small", short_side=120)
    assert small.read_frames(path.stem, [0]).shape == (1, 120, 160, 3)


def test_the_shards_are_tfrecords_that_tensorflow_reads(small_set, cached, tmp_path):
    write_cache(small_set, tmp_path, shards=2)
    seen = []
    for record in tf.data.TFRecordDataset(sorted(map(str, tmp_path.glob("*.tfrecord")))):
        feature = tf.train.Example.FromString(record.numpy()).features.feature
        assert tf.io.decode_jpeg(feature["image/encoded"].bytes_list.value[0]).shape == (48, 64, 3)
        label = feature["label"].int64_list.value[0]
        assert feature["class_name"].bytes_list.value[0].decode() == small_set.class_names[label]
        seen.append(feature["video_id"].bytes_list.value[0].decode())
    assert {name: seen.count(name) for name in seen} == {
        video.video_id: cached.count_frames(video.video_id) for video in small_set.videos
    }


def test_a_killed_run_repeats_no_finished_video(small_set, tmp_path, monkeypatch):
    read = []

    def failing(path):
        read.append(path)
        if len(read) == 9:
            raise KeyboardInterrupt
        return read_frames(path)

    monkeypatch.setattr(cache, "iterate_frames", failing)
    with pytest.raises(KeyboardInterrupt):
        write_cache(small_set, tmp_path, shards=4, workers=1)
    with pytest.raises(InputError, match="no finished cache"):
        CachedVideos(tmp_path)
    done = []
    whole = write_cache(small_set, tmp_path, shards=4, workers=1, progress=lambda *step: done.append(step))
    # Two shards of three videos and two videos of the third were finished; the one that was broken off is read again.
    assert len(read) == 9 + 3
    assert done[-1] == (11, 11)
    assert not list(tmp_path.glob("*part*"))
    assert set(whole.video_ids) == {video.video_id for video in small_set.videos}
    assert not list(tmp_path.glob(".*"))


def test_a_cache_of_something_else_is_not_overwritten(small_set, tmp_path):
    write_cache(small_set, tmp_path, shards=2)
    with pytest.raises(InputError, match="other videos or settings"):
        write_cache(small_set, tmp_path, shards=2, quality=80)


def test_what_cannot_be_cached(small_set, tmp_path):
    with pytest.raises(InputError, match="no video"):
        write_cache(VideoList((), ("a",)), tmp_path)
    with pytest.raises(InputError, match="quality=0"):
        write_cache(small_set, tmp_path, quality=0)
    twice = VideoList(small_set.videos[:1] * 2, small_set.class_names)
    with pytest.raises(InputError, match="twice"):
        write_cache(twice, tmp_path)
    gone = VideoList((Video(str(tmp_path / "gone.avi"), 0, "gone"),), ("a",))
    with pytest.raises(VideoError, match="no such video file"):
        write_cache(gone, tmp_path)


def test_damage_is_named(small_set, tmp_path):
    stored = write_cache(small_set, tmp_path, shards=1)
    name = small_set.videos[4].video_id
    (shard,) = tmp_path.glob("*.tfrecord")
    shard.write_bytes(shard.read_bytes()[:5000])
    with pytest.raises(InputError, match=f"{name} cannot be read"):
        stored.read_frames(name, [1])
    with pytest.raises(InputError, match="not in the cache"):
        stored.read_frames(name + "x", [1])
    with pytest.raises(ValueError, match="indices"):
        stored.read_frames(name, [99])
    (tmp_path / "index.json").write_text("{}")
    with pytest.raises(InputError, match="not the index of a cache"):
        CachedVideos(tmp_path)


ENTRY = {"shard": "shard-00000-of-00003", "offset": 0, "lengths": [10, 10]}
DAMAGE = {
    "cut": b'{"quality": 95, "videos": {"v_',
    "empty": b"",
    "binary": bytes(range(256)),
    "deep": b"[" * 100_000,
    "a list": b"[]",
    "nothing": b"null",
    "videos in a list": {"videos": [ENTRY]},
    "a video in a list": {"videos": {"v": ["shard", 0, [10]]}},
    "no lengths": {"videos": {"v": {**ENTRY, "lengths": []}}},
    "lengths in words": {"videos": {"v": {**ENTRY, "lengths": ["10"]}}},
    "no offset": {"videos": {"v": {"shard": ENTRY["shard"], "lengths": [10]}}},
    "unhashable shard": {"videos": {"v": {**ENTRY, "shard": {}}}},
    "a short side in words": {"short_side": "64"},
    "a number of classes": {"class_names": 3},
    "unhashable classes": {"class_names": [[], {}]},
    "no video": {"videos": {}},
    "an offset that is a truth": {"videos": {"v": {**ENTRY, "offset": False}}},
    "an offset below zero": {"videos": {"v": {**ENTRY, "offset": -52}}},
    "an enormous offset": {"videos": {"v": {**ENTRY, "offset": 10**400}}},
    "a length that is a truth": {"videos": {"v": {**ENTRY, "lengths": [True]}}},
    "a length of zero": {"videos": {"v": {**ENTRY, "lengths": [10, 0]}}},
    "a length below zero": {"videos": {"v": {**ENTRY, "lengths": [-10, 20]}}},
    "an enormous length": {"videos": {"v": {**ENTRY, "lengths": [10**400]}}},
    "a fraction": {"videos": {"v": {**ENTRY, "lengths": [10.5]}}},
    "infinity": b'{"quality": Infinity, "short_side": NaN, "class_names": ["a"], "videos": [Infinity]}',
    "a shard elsewhere": {"videos": {"v": {**ENTRY, "shard": "../shard-00000-of-00003"}}},
    "a shard without a name": {"videos": {"v": {**ENTRY, "shard": "\0"}}},
    "checksums in a list": {"videos": {"v": {**ENTRY, "checksums": [1, 2]}}},
    "a quality that is a truth": {"quality": True},
    "a short side that is a truth": {"short_side": True},
    "no recipe": {"recipe": None},
}


OF_THE_INDEX = {
    "a short side in words",
    "a number of classes",
    "unhashable classes",
    "a quality that is a truth",
    "a short side that is a truth",
    "an offset below zero",
    "an enormous offset",
}
"""What a shard's own description has not, or where another shard is written in its place."""


@pytest.fixture
def copied(cached, tmp_path):
    return shutil.copytree(cached._folder, tmp_path / "copy")


def damage(file, content):
    if isinstance(content, dict):
        content = json.dumps({**json.loads(file.read_text()), **content}).encode()
    file.write_bytes(content)


@pytest.mark.parametrize("name", [name for name in DAMAGE if name != "no recipe"])
def test_a_damaged_index_is_one_sentence(copied, name):
    damage(copied / "index.json", DAMAGE[name])
    with pytest.raises(InputError, match="index.json is not the index of a cache.*write it again") as refusal:
        CachedVideos(copied)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", [name for name in DAMAGE if name not in OF_THE_INDEX])
def test_a_damaged_description_of_a_shard_is_one_sentence(small_set, copied, name):
    damage(copied / "shard-00001-of-00003.json", DAMAGE[name])
    with pytest.raises(InputError, match="shard-00001-of-00003.json does not describe.*write it again") as refusal:
        write_cache(small_set, copied, shards=3)
    assert "\n" not in str(refusal.value)


def test_a_shard_that_is_gone_is_named(copied):
    (copied / "shard-00002-of-00003.tfrecord").unlink()
    with pytest.raises(InputError, match="lacks shard-00002-of-00003.tfrecord.*write it again"):
        CachedVideos(copied)


def test_a_cache_knows_its_short_side(small_set, cached, tmp_path):
    assert cached.short_side is None
    assert write_cache(small_set, tmp_path, short_side=24).short_side == 24


def test_flipped_bytes_are_never_pictures(small_set, copied):
    rng = np.random.default_rng(0)
    stored, changed = CachedVideos(copied), {}
    as_written = {video.video_id: stored.read_frames(video.video_id) for video in small_set.videos}
    for shard in sorted(copied.glob("*.tfrecord")):
        content = bytearray(shard.read_bytes())
        for place in rng.choice(len(content), 40, replace=False):
            content[place] ^= 1 << rng.integers(8)
        shard.write_bytes(content)
    for video_id, frames in as_written.items():
        for number in range(len(frames)):
            try:
                np.testing.assert_array_equal(stored.read_frames(video_id, [number])[0], frames[number])
            except InputError as error:
                assert f"video {video_id} cannot be read (the bytes of frame {number} have changed)" in str(error)
                assert "write it again, where it is: whole shards are kept" in str(error) and "\n" not in str(error)
                changed[video_id, number] = str(error)
    assert len(changed) > 20 and all("/shard-0000" in message for message in changed.values())
    mended = write_cache(small_set, copied, shards=3)
    for video_id, frames in as_written.items():
        np.testing.assert_array_equal(mended.read_frames(video_id), frames)


def cut(path):
    path.write_bytes(path.read_bytes()[:-7])


def lengthened(path):
    path.write_bytes(path.read_bytes() + b"and more")


def flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def emptied(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [cut, lengthened, flipped, emptied])
def test_a_shard_that_is_not_whole_is_written_again_and_the_others_are_not(small_set, copied, monkeypatch, spoil):
    spoil(copied / "shard-00001-of-00003.tfrecord")
    if spoil is not flipped:
        damaged = "shard-00001-of-00003.tfrecord is damaged: [0-9]+ bytes instead of [0-9]+; write it again"
        with pytest.raises(InputError, match=damaged):
            CachedVideos(copied)
    read = []
    monkeypatch.setattr(cache, "iterate_frames", lambda path: read.append(path) or iterate_frames(path))
    mended = write_cache(small_set, copied, shards=3)
    assert sorted(read) == sorted(video.path for video in small_set.videos[1::3])
    for video in small_set.videos:
        assert len(mended.read_frames(video.video_id)) == mended.count_frames(video.video_id)
    write_cache(small_set, copied, shards=3)
    assert len(read) == len(small_set.videos[1::3])


def test_a_video_that_is_gone_from_the_index_is_missed(copied):
    index = json.loads((copied / "index.json").read_text())
    del index["videos"]["v04"]
    (copied / "index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="no video begins at byte [0-9]+ of shard-0000[0-2]-of-00003.; write it again"):
        CachedVideos(copied)


def test_a_cache_of_an_earlier_version_gets_its_checksums_without_being_decoded(small_set, copied, monkeypatch):
    for file in copied.glob("*.json"):
        stored = json.loads(file.read_text())
        for entry in stored["videos"].values():
            del entry["checksums"]
        file.write_text(json.dumps(stored))
    with pytest.raises(InputError, match="lacks checksums, as those of earlier versions do.; write it again"):
        CachedVideos(copied)
    monkeypatch.setattr(cache, "iterate_frames", None)
    assert write_cache(small_set, copied, shards=3).read_frames("v03", [2]).shape == (1, 48, 64, 3)


def test_a_cache_with_another_number_of_shards_is_not_overwritten(small_set, copied):
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    with pytest.raises(InputError, match="holds other videos or settings"):
        write_cache(small_set, copied, shards=2)
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == before


def test_of_two_caches_at_the_same_instant_one_is_refused_and_the_other_is_whole(small_set, tmp_path):
    together, outcomes = threading.Barrier(2, timeout=30), {}

    def write(quality):
        together.wait()
        try:
            outcomes[quality] = write_cache(small_set, tmp_path, quality=quality)
        except InputError as error:
            outcomes[quality] = str(error)

    threads = [threading.Thread(target=write, args=[quality]) for quality in (50, 95)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (whole,) = [quality for quality, outcome in outcomes.items() if isinstance(outcome, CachedVideos)]
    (refusal,) = [outcome for outcome in outcomes.values() if isinstance(outcome, str)]
    assert "is being written by process" in refusal or "other videos or settings" in refusal
    stored = CachedVideos(tmp_path)
    assert stored.quality == whole
    for video in small_set.videos:
        assert len(stored.read_frames(video.video_id)) == stored.count_frames(video.video_id)


def test_a_full_disk_is_one_sentence_and_the_finished_shards_stay(small_set, tmp_path):
    sizes = [
        path.stat().st_size for path in sorted((write_cache(small_set, tmp_path / "a", shards=3)._folder).glob("*rd"))
    ]
    assert len(set(sizes)) == 3
    sentence = r"Cannot write .*shard-0000.-of-00003.tfrecord \(File too large\); choose another place or free it\.$"
    with room_for(sorted(sizes)[1]), pytest.raises(InputError, match=sentence):
        write_cache(small_set, tmp_path / "b", shards=3, workers=1)
    assert not list((tmp_path / "b").glob(".*")) and not (tmp_path / "b/index.json").exists()
    whole = write_cache(small_set, tmp_path / "b", shards=3)
    assert set(whole.video_ids) == {video.video_id for video in small_set.videos}


def test_frames_that_are_too_wide_for_jpeg_are_refused(small_set, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "iterate_frames", lambda path: np.zeros((1, 2, 65501, 3), np.uint8))
    with pytest.raises(InputError, match="frames of 65501 x 2 pixels cannot be stored as JPEG; ask for a short side"):
        write_cache(small_set, tmp_path)
