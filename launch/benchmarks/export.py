"""The time that an exported model takes for clips of a new length, batch or size: as it is, and compiled by XLA."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from launch.benchmarks.parts.cores import busy_notes, limited_cores
from launch.benchmarks.parts.frames import clips
from launch.exporters.parts.serving_module import ServingModule
from launch.run.config import check, new_config
from launch.run.model import build_model

CORES = 2
ITERATIONS = 50
REPEATS = 5
SHAPES = {
    "first of all": (1, 2, 240, 320),
    "length": (1, 8, 240, 320),
    "batch": (8, 2, 240, 320),
    "size": (1, 2, 250, 330),
}
"""By what is new of it, the shape `[B, T, H, W]` of each clip, in the order of the calls."""


def run(data_dir: str) -> dict:
    """Measures the flow signature of an exported TVNet.

    Args:
        data_dir: Middlebury's folder; empty for generated pairs.

    Returns:
        `protocol`, `notes`, and `rows`: how the export is run, what is new of the clip, seconds of the first answer and
        of the next ones (median), and the seconds by which the first one takes longer.
    """
    load = os.getloadavg()[0]
    with limited_cores(CORES) as cores, tempfile.TemporaryDirectory() as folder:
        model = _exported(Path(folder))
        flow = model.signatures["flow"]
        # As exports were earlier: XLA compiles the graph for every shape.
        ways = {"as exported": flow, "in XLA": tf.function(lambda clip: flow(clip=clip), jit_compile=True)}
        rows = [{"run": way, **row} for way, answer in ways.items() for row in _rows(answer, data_dir)]
    devices = [device.device_type for device in tf.config.list_physical_devices()]
    protocol = {"model": f"TVNet-{ITERATIONS}", "cores": cores, "devices": devices, "repeats": REPEATS, "load": load}
    return {"protocol": protocol, "rows": rows, "notes": busy_notes(load)}


def _exported(folder: Path) -> Any:
    config = check(new_config("tvnet_flow", "moving_shapes", model={"iterations": ITERATIONS}, data={"root": "unused"}))
    ServingModule(build_model(config, num_classes=0), config).save(folder)
    return tf.saved_model.load(str(folder))


def _rows(answer: Callable, data_dir: str) -> Iterator[dict]:
    for new, (batch, length, height, width) in SHAPES.items():
        pairs = clips(data_dir, batch, height, width)
        clip = tf.constant(np.concatenate([pairs] * (length // 2), axis=1))
        first, *later = (_seconds(answer, clip) for _ in range(1 + REPEATS))
        usual = float(np.median(later))
        yield {"new": new, "clip": f"{batch} x {length} x {height} x {width}", "first_s": first, "next_s": usual} | {
            "beyond_s": first - usual
        }


def _seconds(answer: Callable, clip: tf.Tensor) -> float:
    start = time.perf_counter()
    answer(clip=clip)["flow"].numpy()
    return time.perf_counter() - start
