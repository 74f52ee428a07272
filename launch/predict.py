"""Names the action in video files, and shows the flow that the network saw.

python -m launch.predict --run=runs/tvnet clip1.avi clip2.mp4
python -m launch.predict --run=runs/tvnet --flow_dir=flow --flow_format=gif clip.avi
"""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import flags

from launch import app, config_flags
from launch.app import report_error
from launch.data import Source, test_views
from launch.flow_video import Look, look_at, write_flow_video
from launch.inference import score_videos
from launch.init_from import load_run
from launch.run_folder import required_config
from tvnet_keras.errors import InputError
from tvnet_keras.video import datasets
from tvnet_keras.video.listing import Flip, Video, VideoList
from tvnet_keras.video.read import VideoError, count_frames

RUN = flags.DEFINE_string("run", "", "The folder that launch.train wrote.", **app.SHARED_FLAG)
FLOW_DIR = flags.DEFINE_string("flow_dir", "", "Write a video of frames beside flow colours for every file here.")
FLOW_FORMAT = flags.DEFINE_enum("flow_format", "mp4", ["mp4", "gif", "avi"], "Format of the flow videos.")
TOP = flags.DEFINE_integer("top", 5, "Classes named per video.", lower_bound=1)
SKIP_UNREADABLE = flags.DEFINE_bool(
    "skip_unreadable", False, "Go on without videos that cannot be read, naming them.", **app.SHARED_FLAG
)


def main(paths: list[str]) -> None:
    """Reads the flags and predicts.

    Raises:
        InputError: no video named, or one that cannot be read.
    """
    if not paths:
        raise InputError("Name at least one video: python -m launch.predict --run=FOLDER VIDEO...")
    config, model, class_names = load_run(Path(RUN.value), config_flags.parsed_config())
    if FLOW_DIR.value:
        if not hasattr(model, "motion"):
            raise InputError(f"--flow_dir needs a method with a motion layer; --run={RUN.value} is {config.method}.")
        _refuse_equal_names(paths)
    flip = flip_of(config.data.dataset, class_names)
    looks: dict[str, Look] = {}
    source = open_files(
        paths,
        class_names,
        flip,
        skip_unreadable=SKIP_UNREADABLE.value,
        examine=functools.partial(look_at, model.motion, looks) if FLOW_DIR.value else count_frames,
    )
    logits = score_videos(model, test_views(source, config), source.videos)
    for video, row in zip(source.videos.videos, logits, strict=True):
        print(f"{video.path}: {', '.join(top_classes(row, class_names, TOP.value))}")
        if FLOW_DIR.value:
            target = Path(FLOW_DIR.value) / f"{video.video_id}.{FLOW_FORMAT.value}"
            write_flow_video(model.motion, video.path, target, looks[video.path])
            print(f"written: {target}")


def flip_of(dataset: str, class_names: tuple[str, ...]) -> Flip:
    """What mirroring does to the labels of a data set; those whose labels survive it do not say."""
    module = datasets.module(dataset)
    return module.flip_of(class_names) if hasattr(module, "flip_of") else "keep"


def open_files(
    paths: list[str],
    class_names: tuple[str, ...],
    flip: Flip = "keep",
    *,
    skip_unreadable: bool = False,
    examine: Callable[[str], int] = count_frames,
) -> Source:
    """Unlabelled videos as a source; every file is decoded once.

    Args:
        paths: the files.
        class_names: the network's classes.
        flip: as in `VideoList`, for views that are mirrored.
        skip_unreadable: drop broken files, naming them, instead of stopping.
        examine: counts the frames of a file, by decoding it.

    Raises:
        InputError: a file cannot be read, or none can.
    """
    counts = {}
    for path in paths:
        try:
            counts[path] = examine(path)
        except VideoError as error:
            if not skip_unreadable:
                raise
            report_error(InputError(f"skipped: {error}"))
    if not counts:
        raise InputError("None of the videos can be read.")
    videos = tuple(Video(path, -1, Path(path).stem) for path in counts)
    return Source(VideoList(videos, class_names, flip), counts, None)


def _refuse_equal_names(paths: list[str]) -> None:
    first: dict[str, str] = {}
    for path in paths:
        other = first.setdefault(Path(path).stem, path)
        if other != path:
            raise InputError(f"The flow videos of {other} and {path} would have one name; predict them one by one.")


def top_classes(logits: np.ndarray, class_names: tuple[str, ...], count: int) -> list[str]:
    """The most probable classes with their probabilities, such as `Surfing 93.1 %`."""
    probabilities = tf.nn.softmax(logits).numpy()
    best = np.argsort(-probabilities)[:count]
    return [f"{class_names[k]} {100 * probabilities[k]:.1f} %" for k in best]


if __name__ == "__main__":
    parser = config_flags.parser(lambda: required_config("run", RUN.value))
    app.run(main, parser=parser, positional=True)
