import keras
import numpy as np
import pytest
from keras import ops

from launch import run_folder
from launch.init_from import build_model, initialise, load_run, transfer_images
from launch.train import train
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


def test_a_backbone_without_imagenet_weights_is_refused(tiny):
    config = tiny(init_from="imagenet")
    with pytest.raises(InputError, match="no ImageNet weights for --config.model.backbone=small; inception_v3 has"):
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
    assert transfer_images(source, target) == len(source.weights)
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


def test_networks_that_differ_are_refused():
    with pytest.raises(InputError, match=r"The networks differ: first/kernel is \(3, 3, 3, 4\) there"):
        transfer_images(image_network(3), image_network(10, kernel=5))
    shallow = keras.Sequential([keras.Input((16, 16, 10)), keras.layers.Conv2D(4, 3, name="first")])
    with pytest.raises(InputError, match="norm/gamma has no equal in the network"):
        transfer_images(image_network(3), shallow)
