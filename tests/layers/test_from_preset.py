"""A layer from a preset is the layer that the preset was made from, wherever and at whatever size it is built."""

import keras
import numpy as np
import pytest

from tests.made_preset import CARD, NAME, make_preset, random_layer
from tests.textures import moving_clip
from tvnet_keras import TVNet, presets
from tvnet_keras.errors import InputError

SIZES = ((24, 31), (40, 20))


@pytest.fixture
def made(tmp_path, monkeypatch):
    return make_preset(tmp_path / "presets", monkeypatch)


def clip_of(height, width):
    return np.rint(255 * moving_clip(3, height, width, (0.8, -0.5))).astype("uint8")


def flow_of(layer, clip):
    return keras.ops.convert_to_numpy(layer(clip))


def test_its_flow_is_that_of_the_layer_it_was_made_from_bit_for_bit(made):
    layer = TVNet.from_preset(NAME)
    for size in SIZES:
        flow = flow_of(layer, clip_of(*size))
        np.testing.assert_array_equal(flow, flow_of(made, clip_of(*size)))
        assert np.abs(flow - flow_of(TVNet(2, 1, 4), clip_of(*size))).max() > 1e-3


def test_a_training_of_one_layer_reaches_no_other(made):
    layer = TVNet.from_preset(NAME)
    layer.build((None, 2, *SIZES[0], 3))
    layer.kernels.assign(0 * layer.kernels)
    again = TVNet.from_preset(NAME)
    again.build((None, 2, *SIZES[0], 3))
    np.testing.assert_array_equal(again.kernels, made.kernels)


class Outer(keras.layers.Layer):
    """A layer that has its inner one built while it is called: nothing is computed then."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, clip):
        return self.inner(clip)


def test_the_weights_are_there_wherever_the_layer_is_built(made):
    layer = TVNet.from_preset(NAME)
    clip = keras.Input((3, *SIZES[0], 3))
    keras.Model(clip, Outer(layer)(clip))
    np.testing.assert_array_equal(layer.kernels, made.kernels)
    assert float(layer.scalars[0]) == float(made.scalars[0]) != 0.25


def test_it_is_saved_and_loaded_without_the_preset(made, tmp_path, monkeypatch):
    clip = keras.Input((3, None, None, 3), dtype="uint8")
    model = keras.Model(clip, TVNet.from_preset(NAME)(clip))
    model.layers[1].u0.assign(np.full((1, 1, 2), 0.5))
    model.save(tmp_path / "model.keras")
    config = model.layers[1].get_config()
    monkeypatch.setattr("tvnet_keras.presets.preset.FOLDER", tmp_path / "empty")
    back = keras.saving.load_model(tmp_path / "model.keras")
    for size in SIZES:
        np.testing.assert_array_equal(back(clip_of(*size)), model(clip_of(*size)))
    fresh = TVNet.from_config(config)
    fresh.build((None, 3, *SIZES[0], 3))
    assert fresh.get_config() == config and NAME not in str(config)
    assert fresh.kernels.shape == made.kernels.shape and (np.asarray(fresh.kernels) != made.kernels).any()


def test_arguments_beside_the_weights_can_be_chosen(made):
    layer = TVNet.from_preset(
        NAME, name="seen", value_range=(0, 255), learn=("theta",), mode="portable", u0_size=(3, 4), dtype="float32"
    )
    flow = flow_of(layer, clip_of(*SIZES[0]).astype("float32"))
    np.testing.assert_allclose(flow, flow_of(made, clip_of(*SIZES[0])), atol=1e-4)
    assert layer.name == "seen" and [weight.name for weight in layer.trainable_weights] == ["theta"]
    assert layer.u0.shape == (3, 4, 2) and layer.get_config()["mode"] == "portable"
    assert not TVNet.from_preset(NAME, trainable=False).trainable
    coarsest = TVNet.from_preset(NAME, u0_size=None)
    coarsest.build((None, 2, *SIZES[0], 3))
    assert coarsest.u0.shape == (12, 16, 2) and not np.any(coarsest.u0)


def test_without_a_choice_it_learns_what_the_preset_learned_and_u0_is_one_vector(made):
    layer = TVNet.from_preset(NAME)
    layer.build((None, 2, *SIZES[0], 3))
    assert {weight.name for weight in layer.trainable_weights} == {"kernels", "tau"} and layer.u0.shape == (1, 1, 2)


STRUCTURE = sorted(set(TVNet().get_config()) - {"name", "trainable", "dtype"})
STRUCTURE = [name for name in STRUCTURE if name not in ("learn", "value_range", "detach_warps", "mode", "u0_size")]


@pytest.mark.parametrize("argument", STRUCTURE)
def test_arguments_that_the_weights_belong_to_are_refused(made, argument):
    value = TVNet().get_config()[argument]
    with pytest.raises(
        InputError, match=f"^{argument} belongs to the weights of the preset {NAME}.*Received: {argument}="
    ):
        TVNet.from_preset(NAME, **{argument: value})


def test_a_layer_without_weights_is_no_preset():
    with pytest.raises(InputError, match="^bare has no weights yet; build or call it"):
        TVNet(name="bare").to_preset("any", {})


def test_a_misspelt_argument_is_told_the_right_one(made):
    with pytest.raises(InputError, match="'leran', which is not one of .*Did you mean 'learn'"):
        TVNet.from_preset(NAME, leran=())


def test_a_learned_image_gradient_belongs_to_the_preset(tmp_path, monkeypatch):
    layer = random_layer(learn=("kernels", "image_gradient"))
    make_preset(tmp_path / "presets", monkeypatch, layer=layer)
    clip = clip_of(*SIZES[0])
    np.testing.assert_array_equal(flow_of(TVNet.from_preset(NAME), clip), flow_of(layer, clip))
    for learn in ((), ("kernels",)):
        with pytest.raises(InputError, match=f"learn must name image_gradient, which the preset {NAME} has learned"):
            TVNet.from_preset(NAME, learn=learn)(clip)


def test_a_learned_initial_flow_makes_no_preset():
    layer = random_layer(u0_size=(3, 4))
    layer.u0.assign(layer.u0 + 1)
    with pytest.raises(InputError, match="u0 of a preset is zero, but .* has learned one"):
        layer.to_preset(NAME, CARD)


def test_weights_of_another_shape_are_refused(made, tmp_path):
    preset = presets.load(NAME)
    wrong = presets.Preset("wrong", preset.config, {**preset.weights, "kernels": np.zeros((1, 8), "float32")}, CARD)
    presets.save(wrong)
    with pytest.raises(InputError, match=r"kernels of the preset wrong has the shape \(1, 8\), but its arguments say"):
        TVNet.from_preset("wrong").build((None, 2, *SIZES[0], 3))
