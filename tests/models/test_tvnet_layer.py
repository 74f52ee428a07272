"""The option `preset` of methods with a TVNet: it sets what its weights belong to; contradictions are refused."""

import dataclasses

import numpy as np
import pytest

from launch.run.config import new_config
from launch.run.model import build_model, with_preset
from models import tvnet, tvnet_flow
from models.parts.tvnet_layer import settled_by_preset
from tests.made_preset import NAME, make_preset, random_layer
from tvnet_keras import presets
from tvnet_keras.errors import InputError

SIZE = (24, 32)


@pytest.fixture
def made(tmp_path, monkeypatch):
    return make_preset(tmp_path / "presets", monkeypatch)


def model_of(method, frames, **options):
    return method.build(num_classes=2, clip_shape=(frames, *SIZE, 3), options=method.Options(**options))


@pytest.mark.parametrize(("method", "frames"), [(tvnet_flow, 2), (tvnet, 6)], ids=["tvnet_flow", "tvnet"])
def test_a_network_starts_from_the_preset_and_learns_what_its_options_say(made, method, frames):
    layer = model_of(method, frames, preset=NAME, learn=("u0", "theta")).motion
    np.testing.assert_array_equal(layer.kernels, made.kernels)
    assert (layer.scales, layer.warps, layer.iterations) == (2, 1, 4)
    # The grid of the initial flow, and so what is learned of it, is that of a training without a preset.
    assert layer.u0.shape == model_of(method, frames, scales=2, warps=1, iterations=4).motion.u0.shape == (12, 16, 2)
    assert [weight.name for weight in layer.trainable_weights] == ["u0", "theta"] and layer.name == "tvnet"


def test_options_at_their_defaults_become_the_presets_and_those_that_agree_stay(made):
    for given in ({}, {"scales": 2}, {"iterations": 4, "loss": "energy"}):
        settled = settled_by_preset(tvnet_flow.Options(preset=NAME, **given))
        assert dataclasses.asdict(settled) == dataclasses.asdict(
            tvnet_flow.Options(preset=NAME, scales=2, warps=1, iterations=4, loss=given.get("loss", "epe"))
        )
    untouched = tvnet_flow.Options(scales=3)
    assert settled_by_preset(untouched) is untouched


def test_whatever_belongs_to_the_weights_is_settled(made, tmp_path, monkeypatch):
    make_preset(tmp_path / "presets", monkeypatch, "tvnet-2-1-4-official", random_layer(variant="official"))
    options = tvnet_flow.Options(preset="tvnet-2-1-4-official")
    assert settled_by_preset(options).variant == model_of(tvnet_flow, 2, **vars(options)).motion.variant == "official"
    with pytest.raises(
        InputError, match="^variant=official does not belong to the preset .*, whose weights need default"
    ):
        settled_by_preset(tvnet_flow.Options(preset=NAME, variant="official"))


def test_what_holds_several_words_is_settled_too(made):
    preset = presets.load(NAME)
    presets.save(presets.Preset("tied", {**preset.config, "ties": ["warps", "scales"]}, preset.weights, {}))
    kinds = [("preset", str, "tied"), ("ties", tuple, ())]
    options = dataclasses.make_dataclass("Options", kinds)
    for given in ({}, {"ties": ("warps", "scales")}):
        assert settled_by_preset(options(**given)).ties == ("warps", "scales")
    with pytest.raises(InputError, match="^ties=.*'scales'.* does not belong to the preset tied"):
        settled_by_preset(options(ties=("scales",)))


def test_a_contradiction_is_told_by_its_flag(made):
    config = new_config("tvnet_flow", "middlebury", model={"preset": NAME, "warps": 3})
    for read in (with_preset, lambda config: build_model(config, 0)):
        with pytest.raises(InputError, match=f"^--config.model.warps=3 does not belong to the preset {NAME}"):
            read(config)


def test_a_preset_in_front_of_which_another_motion_stands_is_refused(made):
    config = new_config("tvnet", "moving_shapes", model={"preset": NAME, "motion": "representation_flow"})
    with pytest.raises(InputError, match=f"^--config.model.preset={NAME} is of .*but .*motion=representation_flow"):
        build_model(config, 2)


def test_an_unknown_preset_is_told_those_that_exist(made):
    with pytest.raises(InputError, match=f"preset is 'tvnet', which is not one of {NAME}"):
        model_of(tvnet_flow, 2, preset="tvnet")
