"""For every setting of the data and of the evaluation: if the score can change, the protocol does."""

import dataclasses
import functools
import shutil

import numpy as np
import pytest

from launch.evaluators import classes, flow, photometric
from launch.run.config import DataConfig, EvalConfig
from launch.run.data import open_source
from tests.launch.fixed_models import FixedFlowModel, FixedModel, FixedMotionModel
from tests.launch.pairs_on_disk import write_chairs, write_pairs, write_sintel
from tvnet_keras.flow.io import read_flo, write_flo
from tvnet_keras.flow.solvers import make_solver
from tvnet_keras.flow.store import FlowFormat, write_flow
from tvnet_keras.video.cache import write_cache

CONTENT = ("views_sha256", "flow_sha256", "photometric_sha256")
"""What is looked at, beside the settings, which must tell by themselves."""

VIDEOS = {"data.frames": 4, "data.height": 24, "data.width": 20, "data.resize_short": 28, "data.test_crop": "center"}
PAIRS = {
    **VIDEOS,
    "data.dataset": "middlebury",
    "data.root": "@pairs",
    "data.frames": 2,
    "data.height": 16,
    "data.resize_short": 22,
}


@dataclasses.dataclass(frozen=True)
class Scene:
    """A measure, on a kind of data, of a model with or without a Motion layer, or of one that takes stored flow."""

    measure: object
    base: dict
    motion: bool
    stored: bool = False

    def model(self, classes):
        """A model of so many classes."""
        return (FixedFlowModel if self.stored else FixedMotionModel if self.motion else FixedModel)(classes)

    @property
    def method(self):
        """The method, and its options, whose configuration asks for what the model takes."""
        return ("tvnet", {"model": {"motion": "stored", "flow_fields": 3}}) if self.stored else ("rgb", {})


SCENES = {
    "classes": Scene(classes, VIDEOS, motion=True),
    "flow": Scene(flow, VIDEOS, motion=True),
    "flow of outputs": Scene(flow, VIDEOS, motion=False),
    "photometric": Scene(photometric, VIDEOS, motion=True),
    "flow of pairs": Scene(flow, PAIRS, motion=True),
    "flow of outputs on pairs": Scene(flow, PAIRS, motion=False),
    "photometric of pairs": Scene(photometric, PAIRS, motion=True),
    "photometric of outputs on pairs": Scene(photometric, PAIRS, motion=False),
}
STORED = "classes of stored flow"
OF_STORED = {STORED: Scene(classes, VIDEOS, motion=False, stored=True)}
"""Asked of its own settings, and of those that its flow goes through another way than frames do."""
ON_PAIRS = tuple(name for name in SCENES if "pairs" in name)
ON_VIDEOS = tuple(name for name in SCENES if name not in ON_PAIRS)
CLIPS = ("classes", "photometric")
AT_TRAINING_SIZE = (*CLIPS, *(name for name in SCENES if "outputs" in name))
UNLABELLED = ("photometric", *ON_PAIRS)


@dataclasses.dataclass(frozen=True)
class Case:
    """A setting with another value.

    Attributes:
        change: what is changed, the setting itself first; `@name` is a place on the disk.
        changes: the scenes whose score it changes; elsewhere the score stays.
        base: what is set before and after.
        scenes: where it can be set.
        by_content: only what the files show can tell.
    """

    change: dict
    changes: tuple[str, ...] = ()
    base: dict = dataclasses.field(default_factory=dict)
    scenes: tuple[str, ...] = tuple(SCENES)
    by_content: bool = False

    @property
    def field(self) -> str:
        return next(iter(self.change))


SHAPES_AS_UCF101 = {"data.dataset": "ucf101", "data.root": "@two splits"}
THREE = ("MoveRight", "MoveLeft", "ZoomIn")
CASES = (
    Case({"data.dataset": "folder", "data.root": "@videos"}, CLIPS, scenes=CLIPS),
    Case({"data.dataset": "flyingchairs", "data.root": "@chairs"}, ON_PAIRS, scenes=ON_PAIRS),
    Case({"data.root": "@overwritten videos"}, ON_VIDEOS, scenes=ON_VIDEOS, by_content=True),
    Case({"data.root": "@overwritten pairs"}, ON_PAIRS, scenes=ON_PAIRS, by_content=True),
    Case({"data.split": 2}, CLIPS, SHAPES_AS_UCF101, scenes=CLIPS),
    Case({"data.classes": ("MoveRight", "ZoomIn", "MoveUp")}, ON_VIDEOS, scenes=ON_VIDEOS),
    # As many others of the same data set.
    Case({"data.classes": THREE[1:]}, ON_VIDEOS, {"data.classes": THREE[:-1]}, scenes=ON_VIDEOS),
    Case({"data.pairs": ("First", "Second")}, ON_PAIRS, scenes=ON_PAIRS),
    Case({"data.pairs": ("First", "Second")}, ON_PAIRS, {"data.pairs": ("Third", "Second")}, scenes=ON_PAIRS),
    Case({"data.render": "final"}, ON_PAIRS, {"data.dataset": "sintel", "data.root": "@sintel"}, scenes=ON_PAIRS),
    Case({"data.missing": "report"}),
    # As many videos, one of every class.
    Case({"data.validation": 0.3}, ON_VIDEOS, scenes=ON_VIDEOS),
    Case({"data.portion": 0.5}, scenes=ON_VIDEOS),
    # The clips of a group are one recording; so every clip is, and each class keeps back another one.
    Case({"data.group": "(.+)_c"}, ON_VIDEOS, {"data.validation": 0.3}, scenes=ON_VIDEOS),
    Case({"data.short": "clamp"}, (*CLIPS, "flow of outputs"), {"data.frames": 10}),
    Case({"data.frames": 5}, (*CLIPS, "flow of outputs"), scenes=ON_VIDEOS),
    Case({"data.segments": 2}),
    Case({"data.step": 2}, CLIPS),
    Case({"data.height": 18}, AT_TRAINING_SIZE),
    Case({"data.width": 18}, AT_TRAINING_SIZE),
    Case({"data.resize_short": 26}, AT_TRAINING_SIZE),
    Case({"data.resize_long": 40}, AT_TRAINING_SIZE),
    Case({"data.test_crop": "none"}, AT_TRAINING_SIZE),
    Case({"data.interpolation": "linear"}, tuple(name for name in SCENES if "outputs" in name)),
    # A short video that starts again has a step whose vectors are not known.
    Case({"data.unknown": "zero"}, ("flow of outputs",), {"data.frames": 10}, scenes=ON_VIDEOS),
    Case({"data.unknown": "zero"}, ("flow of pairs", "flow of outputs on pairs"), scenes=ON_PAIRS),
    Case({"data.cache": "@cache"}, ON_VIDEOS, scenes=ON_VIDEOS),
    Case({"data.cache": "@small cache"}, CLIPS, {"data.cache": "@cache", "data.resize_short": 24}, scenes=CLIPS),
    Case({"data.flow": "@dis flow"}, (STORED,), scenes=(STORED,)),
    Case({"data.flow": "@farneback flow"}, (STORED,), {"data.flow": "@dis flow"}, scenes=(STORED,)),
    Case({"data.flow": "@coarse flow"}, (STORED,), {"data.flow": "@dis flow"}, scenes=(STORED,)),
    Case({"data.windows": 3}, scenes=(*ON_VIDEOS, STORED)),
    Case({"data.step": 2}, (STORED,), scenes=(STORED,)),
    Case({"data.height": 18}, (STORED,), scenes=(STORED,)),
    Case({"data.resize_short": 26}, (STORED,), scenes=(STORED,)),
    Case({"data.resize_long": 40}, (STORED,), scenes=(STORED,)),
    Case({"data.test_crop": "none"}, (STORED,), scenes=(STORED,)),
    Case({"eval.crops": 10}, (STORED,), {"eval.crops": 5}, scenes=(STORED,)),
    Case({"eval.sampling": "dense"}, (STORED,), scenes=(STORED,)),
    Case({"eval.sampling": "floor"}, (STORED,), {"eval.clips": 2}, scenes=(STORED,)),
    Case({"data.crop": "random"}),
    Case({"data.crop_ratios": (0.5,)}),
    Case({"data.crop_places": 13}),
    Case({"data.flip": False}),
    Case({"data.colour_jitter": 0.5}),
    Case({"data.rotation": 10.0}),
    Case({"data.translation": 0.1}),
    Case({"data.zoom": 0.2}),
    Case({"data.draw": "replacement"}),
    Case({"data.workers": 1}),
    Case({"eval.measures": ("photometric",)}),
    Case({"eval.clips": 2}, ("classes",)),
    Case({"eval.crops": 5}, ("classes",)),
    Case({"eval.crops": 10}, ("classes",), {"eval.crops": 5}),
    Case({"eval.sampling": "dense"}, ("classes",)),
    Case({"eval.stride": 2}, ("classes",), {"eval.sampling": "dense"}),
    # As many clips.
    Case({"eval.stride": 3}, ("classes",), {"eval.sampling": "dense", "eval.stride": 4}),
    # One clip of each: only the name of the sampling tells.
    Case({"eval.sampling": "dense"}, ("classes",), {"eval.stride": 5}),
    Case({"eval.sampling": "floor"}, ("classes",)),
    # As many clips, both from the first frame on.
    Case({"eval.sampling": "floor"}, ("classes",), {"eval.clips": 2}),
    Case({"eval.sampling": "random"}, ("classes",)),
    Case({"eval.sampling": "random"}, (STORED,), scenes=(STORED,)),
    Case({"eval.seed": 1}, ("classes",), {"eval.sampling": "random"}),
    Case({"eval.seed": 1}),
    Case({"eval.crops": 7}, ("classes",), {"eval.sampling": "random"}),
    Case({"eval.flow_size": "training"}, ("flow", "flow of pairs", "photometric of pairs")),
    Case({"eval.batch_size": 5}),
)


@pytest.fixture(scope="module")
def places(shapes, tiny, tmp_path_factory):
    """Where the data of the cases is."""
    folder = tmp_path_factory.mktemp("protocol")
    listed = open_source(tiny("rgb"), "test").videos
    write_cache(listed, folder / "cache", quality=60)
    write_cache(listed, folder / "small cache", quality=60, short_side=24)
    for name, solver, form in (
        ("dis flow", "dis", FlowFormat("png")),
        ("farneback flow", "farneback", FlowFormat("png")),
        ("coarse flow", "dis", FlowFormat("png", bound=60)),
    ):
        write_flow(listed, folder / name, functools.partial(make_solver, solver), {"solver": solver}, form)
    for name in ("two splits", "overwritten videos"):
        shutil.copytree(shapes, folder / name)
    tests = (shapes / "splits/testlist01.txt").read_text().splitlines(keepends=True)
    (folder / "two splits/splits/testlist02.txt").write_text("".join(tests[::2]))
    for kind, ending in (("videos", "avi"), ("flow", "npz")):
        first, second = sorted((folder / "overwritten videos" / kind).glob(f"Move*Left/*_g04_c01.{ending}"))[:2]
        shutil.copy(first, second)
    for write, name in ((write_pairs, "pairs"), (write_chairs, "chairs"), (write_sintel, "sintel")):
        write(folder / name)
    write_chairs(folder / "chairs", ("Second", "Third"))
    overwritten = write_pairs(folder / "overwritten pairs")
    shutil.copy(*(overwritten / "other-data/First" / f"frame{number}.png" for number in (10, 11)))
    path = overwritten / "other-gt-flow/First/flow10.flo"
    write_flo(path, np.minimum(read_flo(path) + 0.5, 2e9))
    named = {f"@{path.name}": str(path) for path in folder.iterdir()}
    return named | {"@videos": str(shapes / "videos")}


@pytest.fixture(scope="module")
def measured(tiny, places):
    """What is measured in a scene with some settings."""

    scenes = SCENES | OF_STORED

    @functools.cache
    def model(name, count):
        return scenes[name].model(count)

    @functools.cache
    def of_settings(name, settings):
        sections = {"data": {}, "eval": {}}
        for path, value in settings:
            section, field = path.split(".")
            sections[section][field] = places[value] if str(value).startswith("@") else value
        scene = scenes[name]
        method, options = scene.method
        config = tiny(method, **sections, **options)
        source = open_source(config, "test")
        return scene.measure.measure(model(name, len(source.class_names) or 2), source, config)

    return lambda name, settings: of_settings(name, tuple((scenes[name].base | settings).items()))


def same_score(one, other):
    """Numbers and logits agree to rounding."""
    assert one.numbers.keys() == other.numbers.keys() or one.scores is not None
    numbers = [[part.numbers.get(name) for name in one.numbers] for part in (one, other)]
    if None in numbers[1] or not np.allclose(*numbers, rtol=1e-5, atol=1e-7):
        return False
    if one.scores is None:
        return True
    logits = [part.scores.logits for part in (one, other)]
    return logits[0].shape == logits[1].shape and np.allclose(*logits, rtol=1e-4, atol=1e-4)


def settings_of(measurement):
    return {name: value for name, value in measurement.protocol.items() if name not in CONTENT}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.field)
def test_what_changes_a_score_changes_its_protocol(case, measured):
    for name in case.scenes:
        before, after = (measured(name, settings) for settings in (case.base, case.base | case.change))
        same = same_score(before, after)
        assert same == (name not in case.changes), name
        if not same and not case.by_content:
            assert settings_of(before) != settings_of(after), name
        assert same or before.protocol != after.protocol, name
        if not case.changes:
            assert before.protocol == after.protocol, name


def test_every_setting_of_data_and_evaluation_has_its_case():
    sections = {"data": DataConfig, "eval": EvalConfig}
    fields = {f"{name}.{field.name}" for name, kind in sections.items() for field in dataclasses.fields(kind)}
    assert fields == {case.field for case in CASES}


@pytest.mark.parametrize("policy", ["skipped", "missing"])
@pytest.mark.parametrize("name", ON_VIDEOS)
def test_files_that_are_not_there_change_the_protocol(policy, name, tiny, shapes, measured, tmp_path):
    root = shutil.copytree(shapes, tmp_path / "copy")
    video = root / "videos/MoveUp/v_MoveUp_g04_c01.avi"
    video.write_bytes(b"") if policy == "skipped" else video.unlink()
    given = {path.split(".")[1]: value for path, value in VIDEOS.items()}
    config = tiny("rgb", data={**given, "root": str(root), "missing": "report"})
    scene = SCENES[name]
    protocol = scene.measure.measure(
        scene.model(12), open_source(config, "test", skip_unreadable=True), config
    ).protocol
    assert protocol["videos"] == 11
    assert (protocol["skipped"], protocol["missing"]) == ((["v_MoveUp_g04_c01"], 0) if policy == "skipped" else ([], 1))
    assert protocol["samples_sha256"] != measured(name, {}).protocol["samples_sha256"]


@pytest.mark.parametrize("settings", [{}, {"eval.flow_size": "training"}, {"eval.sampling": "dense"}], ids=str)
@pytest.mark.parametrize("names", [ON_VIDEOS, ON_PAIRS])
@pytest.mark.parametrize("motion", [True, False])
def test_measures_taken_together_mean_the_same_by_the_same_name(settings, names, motion, measured):
    # A run's metrics have the protocols of its measures in one dictionary.
    protocols = [measured(name, settings).protocol for name in names if SCENES[name].motion == motion]
    for name, value in ((name, value) for protocol in protocols for name, value in protocol.items()):
        assert all(other.get(name, value) == value for other in protocols), name
