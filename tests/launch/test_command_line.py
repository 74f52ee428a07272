"""Every launcher's real `main`: bad input is one sentence and exit code 2; help and good input work."""

import ast
import re
import shutil

import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import launch
from launch.run import run_folder
from tvnet_keras.choices import module_names

LAUNCHERS = module_names(launch)


def flags_defined_by(path):
    """The names of the flags that a module defines."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return [call.args[0].value for call in calls if getattr(call.func, "attr", "").startswith("DEFINE_")]


@pytest.mark.parametrize("module", LAUNCHERS)
def test_help_says_what_every_flag_of_the_launcher_does(here, repository, module):
    outcome = here(module, "--help")
    listed = dict(re.findall(r"^  --(?:\[no\])?(\w+): (.+)", outcome.out, flags=re.MULTILINE))
    defined = flags_defined_by(repository / f"launch/{module}.py")
    assert defined and set(defined) <= set(listed) and not outcome.error
    assert all(len(listed[name]) > len(name) for name in defined)


def test_a_process_of_its_own_says_the_same_as_this_one(here, launcher):
    for module, argument in (("train", "--help"), ("report", "--no_such_flag=1")):
        assert launcher(module, argument) == here(module, argument)


def test_help_lists_what_config_can_set(here):
    said = " ".join(here("train", "--method=tvnet", "--help").out.split())
    for path in ("train.steps", "model.energy_weight", "data.classes", "seed"):
        assert path in said


@pytest.mark.parametrize("module", LAUNCHERS)
def test_an_unknown_flag_is_refused(here, module):
    assert "'no_such_flag'" in here(module, "--no_such_flag=1").sentence()


@pytest.mark.parametrize("module", ["train", "export", "benchmark", "report"])
def test_an_argument_that_is_no_flag_is_refused(here, module):
    assert "'videos'" in here(module, "videos").sentence()


@pytest.mark.parametrize("module", ["evaluate", "predict", "explain", "export"])
def test_a_run_must_be_named_and_exist(here, module, tmp_path):
    assert "--run=FOLDER is required" in here(module).sentence()
    nowhere = tmp_path / "nowhere"
    assert f"{nowhere} holds no run" in here(module, f"--run={nowhere}").sentence()


@pytest.mark.parametrize("module", ["evaluate", "export", "predict", "explain"])
def test_an_unfinished_run_is_refused(here, module, finished_run, tmp_path):
    shutil.copy(finished_run / "run.json", tmp_path)
    arguments = ["clip.avi"] if module in ("predict", "explain") else []
    assert "has not finished training" in here(module, f"--run={tmp_path}", *arguments).sentence()


@pytest.mark.parametrize("module", ["evaluate", "export", "predict", "explain"])
def test_a_damaged_run_is_refused(here, module, tmp_path):
    (tmp_path / "run.json").write_text('{"config": ')
    assert f"{tmp_path}/run.json cannot be read" in here(module, f"--run={tmp_path}").sentence()
    (tmp_path / "run.json").write_text('{"config": {"method": "tvnet"}}')
    assert "does not fit this version" in here(module, f"--run={tmp_path}").sentence()


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--method=tvnett", "Did you mean 'tvnet'?"),
        ("--experiment=movingshapes", "Did you mean 'moving_shapes'?"),
        ("--config.train.step=7", "Did you mean --config.train.steps?"),
        ("--config.train.steps=many", "many"),
        ("--config.train.schedule=cosin", "Did you mean 'cosine'?"),
        ("--config.data.dataset=ufc101", "Did you mean 'ucf101'?"),
        ("--config.data.classes=MoveRigth,MoveLeft", "id you mean 'MoveRight'?"),
        ("--config.data.split=2", "split"),
        ("--config.model.backbone=resnet81", "Did you mean 'resnet18'?"),
        ("--config.init_from=nowhere", "--config.init_from=nowhere is neither a finished run"),
        ("--config.seed=-1", "--config.seed must be at least 0, but is -1"),
        ("--strategy=mirored", "Did you mean 'mirrored'?"),
    ],
)
def test_a_mistake_in_a_training_command_is_one_sentence(here, shapes, tmp_path, argument, said):
    outcome = here("train", f"--config.data.root={shapes}", f"--output_dir={tmp_path}/run", argument)
    assert said in outcome.sentence()


def test_devices_that_do_not_exist_are_refused(launcher, tmp_path):
    flags = ["--strategy=mirrored", "--devices=CPU:0,GPU:77", f"--output_dir={tmp_path}/run"]
    assert "there is no GPU:77, only CPU:0" in launcher("train", *flags).sentence()
    assert "needs --strategy=mirrored" in launcher("train", *flags[1:]).sentence()


def test_data_that_is_not_there_is_refused(here, shapes, tmp_path):
    nowhere = tmp_path / "nowhere"
    flags = [f"--config.data.root={nowhere}", f"--output_dir={tmp_path}/run"]
    assert str(nowhere) in here("train", *flags).sentence()
    copy = shutil.copytree(shapes, tmp_path / "copy")
    (copy / "splits/testlist01.txt").unlink()
    flags = [f"--config.data.root={copy}", f"--output_dir={tmp_path}/run"]
    assert "testlist01.txt" in here("train", *flags).sentence()


def test_a_place_that_cannot_be_written_is_refused(launcher, shapes, finished_run, tmp_path):
    (tmp_path / "file.txt").write_text("")
    place = tmp_path / "file.txt/out"
    video = next((shapes / "videos/ZoomIn").glob("*.avi"))
    for module, *arguments in (
        ("train", f"--config.data.root={shapes}", f"--output_dir={place}"),
        ("evaluate", f"--run={finished_run}", f"--output_dir={place}"),
        ("export", f"--run={finished_run}", f"--output_dir={place}"),
        ("predict", f"--run={finished_run}", f"--flow_dir={place}", video),
        ("prepare", f"--generate={place}"),
    ):
        assert str(place) in launcher(module, *arguments).sentence()


def test_a_command_trains_and_says_where(launcher, overrides, tmp_path):
    flags = overrides("rgb", train={"steps": 3})
    outcome = launcher("train", *flags, f"--output_dir={tmp_path}/run")
    assert outcome.code == 0, outcome.error
    assert "step 3/3" in outcome.out and "clips/s" in outcome.out and "left" in outcome.out
    assert f"{tmp_path}/run: " in outcome.out and "validation_top1" in outcome.out
    again = launcher("train", *flags, f"--output_dir={tmp_path}/run", "--config.train.lr=0.5")
    assert "holds a run of another configuration (--config.train.lr was" in again.sentence()


def test_a_command_evaluates_with_overrides(launcher, finished_run, tmp_path):
    flags = [f"--run={finished_run}", f"--output_dir={tmp_path}/evaluation", "--config.eval.clips=2"]
    outcome = launcher("evaluate", *flags)
    assert outcome.code == 0, outcome.error
    assert "top1" in outcome.out and f"written: {tmp_path}/evaluation/metrics.json, scores.npz" in outcome.out
    assert "Did you mean --config.eval.clips?" in launcher("evaluate", *flags, "--config.eval.clip=2").sentence()


@pytest.mark.slow
def test_a_command_trains_on_two_devices(launcher, overrides, finished_run, tmp_path):
    flags = overrides("tvnet", train={"steps": 1})
    flags += [f"--output_dir={tmp_path}/two", "--strategy=mirrored", "--devices=CPU:0,CPU:1"]
    outcome = launcher("train", *flags)
    assert outcome.code == 0, outcome.error
    # Batch normalisation sees half a batch on each device; the energy of the first step does not pass through it.
    first = EventAccumulator(str(finished_run / "logs")).Reload().Tensors("train/energy")[0]
    energy = run_folder.read(tmp_path / "two")["results"]["energy"]
    assert first.step == 1 and energy == pytest.approx(float(tf.make_ndarray(first.tensor_proto)), rel=1e-4)
    again = launcher("train", *flags)
    assert again.code == 0 and "going on from step 1" in again.out
