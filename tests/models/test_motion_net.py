"""MotionNet alone: the paper's size, what each option builds, learns and needs, and a flow found without labels."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import models
from models import motion_net
from models.motion_net import Options
from tests.textures import moving_clip
from tvnet_keras.errors import InputError

QUICK = {"width": 4, "flow_fields": 2}
NO_SSIM = (0.0,) * 5


def make(size=32, **options):
    keras.utils.set_random_seed(0)
    chosen = Options(**{**QUICK, **options})
    return motion_net.build(num_classes=0, clip_shape=(chosen.flow_fields + 1, size, size, 3), options=chosen)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3)).astype("uint8")


def batch_of(clip, motion=(1.0, -0.5)):
    flow = np.broadcast_to(np.float32(motion), (*clip[:, 1:, ..., 0].shape, 2))
    return {"clip": clip, "flow": flow, "known": np.ones(flow.shape[:-1], "float32")}


def test_the_network_of_the_paper(only_shapes):
    model = motion_net.build(num_classes=101, clip_shape=(11, 224, 224, 3))
    assert model.count_params() == 42_319_860
    assert models.frames_of(motion_net, model.options) == motion_net.FRAMES == 11
    outputs = model.compute_output_spec(keras.KerasTensor((1, 11, 224, 224, 3), dtype="uint8"))
    assert [flow.shape[1:] for flow in outputs["flows"]] == [(10, side, side, 2) for side in (112, 56, 28, 14, 7)]
    assert outputs["flow"].shape == (1, 10, 224, 224, 2) and set(outputs) == {"flow", "flows"}


@pytest.mark.parametrize(
    ("options", "terms", "needs"),
    [
        ({}, {"pixel", "smooth", "ssim"}, ()),
        ({"smooth_weight": 0.0}, {"pixel", "ssim"}, ()),
        ({"ssim_weights": NO_SSIM}, {"pixel", "smooth"}, ()),
        ({"pixel_weight": 0.0, "smooth_weight": 0.0}, {"ssim"}, ()),
        ({"proxy_weight": 0.5, "ssim_weights": NO_SSIM}, {"pixel", "smooth", "proxy"}, ("flow", "known")),
    ],
)
def test_options_decide_what_is_learned_and_what_a_batch_must_hold(options, terms, needs):
    model, clip = make(**options), noise(2, 3, 32, 32)
    found = motion_net.objective(model.options, batch_of(clip), model(clip))
    assert set(found) == terms and models.needs_of(motion_net, model.options) == needs
    assert all(term.shape == (2,) and np.isfinite(term).all() for term in found.values())
    assert models.motion_of(model) is model.motion and models.classifier_of(model) is None
    assert motion_net.learning_rates(model.options) == {}


@pytest.mark.parametrize("flow_fields", [1, 3])
def test_a_network_of_pairs_or_of_more_frames_is_an_option(flow_fields):
    model = make(flow_fields=flow_fields)
    assert models.frames_of(motion_net, model.options) == model.motion.frames == flow_fields + 1
    outputs = model(noise(1, flow_fields + 1, 32, 48))
    assert outputs["flow"].shape == (1, flow_fields, 32, 48, 2)


def test_the_options_of_the_ablation_reach_the_layer():
    model = make(small_displacement=False, between=False, width=6)
    assert (model.motion.small_displacement, model.motion.between, model.motion.width) == (False, False, 6)
    assert [flow.shape[2:4] for flow in model(noise(1, 3, 64, 64))["flows"]] == [(k, k) for k in (16, 8, 4, 2, 1)]


def constant_flow(model, flow):
    """Makes the network answer with the same flow everywhere, in pixels of the frames, at every resolution."""
    for stride in model.motion.strides:
        convolution = model.motion.decoder._layer("flow", stride)
        convolution.kernel.assign(np.zeros(convolution.kernel.shape))
        convolution.bias.assign(np.tile(np.float32(flow) / 20, model.motion.frames - 1))


def test_the_guides_error_counts_every_resolution_alike_and_leaves_out_what_is_unknown():
    model, clip = make(proxy_weight=0.25), noise(2, 3, 32, 32)
    constant_flow(model, (8, -4))
    outputs, batch = model(clip), batch_of(clip, (5, 0))
    # Away from the guide by (3, -4), five pixels: half as many at every level.
    np.testing.assert_allclose(outputs["flow"][0, 1, 5, 7], (8, -4), rtol=1e-6)
    expected = 0.25 * sum(5 / stride for stride in (2, 4, 8, 16, 32))
    np.testing.assert_allclose(motion_net.objective(model.options, batch, outputs)["proxy"], expected, rtol=1e-5)
    known = np.ones_like(batch["known"])
    known[:, :, ::4] = 0
    partial = {**batch, "known": known, "flow": np.where(known[..., None] == 1, batch["flow"], np.nan)}
    np.testing.assert_allclose(motion_net.objective(model.options, partial, outputs)["proxy"], expected, rtol=1e-5)


def test_the_right_flow_has_less_photometric_error_and_more_structure_than_others():
    """The motion is a whole pixel of the finest flow, where frames fit exactly, and parts of one at coarser levels."""
    clip = np.round(255 * moving_clip(3, 64, 64, (2.0, -2.0))).astype("uint8")
    terms = {}
    for flow in ((2, -2), (0, 0), (-2, 2), (2, 2)):
        model = make(size=64, smooth_weight=1.0)
        constant_flow(model, flow)
        found = motion_net.objective(model.options, batch_of(clip), model(clip))
        terms[flow] = {name: float(np.mean(term)) for name, term in found.items()}
    right = terms.pop((2, -2))
    for flow, wrong in terms.items():
        assert right["pixel"] < wrong["pixel"] and right["ssim"] < wrong["ssim"], flow
        # The same everywhere, each is as smooth as the other.
        assert right["smooth"] == pytest.approx(wrong["smooth"], rel=1e-5)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"ssim_weights": (0.1, 0.2)}, "ssim_weights are 5 numbers, fine to coarse.*ssim_weights=.0.1, 0.2."),
        ({"pixel_weight": 0.0, "ssim_weights": NO_SSIM}, "nothing ties the flow to the frames.*pixel_weight=0.0"),
        ({"pixel_weight": 0.0, "ssim_weights": NO_SSIM, "proxy_weight": 1.0}, "nothing ties the flow to the frames"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        make(**options)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"proxy_weight": -1.0}, "proxy_weight must be at least 0, but is -1"),
        ({"flow_fields": 0}, "flow_fields must be at least 1"),
        ({"normalisation": "papers"}, "normalisation is 'papers'.*Did you mean 'paper'"),
    ],
)
def test_an_option_out_of_its_range_is_refused(options, sentence):
    with pytest.raises(InputError, match=sentence):
        make(**options)


@pytest.mark.parametrize("clip", [noise(2, 3, 32, 32), np.full((2, 3, 32, 32, 3), 99, "uint8")], ids=["noise", "flat"])
@pytest.mark.parametrize("normalisation", ["paper", "released"])
def test_the_frames_alone_reach_every_weight(clip, normalisation):
    model = make(normalisation=normalisation)
    with tf.GradientTape() as tape:
        terms = motion_net.objective(model.options, {"clip": clip}, model(clip, training=True))
        total = tf.add_n([tf.reduce_sum(term) for term in terms.values()])
    for weight, gradient in zip(model.trainable_weights, tape.gradient(total, model.trainable_weights), strict=True):
        assert gradient is not None and np.isfinite(gradient).all(), weight.path
        assert np.abs(gradient).max() > 0, weight.path


@pytest.mark.parametrize("options", [{}, {"proxy_weight": 1.0, "between": False, "ssim_weights": NO_SSIM}])
def test_the_model_survives_its_file(options, tmp_path):
    model, clip = make(**options), noise(1, 3, 33, 40)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.options == model.options
    np.testing.assert_array_equal(loaded(clip)["flow"], model(clip)["flow"])


MOTIONS = ((1.5, -0.75), (-1.5, 0.75))
STEPS = 200


def translated(seeds):
    """Pairs of a texture, which moves one way or the other, `[N, 2, 32, 32, 3]`, and the motion `[N, 1, 1, 1, 2]`."""
    motion = np.float32([MOTIONS[seed % 2] for seed in seeds])
    pairs = [moving_clip(2, 32, 32, tuple(move), seed) for move, seed in zip(motion, seeds, strict=True)]
    return np.round(255 * np.concatenate(pairs)).astype("uint8"), motion[:, None, None, None]


@pytest.mark.slow
def test_it_learns_the_translation_of_textures_without_labels():
    """Two motions, so that only a network that looks at the frames can tell them apart; and textures never seen."""
    model = make(width=8, flow_fields=1)
    clips, unseen, motion = translated(range(32))[0], *translated(range(100, 108))
    optimizer = keras.optimizers.Adam(2e-3)
    optimizer.build(model.trainable_variables)

    @tf.function
    def step(clip):
        with tf.GradientTape() as tape:
            terms = motion_net.objective(model.options, {"clip": clip}, model(clip, training=True))
            loss = tf.reduce_mean(tf.add_n(list(terms.values())))
        optimizer.apply(tape.gradient(loss, model.trainable_variables))

    random = np.random.default_rng(0)
    for _ in range(STEPS):
        step(tf.constant(clips[random.integers(0, len(clips), 8)]))
    flow = ops.convert_to_numpy(model(unseen)["flow"])
    errors = np.linalg.norm(flow - motion, axis=-1)
    zero = np.linalg.norm(MOTIONS[0])
    assert errors.mean() < 0.5 * zero, errors.mean()
    # Away from the border, where the frames leave nothing open, it is close.
    inside = flow[:, 0, 8:-8, 8:-8].mean(axis=(1, 2)) - motion[:, 0, 0, 0]
    assert np.linalg.norm(inside, axis=-1).mean() < 0.25 * zero, inside
