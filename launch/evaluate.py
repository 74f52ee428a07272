"""Scores a trained run on its test videos: clips x crops, one Scores file, one table.

python -m launch.evaluate --run=runs/tvnet
python -m launch.evaluate --run=runs/tvnet --config.eval.clips=25 --config.eval.crops=10 --config.data.split=1
"""

import hashlib
import json
from pathlib import Path

import cv2
import keras
import numpy as np
from absl import flags

from launch import app, config_flags, run_folder
from launch.config import Config, to_dict
from launch.data import Source, open_source, test_views
from launch.flow_error import flow_errors, has_exact_flow
from launch.inference import score_videos
from launch.init_from import build_model, load_run
from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.scoring import report
from tvnet_keras.scoring.result import Result, save_result
from tvnet_keras.scoring.scores import Scores, save_scores

RESULTS_DIR = Path("docs/results")

RUN = flags.DEFINE_string("run", "", "The folder that launch.train wrote.", **app.SHARED_FLAG)
OUTPUT_DIR = flags.DEFINE_string(
    "output_dir", "", "Where the scores go (default: <run>/evaluation).", **app.SHARED_FLAG
)
RESULT = flags.DEFINE_string("result", "", "Also write docs/results/<TABLE>/<ROW>-seed<k>.json: give TABLE/ROW.")
SKIP_UNREADABLE = flags.DEFINE_bool(
    "skip_unreadable", False, "Go on without videos that cannot be read, naming them.", **app.SHARED_FLAG
)


def main() -> None:
    """Reads the flags, evaluates and prints the table."""
    config = config_flags.parsed_config()
    folder = Path(OUTPUT_DIR.value or Path(RUN.value) / "evaluation")
    if RESULT.value:
        split_result_name(RESULT.value)
    metrics = evaluate(config, Path(RUN.value), folder, skip_unreadable=SKIP_UNREADABLE.value)
    for name, value in metrics.items():
        print(f"{name:24} {value}")
    print(f"written: {folder}/scores.npz, metrics.json, confusion.png")
    if RESULT.value:
        print(f"written: {write_result(RESULT.value, config, metrics)}")


def evaluate(config: Config, run: Path, folder: Path, *, skip_unreadable: bool = False) -> dict:
    """Scores the test videos of `config` with the weights of `run`.

    Writes `scores.npz` (the Scores contract), `metrics.json` and `confusion.png` to `folder`.

    Returns:
        The metrics: accuracies, their protocol, and end-point errors where the data set has exact flow.

    Raises:
        InputError: an unfinished run, other classes than the run's, or bad data.
    """
    config, model, class_names = load_run(run, config)
    source = open_source(config, "test", skip_unreadable=skip_unreadable, memory=run / "frame_counts.json")
    if source.videos.class_names != class_names:
        raise InputError(
            f"--run={run} was trained on the classes {', '.join(class_names[:5])}, ...; the data has "
            f"{', '.join(source.videos.class_names[:5])}, ...: set --config.data.classes."
        )
    logits = score_videos(model, test_views(source, config), source.videos)
    scores = _scores(config, source, logits, weights_sha256(run))
    metrics = {**_accuracies(scores), **_protocol(config, source), **_flow_metrics(config, model, source)}
    save_scores(folder / "scores.npz", scores)
    with atomic_path(folder / "metrics.json") as partial:
        partial.write_text(json.dumps(metrics, indent=2) + "\n")
    with atomic_path(folder / "confusion.png") as partial:
        cv2.imwrite(str(partial), report.confusion_picture(scores)[..., ::-1])
    return metrics


def write_result(name: str, config: Config, metrics: dict) -> Path:
    """Writes the Result file of an evaluation, `docs/results/<table>/<row>-seed<k>.json`.

    Args:
        name: `TABLE/ROW`.
        config: the run's configuration.
        metrics: what `evaluate` returned.

    Raises:
        InputError: the name is not of that form.
    """
    table, row = split_result_name(name)
    result = Result(
        table=table,
        row=row,
        seed=config.seed,
        config=to_dict(config),
        protocol={key: value for key, value in metrics.items() if not isinstance(value, float)},
        commit=run_folder.git_commit() or "unknown",
        machine={**run_folder.machine(), **run_folder.versions()},
        numbers={key: value for key, value in metrics.items() if isinstance(value, float)},
    )
    return save_result(RESULTS_DIR, result)


def split_result_name(name: str) -> tuple[str, str]:
    """Table and row of `--result=TABLE/ROW`.

    Raises:
        InputError: the name is not of that form.
    """
    table, slash, row = name.partition("/")
    if not (table and slash and row):
        raise InputError(f"--result={name} must be TABLE/ROW, such as ucf101_six/tvnet.")
    return table, row


def weights_sha256(run: Path) -> str:
    """Fingerprint of a run's weight file."""
    with open(run / run_folder.WEIGHTS_FILE, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _scores(config: Config, source: Source, logits: np.ndarray, fingerprint: str) -> Scores:
    videos = source.videos
    header = {
        "kind": config.method,
        "experiment": config.experiment,
        "split": config.data.split,
        "clips": config.eval.clips,
        "crops": config.eval.crops,
        "commit": run_folder.git_commit(),
        "seed": config.seed,
        "weights_sha256": fingerprint,
    }
    return Scores(
        video_id=[video.video_id for video in videos.videos],
        label=np.array([video.label for video in videos.videos]),
        class_names=videos.class_names,
        logits=logits,
        header=header,
    )


def _accuracies(scores: Scores) -> dict:
    top1 = report.top_k(scores, 1)
    low, high = report.accuracy_interval(round(top1 * len(scores.video_id)), len(scores.video_id))
    metrics = {
        "top1": top1,
        "top1_low": low,
        "top1_high": high,
        "mean_class_accuracy": report.mean_class_accuracy(scores),
    }
    if len(scores.class_names) > 5:
        metrics["top5"] = report.top_k(scores, 5)
    return metrics


def _protocol(config: Config, source: Source) -> dict:
    data = config.data
    return {
        "videos": len(source.videos.videos),
        "classes": len(source.videos.class_names),
        "split": data.split,
        "clips": config.eval.clips,
        "crops": config.eval.crops,
        "frames": data.frames,
        "size": [data.height, data.width],
        "missing": len(source.videos.missing),
    }


def _flow_metrics(config: Config, model: keras.Model, source: Source) -> dict:
    """End-point errors trained and untrained, of models with a motion layer on data with exact flow."""
    if not has_exact_flow(config.data.dataset) or not hasattr(model, "motion"):
        return {}
    untrained = build_model(config, len(source.videos.class_names)).motion
    trained = flow_errors(model.motion, config.data.dataset, source.videos)
    fresh = flow_errors(untrained, config.data.dataset, source.videos)
    return {"epe": trained["epe"], "epe_untrained": fresh["epe"], "epe_zero": trained["epe_zero"]}


if __name__ == "__main__":
    app.run(main, parser=config_flags.parser(lambda: run_folder.required_config("run", RUN.value)))
