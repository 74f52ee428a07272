"""Whatever was edited in `run.json`, one sentence names the file and the field, and nothing is computed."""

import json
import shutil
from pathlib import Path

import pytest

from launch.run import run_folder, run_lists
from launch.run.model import load_run
from tvnet_keras.errors import InputError

RUN = Path(__file__).parents[1] / "fixtures" / "runs_before_names" / "rgb"

EDITS = {
    "config.data.frames": ["six", 6.5, None, True, [6], -1, 0, 10**9, 10**30],
    "config.data.height": [-32, 10**9, "32"],
    "config.data.classes": ["Walk", [1], {"a": 1}],
    "config.data.flip": [1, "yes"],
    "config.data.crop": ["corners", 3],
    "config.data.workers": [10**9],
    "config.train.lr": ["1", None, float("nan"), float("inf"), -1],
    "config.train.lr_steps": [[1.5], 3],
    "config.train.batch_size": [0, 10**12],
    "config.eval.clips": [10**9, -5],
    "config.eval.crops": [3],
    "config.model.dropout": ["half", [0.5], float("nan")],
    "config.model.backbone": [7, None],
    "config.model": [None, [], "rgb"],
    "config.data.colour": [1],
    "config.model.iteration": [4],
    "config.method": [3, "rgbb", ["rgb"]],
    "config.seed": [-1, "0", 1.5],
    "config": [None, [], {}],
    "class_names": ["Walk", [1, 2], ["a", "a"], {}],
    "results": [[], None],
    "results.loss": ["low", [1]],
    "versions": ["3.11", None],
    "commit": [5],
    "surprise": [1],
}


@pytest.fixture
def run(tmp_path):
    return shutil.copytree(RUN, tmp_path / "run")


def edited(run, field, value):
    content = json.loads((run / "run.json").read_text())
    *around, last = field.split(".")
    inner = content
    for name in around:
        inner = inner[name]
    inner[last] = value
    (run / "run.json").write_text(json.dumps(content))


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in EDITS.items() for value in values])
def test_an_edited_field_is_one_sentence_that_names_it(run, field, value, one_sentence):
    edited(run, field, value)
    with pytest.raises(InputError) as refusal:
        load_run(run)
    said = one_sentence(str(refusal.value))
    assert str(run / "run.json") in said and field.rpartition(".")[2] in said
    assert len(said) < 500


@pytest.mark.parametrize(
    "field", [*("config", "results", "versions", "commit", "seed"), "config.data", "config.method"]
)
def test_a_field_that_is_gone_is_named(run, field, one_sentence):
    content = json.loads((run / "run.json").read_text())
    around, _, last = field.rpartition(".")
    del (content[around] if around else content)[last]
    (run / "run.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=rf"run\.json does not fit this version of the program: {field} is missing"):
        load_run(run)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", '"run"', "[" * 100_000, "\x00", "\ufeff{}", '{"config": ' + "9" * 5000 + "}"]
)
def test_what_is_no_object_is_one_sentence(run, text, one_sentence):
    (run / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"run\.json (cannot be read|does not fit)") as refusal:
        load_run(run)
    assert len(one_sentence(str(refusal.value))) < 500


def test_bytes_that_are_no_text_are_one_sentence(run, one_sentence):
    (run / "run.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(InputError, match=r"run\.json cannot be read") as refusal:
        load_run(run)
    one_sentence(str(refusal.value))


@pytest.mark.parametrize(
    "lists", [[], 3, {"classes": 3}, {"classes": ["a"]}, {"classes": [["a"]]}, {"classes": [["a", "0"]]}]
)
def test_edited_lists_are_one_sentence(tmp_path, lists, one_sentence):
    (tmp_path / run_lists.LISTS_FILE).write_text(json.dumps(lists))
    with pytest.raises(InputError, match=r"lists\.json cannot be read: ") as refusal:
        run_lists.read(tmp_path)
    one_sentence(str(refusal.value))


def test_a_batch_that_no_memory_holds_is_refused(run):
    for field in ("frames", "height", "width"):
        edited(run, f"config.data.{field}", 9000)
    with pytest.raises(InputError, match=r"run\.json .*--config.train.batch_size=.* GB"):
        run_folder.read_config(run)
