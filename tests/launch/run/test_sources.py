"""Every kind of data set behind one function: what it offers, what its Batches carry, what is refused."""

import dataclasses
import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from launch.evaluators import choose_measures
from launch.experiments import flyingchairs
from launch.run.config import dataset_names, method_module, new_config
from launch.run.data import list_source, open_source, print_validation, warn_of_lists
from launch.run.model import build_model
from launch.run.model_outputs import output_names
from launch.run.pair_source import PairSource
from launch.run.video_report import splits_of, union
from launch.run.video_source import VideoSource
from models import needs_of
from tests.launch.pairs_on_disk import MOTIONS, write_pairs
from tvnet_keras.errors import InputError
from tvnet_keras.flow import pairs
from tvnet_keras.flow.picture import write_video
from tvnet_keras.video import datasets

TRUTH = ("flow", "known")


@pytest.fixture(scope="module")
def roots(shapes, tmp_path_factory):
    """A data root for each kind of source."""
    folder = tmp_path_factory.mktemp("sources")
    random = np.random.default_rng(0)
    for name in ("train/run/a", "train/jump/b", "test/run/c", "test/jump/d"):
        path = folder / f"videos/{name}.avi"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_video(path, random.integers(0, 256, (7, 32, 40, 3), np.uint8), 25)
    return {
        "moving_shapes": shapes,
        "folder": folder / "videos",
        "unlabelled": folder / "videos",
        "middlebury": write_pairs(folder / "pairs"),
    }


@pytest.fixture
def config(tiny, roots):
    """A configuration on a kind of source: `config("folder", method="rgb")`."""

    def make(dataset, method="tvnet_flow", **sections):
        data = {"dataset": dataset, "root": str(roots[dataset]), **sections.pop("data", {})}
        return tiny(method, data=data, **sections)

    return make


OFFERS = {
    "moving_shapes": (VideoSource, ("label", *TRUTH)),
    "folder": (VideoSource, ("label",)),
    "unlabelled": (VideoSource, ()),
    "middlebury": (PairSource, TRUTH),
}


@pytest.mark.parametrize("dataset", OFFERS)
def test_a_source_says_what_its_batches_carry(config, dataset):
    kind, offers = OFFERS[dataset]
    source = open_source(config(dataset), "train")
    assert isinstance(source, kind) and source.offers == offers
    assert bool(source.class_names) == ("label" in offers)
    source.require_trainable(offers, tf.distribute.get_strategy())
    (batch,) = itertools.islice(source.training(offers, tf.distribute.get_strategy(), 0), 1)
    assert {"clip", "index", *offers} <= set(batch)
    assert batch["clip"].shape[1:] == (2, 32, 32, 3) and batch["clip"].dtype == tf.uint8
    if "flow" in offers:
        assert batch["flow"].shape[1:] == (1, 32, 32, 2) and batch["known"].shape[1:] == (1, 32, 32)
    if not offers:
        assert (batch["label"].numpy() == -1).all()


def test_names_are_in_list_order_with_their_labels(config):
    listed = list_source(config("folder"), "train")
    assert listed.names == (("b", 0), ("a", 1)) and listed.class_names == ("jump", "run")
    assert list_source(config("unlabelled"), "test").names == (("d", -1), ("c", -1))
    assert list_source(config("middlebury"), "test").names == tuple((name, -1) for name in MOTIONS)


def test_every_data_set_has_one_name():
    assert dataset_names() == tuple(sorted(set(datasets.names()) | set(pairs.names())))
    assert {"unlabelled", "ucf101", "flyingchairs", "moving_shapes"} <= set(dataset_names())


@pytest.mark.parametrize(
    ("dataset", "method", "model", "message"),
    [
        ("middlebury", "rgb", {}, "learns from label, but --config.data.dataset=middlebury offers flow, known: "),
        ("unlabelled", "rgb", {}, "offers frames alone: choose another data set, or options .* that need no label"),
        ("unlabelled", "tvnet_flow", {}, "--method=tvnet_flow learns from flow and known, but .* offers frames alone"),
        ("folder", "tvnet_flow", {"loss": "epe"}, "offers label: .* that need no flow"),
    ],
)
def test_a_data_set_that_lacks_a_need_is_refused(config, dataset, method, model, message, one_sentence):
    made = config(dataset, method=method, model=model)
    needs = needs_of(method_module(method), made.model)
    with pytest.raises(InputError, match=message) as refusal:
        list_source(made, "train", needs)
    one_sentence(str(refusal.value))
    assert list_source(made, "train")  # Without the need, as for a test, it is a list like any other.


def test_an_option_that_needs_no_truth_needs_none(config):
    made = config("unlabelled", model={"loss": "energy"})
    assert needs_of(method_module("tvnet_flow"), made.model) == ()


@pytest.mark.parametrize(
    ("dataset", "data", "message"),
    [
        ("middlebury", {"render": "final"}, "render=final does not belong to --config.data.dataset=middlebury"),
        ("middlebury", {"pairs": ("Frist",)}, "--config.data.pairs is 'Frist'.*Did you mean 'First'"),
        ("middlebury", {"dataset": "midlebury"}, "--config.data.dataset is 'midlebury'.*Did you mean 'middlebury'"),
        ("middlebury", {"root": "nowhere"}, "nowhere holds no pairs"),
        ("unlabelled", {"classes": ("run",)}, "no classes"),
    ],
)
def test_an_option_of_another_data_set_is_refused(config, dataset, data, message):
    with pytest.raises(InputError, match=message):
        list_source(config(dataset, data=data), "train")


@pytest.mark.parametrize(
    ("dataset", "method", "field", "value"),
    [
        *(("middlebury", "tvnet_flow", *pair) for pair in (("split", 2), ("classes", ("run",)), ("cache", "c"))),
        *(("middlebury", "tvnet_flow", *pair) for pair in (("validation", 0.5), ("portion", 0.5))),
        *(("moving_shapes", "rgb", *pair) for pair in (("pairs", ("First",)), ("render", "final"), ("rotation", 9.0))),
        *(("moving_shapes", "rgb", *pair) for pair in (("translation", 0.1), ("zoom", 0.1))),
        *(("folder", "rgb", *pair) for pair in (("interpolation", "linear"), ("unknown", "zero"))),
        *((*place, "group", "a") for place in (("middlebury", "tvnet_flow"), ("moving_shapes", "rgb"))),
    ],
)
def test_a_setting_that_decides_nothing_is_refused(config, dataset, method, field, value, one_sentence):
    needs = needs_of(method_module(method), config(dataset, method).model)
    list_source(config(dataset, method), "train", needs)
    with pytest.raises(InputError, match=f"--config.data.{field}=.* has no meaning for .*leave it out") as refusal:
        list_source(config(dataset, method, data={field: value}), "train", needs)
    one_sentence(str(refusal.value))


def test_a_validation_without_a_video_is_refused(config, one_sentence):
    with pytest.raises(InputError, match="validation=0.9 keeps nothing back: no class .* has two rec") as refusal:
        list_source(config("folder", "rgb", data={"validation": 0.9}), "test")
    one_sentence(str(refusal.value))


def test_of_a_validation_no_test_video_is_spoken(tiny, shapes, tmp_path, capsys):
    root = shutil.copytree(shapes, tmp_path / "copy")
    data = {"root": str(root), "validation": 0.3, "missing": "report"}
    validated = list_source(tiny("rgb", data=data), "test").videos.videos
    for video in validated[:2]:
        Path(video.path).unlink()
    Path(validated[2].path).write_bytes(b"")
    training, source = (list_source(tiny("rgb", data=data), subset) for subset in ("train", "test"))
    warn_of_lists(training, source)
    said = capsys.readouterr().err
    assert "2 of 12 listed validation videos are missing; going on with 10." in said
    assert "No validation video of 2 of 12 classes" in said
    # What is not there takes no other recording's place.
    assert set(source.names) <= {(video.video_id, video.label) for video in validated}
    with pytest.raises(InputError, match="1 of 10 validation videos cannot be read"):
        source.scanned()


def test_what_an_experiment_sets_for_its_own_data_set_is_no_wish_for_another_one(roots):
    made = new_config("tvnet_flow", "flyingchairs", model={"loss": "energy"})
    made.data = dataclasses.replace(flyingchairs.config("tvnet_flow").data, dataset="unlabelled")
    made.data.root = str(roots["unlabelled"])
    assert made.data.rotation > 0
    list_source(made, "train")
    made.data.rotation += 1
    with pytest.raises(InputError, match="rotation=.* has no meaning"):
        list_source(made, "train")


class TwoReplicas:
    """As much of a strategy as is asked before anything is computed."""

    num_replicas_in_sync = 2


ONE = tf.distribute.get_strategy()


@pytest.mark.parametrize(
    ("dataset", "sections", "strategy", "message"),
    [
        ("middlebury", {"data": {"frames": 3}}, ONE, "has clips of 2 frames, not of --config.data.frames=3"),
        ("middlebury", {"data": {"height": 0, "width": 0}}, TwoReplicas(), "computed one by one.*2 devices"),
        ("middlebury", {"data": {"height": 0, "width": 0}, "train": {"accumulate": 2}}, ONE, "accumulate=2"),
        ("moving_shapes", {"data": {"step": 2}}, ONE, "set --config.data.step=1 .* instead of 2 and 1"),
        ("moving_shapes", {"data": {"segments": 3}}, ONE, "segments=1 instead of 1 and 3"),
        ("moving_shapes", {"data": {"height": 0, "width": 0}}, ONE, "instead of 0, which is for image pairs"),
    ],
)
def test_settings_that_batches_cannot_have_are_refused(config, dataset, sections, strategy, message, one_sentence):
    source = list_source(config(dataset, **sections), "train")
    with pytest.raises(InputError, match=message) as refusal:
        source.require_trainable(("flow", "known"), strategy)
    one_sentence(str(refusal.value))


def test_chosen_pairs_are_those_in_their_order(config):
    source = list_source(config("middlebury", data={"pairs": ("Third", "First")}), "train")
    assert [name for name, _ in source.names] == ["Third", "First"]


def test_pairs_have_no_views_to_score(config):
    with pytest.raises(InputError, match="has no classes to score"):
        list_source(config("middlebury"), "test").views()


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ("moving_shapes", ["flow"]),
        ("middlebury", ["flow"]),
        ("unlabelled", ["photometric"]),
        ("folder", ["photometric"]),
    ],
)
def test_a_flow_network_is_measured_by_what_the_data_has_the_truth_for(config, dataset, expected):
    made = config(dataset)
    model = build_model(made, 0)
    offers = list_source(made, "test").offers
    measures = choose_measures(made, model, output_names(model, made.data), offers)
    assert [measure.__name__.rpartition(".")[2] for measure in measures] == expected


def test_videos_of_one_size_and_pairs_of_their_own_are_pictured(config):
    clip = next(iter(open_source(config("folder"), "test").clips()))["clip"]
    assert clip.shape == (2, 2, 32, 32, 3)
    shapes = [batch["clip"].shape[2:4] for batch in list_source(config("middlebury"), "test").clips()]
    assert [tuple(shape) for shape in shapes] == [(height, width) for height, width, _ in MOTIONS.values()]


@pytest.fixture
def own(tmp_path):
    """Folders of one's own: two classes, five recordings of three clips each, with names as those of UCF101."""
    for name in ("run", "walk"):
        for number in range(15):
            path = tmp_path / f"own/{name}/v_{name}_g{number // 3:02d}_c{number % 3:02d}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
    return tmp_path / "own"


def recordings_of(source):
    return {name.rpartition("_")[0] for name, _ in source.names}


def own_lists(tiny, root, **data):
    """The training, the validation and the test list of a configuration for `--experiment=folder`."""
    data = {"dataset": "folder", "root": str(root), **data}
    validated, tested = tiny("rgb", data=data), tiny("rgb", data={**data, "validation": 0.0})
    return [list_source(validated, "train"), list_source(validated, "test"), list_source(tested, "test")]


def test_recordings_of_a_folder_stay_together_in_all_three_lists(tiny, own):
    lists = own_lists(tiny, own, group=r"(.+_g\d+)_", validation=0.25)
    learnt, validated, tested = map(recordings_of, lists)
    assert not learnt & validated and not learnt & tested and not validated & tested
    assert [len(source.names) for source in lists] == [18, 6, 6]
    assert not any(source.notes for source in lists)


def test_clips_of_a_recording_in_several_lists_are_told_with_the_flag(tiny, own, capsys):
    training, validation, _ = own_lists(tiny, own, validation=0.25)
    warn_of_lists(training, validation)
    assert "several clips of a recording" in (said := capsys.readouterr().err)
    assert r"--config.data.group='(.+_g\\d+)_c\\d+$' keeps them together" in said
    # Who has divided the videos, and keeps none of them back, knows.
    (own / "run").rename(own / "test")
    (own / "walk").rename(own / "train")
    for subset in ("train", "test"):
        (own / f"{subset}/a").mkdir()
        for path in (own / subset).glob("*.mp4"):
            path.rename(own / subset / "a" / path.name)
    assert not own_lists(tiny, own)[0].notes


def test_a_pattern_that_finds_nothing_is_refused_and_one_that_finds_little_is_told(tiny, own, one_sentence):
    with pytest.raises(
        InputError, match=r"--config.data.group=day\\d finds nothing in any .*, such as v_run_g00"
    ) as refusal:
        own_lists(tiny, own, group=r"day\d")
    one_sentence(str(refusal.value))
    (own / "run/other.mp4").write_bytes(b"x")
    (training, validation, _) = own_lists(tiny, own, group=r"(.+_g\d+)_", validation=0.25)
    notes = {*training.notes, *validation.notes}
    assert all("finds nothing in 1 of " in note and "recording of its own" in note for note in notes)
    with pytest.raises(InputError, match=r"--config.data.group=\( is no regular expression"):
        own_lists(tiny, own, group="(")


def test_a_folder_of_validation_videos_takes_the_place_of_a_part(tiny, own, capsys):
    for subset, name in (("train", "run"), ("val", "walk")):
        (own / subset).mkdir()
        (own / name).rename(own / subset / "a")
    (own / "test/a").mkdir(parents=True)
    (own / "test/a/1.mp4").write_bytes(b"x")
    training, validation, test = own_lists(tiny, own, validation=0.2)
    assert [len(source.names) for source in (training, validation, test)] == [15, 15, 1]
    assert recordings_of(validation) == {f"v_walk_g0{k}" for k in range(5)}
    assert not training.notes
    print_validation(training.config, training, validation)
    assert capsys.readouterr().out == (
        "Learning from 15 videos, validating on 15, the folder's own validation videos; the test list is left for "
        "launch.evaluate --config.data.validation=0.\n"
    )
    # They are checked and cached like all others.
    assert len(union(splits_of("folder", own, 1, ())).videos) == 31
    # Without a validation they are left out, as ever.
    assert "val is left out" in own_lists(tiny, own)[0].notes[0]
