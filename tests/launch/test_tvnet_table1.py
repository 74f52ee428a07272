"""TVNet's Table 1: the paper's numbers, the released network's, and trainings from end to end."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from launch.run import run_lists
from launch.run.data import list_source
from launch.tables.tvnet import table1 as tvnet_table1
from launch.tables.tvnet.table1 import PAPER, PAPER_TVL1, cells
from tests.launch.pairs_on_disk import MOTIONS, write_pairs
from tvnet_keras.flow import pairs
from tvnet_keras.flow.solvers import make_solver


def test_table_1_has_every_number_of_the_paper_once():
    rows = [cell.row for cell in cells()]
    assert len(set(rows)) == len(rows)
    numbers = {
        (tuple(cell.config["network"]), tuple(cell.config["learn"])): cell.paper
        for cell in cells()
        if "network" in cell.config and cell.paper is not None
    }
    assert len(numbers) == sum(len(columns) for columns in PAPER.values()) == 15
    classical = {cell.config["solver"]: cell.paper for cell in cells() if "solver" in cell.config}
    assert sorted(classical.values()) == sorted(PAPER_TVL1.values()) and len(classical) == 6


@pytest.mark.parametrize(
    ("row", "expected"), [("tvnet-1-1-10.none.full", 3.8795), ("tvnet-1-1-10.none.released", 1.4982)]
)
def test_untrained_cells_are_what_the_released_code_gives(shared_data, row, expected):
    found = next(cell for cell in cells() if cell.row == row)
    measured = found.run(str(shared_data / "middlebury"), 0, Path("unused"))
    assert measured.numbers["epe"] == pytest.approx(expected, abs=1e-3) and measured.protocol["videos"] == 8


def test_trainings_come_in_the_order_of_their_worth():
    trained = [cell.row for cell in cells() if cell.config.get("learn")]
    assert trained[:8] == [
        "tvnet-1-1-50.all.released",
        "tvnet-1-1-50.u0.released",
        "tvnet-1-1-10.all.released",
        "tvnet-1-1-10.u0.released",
        "tvnet-1-1-50.all.left-out",
        "tvnet-1-1-10.all.left-out",
        "tvnet-1-1-50.all.full",
        "tvnet-1-1-50.u0.full",
    ]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param("tvnet-1-1-50.all.full", marks=pytest.mark.slow),
        "tvnet-1-1-10.u0.released",
        pytest.param("tvnet-1-1-10.all.paper-full", marks=pytest.mark.slow),
    ],
)
def test_a_trained_cell_runs_from_end_to_end_and_leaves_its_network(row, tmp_path, monkeypatch):
    data_dir = write_pairs(tmp_path / "pairs")
    monkeypatch.setattr(tvnet_table1, "SIZE", 16)
    for training in tvnet_table1.TRAINING.values():
        monkeypatch.setitem(training, "steps", 3)
    (cell,) = (cell for cell in tvnet_table1.cells() if cell.row == row)
    measured = cell.run(str(data_dir), 0, tmp_path / "network.weights.h5")
    assert measured.numbers["epe"] < measured.numbers["epe_untrained"]
    solve = make_solver(row.split(".")[0], variant="official", weights=tmp_path / "network/model.weights.h5")
    if "full" in row:
        errors = []
        for pair in pairs.load("middlebury", data_dir):
            truth = pair.truth()
            error = np.linalg.norm(solve(pair.frames()) - truth, axis=-1)
            errors.append(error[np.abs(truth).max(axis=-1) < 1e9].mean())
        assert measured.numbers["epe"] == pytest.approx(np.mean(errors), rel=1e-3)


@pytest.mark.slow
def test_a_pair_left_out_is_measured_by_a_training_that_never_saw_it(tmp_path, monkeypatch):
    data_dir = write_pairs(tmp_path / "pairs")
    monkeypatch.setattr(tvnet_table1, "SIZE", 16)
    monkeypatch.setitem(tvnet_table1.TRAINING["left-out"], "steps", 2)
    (cell,) = (cell for cell in tvnet_table1.cells() if cell.row == "tvnet-1-1-10.all.left-out")
    measured = cell.run(str(data_dir), 0, tmp_path / "network.weights.h5")
    assert set(measured.numbers) == {"epe", "epe_seen", "epe_untrained"}
    assert measured.protocol["fields"] == len(set(measured.protocol["weights_sha256"])) == len(MOTIONS)
    for out in MOTIONS:
        trained_on = run_lists.read(tmp_path / f"network/without-{out}")["train samples"]
        assert {name for name, _ in trained_on} == set(MOTIONS) - {out}


def test_resized_pairs_are_the_pairs_at_that_size(tmp_path):
    data_dir = write_pairs(tmp_path / "pairs")
    config = tvnet_table1.configuration((1, 1, 2), "all", "released", str(data_dir))
    config = replace(config, data=replace(config.data, height=20, width=28))
    resized = tvnet_table1.resized_pairs(config, tmp_path / "runs")
    for one, other in zip(*(list_source(c, "test").flow_samples() for c in (config, resized)), strict=True):
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    own = replace(config, data=replace(config.data, height=0, width=0))
    assert tvnet_table1.resized_pairs(own, tmp_path / "none") is own and not (tmp_path / "none").exists()
