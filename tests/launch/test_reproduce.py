import contextlib
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import launch.tables
from launch.evaluators import Measurement
from launch.tables import Cell, Column
from launch.tables.parts.computing import reproduce
from launch.tables.parts.page import HEADINGS, print_table, table_headings, table_rows, write_page
from launch.tables.parts.stored import results_of
from launch.tables.tvnet.table1 import cells
from tvnet_keras import TVNet
from tvnet_keras.errors import InputError
from tvnet_keras.scoring.result import Result, load_results, save_result


def cell(row, calls, paper=2.0):
    def run(data_dir, seed, weights):
        calls.append((row, data_dir, seed))
        weights.parent.mkdir(parents=True, exist_ok=True)
        weights.write_text(row)
        return Measurement({"epe": 1.5 + seed}, {"videos": 8})

    return Cell(row, paper, "epe", {}, {"data": "none"}, run, minutes=0.0)


def test_finished_cells_are_not_computed_again(tmp_path):
    calls = []
    reproduce([cell("a", calls)], "table", "data", (0,), tmp_path, tmp_path / "weights")
    reproduce([cell("a", calls), cell("b", calls)], "table", "data", (0,), tmp_path, tmp_path / "weights")
    reproduce([cell("a", calls)], "table", "data", (1,), tmp_path, tmp_path / "weights")
    assert calls == [("a", "data", 0), ("b", "data", 0), ("a", "data", 1)]


def test_a_result_without_the_number_of_its_cell_is_named(tmp_path):
    save_result(tmp_path, Result("table", "a", 0, {}, {"videos": 8}, "abc", {"cores": 2}, {"top1": 0.5}, {}))
    with pytest.raises(InputError, match=r"table/a-seed0\.json has no number epe"):
        table_rows([cell("a", [])], results_of("table", tmp_path))


def test_a_damaged_note_of_the_mathematics_is_none(tmp_path):
    folder = tmp_path / "weights/table"
    (folder / "a-seed0").mkdir(parents=True)
    note = folder / "a-seed0.solver_versions.json"
    note.write_bytes(b"\xff\xfe")
    reproduce([replace(cell("a", []), network=TVNet)], "table", "data", (0,), tmp_path, tmp_path / "weights")
    assert note.read_text() == '{"TVNet": 1}\n'
    assert (folder / "a-seed0.stale0").is_dir() or (folder / "a-seed0.stale1").is_dir()


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


def test_a_cell_that_a_killed_run_began_does_not_say_how_long_it_took(tmp_path):
    def trains(data_dir, seed, weights):
        folder = weights.with_name("a-seed0")
        begun = folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        if not begun:
            raise KeyboardInterrupt
        return Measurement({"epe": 1.0}, {"videos": 1})

    cells = [Cell("a", None, "epe", {}, {"data": "none"}, trains, minutes=0.0), cell("b", [])]
    with pytest.raises(KeyboardInterrupt):
        reproduce(cells, "table", "data", (0,), tmp_path, tmp_path / "weights")
    reproduce(cells, "table", "data", (0,), tmp_path, tmp_path / "weights")
    numbers = {row: result.numbers for row, (result,) in results_of("table", tmp_path).items()}
    assert numbers["a"] == {"epe": 1.0} and set(numbers["b"]) == {"epe", "minutes"}


def test_lines_hold_paper_ours_and_their_difference_over_seeds(tmp_path):
    calls = []
    both = [cell("a", calls), cell("b", calls, paper=None), cell("c", calls)]
    for seed in (0, 1):
        reproduce(both[:2], "table", "data", (seed,), tmp_path, tmp_path / "weights")
    assert table_rows(both, results_of("table", tmp_path)) == [
        ["a", "2.00", "2.000", "0.707", "+0.00", "2"],
        ["b", "", "2.000", "0.707", "", "2"],
        ["c", "2.00", "", "", "", "0"],
    ]


def made_by(version, calls, tmp_path, monkeypatch, *rows, recompute=False):
    """Cells of TVNet, computed while its mathematics has that version."""
    monkeypatch.setattr(TVNet, "SOLVER_VERSION", version)
    cells = [replace(cell(row, calls), network=partial(TVNet, 1, 1, 1)) for row in rows]
    reproduce(cells, "table", "data", (0,), tmp_path / "results", tmp_path / "weights", recompute=recompute)
    return cells


def test_a_result_records_the_versions_of_the_cells_motion_layers(tmp_path, monkeypatch):
    made_by(3, [], tmp_path, monkeypatch, "a")
    reproduce([cell("classical", [])], "table", "data", (), tmp_path / "results", tmp_path / "weights")
    results = results_of("table", tmp_path / "results")
    assert results["a"][0].solver_versions == {"TVNet": 3} and results["classical"][0].solver_versions == {}


def test_stale_cells_are_kept_and_computed_again_only_when_asked(tmp_path, monkeypatch, capsys):
    calls = []
    made_by(1, calls, tmp_path, monkeypatch, "a")
    assert "0 of 1 cells have a number in" in capsys.readouterr().out
    made_by(2, calls, tmp_path, monkeypatch, "b")
    assert [row for row, *_ in calls] == ["a", "b"]
    capsys.readouterr()
    made_by(2, calls, tmp_path, monkeypatch, "a", "b", "c")
    root = tmp_path / "results"
    said = f"2 of 3 cells have a number in {root}, 1 of them of other mathematics than today's (stale): these are taken"
    assert capsys.readouterr().out.startswith(said)
    assert [row for row, *_ in calls] == ["a", "b", "c"]
    made_by(2, calls, tmp_path, monkeypatch, "a", recompute=True)
    assert [row for row, *_ in calls] == ["a", "b", "c", "a"]
    assert results_of("table", root)["a"][0].solver_versions == {"TVNet": 2}


def test_it_says_how_many_cells_were_taken_and_from_where_and_how_many_computed(tmp_path, capsys):
    calls, root = [], tmp_path / "results"
    both = [cell("a", calls), cell("b", calls)]
    assert reproduce(both[:1], "table", "data", (0,), root, tmp_path / "weights") == 1
    capsys.readouterr()
    assert reproduce(both, "table", "data", (0,), root, tmp_path / "weights") == 1
    first, *_, last = capsys.readouterr().out.splitlines()
    taken = "these are taken from there and not computed; --recompute computes them again."
    assert first == f"1 of 2 cells have a number in {root}: {taken}"
    assert last == f"Computed now: 1 of 2 cells; taken from {root}: 1."
    assert reproduce(both, "table", "data", (0,), root, tmp_path / "weights") == 0 and len(calls) == 2
    assert capsys.readouterr().out.splitlines()[1:] == [f"Computed now: 0 of 2 cells; taken from {root}: 2."]
    assert reproduce(both, "table", "data", (0,), root, tmp_path / "weights", recompute=True) == 2 and len(calls) == 4
    assert "they are computed again, and replaced." in capsys.readouterr().out


def test_what_another_process_has_computed_again_meanwhile_is_not_computed_twice(tmp_path):
    calls, root = [], tmp_path / "results"
    plain = cell("b", calls)
    reproduce([cell("a", []), plain], "table", "data", (0,), root, tmp_path / "weights")

    def run(data_dir, seed, weights):
        save_result(root, Result("table", "b", 0, {}, {"videos": 8}, "other", {"cores": 2}, {"epe": 9.0}, {}))
        return Measurement({"epe": 2.0}, {"videos": 8})

    calls.clear()
    meanwhile = [replace(plain, row="a", run=run), plain]
    assert reproduce(meanwhile, "table", "data", (0,), root, tmp_path / "weights", recompute=True) == 1
    assert calls == [] and results_of("table", root)["b"][0].numbers == {"epe": 9.0}


def test_stale_numbers_are_marked_wherever_they_are_shown(tmp_path, monkeypatch, capsys):
    old = made_by(1, [], tmp_path, monkeypatch, "a")
    cells = old + made_by(2, [], tmp_path, monkeypatch, "b")
    root = tmp_path / "results"
    results = results_of("table", root)
    assert [row[2] for row in table_rows(cells, results)] == ["1.500 †", "1.500"]
    capsys.readouterr()
    print_table(cells, results, "table")
    assert "† made by other mathematics" in capsys.readouterr().out
    print_table(cells[1:], results, "table")
    assert "†" not in capsys.readouterr().out


def test_a_page_says_how_its_stale_numbers_are_computed_again(tmp_path, monkeypatch):
    root = tmp_path / "results"
    (row, *_) = (cell.row for cell in cells())
    fields = ("tvnet_table1", row, 0, {}, {"data": "middlebury"}, "abc", {"cores": 2}, {"epe": 1.25})
    for versions, marked in (({"TVNet": TVNet.SOLVER_VERSION}, False), ({"TVNet": 99}, True), (None, True)):
        save_result(root, Result(*fields, versions))
        text = write_page("tvnet_table1", root).read_text()
        assert ("| 1.250 † |" in text) == marked == ("| 1.250 |" not in text)
        command = "`python -m launch.reproduce --table=tvnet_table1 --data_dir=FOLDER --recompute` computes it again"
        assert (command in text) == marked


def test_committed_results_record_their_versions_and_committed_pages_show_them(repository, tmp_path):
    committed = load_results(repository / "docs/results")
    assert [result.file_name for result in committed if result.solver_versions is None] == []
    shutil.copytree(repository / "docs/results", tmp_path / "results")
    for page in sorted((repository / "docs/tables").glob("*.md")):
        table = next(name for name in launch.tables.names() if name.startswith(f"{page.stem}_table"))
        assert write_page(table, tmp_path / "results").read_text() == page.read_text()


def test_a_training_never_goes_on_with_a_run_of_other_mathematics(tmp_path, monkeypatch):
    run = tmp_path / "weights/table/a-seed0"

    def trains(data_dir, seed, weights):
        seen.append((run / "checkpoint").read_text() if run.is_dir() else "nothing")
        run.mkdir(parents=True, exist_ok=True)
        (run / "checkpoint").write_text(f"version {TVNet.SOLVER_VERSION}")
        if killed:
            raise KeyboardInterrupt
        return Measurement({"epe": 1.0}, {"videos": 1})

    def go(version, recompute=True):
        monkeypatch.setattr(TVNet, "SOLVER_VERSION", version)
        trained = Cell("a", None, "epe", {}, {"data": "none"}, trains, minutes=0.0, network=TVNet)
        arguments = ([trained], "table", "data", (), tmp_path / "results", tmp_path / "weights")
        with pytest.raises(KeyboardInterrupt) if killed else contextlib.nullcontext():
            reproduce(*arguments, recompute=recompute)

    seen, killed = [], True
    go(1, recompute=False)
    killed = False
    go(1, recompute=False)
    assert seen == ["nothing", "version 1"], "a killed run goes on"
    killed = True
    go(2)
    killed = False
    go(2)
    assert seen[2:] == ["nothing", "version 2"], "stale: trained from the start, and the killed run of that goes on"
    assert (run.with_name("a-seed0.stale1") / "checkpoint").read_text() == "version 1"
    go(3)
    assert (run.with_name("a-seed0.stale2") / "checkpoint").read_text() == "version 2"


def test_a_fraction_stands_in_percent_and_is_not_compared_across_data_sets(tmp_path):
    other = replace(cell("a", [], paper=59.4), percent=True, comparable=False)
    reproduce([other], "table", "data", (), tmp_path, tmp_path / "weights")
    assert table_rows([other], results_of("table", tmp_path)) == [["a", "59.4", "150.0", "", "", "1"]]


def test_further_numbers_of_cells_stand_in_columns_of_their_own(tmp_path, capsys, monkeypatch):
    columns = (Column("minutes", "minutes", ".1f"), Column("moved", "moved", ",.0f", paper=1e5))
    first = replace(cell("a", []), columns=columns[:1])
    second = replace(cell("b", []), columns=(columns[1], Column("interval", "half", ".1%")))
    cells = [first, second, cell("c", []), replace(cell("d", []), columns=columns[1:])]
    for seed, numbers in enumerate(({"epe": 1.5, "minutes": 2.0}, {"epe": 2.5, "minutes": 3.5}, {"epe": 2.0})):
        save_result(tmp_path, Result("table", "a", seed, {}, {"videos": 8}, "abc", {"cores": 2}, numbers, {}))
    numbers = {"epe": 1.0, "moved": 1234.4, "half": 0.0125}
    save_result(tmp_path, Result("table", "b", 0, {}, {"videos": 8}, "abc", {"cores": 2}, numbers, {"TVNet": 99}))
    results = results_of("table", tmp_path)
    assert table_headings(cells) == [*HEADINGS, "minutes", "moved, paper", "moved", "interval"]
    rows = table_rows(cells, results)
    assert rows[0] == ["a", "2.00", "2.000", "0.500", "+0.00", "3", "2.8", "", "", ""]
    assert rows[1] == ["b", "2.00", "1.000 †", "", "-1.00", "1", "", "100,000", "1,234 †", "1.2% †"]
    assert rows[2][6:] == ["", "", "", ""] and rows[3][6:] == ["", "100,000", "", ""]
    assert table_headings(cells[2:3]) == [*HEADINGS] and len(table_rows(cells[2:3], results)[0]) == len(HEADINGS)
    print_table(cells, results, "table")
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("moved, paper", "100,000", "1,234 †", "1.2% †", "+0.00")), "in a log, in full"
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    print_table(cells, results, "table")
    assert "…" not in capsys.readouterr().out, "on a terminal nothing is cut off"


def test_every_cell_has_its_seeds_and_one_seed_of_all_comes_first(tmp_path):
    calls = []
    cells = [replace(cell("a", calls), seeds=(0, 1)), cell("b", calls), replace(cell("c", calls), run=None)]
    reproduce(cells, "table", "data", (), tmp_path, tmp_path / "weights")
    assert calls == [("a", "data", 0), ("b", "data", 0), ("a", "data", 1)]
    reproduce(cells, "table", "data", (2,), tmp_path, tmp_path / "weights")
    assert calls[3:] == [("a", "data", 2), ("b", "data", 2)]


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


def test_launcher_refuses_unknown_tables_rows_and_seeds(here):
    assert "tvnet_table1" in here("reproduce", "--table=tvnet_tabel1").sentence()
    table = "--table=tvnet_table1"
    assert "--rows=nothing" in here("reproduce", table, "--rows=nothing").sentence()
    assert "--rows= fits no row" in here("reproduce", table, "--rows=", "--data_dir=d").sentence()
    assert "--rows=nothing" in here("reproduce", table, "--rows=tvnet-1-1-10.none.full,nothing").sentence()
    assert "(middlebury)" in here("reproduce", table, "--rows=tvnet-1-1-10.none.full").sentence()
    assert "'x' is none" in here("reproduce", table, "--seeds=0,x", "--data_dir=d").sentence()
    assert "--table=NAME is required" in here("reproduce").sentence()


def test_launcher_keeps_a_stale_cell_unless_it_is_told_to_compute_it_again(launcher, tmp_path):
    row, root = "tvnet-1-1-10.none.full", tmp_path / "results"
    save_result(root, Result("tvnet_table1", row, 0, {}, {"data": "any"}, "abc", {"cores": 2}, {"epe": 1.0}, None))
    arguments = ("--table=tvnet_table1", f"--rows={row}", f"--results_dir={root}", f"--data_dir={tmp_path / 'absent'}")
    outcome = launcher("reproduce", *arguments)
    assert outcome.code == 0 and f"Computed now: 0 of 1 cells; taken from {root}: 1." in outcome.out
    assert "absent" in launcher("reproduce", *arguments, "--recompute", f"--weights_dir={tmp_path}").sentence()
