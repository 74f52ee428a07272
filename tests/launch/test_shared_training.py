"""Rows of two tables with one training: both have the same configuration, and it is kept in one place."""

import pytest

import launch.tables
from launch.evaluators import Measurement
from launch.tables import Cell
from launch.tables.parts import shared_training
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.parts.shared_training import trained_in
from launch.tables.parts.stored import weights_file


def cells_of(table):
    return {cell.row: cell for cell in launch.tables.table_module(table).cells()}


def shared():
    """Every row that is trained in another table's folder: its cell, that table and the row's name there."""
    cells = [cell for table in launch.tables.names() for cell in cells_of(table).values() if cell.run]
    return [(cell, *cell.run.args[1:]) for cell in cells if getattr(cell.run, "func", None) is shared_training._run_in]


def test_what_is_shared_is_one_training():
    assert {cell.row for cell, *_ in shared()} >= {"motion_net", "stored-tvl1", "10.fixed", "none"}
    for cell, table, row in shared():
        there = cells_of(table)[row]
        assert (there.config, there.protocol) == (cell.config, cell.protocol), (table, row)


def test_a_shared_training_is_kept_in_the_other_table(tmp_path):
    calls = []

    def run(*arguments):
        calls.append(arguments)
        return Measurement({"top1": 0.5}, {})

    cell = trained_in(Cell("here", None, "top1", {}, {}, run, 1.0), "other", "there")
    assert cell.run is not None
    assert cell.run("data", 3, weights_file(tmp_path, "table", "here", 3)).numbers == {"top1": 0.5}
    assert calls == [("data", 3, weights_file(tmp_path, "other", "there", 3))]


def test_what_is_not_computed_is_not_shared():
    with pytest.raises(ValueError, match="paper-only"):
        trained_in(full_scale_cell("paper-only", 50.0), "other", "there")
