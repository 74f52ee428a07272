"""The full-scale commands of Representation Flow's tables: they are understood, chain, and train for two steps."""

import collections
import dataclasses
import json

import numpy as np
import pytest

import launch.experiments
from launch.evaluate import evaluate
from launch.experiments.parts.representation_flow_paper import HMDB51, Schedule
from launch.run.config import Config, check, to_dict
from launch.run.model import build_model
from launch.run.run_folder import read_config
from launch.train import train
from launch.weights.checksum import save_weights
from tests.docs.launcher_words import Line, faults_of
from tests.launch.representation_flow_paper import PAPER, SAME_COMMAND, commands_of, config_of, given, parts_of
from tvnet_keras.choices import load_module
from tvnet_keras.scoring.scores import load_scores


@pytest.mark.parametrize("launcher", ["train", "evaluate", "prepare", "convert", "fuse", "benchmark"])
def test_every_part_of_a_command_is_understood_by_its_program(launcher, tmp_path):
    trainings = {given(words)["output_dir"]: words for words in parts_of("train")}
    lines = []
    for words in parts_of(launcher):
        run = given(words).get("run")
        lines.append(Line(words, {run: trainings[run]} if run else {}))
    faults = faults_of(launcher, lines, tmp_path)
    assert lines and {line.words: fault for line, fault in zip(lines, faults, strict=True) if fault} == {}


def test_every_training_has_a_folder_of_its_own_and_is_measured_there():
    folders = collections.Counter(given(words)["output_dir"] for words in parts_of("train"))
    assert set(folders.values()) == {1}
    for (table, row), parts in commands_of().items():
        launchers = [part[2].removeprefix("launch.") for part in parts]
        if launchers == ["benchmark"]:
            continue
        last = given(parts[-1])
        own = next(paper for paper in PAPER[table] if row.startswith(f"{paper}.")) if row in SAME_COMMAND else row
        folder = f"runs/representation_flow_{table}/{own}"
        assert last["output_dir" if launchers[-1] == "fuse" else "run"] == folder
        for place, name in enumerate(launchers):
            if name == "train":
                skipping = [word for word in parts[place] if word == "--skip_unreadable"]
                assert parts[place + 1][3:] == [f"--run={given(parts[place])['output_dir']}", *skipping]


def test_what_a_training_starts_from_was_written_before():
    trained = {given(words)["output_dir"] for words in parts_of("train")}
    for row, parts in commands_of().items():
        written = set()
        for part in parts:
            flags, launcher = given(part), part[2]
            if launcher == "launch.convert":
                assert flags["weights"].startswith("resnet")
                written.add(flags["output"])
            elif launcher == "launch.prepare":
                # OpenCV's defaults: five scales and five warps.
                assert flags["solver"] == "tvl1"
                written.add(flags["flow"])
            elif launcher == "launch.train":
                # Kinetics' run is another row's; everything else is in the command, and before.
                reads = {flags.get("config.init_from"), flags.get("config.data.flow")} - {None}
                assert all(path in written or "hmdb-kinetics" in row[1] and path in trained for path in reads), row


def test_what_starts_from_imagenet_is_what_the_released_code_starts_so():
    """Table 6 by inflation, and HMDB51 of Tables 8 and 9 where no Kinetics comes first; ActionFlowNet does not."""
    started = {
        (table, row)
        for (table, row), parts in commands_of().items()
        if any(part[2] == "launch.convert" for part in parts)
    }
    hmdb = {(table, row) for table, row in commands_of(["table8", "table9"]) if row.endswith(".hmdb")}
    assert ("table8", "actionflownet.hmdb") in hmdb
    expected = hmdb - {("table8", "actionflownet.hmdb")}
    assert started == expected | set(commands_of(["table6"]))
    for key in started:
        for part in commands_of([key[0]])[key]:
            assert part[2] != "launch.train" or "config.init_from" in given(part), key


def test_only_videos_that_youtube_has_lost_are_left_out_and_by_every_part():
    for row, parts in commands_of().items():
        for part in parts:
            flags, words = given(part), part[3:]
            if part[2] in ("launch.prepare", "launch.train"):
                config = None if part[2] == "launch.prepare" else config_of(part)
                dataset = config.data.dataset if config else flags["dataset"]
                assert ("--skip_unreadable" in words) == (dataset != "hmdb51"), row


EPOCHS = {
    "tiny_kinetics": (86_365, 200, (50, 100, 150)),
    "kinetics": (240_000, 200, (50, 100, 150)),
    "hmdb51": (3_570, 50, (20, 40)),
}


def test_every_training_is_as_long_as_the_papers_whatever_its_batch():
    batches = set()
    for words in parts_of("train"):
        config = config_of(words)
        videos, epochs, falls = EPOCHS[config.data.dataset]
        batch = config.train.batch_size
        assert config.train.steps * batch / videos == pytest.approx(epochs, rel=0.01), words
        assert [step * batch / videos for step in config.train.lr_steps] == pytest.approx(falls, rel=0.01)
        batches.add((vars(config.model).get("backbone", "") in CLIP_NETWORKS, batch))
        hmdb = config.data.dataset == "hmdb51"
        assert config.train.lr == (0.005 if hmdb else 0.1) and config.train.clip_norm == 0
        started = bool(config.init_from) and hmdb
        assert config.method == "action_flow_net" or config.model.dropout == (0.8 if started else 0.5)
    assert batches == {(True, 24), (False, 32)}


CLIP_NETWORKS = ("resnet3d_inflated", "resnet2plus1d", "resnet2plus1d_separated", "resnet2plus1d_released")


def test_a_schedule_counts_its_steps_by_the_batch():
    assert HMDB51.fields(32) == {
        "batch_size": 32,
        "steps": 5550,
        "lr_steps": (2220, 4440),
        "validate_every": 555,
    }
    assert Schedule(240, epochs=4, epochs_per_rate=2).fields(24)["steps"] == 40


def test_the_released_training_is_beside_the_papers():
    released = load_module(launch.experiments, "--experiment", "representation_flow_released")
    config = check(released.config("representation_flow"))
    data, tested = config.data, config.eval
    assert (data.step, data.crop, data.flip, data.resize_short, tested.clips, tested.crops) == (
        2,
        "random",
        False,
        120,
        1,
        1,
    )
    assert (config.train.lr, config.train.batch_size, config.train.optimizer) == (0.01, 24, "sgd")
    assert config.train.lr * config.model.motion_rate == pytest.approx(1e-4)
    assert config.train.steps * 24 / 3570 == pytest.approx(60, rel=0.01)


TINY = {
    "data.dataset": "moving_shapes",
    "data.height": 32,
    "data.width": 32,
    "data.resize_short": 0,
    "data.short": "clamp",
    "train.steps": 2,
    "train.batch_size": 2,
    "train.lr_steps": (1,),
    "train.validate_every": 0,
    "eval.clips": 1,
}
SMALL = {"width": 4, "iterations": 2, "depth": 10, "bottleneck": 4}
"""Options of the networks, where a method and its network have them."""


def tiny(words, root):
    """The training of seconds that stands for a full-scale one."""
    config = config_of(words)
    known = {field.name for field in dataclasses.fields(config.model)}
    options = {f"model.{name}": value for name, value in SMALL.items() if name in known}
    if vars(config.model).get("backbone") == "resnet2plus1d_released":
        options["model.depth"] = 50
    if config.method == "representation_flow" and not config.model.bottleneck:
        options["model.bottleneck"] = 0
    return config_of(words, **TINY, **options, **{"data.root": str(root)})


def distinct_trainings():
    """The trainings that differ in more than length, depth, iterations and what they start from."""
    found = {}
    for words in parts_of("train"):
        config = to_dict(dataclasses.replace(tiny(words, "root"), init_from="", experiment=""))
        config["data"] |= {"flow": bool(config["data"]["flow"])}
        config["model"].pop("dropout", None)
        key = json.dumps([config["method"], config["model"], config["data"]["flow"], config["data"]["frames"]])
        found.setdefault(key, words)
    return list(found.values())


@pytest.fixture(scope="module")
def flow(shapes, tmp_path_factory, launcher):
    """Stored flow of the shapes."""
    folder = tmp_path_factory.mktemp("flow") / "tvl1"
    words = ("--solver=tvl1", "--dataset=moving_shapes", f"--data_dir={shapes}", "--skip_unreadable")
    assert launcher("prepare", f"--flow={folder}", *words).code == 0
    return folder


def trained_small(config: Config, folder, flow) -> Config:
    """Trains a small configuration, whose stored flow and weights to start from are those of the test, and measures."""
    data = dataclasses.replace(config.data, flow=str(flow) if config.data.flow else "")
    config = check(dataclasses.replace(config, data=data))
    results = train(config, folder)
    assert results["steps"] == 2 and np.isfinite(results["loss"])
    measured = evaluate(read_config(folder), folder, folder / "evaluation")
    assert 0 <= measured.numbers["top1"] <= 1
    return config


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", distinct_trainings(), ids=lambda words: given(words)["output_dir"].removeprefix("runs/")
)
def test_two_steps_of_every_training(words, shapes, flow, tmp_path):
    trained_small(dataclasses.replace(tiny(words, shapes), init_from=""), tmp_path / "run", flow)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "row"),
    [("table6", "two-stream"), ("table9", "2d.two-stream.hmdb"), ("table4", "late.input"), ("table8", "tvnet.hmdb")],
)
def test_a_whole_command_from_its_first_part_to_its_last(table, row, shapes, flow, tmp_path, monkeypatch, launcher):
    monkeypatch.chdir(tmp_path)
    for part in commands_of([table])[table, row]:
        flags, name = given(part[3:]), part[2].removeprefix("launch.")
        if name == "convert":
            # PyTorch's file is not here: fresh weights of the network that it would be brought into.
            save_weights(build_model(tiny(part[3:], shapes), 5), tmp_path / flags["output"])
        elif name == "train":
            trained_small(tiny(part[3:], shapes), tmp_path / flags["output_dir"], flow)
        elif name == "fuse":
            outcome = launcher("fuse", *(word.replace("runs/", f"{tmp_path}/runs/") for word in part[3:]))
            assert outcome.code == 0, outcome.error
            assert load_scores(tmp_path / flags["output_dir"] / "scores.npz").logits.shape == (12, 12)
        else:
            assert name in ("evaluate", "prepare")


@pytest.mark.slow
def test_after_kinetics_a_network_starts_from_the_run_of_its_kinetics_command(
    shapes, flow, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    rows = commands_of(["table9"])
    for column in ("kinetics", "hmdb-kinetics"):
        words = rows["table9", f"2d.fcf.{column}"][0][3:]
        trained_small(tiny(words, shapes), tmp_path / given(words)["output_dir"], flow)
    assert "Started from runs/representation_flow_table9/2d.fcf.kinetics" in capsys.readouterr().out
