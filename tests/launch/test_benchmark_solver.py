import os
import sys
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from launch import benchmark
from launch.benchmarks import pipeline, solver
from launch.benchmarks.parts import classical, rounds, tvnet
from launch.benchmarks.parts.cores import limited_cores
from launch.benchmarks.parts.frames import clips
from launch.benchmarks.parts.fresh_process import measure_fresh, run_here
from launch.benchmarks.parts.tvnet import EAGER, FLOW, FORWARD, FORWARD_BACKWARD, GRAPH, STEP, Case, make_call
from tvnet_keras.errors import InputError
from tvnet_keras.flow import solvers

SIZE = (32, 48)
PORTABLE = Case(EAGER, FORWARD, "portable", 4, *SIZE, batch=2)


@pytest.fixture(scope="module")
def pictures():
    return clips("", 2, *SIZE)


@pytest.fixture
def numba():
    pytest.importorskip("numba", reason="the native mode needs numba")


@pytest.fixture
def clock(monkeypatch):
    """A clock that only moves when a contestant moves it."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(rounds, "time", SimpleNamespace(perf_counter=lambda: now.seconds))
    return now


def test_contestants_take_turns_and_slow_ones_fewer(clock):
    calls, takes = [], {"fast": 0.03, "usual": 0.3, "slow": 2.0}

    def contestant(name):
        def call():
            calls.append(name)
            clock.seconds += takes[name]

        return call

    measured = rounds.measure({name: contestant(name) for name in takes})
    assert {name: len(seconds) for name, seconds in measured.items()} == {"fast": 20, "usual": 5, "slow": 3}
    for name, seconds in measured.items():
        np.testing.assert_allclose(seconds, takes[name])
    turns = [name for before, name in zip(["", *calls], calls, strict=False) if name != before]
    assert turns[3:] == ["fast", "usual", "slow", "fast", "usual"] * 2 + ["fast", "usual", "slow"]
    assert calls.count("fast") == 1 + 5 * 5, "the first call of a fast turn is not timed"


def test_times_are_milliseconds_per_pair():
    assert rounds.summary([0.2, 0.1, 0.6], pairs=10) == pytest.approx({"ms_per_pair": 20, "lowest": 10, "highest": 60})


def test_the_yardstick_runs_exactly_fifty_iterations(pictures):
    frames = clips("", 1, 96, 128)[0]
    flow = classical.yardstick(frames)()
    np.testing.assert_array_equal(flow, solvers.make_solver("tvl1-1-1-50")(frames))
    assert np.abs(flow - solvers.make_solver("tvl1-1-1-49")(frames)).max() > 1e-4


def test_an_unusual_yardstick_is_told():
    assert classical.yardstick_note(88.04).startswith("OpenCV TV-L1 1-1-50 took 88.0 ms, within")
    for milliseconds in (69.0, 121.0):
        assert "outside the usual 70-120 ms" in classical.yardstick_note(milliseconds)


@pytest.mark.parametrize("mode", tvnet.MODES)
def test_every_place_computes_the_same_flow(mode, pictures, numba):
    flow = make_call(PORTABLE, pictures)()
    assert flow.shape == (2, 1, *SIZE, 2) and np.abs(flow).max() > 0.1
    for place in (GRAPH, FLOW, EAGER):
        np.testing.assert_allclose(make_call(replace(PORTABLE, place=place, mode=mode), pictures)(), flow, atol=1e-4)


def test_the_launchers_own_solver_is_among_them(pictures):
    flow = make_call(replace(PORTABLE, place=FLOW, mode="auto", batch=1), pictures[:1])()
    np.testing.assert_allclose(flow, make_call(PORTABLE, pictures)()[0, 0], atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("mode", tvnet.MODES)
def test_the_training_step_asks_for_the_gradients_of_frames_u0_and_kernels(mode, pictures, numba):
    case = replace(PORTABLE, does=FORWARD_BACKWARD, mode=mode)
    frames, u0, kernels = make_call(case, pictures)()
    assert frames.shape == pictures.shape and u0.shape == (*SIZE, 2) and kernels.shape == (1, 1, 4, 8, 2)
    # The brightness gain's gradient is the frames' one, summed along the frames.
    gain = np.sum(frames.astype("float64") * pictures)
    norm = np.sqrt(gain**2 + np.sum(u0**2) + np.sum(kernels**2))
    call = make_call(replace(case, place=STEP), pictures)
    assert abs(gain) > 0.01 * norm
    np.testing.assert_allclose([call(), call()], norm, rtol=1e-3)


@pytest.mark.slow
def test_a_fresh_process_reports_its_own_memory(numba, tmp_path):
    case = Case(GRAPH, FORWARD, "native", 2, *SIZE)
    measured = measure_fresh(case, "", str(tmp_path / "numba"))
    assert measured["first_s"] > measured["later_s"] > 0
    # This process has a higher peak than the new one, which must not inherit it: the difference would be zero.
    assert 0.01 < measured["peak_gb"] < 1.5
    assert list((tmp_path / "numba").rglob("*.nbi")), "numba compiled into the folder that was given"


def test_cores_are_limited_and_given_back():
    before = cv2.getNumThreads(), os.sched_getaffinity(0)
    with limited_cores(1) as cores:
        assert cores == len(os.sched_getaffinity(0)) == cv2.getNumThreads() == 1
    assert (cv2.getNumThreads(), os.sched_getaffinity(0)) == before


@pytest.fixture
def small(monkeypatch):
    """Small frames, one mode, few repeats and no new processes: the numbers mean nothing, their making is the same."""
    sizes = {"SIZE": SIZE, "SIZES": (SIZE, (64, 96)), "BATCH": 2, "BATCHES": (1, 2), "ITERATIONS": (2, 50)}
    for name, value in {**sizes, "MODES": ("native",), "FEW_ITERATIONS": 2}.items():
        monkeypatch.setattr(solver, name, value)
    monkeypatch.setattr(rounds, "ROUNDS", 1)
    monkeypatch.setattr(rounds, "TURN_SECONDS", 0.01)
    monkeypatch.setattr(solver, "measure_fresh", lambda case, data_dir, numba_cache: run_here(case, data_dir))


@pytest.fixture(scope="module")
def tables():
    """Rows of a result by the first key of their table."""
    return lambda rows, first: [row for row in rows if next(iter(row)) == first]


@pytest.mark.slow
def test_the_suite_measures_everything_in_one_run(small, numba, tables, capsys):
    result = solver.run("")
    compared = tables(result["rows"], "solver")
    names = {row["solver"] for row in compared}
    assert {classical.YARDSTICK, "TVNet 1-1-50 auto", "TVNet 1-1-50 native", "OpenCV DIS", "OpenCV DeepFlow"} <= names
    ways = {(row["runs in"], row["does"], row["batch"]) for row in compared if row["solver"].endswith("native")}
    assert ways == {(FLOW, FORWARD, 1)} | {
        (place, does, batch)
        for place, does in ((GRAPH, FORWARD), (STEP, FORWARD_BACKWARD), (EAGER, FORWARD), (EAGER, FORWARD_BACKWARD))
        for batch in ((1,) if place == EAGER else (1, 2))
    }
    for row in compared:
        assert 0 < row["lowest"] <= row["ms_per_pair"] <= row["highest"]
        assert row["to_yardstick"] == pytest.approx(row["ms_per_pair"] / result["protocol"]["yardstick_ms"])
    bars = {row["does"]: row["bar"] for row in compared if row["runs in"] in (GRAPH, STEP) and row["batch"] == 1}
    assert bars == {FORWARD: 0.05, FORWARD_BACKWARD: 0.25}
    fresh = tables(result["rows"], "fresh process")
    assert [row["numba cache"] for row in fresh] == ["cold", "cold", "warm", "warm", "warm", "warm"]
    scaling = {(row["scaling over"], row["value"], row["does"]) for row in tables(result["rows"], "scaling over")}
    values = {"iterations": (2, 50), "size": ("32 x 48", "64 x 96"), "batch": (1, 2)}
    assert scaling == {
        (name, value, does) for name in values for value in values[name] for does in (FORWARD, FORWARD_BACKWARD)
    }
    benchmark.print_rows(result["rows"])
    assert capsys.readouterr().out.count("┏") == 3, "three tables"


def test_what_is_not_installed_is_named(small, numba, monkeypatch):
    monkeypatch.setattr(solver, "cases", list)
    monkeypatch.setattr(classical, "OTHER_SOLVERS", {"OpenCV DIS": "dis", "scikit-image TV-L1": "skimage-tvl1"})
    monkeypatch.setitem(sys.modules, "skimage.registration", None)
    result = solver.run("")
    assert [row["solver"] for row in result["rows"]] == [classical.YARDSTICK, "OpenCV DIS"]
    assert "Left out: The solver 'skimage-tvl1' needs an optional package: pip install scikit-image." in result["notes"]


def test_real_pairs_repeat_in_a_large_batch(shared_data):
    batch = clips(str(shared_data / "middlebury"), 9, 24, 32)
    assert batch.shape == (9, 2, 24, 32, 3) and batch.dtype == np.uint8
    np.testing.assert_array_equal(batch[8], batch[0])
    assert len(np.unique(batch[:8].reshape(8, -1), axis=0)) == 8


def test_a_folder_without_pairs_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no pairs laid out as"):
        solver.run(str(tmp_path))


def test_videos_must_be_named():
    with pytest.raises(InputError, match="--suite=pipeline needs --data_dir"):
        pipeline.run("")


def test_absent_values_are_blank_and_other_keys_another_table(capsys):
    benchmark.print_rows([{"a": 1.23456, "b": None}, {"a": 2.0, "b": 3}, {"c": "word"}])
    printed = capsys.readouterr().out
    assert "1.23 " in printed and "None" not in printed and printed.count("┏") == 2
