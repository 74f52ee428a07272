"""Presets as files: they come back exactly, and what is wrong with them is told in a sentence."""

import dataclasses

import numpy as np
import pytest

from tests.made_preset import CARD, NAME, NUMBERS, make_preset, random_layer
from tvnet_keras import TVNet, presets
from tvnet_keras.errors import InputError
from tvnet_keras.layers.tvnet import LEARNABLE

MOST_BYTES = 300_000
"""Largest size of all presets together: every user downloads them."""

WEIGHTS = {"kernels": np.zeros((1, 1, 2, 8, 2), np.float32), "tau": np.array(0.25, np.float32)}
CONFIG = {"scales": 1, "warps": 1, "iterations": 2}


@pytest.fixture
def made(tmp_path, monkeypatch):
    return make_preset(tmp_path / "presets", monkeypatch)


def test_a_preset_comes_back_exactly(made, tmp_path):
    preset, written = presets.load(NAME), made.to_preset(NAME, CARD)
    assert presets.names() == (NAME,) and (preset.card, preset.solver) == (CARD, "tvnet-2-1-4")
    assert preset.config == written.config and preset.fingerprint == written.fingerprint
    assert preset.weights.keys() == {"kernels", "tau", "lambda", "theta"} == set(LEARNABLE) - {"u0", "image_gradient"}
    for name, value in preset.weights.items():
        assert value.dtype == np.float32 and value.tobytes() == written.weights[name].tobytes()
    # NumPy alone reads it.
    with np.load(tmp_path / f"presets/{NAME}.npz") as file:
        assert (file["kernels"] == np.asarray(made.kernels)).all()


def test_the_fingerprint_is_that_of_the_flow_and_not_of_the_card(made):
    preset = presets.load(NAME)
    weights = {**preset.weights, "tau": preset.weights["tau"] + np.float32(1e-3)}
    for changed, same in (
        ({"card": {}}, True),
        ({"name": "another"}, True),
        ({"weights": weights}, False),
        ({"config": {**preset.config, "zoom": 0.6}}, False),
    ):
        assert (dataclasses.replace(preset, **changed).fingerprint == preset.fingerprint) == same


def test_a_preset_is_replaced_only_where_that_is_said(made, tmp_path):
    other = random_layer()
    other.kernels.assign(0 * other.kernels)
    before = (tmp_path / f"presets/{NAME}.npz").read_bytes()
    with pytest.raises(InputError, match=f"There is a preset {NAME} already"):
        presets.save(other.to_preset(NAME, CARD))
    assert (tmp_path / f"presets/{NAME}.npz").read_bytes() == before
    presets.save(other.to_preset(NAME, CARD), replace=True)
    assert not presets.load(NAME).weights["kernels"].any()


def test_a_file_with_any_byte_turned_is_refused_or_gives_what_was_put_in(tmp_path, monkeypatch):
    monkeypatch.setattr("tvnet_keras.presets.preset.FOLDER", tmp_path)
    preset = presets.Preset("small", CONFIG, WEIGHTS, CARD)
    path = presets.save(preset)
    whole, refused = path.read_bytes(), 0
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            back = presets.load("small")
        except InputError as error:
            assert str(path) in str(error) and "install the package again" in str(error) and "\n" not in str(error)
            refused += 1
        else:
            assert (back.fingerprint, back.card) == (preset.fingerprint, CARD)
    assert refused > len(whole) / 6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "../other"}, "name of a preset must be small letters"),
        ({"name": "preset"}, "and not 'preset'"),
        ({"config": {"scales": 1, "warps": 1}}, "lacks iterations"),
        ({"config": None}, "config of a preset must be a JSON object"),
        ({"card": {"epe": float("nan")}}, "card of a preset must be a JSON object"),
        ({"weights": {"kernels": np.zeros(3)}}, "kernels of the preset small must be finite float32"),
        ({"weights": {"tau": np.array(np.inf, np.float32)}}, "tau of the preset small must be finite float32"),
    ],
)
def test_what_is_no_preset_is_refused(change, said):
    with pytest.raises(InputError, match=said):
        presets.Preset(**{"name": "small", "config": CONFIG, "weights": WEIGHTS, "card": CARD, **change})


def test_an_unknown_name_is_told_those_that_exist(made, tmp_path, monkeypatch):
    with pytest.raises(
        InputError, match=f"The preset is 'tvnet-2-1-4-rndom', which is not one of {NAME}. Did you mean"
    ):
        presets.load("tvnet-2-1-4-rndom")
    monkeypatch.setattr("tvnet_keras.presets.preset.FOLDER", tmp_path / "empty")
    with pytest.raises(InputError, match="The preset is 'any', but there are none to choose from"):
        presets.load("any")


def test_the_word_preset_stands_for_the_one_of_these_numbers(made):
    assert presets.name_of("preset", NUMBERS) == presets.name_of(NAME, NUMBERS) == NAME
    assert presets.name_of("runs/tvnet", NUMBERS) is None
    for word in ("preset", NAME):
        with pytest.raises(InputError, match=f"^weights={word} finds no preset of tvnet-1-1-50; there is {NAME} of"):
            presets.name_of(word, (1, 1, 50))
    presets.save(made.to_preset("tvnet-2-1-4-other", CARD))
    with pytest.raises(InputError, match=f"2 presets of tvnet-2-1-4; name one of tvnet-2-1-4-other, {NAME}.$"):
        presets.name_of("preset", NUMBERS)
    assert presets.name_of(NAME, NUMBERS) == NAME


def test_the_presets_of_the_package_are_whole_small_and_named_after_their_solver():
    assert sum(path.stat().st_size for path in presets.preset.FOLDER.glob("*.npz")) <= MOST_BYTES
    for preset in map(presets.load, presets.names()):
        assert preset.name.startswith(f"{preset.solver}-")
        TVNet.from_preset(preset.name).build((None, 2, None, None, 3))
