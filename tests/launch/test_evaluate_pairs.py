"""A network trained on pairs, and a classifier, measured on pairs in every layout by the command that a user types."""

import json
import shutil

import numpy as np
import pytest

from launch.evaluate import evaluate, lines_of
from launch.run import environment, run_folder
from launch.run.run_folder import read_config
from tests.launch.pairs_on_disk import MOTIONS, write_chairs, write_kitti_pairs, write_pairs, write_sintel
from tvnet_keras.errors import InputError

LAYOUTS = {
    "middlebury": write_pairs,
    "flyingchairs": write_chairs,
    "sintel": write_sintel,
    "kitti": write_kitti_pairs,
}
STILL = np.mean([np.hypot(*velocity) for _, _, velocity in MOTIONS.values()])
"""End-point error of zero flow."""


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    """The pairs in every layout."""
    folder = tmp_path_factory.mktemp("pairs")
    return {name: write(folder / name) for name, write in LAYOUTS.items()}


@pytest.fixture(scope="module")
def flow_run(launcher, roots, tmp_path_factory):
    """The folder of a run of TVNet alone on FlyingChairs' layout, by its real command."""
    folder = tmp_path_factory.mktemp("run") / "flow"
    options = {"model.iterations": 3, "data.root": roots["flyingchairs"], "data.height": 16, "data.width": 24}
    options |= {"train.steps": 2, "train.batch_size": 2, "train.warmup": 0}
    flags = [f"--config.{name}={value}" for name, value in options.items()]
    outcome = launcher("train", "--method=tvnet_flow", "--experiment=flyingchairs", f"--output_dir={folder}", *flags)
    assert outcome.code == 0, outcome.error
    return folder


def on_pairs(name, roots, **data):
    """The flags of a data set of pairs."""
    given = {"dataset": name, "root": roots[name], **data}
    return [f"--config.data.{field}={value}" for field, value in given.items()]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("middlebury", {}),
        ("flyingchairs", {}),
        ("sintel", {"render": "final"}),
        pytest.param("kitti", {}, marks=pytest.mark.slow),
    ],
)
def test_the_command_gives_end_point_errors_with_their_protocol(launcher, flow_run, roots, tmp_path, name, data):
    outcome = launcher("evaluate", f"--run={flow_run}", f"--output_dir={tmp_path}", *on_pairs(name, roots, **data))
    assert outcome.code == 0, outcome.error
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    # KITTI's files round to 1/64 pixel.
    assert metrics["epe_zero"] == pytest.approx(STILL, rel=1e-3 if name == "kitti" else 1e-5)
    assert 0 < metrics["epe"] < metrics["epe_zero"] and metrics["epe_untrained"] != metrics["epe"]
    known = sum(height * width for height, width, _ in MOTIONS.values())
    if name == "middlebury":
        known = sum(height // 2 * width for height, width, _ in MOTIONS.values())
    if name == "kitti":
        known = sum((height - height // 2) * width for height, width, _ in MOTIONS.values())
    expected = {"data": name, "videos": 3, "fields": 3, "pixels": known, "flow_size": "own", "render": "", **data}
    assert {field: metrics[field] for field in expected} == expected
    shown = [line for line in outcome.out.splitlines() if line.startswith(("epe ", "training.versions "))]
    assert len(shown) == 2 and "tensorflow 2." in shown[1] and "{" not in outcome.out


@pytest.mark.slow
def test_the_passes_of_sintel_are_different_numbers(flow_run, roots, tmp_path):
    config = read_config(flow_run)
    config.data.dataset, config.data.root = "sintel", str(roots["sintel"])
    found = []
    for config.data.render in ("clean", "final"):
        found.append(evaluate(config, flow_run, tmp_path))
    assert found[0].numbers["epe"] != found[1].numbers["epe"]
    assert [part.protocol["render"] for part in found] == ["clean", "final"]


def test_metrics_tell_the_code_of_training_and_of_evaluation_and_the_weights(flow_run, roots, tmp_path):
    run = shutil.copytree(flow_run, tmp_path / "run")
    trained = run_folder.read(run)
    run_folder.write(run, trained | {"commit": "0123456789ab", "versions": {"keras": "3.0.0"}})
    evaluate(read_config(run), run, tmp_path / "evaluation")
    metrics = json.loads((tmp_path / "evaluation/metrics.json").read_text())
    assert metrics["training"] == {"commit": "0123456789ab", "versions": {"keras": "3.0.0"}}
    assert metrics["evaluation"] == {"commit": environment.git_commit(), "versions": environment.versions()}
    assert metrics["weights_sha256"] == run_folder.weights_sha256(flow_run)
    weights = run / run_folder.WEIGHTS_FILE
    weights.write_bytes(weights.read_bytes() + b"\0")
    assert run_folder.weights_sha256(run) != metrics["weights_sha256"]


def test_a_classifier_with_a_motion_layer_is_measured_on_pairs(finished_run, roots, tmp_path):
    config = read_config(finished_run)
    config.data.dataset, config.data.root = "middlebury", str(roots["middlebury"])
    measured = evaluate(config, finished_run, tmp_path)
    assert measured.scores is None and not any(name.startswith("top") for name in measured.numbers)
    assert measured.numbers["epe_zero"] == pytest.approx(STILL, rel=1e-5)
    assert 0 < measured.numbers["epe"] < measured.numbers["epe_zero"]
    assert measured.protocol["flow_size"] == "own" and measured.solver_versions == {"TVNet": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metrics.json"]


@pytest.mark.parametrize("broken", ["other-gt-flow/Second/flow10.flo", "other-data/Second/frame11.png"])
@pytest.mark.parametrize("measure", ["flow", "photometric"])
def test_a_broken_pair_is_one_sentence(flow_run, roots, tmp_path, one_sentence, broken, measure):
    root = shutil.copytree(roots["middlebury"], tmp_path / "pairs")
    whole = (root / broken).read_bytes()
    (root / broken).write_bytes(whole[: len(whole) // 2])
    config = read_config(flow_run)
    config.data.dataset, config.data.root, config.eval.measures = "middlebury", str(root), (measure,)
    with pytest.raises(InputError, match=broken) as refusal:
        evaluate(config, flow_run, tmp_path / "evaluation")
    one_sentence(str(refusal.value))


def test_what_is_printed_is_one_short_line_each():
    versions = {"python": "3.11", "keras": "3.15"}
    metrics = {
        "epe": 1.23456789,
        "skipped": [f"video{number}" for number in range(500)],
        "decoded": None,
        "size": [32, 48],
        "render": "",
        "training": {"commit": "abc", "versions": versions},
    }
    assert [line.split(maxsplit=1) for line in lines_of(metrics)] == [
        ["epe", "1.23457"],
        ["skipped", "500: video0, video1, video2, ..."],
        ["decoded", "None"],
        ["size", "[32, 48]"],
        ["render", "-"],
        ["training.commit", "abc"],
        ["training.versions", "python 3.11, keras 3.15"],
    ]
