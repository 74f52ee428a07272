"""How many clips per second the input pipeline decodes, from video files and from the TFRecord cache."""

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import tensorflow as tf

from tvnet_keras.entries import files_below
from tvnet_keras.errors import InputError
from tvnet_keras.video.cache import CachedVideos, write_cache
from tvnet_keras.video.listing import Video, VideoList
from tvnet_keras.video.pipeline import train_dataset
from tvnet_keras.video.recipe import ClipRecipe
from tvnet_keras.video.scan import scan
from tvnet_keras.video.views import FrameSource

FRAMES = 6
SIZE = (240, 320)
BATCH = 10
REPEATS = 3
CLIPS = 300
"""Number of clips drawn per measurement, after a warm-up of two batches."""

PARALLEL = (1, 2, 4)
"""Numbers of videos that are decoded at the same time."""

SUFFIXES = (".avi", ".mp4")


def run(data_dir: str) -> dict:
    """Measures decode-to-batch rates on the videos below `data_dir`.

    Args:
        data_dir: any folder of videos, searched recursively.

    Returns:
        `protocol`, and `rows`: source, number of videos decoded at the same time, clips per second (median and range of
        the repeats).

    Raises:
        InputError: no folder is given, or no readable video is in it.
    """
    if not data_dir:
        raise InputError("--suite=pipeline needs --data_dir=FOLDER of videos.")
    videos, counts = _videos(Path(data_dir))
    with tempfile.TemporaryDirectory() as folder:
        write_cache(videos, folder)
        sources = {"video files": None, "TFRecord cache": CachedVideos(folder)}
        rows = [
            {"source": name, "parallel": parallel, **_rate(videos, counts, cache, parallel)}
            for name, cache in sources.items()
            for parallel in PARALLEL
        ]
    protocol = {
        "videos": len(videos.videos),
        "clip": f"{FRAMES} frames of {SIZE[1]} x {SIZE[0]}",
        "batch_size": BATCH,
        "clips": CLIPS,
        "repeats": REPEATS,
    }
    return {"protocol": protocol, "rows": rows}


def _videos(folder: Path) -> tuple[VideoList, dict[str, int]]:
    paths = sorted(str(path) for path in files_below(folder) if path.suffix in SUFFIXES)
    listed = VideoList(tuple(Video(path, 0, Path(path).stem) for path in paths), ("any",))
    found = scan(listed.videos)
    listed = listed.without([path for path in paths if path not in found.counts])
    if not listed.videos:
        raise InputError(f"--data_dir={folder} holds no readable video ({', '.join(SUFFIXES)}).")
    return listed, found.counts


def _rate(videos: VideoList, counts: dict[str, int], cache: CachedVideos | None, parallel: int) -> dict:
    rates = []
    for repeat in range(REPEATS):
        batches = train_dataset(
            FrameSource(videos, counts, cache),
            ClipRecipe(SIZE, flip=True, frames=FRAMES),
            batch_size=BATCH,
            seed=repeat,
            parallel=parallel,
        )
        rates.append(_clips_per_second(iter(batches)))
    return {"clips_per_s": float(np.median(rates)), "lowest": min(rates), "highest": max(rates)}


def _clips_per_second(batches: Iterable[dict[str, tf.Tensor]]) -> float:
    batches = iter(batches)
    for _ in range(2):
        next(batches)
    start = time.perf_counter()
    for _ in range(CLIPS // BATCH):
        next(batches)["clip"].numpy()
    return CLIPS / (time.perf_counter() - start)
