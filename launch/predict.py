"""Names the action in video files, and shows the flow that the network sees in them.

python -m launch.predict --run=runs/tvnet clip1.avi clip2.mp4
python -m launch.predict --run=runs/tvnet --label_dir=labelled --top=3 clip.avi
python -m launch.predict --run=runs/tvnet --flow_dir=flow --flow_format=gif clip.avi
"""

import contextlib
import functools
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import flags

from launch.flow_report.video import VideoSummary, summarise_video, write_flow_video
from launch.run import app, config_flags
from launch.run.app import report_error
from launch.run.config import Config
from launch.run.inference import score_videos
from launch.run.label_video import count_frames, write_label_video
from launch.run.model import load_run
from launch.run.model_outputs import output_names
from launch.run.run_folder import required_config
from launch.run.video_source import VideoSource, memory_file
from models import motion_of
from tvnet_keras.errors import InputError
from tvnet_keras.one_writer import only_writer
from tvnet_keras.video import datasets
from tvnet_keras.video.listing import Video, VideoList
from tvnet_keras.video.read import VideoError
from tvnet_keras.video.scan import scan

RUN = flags.DEFINE_string("run", "", "The folder that launch.train wrote.", **app.SHARED_FLAG)
FLOW_DIR = flags.DEFINE_string("flow_dir", "", "The folder for a video of frames beside flow colours for every file.")
LABEL_DIR = flags.DEFINE_string("label_dir", "", "The folder for a copy of every file with its classes written on it.")
FLOW_FORMAT = flags.DEFINE_enum("flow_format", "mp4", ["mp4", "gif", "avi"], "The format of the written videos.")
TOP = flags.DEFINE_integer("top", 5, "Number of classes named per video.", lower_bound=1)
SKIP_UNREADABLE = flags.DEFINE_bool(
    "skip_unreadable", False, "Go on without videos that cannot be read, naming them.", **app.SHARED_FLAG
)

LONGEST_NAME = 255
"""Largest number of bytes of a file's name on the file systems in use."""


def main(paths: list[str]) -> None:
    """Reads the flags and predicts.

    Raises:
        InputError: no video is named, or another process writes a folder of videos.
    """
    if not paths:
        raise InputError("Name at least one video: python -m launch.predict --run=FOLDER VIDEO...")
    folders = [folder for folder in (FLOW_DIR.value, LABEL_DIR.value) if folder]
    if len({os.path.realpath(folder) for folder in folders}) < len(folders):
        raise InputError(f"--flow_dir={FLOW_DIR.value} and --label_dir must be two folders: their files have one name.")
    with contextlib.ExitStack() as held:
        for folder in folders:
            held.enter_context(only_writer(folder))
        predict(paths)


def predict(paths: list[str]) -> None:
    """Prints the classes of videos and writes their flow as the flags ask.

    Raises:
        InputError: the run cannot do it, or a video cannot be read.
    """
    config, model, class_names = load_run(Path(RUN.value), config_flags.parsed_config())
    # A network of flow may have learned on videos that have classes.
    class_names = class_names if "logits" in output_names(model, config.data) else ()
    motion = motion_of(model)
    if FLOW_DIR.value and motion is None:
        raise InputError(
            "--flow_dir needs a method with a motion layer that gives flow of the frames, such as "
            f"--method=tvnet_flow or --method=tvnet; --run={RUN.value} (--method={config.method}) has none. "
            "launch.flow computes the flow of any video without a run."
        )
    if not class_names and (LABEL_DIR.value or not FLOW_DIR.value):
        raise InputError(f"--run={RUN.value} names no classes (--method={config.method}): ask for its --flow_dir.")
    if FLOW_DIR.value or LABEL_DIR.value:
        _refuse_names(paths)
    summaries: dict[str, VideoSummary] = {}
    rates: dict[str, float] = {}
    examine = functools.partial(count_frames, rates) if LABEL_DIR.value else None
    if FLOW_DIR.value:
        examine = functools.partial(summarise_video, motion, summaries)
    source = open_files(
        paths,
        config,
        class_names,
        skip_unreadable=SKIP_UNREADABLE.value,
        examine=examine,
    )
    rates |= {path: summary.fps for path, summary in summaries.items()}
    if class_names:
        logits, _ = score_videos(model, source.views(), source.videos)
        for video, row in zip(source.videos.videos, logits, strict=True):
            named = top_classes(row, class_names, TOP.value)
            print(f"{video.path}: {', '.join(named)}")
            if LABEL_DIR.value:
                target = Path(LABEL_DIR.value) / f"{video.video_id}.{FLOW_FORMAT.value}"
                write_label_video(video.path, target, named, rates[video.path])
                print(f"written: {target}")
    for video in source.videos.videos if FLOW_DIR.value else ():
        target = Path(FLOW_DIR.value) / f"{video.video_id}.{FLOW_FORMAT.value}"
        write_flow_video(motion, video.path, target, summaries[video.path])
        print(f"written: {target}")


def open_files(
    paths: list[str],
    config: Config,
    class_names: tuple[str, ...],
    *,
    skip_unreadable: bool = False,
    examine: Callable[[str], int] | None = None,
) -> VideoSource:
    """Unlabelled videos as a source; every file is decoded once, unless it is of the run's data and was checked before.

    Args:
        paths: the files.
        config: the run's configuration, whose data set says what mirroring does to the labels.
        class_names: names of the network's classes.
        skip_unreadable: whether to leave out broken files, naming them, instead of stopping.
        examine: a function of a file's path that decodes it and returns its number of frames; None takes the check of
            the run's data.

    Raises:
        InputError: a file cannot be read, or none of them can.
    """
    counts, broken = _checked(paths, config) if examine is None else _examined(paths, examine)
    for message in broken:
        if not skip_unreadable:
            raise InputError(message)
        report_error(InputError(f"skipped: {message}"))
    if not counts:
        raise InputError("None of the videos can be read.")
    videos = tuple(Video(path, -1, Path(path).stem) for path in counts)
    trained_on = config.data.dataset
    flip = datasets.flip_of(trained_on, class_names) if trained_on in datasets.names() else "keep"
    source = VideoSource(config, "test", VideoList(videos, class_names, flip), counts=counts)
    # A network of stored flow finds that of these videos by their names.
    return source.with_flow(skip_unreadable=skip_unreadable)


def _checked(paths: list[str], config: Config) -> tuple[dict[str, int], list[str]]:
    """Numbers of frames by path, and the faults of the other files, as the check of the run's data finds them."""
    root = Path(config.data.root).resolve()
    # Where the files are no data set, nothing is written beside them.
    belong = any(root in Path(path).resolve().parents for path in paths)
    found = scan(
        [Video(path, -1, path) for path in paths],
        workers=config.data.workers or None,
        cache_file=memory_file(config.data.root) if belong else None,
    )
    return found.counts, [problem.message for problem in found.problems if problem.unusable]


def _examined(paths: list[str], examine: Callable[[str], int]) -> tuple[dict[str, int], list[str]]:
    counts, broken = {}, []
    for path in paths:
        try:
            counts[path] = examine(path)
        except VideoError as error:
            broken.append(str(error))
    return counts, broken


def _refuse_names(paths: list[str]) -> None:
    first: dict[str, str] = {}
    for path in paths:
        if len(os.fsencode(f"{Path(path).stem}.{FLOW_FORMAT.value}")) > LONGEST_NAME:
            raise InputError(
                f"The video written of {path} would have a name of over {LONGEST_NAME} bytes; rename the video."
            )
        other = first.setdefault(Path(path).stem, path)
        if other != path:
            raise InputError(f"The videos written of {other} and {path} would have one name; predict them one by one.")


def top_classes(logits: np.ndarray, class_names: tuple[str, ...], count: int) -> list[str]:
    """The most probable classes with their probabilities, such as `Surfing 93.1 %`."""
    probabilities = tf.nn.softmax(logits).numpy()
    best = np.argsort(-probabilities)[:count]
    return [f"{class_names[k]} {100 * probabilities[k]:.1f} %" for k in best]


if __name__ == "__main__":
    parser = config_flags.parser(lambda: required_config("run", RUN.value))
    app.run(main, parser=parser, positional=True)
