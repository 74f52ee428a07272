import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from models import representation_flow
from models.parts.classifier import image_classifier
from models.parts.feature_fusion import FEATURE_FUSIONS, FeatureFusion
from models.parts.input_scaling import input_scaling
from models.resnets.network import PLACES
from tests.checkpoints import assert_a_checkpoint_holds_every_weight
from tests.convolutions import same_padded
from tests.textures import moving_clip
from tvnet_keras.errors import InputError

SMALL = {"depth": 10, "width": 4, "bottleneck": 3, "iterations": 2, "dropout": 0.0}
CLASSES = 3
FRAMES = 6
SIZE = 32


def make(frames=FRAMES, **options):
    keras.utils.set_random_seed(0)
    options = representation_flow.Options(**{**SMALL, **options})
    return representation_flow.build(num_classes=CLASSES, clip_shape=(frames, SIZE, SIZE, 3), options=options)


def array(tensor):
    return ops.convert_to_numpy(tensor)


def count(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.fixture(scope="module")
def model():
    return make()


@pytest.fixture(scope="module")
def clip():
    return moving_clip(FRAMES, SIZE, SIZE, (0.5, 0.2))


@pytest.mark.slow
def test_it_has_half_the_weights_of_its_two_stream_rival():
    # Section 4 of the paper: 21 million against 42, with ResNet-34.
    options = representation_flow.Options(depth=34)
    ours = count(representation_flow.build(num_classes=400, clip_shape=(16, 112, 112, 3), options=options))
    rival = sum(count(image_classifier("resnet34", (112, 112, channels), 400)) for channels in (3, 10))
    assert ours == pytest.approx(21.6e6, rel=0.01) and rival == pytest.approx(43e6, rel=0.01)
    # What the flow adds: 1 x 1 to 32 channels, 3 x 3 from their flows, two kernels of two taps, three constants.
    assert ours - count(image_classifier("resnet34", (112, 112, 3), 400)) == 128 * 32 + 9 * 64 * 128 + 4 + 3


@pytest.mark.parametrize(("place", "size"), list(zip(PLACES, (32, 16, 8, 8, 4, 2, 1), strict=True)))
def test_the_flow_is_computed_at_its_place(clip, place, size):
    outputs = make(place=place)(clip)
    assert outputs["logits"].shape == (1, CLASSES) and np.isfinite(array(outputs["logits"])).all()
    assert outputs["feature_flow"].shape == (1, FRAMES - 1, size, 3 * size, 2)


@pytest.mark.parametrize(("flows", "consumed"), [("fof", 2), ("fcf", 2), ("fcfcf", 3)])
def test_every_flow_takes_a_frame(clip, flows, consumed):
    assert make(flows=flows)(clip)["feature_flow"].shape[1] == FRAMES - consumed


@pytest.mark.parametrize("backbone", ["resnet3d", "resnet2plus1d"])
def test_networks_of_clips_see_the_flow_of_clips(clip, backbone):
    model = make(backbone=backbone, fusion="add")
    # Stage 2 halves time.
    assert model(clip)["feature_flow"].shape == (1, FRAMES // 2 - 1, 8, 24, 2)
    assert model(clip[:, :4])["logits"].shape == (1, CLASSES)


def test_logits_of_a_frame_network_are_the_mean_over_time(model, clip):
    frames = model.scaling(model.unit_range(clip))
    flow = array(model.restore(model.flow(model.before(frames))))
    every_step = [array(model.after.layer(flow[:, step])) for step in range(FRAMES - 1)]
    np.testing.assert_allclose(model(clip)["logits"], np.mean(every_step, axis=0), atol=1e-5)


def test_the_picture_shows_the_channels_side_by_side(model, clip):
    flow = array(model.flow(model.before(model.scaling(model.unit_range(clip)))))
    picture = array(model(clip)["feature_flow"])
    for channel in range(3):
        part = picture[:, :, :, 4 * channel : 4 * (channel + 1)]
        np.testing.assert_allclose(part, flow[..., [channel, 3 + channel]], atol=1e-5)


def test_late_fusion_is_the_mean_of_two_networks(clip):
    model = make(fusion="late")
    frames = model.scaling(model.unit_range(clip))
    alone = [array(model.after(model.restore(model.flow(model.before(frames))))), array(model.rgb(frames))]
    np.testing.assert_allclose(model(clip)["logits"], np.mean([a.mean(axis=1) for a in alone], axis=0), atol=1e-5)
    paths = [weight.path for weight in model.weights]
    assert len(set(paths)) == len(paths)


@pytest.mark.parametrize("how", sorted(set(FEATURE_FUSIONS) - {"none", "late"}))
def test_fusion_combines_frame_t_with_flow_t(how):
    random = np.random.default_rng(0)
    features, flow = (random.normal(size=(2, steps, 3, 4, 5)).astype("float32") for steps in (6, 4))
    layer = FeatureFusion(how, frames_consumed=2)
    layer.build(features.shape, flow.shape)
    gamma, beta = random.normal(size=(2, 5)).astype("float32")
    if layer.norm:
        assert np.ptp(layer.norm.gamma) == 0 and layer.norm.gamma[0] == (how != "residual")
        layer.norm.gamma.assign(gamma)
        layer.norm.beta.assign(beta)
    fused = array(layer(features, flow))
    now = features[:, :4]

    def normalised(flow):
        return gamma * flow / np.sqrt(1 + 1e-5) + beta

    if how == "concat":
        kernel = array(layer.convolution.kernel)[0, 0, 0]
        expected = np.concatenate([now, flow], axis=-1) @ kernel
    elif how == "residual":
        expected = np.maximum(normalised(flow) + (now + features[:, 1:5] + features[:, 2:6]) / 3, 0)
    elif how == "residual_frame":
        expected = np.maximum(normalised(flow) + now, 0)
    elif how == "layer_multiply":
        expected = now * normalised(same_padded(flow, array(layer.convolution.kernel)[0]))
    else:
        expected = now + flow if how == "add" else now * flow
    np.testing.assert_allclose(fused, expected, atol=1e-5)


def test_fusion_is_built_into_the_network_and_its_file(clip, tmp_path):
    model = make(fusion="concat", flows="fcf", non_local=("block3",))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(clip)["logits"], model(clip)["logits"], atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"flows": "fcfcf", "variant": "released_v2", "fusion": "residual"},
        {"backbone": "resnet3d", "non_local": ("block2",), "fusion": "late"},
    ],
    ids=["flows", "networks"],
)
def test_a_tensorflow_checkpoint_holds_every_weight(options, tmp_path):
    assert_a_checkpoint_holds_every_weight(lambda: make(**options), tmp_path / "checkpoint")


def test_only_what_the_flow_learns_has_its_own_rate():
    for flows in ("flow", "fcf"):
        model = make(flows=flows)
        (pattern, multiplier), *others = representation_flow.learning_rates(model.options).items()
        slow = [weight.path for weight in model.trainable_weights if re.search(pattern, weight.path)]
        kinds = {path.rsplit("/", 1)[-1] for path in slow}
        assert multiplier == 0.01 and not others and kinds == {"divergence", "tau", "lambda", "theta"}
        assert len(slow) == 4 * (2 if flows == "fcf" else 1)
    assert representation_flow.learning_rates(make(learn=()).options) == {}


def test_the_class_term_reaches_every_weight(clip):
    model = make(learn=("sobel", "divergence", "tau", "lambda", "theta"))
    with tf.GradientTape() as tape:
        outputs = model(clip, training=True)
        term = representation_flow.objective(model.options, {"label": np.array([1])}, outputs)["class"]
    for weight, gradient in zip(model.trainable_weights, tape.gradient(term, model.trainable_variables), strict=True):
        assert gradient is not None and np.isfinite(gradient).all(), weight.path


def test_without_a_place_it_is_the_rgb_baseline(clip):
    model = make(place="none")
    outputs = model(clip)
    frames = model.scaling(model.unit_range(clip))
    every_frame = [array(model.after.layer(frames[:, step])) for step in range(FRAMES)]
    np.testing.assert_allclose(outputs["logits"], np.mean(every_frame, axis=0), atol=1e-5)
    assert set(outputs) == {"logits"} and representation_flow.learning_rates(model.options) == {}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"place": "block6"}, "^place is 'block6'.*Did you mean 'block"),
        ({"fusion": "multipy"}, "Did you mean 'multiply'"),
        ({"flows": "fcfc"}, "Did you mean 'fc"),
        ({"backbone": "resnet4d"}, "Did you mean 'resnet"),
        ({"scaling": "image"}, "Did you mean 'imagenet'"),
        ({"variant": "released_v2", "place": "block4"}, "^variant=released_v2 needs .* 3 x 3 pixels and gets 2 x 2: "),
        ({"flows": "fcfcf", "backbone": "resnet3d"}, "^frames=6 leaves 3 steps at place=.* needs 4"),
    ],
)
def test_a_mistake_is_one_sentence(options, said):
    with pytest.raises(InputError, match=said):
        make(**options)


def test_scalings_are_those_of_the_published_weights():
    black, white = np.zeros((1, 1, 1, 1, 3), "float32"), np.ones((1, 1, 1, 1, 3), "float32")
    assert [float(array(input_scaling("released")(x)).mean()) for x in (black, white)] == [1, -1]
    grey = np.float32([0.485, 0.456, 0.406]).reshape(1, 1, 1, 1, 3)
    np.testing.assert_allclose(input_scaling("imagenet")(grey), 0, atol=1e-6)


def test_mixed_precision_keeps_the_flow_in_float32(clip):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        outputs = make(place="input")(clip)
    finally:
        keras.config.set_dtype_policy("float32")
    assert (
        outputs["feature_flow"].dtype == outputs["logits"].dtype == "float32" and np.isfinite(outputs["logits"]).all()
    )
