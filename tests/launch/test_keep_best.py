"""The weights of the best validation are kept, and a run that is no longer getting better ends."""

import dataclasses
import json
import math

import keras
import pytest

from launch import evaluators
from launch.evaluate import evaluate, for_testing
from launch.run import run_folder
from launch.run.interruption import Interrupted
from launch.run.monitor import Monitor
from launch.run.selection import Selection, require_selectable
from launch.run.training_loop import TrainingLoop
from launch.train import train
from tests.launch.one_weight import run, steps_of_weights
from tvnet_keras.errors import InputError

PART = {"validation": 0.3}
EVERY = {"validate_every": 2, "keep_best": "top1"}


def test_every_headline_says_which_is_better():
    assert evaluators.headlines() == {"top1": True, "epe": False, "photometric": False}


@pytest.fixture
def told(monkeypatch):
    """What the validation finds, by step."""
    found = {}

    def validate(self, step):
        validated.append(step)
        return {"validation_top1": found[step]}

    validated = found["order"] = []
    monkeypatch.setattr(TrainingLoop, "_validate", validate)
    return found


@pytest.fixture(scope="module")
def config(tiny):
    """Seven steps, a checkpoint every third, a validation every second."""
    return tiny("rgb", data=PART, train={"steps": 7, "checkpoint_every": 3, **EVERY})


def of(config, **train):
    return dataclasses.replace(config, train=dataclasses.replace(config.train, **train))


def test_the_weights_of_the_best_step_are_exported(config, told, tmp_path, capsys):
    told.update({2: 0.5, 4: 0.75, 6: 0.25, 7: 0.5})
    results = run(config, tmp_path)
    assert results["best_step"] == 4 and results["validation_top1"] == 0.75 and results["steps"] == 7
    assert steps_of_weights(tmp_path) == 4
    assert "Of 7 steps, the weights of step 4 are kept, validation_top1 0.750." in capsys.readouterr().out
    assert [path.name for path in tmp_path.glob("checkpoints/best-*")] == ["best-4.weights.h5"]
    # The same command again validates nothing anew and comes to the same.
    assert run(config, tmp_path) == results and told["order"] == [2, 4, 6, 7]


def test_the_last_step_may_be_the_best_and_of_equal_ones_it_is(config, told, tmp_path):
    told.update({2: 0.5, 4: 0.75, 6: 0.25, 7: 0.75})
    assert run(config, tmp_path)["best_step"] == steps_of_weights(tmp_path) == 7


def test_a_run_that_gets_no_better_ends_and_says_how_it_goes_on(config, told, tmp_path, capsys):
    told.update({2: 0.5, 4: 0.5, 6: 0.25, 7: 0.25})
    short = of(config, patience=1)
    results = run(short, tmp_path)
    # As good as before is no better.
    assert results["best_step"] == results["steps"] == results["loss"] == steps_of_weights(tmp_path) == 4
    assert "Stopped at step 4 of 7, after 1 validations that were no better" in capsys.readouterr().out
    assert run(short, tmp_path) == results and told["order"] == [2, 4]
    patient = run(of(config, patience=3), tmp_path)
    assert patient["steps"] == 7 and patient["best_step"] == 4 and told["order"] == [2, 4, 6, 7]


# Killed before a validation whose step has a checkpoint, after one whose step has none, and while the last is written.
@pytest.mark.parametrize("kill", ["validation 6", "step 5", "validation 7"])
@pytest.mark.parametrize("patience", [2, 3])
def test_a_killed_run_chooses_as_an_unbroken_one(config, told, tmp_path, monkeypatch, kill, patience):
    told.update({2: 0.5, 4: 0.75, 6: 0.5, 7: 0.25, 8: 0.75, 9: 0.25, 10: 0.9})
    config = of(config, patience=patience, steps=7 if kill == "validation 7" else 10)
    whole = run(config, tmp_path / "whole")
    what, number = kill.split()
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="killed"):
        kill_at(patch, what, int(number))
        run(config, tmp_path / "halves")
    assert {**run(config, tmp_path / "halves"), "first_step_s": 0} == {**whole, "first_step_s": 0}
    folders = [tmp_path / name for name in ("whole", "halves")]
    assert steps_of_weights(folders[0]) == steps_of_weights(folders[1]) == whole["best_step"]
    names = [sorted(path.name for path in folder.glob("checkpoints/best-*")) for folder in folders]
    assert names[0] == names[1]


def kill_at(patch, what, number):
    owner, name = {"step": (Monitor, "step"), "validation": (TrainingLoop, "_validate")}[what]
    method = getattr(owner, name)

    def killed(self, step, *rest):
        if step == number:
            raise RuntimeError("killed")
        return method(self, step, *rest)

    patch.setattr(owner, name, killed)


def test_a_validation_that_ctrl_c_stopped_is_made_again(config, told, tmp_path, monkeypatch):
    told.update({2: 0.5, 4: 0.75, 6: 0.25, 7: 0.25})
    right = TrainingLoop._validate

    def pressed(self, step):
        if step == 4:
            raise KeyboardInterrupt
        return right(self, step)

    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="after step 4 of 7"):
        patch.setattr(TrainingLoop, "_validate", pressed)
        run(config, tmp_path)
    assert run(config, tmp_path)["best_step"] == 4 and told["order"] == [2, 4, 6, 7]


def test_a_better_step_is_never_forgotten_by_going_on(config, told, tmp_path):
    told.update({2: 0.25, 3: 0.75, 4: 0.5, 5: 0.5})
    assert run(of(config, steps=3), tmp_path)["best_step"] == 3
    assert run(of(config, steps=5), tmp_path)["best_step"] == steps_of_weights(tmp_path) == 3


def test_a_run_without_the_file_of_its_best_weights_says_so(config, told, tmp_path, one_sentence):
    told.update({2: 0.75, 3: 0.5})
    run(of(config, steps=3), tmp_path)
    (tmp_path / "checkpoints/best-2.weights.h5").unlink()
    with pytest.raises(InputError, match=r"best-2\.weights\.h5 is gone, which held the best weights") as refusal:
        run(of(config, steps=3), tmp_path)
    one_sentence(str(refusal.value))


@pytest.mark.parametrize(("headline", "better", "worse"), [("top1", 0.5, 0.25), ("epe", 0.25, 0.5)])
def test_no_number_is_the_worst(tiny, tmp_path, headline, better, worse):
    selection = Selection(tmp_path, tiny("rgb", data=PART, train={"validate_every": 1, "keep_best": headline}))
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    name = f"validation_{headline}"
    for step, value in enumerate((math.nan, worse, better, math.nan, worse), 1):
        selection.take(step, {name: value}, model)
    assert selection.found.best_step == 3 and selection.found.waited == 2
    assert json.loads(selection.stored.numpy())["numbers"] == {name: better}


@pytest.mark.parametrize(
    ("data", "training", "said"),
    [
        ({}, EVERY, "keep_best=top1 would choose weights by the test list: keep back .* with --config.data.validation"),
        (PART, {"keep_best": "top1"}, "keep_best=top1 needs validations to choose from: set .*train.validate_every"),
        (PART, {"patience": 2}, "patience=2 waits for a better validation: .*--config.train.keep_best, such as top1"),
        ({"dataset": "middlebury"}, {**EVERY, "keep_best": "epe"}, "keep_best=epe .*: image pairs have no part for it"),
    ],
)
def test_a_selection_that_cannot_be_is_refused_by_flag(tiny, data, training, said, one_sentence):
    with pytest.raises(InputError, match=f"^--config.train.{said}") as refusal:
        require_selectable(tiny("rgb", data=data, train=training))
    one_sentence(str(refusal.value))


def test_a_number_that_is_not_validated_is_refused(tiny, tmp_path, one_sentence):
    config = tiny("rgb", data=PART, train={**EVERY, "keep_best": "epe"})
    with pytest.raises(InputError, match="keep_best=epe is not among what is validated here, top1: ") as refusal:
        train(config, tmp_path)
    one_sentence(str(refusal.value))
    assert not run_folder.has_begun(tmp_path)


def test_a_real_run_is_validated_on_a_part_and_tested_on_the_list(tiny, tmp_path):
    config = tiny("rgb", data=PART, train={"steps": 2, "validate_every": 1, "keep_best": "top1", "ema": 0.5})
    results = train(config, tmp_path)
    part = evaluate(config, tmp_path, tmp_path / "part")
    # The exported weights are those that were found best.
    assert part.numbers["top1"] == pytest.approx(results["validation_top1"]) and results["best_step"] in (1, 2)
    assert for_testing(config).data.validation == 0 and config.data.validation == 0.3
    tested = evaluate(for_testing(config), tmp_path, tmp_path / "test")
    assert tested.protocol["validation"] == 0 and not set(tested.scores.video_id) & set(part.scores.video_id)
    plain = tiny("rgb", data=PART)
    assert for_testing(plain) is plain
