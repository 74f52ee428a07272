"""`launch.fuse`: published accuracies to four digits, what it writes, and what it refuses."""

import csv
import json

import numpy as np
import pytest

from tvnet_keras.scoring.score_fusion import fuse
from tvnet_keras.scoring.scores import Scores, load_scores, save_scores

CLASSES = ("Archery", "Surfing", "TaiChi")


def write_scores(path, seed, names=CLASSES, videos=12, split=1):
    rng = np.random.default_rng(seed)
    header = {"kind": "rgb", "experiment": f"run{seed}", "split": split, "clips": 1, "crops": 1}
    header |= {"commit": "abc", "seed": seed, "weights_sha256": "1"}
    label = np.arange(videos) % len(names)
    logits = rng.normal(size=(videos, len(names))) + np.eye(len(names))[label]
    save_scores(path, Scores([f"v{n}" for n in range(videos)], label, names, logits, header))
    return str(path)


@pytest.mark.parametrize(("stream", "alone", "fused"), [("hidden", 0.8406, 0.8900), ("tvl1", 0.8580, 0.9130)])
def test_published_scores_fuse_to_the_published_accuracy(launcher, shared_data, tmp_path, stream, alone, fused):
    folder = shared_data / "reference/hidden_two_stream"
    outcome = launcher(
        "fuse",
        f"--scores={folder}/spatial_quality100_split01.mat,{folder}/temporal_{stream}_split01.mat",
        "--rule=hidden_two_stream",
        "--dataset=ucf101",
        f"--data_dir={shared_data}/compact/ucf101",
        f"--output_dir={tmp_path}/out",
    )
    assert outcome.code == 0, outcome.error
    assert [line.split()[1] for line in outcome.out.splitlines()[:3]] == ["0.8097", f"{alone:.4f}", f"{fused:.4f}"]


def test_a_fusion_writes_scores_metrics_pictures_and_gains(launcher, tmp_path):
    paths = [write_scores(tmp_path / f"{seed}.npz", seed) for seed in (1, 2)]
    outcome = launcher("fuse", f"--scores={','.join(paths)}", "--weights=1,3", f"--output_dir={tmp_path}/out")
    assert outcome.code == 0, outcome.error
    fused = load_scores(tmp_path / "out/scores.npz")
    expected = fuse([load_scores(path) for path in paths], [1, 3])
    np.testing.assert_array_equal(fused.logits, expected.logits)
    metrics = json.loads((tmp_path / "out/metrics.json").read_text())
    assert metrics["weights"] == [0.25, 0.75] and metrics["space"] == "logits" and list(metrics["inputs"]) == paths
    rows = list(csv.DictReader((tmp_path / "out/gains.csv").read_text().splitlines()))
    assert {row["class"] for row in rows} == set(CLASSES)
    assert (tmp_path / "out/confusion.png").is_file() and (tmp_path / "out/gains.png").is_file()


def test_splits_are_fused_one_by_one_and_averaged(launcher, tmp_path):
    for split in (1, 2):
        for stream in ("rgb", "flow"):
            write_scores(tmp_path / f"{stream}{split}.npz", 2 * split + (stream == "rgb"), split=split)
    scores = f"{tmp_path}/rgb{{split}}.npz,{tmp_path}/flow{{split}}.npz"
    outcome = launcher("fuse", f"--scores={scores}", "--rule=tvnet", "--split=1,2", f"--output_dir={tmp_path}/out")
    assert outcome.code == 0, outcome.error
    metrics = json.loads((tmp_path / "out/metrics.json").read_text())
    each = [metrics["splits"][split]["top1"] for split in ("1", "2")]
    assert metrics["top1"] == pytest.approx(sum(each) / 2)
    assert load_scores(tmp_path / "out/split2/scores.npz").header["split"] == 2
    fixed = f"{tmp_path}/rgb1.npz"
    refused = launcher("fuse", f"--scores={fixed}", "--rule=l2", "--split=1,2", f"--output_dir={tmp_path}/no")
    assert "would serve for every split" in refused.sentence()


def test_restricting_says_both_counts_and_is_in_the_protocol(launcher, tmp_path):
    whole = write_scores(tmp_path / "whole.npz", 1)
    part = write_scores(tmp_path / "part.npz", 2, names=CLASSES, videos=6)
    arguments = (f"--scores={whole},{part}", "--rule=average", f"--output_dir={tmp_path}/out")
    assert "6 videos of scores 1" in launcher("fuse", *arguments).sentence()
    assert not (tmp_path / "out/scores.npz").exists()
    outcome = launcher("fuse", *arguments, "--restrict")
    assert outcome.code == 0 and "(12 videos of 3 classes in the file)" in outcome.out
    inputs = json.loads((tmp_path / "out/metrics.json").read_text())["inputs"]
    assert inputs[whole]["restricted"] == {"videos": [12, 6], "classes": [3, 3]}
    assert load_scores(tmp_path / "out/scores.npz").header["inputs"][0]["restricted"]["videos"] == [12, 6]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ((), "--scores=FILE,FILE is required"),
        (("--scores={one}",), "--output_dir=FOLDER is required"),
        (("--scores={one}", "--output_dir={out}"), "--rule is required"),
        (("--scores={one}", "--output_dir={out}", "--rule=tvnt"), "Did you mean 'tvnet'"),
        (("--scores={one}", "--output_dir={out}", "--rule=tvnet"), "names 1 files, but --rule=tvnet has 2 weights"),
        (("--scores={one}", "--output_dir={out}", "--weights=x"), "--weights=x must be numbers"),
        (("--scores={one},{one}", "--output_dir={out}", "--rule=l2"), "twice"),
        (("--scores={one}", "--output_dir={out}", "--space=l3"), "--space is 'l3'"),
        (("--scores={one}", "--output_dir={out}", "--rule=l2", "--split=a"), "--split=a must be whole numbers"),
        (("--scores={mat}", "--output_dir={out}", "--rule=l2"), "needs --dataset and --data_dir"),
    ],
)
def test_a_wrong_flag_is_one_sentence(launcher, tmp_path, flags, sentence):
    from scipy.io import savemat

    savemat(tmp_path / "rows.mat", {"x_prediction": np.eye(3)})
    names = {"one": write_scores(tmp_path / "one.npz", 1), "out": tmp_path / "out", "mat": tmp_path / "rows.mat"}
    outcome = launcher("fuse", *(flag.format(**names) for flag in flags))
    assert sentence in outcome.sentence()
