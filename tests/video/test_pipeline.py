import itertools
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tests.video.batches import eval_batches, train_batches
from tvnet_keras.errors import InputError
from tvnet_keras.video import ViewRecipe, read_frames, video_errors, write_cache
from tvnet_keras.video.augment import test_views as views_of
from tvnet_keras.video.sample import ShortVideoError


@pytest.fixture(scope="module")
def options(small_counts):
    return {"counts": small_counts, "frames": 4, "size": (48, 64), "batch_size": 3, "seed": 7}


def take(dataset, batches):
    return [{key: value.numpy() for key, value in batch.items()} for batch in itertools.islice(dataset, batches)]


def assert_equal_batches(left, right):
    assert len(left) == len(right)
    for one, other in zip(left, right, strict=True):
        for key in one:
            np.testing.assert_array_equal(one[key], other[key])


def test_shapes_are_static_and_types_are_the_contracts(small_set, options):
    spec = train_batches(small_set, **options).element_spec
    assert spec["clip"] == tf.TensorSpec((3, 4, 48, 64, 3), tf.uint8)
    assert spec["label"] == tf.TensorSpec((3,), tf.int32)
    assert spec["index"] == tf.TensorSpec((3,), tf.int64)
    spec = train_batches(small_set, **options, segments=2).element_spec
    assert spec["clip"].shape == (3, 2, 4, 48, 64, 3)


def test_every_epoch_holds_every_video_once_in_another_order(small_set, options):
    batches = take(train_batches(small_set, **options), 22)
    order = np.concatenate([batch["index"] for batch in batches]).reshape(6, 11)
    assert (np.sort(order, axis=1) == np.arange(11)).all()
    assert len({tuple(epoch) for epoch in order}) == 6
    labels = np.concatenate([batch["label"] for batch in batches]).reshape(6, 11)
    assert (labels == np.array([video.label for video in small_set.videos])[order]).all()


def test_clips_are_frames_of_their_videos(small_set, options):
    for batch in take(train_batches(small_set, **options, crop="none"), 4):
        for clip, index in zip(batch["clip"], batch["index"], strict=True):
            frames = read_frames(small_set.videos[index].path)
            starts = range(len(frames) - 3)
            candidates = [frames[start : start + 4] for start in starts]
            candidates += [candidate[:, :, ::-1] for candidate in candidates]
            assert any(np.array_equal(clip, candidate) for candidate in candidates)


def test_the_order_does_not_depend_on_parallelism_and_follows_the_seed(small_set, options):
    one = take(train_batches(small_set, **options, colour_jitter=0.3, parallel=1), 8)
    many = take(train_batches(small_set, **options, colour_jitter=0.3, parallel=4), 8)
    assert_equal_batches(one, many)
    other = take(train_batches(small_set, **{**options, "seed": 8}, colour_jitter=0.3), 8)
    assert any((a["index"] != b["index"]).any() for a, b in zip(one, other, strict=True))


def test_start_step_goes_on_exactly(small_set, options):
    whole = take(train_batches(small_set, **options), 9)
    assert_equal_batches(whole[5:], take(train_batches(small_set, **options, start_step=5), 4))


@pytest.mark.parametrize("start_step", [0, 2])
def test_shards_are_disjoint_and_together_the_whole(small_set, options, start_step):
    whole = take(train_batches(small_set, **{**options, "batch_size": 6}, start_step=start_step), 6)
    shards = [take(train_batches(small_set, **options, shard=(k, 2), start_step=start_step), 6) for k in (0, 1)]
    for step, batch in enumerate(whole):
        for k in (0, 1):
            for key in batch:
                np.testing.assert_array_equal(batch[key][k::2], shards[k][step][key])


def test_epochs_differ_in_their_augmentation(small_set, options):
    first, second = (take(train_batches(small_set, **options, start_step=step), 11) for step in (0, 11))
    clips = [{int(i): c for b in part for i, c in zip(b["index"], b["clip"], strict=True)} for part in (first, second)]
    assert sum(np.array_equal(clips[0][index], clips[1][index]) for index in range(11)) < 3


@pytest.mark.parametrize("flip", ["keep", "forbidden", (1, 0, 2)])
def test_flips_obey_the_data_set(small_set, options, flip):
    videos = replace(small_set, flip=flip)
    flips = 0
    for batch in take(train_batches(videos, **options, crop="none"), 12):
        for clip, label, index in zip(batch["clip"], batch["label"], batch["index"], strict=True):
            # The ground gets brighter to the right.
            flipped = clip[:, 40:, :8].mean() > clip[:, 40:, -8:].mean()
            flips += flipped
            known = videos.videos[index].label
            assert label == (videos.flip_label(known) if flipped else known)
    assert (flips == 0) if flip == "forbidden" else (8 < flips < 28)


def test_segments_span_the_video(small_set, options):
    batch = take(train_batches(small_set, **{**options, "frames": 1}, segments=3, crop="none", flip=False), 1)[0]
    for clip, index in zip(batch["clip"], batch["index"], strict=True):
        frames = read_frames(small_set.videos[index].path)
        numbers = [next(n for n, frame in enumerate(frames) if np.array_equal(frame, part[0])) for part in clip]
        assert numbers == sorted(numbers) and len(set(numbers)) == 3


def test_evaluation_has_every_view_of_every_video(small_set, options):
    arguments = {key: value for key, value in options.items() if key != "seed"}
    arguments["size"] = (32, 32)
    batches = take(eval_batches(small_set, **arguments, clips=2, crops=10), 1000)
    views = {key: np.concatenate([batch[key] for batch in batches]) for key in batches[0]}
    assert views["index"].tolist() == np.repeat(np.arange(11), 20).tolist()
    assert [len(batch["index"]) for batch in batches] == [3] * 73 + [1]
    assert views["flipped"].tolist() == ([False] * 5 + [True] * 5) * 22
    assert views["label"].tolist() == [small_set.videos[index].label for index in views["index"]]
    for index in (0, 10):
        frames = read_frames(small_set.videos[index].path)
        expected = [views_of(clip, ViewRecipe(32, "center"), 10)[0] for clip in (frames[:4], frames[-4:])]
        np.testing.assert_array_equal(views["clip"][views["index"] == index], np.concatenate(expected))


def test_floored_evaluation(small_set, options):
    arguments = {key: value for key, value in options.items() if key != "seed"}
    batches = take(eval_batches(small_set, **arguments, sampling="floor", clips=3, crop="none"), 1000)
    clips, index = (np.concatenate([batch[name] for batch in batches]) for name in ("clip", "index"))
    assert index.tolist() == np.repeat(np.arange(11), 3).tolist()
    starts = [k * ((options["counts"][video.path] - 3) // 3) for video in small_set.videos for k in range(3)]
    for clip, place, start in zip(clips, index, starts, strict=True):
        frames = read_frames(small_set.videos[place].path)[start : start + 4]
        np.testing.assert_array_equal(clip, views_of(frames, ViewRecipe(arguments["size"], "none"), 1)[0][0])


def test_dense_evaluation(small_set, options):
    arguments = {key: value for key, value in options.items() if key != "seed"}
    batches = take(eval_batches(small_set, **arguments, sampling="dense", stride=3, crop="none"), 1000)
    index = np.concatenate([batch["index"] for batch in batches])
    counts = [options["counts"][video.path] for video in small_set.videos]
    assert np.bincount(index).tolist() == [(count - 4) // 3 + 1 for count in counts]
    shards = [take(eval_batches(small_set, **arguments, shard=(k, 3)), 99) for k in range(3)]
    seen = [int(i) for part in shards for batch in part for i in batch["index"]]
    assert sorted(seen) == list(range(11))


def test_a_cache_gives_the_same_samples(small_set, options, tmp_path):
    cached = write_cache(small_set, tmp_path)
    live = take(train_batches(small_set, **options), 4)
    stored = take(train_batches(small_set, **{**options, "counts": None}, cache=cached), 4)
    for one, other in zip(live, stored, strict=True):
        np.testing.assert_array_equal(one["index"], other["index"])
        assert np.abs(one["clip"].astype(int) - other["clip"]).mean() < 2.5


def test_a_file_that_breaks_while_training_is_named(small_set, small_counts, options, tmp_path):
    broken = tmp_path / "broken, at night.avi"
    shutil.copy(small_set.videos[3].path, broken)
    videos = replace(small_set, videos=(*small_set.videos[:3], replace(small_set.videos[3], path=str(broken))))
    counts = {**small_counts, str(broken): small_counts[small_set.videos[3].path]}
    dataset = train_batches(videos, **{**options, "counts": counts})
    broken.write_bytes(b"")
    with pytest.raises(InputError) as caught, video_errors():
        take(dataset, 9)
    assert str(caught.value) == f"{broken}: the file is empty (0 bytes); copy it again."


def test_draws_with_replacement_are_any_video_and_go_on_where_they_stopped(small_set, options):
    options = {**options, "draw": "replacement", "frames": 1, "size": (8, 8)}
    drawn = np.concatenate([batch["index"] for batch in take(train_batches(small_set, **options), 110)])
    counts = np.bincount(drawn, minlength=11)
    assert (np.abs(counts - 30) < 5 * np.sqrt(30)).all()
    assert any(len(set(drawn[k : k + 11])) < 11 for k in range(0, 330, 11))
    later = take(train_batches(small_set, **options, start_step=100), 10)
    np.testing.assert_array_equal(np.concatenate([batch["index"] for batch in later]), drawn[300:])


def test_other_tensorflow_errors_are_left_alone():
    with pytest.raises(tf.errors.InvalidArgumentError), video_errors():
        tf.reshape(tf.zeros(3), (2, 2))


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"crop": "middle"}, "crop"),
        ({"short": "wrap"}, "short"),
        ({"seed": -1}, "seed"),
        ({"batch_size": 0}, "batch_size"),
        ({"shard": (2, 2)}, "shard"),
        ({"size": 0}, "size"),
        ({"size": None, "crop": "none"}, "give a size"),
        ({"colour_jitter": 1.5}, "colour_jitter must be at most 1"),
        ({"counts": {}}, "not counted"),
    ],
)
def test_bad_options_are_refused_before_the_first_batch(small_set, options, bad, said):
    with pytest.raises(InputError, match=said):
        train_batches(small_set, **{**options, **bad})


def test_bad_protocols_are_refused(small_set, options):
    arguments = {key: value for key, value in options.items() if key != "seed"}
    with pytest.raises(InputError, match="use 5 crops"):
        eval_batches(replace(small_set, flip="forbidden"), **arguments, crops=10)
    with pytest.raises(InputError, match="sampling is 'all'"):
        eval_batches(small_set, **arguments, sampling="all")
    with pytest.raises(InputError, match="no video"):
        eval_batches(replace(small_set, videos=()), **arguments)
    with pytest.raises(ShortVideoError, match="has 7 frames but a clip of 8"):
        eval_batches(small_set, **{**arguments, "frames": 8}, short="error")


def test_short_videos_loop(small_set, options):
    dataset = train_batches(small_set, **{**options, "frames": 20}, crop="none", flip=False)
    batch = take(dataset, 1)[0]
    frames = read_frames(small_set.videos[batch["index"][0]].path)
    np.testing.assert_array_equal(batch["clip"][0], frames[np.arange(20) % len(frames)])


def test_a_strategy_distributes_the_shards(small_set, options):
    strategy = tf.distribute.get_strategy()

    def for_input(context):
        shard = (context.input_pipeline_id, context.num_input_pipelines)
        return train_batches(small_set, **options, shard=shard)

    batches = take(strategy.distribute_datasets_from_function(for_input), 2)
    assert_equal_batches(batches, take(train_batches(small_set, **options), 2))


ENDS_IN_THE_MIDDLE = """
import sys, time
from tvnet_keras.video import ClipRecipe, FrameSource, VideoList, train_dataset, views
from tvnet_keras.video.listing import Video
path = sys.argv[1]
whole = views.read_frames
def slowly(*arguments):
    time.sleep(0.05)
    return whole(*arguments)
views.read_frames = slowly
videos = VideoList((Video(path, 0, "a"),), ("a",))
source, recipe = FrameSource(videos, {path: 7}), ClipRecipe(8, frames=4)
batches = iter(train_dataset(source, recipe, batch_size=4, seed=0, parallel=4))
next(batches)
"""


def test_a_program_ends_well_in_the_middle_of_a_dataset(small_set):
    command = [sys.executable, "-c", ENDS_IN_THE_MIDDLE, small_set.videos[0].path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
