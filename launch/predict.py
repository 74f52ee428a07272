"""Names the action in video files, and shows the flow that the network sees in them.

python -m launch.predict --run=runs/tvnet clip1.avi clip2.mp4
python -m launch.predict --run=runs/tvnet --label_dir=labelled --top=3 clip.avi
python -m launch.predict --run=runs/tvnet --flow_dir=flow --flow_format=gif clip.avi
"""

import contextlib
import functools
import os
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import flags

from launch.flow_report.video import VideoSummary, summarise_video, write_flow_video
from launch.run import app, config_flags
from launch.run.inference import score_videos
from launch.run.label_video import count_frames, write_label_video
from launch.run.model import load_run
from launch.run.model_outputs import output_names
from launch.run.run_folder import required_config
from launch.run.video_files import open_files, require_distinct_names
from models import motion_of
from tvnet_keras.errors import InputError
from tvnet_keras.one_writer import only_writer

RUN = flags.DEFINE_string("run", "", "The folder that launch.train wrote.", **app.SHARED_FLAG)
FLOW_DIR = flags.DEFINE_string("flow_dir", "", "The folder for a video of frames beside flow colours for every file.")
LABEL_DIR = flags.DEFINE_string("label_dir", "", "The folder for a copy of every file with its classes written on it.")
FLOW_FORMAT = flags.DEFINE_enum("flow_format", "mp4", ["mp4", "gif", "avi"], "The format of the written videos.")
TOP = flags.DEFINE_integer("top", 5, "Number of classes named per video.", lower_bound=1)
SKIP_UNREADABLE = flags.DEFINE_bool(
    "skip_unreadable", False, "Go on without videos that cannot be read, naming them.", **app.SHARED_FLAG
)


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
        require_distinct_names(paths, f".{FLOW_FORMAT.value}")
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


def top_classes(logits: np.ndarray, class_names: tuple[str, ...], count: int) -> list[str]:
    """The most probable classes with their probabilities, such as `Surfing 93.1 %`."""
    probabilities = tf.nn.softmax(logits).numpy()
    best = np.argsort(-probabilities)[:count]
    return [f"{class_names[k]} {100 * probabilities[k]:.1f} %" for k in best]


if __name__ == "__main__":
    parser = config_flags.parser(lambda: required_config("run", RUN.value))
    app.run(main, parser=parser, positional=True)
