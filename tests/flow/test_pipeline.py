"""Batches with exact flow follow the law of the videos: order, shards, resume; repeated draws are computed once."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras.errors import InputError
from tvnet_keras.flow.augment import FlowRecipe
from tvnet_keras.flow.pairs import Pair
from tvnet_keras.flow.pipeline import eval_dataset, train_dataset
from tvnet_keras.flow.sources import PairSource, VideoFlowSource
from tvnet_keras.video import ClipRecipe, FrameSource, video_errors
from tvnet_keras.video import pipeline as video
from tvnet_keras.video.moving_shapes.writer import exact_flow

PAIRS = 7
STILL = FlowRecipe((8, 10))
MOVING = FlowRecipe((8, 10), "random", 12, True, 0.3, 20, 0.1, 0.2)


def numbered(index: int, read: list[int] | None = None) -> Pair:
    """A pair of its own size whose content says which it is; `read` notes every reading."""
    height, width = 12 + index, 16 + 2 * index
    rng = np.random.default_rng(index)
    frames = rng.integers(0, 256, (2, height, width, 3), np.uint8)
    truth = np.full((height, width, 2), index + 1, np.float32)
    return Pair(str(index), lambda: (read.append(index) if read is not None else None) or frames, lambda: truth)


@pytest.fixture
def pairs() -> PairSource:
    return PairSource([numbered(index) for index in range(PAIRS)])


@pytest.fixture
def clips(shapes, shapes_counts) -> VideoFlowSource:
    return VideoFlowSource(FrameSource(shapes, shapes_counts), exact_flow, frames_per_clip=3)


def take(dataset, count: int) -> list[dict]:
    return [{key: value.numpy() for key, value in batch.items()} for batch in itertools.islice(dataset, count)]


def assert_equal_batches(left, right):
    assert len(left) == len(right)
    for one, other in zip(left, right, strict=True):
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_array_equal(one[key], other[key])


def draws_of(batches) -> np.ndarray:
    """How often each pair was drawn, over all batches."""
    total = np.zeros(PAIRS)
    for batch in batches:
        np.add.at(total, batch["index"], batch["weight"])
    return total


def test_shapes_are_static_and_types_are_the_contracts(pairs, clips):
    spec = train_dataset(pairs, MOVING, batch_size=3, seed=0).element_spec
    assert spec == {
        "clip": tf.TensorSpec((3, 2, 8, 10, 3), tf.uint8),
        "flow": tf.TensorSpec((3, 1, 8, 10, 2), tf.float32),
        "known": tf.TensorSpec((3, 1, 8, 10), tf.float32),
        "index": tf.TensorSpec((3,), tf.int64),
    }
    spec = train_dataset(clips, STILL, batch_size=4, seed=0).element_spec
    assert spec["clip"].shape == (4, 3, 8, 10, 3) and spec["flow"].shape == (4, 2, 8, 10, 2)
    assert spec["label"] == tf.TensorSpec((4,), tf.int32)
    spec = train_dataset(pairs, FlowRecipe(None), batch_size=4, seed=0).element_spec
    assert spec["clip"] == tf.TensorSpec((1, 2, None, None, 3), tf.uint8)
    assert spec["weight"] == tf.TensorSpec((1,), tf.float32) and spec["pieces"] == tf.TensorSpec((), tf.int32)


@pytest.mark.parametrize("crop", ["none", "random", "corner"])
def test_order_clips_and_labels_are_those_of_the_video_pipeline(shapes, shapes_counts, clips, crop):
    options = {"batch_size": 5, "seed": 3, "start_step": 2}
    recipe = FlowRecipe((24, 28), crop, None if crop == "none" else 30, flip=True, colour_jitter=0.2)
    same = ClipRecipe((24, 28), crop, recipe.resize_short, flip=True, colour_jitter=0.2, frames=3)
    theirs = take(video.train_dataset(FrameSource(shapes, shapes_counts, None), same, **options), 6)
    ours = take(train_dataset(clips, recipe, **options), 6)
    assert_equal_batches(theirs, [{key: batch[key] for key in ("clip", "label", "index")} for batch in ours])


def test_flow_and_label_turn_with_a_mirrored_clip(shapes, clips):
    size = (32, 40)
    batches = take(train_dataset(clips, FlowRecipe(size, flip=True), batch_size=6, seed=1), 8)
    flips = 0
    for batch in batches:
        for index, label, flow, known in zip(*(batch[key] for key in ("index", "label", "flow", "known")), strict=True):
            steps = exact_flow(shapes.videos[index].path)
            mirrored = steps[:, :, ::-1] * np.float32([-1, 1])
            straight = any(np.array_equal(flow, steps[k : k + 2]) for k in range(4))
            turned = any(np.array_equal(flow, mirrored[k : k + 2]) for k in range(4))
            assert straight != turned and (known == 1).all()
            flips += turned
            own = shapes.videos[index].label
            assert label == (shapes.flip_label(own) if turned else own)
    assert 12 < flips < 36


def test_a_set_that_forbids_flips_is_never_mirrored(shapes, shapes_counts):
    frames = FrameSource(replace(shapes, flip="forbidden"), shapes_counts, None)
    source = VideoFlowSource(frames, exact_flow, frames_per_clip=6)
    for batch in take(train_dataset(source, FlowRecipe((32, 40), flip=True), batch_size=6, seed=1), 4):
        for index, flow in zip(batch["index"], batch["flow"], strict=True):
            np.testing.assert_array_equal(flow, exact_flow(shapes.videos[index].path))


@pytest.mark.parametrize("draw", ["epochs", "replacement"])
@pytest.mark.parametrize("recipe", [STILL, MOVING, FlowRecipe(None), FlowRecipe(None, flip=True, rotation=5)])
def test_batches_do_not_depend_on_parallelism_and_a_resume_is_the_tail(pairs, draw, recipe):
    options = {"batch_size": 5, "seed": 4, "draw": draw}
    whole = take(train_dataset(pairs, recipe, **options, parallel=1), 40)
    assert_equal_batches(whole, take(train_dataset(pairs, recipe, **options, parallel=4), 40))
    step, element = 0, 0
    while step < 4:
        element += int(whole[element].get("pieces", 1))
        step += 1
    assert_equal_batches(whole[element:], take(train_dataset(pairs, recipe, **options, start_step=4), 40 - element))
    other = take(train_dataset(pairs, recipe, **{**options, "seed": 5}), 40)
    assert any(a["index"].tolist() != b["index"].tolist() for a, b in zip(whole, other, strict=True))


@pytest.mark.parametrize("draw", ["epochs", "replacement"])
def test_shards_are_together_the_whole(pairs, draw):
    options = {"seed": 4, "draw": draw, "start_step": 1}
    whole = take(train_dataset(pairs, MOVING, batch_size=6, **options), 5)
    shards = [take(train_dataset(pairs, MOVING, batch_size=3, shard=(k, 2), **options), 5) for k in (0, 1)]
    for step, batch in enumerate(whole):
        for k in (0, 1):
            assert_equal_batches([{key: batch[key][k::2] for key in batch}], [shards[k][step]])


@pytest.mark.parametrize("draw", ["epochs", "replacement"])
def test_weights_of_shards_are_together_those_of_the_whole(pairs, draw):
    options = {"seed": 4, "draw": draw}
    whole = take(train_dataset(pairs, STILL, batch_size=16, **options), 3)
    shards = [take(train_dataset(pairs, STILL, batch_size=8, shard=(k, 2), **options), 3) for k in (0, 1)]
    for step in range(3):
        assert draws_of([whole[step]]).tolist() == draws_of([shard[step] for shard in shards]).tolist()


def test_every_epoch_holds_every_pair_once(pairs):
    batches = take(train_dataset(pairs, MOVING, batch_size=PAIRS, seed=2), 5)
    assert all(sorted(batch["index"]) == list(range(PAIRS)) for batch in batches)
    assert "weight" not in batches[0]
    assert len({tuple(batch["index"]) for batch in batches}) == 5


def test_draws_with_replacement_are_uniform_and_independent(pairs):
    batches = take(train_dataset(pairs, STILL, batch_size=350, seed=0, draw="replacement"), 10)
    counts = np.stack([draws_of([batch]) for batch in batches])
    assert (counts.sum(axis=1) == 350).all()
    # 3500 draws of 7: 500 each, standard deviation 20.7; of a batch 50 with 6.5.
    assert np.abs(counts.sum(axis=0) - 500).max() < 80
    assert 4 < counts.std(axis=0).mean() < 10


@pytest.mark.parametrize(
    ("draw", "batch_size", "rows"), [("replacement", 4, 4), ("replacement", 32, 7), ("epochs", 9, 7)]
)
def test_repeated_draws_of_a_batch_are_computed_once_and_weighted(pairs, draw, batch_size, rows):
    batches = take(train_dataset(pairs, STILL, batch_size=batch_size, seed=6, draw=draw), 12)
    padding = 0
    for batch in batches:
        assert batch["clip"].shape[0] == rows and batch["pieces"] == 1
        assert batch["weight"].sum() == batch_size and batch["weight"].dtype == np.float32
        drawn = batch["index"][batch["weight"] > 0]
        assert len(set(drawn)) == len(drawn)
        np.testing.assert_array_equal(batch["flow"][..., 1].max(axis=(1, 2, 3)).argsort(), batch["index"].argsort())
        padding += rows - len(drawn)
    assert padding > 0 or batch_size > 4
    # The same draws, one by one.
    single = take(train_dataset(pairs, STILL, batch_size=1, seed=6, draw=draw), batch_size)
    expected = np.bincount([batch["index"][0] for batch in single], minlength=PAIRS)
    assert draws_of(batches[:1]).tolist() == expected.tolist()


@pytest.mark.parametrize(("multiple", "rows"), [(1, 7), (2, 8), (3, 9), (6, 12)])
def test_a_step_can_be_cut_into_equal_parts(pairs, multiple, rows):
    options = {"batch_size": 12, "seed": 6, "draw": "replacement"}
    whole = take(train_dataset(pairs, STILL, **options), 4)
    padded = take(train_dataset(pairs, STILL, **options, multiple=multiple), 4)
    for one, other in zip(whole, padded, strict=True):
        assert other["clip"].shape[0] == rows
        assert draws_of([one]).tolist() == draws_of([other]).tolist()
    with pytest.raises(InputError, match="multiple of multiple=5"):
        train_dataset(pairs, STILL, **options, multiple=5)


def test_random_views_of_one_pair_differ_and_are_all_computed(pairs, clips):
    batch = take(train_dataset(pairs, MOVING, batch_size=30, seed=6, draw="replacement"), 1)[0]
    assert batch["clip"].shape[0] == 30 and "weight" not in batch
    rows = np.flatnonzero(batch["index"] == batch["index"][0])
    assert len(rows) > 1 and not np.array_equal(batch["clip"][rows[0]], batch["clip"][rows[1]])
    # A random clip of a video is a random choice too.
    assert "weight" not in train_dataset(clips, STILL, batch_size=30, seed=6, draw="replacement").element_spec


def test_samples_of_their_own_sizes_are_pieces_of_a_step(pairs):
    elements = take(train_dataset(pairs, FlowRecipe(None), batch_size=6, seed=8, draw="replacement"), 40)
    steps = []
    while len(elements) >= elements[0]["pieces"]:
        pieces = int(elements[0]["pieces"])
        steps.append(elements[:pieces])
        elements = elements[pieces:]
        if not elements:
            break
    assert len(steps) > 7
    for step in steps:
        assert sum(float(piece["weight"][0]) for piece in step) == 6
        indices = [int(piece["index"][0]) for piece in step]
        assert len(set(indices)) == len(indices) and all(piece["pieces"] == len(step) for piece in step)
        for piece, index in zip(step, indices, strict=True):
            frames, flow, known = pairs.read(index)
            np.testing.assert_array_equal(piece["clip"][0], frames)
            np.testing.assert_array_equal(piece["flow"][0], flow)
            np.testing.assert_array_equal(piece["known"][0], known.astype(np.float32))
    single = take(train_dataset(pairs, FlowRecipe((4, 4)), batch_size=6, seed=8, draw="replacement"), len(steps))
    assert draws_of(itertools.chain(*steps)).tolist() == draws_of(single).tolist()


def test_random_samples_of_their_own_sizes_are_all_computed(pairs):
    batches = take(train_dataset(pairs, FlowRecipe(None, flip=True), batch_size=6, seed=8, draw="replacement"), 12)
    assert all(batch["weight"].tolist() == [1] and batch["pieces"] == 6 for batch in batches)


def test_what_is_not_drawn_is_not_read():
    read: list[int] = []
    pairs = [numbered(index, read) for index in range(PAIRS)]
    dataset = train_dataset(PairSource(pairs), STILL, batch_size=2, seed=0, parallel=1)
    assert read == []
    batches = take(dataset, 3)
    # What is used, two batches ahead, one batch being filled and what runs meanwhile; no more.
    assert len(batches) * 2 <= len(read) <= (len(batches) + 2 + 2) * 2 + 2


def test_evaluation_has_every_sample_once_in_order(pairs, clips, shapes):
    batches = take(eval_dataset(pairs, STILL, batch_size=3), 99)
    assert [batch["index"].tolist() for batch in batches] == [[0, 1, 2], [3, 4, 5], [6]]
    assert batches[0].keys() == {"clip", "flow", "known", "index"}
    batches = take(eval_dataset(clips, FlowRecipe((24, 24), "center", flip=True, rotation=20), batch_size=5), 99)
    assert np.concatenate([batch["index"] for batch in batches]).tolist() == list(range(12))
    assert np.concatenate([batch["label"] for batch in batches]).tolist() == [v.label for v in shapes.videos]
    own = take(eval_dataset(clips, FlowRecipe(None)), 99)
    assert len(own) == 12
    np.testing.assert_array_equal(own[5]["flow"][0], clips.read(5)[1])
    assert [batch["clip"].shape[2:4] for batch in take(eval_dataset(pairs, FlowRecipe(None)), 99)] == [
        pairs.size(index) for index in range(PAIRS)
    ]


def test_a_file_that_breaks_while_training_is_named(pairs):
    def broken():
        raise InputError("b.flo is cut short; get it again.")

    source = PairSource([numbered(0), Pair("b", numbered(1).frames, broken)])
    with pytest.raises(InputError, match=r"^b.flo is cut short; get it again.$"), video_errors():
        take(train_dataset(source, STILL, batch_size=2, seed=0), 1)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"draw": "shuffle"}, "draw is 'shuffle'"),
        ({"seed": -1}, "seed"),
        ({"start_step": -1}, "start_step"),
        ({"batch_size": 0}, "batch_size"),
        ({"shard": (2, 2)}, "shard"),
        ({"recipe": FlowRecipe(None), "shard": (0, 2)}, "cannot be split"),
        ({"recipe": FlowRecipe((8, 8), "center")}, "crop is 'center'"),
    ],
)
def test_bad_options_are_refused_before_the_first_batch(pairs, bad, said):
    with pytest.raises(InputError, match=said):
        train_dataset(pairs, **{"recipe": STILL, "batch_size": 2, "seed": 0, **bad})


def test_bad_protocols_are_refused(pairs):
    with pytest.raises(InputError, match="crop is 'random'"):
        eval_dataset(pairs, FlowRecipe((8, 8), "random"))
    with pytest.raises(InputError, match="set batch_size to 1"):
        eval_dataset(pairs, FlowRecipe(None), batch_size=2)
    with pytest.raises(InputError, match="batch_size must be at least 1"):
        eval_dataset(pairs, STILL, batch_size=0)
