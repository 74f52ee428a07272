"""What is measured of a model: by which truth, of which clips, at which size."""

import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from launch import evaluators
from launch.evaluators import classes, flow, photometric
from launch.run.config import new_config
from launch.run.data import open_source
from launch.run.model_outputs import output_names
from launch.train import train
from tests import oracle
from tests.launch.fixed_models import FixedModel, FixedMotionModel
from tests.launch.pairs_on_disk import MOTIONS, write_pairs
from tvnet_keras.errors import InputError

TRUTH = ("label", "flow", "known")
FIRST_HEIGHT, FIRST_WIDTH, VELOCITY = MOTIONS["First"]


class ConstantFlow(keras.Model):
    """Answers with one vector everywhere, at a half of the height and a quarter of the width.

    Args:
        vector: (u, v) in pixels of its own resolution.
    """

    def __init__(self, vector):
        super().__init__()
        self.vector = tf.constant(vector, "float32")

    def build(self, input_shape=None):
        self.built = True

    def call(self, clip, training=None):
        return {"flow": tf.zeros_like(clip[:, 1:, ::2, ::4, :2], "float32") + self.vector}


@pytest.fixture(scope="module")
def pairs_root(tmp_path_factory):
    return write_pairs(tmp_path_factory.mktemp("pairs") / "middlebury")


@pytest.fixture
def of_pairs(tiny, pairs_root):
    """A configuration of some pairs at the size of the first."""

    def make(*names, **evaluation):
        size = {"height": FIRST_HEIGHT, "width": FIRST_WIDTH, "frames": 2}
        data = {"dataset": "middlebury", "root": str(pairs_root), "pairs": names, **size}
        return tiny("rgb", data=data, eval=evaluation)

    return make


def names_of(modules):
    return [module.__name__.rpartition(".")[2] for module in modules]


@pytest.mark.parametrize(
    ("model", "outputs", "offers", "expected"),
    [
        (FixedModel, ("logits",), TRUTH, ["classes"]),
        (FixedModel, ("flow",), TRUTH, ["flow"]),
        (FixedModel, ("flow", "logits"), TRUTH, ["classes", "flow"]),
        (FixedModel, ("flow", "logits"), ("label",), ["classes"]),
        (FixedModel, ("flow", "logits"), ("flow", "known"), ["flow"]),
        (FixedModel, ("flow", "logits"), (), ["photometric"]),
        (FixedMotionModel, ("logits",), TRUTH, ["classes", "flow"]),
        (FixedMotionModel, ("logits",), (), ["photometric"]),
    ],
)
def test_measures_follow_the_truth_that_there_is(tiny, model, outputs, offers, expected):
    assert names_of(evaluators.choose_measures(tiny("rgb"), model(), outputs, offers)) == expected


def test_measures_that_are_asked_for_are_taken_and_no_others(tiny):
    config = tiny("rgb", eval={"measures": ("photometric", "classes")})
    chosen = evaluators.choose_measures(config, FixedModel(), ("flow", "logits"), TRUTH)
    assert names_of(chosen) == ["photometric", "classes"]


@pytest.mark.parametrize(
    ("measures", "outputs", "offers", "sentence"),
    [
        (("flow",), ("logits",), TRUTH, "measures=flow cannot be taken of --method=rgb, which answers logits,"),
        (("flow",), ("flow",), ("label",), "measures=flow cannot .* which offers label"),
        (("classes",), ("logits",), ("flow", "known"), "measures=classes cannot .* which offers flow and known"),
        (("classes",), ("logits",), (), "measures=classes cannot .* which offers frames alone"),
        ((), ("logits",), (), "Nothing can be measured .* answers logits, and the data offers frames alone"),
        (("clases",), ("logits",), TRUTH, "--config.eval.measures.*clases.*classes"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(tiny, one_sentence, measures, outputs, offers, sentence):
    with pytest.raises(InputError, match=sentence) as refusal:
        evaluators.choose_measures(tiny("rgb", eval={"measures": measures}), FixedModel(), outputs, offers)
    one_sentence(str(refusal.value))


@pytest.mark.parametrize(("asked", "method"), [("flow", "rgb"), ("classes", "tvnet_flow")])
def test_a_measure_that_cannot_be_taken_stops_a_run_before_it_begins(shapes, asked, method, tmp_path):
    data = {"root": str(shapes), "height": 32, "width": 32, "crop": "none", "test_crop": "none"}
    config = new_config(method, "moving_shapes", data=data, eval={"measures": (asked,)})
    with pytest.raises(InputError, match=f"--config.eval.measures={asked} cannot be taken"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run/logs").exists()


@pytest.mark.parametrize(("stride", "clips"), [(1, 5), (2, 3), (9, 1)])
def test_dense_sampling_records_the_clips_that_were_scored(tiny, stride, clips):
    config = tiny("rgb", data={"frames": 4}, eval={"sampling": "dense", "stride": stride, "crops": 1})
    source = open_source(config, "test")
    protocol = classes.measure(FixedModel(), source, config).protocol
    assert sum(len(batch["index"]) for batch in source.views()) == 12 * clips
    recorded = {name: protocol[name] for name in ("sampling", "clips", "views", "stride")}
    assert recorded == {"sampling": "dense", "clips": clips, "views": 12 * clips, "stride": stride}


def test_videos_of_different_lengths_have_different_numbers_of_dense_clips(tiny):
    config = tiny("rgb", data={"frames": 4}, eval={"sampling": "dense"})
    source = open_source(config, "test")
    shorter = source.counts | {source.videos.videos[0].path: 5}
    protocol = classes.measure(FixedModel(), replace(source, counts=shorter), config).protocol
    assert (protocol["clips"], protocol["views"]) == ([2, 5], 2 + 11 * 5)


@pytest.mark.parametrize("flow_size", ["own", "training"])
def test_flow_of_outputs_is_enlarged_with_its_vectors(of_pairs, flow_size):
    config = of_pairs("First", flow_size=flow_size)
    exact = ConstantFlow((VELOCITY[0] / 4, VELOCITY[1] / 2))
    measured = flow.measure(exact, open_source(config, "test"), config)
    assert measured.numbers["epe"] == pytest.approx(0, abs=1e-5)
    assert measured.numbers["epe_zero"] == pytest.approx(np.hypot(*VELOCITY), rel=1e-5)
    # It was trained at one size, and is asked at that one, whatever the evaluation wants.
    assert measured.protocol["flow_size"] == [FIRST_HEIGHT, FIRST_WIDTH]


def test_the_residual_of_unlabelled_videos_is_that_of_their_central_clips(tiny, shapes, tmp_path):
    for video in sorted(shapes.glob("videos/*/*_g04_*.avi"))[:3]:
        (tmp_path / "test").mkdir(exist_ok=True)
        (tmp_path / "train").mkdir(exist_ok=True)
        shutil.copy(video, tmp_path / "test")
    config = tiny("rgb", data={"dataset": "unlabelled", "root": str(tmp_path), "frames": 3})
    source, model = open_source(config, "test"), FixedMotionModel()
    (measure,) = evaluators.choose_measures(config, model, ("logits",), source.offers)
    measured = measure.measure(model, source, config)
    expected = []
    for clip in (clip for batch in source.clips() for clip in batch["clip"].numpy()):
        fields = model.motion(clip[None])[0].numpy()
        expected += [oracle.photometric_residual(clip[k : k + 2], field) for k, field in enumerate(fields)]
    assert len(expected) == measured.protocol["photometric_fields"] == 3 * 2
    assert measured.numbers["photometric"] == pytest.approx(np.mean(expected), rel=1e-5)
    assert measured.protocol["photometric_sizes"] == [[32, 32]]


def test_the_exact_flow_of_pairs_explains_their_frames(of_pairs):
    config = of_pairs("First", measures=("photometric",))
    exact = ConstantFlow((VELOCITY[0] / 4, VELOCITY[1] / 2))
    numbers = photometric.measure(exact, open_source(config, "test"), config).numbers
    assert numbers["photometric"] < 0.3 * numbers["photometric_zero"]


def test_pairs_keep_their_sizes_for_a_motion_layer(of_pairs):
    config = of_pairs()
    protocol = photometric.measure(FixedMotionModel(), open_source(config, "test"), config).protocol
    assert protocol["photometric_sizes"] == [[24, 32], [31, 40]]


def functional(classes):
    clip = keras.Input((4, 32, 32, 3))
    pooled = keras.layers.GlobalAveragePooling3D()(clip)
    return keras.Model(clip, {"logits": keras.layers.Dense(classes)(pooled)})


@pytest.mark.parametrize("make", [functional, FixedModel])
def test_a_plain_keras_model_is_measured(tiny, make):
    config = tiny("rgb", data={"frames": 4})
    source, model = open_source(config, "test"), make(12)
    outputs = output_names(model, config.data)
    numbers = {}
    for measure in evaluators.choose_measures(config, model, outputs, source.offers):
        numbers |= measure.measure(model, source, config).numbers
    assert 0 <= numbers["top1"] <= 1 and ("epe" in numbers) == ("flow" in outputs)
