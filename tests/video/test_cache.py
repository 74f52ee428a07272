import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras.errors import InputError
from tvnet_keras.video import CachedVideos, Video, VideoError, VideoList, cache, read_frames, write_cache


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


def test_a_killed_run_goes_on_at_the_next_shard(small_set, tmp_path, monkeypatch):
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
    # Two shards of three videos were finished; the other five videos are read again.
    assert len(read) == 9 + 5
    assert done[-1] == (11, 11)
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
    "no recipe": {"recipe": None},
}


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


@pytest.mark.parametrize("name", [name for name in DAMAGE if "class" not in name and "side" not in name])
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
