import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from models import tvnet
from tests import oracle
from tests.textures import moving_clip
from tvnet_keras.losses.tvl1_energy import TVL1Energy


def make(size=32, frames=6, **options):
    keras.utils.set_random_seed(0)
    options = tvnet.Options(**{"iterations": 5, "dropout": 0.0, **options})
    return tvnet.build(num_classes=3, clip_shape=(frames, size, size, 3), options=options)


@pytest.fixture(scope="module")
def model():
    return make()


@pytest.fixture(scope="module")
def clip():
    return moving_clip(6, 32, 32, (0.5, 0.2))


def test_five_fields_make_ten_channels(model):
    assert (tvnet.Options().flow_fields, tvnet.FRAMES) == (5, 6)
    assert model.classifier.layer.input_shape == (None, 32, 32, 10)


def test_the_classifier_sees_the_flow_as_images(model, clip):
    outputs = model(clip)
    np.testing.assert_allclose(outputs["flow"], model.motion(clip), atol=1e-5)
    stacked = np.concatenate([outputs["flow"][:, k] for k in range(5)], axis=-1) / model.options.flow_bound
    np.testing.assert_allclose(outputs["logits"], model.classifier.layer(np.clip(stacked, -1, 1)), atol=1e-5)


@pytest.mark.parametrize("frames", [2, 5])
def test_a_clip_that_is_too_short_is_told_both_lengths(model, frames):
    with pytest.raises(ValueError, match=f"6 frames.*{frames}"):
        model(moving_clip(frames, 32, 32))


def test_a_clip_that_is_too_short_is_refused_where_its_length_is_unknown(model):
    run = tf.function(lambda clip: model(clip)["logits"], input_signature=[tf.TensorSpec((None,) * 4 + (3,))])
    assert run(moving_clip(7, 32, 32)).shape == (1, 3)
    with pytest.raises(tf.errors.InvalidArgumentError):
        run(moving_clip(4, 32, 32))


def test_the_objective_is_the_papers_multi_task_loss(model, clip):
    outputs = model(clip)
    terms = tvnet.objective(model.options, {"clip": clip, "label": np.array([1])}, outputs)
    assert set(terms) == {"class", "energy"}
    energy = oracle.tvl1_energy(255.0 * clip[0], ops.convert_to_numpy(outputs["flow"])[0])
    np.testing.assert_allclose(terms["energy"], [0.1 * energy], rtol=1e-5)


def test_both_terms_reach_the_solver(clip):
    model = make()
    for name in ("class", "energy"):
        with tf.GradientTape() as tape:
            batch = {"clip": clip, "label": np.array([1])}
            term = tvnet.objective(model.options, batch, model(clip, training=True))[name]
        for gradient in tape.gradient(term, model.motion.trainable_variables):
            assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, name


def test_the_solver_learns_at_its_own_rate(model):
    assert tvnet.learning_rates(model.options) == {"(^|/)tvnet/": 1 / 255}
    assert tvnet.learning_rates(tvnet.Options(motion_rate=0.5)) == {"(^|/)tvnet/": 0.5}


def test_a_frozen_solver_has_no_rate_and_no_trainable_weight():
    model = make(learn=())
    assert tvnet.learning_rates(model.options) == {}
    assert not model.motion.trainable_variables and model.trainable_variables


def test_options_reach_the_solver():
    options = {"share": ("warps",), "constants_per": "scale", "median": 3, "texture": 0.5, "detach_warps": True}
    model = make(scales=2, warps=3, iterations=4, learn=("tau",), **options)
    assert (model.motion.scales, model.motion.warps, model.motion.iterations) == (2, 3, 4)
    assert {name: getattr(model.motion, name) for name in options} == options
    assert [weight.path for weight in model.motion.trainable_variables] == ["tvnet_classifier/tvnet/tau"]


def test_the_image_gradient_is_trained_on_request(model, clip):
    other = make(learn=("u0", "kernels", "image_gradient"))
    with tf.GradientTape() as tape:
        outputs = other(clip, training=True)
        terms = tvnet.objective(other.options, {"clip": clip, "label": np.array([1])}, outputs)
        loss = sum(map(tf.reduce_sum, terms.values()))
    assert np.abs(tape.gradient(loss, other.motion.image_gradient.value)).min() > 0
    trained, usual = ({weight.path for weight in network.trainable_variables} for network in (other, model))
    assert trained - usual == {"tvnet_classifier/tvnet/image_gradient"} and usual < trained


def test_a_trained_solver_carries_over_to_another_size(clip, tmp_path):
    trained = make(learn=("kernels",))
    trained.motion.u0.assign(np.full((32, 32, 2), (0.5, -1.0), "float32"))
    trained.motion.kernels.assign(ops.convert_to_numpy(trained.motion.kernels) * 1.1)
    trained.motion.scalars[2].assign(0.4)
    trained.save_weights(tmp_path / "model.weights.h5")
    # Another size and another choice of what is learned.
    other = make(size=48, learn=("u0", "theta"))
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(other.motion.kernels, trained.motion.kernels)
    assert [float(scalar) for scalar in other.motion.scalars] == [float(scalar) for scalar in trained.motion.scalars]
    # The vectors grow with the picture.
    np.testing.assert_allclose(other.motion.u0, np.full((48, 48, 2), (0.75, -1.5)), rtol=1e-5)
    np.testing.assert_allclose(other.motion(clip), trained.motion(clip), atol=1e-4)


def test_kernels_of_other_iterations_are_refused_as_a_whole(tmp_path):
    make(iterations=4).save_weights(tmp_path / "model.weights.h5")
    other = make()
    before = [ops.convert_to_numpy(weight) for weight in other.motion.weights]
    with pytest.raises(ValueError):
        other.load_weights(tmp_path / "model.weights.h5")
    for weight, old in zip(other.motion.weights, before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_keras_trains_both_terms_with_losses_by_name(clip):
    model = make()
    clips = np.concatenate([clip, moving_clip(6, 32, 32, (-0.5, 0.2), seed=1)])
    losses = {"logits": keras.losses.SparseCategoricalCrossentropy(from_logits=True), "flow": TVL1Energy()}
    model.compile("adam", loss=losses, loss_weights={"logits": 1.0, "flow": 0.1})
    start = ops.convert_to_numpy(model.motion.u0)
    history = model.fit(clips, {"logits": np.array([0, 1]), "flow": clips}, epochs=8, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] and np.isfinite(history["loss"]).all()
    assert np.abs(ops.convert_to_numpy(model.motion.u0) - start).max() > 0


def test_mixed_precision_keeps_the_flow(model, clip):
    expected = ops.convert_to_numpy(model(clip)["flow"])
    keras.config.set_dtype_policy("mixed_float16")
    try:
        mixed = make()
        outputs = mixed(clip)
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_allclose(outputs["flow"], expected, atol=1e-5)
    assert outputs["logits"].dtype == "float32" and np.isfinite(outputs["logits"]).all()
