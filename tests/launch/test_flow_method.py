"""Flow is learned by the same loop as classes: from exact flow of pairs, or from frames alone."""

import shutil
from collections import Counter

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from launch.evaluate import evaluate
from launch.run.data import open_source
from launch.run.model import build_model, load_run
from launch.run.run_folder import read
from launch.train import train
from tests.launch.interruption import interrupted
from tests.launch.logs import tensorboard
from tests.launch.pairs_on_disk import MOTIONS, write_pairs
from tvnet_keras.errors import InputError
from tvnet_keras.flow.io import known_vectors, read_flo
from tvnet_keras.flow.pairs import load
from tvnet_keras.video.views import sample_at

RATE = 0.05
PLAIN = {"optimizer": "sgd", "momentum": 0.0, "clip_norm": 0.0, "lr": RATE}
"""One update is `weight - RATE * gradient`."""
OWN_SIZES = {"data": {"height": 0, "width": 0}, "model": {"u0_size": (6, 8)}}
ALIKE = ("First", "Third")
"""Pairs of one size."""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Three pairs, one of another size; the lower half of each truth is unknown."""
    return write_pairs(tmp_path_factory.mktemp("pairs"))


@pytest.fixture
def config(tiny, root):
    """A configuration of TVNet on the pairs, nothing random in its views: `config(train={"steps": 3})`."""

    def make(**sections):
        data = {"dataset": "middlebury", "root": str(root), "height": 24, "width": 32, "flip": False}
        return tiny("tvnet_flow", **{**sections, "data": {**data, **sections.get("data", {})}})

    return make


def weights(model):
    """Trainable weights by their paths."""
    return {weight.path: keras.ops.convert_to_numpy(weight) for weight in model.trainable_variables}


def fresh(config):
    """The network that a run of this configuration begins with."""
    keras.utils.set_random_seed(config.seed)
    return build_model(config, 0)


def drawn(config, names):
    """How often the pairs are drawn for the first step."""
    size = config.train.batch_size
    return Counter(names[sample_at(k, len(names), config.seed, config.data.draw)[0]] for k in range(size))


def updated_by_hand(config, root, times):
    """The weights after one plain update, from the formula: the mean over draws of each pair's mean known error."""
    model = fresh(config)
    with tf.GradientTape() as tape:
        loss = 0.0
        for pair in load("middlebury", root):
            truth = pair.truth()
            known = known_vectors(truth)
            missed = model(pair.frames()[None])["flow"][0, 0] - np.where(known[..., None], truth, 0)
            error = tf.sqrt(tf.reduce_sum(missed**2, axis=-1))
            loss += times[pair.name] / config.train.batch_size * tf.reduce_mean(error[known])
    gradients = tape.gradient(loss, model.trainable_variables)
    after = {
        weight.path: keras.ops.convert_to_numpy(weight - RATE * gradient)
        for weight, gradient in zip(model.trainable_variables, gradients, strict=True)
    }
    return float(loss), after


def spoil(folder, value, everywhere=False):
    """Writes something else for the vectors that are not known."""
    for path in folder.glob("other-gt-flow/*/flow10.flo"):
        flow = read_flo(path)
        flow[~known_vectors(flow) | everywhere] = value
        # `write_flo` refuses NaN, which other programs write.
        path.write_bytes(path.read_bytes()[:12] + flow.tobytes())


def assert_close(left, right, atol=1e-5):
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_allclose(left[name], right[name], atol=atol, err_msg=name)


def test_training_lowers_the_error_and_tells_it_in_tensorboard(config, tmp_path):
    chosen = config(
        data={"pairs": ALIKE}, model={"iterations": 5}, train={"steps": 20, "lr": 0.02, "validate_every": 10}
    )
    results = train(chosen, tmp_path / "run")
    numbers = evaluate(chosen, tmp_path / "run", tmp_path / "scores").numbers
    assert numbers["epe"] < 0.8 * numbers["epe_untrained"] and numbers["epe_untrained"] < numbers["epe_zero"]
    assert results["validation_epe"] == pytest.approx(numbers["epe"], rel=1e-4)
    assert results["epe"] == pytest.approx(results["end_point_error"]) and results["loss"] == results["end_point_error"]
    logs = tensorboard(tmp_path / "run")
    curve = [float(tf.make_ndarray(event.tensor_proto)) for event in logs.Tensors("train/epe")]
    assert len(curve) == 20 and curve[-1] < 0.8 * curve[0]
    assert [event.step for event in logs.Tensors("validation/validation_epe")] == [10, 20]
    width, height, *pictures = tf.make_ndarray(logs.Tensors("flow")[-1].tensor_proto).tolist()
    assert (width, height, len(pictures)) == (b"32", b"24", 2)


def test_only_what_may_learn_changes(config, tmp_path):
    chosen = config(model={"learn": ("u0",)}, train={"steps": 2})
    train(chosen, tmp_path)
    before = {weight.path: keras.ops.convert_to_numpy(weight) for weight in fresh(chosen).weights}
    after = {weight.path: keras.ops.convert_to_numpy(weight) for weight in load_run(tmp_path)[1].weights}
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == set(weights(fresh(chosen))) and all(name.endswith("u0") for name in changed)


@pytest.mark.parametrize("draw", ["epochs", "replacement"])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_repeated_draws_are_the_batch_that_repeats_them(config, root, tmp_path, draw, accumulate):
    chosen = config(
        data={"draw": draw, "pairs": ALIKE}, train={**PLAIN, "steps": 1, "batch_size": 8, "accumulate": accumulate}
    )
    times = drawn(chosen, ALIKE)
    assert draw == "epochs" or times["First"] != times["Third"]
    loss, expected = updated_by_hand(chosen, root, times)
    results = train(chosen, tmp_path)
    assert results["loss"] == pytest.approx(loss, rel=1e-4)
    assert_close(weights(load_run(tmp_path)[1]), expected)


def test_three_pairs_in_two_pieces_are_one_batch(config, tmp_path):
    runs = {
        pieces: train(config(train={**PLAIN, "steps": 2, "accumulate": pieces}), tmp_path / str(pieces))
        for pieces in (1, 2)
    }
    assert runs[1]["loss"] == pytest.approx(runs[2]["loss"], rel=1e-4)
    assert_close(*(weights(load_run(tmp_path / name)[1]) for name in ("1", "2")))


@pytest.mark.parametrize("draw", ["epochs", "replacement"])
def test_pairs_of_different_sizes_are_one_batch_at_their_own(config, root, tmp_path, draw):
    sections = {"data": {**OWN_SIZES["data"], "draw": draw}, "model": OWN_SIZES["model"]}
    chosen = config(**sections, train={**PLAIN, "steps": 1, "batch_size": 7})
    loss, expected = updated_by_hand(chosen, root, drawn(chosen, tuple(MOTIONS)))
    results = train(chosen, tmp_path)
    assert results["loss"] == pytest.approx(loss, rel=1e-4)
    assert_close(weights(load_run(tmp_path)[1]), expected)


@pytest.mark.parametrize("nonsense", [pytest.param(np.inf, marks=pytest.mark.slow), 1e12])
def test_unknown_vectors_do_not_count(config, root, tmp_path, nonsense):
    other = shutil.copytree(root, tmp_path / "other")
    spoil(other, nonsense)
    runs = [
        train(config(data={"root": str(folder)}, train={"steps": 2}), tmp_path / name)
        for folder, name in ((root, "a"), (other, "b"))
    ]
    for name in ("loss", "epe", "gradient_norm", "validation_epe"):
        assert runs[0][name] == pytest.approx(runs[1][name], rel=1e-5), name
    zero = train(config(data={"unknown": "zero"}, train={"steps": 2}), tmp_path / "zero")
    assert zero["loss"] != pytest.approx(runs[0]["loss"], rel=0.05)


def test_pairs_of_which_nothing_is_known_teach_nothing(config, root, tmp_path):
    other = shutil.copytree(root, tmp_path / "other")
    spoil(other, 1e10, everywhere=True)
    chosen = config(data={"root": str(other)}, train={**PLAIN, "steps": 2})
    with pytest.raises(InputError, match="No vector of the exact flow is known"):
        train(chosen, tmp_path / "run")
    losses = [
        float(tf.make_ndarray(event.tensor_proto)) for event in tensorboard(tmp_path / "run").Tensors("train/loss")
    ]
    assert losses == [0, 0]


def test_a_truth_that_is_no_number_stops_in_a_sentence(config, root, tmp_path, one_sentence):
    other = shutil.copytree(root, tmp_path / "other")
    spoil(other, np.nan)
    with pytest.raises(InputError, match=r"flow10\.flo holds NaN in \d+ vectors; mark unknown ones") as refusal:
        train(config(data={"root": str(other)}), tmp_path / "run")
    one_sentence(str(refusal.value))


def test_a_diverging_training_says_what_to_do(config, tmp_path, one_sentence):
    chosen = config(train={**PLAIN, "steps": 6, "lr": 1e30})
    with pytest.raises(InputError, match="not finite.*learning rate is likely too high") as refusal:
        train(chosen, tmp_path)
    one_sentence(str(refusal.value))


MODES = {
    "epochs": {"data": {"draw": "epochs", "rotation": 10.0, "flip": True, "colour_jitter": 0.2}},
    "replacement": {"data": {"draw": "replacement"}},
    "own sizes": OWN_SIZES,
    "energy": {"model": {"loss": "energy"}},
    "videos": {"data": {"dataset": "moving_shapes", "height": 32, "zoom": 0.2}},
}


@pytest.mark.parametrize(
    "mode", [pytest.param(mode, marks=pytest.mark.slow if mode in ("energy", "videos") else ()) for mode in MODES]
)
def test_a_run_goes_on_where_it_stopped(config, shapes, tmp_path, mode):
    data = {"root": str(shapes)} if mode == "videos" else {}
    sections = {**MODES[mode], "data": {**MODES[mode].get("data", {}), **data}}
    training = {"steps": 5, "batch_size": 5, "checkpoint_every": 2, "ema": 0.5, "warmup": 2}
    chosen = config(**sections, train=training)
    whole = train(chosen, tmp_path / "whole")
    interrupted(chosen, tmp_path / "halves", steps=3)
    assert tf.train.latest_checkpoint(tmp_path / "halves/checkpoints").endswith("ckpt-2")
    resumed = train(chosen, tmp_path / "halves")
    assert whole.keys() == resumed.keys()
    for name in set(whole) - {"first_step_s"}:
        assert whole[name] == pytest.approx(resumed[name], rel=1e-3), name
    assert_close(*(weights(load_run(tmp_path / name)[1]) for name in ("whole", "halves")))


def test_videos_without_any_truth_teach_by_their_energy(tiny, shapes, tmp_path):
    videos = shutil.copytree(shapes / "videos", tmp_path / "videos")
    chosen = tiny(
        "tvnet_flow",
        data={"dataset": "unlabelled", "root": str(videos)},
        model={"loss": "energy"},
        train={"steps": 8, "lr": 0.02},
    )
    assert open_source(chosen, "train").offers == ()
    results = train(chosen, tmp_path / "run")
    energy = [
        float(tf.make_ndarray(event.tensor_proto)) for event in tensorboard(tmp_path / "run").Tensors("train/energy")
    ]
    assert results["loss"] == results["energy"] and np.mean(energy[-3:]) < np.mean(energy[:3])
    assert "epe" not in results and results["validation_photometric"] > 0
    assert read(tmp_path / "run")["class_names"] == []
    measured = evaluate(chosen, tmp_path / "run", tmp_path / "scores")
    assert measured.numbers["photometric"] == pytest.approx(results["validation_photometric"], rel=1e-4)
    assert measured.scores is None


def test_the_rate_warms_up_and_gradients_are_clipped(config, root, tmp_path):
    chosen = config(train={**PLAIN, "steps": 3, "warmup": 4, "clip_norm": 1e-3, "checkpoint_every": 1})
    train(chosen, tmp_path)
    events = tensorboard(tmp_path).Tensors("learning_rate/classifier")
    rates = [float(tf.make_ndarray(event.tensor_proto)) for event in events]
    assert rates == pytest.approx([RATE * k / 4 for k in (2, 3, 4)])  # Of the update to come.
    before, after = weights(fresh(chosen)), weights(load_run(tmp_path)[1])
    # Clipped gradients of three updates point nearly the same way.
    length = np.sqrt(sum(np.sum((after[name] - before[name]) ** 2) for name in before))
    assert length == pytest.approx(1e-3 * RATE * (1 + 2 + 3) / 4, rel=0.05)


@pytest.mark.slow
def test_the_running_average_is_what_is_saved(config, tmp_path):
    runs = {}
    for steps, ema in ((1, 0.0), (2, 0.0), (3, 0.0), (3, 0.5)):
        folder = tmp_path / f"{steps}-{ema}"
        train(config(train={**PLAIN, "steps": steps, "ema": ema}), folder)
        runs[steps, ema] = weights(load_run(folder)[1])
    first, second, third = (runs[steps, 0.0] for steps in (1, 2, 3))
    expected = {name: 0.25 * first[name] + 0.25 * second[name] + 0.5 * third[name] for name in first}
    assert any(np.abs(expected[name] - third[name]).max() > 1e-4 for name in third)
    assert_close(runs[3, 0.5], expected)


@pytest.mark.slow
@pytest.mark.parametrize("draw", ["epochs", "replacement"])
def test_two_replicas_are_one_device(launcher, root, tmp_path, draw):
    flags = ["--method=tvnet_flow", "--experiment=middlebury", f"--config.data.root={root}", "--config.data.height=24"]
    flags += ["--config.data.width=32", "--config.model.iterations=4", "--config.train.steps=3"]
    flags += ["--config.train.batch_size=8", f"--config.data.draw={draw}", "--config.train.clip_norm=0.5"]
    alone = launcher("train", *flags, f"--output_dir={tmp_path}/one")
    both = launcher("train", *flags, f"--output_dir={tmp_path}/two", "--strategy=mirrored", "--devices=CPU:0,CPU:1")
    assert alone.code == both.code == 0, alone.error + both.error
    results = [read(tmp_path / name)["results"] for name in ("one", "two")]
    for name in ("loss", "epe", "gradient_norm", "validation_epe"):
        assert results[0][name] == pytest.approx(results[1][name], rel=1e-3), name
    assert_close(*(weights(load_run(tmp_path / name)[1]) for name in ("one", "two")), atol=1e-4)


def test_a_pair_that_breaks_stops_the_training_in_a_sentence(config, root, tmp_path, one_sentence):
    other = shutil.copytree(root, tmp_path / "other")
    cv2.imwrite(str(other / "other-data/First/frame10.png"), np.zeros((5, 5, 3), np.uint8))
    with pytest.raises(InputError, match="First/frame10.png has 5 x 5 pixels") as refusal:
        train(config(data={"root": str(other)}), tmp_path / "run")
    one_sentence(str(refusal.value))
