import pytest

from launch.reproduce import lines, reproduce, results_of, write_page
from launch.tables import Cell
from launch.tables.tvnet_table1 import PAPER, cells


def cell(row, calls, paper=2.0):
    def run(data_dir, seed):
        calls.append((row, data_dir, seed))
        return {"epe": 1.5 + seed}

    return Cell(row, paper, "epe", {}, {"data": "none"}, run, minutes=0.0)


def test_finished_cells_are_not_computed_again(tmp_path):
    calls = []
    reproduce([cell("a", calls)], "table", "data", 0, tmp_path)
    reproduce([cell("a", calls), cell("b", calls)], "table", "data", 0, tmp_path)
    reproduce([cell("a", calls)], "table", "data", 1, tmp_path)
    assert calls == [("a", "data", 0), ("b", "data", 0), ("a", "data", 1)]


def test_a_killed_run_keeps_the_cells_that_were_done(tmp_path):
    calls = []

    def killed(data_dir, seed):
        raise KeyboardInterrupt

    dies = Cell("b", None, "epe", {}, {"data": "none"}, killed, minutes=0.0)
    with pytest.raises(KeyboardInterrupt):
        reproduce([cell("a", calls), dies], "table", "data", 0, tmp_path)
    assert list(results_of("table", tmp_path)) == ["a"]


def test_lines_hold_paper_ours_and_their_difference_over_seeds(tmp_path):
    calls = []
    both = [cell("a", calls), cell("b", calls, paper=None), cell("c", calls)]
    for seed in (0, 1):
        reproduce(both[:2], "table", "data", seed, tmp_path)
    assert lines(both, results_of("table", tmp_path)) == [
        ["a", "2.00", "2.000", "+0.00", "2"],
        ["b", "", "2.000", "", "2"],
        ["c", "2.00", "", "", "0"],
    ]


def test_the_page_is_written_from_results_alone(tmp_path):
    page = write_page("tvnet_table1", tmp_path / "results")
    text = page.read_text()
    assert page == tmp_path / "tables/tvnet_table1.md"
    assert all(f"| {cell.row} |" in text for cell in cells())


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
    assert found.run(str(shared_data / "middlebury"), 0)["epe"] == pytest.approx(expected, abs=0.01)


def test_launcher_lists_cells_and_refuses_unknown_tables_and_rows(launcher):
    outcome = launcher("reproduce", "--table=tvnet_table1", "--list")
    assert outcome.code == 0 and "tvnet-1-1-50.all.released" in outcome.out
    assert "tvnet_table1" in launcher("reproduce", "--table=tvnet_tabel1").sentence()
    assert "--rows=nothing" in launcher("reproduce", "--rows=nothing").sentence()
    assert "--data_dir" in launcher("reproduce", "--rows=tvnet-1-1-10.none.full").sentence()
