"""launch.reproduce --list: lines that a screen holds, and nothing written."""

import subprocess
from dataclasses import replace
from pathlib import Path

import launch.tables
from launch.run import app
from launch.tables import Column
from launch.tables.parts.listing import WIDTH, lines_of_cell, lines_of_rows
from launch.tables.tvnet import table1
from tvnet_keras.scoring.result import Result, save_result

CELL = next(cell for cell in table1.cells() if cell.row == "tvnet-1-1-10.none.full")
COMMAND = f"python -m launch.reproduce --table=tvnet_table1 --rows={CELL.row} --data_dir=FOLDER"


def result(seed=0, versions=None, row=CELL.row, **numbers):
    numbers = {"epe": 4.0 + seed, **numbers}
    return Result("tvnet_table1", row, seed, {}, {"pairs": 8}, "abc", {"cores": 2}, numbers, versions or {})


def joined(lines):
    """Commands on one line each."""
    return "\n".join(lines).replace(" \\\n" + " " * 14, " ").splitlines()


def test_tables_have_a_line_each_that_fits_eighty_columns(here):
    outcome = here("reproduce", "--list")
    heading, *lines = outcome.out.splitlines()
    tables = lines[: len(launch.tables.names())]
    assert outcome.code == 0 and [line.split()[0] for line in tables] == [*launch.tables.names()]
    assert heading.split() == ["table", "data", "set", "rows", "here/all", "min/cell"]
    assert max(map(len, [heading, *tables])) <= 80 and max(map(len, lines)) <= WIDTH
    (full_scale_only,) = (line.split()[1:] for line in tables if line.startswith("hidden_two_stream_table5"))
    assert full_scale_only == ["none", "0/24", "full", "scale"]


def test_tables_are_chosen_by_a_pattern_and_shown_by_rows(here):
    out = here("reproduce", "--list", "--table=tvnet_table3*").out
    assert [line.split(":")[0] for line in out.splitlines() if ": " in line] == ["tvnet_table3", "tvnet_table3_jhmdb"]
    assert max(map(len, out.splitlines())) <= WIDTH
    assert "tvnet_table1" in here("reproduce", "--list", "--table=tvnet_tabel1").sentence()


def test_rows_are_chosen_by_a_pattern_and_shown_in_full(here, tmp_path):
    save_result(tmp_path, result())
    out = here("reproduce", "--list", f"--rows={CELL.row}", f"--results_dir={tmp_path}").out
    assert out.splitlines() == lines_of_cell("tvnet_table1", CELL, [result()], tmp_path)
    two = here("reproduce", "--list", "--table=representation_flow_table1", "--rows=none,block[12]").out
    assert [line.split()[1] for line in two.splitlines() if line[0] != " "] == ["none", "block1", "block2"]
    assert "--rows=nothing" in here("reproduce", "--list", "--rows=nothing").sentence()


def test_a_row_says_how_long_it_took_or_is_expected_to_take():
    results = {CELL.row: [result(minutes=2.0), result(1, minutes=3.0)], "tvnet-1-1-10.none.released": [result()]}
    lines = lines_of_rows("tvnet_table1", results, Path("results"))
    found = {line.split()[0]: line.split()[1:] for line in lines[1:]}
    assert lines[0] == "tvnet_table1: epe on middlebury; numbers here are those of results"
    assert found["row"] == ["paper", "here", "spread", "seeds", "min/cell"]
    assert found[CELL.row] == ["3.47", "4.500", "0.707", "2", "2.5"]
    assert found["tvnet-1-1-10.none.released"][-1] == "(0.2)"
    assert found["tvnet-1-1-50.all.paper-full"] == ["0.35", "0", "(80.0)"]


def test_a_listed_cell_shows_its_commands_and_result_files(tmp_path):
    listed = replace(CELL, full_scale=f"python -m launch.train --experiment=big {' --config.seed=1' * 9}")
    said = lines_of_cell("tvnet_table1", listed, [result(minutes=0.01), result(1)], tmp_path)
    assert max(map(len, said[:-2])) <= WIDTH and any(line.endswith(" \\") for line in said)
    assert joined(said) == [
        f"tvnet_table1  {CELL.row}  paper 3.47  here 4.500 +- 0.707 (2 seeds)",
        "    data:   middlebury, min/cell <0.1",
        f"    here:   {COMMAND}",
        f"    paper:  {listed.full_scale}",
        f"    result: {tmp_path}/tvnet_table1/{CELL.row}-seed0.json",
        f"    result: {tmp_path}/tvnet_table1/{CELL.row}-seed1.json",
    ]
    assert lines_of_cell("tvnet_table1", replace(listed, run=None), [], tmp_path)[1].startswith("    paper:")


def test_stale_numbers_are_marked_and_their_command_is_shown(tmp_path):
    columns = (Column("moved", "moved", ",.0f", paper=1e5), Column("interval", "half", ".1%"))
    old = result(versions={"TVNet": 99}, moved=1234.4, half=0.0125)
    said = joined(lines_of_cell("tvnet_table1", replace(CELL, columns=columns), [old], tmp_path))
    numbers = "here 4.000 † (1 seeds) moved, paper 100,000 moved 1,234 † interval 1.2% †"
    assert numbers in " ".join(" ".join(said).split())
    assert f"    stale:  {COMMAND} --recompute" in said and said[-1].endswith("-seed0.json (stale)")
    assert lines_of_rows("tvnet_table1", {CELL.row: [old]}, tmp_path)[-1].startswith("†: ")
    fresh = "".join(lines_of_cell("tvnet_table1", CELL, [result()], Path("results")))
    assert "stale" not in fresh and "†" not in fresh


def test_a_reader_that_wants_no_more_ends_the_command_quietly(command, repository):
    """`head` of what is more than a pipe holds, and of what is less and is flushed in the end."""
    for arguments in (["--list", "--rows=*"], ["--list"]):
        with subprocess.Popen(
            command("reproduce", *arguments), cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            process.stdout.close()
            assert process.stderr.read() == "" and process.wait() == app.EXIT_OUTPUT_CLOSED
