"""Flow that was stored stands in front of the temporal stream: trained, measured, exported, predicted, or refused."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from launch.evaluate import evaluate
from launch.evaluators import classes
from launch.export import export
from launch.run import run_folder
from launch.run.data import list_source, open_source
from launch.run.inference import score_videos
from launch.run.model import build_model, load_run
from launch.run.video_files import open_files
from launch.train import train
from launch.weights.by_name import match, weight_values
from tests.launch.interruption import interrupted
from tests.launch.pairs_on_disk import write_pairs
from tests.video.conftest import encode
from tvnet_keras.errors import InputError
from tvnet_keras.flow.codec import quantisation_error
from tvnet_keras.flow.solvers import make_solver
from tvnet_keras.flow.store import FlowFormat, StoredFlow, write_flow
from tvnet_keras.video.moving_shapes.writer import exact_flow, write_dataset

NEEDS = ("label", "flow")
LOSSLESS = FlowFormat(form="png")


def write(videos, folder, solver="dis", form=LOSSLESS):
    return write_flow(videos, folder, lambda: make_solver(solver), {"solver": solver}, form)


@pytest.fixture(scope="module")
def videos(tiny):
    """Every video of the set, of both lists."""
    training, test = (list_source(tiny("rgb"), subset).videos for subset in ("train", "test"))
    return dataclasses.replace(training, videos=(*training.videos, *test.videos))


@pytest.fixture(scope="module")
def stores(videos, tmp_path_factory):
    """Folders of stored flow by what is special about them."""
    folder = tmp_path_factory.mktemp("stores")
    write(videos, folder / "all")
    # Of 8 frames those from 0, 3 and 5 on: the step from frame 2 to 3 is in none of them.
    write(videos, folder / "windows", form=FlowFormat("png", windows=3, window=2))
    write(dataclasses.replace(videos, videos=videos.videos[2:-1]), folder / "lacking")
    shorter = dataclasses.replace(videos.videos[0], path=str(encode(folder / "a.avi", 7, size=(32, 32))))
    write(dataclasses.replace(videos, videos=(shorter, *videos.videos[1:])), folder / "shorter")
    return {path.name: str(path) for path in folder.iterdir() if path.is_dir()}


@pytest.fixture(scope="module")
def configured(tiny, stores):
    """A configuration of stored motion: `configured("all", data={"frames": 7})`; of windows, one of as long clips."""

    def make(store="all", **sections):
        short = store == "windows"
        data = {"flow": stores[store] if store else "", "frames": 3 if short else 6, **sections.pop("data", {})}
        return tiny("tvnet", model={"motion": "stored", "flow_fields": 2 if short else 5}, data=data, **sections)

    return make


@pytest.fixture(scope="module")
def stored_run(configured, tmp_path_factory):
    """A run on stored flow that was stopped once and has gone on."""
    folder = tmp_path_factory.mktemp("run") / "stored"
    interrupted(configured(), folder, steps=3)
    train(configured(), folder)
    return folder


def test_a_run_learns_from_stored_flow_and_says_which(stored_run, tmp_path):
    config, model, _ = load_run(stored_run)
    assert not [weight.path for weight in model.weights if "tvnet/" in weight.path]
    evaluate(config, stored_run, tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    form = {"form": "png", "quality": 95, "bound": 20.0, "windows": 0, "window": 0}
    assert metrics["stored_flow"] == {"solver": "dis", **form}
    assert metrics["videos"] == 12 and "epe" not in metrics and "photometric" not in metrics
    results = run_folder.read(stored_run)["results"]
    assert results["validation_top1"] == pytest.approx(metrics["top1"])


@pytest.mark.slow
def test_a_run_that_goes_on_is_the_run_that_never_stopped(configured, stored_run, tmp_path):
    train(configured(), tmp_path)
    for one, other in zip(load_run(tmp_path)[1].weights, load_run(stored_run)[1].weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_batches_hold_the_stored_flow(configured, stores):
    config = configured(data={"flip": False})
    source = open_source(config, "train", NEEDS)
    stored = StoredFlow(stores["all"])
    batch = next(iter(source.training(NEEDS, tf.distribute.get_strategy(), 0)))
    for flow, index in zip(batch["flow"].numpy(), batch["index"].numpy(), strict=True):
        video = source.videos.videos[index]
        steps = stored.read(video.video_id, np.arange(7), np.arange(1, 8))
        assert any(np.array_equal(flow, steps[start : start + 5]) for start in range(3))


def test_without_a_store_the_exact_flow_is_read(configured):
    source = open_source(configured("", data={"flip": False}), "train", NEEDS)
    assert source.flow is None and source.flow_read == {"solver": "exact"}
    batch = next(iter(source.training(NEEDS, tf.distribute.get_strategy(), 0)))
    for flow, index in zip(batch["flow"].numpy(), batch["index"].numpy(), strict=True):
        steps = exact_flow(source.videos.videos[index].path)
        assert any(np.array_equal(flow, steps[start : start + 5]) for start in range(3))


def test_an_export_takes_flow_of_the_videos_own_size(stored_run, configured, stores, tmp_path):
    config, model, names = load_run(stored_run)
    source = open_source(config, "test", NEEDS)
    logits, _ = score_videos(model, source.clips(), source.videos)
    signatures = tf.saved_model.load(str(export(stored_run, tmp_path / "export"))).signatures
    assert list(signatures) == ["serving_default"]
    assert (tmp_path / "export/classes.txt").read_text().split() == list(names)
    stored = StoredFlow(stores["all"])
    # The middle one of the three clips of 6 frames that 8 frames have begins at frame 1.
    flow = np.stack([stored.read(name, np.arange(1, 6), np.arange(2, 7)) for name, _ in source.names])
    found = signatures["serving_default"](flow=tf.constant(flow))["probabilities"]
    np.testing.assert_allclose(found, tf.nn.softmax(logits), atol=1e-5)
    with pytest.raises(tf.errors.InvalidArgumentError, match="The flow needs at least 5 steps"):
        signatures["serving_default"](flow=tf.constant(flow[:, 1:]))


def test_a_video_is_predicted_by_its_name_in_the_store(stored_run, shapes, videos, tmp_path, capsys, one_sentence):
    config, model, names = load_run(stored_run)
    paths = [video.path for video in videos.videos[-3:]]
    source = open_files(paths, config, names)
    logits, _ = score_videos(model, source.views(), source.videos)
    test = open_source(config, "test", NEEDS)
    expected, _ = score_videos(model, test.views(), test.videos)
    np.testing.assert_allclose(logits, expected[-3:], atol=1e-5)
    other = shutil.copy(paths[0], tmp_path / "holiday.avi")
    with pytest.raises(InputError, match="1 of 4 .*not in --config.data.flow=.*holiday") as refusal:
        open_files([*paths, other], config, names)
    one_sentence(str(refusal.value))
    assert len(open_files([*paths, other], config, names, skip_unreadable=True).videos.videos) == 3
    assert f"skipped: {other}: not in" in capsys.readouterr().err
    config.data.flow = ""
    with pytest.raises(InputError, match="motion=stored reads stored flow, .*give --config.data.flow=FOLDER"):
        open_files(paths, config, names)


def test_a_network_of_stored_flow_is_explained_by_where_its_motion_is_taken_away(here, stored_run, videos, tmp_path):
    path = Path(videos.videos[-1].path)
    flags = [f"--run={stored_run}", f"--output_dir={tmp_path}", "--square=16", "--stride=16"]
    outcome = here("explain", *flags, path)
    assert outcome.code == 0, outcome.error
    config, model, names = load_run(stored_run)
    flow = next(iter(open_files([str(path)], config, names).clips()))["flow"].numpy()
    still = flow.copy()
    still[:, :, 16:, :16] = 0
    whole, taken = (tf.nn.softmax(model(given, training=False)["logits"]).numpy()[0] for given in (flow, still))
    label = whole.argmax()
    found = np.load(tmp_path / f"{path.stem}.importance.npy")
    np.testing.assert_allclose(found[16:, :16], (whole[label] - taken[label]) / whole[label], atol=2e-4)


REFUSED = {
    "no store": (
        "",
        {"data": {"dataset": "folder"}},
        "reads stored flow, of which .*folder has none: give --config.da",
    ),
    "nowhere": ("", {"data": {"flow": "nowhere"}}, "nowhere holds no finished store of flow"),
    "clips that start anywhere": ("windows", {}, "holds the flow of 3 windows of 2 pairs .* --config.data.windows=3"),
    "other windows": ("windows", {"data": {"windows": 4}}, "lacks flow that the train clips ask for: .* from frame"),
    "longer clips": ("windows", {"data": {"windows": 3, "frames": 4}}, "lacks flow that the train clips ask for"),
    "steps": ("windows", {"data": {"windows": 3, "step": 2}}, "lacks flow .* step=2"),
    "start again": ("all", {"data": {"frames": 9}}, "is shorter than a clip and starts again.*short=clamp"),
    "exact start again": ("", {"data": {"frames": 9}}, "The exact flow of .*moving_shapes lacks flow .*short=clamp"),
    "missing videos": ("lacking", {}, "2 of 36 train videos are not in --config.data.flow=.*write the flow again"),
    "a video of more frames": ("shorter", {}, "train clips ask for: .* frame 6 to 7 .* holds 6 pairs of this video"),
    "segments": ("windows", {"data": {"windows": 3, "segments": 4}}, "4 segments cannot be drawn from windows=3"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_stored_flow_cannot_give_is_refused_before_the_first_step(configured, shapes, case, one_sentence):
    store, sections, said = REFUSED[case]
    config = configured(store, **sections)
    if config.data.dataset == "folder":
        config.data.root = str(shapes / "videos")
    with pytest.raises(InputError, match=said) as refusal:
        source = list_source(config, "train", NEEDS)
        source.require_trainable(NEEDS, tf.distribute.get_strategy())
        source.scanned()
    one_sentence(str(refusal.value))


@pytest.mark.parametrize(
    ("store", "sections"),
    [
        ("all", {"data": {"frames": 9, "short": "clamp"}}),
        ("", {"data": {"frames": 9, "short": "clamp"}}),
        ("all", {"data": {"segments": 3, "step": 1}}),
        ("windows", {"data": {"windows": 3}}),
        ("windows", {"data": {"windows": 3, "segments": 3}}),
        ("all", {"data": {"windows": 2, "frames": 7}}),
    ],
)
def test_what_stored_flow_can_give_is_given(configured, store, sections):
    config = configured(store, **sections)
    for subset in ("train", "test"):
        source = open_source(config, subset, NEEDS)
        batches = source.views() if subset == "test" else source.training(NEEDS, tf.distribute.get_strategy(), 0)
        flow = next(iter(batches))["flow"].numpy()
        assert np.isfinite(flow).all() and np.abs(flow).max() > 0.1
        assert flow.shape[-4] == config.data.frames - 1


def test_a_test_of_other_windows_than_are_stored_is_refused(configured, one_sentence):
    assert open_source(configured("windows", data={"windows": 3}, eval={"clips": 3}), "test", NEEDS).flow
    sentence = "lacks flow that the test clips ask for: .* from frame 2 to 3 .*--config.eval.clips=25"
    with pytest.raises(InputError, match=sentence) as refusal:
        open_source(configured("windows", data={"windows": 3}, eval={"clips": 25}), "test", NEEDS)
    one_sentence(str(refusal.value))


def test_videos_that_a_store_lacks_are_left_out_where_that_is_allowed(configured, videos, capsys):
    source = open_source(configured("lacking"), "train", NEEDS, skip_unreadable=True)
    absent = [video.video_id for video in videos.videos[:2]]
    assert list(source.skipped) == absent and len(source.names) == 34
    assert all(f"{name}.avi: not in" in capsys.readouterr().err for name in absent[:1])


def test_flow_that_nothing_reads_is_refused(tiny, stores, tmp_path_factory, one_sentence):
    pairs = {"dataset": "middlebury", "root": str(write_pairs(tmp_path_factory.mktemp("pairs"))), "frames": 2}
    for config, said in (
        (tiny("rgb", data={"flow": stores["all"]}), "data.flow=.* has no meaning for --method=rgb, which reads no"),
        (tiny("tvnet", data={"flow": stores["all"]}), "data.flow=.* has no meaning for --method=tvnet, which reads no"),
        (tiny("tvnet_flow", data={**pairs, "flow": stores["all"]}), "data.flow=.* has no meaning for image pairs"),
        (tiny("tvnet_flow", data={**pairs, "windows": 3}), "data.windows=3 has no meaning for image pairs"),
    ):
        with pytest.raises(InputError, match=said) as refusal:
            list_source(config, "train")
        one_sentence(str(refusal.value))


def test_stored_and_live_flow_of_one_solver_give_the_same_logits(tiny, videos, tmp_path):
    live = tiny("tvnet", model={"learn": ()})
    model = build_model(live, 12)
    write(videos, tmp_path / "store", f"tvnet-1-1-{live.model.iterations}", FlowFormat("png", bound=4))
    stored = tiny("tvnet", model={"motion": "stored"}, data={"flow": str(tmp_path / "store")})
    of_store = build_model(stored, 12)
    match(of_store, weight_values(model)).apply()
    measured = {
        name: classes.measure(part, open_source(config, "test"), config)
        for name, part, config in (("live", model, live), ("stored", of_store, stored))
    }
    logits = {name: part.scores.logits for name, part in measured.items()}
    # What errors of half a step in every vector do to the logits: one way everywhere, and at random.
    clips = np.concatenate([batch["clip"].numpy() for batch in open_source(live, "test").clips()])
    flow, random = model.motion(clips).numpy(), np.random.default_rng(0)
    errors = [np.ones_like(flow), *(random.choice(np.float32([-1, 1]), flow.shape) for _ in range(3))]
    moved = [
        np.abs(of_store(flow + quantisation_error(4) * error)["logits"] - logits["live"]).max() for error in errors
    ]
    assert np.abs(flow).max() > 0.5
    assert 0 < np.abs(logits["stored"] - logits["live"]).max() < 2 * max(moved)
    # The bound tells videos apart, or it would hold for anything.
    assert 2 * max(moved) < np.ptp(logits["live"], axis=0).max()
    assert abs(measured["stored"].numbers["top1"] - measured["live"].numbers["top1"]) <= 1 / 12 + 1e-6
    assert "stored_flow" not in measured["live"].protocol


@pytest.mark.slow
def test_stored_and_live_flow_of_one_solver_give_the_same_accuracy(tiny, tmp_path):
    root = write_dataset(tmp_path / "shapes", train_groups=16, test_groups=6, frames=6, size=(32, 32))
    data, training = {"root": str(root)}, {"steps": 240, "batch_size": 16, "lr": 3e-3, "checkpoint_every": 240}
    live = tiny("tvnet", model={"learn": (), "iterations": 20}, data=data, train=training)
    lists = [list_source(live, subset).videos for subset in ("train", "test")]
    every = dataclasses.replace(lists[0], videos=(*lists[0].videos, *lists[1].videos))
    # Motions here are half a pixel to two: of 20 pixels a step would be a fifth of them.
    write(every, tmp_path / "store", "tvnet-1-1-20", FlowFormat("png", bound=4))
    data["flow"] = str(tmp_path / "store")
    stored = tiny("tvnet", model={"motion": "stored"}, data=data, train=training)
    found = {}
    for name, config in (("live", live), ("stored", stored)):
        train(config, tmp_path / name)
        found[name] = evaluate(config, tmp_path / name, tmp_path / name / "evaluation").numbers["top1"]
    carried = dataclasses.replace(stored, init_from=str(tmp_path / "live"))
    carried.train = dataclasses.replace(carried.train, steps=0)
    train(carried, tmp_path / "carried")
    found["carried"] = evaluate(carried, tmp_path / "carried", tmp_path / "carried/evaluation").numbers["top1"]
    print(found)
    assert min(found.values()) > 0.5
    # The same weights: a video or two on the edge; weights that learned from the rounded flow: a few.
    assert abs(found["carried"] - found["live"]) <= 2 / 72 + 1e-6
    assert abs(found["stored"] - found["live"]) <= 0.1


def test_the_store_is_found_from_the_command_line(here, stores, shapes, tmp_path):
    flags = ["--method=tvnet", "--config.model.motion=stored", f"--config.data.root={shapes}"]
    windows = [*flags, f"--config.data.flow={stores['windows']}", f"--output_dir={tmp_path}/run"]
    assert "--config.data.windows=3" in here("train", *windows).sentence()
    assert not Path(tmp_path / "run/model.keras").exists()
