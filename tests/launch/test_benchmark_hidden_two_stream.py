"""launch.benchmark --suite=hidden_two_stream: what is timed is the whole way from frames to logits, in both tables."""

import dataclasses

import keras
import numpy as np
import pytest

from launch import benchmark
from launch.benchmarks import hidden_two_stream as suite
from launch.benchmarks.parts import rounds, table9
from launch.benchmarks.parts.frames import clips, moving_clip

LAYERS = ("motion_net", "tvnet", "representation_flow", "stored", "tvl1-1-1-2")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Tiny networks and few repeats: the numbers mean nothing, their making is the same."""
    tiny = suite.Setting(size=32, fields=2, width=2, backbone="small", solver="tvl1-1-1-2")
    for name, value in {"PAPER": tiny, "SMALL": dataclasses.replace(tiny, fields=3), "CLASSES": 3}.items():
        monkeypatch.setattr(suite, name, value)
    monkeypatch.setitem(suite.LAYERS, "tvnet", {"iterations": 2})
    monkeypatch.setattr(rounds, "ROUNDS", 1)
    monkeypatch.setattr(rounds, "TURN_SECONDS", 0.01)


def test_the_suite_times_every_way_to_the_logits(capsys):
    result = suite.run("")
    of_paper = [row for row in result["rows"] if "at the paper's size" in row]
    of_layers = [row for row in result["rows"] if "motion layer" in row]
    assert of_paper + of_layers == result["rows"]
    names = [row["at the paper's size"] for row in of_paper]
    assert names == [suite.MOTION, suite.STACKED, suite.HIDDEN, suite.TVL1, suite.TWO_STREAM]
    assert [row["paper_fps"] for row in of_paper] == [None, 169.49, 120.48, 14.75, 12.8]
    assert [row["motion layer"] for row in of_layers] == list(LAYERS)
    for fields, rows in ((2, of_paper), (3, of_layers)):
        for row in rows:
            assert row["lowest"] <= row["ms_per_clip"] <= row["highest"]
            # A clip takes the video as many frames further as it has flow fields.
            assert row["fps"] * row["ms_per_clip"] == pytest.approx(1000 * fields)
    times = {row["at the paper's size"]: row for row in of_paper}
    for ours, classical in ((suite.STACKED, suite.TVL1), (suite.HIDDEN, suite.TWO_STREAM)):
        assert times[classical]["times_faster"] == 1 and times[suite.MOTION]["times_faster"] is None
        assert times[ours]["times_faster"] == pytest.approx(times[ours]["fps"] / times[classical]["fps"])
    assert of_layers[-1]["times_faster"] == 1
    benchmark.print_rows(result["rows"])
    assert capsys.readouterr().out.count("┏") == 2


def test_what_is_timed_ends_with_the_logits_of_every_stream():
    keras.utils.set_random_seed(0)
    clip = moving_clip(3, 32, 32)[None]
    found = {name: call() for name, call in suite._paper_calls(clip).items()}
    assert found[suite.MOTION].shape == (1, 2, 32, 32, 2)
    temporal, spatial = found[suite.HIDDEN]
    np.testing.assert_array_equal(found[suite.STACKED], temporal)
    of_flow, of_frame = found[suite.TWO_STREAM]
    np.testing.assert_array_equal(found[suite.TVL1], of_flow)
    np.testing.assert_array_equal(of_frame, spatial)
    assert temporal.shape == spatial.shape == of_flow.shape == (1, 3)


def test_the_solver_sees_every_pair_in_turn():
    clip = moving_clip(4, 32, 32)[None]
    flow = suite.flow_of(
        lambda pair: pair.astype("float32").mean(axis=3)[..., None].transpose(1, 2, 0, 3)[..., 0], clip
    )
    assert flow.shape == (1, 3, 32, 32, 2)
    np.testing.assert_allclose(flow[0, :, ..., 0], clip[0, :-1].mean(axis=-1), rtol=1e-5)
    np.testing.assert_allclose(flow[0, :, ..., 1], clip[0, 1:].mean(axis=-1), rtol=1e-5)


def test_a_video_is_classified_where_there_is_one(shapes, monkeypatch):
    monkeypatch.setattr(table9, "FRAMES", 4)
    clip = suite._clip(str(shapes), suite.PAPER)
    assert clip.shape == (1, 3, 32, 32, 3) and clip.dtype == np.uint8
    assert not np.array_equal(clip, suite._clip("", suite.PAPER))


def test_the_generated_clip_goes_on_as_the_generated_pair_begins():
    clip = moving_clip(5, 480, 640)
    np.testing.assert_array_equal(clip[:2], clips("", 1, 480, 640)[0])
    np.testing.assert_array_equal(clip[4], np.roll(clip[0], (8, -12), axis=(0, 1)))
