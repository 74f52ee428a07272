import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import launch.tables
from launch.flow_training import FlowData, mean_errors
from launch.reproduce import description, lines, reproduce, results_of, write_page
from launch.tables import Cell, tvnet_table1
from launch.tables.tvnet_table1 import PAPER, cells, train_and_measure
from tests.textures import moving_clip
from tvnet_keras import TVNet
from tvnet_keras.choices import module_names
from tvnet_keras.flow.solvers import make_solver


def cell(row, calls, paper=2.0):
    def run(data_dir, seed, weights):
        calls.append((row, data_dir, seed))
        weights.parent.mkdir(parents=True, exist_ok=True)
        weights.write_text(row)
        return {"epe": 1.5 + seed}

    return Cell(row, paper, "epe", {}, {"data": "none"}, run, minutes=0.0)


def test_finished_cells_are_not_computed_again(tmp_path):
    calls = []
    reproduce([cell("a", calls)], "table", "data", (0,), tmp_path, tmp_path / "weights")
    reproduce([cell("a", calls), cell("b", calls)], "table", "data", (0,), tmp_path, tmp_path / "weights")
    reproduce([cell("a", calls)], "table", "data", (1,), tmp_path, tmp_path / "weights")
    assert calls == [("a", "data", 0), ("b", "data", 0), ("a", "data", 1)]


def test_every_cell_and_seed_has_a_file_for_what_it_trains(tmp_path):
    for seed in (0, 1):
        reproduce([cell("a", [])], "table", "data", (seed,), tmp_path, tmp_path / "weights")
    files = sorted(path.name for path in (tmp_path / "weights/table").iterdir())
    assert files == ["a-seed0.weights.h5", "a-seed1.weights.h5"]


def test_a_killed_run_keeps_the_cells_that_were_done(tmp_path):
    calls = []

    def killed(data_dir, seed, weights):
        raise KeyboardInterrupt

    dies = Cell("b", None, "epe", {}, {"data": "none"}, killed, minutes=0.0)
    with pytest.raises(KeyboardInterrupt):
        reproduce([cell("a", calls), dies], "table", "data", (0,), tmp_path, tmp_path / "weights")
    assert list(results_of("table", tmp_path)) == ["a"]


def test_lines_hold_paper_ours_and_their_difference_over_seeds(tmp_path):
    calls = []
    both = [cell("a", calls), cell("b", calls, paper=None), cell("c", calls)]
    for seed in (0, 1):
        reproduce(both[:2], "table", "data", (seed,), tmp_path, tmp_path / "weights")
    assert lines(both, results_of("table", tmp_path)) == [
        ["a", "2.00", "2.000", "0.707", "+0.00", "2"],
        ["b", "", "2.000", "0.707", "", "2"],
        ["c", "2.00", "", "", "", "0"],
    ]


def test_a_fraction_stands_in_percent_and_is_not_compared_across_data_sets(tmp_path):
    other = replace(cell("a", [], paper=59.4), percent=True, comparable=False)
    reproduce([other], "table", "data", (), tmp_path, tmp_path / "weights")
    assert lines([other], results_of("table", tmp_path)) == [["a", "59.4", "150.0", "", "", "1"]]


def test_every_cell_has_its_seeds_and_one_seed_of_all_comes_first(tmp_path):
    calls = []
    cells = [replace(cell("a", calls), seeds=(0, 1)), cell("b", calls), replace(cell("c", calls), run=None)]
    reproduce(cells, "table", "data", (), tmp_path, tmp_path / "weights")
    assert calls == [("a", "data", 0), ("b", "data", 0), ("a", "data", 1)]
    reproduce(cells, "table", "data", (2,), tmp_path, tmp_path / "weights")
    assert calls[3:] == [("a", "data", 2), ("b", "data", 2)]


def test_a_listed_cell_shows_its_commands_and_result_files(tmp_path):
    listed = replace(cell("a", []), full_scale="python -m launch.train --experiment=big")
    reproduce([listed], "table", "data", (0, 1), tmp_path, tmp_path / "weights")
    said = description("table", listed, results_of("table", tmp_path)["a"], tmp_path)
    assert said == [
        "table  a  paper 2.00  here 2.000 +- 0.707 (2 seeds)",
        "    here:   python -m launch.reproduce --table=table --rows=a --data_dir=FOLDER",
        "    paper:  python -m launch.train --experiment=big",
        f"    result: {tmp_path / 'table/a-seed0.json'}",
        f"    result: {tmp_path / 'table/a-seed1.json'}",
    ]
    assert description("table", replace(listed, run=None), [], tmp_path)[1].startswith("    paper:")


def test_the_page_is_written_from_results_alone(tmp_path):
    page = write_page("tvnet_table1", tmp_path / "results")
    text = page.read_text()
    assert page == tmp_path / "tables/tvnet.md"
    assert all(f"| {cell.row} |" in text for cell in cells())


def test_a_paper_has_one_page_for_its_tables_with_results(tmp_path):
    committed = Path(__file__).parents[2] / "docs/results"
    for table in ("representation_flow_table3", "representation_flow_table5"):
        shutil.copytree(committed / table, tmp_path / "results" / table)
    text = write_page("representation_flow_table3", tmp_path / "results").read_text()
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["## representation_flow_table3", "## representation_flow_table5"]
    assert text.count("Here: Moving Shapes, 480 clips") == 1


def test_table_1_has_every_number_of_the_paper_once():
    rows = [cell.row for cell in cells()]
    assert len(set(rows)) == len(rows)
    numbers = {
        (tuple(cell.config["network"]), tuple(cell.config["learn"])): cell.paper
        for cell in cells()
        if "network" in cell.config and cell.paper is not None
    }
    assert len(numbers) == sum(len(columns) for columns in PAPER.values()) == 15


@pytest.mark.parametrize(
    ("row", "expected"), [("tvnet-1-1-10.none.full", 3.880), ("tvnet-1-1-10.none.released", 1.498)]
)
def test_untrained_cells_are_what_the_official_code_gives(shared_data, row, expected):
    found = next(cell for cell in cells() if cell.row == row)
    assert found.run(str(shared_data / "middlebury"), 0, Path("unused"))["epe"] == pytest.approx(expected, abs=0.01)


def pair_of(height, width, velocity):
    """One pair whose lower half is unknown."""
    clip = np.round(255 * moving_clip(2, height, width, velocity)).astype("uint8")
    truth = np.broadcast_to(np.float32(velocity), (1, height, width, 2))
    known = np.broadcast_to(np.arange(height)[:, None] < height // 2, (1, height, width))
    return FlowData(clip, np.where(known[..., None], truth, 0).astype("float32"), known)


def test_pairs_of_different_sizes_train_one_network_whose_file_gives_the_same_flow(tmp_path):
    sets = [pair_of(24, 32, (1.5, -0.6)), pair_of(31, 40, (1.9, -0.8))]
    layer = TVNet(1, 1, 5, variant="official", u0_size=(12, 16))
    layer.build((None, 2, 24, 32, 3))
    weights = tmp_path / "new/trained.weights.h5"
    numbers = train_and_measure(layer, sets, weights, steps=25, batch_size=4, learning_rate=0.01, seed=0)
    errors = [mean_errors(layer, data)[0] for data in sets]
    assert numbers["epe"] == pytest.approx(np.mean(errors)) and numbers["epe"] < 0.9 * numbers["epe_untrained"]
    assert np.abs(layer.u0).max() > 0.05 and layer.u0.shape == (12, 16, 2)
    solve = make_solver("tvnet-1-1-5", variant="official", weights=weights)
    for data, error in zip(sets, errors, strict=True):
        distance = np.linalg.norm(solve(data.clips[0]) - data.truth[0], axis=-1)
        assert distance[data.known[0]].mean() == pytest.approx(error, rel=1e-3)


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


def test_launcher_lists_cells_and_refuses_unknown_tables_and_rows(launcher):
    outcome = launcher("reproduce", "--table=tvnet_table1", "--list")
    assert outcome.code == 0 and "tvnet-1-1-50.all.released" in outcome.out
    assert "tvnet_table1" in launcher("reproduce", "--table=tvnet_tabel1").sentence()
    table = "--table=tvnet_table1"
    assert "--rows=nothing" in launcher("reproduce", table, "--rows=nothing").sentence()
    assert "--data_dir" in launcher("reproduce", table, "--rows=tvnet-1-1-10.none.full").sentence()
    assert "'x' is none" in launcher("reproduce", table, "--seeds=0,x", "--data_dir=d").sentence()
    assert "--table=NAME is required" in launcher("reproduce").sentence()


def test_launcher_lists_every_table(launcher):
    outcome = launcher("reproduce", "--list")
    assert outcome.code == 0
    assert {line.split()[0] for line in outcome.out.splitlines() if line[:1].isalpha()} == set(
        module_names(launch.tables)
    )
    assert "docs/results/tvnet_table1/tvnet-1-1-10.none.full-seed0.json" in outcome.out


@pytest.mark.parametrize("row", ["tvnet-1-1-50.all.full", "tvnet-1-1-50.u0.released"])
def test_a_trained_cell_runs_from_end_to_end_and_writes_its_network(row, tmp_path, monkeypatch):
    data = FlowData(
        np.zeros((1, 2, 16, 20, 3), "uint8"), np.ones((1, 16, 20, 2), "float32"), np.ones((1, 16, 20), bool)
    )
    for name, value in {"SIZE": 16, "STEPS": 1, "FULL_STEPS": 1}.items():
        monkeypatch.setattr(tvnet_table1, name, value)
    monkeypatch.setattr(tvnet_table1, "load_full", lambda _: [data, data])
    monkeypatch.setattr(tvnet_table1, "load_released", lambda _: data)
    (cell,) = (cell for cell in tvnet_table1.cells() if cell.row == row)
    numbers = cell.run("anywhere", 0, tmp_path / "network.weights.h5")
    assert numbers["epe"] < numbers["epe_untrained"] and (tmp_path / "network.weights.h5").is_file()
