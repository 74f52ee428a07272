"""Today's outputs of every motion layer are those stored for its `SOLVER_VERSION`."""

import importlib.util

import keras
import numpy as np
import pytest

import tvnet_keras.layers
from tests.discovery import classes_of
from tests.layers.store_solver_outputs import COMMAND, FOLDER, check, file_name, main, modes, motion_layers, store
from tvnet_keras import FlowOfFlow, RepresentationFlow, TVNet
from tvnet_keras.layers.motion_layer import MotionLayer, current_versions, solver_versions

every_motion_layer = pytest.mark.parametrize("layer_class", motion_layers(), ids=lambda found: found.__name__)


def executions():
    """Every motion layer in every mode it has."""
    return [(layer_class, mode) for layer_class in motion_layers() for mode in modes(layer_class) or ("",)]


@pytest.mark.parametrize(("layer_class", "mode"), executions(), ids=lambda found: getattr(found, "__name__", found))
def test_outputs_are_those_of_the_version(layer_class, mode):
    if mode == "native" and not importlib.util.find_spec("numba"):
        pytest.skip("needs numba (requirements-native.txt)")
    path = FOLDER / file_name(layer_class, layer_class.SOLVER_VERSION)
    check(layer_class, path, **({"mode": mode} if mode else {}))


@every_motion_layer
def test_every_version_has_a_file_and_other_outputs_than_the_one_before(layer_class):
    versions = range(1, layer_class.SOLVER_VERSION + 1)
    stored = [np.load(FOLDER / file_name(layer_class, version))["outputs"] for version in versions]
    for version, (before, after) in enumerate(zip(stored[:-1], stored[1:], strict=True), start=2):
        assert np.abs(after - before).max() > 1e-4, f"version {version} is no other mathematics"


def test_every_layer_that_consumes_frames_is_a_motion_layer():
    layers = classes_of(tvnet_keras.layers, keras.Layer)
    consuming = {layer for layer in layers if "frames_consumed" in dir(layer)}
    missed = {layer.__name__ for layer in consuming - set(motion_layers())}
    assert not missed, f"{missed} consume frames: derive them from MotionLayer too"
    assert consuming == set(motion_layers()) >= {TVNet, RepresentationFlow, FlowOfFlow}


@every_motion_layer
def test_the_version_is_a_number_that_the_docstring_explains(layer_class):
    assert type(layer_class.SOLVER_VERSION) is int and layer_class.SOLVER_VERSION >= 1
    assert f"`SOLVER_VERSION` {layer_class.SOLVER_VERSION}: " in layer_class.__doc__


class Doubled(TVNet):
    """A layer whose mathematics changed while its version did not."""

    def call(self, clip):
        return 2 * super().call(clip)


def test_changed_outputs_ask_for_a_new_version_and_never_overwrite_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(Doubled, "__module__", TVNet.__module__)
    path = store(TVNet, tmp_path)
    before = path.read_bytes()
    assert store(TVNet, tmp_path) is None
    sentence = "outputs changed .* raise SOLVER_VERSION and store new outputs with `python -m tests.layers.store_solver"
    with pytest.raises(ValueError, match=sentence):
        store(Doubled, tmp_path)
    assert path.read_bytes() == before
    monkeypatch.setattr(Doubled, "SOLVER_VERSION", 2)
    assert store(Doubled, tmp_path).name == "tvnet-v2.npz"
    check(Doubled, tmp_path / "tvnet-v2.npz")


def test_outputs_of_another_shape_are_changed_outputs(tmp_path):
    wide = type("Wide", (TVNet,), {"call": lambda self, clip: TVNet.call(self, clip)[:, :1]})
    with pytest.raises(ValueError, match=r"not \(1, 2, 16, 20, 2\)"):
        check(wide, store(TVNet, tmp_path))


def test_the_command_that_the_sentence_names_keeps_every_file(capsys):
    assert f"python -m {main.__module__}" == COMMAND
    main()
    said = capsys.readouterr().out.splitlines()
    assert said == [f"{found.__name__} {found.SOLVER_VERSION}: unchanged" for found in motion_layers()]


def test_the_versions_of_a_network_are_those_of_every_motion_layer_inside():
    flow = {"FlowOfFlow": FlowOfFlow.SOLVER_VERSION, "RepresentationFlow": RepresentationFlow.SOLVER_VERSION}
    assert solver_versions(FlowOfFlow()) == flow
    assert solver_versions(TVNet()) == {"TVNet": TVNet.SOLVER_VERSION}
    assert solver_versions(keras.Sequential([keras.layers.Dense(2)])) == {}
    frames = keras.Input((3, 8, 8, 3))
    inner = keras.Model(frames, TVNet(1, 1, 1)(frames))
    assert solver_versions(keras.Sequential([inner, keras.layers.Dense(2)])) == {"TVNet": TVNet.SOLVER_VERSION}


def test_todays_versions_are_those_of_the_packages_layers(monkeypatch):
    assert current_versions() == {found.__name__: found.SOLVER_VERSION for found in motion_layers()}
    monkeypatch.setattr(TVNet, "SOLVER_VERSION", 7)
    assert current_versions()["TVNet"] == 7
    assert "MotionLayer" not in current_versions() and issubclass(TVNet, MotionLayer)
