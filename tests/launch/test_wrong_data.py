"""Data that does not fit the method or its options is one sentence, told before a run begins."""

import pytest

from launch.evaluate import evaluate
from launch.run.config import check, new_config
from launch.run.run_folder import has_begun, read, read_config
from launch.train import train
from tests.launch.pairs_on_disk import write_pairs
from tvnet_keras.errors import InputError


@pytest.fixture(scope="module")
def places(shapes, tmp_path_factory):
    """Folders by the name of their data set."""
    videos = str(shapes / "videos")
    pairs = write_pairs(tmp_path_factory.mktemp("pairs") / "middlebury")
    return {"middlebury": str(pairs), "moving_shapes": str(shapes), "folder": videos, "unlabelled": videos}


@pytest.fixture
def wrong(places):
    """A configuration of seconds with options that do not fit."""

    def make(method, dataset, **options):
        sections = {
            "data": {"dataset": dataset, "root": places[dataset], "height": 32, "width": 32, "crop": "none"},
            "train": {"steps": 1, "batch_size": 4},
        }
        for path, value in options.items():
            section, field = path.split("_", 1)
            sections.setdefault(section, {})[field] = value
        return check(new_config(method, "moving_shapes", **sections))

    return make


@pytest.fixture
def on_dataset(places):
    """The configuration of a run with other data, of the run's classes."""

    def make(run, dataset, measures):
        config, labelled = read_config(run), dataset == "folder"
        config.data.dataset, config.data.root, config.eval.measures = dataset, places[dataset], measures
        config.data.classes = tuple(read(run)["class_names"]) if labelled else ()
        return config

    return make


OWN_SIZE = {"data_height": 0, "data_width": 0}
ENERGY = {"model_loss": "energy", "model_iterations": 2}


@pytest.mark.parametrize(
    ("method", "dataset", "options", "sentence"),
    [
        ("tvnet", "middlebury", {}, "--method=tvnet learns from label, but .*middlebury offers flow, known"),
        ("tvnet", "unlabelled", {}, "--method=tvnet learns from label, but .*unlabelled offers frames alone"),
        ("tvnet_flow", "folder", {}, "tvnet_flow learns from flow and known, but .*folder offers label: "),
        ("tvnet_flow", "unlabelled", {}, "tvnet_flow learns from flow and known, but .* offers frames alone"),
        ("tvnet_flow", "middlebury", {"data_frames": 3}, "middlebury has clips of 2 frames, not of .*frames=3"),
        ("tvnet_flow", "middlebury", {"data_segments": 2}, "segments=2 averages the logits .* answers flow: set"),
        ("tvnet_flow", "moving_shapes", {"data_segments": 2}, "flow .* is that of neighbouring frames .*segments=1"),
        ("tvnet_flow", "unlabelled", {"data_segments": 2, **ENERGY}, "segments=2 averages the logits"),
        ("tvnet_flow", "moving_shapes", {"data_step": 2}, "flow .* is that of neighbouring frames .*step=1"),
        ("tvnet_flow", "moving_shapes", {**OWN_SIZE, "model_u0_size": (8, 8)}, "have one size: set --config.data.hei"),
        ("tvnet_flow", "unlabelled", {**OWN_SIZE, **ENERGY, "model_u0_size": (8, 8)}, "unlabelled have one size"),
        ("tvnet_flow", "middlebury", OWN_SIZE, "u0_size"),
        ("tvnet", "moving_shapes", OWN_SIZE, "u0_size|have one size"),
        ("rgb", "moving_shapes", OWN_SIZE, "have one size"),
        ("representation_flow", "moving_shapes", OWN_SIZE, "size"),
        ("tvnet_flow", "middlebury", {"data_render": "final"}, "render=final does not belong .* set --config.data.re"),
    ],
)
def test_data_that_does_not_fit_stops_a_run_before_it_begins(
    wrong, one_sentence, tmp_path, method, dataset, options, sentence
):
    with pytest.raises(InputError, match=sentence) as refusal:
        train(wrong(method, dataset, **options), tmp_path / "run")
    one_sentence(str(refusal.value))
    # Else the corrected command would be told that the folder holds another run.
    assert not has_begun(tmp_path / "run")


@pytest.mark.parametrize(
    ("dataset", "measures", "sentence"),
    [
        ("middlebury", ("classes",), "measures=classes cannot be taken .* which offers flow and known"),
        ("middlebury", (), "Nothing can be measured of --method=rgb"),
        ("folder", ("flow",), "measures=flow cannot be taken of --method=rgb, which answers logits, on .* label"),
        ("unlabelled", (), "Nothing can be measured of --method=rgb"),
    ],
)
def test_a_measure_that_the_data_cannot_give_is_one_sentence(
    rgb_run, on_dataset, one_sentence, tmp_path, dataset, measures, sentence
):
    with pytest.raises(InputError, match=sentence) as refusal:
        evaluate(on_dataset(rgb_run, dataset, measures), rgb_run, tmp_path / "evaluation")
    one_sentence(str(refusal.value))


def test_flow_needs_its_truth_and_the_residual_needs_none(finished_run, on_dataset, tmp_path):
    with pytest.raises(InputError, match="measures=flow cannot be taken of --method=tvnet, .* which offers label"):
        evaluate(on_dataset(finished_run, "folder", ("flow",)), finished_run, tmp_path)
    # Nor does it ask which classes the videos have.
    config = on_dataset(finished_run, "folder", ("photometric",))
    config.data.classes = ()
    assert evaluate(config, finished_run, tmp_path).numbers["photometric"] > 0
    config.eval.measures = ()
    with pytest.raises(InputError, match="was trained on the classes .* set --config.data.classes, or"):
        evaluate(config, finished_run, tmp_path)


def test_the_command_says_so_too(launcher, places, tmp_path):
    flags = ["--method=tvnet_flow", "--experiment=folder", f"--config.data.root={places['folder']}"]
    said = launcher("train", *flags, f"--output_dir={tmp_path}/run").sentence()
    assert "--method=tvnet_flow learns from flow and known" in said and "--config.data.dataset=folder" in said
