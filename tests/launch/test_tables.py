"""The papers' tables: every row has its number, a configuration that holds and commands that are understood."""

import json
import shlex
from dataclasses import replace

import pytest

import launch.tables
from launch.run.config import check, from_dict
from launch.tables.hidden_two_stream.parts import motion_nets
from launch.tables.parts import generated_pairs, video_sets
from launch.tables.parts.computing import reproduce
from launch.tables.parts.stored import results_of, weights_file
from launch.tables.parts.trained_cells import trained_cell, with_root
from launch.tables.parts.video_sets import SHARED, DataSet, prepare
from tvnet_keras import FlowOfFlow, RepresentationFlow, TVNet
from tvnet_keras.errors import InputError
from tvnet_keras.layers.motion_layer import solver_versions
from tvnet_keras.scoring.result import Result
from tvnet_keras.video.moving_shapes.writer import ACCELERATION, write_dataset

TABLES = launch.tables.names()
TRAINED = [name for name in TABLES if name.startswith("representation_flow")]


def cells_of(table):
    return launch.tables.table_module(table).cells()


@pytest.mark.parametrize("table", TABLES)
def test_rows_have_names_of_their_own_that_can_be_files(table):
    rows = [cell.row for cell in cells_of(table)]
    assert len(set(rows)) == len(rows) > 0
    for row in rows:
        Result(table, row, 0, {}, {"data": "any"}, "none", {"cores": 1}, {"top1": 0.0})


@pytest.mark.parametrize("table", TABLES)
def test_a_table_names_its_data_set_where_a_cell_is_computed_here(table):
    computed = [cell for cell in cells_of(table) if cell.run]
    data = launch.tables.table_module(table).DATA_SET
    assert bool(data) == bool(computed)
    # JHMDB is a part of HMDB51, and read as that is.
    known = {
        "jhmdb": "hmdb51",
        "ucf101 and pairs": "generated",
        # Generated pairs in files have FlyingChairs' names.
        "pairs": "flyingchairs",
        "ucf101 and sintel": "ucf101",
    }.get(data, data)
    named = {cell.config["data"]["dataset"] for cell in computed if "data" in cell.config}
    named |= {cell.protocol["data"] for cell in computed if "data" in cell.protocol}
    assert named <= {known}


@pytest.mark.parametrize("table", TABLES)
def test_the_command_of_a_committed_result_computes_its_seed(table, repository):
    """Without `--seeds`, as pages and docstrings name the command."""
    seeds = {cell.row: set(cell.seeds) for cell in cells_of(table)}
    stored = results_of(table, repository / "docs/results")
    more = {row: {each.seed for each in found} - seeds.get(row, set()) for row, found in stored.items()}
    assert not {row: found for row, found in more.items() if found}


def test_what_tables_share_lies_in_folders_that_are_no_table_s():
    # A table's folder holds its trained networks: generated clips are not written beside them.
    assert not {motion_nets.SHAPES, video_sets.SHARED, generated_pairs.FOLDER} & set(TABLES)


@pytest.mark.parametrize("table", [name for name in TABLES if not name.startswith("tvnet")])
def test_fused_rows_are_of_networks_that_tables_have(table):
    for cell in cells_of(table):
        for part, origin in cell.protocol.get("fused", {}).items():
            there, row = origin.split("/")
            assert {known.row: known for known in cells_of(there)}[row].config == cell.config[part]
            check(from_dict(json.loads(json.dumps(cell.config[part]))))


@pytest.mark.parametrize("table", TRAINED)
def test_the_networks_of_a_table_are_valid_and_differ(table):
    configs = [cell.config for cell in cells_of(table) if cell.run]
    for config in configs:
        if "method" in config:
            check(from_dict(json.loads(json.dumps(config))))
    assert all(configs.count(config) == 1 for config in configs)


def test_a_trained_cell_makes_its_network_so_that_its_versions_are_known():
    flow = {"RepresentationFlow": RepresentationFlow.SOLVER_VERSION}
    twice = {**flow, "FlowOfFlow": FlowOfFlow.SOLVER_VERSION}
    for table, expected in (
        ("representation_flow_table1", {"none": {}, "block3": flow, "input": flow, "flow": {}, "two-stream": {}}),
        ("representation_flow_table4", {"none.block3": flow, "late.block3": flow}),
        ("representation_flow_table5", {"flow": flow, "fcf": twice, "tvl1-twice": {"TVNet": TVNet.SOLVER_VERSION}}),
    ):
        found = {cell.row: solver_versions(cell.network()) for cell in cells_of(table) if cell.row in expected}
        assert found == expected


@pytest.mark.parametrize("table", TRAINED)
def test_every_cell_that_trains_can_say_its_versions(table):
    assert all(cell.network for cell in cells_of(table) if cell.run and cell.number == "top1")


def test_an_empty_list_in_a_command_means_nothing_is_learned(here, tmp_path):
    command = next(cell for cell in cells_of("representation_flow_table2") if cell.row == "none").full_scale
    words = shlex.split(command.split(" && ")[0])[3:]
    outcome = here("train", *(word for word in words if "output_dir" not in word), f"--output_dir={tmp_path / 'run'}")
    assert "tiny-kinetics" in outcome.sentence()
    assert json.loads((tmp_path / "run/run.json").read_text())["config"]["model"]["learn"] == []


@pytest.mark.slow
def test_a_trained_cell_is_scored_and_a_killed_one_goes_on(tiny, shapes, tmp_path, monkeypatch):
    config = tiny("rgb")
    asked = []

    def prepare(config, data_dir, folder):
        asked.append((data_dir, folder))
        return with_root(config, data_dir)

    cell = trained_cell("rgb", 50.0, config, prepare, seeds=(1,))
    kept = tmp_path / "weights"
    monkeypatch.setattr("launch.tables.parts.trained_cells.evaluate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reproduce([cell], "table", str(shapes), (), tmp_path / "results", kept)
    monkeypatch.undo()
    monkeypatch.setattr("launch.train.TrainStep.__call__", None)  # the training is finished: no further step
    reproduce([cell], "table", str(shapes), (), tmp_path / "results", kept)
    (result,) = results_of("table", tmp_path / "results")["rgb"]
    assert (result.seed, result.protocol["videos"], result.protocol["steps"]) == (1, 12, config.train.steps)
    assert 0 <= result.numbers["top1"] <= 1 and result.numbers["train_loss"] > 0
    assert asked[-1] == (shapes, kept / "table")
    run = kept / "table/rgb-seed1"
    assert (run / "evaluation/scores.npz").is_file() and weights_file(kept, "table", "rgb", 1).parent == run.parent
    assert json.loads((run / "run.json").read_text())["config"]["seed"] == 1


def interrupted(*arguments):
    """As if the process were killed."""
    raise KeyboardInterrupt


def test_clips_are_generated_where_there_are_none(tmp_path, monkeypatch):
    made = []

    def write(folder, **options):
        made.append(folder)
        write_dataset(folder, train_groups=1, test_groups=1, size=(32, 32), motions=options["motions"])

    monkeypatch.setattr("launch.tables.parts.moving_shapes.write_dataset", write)
    monkeypatch.setattr("launch.tables.parts.trained_cells.train", interrupted)
    cell = cells_of("representation_flow_table5")[0]
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            cell.run(str(tmp_path / "shapes"), 0, tmp_path / "weights/a.weights.h5")
    assert made == [tmp_path / "shapes"]


def test_steady_tables_refuse_the_clips_of_the_other_set(tmp_path):
    write_dataset(tmp_path / "shapes", train_groups=1, test_groups=1, size=(32, 32), motions=ACCELERATION)
    for row in ("none", "flow"):
        cell = next(cell for cell in cells_of("representation_flow_table1") if cell.row == row)
        with pytest.raises(InputError, match=r"holds the classes .* about MoveRight, .* with --motions=steady\.$"):
            cell.run(str(tmp_path / "shapes"), 0, tmp_path / "weights/a.weights.h5")


def test_frames_and_flow_are_not_taken_from_other_videos_of_the_same_names(tmp_path):
    config = from_dict(cells_of("representation_flow_table1")[0].config)
    for name, seed in (("first", 0), ("second", 1)):
        write_dataset(tmp_path / name, train_groups=1, test_groups=1, size=(32, 32), seed=seed)
    data = DataSet("few", "moving_shapes", splits=(1,), steps=0)
    for solver in ("", "dis"):
        for _ in range(2):
            prepare(data, solver, config, tmp_path / "first", tmp_path / "runs/table")
        with pytest.raises(InputError, match=r"few-frames is of other videos than those in --data_dir=.*second"):
            prepare(data, solver, config, tmp_path / "second", tmp_path / "runs/table")
    videos = video_sets._videos(data, tmp_path / "first")
    video_sets._require_same(
        replace(videos, videos=videos.videos[::-1]), tmp_path / "runs" / SHARED / "few-frames", tmp_path
    )


def test_clips_of_the_other_set_are_refused(shapes, tmp_path):
    cell = cells_of("representation_flow_acceleration")[0]
    with pytest.raises(InputError, match=r"holds the classes MoveRight, .* with --motions=acceleration\.$"):
        cell.run(str(shapes), 0, tmp_path / "weights/a.weights.h5")
