"""ActionFlowNet's tables: rows are networks that can be built, and start from the network of flow that all share."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import launch.tables
from launch.run import run_folder
from launch.run.config import check, from_dict
from launch.run.model import build_model, load_run
from launch.tables.action_flow_net import table1_shapes
from launch.tables.action_flow_net.parts import generated, networks
from launch.tables.action_flow_net.parts.networks import FLOW_ROW, NETWORKS, flow_cell, network_cell
from launch.tables.action_flow_net.parts.videos import setting_of
from launch.tables.parts import generated_pairs
from launch.tables.parts.computing import reproduce
from launch.tables.parts.stored import results_of
from launch.tables.parts.video_sets import DataSet
from launch.weights.by_name import weight_values
from tvnet_keras.flow.generated.recipe import Recipe

TABLES = [name for name in launch.tables.names() if name.startswith("action_flow_net")]
SHAPES = DataSet("shapes", "moving_shapes", splits=(1,), steps=2, classes=("MoveRight", "MoveLeft"))
SMALL = {"depth": 10, "width": 4}


@pytest.mark.parametrize("table", TABLES)
def test_rows_that_train_are_configurations_of_networks(table):
    for cell in launch.tables.table_module(table).cells():
        if cell.run:
            config = check(from_dict(json.loads(json.dumps({**cell.config, "init_from": ""}))))
            config = dataclasses.replace(config, model=dataclasses.replace(config.model, **SMALL))
            assert build_model(config, 3).count_params() > 0
            assert cell.config["init_from"] in ("", *networks_of_flow())


def networks_of_flow():
    return FLOW_ROW, networks.GENERATED_ROW


def test_the_numbers_of_table_1_are_the_papers():
    for table, expected in (
        ("table1", [47.7, 66.0, 69.6, 70.0, 71.0, 56.2, 80.7]),
        ("table1_jhmdb", [23.9, 29.1, 42.4, 42.4, 42.6, None, 45.0]),
    ):
        cells = {cell.row: cell.paper for cell in launch.tables.table_module(f"action_flow_net_{table}").cells()}
        rows = ("scratch", "fine-tune", "stacked", "actionflownet", "actionflownet-generated", "stacked-end-to-end")
        assert [cells[row] for row in (*rows, "imagenet")] == expected


def tiny(setting, root):
    """The setting with networks of seconds on the shapes."""
    config = setting.config
    return dataclasses.replace(
        setting,
        config=dataclasses.replace(
            config,
            model=dataclasses.replace(config.model, **SMALL),
            data=dataclasses.replace(config.data, root=str(root), height=32, width=32, portion=1.0),
            train=dataclasses.replace(config.train, steps=2, batch_size=4, warmup=0),
        ),
    )


def compute(setting, rows, root, folder):
    made = {FLOW_ROW: flow_cell(setting, minutes=1)}
    cells = [made.get(row) or network_cell(row, None, setting, minutes=1) for row in rows]
    reproduce(cells, setting.table, str(root), (0,), folder / "results", folder / "weights")
    return {row: found[0] for row, found in results_of(setting.table, folder / "results").items()}


@pytest.mark.slow
def test_rows_start_from_the_network_of_flow_which_is_trained_once(shapes, tmp_path, capsys):
    setting = tiny(table1_shapes._setting(), shapes)
    found = compute(setting, ("fine-tune", "scratch", FLOW_ROW), shapes, tmp_path)
    runs = tmp_path / "weights" / setting.table
    printed = capsys.readouterr().out
    assert printed.count("Started from") == 1 and f"Started from {runs / 'flow-seed0'}" in printed
    assert run_folder.read(runs / "flow-seed0")["results"]["steps"] == 2
    assert {"top1", "train_accuracy"} <= set(found["scratch"].numbers)
    assert {"epe", "epe_zero", "train_loss"} <= set(found[FLOW_ROW].numbers)
    assert found["scratch"].protocol["classes"] == 12


@pytest.mark.slow
def test_stored_flow_of_the_videos_is_learned_and_frozen_networks_stay(shapes, tmp_path, monkeypatch):
    # DIS in the place of TVNet: what is stored is what the solver gives.
    monkeypatch.setattr("launch.tables.action_flow_net.parts.videos.SOLVER", "dis")
    setting = tiny(setting_of("action_flow_net_table1", SHAPES), shapes)
    setting = dataclasses.replace(setting, flow_start="")
    found = compute(setting, ("stacked", "actionflownet"), shapes, tmp_path)
    runs = tmp_path / "weights" / setting.table
    assert Path(run_folder.read_config(runs / "actionflownet-seed0").data.flow).name == "shapes-dis-16x1"
    flow, stacked = (weight_values(load_run(runs / f"{row}-seed0")[1]) for row in ("flow", "stacked"))
    for name, value in flow.items():
        np.testing.assert_array_equal(stacked[name], value, err_msg=name)
    assert found["actionflownet"].protocol["sampling"] == "random" and found["actionflownet"].protocol["crops"] == 64
    assert NETWORKS["stacked"].model["flow_network"] == "frozen"


def test_the_network_of_generated_pairs_is_trained_once(tmp_path, monkeypatch):
    trained = []

    def train(config, folder):
        trained.append(config)
        run_folder.claim(folder, config)
        run_folder.add_results(folder, steps=1)
        (folder / run_folder.WEIGHTS_FILE).touch()

    monkeypatch.setattr(generated_pairs, "Recipe", lambda: Recipe(pairs=11, height=32, width=40))
    monkeypatch.setattr(generated, "train", train)
    folder = generated.train_generated(tmp_path)
    assert generated.train_generated(tmp_path) == folder == tmp_path / "action_flow_net_flow/generated-seed0"
    (config,) = trained
    assert config.data.dataset == "flyingchairs" and len(list(Path(config.data.root).glob("*.flo"))) == 11
    assert (Path(config.data.root) / "FlyingChairs_train_val.txt").read_text().split().count("2") == 2
