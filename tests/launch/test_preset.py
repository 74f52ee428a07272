"""A run becomes a preset, a preset the start of a run; the page says what the cards say."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from launch.preset import preset_of, write_page
from launch.run import run_folder
from launch.run.model import load_run, with_preset
from launch.train import train
from launch.weights.checksum import save_weights
from tests.launch.pairs_on_disk import write_pairs
from tests.made_preset import CARD, NAME, make_preset, random_layer
from tests.textures import moving_clip
from tvnet_keras import TVNet, presets
from tvnet_keras.errors import InputError
from tvnet_keras.flow.io import read_flo
from tvnet_keras.scoring.result import Result, save_result

NEW = "tvnet-2-1-4-trained"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_pairs(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="module")
def trained(tiny, root, tmp_path_factory):
    """A run of two steps that began with a preset, and its configuration. Tests only read it."""
    folder = tmp_path_factory.mktemp("run")
    data = {"dataset": "middlebury", "root": str(root), "height": 24, "width": 32, "flip": False}
    model = {"preset": NAME, "learn": ("kernels", "theta")}
    with pytest.MonkeyPatch.context() as patch:
        make_preset(folder / "presets", patch)
        config = tiny("tvnet_flow", data=data, model=model, train={"steps": 2, "batch_size": 2, "lr": 1e-3})
        train(config, folder / "run")
    return folder / "run", config


@pytest.fixture
def folder(trained, tmp_path, monkeypatch):
    """Another folder of presets, which holds the one that the run began with, and a place where pages are written."""
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    make_preset(tmp_path / "presets", monkeypatch)
    return tmp_path / "presets"


def test_a_training_starts_from_the_preset_and_its_record_says_so(trained, folder):
    run, made = trained[0], random_layer()
    model = json.loads((run / "run.json").read_text())["config"]["model"]
    assert {key: model[key] for key in ("preset", "scales", "warps", "iterations")} == {
        "preset": NAME,
        "scales": 2,
        "warps": 1,
        "iterations": 4,
    }
    layer = load_run(run)[1].motion
    moved = np.abs(np.asarray(layer.kernels) - np.asarray(made.kernels)).max()
    # Two steps of Adam at a rate of 1e-3 go no further than that; the untrained kernels are 5e-2 away.
    assert 0 < moved < 3e-3
    assert float(layer.scalars[0]) == float(made.scalars[0])


def test_the_same_flags_go_on_with_the_run_and_other_numbers_do_not(trained, folder):
    run, config = trained
    assert run_folder.claim(run, with_preset(config))["results"] == run_folder.read(run)["results"]
    other = dataclasses.replace(config, model=dataclasses.replace(config.model, preset="", scales=2))
    with pytest.raises(InputError, match=f"--config.model.preset was '{NAME}', is ''"):
        run_folder.claim(run, with_preset(other))


@pytest.mark.slow
def test_an_export_holds_what_was_learned(here, trained, folder, tmp_path):
    run, _ = trained
    assert here("export", f"--run={run}", f"--output_dir={tmp_path}/export").code == 0
    pair = write_images(tmp_path)
    solvers = f"--solver={tmp_path}/export,tvnet-2-1-4"
    outcome = here("flow", solvers, f"--weights={run}", f"--output_dir={tmp_path}/flow", *pair)
    assert outcome.code == 0, outcome.error
    one, other = (read_flo(tmp_path / f"flow/{label}/0.flo") for label in ("export", "tvnet-2-1-4"))
    np.testing.assert_allclose(one, other, atol=1e-3)


def write_images(place):
    files = []
    for number, frame in enumerate(np.rint(255 * moving_clip(2, 24, 32, (1.5, -0.6))[0]).astype("uint8")):
        files.append(place / f"{number}.png")
        Image.fromarray(frame).save(files[-1])
    return files


def test_a_run_becomes_a_preset_with_its_card(here, trained, folder):
    run, config = trained
    outcome = here("preset", f"--run={run}", f"--name={NEW}", "--limits=Small | motion.")
    assert outcome.code == 0 and f"written: {folder}/{NEW}.npz" in outcome.out, outcome.error
    preset, layer = presets.load(NEW), load_run(run)[1].motion
    np.testing.assert_array_equal(preset.weights["kernels"], layer.kernels)
    clip = np.rint(255 * moving_clip(2, 40, 51, (1.5, -0.6))).astype("uint8")
    np.testing.assert_array_equal(TVNet.from_preset(NEW)(clip), layer(clip))
    card, record = preset.card, run_folder.read(run)
    assert {key: card[key] for key in ("seed", "commit", "versions", "results")} == {
        key: record[key] for key in ("seed", "commit", "versions", "results")
    }
    assert card["samples"] == 3 and card["config"]["train"]["steps"] == 2 and card["limits"] == "Small | motion."
    # A folder of this machine says nothing to others.
    assert card["config"]["data"]["root"] == config.data.root.rpartition("/")[2] and "/tmp" not in json.dumps(card)
    page = (folder.parent / "docs/presets.md").read_text()
    assert f"## {NEW}\n" in page and "| limits | Small \\| motion. |" in page
    assert "3 samples of middlebury, 24 x 32" in page


def test_a_preset_is_not_replaced_unasked(here, trained, folder):
    run, _ = trained
    before = (folder / f"{NAME}.npz").read_bytes()
    said = here("preset", f"--run={run}", f"--name={NAME}").sentence()
    assert f"--name={NAME} is a preset already" in said and "--replace" in said
    assert (folder / f"{NAME}.npz").read_bytes() == before
    assert here("preset", f"--run={run}", f"--name={NAME}", "--replace").code == 0
    assert presets.load(NAME).card["samples"] == 3


def test_numbers_are_added_to_a_card_later(here, trained, folder):
    run, _ = trained
    assert here("preset", f"--run={run}", f"--name={NEW}", "--limits=Small motion.").code == 0
    before = presets.load(NEW)
    result = Result("flow", "preset", 0, {}, {"pairs": 8}, "abc", {"cores": 2}, {"epe": 0.4321}, {"TVNet": 1})
    file = save_result(folder.parent / "results", result)
    assert here("preset", f"--name={NEW}", f"--result={file}").code == 0
    after = presets.load(NEW)
    assert after.fingerprint == before.fingerprint and after.card["limits"] == "Small motion."
    assert after.card["measured"] == {"flow/preset-seed0": {"numbers": {"epe": 0.4321}, "protocol": {"pairs": 8}}}
    assert "| flow/preset-seed0 | epe 0.4321 |" in (folder.parent / "docs/presets.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give --name=NAME, with --run=RUN"),
        (("--page", f"--name={NEW}"), "or --page alone"),
        ((f"--name={NEW}",), f"The preset is '{NEW}', which is not one of {NAME}"),
        (("--name=tvnet-5-5-50-trained", "--run={run}"), "must begin with tvnet-2-1-4-"),
        (("--name=tvnet-2-1-4-Trained", "--run={run}"), "must be small letters"),
        ((f"--name={NEW}", "--run=nowhere"), "nowhere holds no run"),
        ((f"--name={NAME}", "--result=docs/none-seed0.json"), "none-seed0.json is no"),
    ],
)
def test_a_mistake_is_one_sentence_and_writes_nothing(here, trained, folder, arguments, said):
    arguments = [argument.format(run=trained[0]) for argument in arguments]
    assert said in here("preset", *arguments).sentence()
    assert presets.names() == (NAME,) and presets.load(NAME).card == CARD
    assert not (folder.parent / "docs/presets.md").exists()


def test_runs_without_a_tvnet_and_with_a_learned_initial_flow_make_no_preset(trained, folder, monkeypatch):
    run = shutil.copytree(trained[0], folder.parent / "run")
    _, model, _ = load_run(run)
    model.motion.u0.assign(model.motion.u0 + 1)
    save_weights(model, run / "model.weights.h5")
    with pytest.raises(InputError, match=f"--name={NEW} make no preset: u0 of a preset is zero"):
        preset_of(run, NEW)
    monkeypatch.setattr("launch.preset.motion_of", lambda model: None)
    with pytest.raises(InputError, match=f"--run={run} has no TVNet"):
        preset_of(run, NEW)


def test_the_flow_of_a_preset_through_the_command_line(here, trained, folder):
    pair = write_images(folder.parent)
    out = folder.parent / "flow"
    outcome = here("flow", "--solver=tvnet-2-1-4,dis", "--weights=preset", f"--output_dir={out}", "--measure", *pair)
    assert outcome.code == 0, outcome.error
    assert json.loads((out / "metrics.json").read_text())["protocol"]["weights"] == NAME
    frames = np.stack([np.asarray(Image.open(file)) for file in pair])
    expected = np.asarray(random_layer()(frames[None]))[0, 0]
    np.testing.assert_allclose(read_flo(out / "tvnet-2-1-4/0.flo"), expected, atol=1e-3)
    said = here("flow", "--solver=tvnet-1-1-7", "--weights=preset", f"--output_dir={out}", *pair).sentence()
    assert f"--weights=preset finds no preset of tvnet-1-1-7; there is {NAME} of tvnet-2-1-4" in said


def test_the_page_in_the_repository_is_that_of_its_presets(repository, tmp_path):
    assert write_page(tmp_path / "presets.md").read_text() == (repository / "docs/presets.md").read_text()


def test_the_page_without_a_preset_says_so_and_marks_those_of_other_mathematics(here, trained, folder, monkeypatch):
    run, _ = trained
    assert here("preset", f"--run={run}", f"--name={NAME}", "--replace").code == 0
    page = folder.parent / "docs/presets.md"
    assert "There is no preset yet." not in page.read_text() and "†" not in page.read_text()
    monkeypatch.setattr(TVNet, "SOLVER_VERSION", 99)
    assert f"## {NAME} †" in write_page(page).read_text()
    monkeypatch.setattr("tvnet_keras.presets.preset.FOLDER", folder.parent / "none")
    assert "There is no preset yet." in write_page(page).read_text()
