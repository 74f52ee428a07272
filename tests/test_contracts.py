"""The package and the README state the same contracts, and every motion layer keeps its own."""

import re

import keras
import numpy as np
import pytest

import tvnet_keras
import tvnet_keras.layers
from launch.report import between_markers, tables
from tests.discovery import classes_of
from tests.textures import moving_clip
from tvnet_keras.scoring.result import load_results

# Layers whose constructor needs arguments, or that are slow with their defaults, are made here.
MADE_WITH = {"TVNet": {"iterations": 5}, "MotionNet": {"width": 8}}


def motion_layers():
    """Every layer that declares `frames_consumed`."""
    return [layer for layer in classes_of(tvnet_keras.layers, keras.Layer) if hasattr(layer, "frames_consumed")]


@pytest.fixture(scope="module", params=motion_layers(), ids=lambda layer_class: layer_class.__name__)
def layer(request):
    return request.param(**MADE_WITH.get(request.param.__name__, {}))


@pytest.fixture(scope="module")
def clip():
    return moving_clip(5, 24, 31, (0.6, -0.3))


@pytest.fixture(scope="module")
def motion(layer, clip):
    return keras.ops.convert_to_numpy(layer(clip))


def shapes_of(text):
    """The shapes that a contract names, as `[B, T - 1, H, W, 2]` and the `[N]` of `label[N]`."""
    return set(re.findall(r"\[[A-Z][^\]`]*\]", text))


def test_the_package_and_the_readme_state_the_same_contracts(repository):
    stated = dict(re.findall(r"^([A-Z][a-z ]+)\n((?:    .+\n)+)", tvnet_keras.__doc__, flags=re.MULTILINE))
    table = (repository / "README.md").read_text(encoding="utf-8").split("| name | form |\n")[1].split("\n\n")[0]
    rows = dict(re.findall(r"^\| ([\w ]+) \| (.+) \|$", table, flags=re.MULTILINE))
    assert list(stated) == list(rows) and len(rows) == 8
    assert {name: shapes_of(text) for name, text in stated.items()} == {
        name: shapes_of(text) for name, text in rows.items()
    }
    assert shapes_of(rows["Flow"]) == {"[B, T - 1, H, W, 2]"} and shapes_of(rows["Scores"]) == {"[N]", "[K]", "[N, K]"}


def test_the_readmes_tables_are_those_of_the_committed_results(repository):
    page = (repository / "README.md").read_text(encoding="utf-8")
    shown = load_results(repository / "docs/results")
    assert between_markers(page, tables(shown)) == page


def test_there_is_a_motion_layer():
    assert tvnet_keras.TVNet in motion_layers()


def test_a_motion_layer_consumes_its_frames_and_keeps_the_size(layer, clip, motion):
    batch, frames, height, width, _ = clip.shape
    assert isinstance(layer.frames_consumed, int) and layer.frames_consumed >= 1
    assert motion.shape[:4] == (batch, frames - layer.frames_consumed, height, width)
    assert tuple(layer.compute_output_shape(clip.shape)) == motion.shape


def test_output_t_belongs_to_frame_t_and_sees_nothing_else(layer, clip, motion):
    if isinstance(layer, tvnet_keras.FlowOfFlow):
        pytest.skip("its second flow is scaled to the clip's range; tests/layers/test_flow_of_flow.py does without")
    # A change of frame k reaches only the outputs t <= k <= t + frames_consumed.
    for changed in range(clip.shape[1]):
        other = clip.copy()
        other[:, changed] = other[:, changed, ::-1]
        difference = np.abs(keras.ops.convert_to_numpy(layer(other)) - motion).max(axis=(0, 2, 3, 4))
        reached = [t for t in range(len(difference)) if t <= changed <= t + layer.frames_consumed]
        assert (difference[reached] > 1e-3).all()
        assert np.delete(difference, reached).max(initial=0) < 1e-5


def test_a_flow_is_float32_in_pixels_to_the_next_frame(clip):
    flow = tvnet_keras.TVNet(2, 2, 20)(clip)
    assert flow.dtype == "float32"
    np.testing.assert_allclose(np.mean(flow[:, :, 8:-8, 8:-8], axis=(0, 1, 2, 3)), (0.6, -0.3), atol=0.1)


def test_a_clip_of_bytes_and_one_of_floats_are_the_same_clip(layer, clip):
    frames = np.round(clip * 255).astype("uint8")
    np.testing.assert_allclose(layer(frames), layer(frames.astype("float32") / 255), atol=1e-3)
