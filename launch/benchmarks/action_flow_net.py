"""ActionFlowNet's time per frame pair: for the classes alone, with the flow, and of TV-L1 in front of a classifier.

    python -m launch.benchmark --suite=action_flow_net
    python -m launch.benchmark --suite=action_flow_net --data_dir=MIDDLEBURY

The paper (section 4.3) has 5 ms per image in a batch, on its GPU, against 60 ms for optical flow alone. Here the
networks have the paper's width and size, 224 x 224, and beside them stands OpenCV's TV-L1 (its defaults, and 1-1-50) of
pairs as large, in front of the same ResNet-18 on flow. `to_action` is the time relative to that of the action path
alone, in a batch of the same size.
"""

import functools
import os
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from launch.benchmarks.parts.classical import THREADS, yardstick
from launch.benchmarks.parts.cores import busy_notes, limited_cores
from launch.benchmarks.parts.frames import clips
from launch.benchmarks.parts.rounds import measure, summary
from models import action_flow_net
from models.action_flow_net import CLASS, FLOW, FROZEN, STACKED_FULL_SIZE, Options
from tvnet_keras.flow.solvers import make_solver

SIZE = 224
CLASSES = 101
BATCHES = (1, 16)

ACTION, BOTH = "action path", "action and flow"
TVL1, TVL1_FAST, CLASSIFIER = "TV-L1 + classifier", "TV-L1 1-1-50 + classifier", "classifier of flow"
STACKED = "stacked"


def run(data_dir: str) -> dict:
    """Measures every network and TV-L1 by turns.

    Args:
        data_dir: Middlebury's folder; empty for generated pairs.

    Returns:
        `protocol`, `notes`, and `rows`: what is computed, the batch, and milliseconds per pair.
    """
    load = os.getloadavg()[0]
    with limited_cores(THREADS) as cores:
        calls = _calls(data_dir)
        for call in calls.values():
            call()
        seconds = measure(calls)
    milliseconds = {(what, batch): summary(taken, batch) for (what, batch), taken in seconds.items()}
    rows = [
        {
            "computed": what,
            "batch": batch,
            **numbers,
            "to_action": numbers["ms_per_pair"] / milliseconds[ACTION, batch]["ms_per_pair"],
        }
        for (what, batch), numbers in milliseconds.items()
    ]
    protocol = {
        "size": [SIZE, SIZE],
        "classes": CLASSES,
        "cores": cores,
        "network": "ResNet-18 of the paper's width, untrained",
        "times": "wall clock of one call, by turns, divided by its pairs",
        "devices": [device.device_type for device in tf.config.list_physical_devices()],
        "load_at_start": load,
    }
    return {"protocol": protocol, "rows": rows, "notes": busy_notes(load)}


def _calls(data_dir: str) -> dict[tuple[str, int], Callable[[], Any]]:
    """What is timed, by name and batch."""
    joint, stacked = _network(), _network(structure=STACKED_FULL_SIZE, losses=(CLASS,), flow_network=FROZEN)
    alone = _network(losses=(CLASS,))
    solvers = {TVL1: make_solver("tvl1"), TVL1_FAST: None}
    calls: dict[tuple[str, int], Callable[[], Any]] = {}
    for batch in BATCHES:
        frames = clips(data_dir, batch, SIZE, SIZE)
        flow = tf.zeros((batch, SIZE, SIZE, 2))
        classify = _compiled(lambda x, head=stacked.head: head(x, training=False), flow)
        calls[ACTION, batch] = _compiled(lambda x: alone(x, training=False)["logits"], frames)
        calls[BOTH, batch] = _compiled(lambda x: _answers(joint(x, training=False)), frames)
        calls[STACKED, batch] = _compiled(lambda x: stacked(x, training=False)["logits"], frames)
        calls[CLASSIFIER, batch] = classify
        for name, solve in solvers.items():
            calls[name, batch] = _solved_then_classified(solve, frames, classify)
    return calls


def _network(**options: Any) -> keras.Model:
    return action_flow_net.build(num_classes=CLASSES, clip_shape=(2, SIZE, SIZE, 3), options=Options(**options))


def _answers(outputs: dict[str, Any]) -> tuple:
    return outputs["logits"], outputs[FLOW]


def _compiled(function: Callable, taken: Any) -> Callable[[], Any]:
    graph, taken = tf.function(function, autograph=False), tf.constant(taken)
    return lambda: tf.nest.map_structure(lambda part: part.numpy(), graph(taken))


def _solved_then_classified(solve: Callable | None, frames: np.ndarray, classify: Callable) -> Callable[[], Any]:
    """The flow of every pair by a solver, or by the yardstick, and then the classifier of flow."""
    pairs = [functools.partial(solve, pair) if solve else yardstick(pair) for pair in frames]

    def both() -> Any:
        for pair in pairs:
            pair()
        return classify()

    return both
