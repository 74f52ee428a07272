"""Late fusion of score files: streams of one or several networks, improved dense trajectories, published scores.

python -m launch.fuse --scores=runs/rgb/evaluation/scores.npz,runs/tvnet/evaluation/scores.npz --rule=tvnet \\
  --output_dir=runs/two_streams
python -m launch.fuse --scores=spatial_quality100_split01.mat,temporal_hidden_split01.mat --rule=hidden_two_stream \\
  --dataset=ucf101 --data_dir=UCF-101 --output_dir=runs/hidden
python -m launch.fuse --scores=runs/rgb-{split}/evaluation/scores.npz,idt/ucf_idt_split{split}.mat --rule=l2 \\
  --restrict --dataset=ucf101 --data_dir=UCF-101 --split=1,2,3 --output_dir=runs/rgb_idt
"""

import functools
import json
import statistics
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from launch.flow_report.pictures import write_picture
from launch.run import app, environment
from launch.score_files import read_scores, test_list
from tvnet_keras.atomic import atomic_path
from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.one_writer import only_writer
from tvnet_keras.scoring import report, score_fusion
from tvnet_keras.scoring.gains import class_gains, gains_picture, save_gains
from tvnet_keras.scoring.scores import Scores, save_scores

SPLIT = "{split}"
"""Stands in a path for the number of the split."""

SCORES = flags.DEFINE_list(
    "scores", [], f"Score files in the order RGB, motion, ...: .npz of launch.evaluate or .mat; {SPLIT} is the split."
)
RULE = flags.DEFINE_string(
    "rule", "", f"Published rule: {', '.join(score_fusion.RULES)}; or give --weights and --space.", **app.SHARED_FLAG
)
WEIGHTS = flags.DEFINE_list("weights", [], "A weight for each file, in place of the rule's.")
SPACE = flags.DEFINE_string("space", "", f"What is averaged, in place of the rule's: {', '.join(score_fusion.SPACES)}.")
RESTRICT = flags.DEFINE_bool("restrict", False, "Take the videos and classes that all files have, and say how many.")
DATASET = flags.DEFINE_string("dataset", "", "Data set whose test list a .mat file is of.", **app.SHARED_FLAG)
DATA_DIR = flags.DEFINE_string("data_dir", "", "Folder of that data set, or of its lists.", **app.SHARED_FLAG)
SPLITS = flags.DEFINE_list("split", ["1"], "Splits, one fusion each, and their mean.", **app.SHARED_FLAG)
OUTPUT_DIR = flags.DEFINE_string("output_dir", "", "Where scores, metrics and pictures go.", **app.SHARED_FLAG)


def main() -> None:
    """Reads the flags, fuses every split and prints the accuracies."""
    if not SCORES.value:
        raise InputError("--scores=FILE,FILE is required: the score files to fuse.")
    if not OUTPUT_DIR.value:
        raise InputError("--output_dir=FOLDER is required: where the fused scores go.")
    folder, splits, rule = Path(OUTPUT_DIR.value), _splits(), _rule(len(SCORES.value))
    measured = {}
    with only_writer(folder):
        for split in splits:
            place = folder if len(splits) == 1 else folder / f"split{split}"
            measured[split] = fuse_split(_inputs(split), rule, place, restrict=RESTRICT.value)
        if len(splits) > 1:
            mean = statistics.fmean(numbers["top1"] for numbers in measured.values())
            _write_json(folder / "metrics.json", {"top1": mean, "splits": measured})
            print(f"mean of {len(splits)} splits  top1 {mean:.4f}")
    print(f"written: {folder}")


def fuse_split(inputs: dict[str, Scores], rule: score_fusion.Rule, folder: Path, *, restrict: bool = False) -> dict:
    """Fuses evaluations of one split, prints their accuracies and writes what it finds.

    Writes `scores.npz`, `metrics.json`, `confusion.png`, and the gains over the best input as `gains.csv` and
    `gains.png`.

    Args:
        inputs: evaluations by the name of their file.
        rule: space and weights.
        folder: where to write.
        restrict: whether to take the videos and classes that all have in common.

    Returns:
        What `metrics.json` has.

    Raises:
        InputError: the evaluations are not of the same videos and classes.
    """
    if restrict:
        inputs = dict(zip(inputs, score_fusion.restrict([*inputs.values()]), strict=True))
    fused = score_fusion.fuse([*inputs.values()], rule.weights, space=rule.space)
    metrics = {
        "top1": report.top_k(fused),
        "mean_class_accuracy": report.mean_class_accuracy(fused),
        "videos": len(fused.video_id),
        "classes": len(fused.class_names),
        "space": rule.space,
        "weights": fused.header["weights"],
        "inputs": {name: _of_input(scores) for name, scores in inputs.items()},
        "commit": environment.git_commit(),
    }
    _show(metrics)
    save_scores(folder / "scores.npz", fused)
    write_picture(folder / "confusion.png", report.confusion_picture(fused))
    gains = class_gains(max(inputs.values(), key=report.top_k), fused)
    save_gains(folder / "gains.csv", gains)
    write_picture(folder / "gains.png", gains_picture(gains))
    _write_json(folder / "metrics.json", metrics)
    return metrics


def _of_input(scores: Scores) -> dict:
    """The accuracy of an input alone; if it was restricted, how many videos and classes it had and has."""
    restricted = scores.header.get("restricted")
    return {"top1": report.top_k(scores)} | ({"restricted": restricted} if restricted else {})


def _show(metrics: dict) -> None:
    for name, alone in metrics["inputs"].items():
        counts = alone.get("restricted")
        had = f"  ({counts['videos'][0]} videos of {counts['classes'][0]} classes in the file)" if counts else ""
        print(f"top1 {alone['top1']:.4f}  {name}{had}")
    print(f"top1 {metrics['top1']:.4f}  fused: {metrics['videos']} videos of {metrics['classes']} classes")


def _rule(count: int) -> score_fusion.Rule:
    """The rule that the flags ask for, for a number of score files.

    Raises:
        InputError: no such rule or space, or weights that do not fit the files.
    """
    if not (RULE.value or WEIGHTS.value or SPACE.value):
        raise InputError(f"--rule is required, one of {', '.join(score_fusion.RULES)}; or --weights and --space.")
    named = score_fusion.RULES[check_choice("--rule", RULE.value, tuple(score_fusion.RULES))] if RULE.value else None
    space = SPACE.value or (named.space if named else "logits")
    check_choice("--space", space, tuple(score_fusion.SPACES))
    weights = _weights() or (named.weights if named else None)
    if weights is not None and len(weights) != count:
        of = "--weights" if WEIGHTS.value else f"--rule={RULE.value}"
        raise InputError(f"--scores names {count} files, but {of} has {len(weights)} weights: {_listed(weights)}.")
    return score_fusion.Rule(space, weights)


def _weights() -> tuple[float, ...] | None:
    try:
        return tuple(float(weight) for weight in WEIGHTS.value) or None
    except ValueError:
        raise InputError(f"--weights={','.join(WEIGHTS.value)} must be numbers, such as --weights=1,1.5.") from None


def _listed(weights: Sequence[float]) -> str:
    return ", ".join(f"{weight:g}" for weight in weights)


def _splits() -> tuple[int, ...]:
    wrong = [split for split in SPLITS.value if not split.isdecimal()]
    if wrong or not SPLITS.value:
        raise InputError(f"--split={','.join(SPLITS.value)} must be whole numbers, such as --split=1,2,3.")
    splits = tuple(int(split) for split in SPLITS.value)
    fixed = [path for path in SCORES.value if SPLIT not in path]
    if len(splits) > 1 and fixed:
        raise InputError(f"--scores={fixed[0]} would serve for every split; write {SPLIT} where the number stands.")
    return splits


def _inputs(split: int) -> dict[str, Scores]:
    paths = [path.replace(SPLIT, str(split)) for path in SCORES.value]
    twice = [path for path in paths if paths.count(path) > 1]
    if twice:
        raise InputError(f"--scores names {twice[0]} twice; give it a weight of 2 instead.")

    @functools.cache
    def official():
        if not (DATASET.value and DATA_DIR.value):
            raise InputError("A .mat file of scores needs --dataset and --data_dir, whose test list it is of.")
        return test_list(DATASET.value, DATA_DIR.value, split)

    return {path: read_scores(path, official) for path in paths}


def _write_json(path: Path, content: dict) -> None:
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app.run(main)
