"""launch.flow: files, tables and errors for data sets and for a user's own frames."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from launch import flow as launch_flow
from launch.flow_report import inputs
from launch.flow_report.comparison import PairProtocol, compare, read_pair, solve_pair
from launch.flow_report.pictures import longest_of
from launch.flow_report.tables import summarise
from tvnet_keras.errors import InputError
from tvnet_keras.flow.io import UNKNOWN, read_flo
from tvnet_keras.flow.measure import mean_end_point_error
from tvnet_keras.flow.pairs import Pair, load


def square(u: int = 2, size: int = 48, seed: int = 0) -> Pair:
    """A texture that moves right by whole pixels."""
    first = np.random.default_rng(seed).integers(0, 256, (size // 8, size // 8, 3), np.uint8)
    first = np.asarray(Image.fromarray(first).resize((size, size)))
    truth = np.broadcast_to(np.array([u, 0], np.float32), (size, size, 2)).copy()
    truth[:, :4] = UNKNOWN
    return Pair(f"scene/move_{u}", lambda: np.stack([first, np.roll(first, u, axis=1)]), lambda: truth)


def exact(frames: np.ndarray) -> np.ndarray:
    """A solver that knows the answer for `square(2)`."""
    return np.broadcast_to(np.array([2, 0], np.float32), (*frames.shape[1:3], 2)).copy()


@pytest.mark.slow
def test_the_command_of_the_paper_table(launcher, shared_data, tmp_path):
    outcome = launcher(
        "flow", "--solver=tvnet-1-1-10", "--variant=official", "--dataset=middlebury",
        f"--data_dir={shared_data}/middlebury", f"--output_dir={tmp_path}",
    )  # fmt: skip
    assert outcome.code == 0, outcome.error
    assert "3.880" in outcome.out and "4.194" in outcome.out and "8/8" in outcome.error
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["mean_epe"] == pytest.approx(3.880, abs=1e-3)
    assert metrics["mean_epe_zero"] == pytest.approx(4.194, abs=1e-3)
    assert metrics["protocol"]["variant"] == "official" and metrics["protocol"]["size"] == "native"
    assert {"machine", "versions", "commit", "seconds_per_pair", "mean_photometric"} <= set(metrics)
    assert len(metrics["pairs"]) == 8
    for pair in load("middlebury", shared_data / "middlebury"):
        written = mean_end_point_error(read_flo(tmp_path / f"tvnet-1-1-10/{pair.name}.flo"), pair.truth())
        assert metrics["pairs"][pair.name]["solvers"]["tvnet-1-1-10"]["epe"] == pytest.approx(written)
        for label in ("truth", "tvnet-1-1-10"):
            with Image.open(tmp_path / label / f"{pair.name}.png") as picture:
                assert picture.size == pair.truth().shape[1::-1]
    with Image.open(tmp_path / "contact_sheet.png") as sheet:
        assert sheet.width > 3 * 320 and sheet.height > 8 * 200


def test_the_released_protocol(launcher, shared_data, tmp_path):
    outcome = launcher(
        "flow", "--solver=tvnet-1-1-10,dis", "--variant=official", "--dataset=middlebury", "--size=240,240",
        "--unknown=zero", f"--data_dir={shared_data}/middlebury", f"--output_dir={tmp_path}",
    )  # fmt: skip
    assert outcome.code == 0, outcome.error
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["solvers"]["tvnet-1-1-10"]["mean_epe"] == pytest.approx(1.498, abs=2e-3)
    assert metrics["mean_epe_zero"] == pytest.approx(1.859, abs=1e-3)
    assert metrics["solvers"]["dis"]["mean_epe"] < 0.5 and metrics["protocol"]["unknown"] == "zero"
    assert read_flo(tmp_path / "dis/Venus.flo").shape == (240, 240, 2)


def test_two_images_without_truth(launcher, tmp_path):
    for number, frame in enumerate(square().frames()):
        Image.fromarray(frame).save(tmp_path / f"{number}.png")
    outcome = launcher(
        "flow", "--solver=dis", "--measure", f"--output_dir={tmp_path}/new/out", tmp_path / "0.png", tmp_path / "1.png"
    )
    assert outcome.code == 0, outcome.error
    metrics = json.loads((tmp_path / "new/out/metrics.json").read_text())
    assert "mean_epe" not in metrics and metrics["mean_photometric"] < metrics["mean_photometric_zero"] / 2
    assert np.median(read_flo(tmp_path / "new/out/dis/0.flo")[8:-8, 8:-8, 0]) == pytest.approx(2, abs=0.1)
    assert not (tmp_path / "new/out/truth").exists()


@pytest.mark.slow
def test_a_trained_run_and_its_export_give_one_flow(launcher, finished_run, shapes, tmp_path):
    assert launcher("export", f"--run={finished_run}", f"--output_dir={tmp_path}/export").code == 0
    outcome = launcher(
        "flow", f"--solver=tvnet-1-1-4,{tmp_path}/export", f"--weights={finished_run}", "--dataset=moving_shapes",
        f"--data_dir={shapes}", f"--output_dir={tmp_path}/flow",
    )  # fmt: skip
    assert outcome.code == 0, outcome.error
    metrics = json.loads((tmp_path / "flow/metrics.json").read_text())
    assert metrics["protocol"]["pairs"] == metrics["protocol"]["pairs_with_truth"] == 12
    layer, export = (metrics["solvers"][label]["mean_epe"] for label in ("tvnet-1-1-4", "export"))
    assert layer == pytest.approx(export, abs=1e-4)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--solver=tvnett-1-1-50", "a.png", "b.png"], "Did you mean 'tvnet'"),
        (["--solver=dis", "a.png", "b.png"], "a.png is missing"),
        (["--solver=dis"], "Give either --dataset"),
        (["--solver=dis", "--dataset=sintell", "--data_dir=."], "Did you mean 'sintel'"),
        (["--solver=dis", "--unknown=none", "a.png", "b.png"], "--unknown is 'none'"),
        (["--solver=dis", "--dataset=sintel", "--data_dir=.", "a.png"], "Give either --dataset"),
        (["--solver=dis", "--write=gif", "a.mp4"], "--write is 'gif'"),
        (["--solver=dis", "--write=flo", "--beside", "a.mp4"], "--beside is about the video"),
        (["--solver=dis", "--write=flo", "--dataset=sintel", "--data_dir=."], "--write=flo does not go with"),
        (["--solver=dis", "--scale=3", "--measure", "a.mp4"], "--scale=3.0 does not go with --measure"),
        (["--solver=dis", "--stride=2", "--dataset=sintel", "--data_dir=."], "--stride=2 does not go with --dataset"),
        (["--solver=dis", "--pairs=a", "a.mp4"], "--pairs=a needs --dataset or --measure"),
        (["--solver=dis", "--end=1", "a.mp4"], "take fewer than two frames"),
        (["--solver=dis", "--start=-1", "a.mp4"], "start"),
        (["--variant=official", "a.mp4"], "--variant=official belongs to none of --solver=tvnet-5-5-50-generated"),
    ],
)
def test_a_mistake_is_one_sentence(here, tmp_path, arguments, said):
    assert said in here("flow", f"--output_dir={tmp_path}/out", *arguments).sentence()
    assert not (tmp_path / "out").exists()


def test_frames_beside_the_flow_of_images_need_a_video(here, tmp_path):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (48, 32)).save(tmp_path / name)
    command = (
        "flow",
        "--solver=dis",
        f"--output_dir={tmp_path}/out",
        "--beside",
        tmp_path / "a.png",
        tmp_path / "b.png",
    )
    assert "--beside is about the video, and of images" in here(*command).sentence()
    assert not (tmp_path / "out").exists()
    assert here(*command, "--write=video").code == 0 and (tmp_path / "out/dis/a.mp4").exists()


@pytest.mark.parametrize(
    ("names", "options", "said"),
    [
        ([], {}, "--solver= is empty"),
        (["dis", "dis"], {}, "would write to the folder 'dis'"),
        (["dis"], {"variant": "official"}, "--variant=official belongs to none of --solver=dis"),
        (["dis", "tvnet-1-1-4"], {"weights": "nowhere.weights.h5"}, "nowhere.weights.h5 cannot be read"),
    ],
)
def test_solvers_that_do_not_go_together_are_refused(names, options, said, one_sentence):
    with pytest.raises(InputError) as caught:
        inputs.make_solvers(names, **options)
    assert said in one_sentence(str(caught.value))


@pytest.mark.parametrize("words", [["240"], ["240", "0"], ["240", "-1"], ["a", "b"], ["1", "2", "3"]])
def test_a_size_is_two_numbers(words):
    with pytest.raises(InputError, match="HEIGHT,WIDTH"):
        launch_flow.parse_size(words)


def test_frames_that_would_take_too_much_memory_are_refused_unless_they_are_shrunk(one_sentence):
    with pytest.raises(InputError) as caught:
        read_pair(square(2, 48), PairProtocol(max_pixels=2000))
    assert "scene/move_2 has 48 x 48 pixels, more than --max_pixels=2000; shrink" in one_sentence(str(caught.value))
    assert read_pair(square(2, 48), PairProtocol((40, 50), max_pixels=2000))[0].shape == (2, 40, 50, 3)


def test_frames_of_4k_are_taken_and_others_when_asked_for(launcher, tmp_path):
    Image.new("L", (3000, 3000)).save(tmp_path / "a.png")
    files = [tmp_path / "a.png"] * 2
    said = launcher("flow", "--solver=dis", f"--output_dir={tmp_path}/out", *files).sentence()
    assert "has 3000 x 3000 pixels, more than --max_pixels=8388608" in said
    assert not (tmp_path / "out").exists() and launch_flow.MAX_PIXELS.default >= 3840 * 2160


def test_a_size_has_a_limit():
    with pytest.raises(InputError, match="--size=10000,10000 has more than 33554432 pixels"):
        launch_flow.parse_size(["10000", "10000"])
    assert launch_flow.parse_size(["4320", "7680"]) == (4320, 7680)


def test_the_pairs_of_a_data_set_need_its_folder_and_its_options(tmp_path):
    with pytest.raises(InputError, match="needs --data_dir"):
        inputs.list_pairs("sintel", "", None)
    with pytest.raises(InputError, match="--render=final does not belong to --dataset=middlebury"):
        inputs.list_pairs("middlebury", str(tmp_path), "final")


def test_pairs_are_chosen_by_name():
    listed = (square(1), square(2), square(3))
    assert inputs.choose_pairs(listed, []) == listed
    assert inputs.choose_pairs(listed, ["scene/move_3", "scene/move_1"]) == (listed[2], listed[0])
    with pytest.raises(InputError, match="Did you mean 'scene/move_2'"):
        inputs.choose_pairs(listed, ["scene/moove_2"])


def test_errors_against_a_known_answer(tmp_path):
    metrics = compare([square(2), square(5)], {"exact": exact}, tmp_path, PairProtocol(), {"dataset": "made"})
    rows = metrics["pairs"]
    assert rows["scene/move_2"]["solvers"]["exact"]["epe"] == 0
    assert rows["scene/move_5"]["solvers"]["exact"]["epe"] == pytest.approx(3)
    assert metrics["mean_epe"] == pytest.approx(1.5) and metrics["mean_epe_zero"] == pytest.approx(3.5)
    assert rows["scene/move_2"]["known"] == pytest.approx(44 / 48)
    counted = compare([square(2)], {"exact": exact}, tmp_path, PairProtocol(unknown="zero"), {})
    assert counted["mean_epe"] == pytest.approx(2 * 4 / 48) and counted["mean_epe_zero"] == pytest.approx(2 * 44 / 48)
    half = compare([square(2)], {"exact": exact}, tmp_path, PairProtocol(size=(24, 24)), {})
    assert half["mean_epe_zero"] == pytest.approx(1) and half["protocol"]["size"] == [24, 24]


def test_truth_and_estimate_share_one_scale(tmp_path):
    compare([square(5)], {"exact": exact}, tmp_path, PairProtocol(), {})
    truth, flow = (np.asarray(Image.open(tmp_path / label / "scene/move_5.png")) for label in ("truth", "exact"))
    assert truth[20, 20].tolist() == [255, 0, 0], "the longest vector is saturated"
    assert (truth[20, 2] == 0).all(), "unknown is black"
    assert flow[20, 20].tolist() == pytest.approx([255, 153, 153], abs=1), "two fifths of the scale"


def test_the_scale_without_truth_ignores_outliers():
    flow = np.ones((20, 20, 2), np.float32)
    flow[0, 0] = 1e4
    assert longest_of(None, [flow]) == pytest.approx(np.sqrt(2), rel=1e-5)
    assert longest_of(None, [np.zeros((4, 4, 2))]) == 1.0


def test_solvers_are_timed_warm():
    calls = []

    def counted(frames):
        calls.append(frames.shape)
        return exact(frames)

    warm: set = set()
    for size in (48, 48, 32):
        solve_pair(square(2, size).frames(), {"one": counted}, warm)
    assert [shape[1] for shape in calls] == [48, 48, 48, 32, 32]


def test_means_are_over_pairs_with_truth():
    rows = {
        "known": {
            "photometric_zero": 4.0,
            "epe_zero": 2.0,
            "solvers": {"a": {"epe": 1.0, "photometric": 2.0, "seconds": 1.0}},
        },
        "unknown": {"photometric_zero": 8.0, "solvers": {"a": {"photometric": 4.0, "seconds": 3.0}}},
    }
    summary = summarise(rows, ["a"])
    assert (summary["mean_epe"], summary["mean_epe_zero"]) == (1.0, 2.0)
    assert (summary["mean_photometric"], summary["mean_photometric_zero"], summary["seconds_per_pair"]) == (
        3.0,
        6.0,
        2.0,
    )


def test_a_truth_of_another_size_is_refused():
    pair = Pair("odd", square(2).frames, lambda: np.zeros((47, 48, 2), np.float32))
    with pytest.raises(InputError, match="exact flow of odd has 48 x 47 pixels"):
        read_pair(pair, PairProtocol())


def test_an_unwritable_folder_is_one_sentence(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="Cannot write"):
        compare([square()], {"exact": exact}, tmp_path / "file", PairProtocol(), {})
