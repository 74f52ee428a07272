import dataclasses

import numpy as np
import pytest

from launch.figures.flow_frontier import Measured, read_result
from launch.figures.flow_frontier import Result as Frontier
from launch.flow import DEFAULT_SOLVER
from launch.report import (
    END,
    README,
    SOLVERS,
    SOLVERS_END,
    SOLVERS_START,
    START,
    between_markers,
    solver_table,
    tables,
    update_page,
)
from tvnet_keras import TVNet
from tvnet_keras.errors import InputError
from tvnet_keras.scoring.result import Result


def result(row, seed, solver_versions=None, **numbers):
    protocol = {"videos": 42, "clips": 25, "crops": 1}
    versions = {"TVNet": TVNet.SOLVER_VERSION} if solver_versions is None else solver_versions
    return Result("ucf101_six", row, seed, {}, protocol, "abc", {"cores": 2}, numbers, versions)


def test_rows_average_their_seeds_and_percentages_are_percent():
    text = tables((result("rgb", 0, top1=0.5), result("tvnet", 0, top1=0.25), result("tvnet", 1, top1=0.75)))
    lines = text.splitlines()
    assert lines[0] == "**ucf101_six**"
    assert "| rgb | 50.0 | 42 | 25 x 1 | 1 |" in lines
    spread = 100 * np.std([0.25, 0.75], ddof=1)
    assert f"| tvnet | 50.0 ± {spread:.1f} | 42 | 25 x 1 | 2 |" in lines


def test_a_number_that_a_row_lacks_leaves_an_empty_cell():
    text = tables((result("rgb", 0, top1=0.5), result("tvnet", 0, top1=0.5, epe=0.25)))
    assert "| rgb | 50.0 |  | 42 |" in text
    assert "| tvnet | 50.0 | 0.250 | 42 |" in text


def test_rows_of_other_mathematics_are_marked_and_a_line_says_so():
    fresh, stale = result("rgb", 0, {}, top1=0.5), result("tvnet", 1, {"TVNet": 99}, top1=0.5)
    assert "†" not in tables((fresh, result("tvnet", 0, top1=0.5)))
    text = tables((fresh, result("tvnet", 0, top1=0.5), stale))
    assert "| rgb | 50.0 |" in text and "| tvnet † | 50.0 ± 0.0 |" in text
    assert text.endswith("`python -m launch.evaluate --run=RUN --result=ucf101_six/ROW`.")


def test_every_table_has_as_many_cells_in_each_line():
    lines = [line for line in tables((result("rgb", 0, top1=0.5, epe=1.0),)).splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1


def test_only_what_stands_between_the_markers_is_replaced():
    page = f"before\n{START}\nold\n{END}\nafter\n"
    assert between_markers(page, "new") == f"before\n{START}\nnew\n{END}\nafter\n"


@pytest.mark.parametrize("page", ["a page", START, f"{END}\n{START}", END])
def test_a_page_without_markers_is_refused(page):
    with pytest.raises(InputError, match="lacks the lines"):
        between_markers(page, "new")


def test_a_measure_of_flow_has_no_videos_clips_or_crops():
    text = tables((dataclasses.replace(result("flow", 0, epe=0.25), protocol={"pairs": 8}),))
    assert "| flow | 0.250 |  |  | 1 |" in text


def test_a_share_that_is_none_is_refused_by_the_name_of_its_file():
    with pytest.raises(InputError, match=r"ucf101_six/rgb-seed1\.json has top1=95.0"):
        tables((result("rgb", 0, top1=0.95), result("rgb", 1, top1=95)))


def test_a_number_as_large_as_json_lets_it_be_has_a_mean():
    assert "| tvnet |" in tables((result("tvnet", 0, epe=10**300), result("tvnet", 1, epe=1)))


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_page_that_cannot_be_read_is_one_sentence(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    if content:
        (tmp_path / "README.md").write_bytes(content)
    with pytest.raises(InputError, match=r"README\.md cannot be read .*root of the repository"):
        update_page(README, "new")


def test_a_page_keeps_what_stands_around_its_tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text(f"ü\n{START}\n{END}\n", encoding="utf-8")
    update_page(README, "±")
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == f"ü\n{START}\n±\n{END}\n"


def test_solvers_stand_by_their_time_and_those_that_nothing_outdoes_are_bold():
    measured = [
        Measured("slow", "A", 100.0, {"pairs": 0.25, "clips": 3.0}),
        Measured("fast", "A", 2.0, {"pairs": 1.5, "clips": 2.0}),
        Measured("poor", "B", 50.0, {"pairs": 1.75}),
    ]
    text = solver_table(Frontier(measured, {"pairs": 4.0}, {"pairs": "px", "clips": "grey levels"}, "pair"))
    assert text.splitlines() == [
        "| `--solver=` | ms per pair | pairs, px | clips, grey levels |",
        "|---|---|---|---|",
        "| (no flow) |  | 4.00 |  |",
        "| fast | 2 | **1.50** | **2.00** |",
        "| poor | 50 | 1.75 |  |",
        "| slow | 100 | **0.250** | 3.00 |",
    ]


def test_the_page_of_the_solvers_and_the_default_are_what_was_measured(repository):
    result = read_result(str(repository / "benchmarks/flow_frontier.json"))
    page = (repository / SOLVERS).read_text(encoding="utf-8")
    assert page == between_markers(page, solver_table(result), SOLVERS_START, SOLVERS_END, SOLVERS)
    # Of real videos the default explains most.
    assert min(result.solvers, key=lambda solver: solver.errors["ucf101"]).solver == DEFAULT_SOLVER
