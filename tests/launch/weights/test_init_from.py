import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

import models.encoders
from launch.run import run_folder
from launch.run.config import new_config
from launch.run.model import build_model, load_run
from launch.train import train
from launch.weights.by_name import match, weight_values
from launch.weights.init_from import initialise, over_channels, transfer_images, with_scaling_of_weights
from models.encoders import encoder_module
from models.parts.classifier import image_classifier
from tests.models.test_encoders import SIZE, SLOW
from tvnet_keras.choices import module_names
from tvnet_keras.errors import InputError


def weights(model):
    return {weight.path: ops.convert_to_numpy(weight) for weight in model.weights}


@pytest.fixture(scope="module")
def trained(finished_run):
    """Weights of the run, whose u0 has left its start."""
    model = load_run(finished_run)[1]
    assert np.abs(weights(model)["tvnet_classifier/tvnet/u0"]).max() > 0
    return weights(model)


def test_a_run_with_the_same_classes_gives_all_its_weights(finished_run, trained, tiny):
    config = tiny(init_from=str(finished_run), seed=5)
    keras.utils.set_random_seed(5)
    model = build_model(config, 12)
    said = initialise(model, config)
    assert str(finished_run / "model.weights.h5") in said
    for path, value in weights(model).items():
        np.testing.assert_array_equal(value, trained[path], err_msg=path)


def test_a_classifier_for_other_classes_starts_fresh(finished_run, trained, tiny):
    config = tiny(init_from=str(finished_run), seed=5)
    keras.utils.set_random_seed(5)
    fresh = weights(build_model(config, 3))
    keras.utils.set_random_seed(5)
    model = build_model(config, 3)
    said = initialise(model, config)
    for path, value in weights(model).items():
        expected = fresh[path] if path.startswith("logits/") else trained[path]
        np.testing.assert_array_equal(value, expected, err_msg=path)
    total = len(model.weights)
    assert f"{total - 2} of {total} weights taken" in said
    assert "of another shape there, left as well: 2 in logits" in said and said.count("\n") == 1


def test_another_size_keeps_the_trained_solver(finished_run, trained, tiny):
    config = tiny(init_from=str(finished_run), data={"height": 48, "width": 40})
    model = build_model(config, 12)
    initialise(model, config)
    found = weights(model)
    np.testing.assert_array_equal(found["tvnet_classifier/tvnet/kernels"], trained["tvnet_classifier/tvnet/kernels"])
    assert np.abs(found["tvnet_classifier/tvnet/u0"]).max() > 0 and found["tvnet_classifier/tvnet/u0"].shape == (
        48,
        40,
        2,
    )


def test_a_weight_file_is_a_start_too(finished_run, trained, tiny):
    config = tiny(init_from=str(finished_run / "model.weights.h5"))
    model = build_model(config, 12)
    initialise(model, config)
    np.testing.assert_array_equal(weights(model)["tvnet_classifier/tvnet/u0"], trained["tvnet_classifier/tvnet/u0"])


def test_training_starts_from_it(finished_run, trained, tiny, tmp_path, capsys):
    config = tiny(init_from=str(finished_run), train={"steps": 1, "lr": 0.0})
    train(config, tmp_path / "run")
    assert "Started from" in capsys.readouterr().out
    # At rate zero only the statistics of batch normalisation move.
    model = load_run(tmp_path / "run")[1]
    for weight in model.trainable_variables:
        np.testing.assert_array_equal(weight, trained[weight.path], err_msg=weight.path)


def test_nonsense_is_refused(tiny, tmp_path, finished_run, one_sentence):
    text, network, unfinished = tmp_path / "text.weights.h5", tmp_path / "other.weights.h5", tmp_path / "unfinished"
    text.write_text("not weights")
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(7)])
    other.save_weights(network)
    unfinished.mkdir()
    (unfinished / run_folder.RUN_FILE).write_bytes((finished_run / run_folder.RUN_FILE).read_bytes())
    for start, said in (
        (tmp_path / "nowhere", "neither a finished run, nor a .weights.h5 file, nor imagenet"),
        (unfinished, "neither a finished run"),
        (text, "cannot be read as weights"),
        (finished_run / "run.json", "cannot be read as weights"),
        (network, "No weight of .* fits this model"),
    ):
        config = tiny(init_from=str(start))
        with pytest.raises(InputError, match=said) as refusal:
            initialise(build_model(config, 12), config)
        assert str(start) in one_sentence(" ".join(str(refusal.value).split()))


def test_several_starts_one_after_the_other(finished_run, trained, tiny, tmp_path):
    keras.utils.set_random_seed(7)
    second = image_classifier("small", (32, 32, 10), 12)
    second.save_weights(tmp_path / "second.weights.h5")
    config = tiny(init_from=f"{finished_run},{tmp_path / 'second.weights.h5'}")
    model = build_model(config, 12)
    said = initialise(model, config)
    assert str(finished_run) in said and "second.weights.h5" in said
    found = weights(model)
    np.testing.assert_array_equal(found["tvnet_classifier/tvnet/u0"], trained["tvnet_classifier/tvnet/u0"])
    # What both have is the last one's.
    for path, value in weights(second).items():
        np.testing.assert_array_equal(found[path], value, err_msg=path)
    assert np.abs(found["logits/kernel"] - trained["logits/kernel"]).max() > 0
    config = dataclasses.replace(config, init_from=f"{finished_run},nowhere")
    with pytest.raises(InputError, match="init_from=nowhere is neither"):
        initialise(model, config)


def test_a_backbone_without_imagenet_weights_is_refused(tiny):
    config = tiny(init_from="imagenet")
    with pytest.raises(
        InputError, match="no ImageNet weights for --config.model.backbone=small, but for .*inception_v3"
    ):
        initialise(build_model(config, 12), config)


def test_weights_that_do_not_fit_their_run_are_refused(finished_run, tiny):
    with pytest.raises(InputError, match="model.weights.h5 does not fit the network"):
        load_run(finished_run, tiny(model={"iterations": 9}))


def image_network(channels, classes=0, kernel=3, seed=0):
    keras.utils.set_random_seed(seed)
    pixels = keras.Input((16, 16, channels))
    x = keras.layers.Conv2D(4, kernel, use_bias=False, name="first")(pixels)
    x = keras.layers.BatchNormalization(moving_mean_initializer="random_normal", name="norm")(x)
    x = keras.layers.Conv2D(6, 3, activation="relu", name="second")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, keras.layers.Dense(classes, name="logits")(x) if classes else x)


def test_the_first_convolution_is_averaged_over_rgb_and_repeated():
    source, target = image_network(3), image_network(10, classes=5, seed=1)
    head = [ops.convert_to_numpy(weight) for weight in target.layers[-1].weights]
    assert len(transfer_images(source, target).taken) == len(source.weights)
    first, wanted = (ops.convert_to_numpy(network.layers[1].kernel) for network in (target, source))
    for channel in range(10):
        np.testing.assert_allclose(first[:, :, channel], wanted.mean(axis=2), atol=1e-6)
    for ours, theirs in zip(target.weights[1:-2], source.weights[1:], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, before in zip(target.layers[-1].weights, head, strict=True):
        np.testing.assert_array_equal(ours, before)


def test_a_grey_picture_excites_the_transferred_network_as_the_source():
    # Three channels on both sides: the repeated mean answers to grey exactly as the original does.
    source, target = image_network(3), image_network(3, seed=1)
    transfer_images(source, target)
    grey = np.random.default_rng(0).random((2, 16, 16, 1), dtype="float32").repeat(3, axis=3)
    np.testing.assert_allclose(target(grey), source(grey), atol=1e-5)


def test_no_convolution_but_the_first_is_averaged():
    values = weight_values(image_network(3))
    target = image_network(10)
    fit = over_channels(target)
    inner = np.ones((3, 3, 3, 6), "float32")  # As if the source had three channels there, which are no colours.
    found = match(target, {**values, "second/kernel": inner}, fit)
    assert list(found.reshaped) == ["second/kernel"] and found.fitted == ["first/kernel"]


def test_flow_weights_are_not_averaged_for_frames():
    found = match(image_network(3), weight_values(image_network(10)), over_channels(image_network(3)))
    assert list(found.reshaped) == ["first/kernel"] and not found.fitted


def filled(model, seed=7):
    """The model, all its weights random."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(random.uniform(0.5, 1.5, weight.shape).astype("float32"))
    return model


@pytest.mark.parametrize(
    "encoder",
    [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in module_names(models.encoders)],
)
def test_every_encoder_sees_flow_with_an_rgb_runs_weights(encoder, tmp_path, light_vgg16):
    size = SIZE[encoder]
    options = {"model": {"backbone": encoder}, "data": {"height": size, "width": size}}
    rgb = filled(build_model(new_config("rgb", "ucf101", **options), 3))
    rgb.save_weights(tmp_path / "rgb.weights.h5")
    options["model"] |= {"flow_fields": 5, "iterations": 1}
    config = new_config("tvnet", "ucf101", **options)
    config.init_from = str(tmp_path / "rgb.weights.h5")
    model = build_model(config, 3)
    fresh, theirs = weight_values(model), weight_values(rgb)
    said = initialise(model, config)
    ours = weight_values(model)
    # `small` begins with the statistics of its input, which are not those of flow.
    first = next(name for name, value in theirs.items() if value.ndim == 4)
    assert ours[first].shape[2] == 10 and f"mean over RGB, repeated for the channels here: {first}" in said
    for channel in range(10):
        np.testing.assert_allclose(ours[first][:, :, channel], theirs[first].mean(axis=2), rtol=1e-6)
    for name in set(ours) - {first}:
        taken = name in theirs and theirs[name].shape == ours[name].shape
        np.testing.assert_array_equal(ours[name], theirs[name] if taken else fresh[name], err_msg=name)
    left = [name for name in theirs if name in ours and theirs[name].shape != ours[name].shape and name != first]
    assert all(name.startswith("input_norm/") for name in left)


@pytest.fixture
def published(monkeypatch):
    """The small encoder, as if it had ImageNet weights trained on frames in -1..1."""
    weights = filled(encoder_module("small").build((32, 32, 3)))
    monkeypatch.setattr(encoder_module("small"), "imagenet", lambda: weights, raising=False)
    monkeypatch.setattr(encoder_module("small"), "SCALING", "signed", raising=False)
    return weights


def test_rgb_from_imagenet_answers_as_the_published_network_to_its_own_preprocessing(published, tiny):
    config = with_scaling_of_weights(tiny("rgb", init_from="imagenet"))
    assert config.model.scaling == "signed"
    model = build_model(config, 12)
    assert "Started from ImageNet: 24 weights copied into small." in initialise(model, config)
    frames = np.random.default_rng(0).integers(0, 256, (2, 1, 32, 32, 3)).astype("uint8")
    last = published(keras.applications.inception_v3.preprocess_input(frames[:, 0].astype("float32")))["stage4"]
    pooled = np.concatenate([ops.mean(last, axis=(1, 2)), ops.max(last, axis=(1, 2))], axis=-1)
    kernel, bias = model.classifier.layer.get_weights()[-2:]
    expected = pooled @ kernel + bias
    np.testing.assert_allclose(model(frames)["logits"], expected, atol=1e-4 * np.abs(expected).max())
    assert np.abs(build_unit(config, model)(frames)["logits"] - expected).max() > 0.1


def build_unit(config, model):
    """The same weights, frames in 0..1."""
    unit = build_model(dataclasses.replace(config, model=dataclasses.replace(config.model, scaling="unit")), 12)
    unit.set_weights(model.get_weights())
    return unit


@pytest.mark.parametrize("scaling", ["unit", "imagenet"])
def test_a_range_that_was_asked_for_stays(published, tiny, scaling):
    config = tiny("rgb", init_from="imagenet", model={"scaling": scaling})
    assert with_scaling_of_weights(config) == config


def test_without_imagenet_weights_frames_stay_in_0_to_1(tiny):
    config = tiny("rgb")
    assert with_scaling_of_weights(config) == config and config.model.scaling == "auto"
    black_and_white = np.zeros((1, 1, 2, 2, 3), "float32") + np.float32([0, 1]).reshape(1, 1, 1, 2, 1)
    np.testing.assert_array_equal(build_model(config, 3).scaling(black_and_white), black_and_white)
    tvnet = tiny("tvnet", init_from="imagenet")
    assert with_scaling_of_weights(tvnet) == tvnet


def test_a_run_from_imagenet_keeps_its_range_and_hands_it_on(published, tiny, tmp_path):
    config = tiny("rgb", init_from="imagenet", train={"steps": 1})
    train(config, tmp_path / "run")
    assert run_folder.read_config(tmp_path / "run").model.scaling == "signed"
    # Going on needs the same flags and no weights.
    train(config, tmp_path / "run")
    for chosen in ("auto", "signed", "unit"):
        config = tiny("rgb", init_from=str(tmp_path / "run"), model={"scaling": chosen})
        if chosen == "auto":
            with pytest.raises(InputError, match=r"scaled as 'signed': add --config.model.scaling=signed, or unit"):
                initialise(build_model(config, 12), config)
        else:
            assert "Started from" in initialise(build_model(config, 12), config)


def test_networks_that_differ_are_refused():
    with pytest.raises(InputError, match=r"The networks differ: first/kernel is \(3, 3, 3, 4\) there"):
        transfer_images(image_network(3), image_network(10, kernel=5))
    shallow = keras.Sequential([keras.Input((16, 16, 10)), keras.layers.Conv2D(4, 3, name="first")])
    with pytest.raises(InputError, match="norm/gamma has no equal in the network"):
        transfer_images(image_network(3), shallow)


def weights_of(method, tmp_path, **options):
    """The weights of a fresh network, as a file."""
    path = tmp_path / f"{method}{len(list(tmp_path.iterdir()))}.weights.h5"
    frames = {"frames": 2 if method == "action_flow_net" else 4}
    config = new_config(method, "moving_shapes", model=options, data={"height": 32, "width": 32, **frames})
    build_model(config, 3).save_weights(path)
    return str(path)


@pytest.mark.parametrize(
    ("method", "options", "source", "given", "others"),
    [
        (
            "hidden_two_stream",
            {"losses": ("class",), "motion_frozen": True, "motion_width": 4, "flow_fields": 3, "backbone": "small"},
            "motion_net",
            {"width": 4, "flow_fields": 3},
            {"width": 8, "flow_fields": 3},
        ),
        (
            "action_flow_net",
            {"losses": ("class",), "structure": "stacked", "flow_network": "frozen", "width": 4},
            "action_flow_net",
            {"losses": ("flow",), "width": 4},
            {"losses": ("flow",), "width": 8},
        ),
    ],
)
def test_a_frozen_network_has_all_its_weights_from_somewhere(method, options, source, given, others, tmp_path):
    # Biases of the last layers fit whatever the width, so that something is always taken.
    frames = {"frames": 2 if method == "action_flow_net" else 4}
    config = new_config(method, "moving_shapes", model=options, data={"height": 32, "width": 32, **frames})
    whole, partly = weights_of(source, tmp_path, **given), weights_of(source, tmp_path, **others)
    assert "weights taken" in initialise(build_model(config, 3), dataclasses.replace(config, init_from=whole))
    for init_from in (partly, ""):
        with pytest.raises(InputError, match="keeps a network as it is, but .* of its .* weights, such as"):
            initialise(build_model(config, 3), dataclasses.replace(config, init_from=init_from))


def test_an_empty_name_among_several_is_told(finished_run, tiny):
    config = tiny(init_from=f"{finished_run},")
    with pytest.raises(InputError, match="init_from=.*has an empty name in it"):
        initialise(build_model(config, 12), config)
