"""launch.benchmark --suite=flow_frontier on tiny pairs: every number is what it says, and what is missing is named."""

import json
import math
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from launch.benchmarks import flow_frontier as suite
from launch.benchmarks.flow_frontier import Contestant
from launch.benchmarks.parts import pair_sets, rounds
from tests import oracle
from tests.launch.pairs_on_disk import MOTIONS, write_chairs, write_pairs, write_sintel
from tvnet_keras.errors import InputError
from tvnet_keras.flow import solvers
from tvnet_keras.flow.generated.recipe import Recipe
from tvnet_keras.flow.generated.render import render_pair
from tvnet_keras.flow.io import UNKNOWN, write_flo
from tvnet_keras.video.read import read_frames

FLOW = (1.5, -0.6)
"""What the solvers of known answers find everywhere: the motion of the first pair."""

RECIPE = Recipe(pairs=20, height=32, width=48, seed=3, bound=4.0)


@pytest.fixture
def small(monkeypatch):
    """A small timed pair, one round, few generated pairs and one video."""
    monkeypatch.setattr(suite, "SIZE", (32, 48))
    monkeypatch.setattr(rounds, "ROUNDS", 1)
    monkeypatch.setattr(rounds, "TURN_SECONDS", 0.01)
    monkeypatch.setattr(suite, "RECIPE", RECIPE)
    monkeypatch.setattr(pair_sets, "RECIPE", RECIPE)
    monkeypatch.setattr(pair_sets, "VIDEOS", ("v_ApplyEyeMakeup_g01_c01",))


@pytest.fixture
def compare(monkeypatch):
    """Sets which solvers are compared."""

    def of(*contestants):
        monkeypatch.setattr(suite, "contestants", lambda: contestants)

    return of


@pytest.fixture
def known_answers(small, compare, monkeypatch):
    """Two solvers that find `FLOW`, in 100 and 50 ms of a clock that only they move; the first knows no odd heights."""
    now = SimpleNamespace(seconds=0.0)
    takes = {"slow": 0.1, suite.YARDSTICK: 0.05}

    def make(name):
        def solve(frames):
            now.seconds += takes[name]
            if name == "slow" and frames.shape[1] % 2:
                raise InputError("The solver 'slow' wants even heights.")
            return np.broadcast_to(np.float32(FLOW), (*frames.shape[1:3], 2))

        return solve

    monkeypatch.setattr(rounds, "time", SimpleNamespace(perf_counter=lambda: now.seconds))
    monkeypatch.setattr(suite, "make_solver", make)
    compare(Contestant("slow", "Ours"), Contestant(suite.YARDSTICK, "DIS"))


def tables_of(result):
    """Rows by their first value, of the times and of the errors."""
    times = {row["solver"]: row for row in result["rows"] if "solver" in row}
    return times, {row["mean error of"]: row for row in result["rows"] if "mean error of" in row}


def mean_distance(vector, truths):
    return np.mean([math.dist(vector, truth) for truth in truths])


def test_every_number_is_what_it_says(here, known_answers, ucf101, tmp_path):
    folders = {
        "middlebury": write_pairs(tmp_path / "middlebury", ("First", "Third")),
        "sintel": write_sintel(tmp_path / "sintel", ("Third",)),
        "flyingchairs": write_chairs(tmp_path / "chairs"),
        "ucf101": ucf101,
    }
    flags = [f"--input={name}={folder}" for name, folder in folders.items()]
    outcome = here("benchmark", "--suite=flow_frontier", *flags, f"--output={tmp_path}/frontier.json")
    assert outcome.code == 0, outcome.error
    result = json.loads((tmp_path / "frontier.json").read_text())
    times, errors = tables_of(result)
    for name, milliseconds, ratio in (("slow", 100, 2), (suite.YARDSTICK, 50, 1)):
        row = times[name]
        assert [row["ms_per_pair"], row["lowest"], row["highest"]] == pytest.approx([milliseconds] * 3)
        assert row["to_dis_medium"] == pytest.approx(ratio)

    frames = read_frames(next(ucf101.glob("UCF-101/*/*.avi")))
    neighbours = [frames[k : k + 2] for k in (0, 3, 6)]
    rendered = [render_pair(RECIPE, number) for number in (0, 10)]
    first, second, third = (MOTIONS[name][2] for name in ("First", "Second", "Third"))
    for name, vector in {"zero flow": (0, 0), suite.YARDSTICK: FLOW}.items():
        field = np.broadcast_to(np.float32(vector), (32, 32, 2))
        assert errors[name].pop("mean error of") == name
        assert errors[name] == pytest.approx(
            {
                "middlebury": mean_distance(vector, (first, third)),
                "sintel clean": mean_distance(vector, (third,)),
                "sintel final": mean_distance(vector, (third,)),
                "flyingchairs": mean_distance(vector, (first, second, third)),
                "generated": np.mean([mean_distance(vector, pair.flow[pair.known]) for pair in rendered]),
                "ucf101": np.mean([oracle.photometric_residual(pair, field) for pair in neighbours]),
            },
            rel=1e-5,
        )
    # The second pair of the chairs has an odd height.
    assert errors["slow"].pop("mean error of") == "slow"
    assert errors["slow"] == {**errors[suite.YARDSTICK], "flyingchairs": None}
    assert "No error of slow on flyingchairs: The solver 'slow' wants even heights." in result["notes"]
    assert (
        "slow" in result["errors"]["flyingchairs"]["00001"] and "slow" not in result["errors"]["flyingchairs"]["00002"]
    )
    assert list(result["errors"]["generated"]) == ["0000000", "0000010"]
    protocol = result["protocol"]
    assert protocol["size"] == [32, 48] and protocol["recipe"]["seed"] == 3
    assert protocol["solvers"] == {name: {"solver": name} for name in ("slow", suite.YARDSTICK)}
    assert protocol["errors"]["flyingchairs"]["sizes"] == ["24 x 32", "31 x 40"]
    assert {name: one["unit"] for name, one in protocol["errors"].items()} == {
        **dict.fromkeys(errors["slow"], "px"),
        "ucf101": "grey levels",
    }


def test_a_pair_without_motion_has_the_length_of_its_truth_as_the_error(small, compare, tmp_path):
    frame = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)
    truth = np.full((32, 48, 2), (3.0, 4.0), np.float32)
    truth[20:] = UNKNOWN
    folder = tmp_path / "other-data/Still"
    folder.mkdir(parents=True)
    for number in (10, 11):
        cv2.imwrite(str(folder / f"frame{number}.png"), frame)
    write_flo(tmp_path / "other-gt-flow/Still/flow10.flo", truth)
    compare(Contestant("tvnet-1-1-2", "TVNet, untrained"), Contestant("dis-medium", "DIS"))
    result = suite.run(middlebury=str(tmp_path))
    times, errors = tables_of(result)
    assert list(times) == ["tvnet-1-1-2", "dis-medium"]
    assert list(errors) == ["zero flow", "tvnet-1-1-2", "dis-medium"]
    for row in errors.values():
        assert row["middlebury"] == 5.0
        assert [name for name, value in row.items() if value is None] == [
            "sintel clean", "sintel final", "flyingchairs", "ucf101",
        ]  # fmt: skip
    for row in times.values():
        assert 0 < row["lowest"] <= row["ms_per_pair"] <= row["highest"]
    for name in ("sintel", "flyingchairs", "ucf101"):
        assert f"No errors on {name}; add --input={name}=FOLDER." in result["notes"]
    assert list(result["errors"]) == list(result["protocol"]["errors"]) == ["middlebury", "generated"]


def test_a_solver_that_cannot_be_made_is_left_out(small, compare, monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.registration", None)
    compare(Contestant("farneback", "Farneback"), Contestant("skimage-tvl1", "TV-L1"))
    result = suite.run()
    times, errors = tables_of(result)
    assert list(times) == ["farneback"] and list(errors) == ["zero flow", "farneback"]
    assert times["farneback"]["to_dis_medium"] is None
    assert "Left out: The solver 'skimage-tvl1' needs an optional package: pip install scikit-image." in result["notes"]


def test_wrong_folders_and_flags_are_refused_before_anything_is_measured(here, compare, monkeypatch, ucf101, tmp_path):
    compare()
    monkeypatch.setattr(pair_sets, "RECIPE", RECIPE)

    def sentence(*flags, of="flow_frontier"):
        return here("benchmark", f"--suite={of}", *flags, f"--output={tmp_path}/out.json").sentence()

    assert "holds no pairs laid out as" in sentence(f"--input=sintel={tmp_path}")
    # The folder has one of the videos.
    assert "lacks the video v_Archery_g01_c06 of UCF101; put it" in sentence(f"--input=ucf101={ucf101}")
    assert "Did you mean 'sintel'?" in sentence("--input=sintell=DIR")
    assert "must be NAME=VALUE, each NAME once" in sentence("--input=sintel=A", "--input=sintel=B")
    assert sentence("--data_dir=DIR") == "--data_dir=DIR is not for --suite=flow_frontier; leave it out."
    wrong = "--input=sintel=DIR is not for --suite=solver; leave it out."
    assert sentence("--input=sintel=DIR", of="solver") == wrong
    assert not (tmp_path / "out.json").exists()


def test_the_videos_are_of_the_official_test_list(official_lists):
    lists = {subset: (official_lists / f"ucf101/splits/{subset}list01.txt").read_text() for subset in ("train", "test")}
    for video in pair_sets.VIDEOS:
        assert f"/{video}.avi" in lists["test"] and f"/{video}.avi" not in lists["train"]
    assert len({video.split("_")[1] for video in pair_sets.VIDEOS}) == len(pair_sets.VIDEOS) == 14


def test_every_contestant_is_a_solver_with_a_name_of_its_own():
    compared = suite.contestants()
    names = [contestant.name for contestant in compared]
    assert len(set(names)) == len(names) and suite.YARDSTICK in names
    for contestant in compared:
        assert set(contestant.options) <= set(solvers.options_of(contestant.solver or contestant.name))


def test_a_contestants_options_reach_its_solver():
    contestant = Contestant("tvnet-1-1-2-mine", "TVNet", solver="tvnet-1-1-2", options={"variant": "officiall"})
    with pytest.raises(InputError, match="officiall"):
        contestant.make()


def test_both_passes_of_sintel_are_read(small, tmp_path):
    sets, _ = pair_sets.read_sets({"sintel": str(write_sintel(tmp_path, ("Third",)))})
    (clean, _), (final, _) = (one.pairs["Third/frame_0001"] for one in sets[:2])
    assert [one.name for one in sets] == ["sintel clean", "sintel final", "generated"]
    np.testing.assert_array_equal(final, clean // 2)


def test_of_many_pairs_some_are_taken_evenly(monkeypatch):
    monkeypatch.setattr(pair_sets, "RECIPE", Recipe(pairs=310))
    names = [int(pair.name) for pair in pair_sets._generated("")]
    assert len(names) == 16 and names == list(range(0, 310, 20))
