"""How fast Representation Flow is beside the released PyTorch layer, and what it adds to the run time of a network.

    python -m launch.benchmark --suite=representation_flow --data_dir=UCF-101 --torch_python=ENVIRONMENT/bin/python

Four tables, two cores, some 6 minutes: wall-clock time of the layer on one clip of features (15 pairs, 32 channels,
28 x 28), the first step of a fresh process, whether gradients stay finite, and the run-time column of the paper's
Table 9 on a real video. `--torch_layer=rep_flow_layer.py` times the authors' own file, in the first version of their
repository's history, in place of our transcription.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from launch.benchmarks.parts import rounds, table9
from launch.benchmarks.parts.cores import busy_notes, limited_cores
from launch.benchmarks.parts.fresh_process import measure_fresh
from launch.benchmarks.parts.motion_layer import EAGER, FORWARD, FORWARD_BACKWARD, GRAPH, MODES, STEP
from launch.benchmarks.parts.released_layer import ReleasedLayer
from launch.benchmarks.parts.representation_flow import Case, make_call, make_input
from launch.benchmarks.pipeline import SUFFIXES
from launch.run.progress import progress
from tvnet_keras.errors import InputError

THREADS = 2
FEATURES: dict[str, Any] = {"frames": 16, "channels": 32, "size": 28}
ITERATIONS = (10, 20)
VARIANTS = ("default", "released_v1")
MANY_ITERATIONS = 100
"""Number of iterations over which gradients must stay finite."""

BARS_MS = {(FORWARD, 10): 25.0, (FORWARD_BACKWARD, 10): 90.0, (FORWARD, 20): 45.0, (FORWARD_BACKWARD, 20): 170.0}
"""The milliseconds that the compiled layer should need at most; the released one took 171, 502, 336 and 1013."""

RELEASED_MOST_MS = 400.0
"""More milliseconds than the released layer takes on two idle cores, forward, with 10 iterations. Its threads wait for
each other by spinning: where other processes take a core away, it becomes many times slower and the ratios flatter our
layer."""

FIRST_BAR_S = 5.0
"""The seconds that the first step should take at most, with numba's kernels compiled by an earlier process."""

AGREEMENT = 1e-3
"""Relative difference of the two layers' mean squared flows beyond which they do not compute the same."""

RELEASED = "released, PyTorch"
WARM, COLD = "warm", "cold"

Key = Case | tuple[str, str, int]


def run(data_dir: str, torch_python: str = "", torch_layer: str = "") -> dict:
    """Measures everything.

    Args:
        data_dir: any folder of videos, searched recursively; the first video with enough frames is classified.
        torch_python: interpreter of an environment with PyTorch; empty to leave the released layer out.
        torch_layer: the authors' `rep_flow_layer.py` in its first version; empty for our transcription of it.

    Returns:
        `protocol`; `notes`, sentences for the reader; `rows` of four tables, which differ in their first key: "layer",
        "fresh process", "gradients over" and "table 9".

    Raises:
        InputError: there is no video, or PyTorch is asked for and cannot run.
    """
    if not data_dir:
        raise InputError("--suite=representation_flow needs --data_dir=FOLDER of videos.")
    frames = table9.frames_of(data_dir, SUFFIXES)
    load = os.getloadavg()[0]
    # Every case has a graph of its own on purpose; TensorFlow would warn of retracing.
    tf.get_logger().setLevel("ERROR")
    with limited_cores(THREADS) as cores:
        rows, notes = _layer_rows(torch_python, torch_layer)
        modes = [mode for mode in MODES if any(row["mode"] == mode for row in rows)]
        rows += [*_fresh_rows(modes), *_finite_rows(modes), *_table9_rows(frames)]
    return {
        "protocol": _protocol(frames, cores, load, torch_layer),
        "notes": [*notes, *busy_notes(load)],
        "rows": rows,
    }


def cases() -> list[Case]:
    """Every way of running our layer that is timed in rounds."""
    ways = ((GRAPH, FORWARD), (STEP, FORWARD_BACKWARD), (EAGER, FORWARD), (EAGER, FORWARD_BACKWARD))
    return [
        Case(place, does, mode, iterations, variant, **FEATURES)
        for variant in VARIANTS
        for mode in MODES
        for place, does in ways
        for iterations in ITERATIONS
    ]


def _layer_rows(torch_python: str, torch_layer: str) -> tuple[list[dict], list[str]]:
    features = make_input(Case(GRAPH, FORWARD, MODES[-1], **FEATURES))
    with contextlib.ExitStack() as stack:
        calls, notes = _ready(features)
        if torch_python:
            released = stack.enter_context(ReleasedLayer(torch_python, torch_layer, features, THREADS))
            given = {(RELEASED, does, number): released.call(does, number) for does, number in BARS_MS}
            calls |= {key: call for key, call in given.items() if key[2] in ITERATIONS}
            notes.append(_agreement(calls))
        else:
            notes.append("Left out: the released PyTorch layer (give --torch_python).")
        measured = rounds.measure(calls)
    if (RELEASED, FORWARD, 10) in measured:
        notes += _unusual(float(np.median(measured[RELEASED, FORWARD, 10])) * 1e3)
    return [_layer_row(key, measured) for key in measured], notes


def _ready(features: np.ndarray) -> tuple[dict[Key, Callable[[], Any]], list[str]]:
    """Functions that have been called once, and the reasons why others cannot be called here."""
    ready: dict[Key, Callable[[], Any]] = {}
    missing: list[str] = []
    with progress("compiling", "layers") as show:
        for number, case in enumerate(cases()):
            try:
                call = make_call(case, features)
                call()
                ready[case] = call
            except InputError as error:
                missing.append(f"Left out: {error}")
            show(number + 1, len(cases()))
    return ready, list(dict.fromkeys(missing))


def _agreement(calls: dict[Key, Callable[[], Any]]) -> str:
    """A sentence on whether the released layer and ours compute the same flow; it calls the functions once more."""
    worst = 0.0
    for number in ITERATIONS:
        ours = calls[Case(GRAPH, FORWARD, MODES[-1], number, "released_v1", **FEATURES)]()
        # The released layer gives the mean of u^2 + v^2.
        ours, theirs = 2 * float(np.mean(np.square(ours))), calls[RELEASED, FORWARD, number]()
        worst = max(worst, abs(ours - theirs) / theirs)
        calls[RELEASED, FORWARD_BACKWARD, number]()
    verdict = "agrees" if worst < AGREEMENT else "DOES NOT AGREE, so that the ratios mean nothing,"
    return f"The released layer {verdict} with variant released_v1: mean squared flow differs by {worst:.1g} of itself."


def _unusual(milliseconds: float) -> list[str]:
    """A warning where the released layer is slower than two idle cores make it."""
    if milliseconds <= RELEASED_MOST_MS:
        return []
    return [
        f"The released layer took {milliseconds:.0f} ms forward, more than the {RELEASED_MOST_MS:.0f} "
        "ms of two idle cores for 10 iterations: the machine is busy or another, and times_faster is not to be quoted."
    ]


def _layer_row(key: Key, measured: dict[Key, list[float]]) -> dict:
    taken = rounds.summary(measured[key], name="ms")
    if isinstance(key, Case):
        words = {"layer": f"ours, {key.variant}", "runs in": key.place, "mode": key.mode}
        does, iterations = key.does, key.iterations
        bar = None if key.place == EAGER else BARS_MS.get((does, iterations))
    else:
        layer, does, iterations = key
        words, bar = {"layer": layer, "runs in": EAGER, "mode": ""}, None
    theirs = measured.get((RELEASED, does, iterations))
    faster = float(np.median(theirs)) * 1e3 / taken["ms"] if theirs else None
    words |= {"does": does, "iterations": iterations}
    return {**words, **taken, "times_faster": faster, "bar_ms": bar, "calls": len(measured[key])}


def _fresh_rows(modes: list[str]) -> list[dict]:
    """The first training step; in native mode also with numba's kernels still to be compiled."""
    wanted = [(mode, cache) for mode in modes for cache in ((COLD, WARM) if mode == "native" else ("",))]
    rows = []
    with tempfile.TemporaryDirectory() as folder, progress("fresh processes", "processes") as show:
        for number, (mode, cache) in enumerate(wanted):
            case = Case(STEP, FORWARD_BACKWARD, mode, ITERATIONS[-1], **FEATURES)
            words = {"fresh process": case.place, "mode": mode, "numba cache": cache, "iterations": case.iterations}
            bar = None if cache == COLD else FIRST_BAR_S
            rows.append({**words, **measure_fresh(case, "", folder), "first_bar_s": bar})
            show(number + 1, len(wanted))
    return rows


def _finite_rows(modes: list[str]) -> list[dict]:
    rows = []
    for mode in modes:
        case = Case(EAGER, FORWARD_BACKWARD, mode, MANY_ITERATIONS, **FEATURES)
        gradients = make_call(case, make_input(case))()
        finite = all(np.isfinite(gradient).all() for gradient in gradients)
        largest = float(max(np.abs(gradient).max() for gradient in gradients))
        words = {"gradients over": f"{MANY_ITERATIONS} iterations", "mode": mode, "tensors": len(gradients)}
        rows.append({**words, "finite": "yes" if finite else "no", "largest": largest if finite else None})
    return rows


def _table9_rows(frames: np.ndarray) -> list[dict]:
    calls = table9.make_calls(frames)
    for call in calls.values():
        call()
    seconds = rounds.measure(calls)
    base = float(np.median(seconds[table9.RGB])) * 1e3
    rows = []
    for name, taken in seconds.items():
        measured, paper = rounds.summary(taken, name="ms"), table9.PAPER_MS[name]
        ours = {**measured, "to_rgb": measured["ms"] / base}
        theirs = {"paper_ms": paper, "paper_to_rgb": paper / table9.PAPER_MS[table9.RGB]}
        rows.append({"table 9": name, **ours, **theirs, "calls": len(taken)})
    return rows


def _protocol(frames: np.ndarray, cores: int, load: float, torch_layer: str) -> dict:
    clip = f"{table9.FRAMES} frames of {table9.SIZE} x {table9.SIZE}"
    return {
        "features": "a generated texture per channel that moves by half and three quarters of a pixel, "
        f"1 clip of {FEATURES['frames']} frames, {FEATURES['channels']} channels, "
        f"{FEATURES['size']} x {FEATURES['size']}, scaled inside the layer, without its convolutions",
        "times": "wall clock, warm, every result fetched; median, lowest and highest of the calls",
        "order": f"{rounds.ROUNDS} rounds over all contestants; those above {rounds.SLOW_SECONDS} s in every second",
        "cores": cores,
        "devices": sorted({device.device_type for device in tf.config.list_physical_devices()}),
        "load_at_start": round(load, 2),
        "gradients": "features (through a trained gain per channel in the training step), all kernels, tau, lambda, "
        "theta; the training step adds clipping and Adam's update",
        "released": "the authors' file, masks repaired" if torch_layer else "our transcription of the first version",
        "table9": f"ResNet-{table9.DEPTH}, {clip}, forward from decoded frames to logits; {table9.ITERATIONS} "
        f"iterations after block 3; two-stream adds a network of stacks of {table9.FLOW_FIELDS} fields and TV-L1 "
        f"(defaults) of {len(frames) - 1} pairs of {frames.shape[1]} x {frames.shape[2]}",
        "paper": "a Titan X, TV-L1 on the GPU",
    }
