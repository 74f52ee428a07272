"""Hidden Two-Stream's tables: rows can be built, start from the MotionNet that all share, and are the paper's."""

import dataclasses
import json
import math

import numpy as np
import pytest

import launch.tables
from launch.run import run_folder
from launch.run.config import check, from_dict
from launch.run.model import build_model, load_run
from launch.tables.hidden_two_stream import seeds, table3
from launch.tables.hidden_two_stream.parts import motion_nets, streams
from launch.tables.hidden_two_stream.parts.motion_nets import ORIGIN, motion_cell, motion_config, pretrained
from launch.tables.hidden_two_stream.parts.streams import MODES, RGB, RULE, Stream, stream_cell
from launch.tables.parts.computing import reproduce
from launch.tables.parts.fused_rows import Trained, fused_cell
from launch.tables.parts.stored import results_of
from launch.tables.parts.video_sets import JHMDB, DataSet
from launch.weights.by_name import weight_values
from tvnet_keras.errors import InputError

TABLES = [name for name in launch.tables.names() if name.startswith("hidden_two_stream")]
SHAPES = DataSet("ucf101-37", "moving_shapes", splits=(1,), steps=2, classes=("MoveRight", "MoveLeft"))
"""Under the name of the data set whose MotionNet the streams start from."""
SMALL = {"width": 2, "motion_width": 2, "iterations": 2, "backbone": "small"}


def small(config):
    known = {field.name for field in dataclasses.fields(config.model)}
    options = {name: value for name, value in SMALL.items() if name in known}
    return dataclasses.replace(config, model=dataclasses.replace(config.model, **options))


@pytest.mark.parametrize("table", TABLES)
def test_rows_that_train_are_configurations_of_networks(table):
    for cell in launch.tables.table_module(table).cells():
        if cell.run and "method" in cell.config:
            config = check(from_dict(json.loads(json.dumps({**cell.config, "init_from": ""}))))
            assert build_model(small(config), 3).count_params() > 0


def test_the_numbers_are_the_papers():
    paper = {name: {cell.row: cell.paper for cell in launch.tables.table_module(name).cells()} for name in TABLES}
    of_table2 = paper["hidden_two_stream_table2"]
    assert [of_table2[f"stacked-{mode}"] for mode in "abc"] == [83.76, 84.04, 84.88]
    assert [of_table2[f"hidden-{mode}"] for mode in "abc"] == [87.50, 87.99, 89.82]
    assert of_table2["rgb"] == 80.97 and of_table2["tvl1"] == 85.65 and len(of_table2) == 16
    of_table3 = [paper["hidden_two_stream_table3"][f"{row}-classes"] for row in table3.ROWS]
    assert of_table3 == [82.71, 77.79, 80.14, 81.25, 81.58, 82.22]
    of_table4 = paper["hidden_two_stream_table4"]
    assert of_table4["stacked-tvl1"] == 80.99 and of_table4["hidden-flowfields"] == 85.40
    of_table5 = paper["hidden_two_stream_table5"]
    assert (of_table5["ours-ucf101"], of_table5["ours-hmdb51"], len(of_table5)) == (90.3, 58.9, 24)


def test_every_row_of_the_ablation_leaves_out_one_part_and_none_all_of_them():
    parts = [options for row, options in table3.ROWS.items() if row not in ("all", "none")]
    assert len(parts) == 4 and all(len(options) == 1 for options in parts) and table3.ROWS["all"] == {}
    assert table3.ROWS["none"] == {name: value for options in parts for name, value in options.items()}


def test_streams_on_other_videos_ask_for_the_motion_net_of_ucf101(tmp_path):
    with pytest.raises(InputError, match="compute --table=hidden_two_stream_flow --rows=motion_net first"):
        pretrained(JHMDB, motion_config(JHMDB, 1), "nowhere", tmp_path, ORIGIN)


def test_a_seed_that_diverges_counts_as_one_that_did_not_survive(tmp_path, monkeypatch):
    monkeypatch.setattr(seeds, "pretrained", lambda *arguments: tmp_path)
    monkeypatch.setattr(seeds, "prepare", lambda data, solver, config, *places: config)
    (cell,) = seeds.cells()
    assert cell.seeds == tuple(range(10)) and cell.run
    for said, survived in (("Training stopped at step 3 because loss became not finite; why", 0.0), ("", 1.0)):

        def train(config, folder, said=said):
            if said:
                raise InputError(said)

        monkeypatch.setattr(seeds, "train", train)
        monkeypatch.setattr(seeds, "read", lambda folder: {"results": {"loss": 2.0, "flow_magnitude": 0.3}})
        assert cell.run("data", 4, tmp_path / "c-seed4.weights.h5").numbers["survived"] == survived
    monkeypatch.setattr(seeds, "train", lambda config, folder: (_ for _ in ()).throw(InputError("no videos")))
    with pytest.raises(InputError, match="no videos"):
        cell.run("data", 4, tmp_path / "c-seed4.weights.h5")


@pytest.mark.parametrize(
    ("loss", "flow", "survived"), [(3.5, 0.4, 1.0), (math.nan, 0.4, 0.0), (math.inf, 0.4, 0.0), (0.1, 500.0, 0.0)]
)
def test_a_seed_whose_flow_has_left_the_frame_has_not_survived(loss, flow, survived):
    assert seeds.judged(loss, flow).numbers["survived"] == survived


@pytest.fixture
def tiny(monkeypatch):
    """Networks of seconds from fresh weights, in the place of the tables'."""

    def motion(data, steps, solver="", **model):
        return on_shapes(motion_config(data, steps, solver, **model))

    def stream(data, chosen, config=streams.configuration):
        made = on_shapes(config(data, chosen))
        return dataclasses.replace(made, init_from="")

    def on_shapes(config):
        config = small(config)
        return dataclasses.replace(
            config,
            data=dataclasses.replace(config.data, height=32, width=32),
            train=dataclasses.replace(config.train, steps=2, batch_size=4, warmup=0),
        )

    monkeypatch.setattr(motion_nets, "motion_config", motion)
    monkeypatch.setattr(streams, "motion_config", motion)
    monkeypatch.setattr(streams, "configuration", stream)
    monkeypatch.setattr(streams, "IMAGENET", "")
    monkeypatch.setattr(streams, "UCF101", SHAPES)


@pytest.mark.slow
def test_streams_start_from_the_shared_motion_net_and_are_fused(shapes, tiny, tmp_path):
    table = "hidden_two_stream_flow"
    temporal = stream_cell("stacked-b", None, SHAPES, Stream(model=MODES["b"]), minutes=1, timed=True)
    spatial = stream_cell("rgb", None, SHAPES, RGB, minutes=1)
    fused = fused_cell("hidden-a", None, Trained(table, spatial), Trained(table, temporal), RULE)
    network = motion_cell("motion_net", SHAPES, 2, minutes=1, on_shapes=True)
    classical = stream_cell("dis", None, SHAPES, streams.stored("dis"), minutes=1, timed=True)
    cells = [network, temporal, spatial, fused, classical]
    reproduce(cells, table, str(shapes), (0,), tmp_path / "results", tmp_path / "weights")
    found = {row: results[0].numbers for row, results in results_of(table, tmp_path / "results").items()}
    assert {"photometric", "photometric_zero", "epe", "epe_zero", "train_loss"} <= set(found["motion_net"])
    assert found["stacked-b"]["ms"] > 0 and found["dis"]["ms"] > 0 and 0 <= found["hidden-a"]["top1"] <= 1
    assert found["hidden-a"]["rgb"] == found["rgb"]["top1"]
    assert found["hidden-a"]["flow"] == found["stacked-b"]["top1"]
    runs = tmp_path / "weights" / table
    assert run_folder.read(runs / "motion_net-seed0")["results"]["steps"] == 2
    start = pretrained(SHAPES, motion_config(SHAPES, 2), str(shapes), tmp_path / "weights", f"{table}/motion_net")
    assert start == runs / "motion_net-seed0" and weight_values(load_run(start)[1])
    assert np.isfinite(found["motion_net"]["photometric"])


@pytest.mark.slow
def test_stored_flow_guides_a_motion_net_in_the_stacks_that_it_is_of(shapes, tiny, tmp_path):
    cell = motion_cell("guided", SHAPES, 2, minutes=1, solver="dis", proxy_weight=1.0)
    reproduce([cell], "guided", str(shapes), (0,), tmp_path / "results", tmp_path / "weights")
    run = tmp_path / "weights/guided/guided-seed0"
    assert run_folder.read_config(run).data.windows == 3 and "proxy" in run_folder.read(run)["results"]
