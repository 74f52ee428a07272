import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from launch import benchmark
from launch.benchmarks import representation_flow as suite
from launch.benchmarks.parts import rounds, table9
from launch.benchmarks.parts.fresh_process import run_here
from launch.benchmarks.parts.motion_layer import EAGER, FORWARD, FORWARD_BACKWARD, GRAPH, STEP
from launch.benchmarks.parts.released_layer import ReleasedLayer
from launch.benchmarks.parts.representation_flow import Case, make_call, make_input
from launch.tables.representation_flow.parts import full_scale
from tvnet_keras.errors import InputError

TINY = {"frames": 3, "channels": 4, "size": 12}
PORTABLE = Case(EAGER, FORWARD, "portable", 4, **TINY)


@pytest.fixture(scope="module")
def features():
    return make_input(PORTABLE)


@pytest.fixture
def numba():
    pytest.importorskip("numba", reason="the native mode needs numba")


@pytest.fixture(scope="module")
def torch_python(repository):
    """An interpreter with PyTorch: this one, or that of `make test-backends`."""
    other = repository / ".venv-backends/bin/python"
    if other.is_file():
        return str(other)
    pytest.importorskip("torch", reason="needs torch (`make test-backends` installs it)")
    return sys.executable


def test_features_of_every_channel_move_by_the_same_part_of_a_pixel(features):
    assert features.shape == (1, 3, 12, 12, 4)
    # Twice two rows and three columns of the fine texture are one row and one and a half columns of the features.
    twice = make_input(replace(PORTABLE, frames=5))[0]
    np.testing.assert_array_equal(twice[4, 2:, :-3], twice[0, :-2, 3:])
    flow = make_call(replace(PORTABLE, iterations=100, size=28), make_input(replace(PORTABLE, size=28)))()
    np.testing.assert_allclose(np.median(flow[..., :4], axis=(0, 1, 2, 3)), -0.75, atol=0.15)
    np.testing.assert_allclose(np.median(flow[..., 4:], axis=(0, 1, 2, 3)), 0.5, atol=0.15)


@pytest.mark.slow
def test_the_training_step_asks_for_the_gradients_of_features_and_all_parameters(features, numba):
    case = replace(PORTABLE, does=FORWARD_BACKWARD, mode="native")
    of_features, *of_parameters = make_call(case, features)()
    assert of_features.shape == features.shape
    assert sorted(gradient.shape for gradient in of_parameters) == [(), (), (), (2, 2), (3, 3, 2)]
    # The gain's gradient is the features' one, summed per channel along the features.
    gain = np.sum(of_features.astype("float64") * features, axis=(0, 1, 2, 3))
    norm = np.sqrt(np.sum(gain**2) + sum(np.sum(gradient**2) for gradient in of_parameters))
    step = make_call(replace(case, place=STEP), features)
    np.testing.assert_allclose([step(), step()], norm, rtol=1e-3)


def test_the_released_layer_computes_our_released_variant(torch_python, features, tmp_path):
    with ReleasedLayer(torch_python, "", features, 1) as released:
        for iterations in (1, 7):
            case = replace(PORTABLE, iterations=iterations, variant="released_v1")
            ours = 2 * np.mean(np.square(make_call(case, features)()))
            assert released.call(FORWARD, iterations)() == pytest.approx(ours, rel=1e-4)
            assert released.call(FORWARD_BACKWARD, iterations)() == pytest.approx(ours, rel=1e-4)
    file = tmp_path / "rep_flow_layer.py"
    file.write_text("class FlowLayer:\n    def forward(self, x):\n        return x\n")
    with pytest.raises(InputError, match="is not the first released version"):
        ReleasedLayer(torch_python, str(file), features, 1).__enter__()


def test_an_interpreter_that_cannot_run_it_is_named(features, tmp_path):
    with pytest.raises(InputError, match="--torch_python=/none cannot be started"):
        ReleasedLayer("/none", "", features, 1).__enter__()
    (tmp_path / "python").write_text("#!/bin/sh\necho No module named torch >&2\nexit 1\n")
    (tmp_path / "python").chmod(0o755)
    with pytest.raises(InputError, match="did not run the released layer: No module named torch. Give"):
        ReleasedLayer(str(tmp_path / "python"), "", features, 1).__enter__()


@pytest.fixture
def small(monkeypatch):
    """Small features and networks, one mode, few repeats, no new processes: the numbers mean nothing."""
    layer = {
        "FEATURES": TINY,
        "ITERATIONS": (10,),
        "VARIANTS": ("released_v1",),
        "MANY_ITERATIONS": 12,
        "MODES": ("native",),
    }
    # Threads of PyTorch wait for each other by spinning, which takes seconds where other tests run at the same time.
    for name, value in {**layer, "THREADS": 1}.items():
        monkeypatch.setattr(suite, name, value)
    for name, value in {"DEPTH": 10, "FRAMES": 4, "SIZE": 32, "ITERATIONS": 2, "CLASSES": 3, "FLOW_FIELDS": 2}.items():
        monkeypatch.setattr(table9, name, value)
    monkeypatch.setattr(rounds, "ROUNDS", 1)
    monkeypatch.setattr(rounds, "TURN_SECONDS", 0.01)
    monkeypatch.setattr(suite, "measure_fresh", lambda case, data_dir, numba_cache: run_here(case, data_dir))


def test_the_suite_measures_everything_in_one_run(small, numba, shapes, torch_python, capsys):
    result = suite.run(str(shapes), torch_python)
    tables = {}
    for row in result["rows"]:
        tables.setdefault(next(iter(row)), []).append(row)
    assert list(tables) == ["layer", "fresh process", "gradients over", "table 9"]
    ours, released = tables["layer"][:-2], tables["layer"][-2:]
    ways = ((GRAPH, FORWARD), (STEP, FORWARD_BACKWARD), (EAGER, FORWARD), (EAGER, FORWARD_BACKWARD))
    assert [(row["mode"], row["runs in"], row["does"]) for row in ours] == [("native", *way) for way in ways]
    assert [(row["layer"], row["does"]) for row in released] == [
        (suite.RELEASED, FORWARD),
        (suite.RELEASED, FORWARD_BACKWARD),
    ]
    medians = {row["does"]: row["ms"] for row in released}
    for row in tables["layer"]:
        assert 0 < row["lowest"] <= row["ms"] <= row["highest"]
        assert row["times_faster"] == pytest.approx(medians[row["does"]] / row["ms"])
        compiled = row["runs in"] != EAGER
        assert row["bar_ms"] == ({FORWARD: 25.0, FORWARD_BACKWARD: 90.0}[row["does"]] if compiled else None)
    assert "The released layer agrees with variant released_v1" in " ".join(result["notes"])
    first_steps = [(row["mode"], row["numba cache"], row["first_bar_s"]) for row in tables["fresh process"]]
    assert first_steps == [("native", "cold", None), ("native", "warm", 5.0)]
    assert [(row["mode"], row["finite"]) for row in tables["gradients over"]] == [("native", "yes")]
    paper = [(row["table 9"], row["paper_ms"], row["to_rgb"] * tables["table 9"][0]["ms"]) for row in tables["table 9"]]
    assert [name_and_time[:2] for name_and_time in paper] == list(table9.PAPER_MS.items())
    assert [time for *_, time in paper] == pytest.approx([row["ms"] for row in tables["table 9"]])
    benchmark.print_rows(result["rows"])
    assert capsys.readouterr().out.count("┏") == 4, "four tables"
    json.dumps(result)


def test_the_flow_network_sees_stacks_as_its_command_trains_it():
    assert table9.FLOW_FIELDS == full_scale.STACK


def test_the_flow_network_is_given_flow_of_the_videos_size_in_pixels_of_its_view():
    seen = []

    def solve(pair):
        seen.append(pair.shape)
        return np.full((*pair.shape[1:3], 2), (10.0, -30.0), "float32")

    flow = table9.flow_of(np.zeros((3, 112, 160, 3), "uint8"), solve)
    assert seen == [(2, 112, 160, 3)] * 2 and flow.shape == (1, 2, 224, 224, 2)
    # The shorter side, of 112 pixels, becomes 224.
    np.testing.assert_allclose(flow[0, :, 100, 100], [(20.0, -60.0)] * 2, rtol=1e-4)


def test_what_is_missing_is_said_before_anything_is_measured(here, tmp_path):
    with pytest.raises(InputError, match="needs --data_dir=FOLDER of videos"):
        suite.run("")
    with pytest.raises(InputError, match="holds no video of 32 readable frames"):
        suite.run(str(tmp_path))
    outcome = here("benchmark", "--suite=pipeline", f"--data_dir={tmp_path}", "--torch_python=python")
    assert outcome.sentence() == "--torch_python=python is not for --suite=pipeline; leave it out."


def test_an_unusually_slow_released_layer_is_told():
    assert suite._unusual(171.0) == []
    assert "is not to be quoted" in suite._unusual(4000.0)[0]


def test_without_torch_the_released_layer_is_left_out(monkeypatch):
    monkeypatch.setattr(suite, "FEATURES", TINY)
    monkeypatch.setattr(suite, "cases", lambda: [replace(PORTABLE, place=EAGER)])
    monkeypatch.setattr(rounds, "ROUNDS", 1)
    rows, notes = suite._layer_rows("", "")
    assert [row["times_faster"] for row in rows] == [None]
    assert notes == ["Left out: the released PyTorch layer (give --torch_python)."]
