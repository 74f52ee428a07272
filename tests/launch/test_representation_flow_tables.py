"""Representation Flow's tables: every number of the paper has its row; rows of two networks, and of run times."""

import json

import numpy as np
import pytest

import launch.tables
from launch.tables.parts import video_sets
from launch.tables.parts.computing import reproduce
from launch.tables.parts.fused_rows import Trained, fused_cell
from launch.tables.parts.stored import results_of
from launch.tables.representation_flow import table9
from launch.tables.representation_flow.parts import full_scale, moving_shapes_cells, stored_tvl1
from launch.tables.representation_flow.parts.moving_shapes_cells import cell
from tests.launch.representation_flow_paper import BESIDE, COUNTS, PAPER, cells_of, commands_of
from tvnet_keras.errors import InputError
from tvnet_keras.scoring import score_fusion
from tvnet_keras.scoring.scores import load_scores

NAMES = [name for name in launch.tables.names() if name.startswith("representation_flow")]

NOT_OURS = ("off", "mfnet", "s3d", "i3d", "resnet101", "2d.off", "2d.tvnet")
"""What rows of methods begin with that have no command."""


@pytest.mark.parametrize("table", PAPER)
def test_every_number_of_the_paper_has_its_row_and_nothing_else_is_called_the_papers(table):
    cells = {cell.row: cell.paper for cell in cells_of(f"representation_flow_{table}")}
    paper = PAPER[table]
    assert len(paper) == COUNTS[table]
    assert {row: cells.get(row) for row in paper} == paper
    assert set(cells) - set(paper) == BESIDE.get(table, set())


@pytest.mark.parametrize("table", ["table1_jhmdb", "table3_jhmdb", "table5_jhmdb"])
def test_rows_on_jhmdb_are_networks_of_the_tables_rows(table):
    column = ".hmdb" if table == "table1_jhmdb" else ""
    paper = PAPER[table.removesuffix("_jhmdb")]
    for each in cells_of(f"representation_flow_{table}"):
        ours = (table, each.row) in (("table1_jhmdb", "conv1"), ("table3_jhmdb", "none"))
        assert each.paper == (None if ours else paper[f"{each.row}{column}"])
        assert each.config["data"]["split"] == 1 and each.config["data"]["frames"] == 16
    seeds = {len(each.seeds) for each in cells_of(f"representation_flow_{table}")}
    assert seeds == {{"table1_jhmdb": 1, "table3_jhmdb": 2, "table5_jhmdb": 3}[table]}


def test_every_row_but_those_of_other_methods_has_a_command():
    missing = {
        (table, row)
        for table in PAPER
        for row in PAPER[table]
        if (table, row) not in commands_of() and not row.startswith(NOT_OURS)
    }
    assert missing == {
        ("table9", f"2plus1d.{row}.ms") for row in ("rgb", "two-stream", "flow", "fcf", "fcf-non-local")
    } | {("table9", "2d.tvl1.ms")}


def small_cells(monkeypatch):
    """Cells of Moving Shapes whose networks, and whose flow, are seconds'."""
    monkeypatch.setattr(
        moving_shapes_cells, "MODEL", {"dropout": 0.0, "width": 4, "iterations": 2, "depth": 10, "bottleneck": 4}
    )
    monkeypatch.setattr(stored_tvl1, "SOLVER", "dis")


@pytest.mark.slow
def test_late_fusion_takes_two_cells_that_were_trained_apart(shapes, tmp_path, monkeypatch):
    small_cells(monkeypatch)
    rgb = cell("none", 1.0, {"place": "none"}, steps=2)
    flow = cell("flow", 2.0, stored_tvl1.FLOW, steps=2)
    fused = fused_cell("two-stream", 3.0, Trained("one", rgb), Trained("two", flow), full_scale.RULE)
    # Only the flow network is there before: the other one is trained by the fusion.
    reproduce([flow], "two", str(shapes), (0,), tmp_path / "results", tmp_path / "weights")
    reproduce([fused], "three", str(shapes), (0,), tmp_path / "results", tmp_path / "weights")
    (result,) = results_of("three", tmp_path / "results")["two-stream"]
    (of_flow,) = results_of("two", tmp_path / "results")["flow"]
    assert result.numbers["flow"] == of_flow.numbers["top1"] and 0 <= result.numbers["rgb"] <= 1
    parts = [
        load_scores(tmp_path / f"weights/{run}/evaluation/scores.npz") for run in ("one/none-seed0", "two/flow-seed0")
    ]
    mean = np.mean([part.probabilities() for part in parts], axis=0)
    assert result.numbers["top1"] == np.mean(mean.argmax(axis=1) == parts[0].label)
    assert result.protocol["fused"] == {"rgb": "one/none", "flow": "two/flow"}
    stores = tmp_path / "weights" / video_sets.SHARED
    assert video_sets.flow_folder(stored_tvl1.SHAPES, "dis", stores, stored_tvl1.form()).is_dir()


def test_a_cell_that_is_not_trained_here_cannot_be_fused(tmp_path):
    cited = next(each for each in cells_of("representation_flow_table6") if each.row == "off")
    with pytest.raises(ValueError, match="Only cells that are trained here can be fused. Received: t/off"):
        Trained("t", cited).scores("data", 0, tmp_path)


def test_the_published_rule_of_fusion_is_the_mean_of_probabilities():
    assert score_fusion.RULES[full_scale.RULE] == ("softmax", None)


def test_run_times_are_those_that_the_benchmark_measured(repository, tmp_path):
    cells = [each for each in cells_of("representation_flow_table9") if each.run]
    assert {each.row.removesuffix(".ms") for each in cells} == set(table9.MEASURED)
    reproduce(cells, "times", str(repository / "benchmarks"), (0,), tmp_path / "results", tmp_path / "weights")
    rows = json.loads((repository / "benchmarks/representation_flow.json").read_text())["rows"]
    measured = {row["table 9"]: row for row in rows if "table 9" in row}
    for row, (result,) in results_of("times", tmp_path / "results").items():
        said = measured[table9.MEASURED[row.removesuffix(".ms")]]
        assert (result.numbers["ms"], result.numbers["to_rgb"]) == (said["ms"], said["to_rgb"])
        assert {each.row: each.paper for each in cells}[row] == said["paper_ms"]
        assert result.protocol["benchmark_commit"]


def test_a_folder_without_the_benchmark_is_refused(tmp_path):
    measured = next(each for each in cells_of("representation_flow_table9") if each.run)
    with pytest.raises(InputError, match="holds no representation_flow.json"):
        measured.run(str(tmp_path), 0, tmp_path / "weights")
    (tmp_path / "representation_flow.json").write_text('{"rows": []}')
    with pytest.raises(InputError, match="has no run time of .*; run python -m launch.benchmark"):
        measured.run(str(tmp_path), 0, tmp_path / "weights")
