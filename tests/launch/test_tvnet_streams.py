"""Tables 3 and 4 of TVNet: every stream sees the same videos, windows and network; fusion follows the paper's rules."""

import dataclasses

import numpy as np
import pytest
from scipy.io import savemat

import launch.tables
from launch.evaluators import Measurement
from launch.run import run_folder
from launch.run.config import check, from_dict
from launch.tables.parts import video_sets
from launch.tables.parts.computing import reproduce
from launch.tables.parts.kept_training import set_aside_unless_made_by, versions_of
from launch.tables.parts.stored import results_of, run_folder_of, split_files
from launch.tables.parts.trained_cells import train_and_score
from launch.tables.parts.video_sets import JHMDB, UCF101, DataSet
from launch.tables.tvnet.parts import streams, two_streams
from launch.tables.tvnet.parts.streams import RGB, UNTRAINED, configuration, learned, stored
from launch.weights.init_from import with_scaling_of_weights
from tvnet_keras.errors import InputError
from tvnet_keras.scoring.scores import Scores, save_scores

TABLES = ("tvnet_table3", "tvnet_table3_jhmdb", "tvnet_table4", "tvnet_table4_jhmdb", "tvnet_rates", "tvnet_class_loss")
SHAPES = DataSet("shapes", "moving_shapes", splits=(1,), steps=2)


def cells_of(table):
    return {cell.row: cell for cell in launch.tables.table_module(table).cells()}


@pytest.mark.parametrize("table", TABLES)
def test_configurations_of_streams_are_valid_and_differ(table):
    configs = [cell.config for cell in cells_of(table).values() if "data" in cell.config]
    for config in configs:
        check(from_dict(config))
    assert all(configs.count(config) == 1 for config in configs)
    assert {(config["data"]["height"], config["data"]["width"]) for config in configs} == {(112, 112)}


@pytest.mark.parametrize("data", [UCF101, JHMDB])
def test_the_rows_differ_in_their_motion_only(data):
    stored_flow, live, trained = (configuration(data, stream, 1) for stream in (stored("dis"), UNTRAINED, learned(10)))
    assert stored_flow.data.flow == f"tvnet_videos/{data.name}-dis"
    assert dataclasses.replace(stored_flow.data, flow="") == live.data == trained.data
    assert stored_flow.train == live.train == trained.train
    same = {"motion": "tvnet", "learn": ("u0", "kernels"), "motion_rate": live.model.motion_rate}
    models = [dataclasses.replace(config.model, **same) for config in (stored_flow, live, trained)]
    assert models[0] == models[1] == models[2]
    assert trained.model.motion_rate == pytest.approx(10 / 255)


def test_nothing_is_chosen_on_the_test_list():
    for table in ("tvnet_rates", "tvnet_class_loss"):
        assert all(cell.config["data"]["validation"] == 0.2 for cell in cells_of(table).values())
    for table in ("tvnet_table3", "tvnet_table3_jhmdb"):
        trained = [cell.config for cell in cells_of(table).values() if cell.run]
        assert all(config["data"]["validation"] == 0 and config["data"]["portion"] == 1 for config in trained)


def test_the_numbers_are_the_papers():
    def paper(table, *rows):
        return [cells_of(table)[row].paper for row in rows]

    assert paper("tvnet_table3", "tvl1", "dis", "flownet2", "tvnet-untrained", "tvnet") == [
        85.1,
        71.2,
        80.1,
        83.5,
        85.5,
    ]
    assert paper("tvnet_table3_jhmdb", "tvl1", "tvnet-no-flow-loss", "tvnet") == [56.0, 56.9, 57.5]
    assert paper("tvnet_table4", "tsn", "two-streams-tsn", "two-streams-tsn-idt") == [94.0, 94.5, 95.4]
    assert paper("tvnet_table4_jhmdb", "st-resnet-idt", "two-streams-tsn") == [70.3, 71.0]
    assert "two-streams-tsn-idt" not in {row for row, cell in cells_of("tvnet_table4_jhmdb").items() if cell.run}


def test_every_split_has_a_run_of_its_own(tmp_path):
    weights = tmp_path / "rgb-seed0.weights.h5"
    assert split_files(weights, UCF101.splits) == [weights]
    assert [run_folder_of(place).name for place in split_files(weights, JHMDB.splits)] == [
        "rgb-seed0.split1",
        "rgb-seed0.split2",
        "rgb-seed0.split3",
    ]


def scores_of(logits, names, classes, label=None):
    header = {"kind": "any", "experiment": "any", "commit": "", "weights_sha256": "w", "split": 1}
    header |= {"clips": 1, "crops": 1, "seed": 0}
    return Scores(names, np.array(label or [0] * len(names)), classes, np.array(logits, "float32"), header)


def test_two_streams_are_fused_one_to_two():
    names, classes = ("v1", "v2", "v3"), ("run", "walk")
    rgb = scores_of([[3.0, 0.0], [0.0, 4.1], [0.0, 3.9]], names, classes)
    tvnet = scores_of([[0.0, 1.4], [2.0, 0.0], [2.0, 0.0]], names, classes)
    numbers = two_streams._fused({"rgb": rgb, "tvnet": tvnet}, UCF101, 1, False, "").numbers
    # 3 against 2.8; 4 against 4.1; 4 against 3.9.
    assert numbers["top1"] == pytest.approx(2 / 3)
    assert numbers["rgb"] == pytest.approx(1 / 3) and numbers["tvnet"] == pytest.approx(2 / 3)


def test_trajectories_join_by_name_over_the_common_classes(tmp_path):
    splits = tmp_path / "ucf101/splits"
    splits.mkdir(parents=True)
    (splits / "classInd.txt").write_text("1 Run\n2 Walk\n3 Swim\n")
    listed = [("Run", "v_Run_g01_c01"), ("Walk", "v_Walk_g01_c01"), ("Swim", "v_Swim_g01_c01")]
    (splits / "testlist01.txt").write_text("".join(f"{folder}/{name}.avi\n" for folder, name in listed))
    names = np.array([name for _, name in listed[::-1]], object)[:, None]
    values = {"scores_idt": np.eye(3)[::-1] * 4 - 1, "vn_idt": names, "gt_idt": np.array([[3.0], [2.0], [1.0]])}
    (tmp_path / "scores/idt").mkdir(parents=True)
    savemat(tmp_path / "scores/idt/ucf_idt_split1.mat", values)
    both = ("v_Run_g01_c01", "v_Walk_g01_c01")
    streams = {name: scores_of([[0.1, 0.2], [1.0, 0.5]], both, ("Run", "Walk"), [0, 1]) for name in ("rgb", "tvnet")}
    measured = two_streams._fused(streams, UCF101, 1, True, str(tmp_path / "ucf101"))
    assert (measured.numbers["two_streams"], measured.numbers["idt"], measured.numbers["top1"]) == (0.0, 1.0, 1.0)
    assert measured.protocol["videos"] == 2 and measured.protocol["classes"] == 2
    assert measured.protocol["restricted"]["idt"]["videos"] == [3, 2]
    with pytest.raises(InputError, match="ucf_idt_split2.mat, the decision values"):
        two_streams._trajectories(UCF101, 2, str(tmp_path / "ucf101"))


@pytest.fixture
def small(monkeypatch):
    """Tables of seconds."""
    monkeypatch.setattr(streams, "BACKBONE", "small")
    monkeypatch.setattr(streams, "SIZE", 32)
    monkeypatch.setattr(video_sets, "WINDOWS", 1)
    monkeypatch.setattr(streams, "WINDOWS", 1)


@pytest.mark.slow
def test_a_stream_is_trained_and_its_motion_measured(small, shapes, tmp_path):
    """The learned TVNet has moved from the untrained one, and the store is read by the stream that asks for it."""
    found = {}
    for row, stream in {"live": learned(255), "dis": stored("dis")}.items():
        stream = dataclasses.replace(stream, init_from="")
        weights = tmp_path / "weights/table3" / f"{row}-seed0.weights.h5"
        found[row] = streams.run_stream(SHAPES, stream, None, str(shapes), 0, weights)
    assert found["live"].numbers["kernels_moved"] > 0
    assert {"photometric", "photometric_untrained", "photometric_zero"} <= set(found["live"].numbers)
    assert found["dis"].protocol["stored_flow"]["solver"] == "dis"
    assert sorted(path.name for path in (tmp_path / "weights/tvnet_videos").iterdir()) == [
        "shapes-dis",
        "shapes-frames",
    ]


def test_a_fusion_takes_the_scores_that_are_there(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "train_and_score", None)  # nothing is trained
    rows = {"rgb": ("table3/rgb", RGB), "tvnet": ("table3/tvnet", learned())}
    for origin, stream in rows.values():
        weights = tmp_path / "weights" / f"{origin}-seed0.weights.h5"
        weights.parent.mkdir(parents=True, exist_ok=True)
        set_aside_unless_made_by(versions_of(two_streams.trained(UCF101, stream, origin).cell), weights)
        # Only where it was trained do ImageNet weights choose the range of frames.
        config = configuration(UCF101, stream, 1)
        model = dataclasses.replace(config.model, scaling="lite") if stream is RGB else config.model
        config = dataclasses.replace(config, model=model)
        run_folder.claim(run_folder_of(weights), config)
        (run_folder_of(weights) / "evaluation").mkdir()
        save_scores(run_folder_of(weights) / "evaluation/scores.npz", scores_of([[1.0, 0.0]], ("v1",), ("run", "walk")))
    cell = two_streams.fused_cell("two-streams", None, UCF101, rows, minutes=1)
    reproduce([cell], "tvnet_table4", "data", (0,), tmp_path / "results", tmp_path / "weights")
    (result,) = results_of("tvnet_table4", tmp_path / "results")["two-streams"]
    assert result.numbers["top1"] == 1.0 and result.protocol["weights"] == [1.0, 2.0]


def test_a_network_is_measured_on_the_range_of_frames_that_it_was_trained_on(tmp_path, monkeypatch):
    """Training from ImageNet weights chooses the range; a measure on another one would be of another network."""
    seen = {}

    def train(config, folder):
        found = with_scaling_of_weights(config)
        run_folder.claim(folder, found)
        seen["trained"] = found.model.scaling

    def evaluate(config, run, folder):
        seen["measured"] = config.model.scaling
        return Measurement({}, {})

    monkeypatch.setattr("launch.tables.parts.trained_cells.train", train)
    monkeypatch.setattr("launch.tables.parts.trained_cells.evaluate", evaluate)
    config = configuration(SHAPES, RGB, 1)
    train_and_score(config, lambda config, data_dir, folder: config, "", 0, tmp_path / "rgb.weights.h5")
    assert seen["measured"] == seen["trained"] == "lite"


def test_a_cell_goes_on_with_no_training_of_other_steps(tmp_path, monkeypatch):
    """A schedule that is stretched on the way gives another number than one of so many steps."""
    folder, config = tmp_path / "rgb-seed0", configuration(SHAPES, RGB, 1)
    shorter = dataclasses.replace(config, train=dataclasses.replace(config.train, steps=1))
    run_folder.write(folder, run_folder.claim(folder, shorter))
    (folder / run_folder.CHECKPOINTS_DIR).mkdir(exist_ok=True)
    (folder / run_folder.CHECKPOINTS_DIR / f"{run_folder.CHECKPOINT_NAME}1.index").touch()
    monkeypatch.setattr("launch.tables.parts.trained_cells.train", lambda config, folder: pytest.fail("it is trained"))
    with pytest.raises(InputError, match="holds a training of 1 steps, and the cell's has 2: delete it"):
        train_and_score(config, lambda config, data_dir, folder: config, "", 0, tmp_path / "rgb-seed0.weights.h5")
