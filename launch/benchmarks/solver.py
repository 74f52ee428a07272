"""How fast TVNet's solver is, in each of its modes, beside the classical solvers; one run, two cores, some 4 minutes.

    python -m launch.benchmark --suite=solver --data_dir=MIDDLEBURY

Three tables: wall-clock time per pair, the first call and the memory of a fresh process, and how the time grows with
iterations, image size and batch. Times are ratios to OpenCV's TV-L1 with the same 50 iterations, whose absolute time
is printed too.
"""

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import tensorflow as tf

from launch.benchmarks.parts import classical, rounds
from launch.benchmarks.parts.cores import busy_notes, limited_cores
from launch.benchmarks.parts.frames import clips
from launch.benchmarks.parts.fresh_process import measure_fresh
from launch.benchmarks.parts.tvnet import (
    EAGER,
    FLOW,
    FORWARD,
    FORWARD_BACKWARD,
    GRAPH,
    MODES,
    STEP,
    Case,
    make_call,
    make_input,
)
from launch.run.progress import progress
from tvnet_keras.errors import InputError

SIZE = (240, 320)
BATCH = 10
ITERATIONS = (10, 30, 50, 100)
SIZES = ((120, 160), (240, 320), (480, 640))
BATCHES = (1, 4, BATCH)
FEW_ITERATIONS = 10
"""Number of iterations of a first call beside that with 50, which should take no longer."""

RATIO_BARS = {
    ("native", FORWARD, 1): 0.05,
    ("native", FORWARD, 10): 0.05,
    ("native", FORWARD_BACKWARD, 1): 0.25,
    ("native", FORWARD_BACKWARD, 10): 0.25,
    ("portable", FORWARD, 1): 0.15,
    ("portable", FORWARD, 10): 0.2,
    ("portable", FORWARD_BACKWARD, 1): 0.7,
    ("portable", FORWARD_BACKWARD, 10): 0.8,
}
"""By mode, work and batch: the time per pair that the compiled layer should need at most, in yardsticks."""

FIRST_BAR_S = 5.0
"""The seconds that the first call should take at most, with numba's kernels compiled by an earlier process."""

MEMORY_BAR_GB = 1.5
"""The peak memory that a training step on the largest batch should need at most, in 1e9 bytes."""

WARM, COLD = "warm", "cold"

Seconds = dict[str | Case, list[float]]


def run(data_dir: str) -> dict:
    """Measures everything.

    Args:
        data_dir: Middlebury's folder (`other-data`, `other-gt-flow`); empty for a generated pair.

    Returns:
        `protocol`; `notes`, sentences for the reader; `rows` of three tables, which differ in their first key:
        "solver", "fresh process" and "scaling over". What cannot run here is left out and named in the notes.

    Raises:
        InputError: there are no pairs, or OpenCV was installed without its contributed modules.
    """
    load = os.getloadavg()[0]
    with limited_cores(classical.THREADS) as cores:
        calls, missing = _ready(data_dir)
        seconds = rounds.measure(calls)
        modes = [mode for mode in MODES if Case(GRAPH, FORWARD, mode, *_base()) in seconds]
        yardstick = float(np.median(seconds[classical.YARDSTICK])) * 1e3
        rows = [*_solver_rows(seconds, yardstick), *_fresh_rows(modes, data_dir), *_scaling_rows(seconds, modes)]
    notes = [classical.yardstick_note(yardstick), *missing, *busy_notes(load)]
    return {"protocol": _protocol(data_dir, cores, load, yardstick), "notes": notes, "rows": rows}


def cases() -> list[Case]:
    """Every way of running TVNet that is timed in rounds."""
    base = Case(FLOW, FORWARD, "auto", *_base())
    found = [base]
    for mode in MODES:
        compiled = replace(base, place=GRAPH, mode=mode), replace(base, place=STEP, does=FORWARD_BACKWARD, mode=mode)
        found.append(replace(base, mode=mode))
        found += (replace(case, place=EAGER) for case in compiled)
        found += (case for points in _scaling(compiled).values() for case, _ in points)
    return list(dict.fromkeys(found))


def _base() -> tuple[int, int, int]:
    """Iterations, height and width, where nothing else is said."""
    return 50, *SIZE


def _scaling(compiled: tuple[Case, ...]) -> dict[str, list[tuple[Case, int | str]]]:
    """`{quantity: [(case, value of the quantity), ...]}` around the given cases."""
    return {
        "iterations": [(replace(case, iterations=number), number) for case in compiled for number in ITERATIONS],
        "size": [
            (replace(case, height=height, width=width), f"{height} x {width}")
            for case in compiled
            for height, width in SIZES
        ],
        "batch": [(replace(case, batch=number), number) for case in compiled for number in BATCHES],
    }


def _ready(data_dir: str) -> tuple[dict[str | Case, Callable[[], object]], list[str]]:
    """Functions that have been called once, and the reasons why others cannot be called here."""
    frames = clips(data_dir, 1, *SIZE)[0]
    ready: dict[str | Case, Callable[[], object]] = {classical.YARDSTICK: classical.yardstick(frames)}
    missing: list[str] = []
    # Every case has a graph of its own on purpose; TensorFlow would warn of retracing.
    tf.get_logger().setLevel("ERROR")
    wanted = [*classical.OTHER_SOLVERS, *cases()]
    with progress("compiling", "solvers") as show:
        for number, key in enumerate(wanted):
            try:
                if isinstance(key, Case):
                    call = make_call(key, make_input(key, data_dir))
                else:
                    call = classical.other_solver(key, frames)
                call()
                ready[key] = call
            except InputError as error:
                missing.append(f"Left out: {error}")
            show(number + 1, len(wanted))
    return ready, list(dict.fromkeys(missing))


def _solver_rows(seconds: Seconds, yardstick: float) -> list[dict]:
    rows = []
    for key, taken in seconds.items():
        if isinstance(key, Case):
            if (key.iterations, key.height, key.width) != _base() or key.batch not in (1, BATCH):
                continue
            words = {"solver": f"TVNet 1-1-{key.iterations} {key.mode}", "runs in": key.place, "does": key.does}
            batch = key.batch
            bar = None if key.place == EAGER else RATIO_BARS.get((key.mode, key.does, batch))
        else:
            words, batch, bar = {"solver": key, "runs in": "", "does": FORWARD}, 1, None
        measured = rounds.summary(taken, batch)
        ratio = measured["ms_per_pair"] / yardstick
        rows.append({**words, "batch": batch, **measured, "to_yardstick": ratio, "bar": bar, "calls": len(taken)})
    return rows


def _fresh_cases(mode: str) -> list[tuple[Case, str, str]]:
    """First calls of a mode, each with whether numba finds its kernels compiled, and the folder that has them."""
    step, graph = Case(STEP, FORWARD_BACKWARD, mode, *_base()), Case(GRAPH, FORWARD, mode, *_base())
    found = [
        (case, WARM, "all")
        for case in (graph, step, replace(step, iterations=FEW_ITERATIONS), replace(step, batch=BATCH))
    ]
    if mode != "native":
        return [(case, "", folder) for case, _, folder in found]
    # The step compiles what the graph needs and more, so that its folder serves the warm ones.
    return [(graph, COLD, "graph"), (step, COLD, "all"), *found]


def _fresh_rows(modes: list[str], data_dir: str) -> list[dict]:
    wanted = [one for mode in modes for one in _fresh_cases(mode)]
    rows = []
    with tempfile.TemporaryDirectory() as folder, progress("fresh processes", "processes") as show:
        for number, (case, cache, own) in enumerate(wanted):
            measured = measure_fresh(case, data_dir, os.path.join(folder, own))
            bars = {
                "first_bar_s": FIRST_BAR_S if case.batch == 1 and cache != COLD else None,
                "memory_bar_gb": MEMORY_BAR_GB if case.does == FORWARD_BACKWARD and case.batch == BATCH else None,
            }
            words = {"fresh process": case.place, "does": case.does, "mode": case.mode, "numba cache": cache}
            rows.append({**words, "iterations": case.iterations, "batch": case.batch, **measured, **bars})
            show(number + 1, len(wanted))
    return rows


def _scaling_rows(seconds: Seconds, modes: list[str]) -> list[dict]:
    rows = []
    for mode in modes:
        compiled = Case(GRAPH, FORWARD, mode, *_base()), Case(STEP, FORWARD_BACKWARD, mode, *_base())
        for quantity, points in _scaling(compiled).items():
            for case, value in dict.fromkeys(points):
                measured = rounds.summary(seconds[case], case.batch)
                updates = case.iterations * case.height * case.width
                words = {"scaling over": quantity, "value": value, "mode": mode, "does": case.does}
                nanoseconds = measured["ms_per_pair"] * 1e6 / updates
                rows.append({**words, **measured, "ns_per_pixel_and_iteration": nanoseconds})
    return rows


def _protocol(data_dir: str, cores: int, load: float, yardstick: float) -> dict:
    return {
        "frames": "Middlebury, resized" if data_dir else "a generated texture that moves",
        "size": f"{SIZE[0]} x {SIZE[1]} (height x width) unless a row says otherwise",
        "times": "wall clock, warm, every result fetched; median, lowest and highest of the calls",
        "order": f"{rounds.ROUNDS} rounds over all contestants; those above {rounds.SLOW_SECONDS} s in every second",
        "cores": cores,
        "devices": sorted({device.device_type for device in tf.config.list_physical_devices()}),
        "load_at_start": round(load, 2),
        "yardstick": classical.CONSTRUCTION,
        "yardstick_ms": yardstick,
        "gradients": "frames (through a trained brightness gain in the training step), u0 and all kernels",
        "training_step": "launch.run.train_step.TrainStep: loss, gradients, clipping and Adam's update included",
        "inference_graph": "launch.run.inference.as_graph of the layer",
        "peak_gb": "highest resident memory beyond the framework's own, 1e9 bytes, fresh process",
    }
