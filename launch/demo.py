"""The whole suite in a few minutes: videos, trainings, evaluations, an export, predictions, a table and a figure.

    make demo

Every stage is a command that is printed when it runs, so that each can be tried alone. A killed demo goes on.
"""

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from absl import flags
from rich.console import Console
from rich.table import Table

from launch.flow_report.pictures import write_picture
from launch.flow_report.video import flow_of_video
from launch.run import app
from launch.run.environment import git_commit, machine, versions
from launch.run.model import build_model, load_run
from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.flow.colour import flow_to_colour
from tvnet_keras.flow.picture import contact_sheet
from tvnet_keras.one_writer import only_writer
from tvnet_keras.video import datasets
from tvnet_keras.video.moving_shapes.writer import exact_flow
from tvnet_keras.video.read import read_frames

OUTPUT_DIR = flags.DEFINE_string(
    "output_dir", "runs/demo", "The folder to which everything is written.", **app.SHARED_FLAG
)
OVERRIDES = flags.DEFINE_multi_string(
    "train_flag", [], "A flag of the trainings, such as --config.train.steps=50; may be repeated."
)
TRAIN_GROUPS = flags.DEFINE_integer(
    "train_groups",
    40,
    "Groups of Moving Shapes for training, 12 clips each.",
    lower_bound=1,
    upper_bound=100_000,
    **app.SHARED_FLAG,
)
TEST_GROUPS = flags.DEFINE_integer(
    "test_groups",
    25,
    "Groups of Moving Shapes for testing, 12 clips each.",
    lower_bound=1,
    upper_bound=100_000,
    **app.SHARED_FLAG,
)

RUNS = {
    "rgb": ("rgb", "motion"),
    "rgb_look": ("rgb", "look"),
    "flow": ("tvnet_flow", ""),
    "tvnet": ("tvnet from it", "motion"),
}
"""The runs by their folders: what the table calls the network, and what the label is."""

PICTURED = ("MoveRight", "MoveUpLeft", "RotateClockwise", "ZoomIn")
"""The classes in the figure."""


def main() -> None:
    """Runs the demo."""
    folder = Path(OUTPUT_DIR.value)
    with only_writer(folder):
        demo(folder, (TRAIN_GROUPS.value, TEST_GROUPS.value), OVERRIDES.value)


def demo(folder: Path, groups: tuple[int, int], train_flags: list[str]) -> dict:
    """Runs every stage in `folder` and returns the content of `summary.json`.

    Raises:
        InputError: a stage failed; it has printed its own message.
    """
    # A demo that goes on keeps the times of the stages that an earlier start finished.
    times = folder / "seconds.json"
    seconds: dict[str, float] = json.loads(times.read_text()) if times.is_file() else {}
    for name, command in stages(folder, groups, train_flags).items():
        print(f"\n[{name}] python -m {shlex.join(command)}", flush=True)
        start = time.monotonic()
        if subprocess.run([sys.executable, "-m", *command]).returncode:
            raise InputError(f"The demo's stage {name!r} failed: see its message above.")
        seconds[name] = max(round(time.monotonic() - start, 1), seconds.get(name, 0.0))
        with atomic_path(times) as partial:
            partial.write_text(json.dumps(seconds))
    summary = summarise(folder, seconds)
    figure = folder / "flow.png"
    draw_flow(folder, figure)
    show(summary)
    for label, path in {
        "flow": figure,
        "confusion": folder / "tvnet/evaluation/confusion.png",
        "flow video": folder / "flow_videos",
        "SavedModel": folder / "export",
        "TensorBoard": f"tensorboard --logdir {folder}",
    }.items():
        print(f"{label:12} {path}")
    return summary


def stages(folder: Path, groups: tuple[int, int], train_flags: list[str]) -> dict[str, list[str]]:
    """The commands of the stages by name, in their order."""
    size = [f"--train_groups={groups[0]}", f"--test_groups={groups[1]}"]
    motion, look = folder / "data/motion", folder / "data/look"

    def train(method: str, data: Path, run: str, *start: str) -> list[str]:
        return ["launch.train", f"--method={method}", "--experiment=moving_shapes", f"--config.data.root={data}",
                f"--output_dir={folder / run}", *start, *train_flags]  # fmt: skip

    return {
        "generate": ["launch.prepare", f"--generate={motion}", *size],
        "generate twin": ["launch.prepare", f"--generate={look}", "--label=look", *size],
        "train rgb": train("rgb", motion, "rgb"),
        "train rgb on twin": train("rgb", look, "rgb_look"),
        "train flow": train("tvnet_flow", motion, "flow"),
        "train tvnet": train("tvnet", motion, "tvnet", f"--config.init_from={folder / 'flow'}"),
        "evaluate rgb": ["launch.evaluate", f"--run={folder / 'rgb'}"],
        "evaluate rgb on twin": ["launch.evaluate", f"--run={folder / 'rgb_look'}"],
        "evaluate flow": ["launch.evaluate", f"--run={folder / 'flow'}"],
        "evaluate tvnet": ["launch.evaluate", f"--run={folder / 'tvnet'}"],
        "export": ["launch.export", f"--run={folder / 'tvnet'}", f"--output_dir={folder / 'export'}"],
        "predict": [
            "launch.predict",
            f"--run={folder / 'tvnet'}",
            f"--flow_dir={folder / 'flow_videos'}",
            "--flow_format=gif",
            str(motion / f"videos/ZoomIn/v_ZoomIn_g{groups[0] + 1:02d}_c01.avi"),
        ],  # fmt: skip
    }


def summarise(folder: Path, seconds: dict[str, float]) -> dict:
    """Collects the metrics of the evaluations and writes `summary.json`."""
    rows = {run: json.loads((folder / run / "evaluation/metrics.json").read_text()) for run in RUNS}
    summary = {
        **rows,
        "chance": 1 / rows["tvnet"]["classes"],
        "seconds": {**seconds, "total": round(sum(seconds.values()), 1)},
        "first_step_s": json.loads((folder / "tvnet/run.json").read_text())["results"].get("first_step_s"),
        "versions": versions(),
        "machine": machine(),
        "commit": git_commit(),
    }
    with atomic_path(folder / "summary.json") as partial:
        partial.write_text(json.dumps(summary, indent=2) + "\n")
    return summary


def show(summary: dict) -> None:
    """Prints the table."""
    table = Table("network", "label is", "test clips", "top-1 %", "EPE untrained", "EPE trained", "EPE of zero flow")
    for run, (method, label) in RUNS.items():
        row = summary[run]
        accuracy = f"{100 * row['top1']:.1f}" if "top1" in row else ""
        errors = [f"{row[key]:.3f}" if key in row else "" for key in ("epe_untrained", "epe", "epe_zero")]
        table.add_row(method, label, str(row["videos"]), accuracy, *errors)
    table.caption = f"chance {100 * summary['chance']:.1f} %; {summary['seconds']['total']:.0f} s in all"
    Console().print(table)


def draw_flow(folder: Path, path: Path) -> None:
    """Draws the frame and the exact, untrained and trained flow of some test clips."""
    config, model, class_names = load_run(folder / "tvnet")
    untrained = build_model(config, len(class_names)).motion
    videos = datasets.load(config.data.dataset, config.data.root, subset="test").videos
    rows = []
    for name in PICTURED:
        video = next(video for video in videos if class_names[video.label] == name)
        frames, truth = read_frames(video.path), exact_flow(video.path)
        middle = len(truth) // 2
        flows = [truth, flow_of_video(untrained, frames), flow_of_video(model.motion, frames)]
        longest = float(np.linalg.norm(truth[middle], axis=-1).max())
        rows.append([frames[middle], *(flow_to_colour(flow[middle], longest) for flow in flows)])
    sheet = contact_sheet(rows, ["frame", "exact flow", "untrained", "trained"], scale=3)
    write_picture(path, sheet)


if __name__ == "__main__":
    app.run(main)
