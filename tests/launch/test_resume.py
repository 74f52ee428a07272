"""A run that goes on is the run that was begun: from its own weights, on its own lists."""

import dataclasses
import json
import shutil

import keras
import numpy as np
import pytest

import models.encoders.small
from launch.run import run_folder, run_lists
from launch.run.config import EvalConfig, to_dict
from launch.run.data import list_source
from launch.run.model import load_run
from launch.run.monitor import Monitor
from launch.train import train
from tests.launch.interruption import interrupted
from tvnet_keras.errors import InputError


def weights(folder):
    """The saved weights of a run."""
    return [keras.ops.convert_to_numpy(weight) for weight in load_run(folder)[1].weights]


def assert_same_run(left, right):
    """Two runs ended with the same numbers and weights."""
    results = [run_folder.read(folder)["results"] for folder in (left, right)]
    assert results[0].keys() == results[1].keys()
    for name in set(results[0]) - {"first_step_s"}:
        assert results[0][name] == pytest.approx(results[1][name], rel=1e-4, abs=1e-6), name
    for one, other in zip(weights(left), weights(right), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("kind", ["run", pytest.param("file", marks=pytest.mark.slow)])
def test_a_run_goes_on_without_the_weights_that_it_started_from(tiny, rgb_run, tmp_path, kind, capsys):
    source = shutil.copytree(rgb_run, tmp_path / "source")
    source = source if kind == "run" else source / run_folder.WEIGHTS_FILE
    training = {"steps": 6, "checkpoint_every": 2}
    config = tiny("rgb", init_from=str(source), seed=1, train=training, model={"dropout": 0.3})
    train(config, tmp_path / "whole")
    assert "Started from" in capsys.readouterr().out
    interrupted(config, tmp_path / "halves", steps=3)
    shutil.rmtree(tmp_path / "source")
    capsys.readouterr()
    train(config, tmp_path / "halves")
    said = capsys.readouterr().out
    assert "going on from step 2" in said and "Started from" not in said
    assert_same_run(tmp_path / "whole", tmp_path / "halves")


@pytest.mark.slow
def test_a_run_goes_on_without_the_network(tiny, tmp_path, monkeypatch):
    downloads = []

    def downloaded():
        downloads.append(1)
        if len(downloads) > 2:
            raise OSError("no network")
        return keras.Model(*(lambda image: (image, image))(keras.Input((32, 32, 3))))

    monkeypatch.setattr(models.encoders.small, "imagenet", downloaded, raising=False)
    config = tiny("rgb", init_from="imagenet", train={"steps": 4, "checkpoint_every": 2})
    train(config, tmp_path / "whole")
    interrupted(config, tmp_path / "halves", steps=3)
    assert len(downloads) == 2
    train(config, tmp_path / "halves")
    assert_same_run(tmp_path / "whole", tmp_path / "halves")
    with pytest.raises(InputError, match="could not be downloaded: no network"):
        train(config, tmp_path / "another")


@pytest.fixture(scope="module")
def place(tiny, shapes, tmp_path_factory):
    """A folder with a copy of the set in `data` and a run on it, killed after two steps, in `run`; copies of both."""
    place = tmp_path_factory.mktemp("resume")
    shutil.copytree(shapes, place / "data")
    interrupted(configuration(tiny, place / "data"), place / "run", steps=2)
    for name in ("data", "run"):
        shutil.copytree(place / name, place / f"{name} as it was")
    return place


def configuration(tiny, root):
    return tiny("rgb", data={"root": str(root)}, train={"steps": 4, "checkpoint_every": 1})


@pytest.fixture
def root(place):
    """The set, which a test may change."""
    shutil.rmtree(place / "data")
    return shutil.copytree(place / "data as it was", place / "data")


@pytest.fixture
def begun(place, tiny, root):
    """The run, which a test may go on with, and its configuration."""
    shutil.rmtree(place / "run")
    return shutil.copytree(place / "run as it was", place / "run"), configuration(tiny, root)


def new_video(root):
    shutil.copy(root / "videos/MoveUp/v_MoveUp_g01_c01.avi", root / "videos/MoveUp/v_MoveUp_g09_c01.avi")
    edit(root / "splits/trainlist01.txt", lambda text: text + "MoveUp/v_MoveUp_g09_c01.avi 3\n")


def edit(path, change):
    path.write_text(change(path.read_text()))


def swapped(text):
    """A list whose first two lines have changed places."""
    first, second, *rest = text.splitlines(keepends=True)
    return "".join([second, first, *rest])


def classes_swapped(root):
    names = [line.split()[1] for line in (root / "splits/classInd.txt").read_text().splitlines()]
    names[:2] = names[1::-1]
    (root / "splits/classInd.txt").write_text("".join(f"{k} {name}\n" for k, name in enumerate(names, 1)))
    edit(root / "splits/trainlist01.txt", lambda text: "".join(f"{line.split()[0]}\n" for line in text.splitlines()))


def moved_to_another_class(root):
    shutil.move(root / "videos/MoveUp/v_MoveUp_g01_c01.avi", root / "videos/MoveDown/v_MoveUp_g01_c01.avi")
    edit(root / "splits/trainlist01.txt", lambda text: "".join(
        line.split()[0].replace("MoveUp/v_MoveUp_g01", "MoveDown/v_MoveUp_g01") + "\n" for line in text.splitlines()
    ))  # fmt: skip


CHANGES = {
    "new": (new_video, "list of train samples has changed .*: v_MoveUp_g09_c01 is new"),
    "gone": (
        lambda root: edit(root / "splits/testlist01.txt", lambda text: "".join(text.splitlines(keepends=True)[1:])),
        "list of test samples has changed .*: v_[A-Za-z]+_g04_c01 is gone",
    ),
    "order": (
        lambda root: edit(root / "splits/trainlist01.txt", swapped),
        r"list of train samples has changed .* stands at another place \(2 such\)",
    ),
    "label": (moved_to_another_class, r"train samples has changed .*: v_MoveUp_g01_c01 has another label \(1 such\)"),
    "classes": (classes_swapped, r"list of classes has changed .*: MoveRight stands at another place \(2 such\)"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_list_is_refused_by_name(begun, root, change, one_sentence):
    folder, config = begun
    before = {name: (folder / name).read_bytes() for name in (run_folder.RUN_FILE, run_lists.LISTS_FILE)}
    alter, message = CHANGES[change]
    alter(root)
    with pytest.raises(InputError, match=message) as refusal:
        train(config, folder)
    one_sentence(str(refusal.value))
    # What the run has learned from, its classes above all, is what it says.
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_the_same_lists_go_on(begun, tmp_path):
    folder, config = begun
    train(config, tmp_path / "whole")
    train(config, folder)
    assert_same_run(folder, tmp_path / "whole")


def test_a_run_of_an_earlier_version_goes_on_and_keeps_its_classes(begun, root):
    folder, config = begun
    (folder / run_lists.LISTS_FILE).unlink()
    before = run_folder.read(folder)["class_names"]
    classes_swapped(root)
    with pytest.raises(InputError, match="list of classes has changed .*: MoveRight stands at another place"):
        train(config, folder)
    assert run_folder.read(folder)["class_names"] == before
    classes_swapped(root)
    train(config, folder)
    assert run_folder.read(folder)["class_names"] == before
    assert len(run_lists.read(folder)["train samples"]) == 36


def test_a_run_whose_logs_are_gone_is_still_no_other_run(begun, tiny):
    folder, _ = begun
    shutil.rmtree(folder / run_folder.LOGS_DIR)
    with pytest.raises(InputError, match="holds a run of another configuration"):
        train(tiny("rgb", train={"lr": 0.5}), folder)


def test_workers_and_console_lines_may_change(begun, tiny, root):
    folder, config = begun
    config.data.workers, config.train.log_every = 1, 50
    train(config, folder)
    assert run_folder.read(folder)["results"]["validation_top1"] <= 1


FREE = {"train.log_every": 50, "train.patience": 3, "data.workers": 3, "data.missing": "report"}
FREE |= {
    "eval.clips": 3,
    "eval.crops": 5,
    "eval.sampling": "dense",
    "eval.stride": 2,
    "eval.batch_size": 5,
    "eval.seed": 1,
}
FREE |= {"eval.measures": ("classes",), "eval.flow_size": "training"}


def test_every_setting_of_the_test_may_change():
    fields = {f"eval.{field.name}" for field in dataclasses.fields(EvalConfig)}
    assert fields == {path for path in FREE if path.startswith("eval.")}


def with_value(config, path, value):
    section, name = path.split(".")
    return dataclasses.replace(
        config, **{section: dataclasses.replace(getattr(config, section), **{name: value})}
    )  # fmt: skip


@pytest.mark.parametrize("path", FREE)
def test_what_changes_no_training_may_change(begun, path):
    folder, config = begun
    changed = with_value(config, path, FREE[path])
    assert run_folder.claim(folder, changed)["config"] == to_dict(changed)


@pytest.mark.parametrize(
    ("path", "value"),
    [("data.step", 2), ("data.short", "clamp"), ("data.root", "elsewhere"), ("data.root", ""), ("data.cache", "cache"),
     ("data.validation", 0.3), ("data.portion", 0.5), ("train.validate_every", 1), ("train.ema", 0.5),
     ("train.lr_factor", 0.5), ("model.dropout", 0.1)],
)  # fmt: skip
def test_everything_else_is_refused_by_name(begun, path, value):
    folder, config = begun
    with pytest.raises(InputError, match=f"another configuration .--config.{path} was .*, is {value!r}"):
        run_folder.claim(folder, with_value(config, path, value))


def test_a_data_root_may_be_spelled_otherwise(begun, root, tmp_path, monkeypatch):
    folder, config = begun
    (tmp_path / "link").symlink_to(root)
    monkeypatch.chdir(root.parent)
    spellings = [
        f"{root}/",
        f"{root.parent}/./data",
        str(tmp_path / "link"),
        "data",
        "./data",
        f"../{root.parent.name}/data",
    ]
    for spelling in spellings:
        run_folder.claim(folder, with_value(config, "data.root", spelling))
    # What was relative is meant as it was where the run began.
    run = run_folder.claim(folder, with_value(config, "data.root", "data"))
    run_folder.write(folder, run)
    monkeypatch.chdir(tmp_path)
    run_folder.claim(folder, config)
    with pytest.raises(InputError, match="--config.data.root was .data., is .data.other."):
        run_folder.claim(folder, with_value(config, "data.root", "data/other"))


def test_a_run_says_what_it_goes_on_with_and_ends_as_the_whole_one(begun, tmp_path):
    folder, config = begun
    train(config, tmp_path / "whole")
    changed = with_value(with_value(config, "data.root", f"{config.data.root}/"), "eval.batch_size", 5)
    changed = with_value(with_value(changed, "data.missing", "report"), "data.workers", 1)
    train(changed, folder)
    assert run_folder.read_config(folder) == changed
    assert_same_run(folder, tmp_path / "whole")


def test_a_run_killed_after_its_last_checkpoint_keeps_its_numbers(begun, tmp_path, monkeypatch):
    folder, config = begun
    train(config, tmp_path / "whole")

    def killed(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Monitor, "validation", killed)
        train(config, folder)
    train(config, folder)
    assert {"class", "loss", "accuracy", "gradient_norm", "first_step_s"} <= run_folder.read(folder)["results"].keys()
    assert_same_run(folder, tmp_path / "whole")


def test_damaged_lists_are_named(begun, one_sentence):
    folder, config = begun
    (folder / run_lists.LISTS_FILE).write_text("{")
    with pytest.raises(InputError, match=r"lists\.json cannot be read") as refusal:
        train(config, folder)
    one_sentence(str(refusal.value))


def test_a_video_that_breaks_meanwhile_stops_the_run_by_name(begun, root, one_sentence):
    # Without it every batch would be another one, and nobody would be told.
    folder, config = begun
    video = root / "videos/MoveUp/v_MoveUp_g02_c01.avi"
    content = video.read_bytes()
    video.write_bytes(b"")
    with pytest.raises(InputError, match="cannot be read"):
        train(config, folder)
    with pytest.raises(InputError, match="skipped train samples has changed .*: v_MoveUp_g02_c01 is new") as refusal:
        train(config, folder, skip_unreadable=True)
    one_sentence(str(refusal.value))
    video.write_bytes(content)
    train(config, folder)


@pytest.mark.slow
def test_a_run_without_a_broken_video_goes_on_without_it(tiny, root, tmp_path):
    video = root / "videos/MoveUp/v_MoveUp_g02_c01.avi"
    content = video.read_bytes()
    video.write_bytes(b"")
    config = configuration(tiny, root)
    train(config, tmp_path / "whole", skip_unreadable=True)
    interrupted(config, tmp_path / "run", steps=2, skip_unreadable=True)
    assert run_lists.read(tmp_path / "run")["skipped train samples"] == [["v_MoveUp_g02_c01", -1]]
    # Mended, it would take part from here on.
    video.write_bytes(content)
    with pytest.raises(InputError, match="skipped train samples has changed .*: v_MoveUp_g02_c01 is gone"):
        train(config, tmp_path / "run")
    video.write_bytes(b"")
    train(config, tmp_path / "run", skip_unreadable=True)
    assert_same_run(tmp_path / "run", tmp_path / "whole")


def test_a_start_that_failed_on_its_data_keeps_no_lists(tiny, root, tmp_path):
    config = tiny("rgb", data={"root": str(root)}, train={"steps": 1})
    video = root / "videos/MoveUp/v_MoveUp_g02_c01.avi"
    video.write_bytes(b"")
    with pytest.raises(InputError, match="cannot be read"):
        train(config, tmp_path / "run")
    edit(root / "splits/trainlist01.txt", lambda text: "".join(
        line for line in text.splitlines(keepends=True) if "v_MoveUp_g02" not in line
    ))  # fmt: skip
    train(config, tmp_path / "run")
    kept = run_lists.read(tmp_path / "run")
    assert len(kept["train samples"]) == 35 and kept["skipped train samples"] == []


def test_lists_are_kept_as_they_are_listed(begun):
    folder, config = begun
    kept = json.loads((folder / run_lists.LISTS_FILE).read_text())
    for subset in ("train", "test"):
        source = list_source(config, subset)
        assert [tuple(entry) for entry in kept[f"{subset} samples"]] == list(source.names)
    assert [name for name, _ in kept["classes"]] == run_folder.read(folder)["class_names"]
