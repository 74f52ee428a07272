"""Rows of two tables with one training: both have the same configuration, and it is kept in one place."""

import collections
import json
from dataclasses import replace

import pytest

import launch.tables
from launch.evaluators import Measurement
from launch.run import run_folder
from launch.run.config import new_config, to_dict
from launch.tables import Cell
from launch.tables.parts.computing import reproduce
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.parts.fused_rows import Trained
from launch.tables.parts.shared_training import trained_in
from launch.tables.parts.stored import results_of, run_folder_of, split_files
from tests.launch.test_fuse import write_scores
from tvnet_keras import TVNet
from tvnet_keras.errors import InputError


def cells_of(table):
    return {cell.row: cell for cell in launch.tables.table_module(table).cells()}


def shared():
    """Every row that is trained in another table's folder: its cell, that table and the row's name there."""
    cells = [cell for table in launch.tables.names() for cell in cells_of(table).values()]
    return [(cell, *cell.trained_as) for cell in cells if cell.trained_as]


def test_what_is_shared_is_one_training():
    assert {cell.row for cell, *_ in shared()} >= {"motion_net", "stored-tvl1", "10.fixed", "none"}
    for cell, table, row in shared():
        there = cells_of(table)[row]
        assert (there.config, there.protocol) == (cell.config, cell.protocol), (table, row)


def test_no_training_stands_in_two_rows_as_two_trainings():
    """Otherwise one configuration comes to have two numbers, as soon as one of them is computed again."""
    rows = collections.defaultdict(list)
    for table in launch.tables.names():
        for row, cell in cells_of(table).items():
            if cell.run and not cell.trained_as:
                rows[json.dumps([cell.config, cell.protocol], sort_keys=True)].append(f"{table}/{row}")
    assert len(rows) > 150 and [same for same in rows.values() if len(same) > 1] == []


def training(seen, splits=(1,)):
    """A cell whose run says what it finds in its folders, and leaves the version of TVNet's mathematics there."""
    config = new_config("rgb", "moving_shapes")

    def run(data_dir, seed, weights):
        for folder in map(run_folder_of, split_files(weights, splits)):
            file = folder / "checkpoint"
            seen.append((folder.relative_to(folder.parents[1]).as_posix(), file.read_text() if file.is_file() else ""))
            run_folder.claim(folder, config)
            file.write_text(f"version {TVNet.SOLVER_VERSION}")
            write_scores(folder / "evaluation/scores.npz", seed)
        return Measurement({"top1": 0.5}, {})

    return Cell("there", None, "top1", to_dict(config), {"data": "none"}, run, 1.0, network=lambda: TVNet(1, 1, 1))


def test_a_shared_training_is_kept_in_the_other_table(tmp_path, capsys):
    seen = []
    cell = replace(trained_in(training(seen), "other", "there"), row="here")
    for seeds in ((3,), (3,)):
        reproduce([cell], "table", "data", seeds, tmp_path / "results", tmp_path / "weights", recompute=True)
    assert seen == [("other/there-seed3", ""), ("other/there-seed3", "version 1")]
    assert f"goes on with the training in {tmp_path / 'weights/other/there-seed3'}" in capsys.readouterr().out
    (result,) = results_of("table", tmp_path / "results")["here"]
    assert "minutes" not in result.numbers, "the time of a training that was there is not known"


@pytest.mark.parametrize("splits", [(1,), (1, 2, 3)])
def test_a_training_of_other_mathematics_is_no_rows_and_no_fusions(splits, tmp_path, monkeypatch):
    seen = []
    there, weights = training(seen, splits), tmp_path / "weights"
    here = replace(trained_in(there, "other", "there"), row="here")

    def fused():
        return Trained("other", there).scores_of_splits("data", 0, weights, splits)

    ways = [
        lambda: reproduce([there], "other", "data", (0,), tmp_path / "results", weights, recompute=True),
        lambda: reproduce([here], "table", "data", (0,), tmp_path / "results", weights, recompute=True),
        fused,
    ]
    names = [run_folder_of(file).name for file in split_files(weights / "there-seed0.weights.h5", splits)]
    for version, way in enumerate((*ways, ways[0]), 1):
        monkeypatch.setattr(TVNet, "SOLVER_VERSION", version)
        way()
        assert seen == [(f"other/{name}", "") for name in names], "trained from the start"
        assert len(fused()) == len(splits) and len(seen) == len(splits), "the scores of today's training are taken"
        seen.clear()


def test_a_fusion_refuses_scores_of_another_configuration(tmp_path):
    cell = training([])
    Trained("other", cell).scores("data", 0, tmp_path)
    for path, value in (("train.steps", 7), ("data.frames", 10), ("model.dropout", 0.25), ("eval.clips", 2)):
        section, field = path.split(".")
        config = json.loads(json.dumps(cell.config))
        config[section][field] = value
        with pytest.raises(InputError, match=rf"there-seed0 holds a training of .*\({path} was .*, is {value}\)"):
            Trained("other", replace(cell, config=config)).scores("data", 0, tmp_path)
    elsewhere = json.loads(json.dumps(cell.config))
    elsewhere["data"]["root"] = "another/place"
    Trained("other", replace(cell, config=elsewhere)).scores("data", 0, tmp_path)


def test_a_cell_of_splits_does_not_say_how_long_it_took_after_it_was_killed(tmp_path):
    run_folder.claim(tmp_path / "weights/table/there-seed0.split1", new_config("rgb", "moving_shapes"))
    (tmp_path / "weights/table/there-seed0.solver_versions.json").write_text(json.dumps({"TVNet": 1}) + "\n")
    reproduce([training([], (1, 2))], "table", "data", (0,), tmp_path / "results", tmp_path / "weights")
    (result,) = results_of("table", tmp_path / "results")["there"]
    assert TVNet.SOLVER_VERSION == 1 and "minutes" not in result.numbers


def test_what_is_not_computed_is_not_shared():
    with pytest.raises(ValueError, match="paper-only"):
        trained_in(full_scale_cell("paper-only", 50.0), "other", "there")
