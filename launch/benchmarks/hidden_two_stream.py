"""Hidden Two-Stream's frames per second, as in the paper's Table 2, and what its motion layer costs beside others.

    python -m launch.benchmark --suite=hidden_two_stream
    python -m launch.benchmark --suite=hidden_two_stream --data_dir=UCF-101

Two tables, two cores, some three minutes, one clip at a time. The first has the paper's size: the published MotionNet
on eleven frames of 224 x 224, VGG-16 on its ten flow fields, and one on an RGB frame, against OpenCV's TV-L1 (its
defaults) of the ten pairs in front of the same networks. The second has the size of the trainings of
`hidden_two_stream_motion`: six frames of 96 x 96, every motion layer in front of the same EfficientNet-Lite0.

`fps` is frames of a video per second. The paper does not say how it counts; here a video is cut into clips that share a
frame, so that a clip of eleven frames, which has ten flow fields, takes it ten frames further. Frames lie in memory:
neither their decoding nor the writing and reading of flow is counted, which is almost three times all other steps of
the two-stage way, as the paper says. Its numbers are of a Titan X and of a solver on the GPU; ours are of one machine.
"""

import dataclasses
import os
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import models.rgb as rgb
from launch.benchmarks.parts import rounds, table9
from launch.benchmarks.parts.classical import THREADS
from launch.benchmarks.parts.cores import busy_notes, limited_cores
from launch.benchmarks.parts.frames import moving_clip
from launch.benchmarks.pipeline import SUFFIXES
from launch.run.inference import as_graph, logits_of
from models import hidden_two_stream
from models.hidden_two_stream import CLASS, MOTION_NET, Options
from tvnet_keras.flow.solvers import Solver, make_solver
from tvnet_keras.video.augment import test_views
from tvnet_keras.video.recipe import ViewRecipe

CLASSES = 101


@dataclasses.dataclass(frozen=True)
class Setting:
    """The size at which networks are compared.

    Attributes:
        size: height and width of the frames, in pixels.
        fields: flow fields of a clip, which has one frame more.
        width: channels of MotionNet's first convolution.
        backbone: the image network.
        solver: the classical solver.
    """

    size: int
    fields: int
    width: int
    backbone: str
    solver: str

    @property
    def frames(self) -> int:
        """Frames of a clip."""
        return self.fields + 1

    @property
    def clip_shape(self) -> tuple[int, int, int, int]:
        """`(T, H, W, 3)`."""
        return self.frames, self.size, self.size, 3


PAPER = Setting(size=224, fields=10, width=64, backbone="vgg16", solver="tvl1")
SMALL = Setting(size=96, fields=5, width=16, backbone="efficientnet_lite0", solver="tvl1-5-5-10")

MOTION, STACKED, HIDDEN = "MotionNet", "stacked temporal stream", "hidden two-stream"
TVL1, TWO_STREAM = "TV-L1 + temporal stream", "TV-L1 + two-stream"

PAPER_FPS = {STACKED: 169.49, HIDDEN: 120.48, TVL1: 14.75, TWO_STREAM: 12.8}
"""Table 2; the last is the Very Deep Two-Stream's."""

STORED = "stored"

LAYERS: dict[str, dict[str, Any]] = {
    MOTION_NET: {},
    "tvnet": {},
    "representation_flow": {"iterations": 10},
    STORED: {},
}
"""Options by the name of the motion layer: those of `hidden_two_stream_motion`."""

Calls = dict[str, Callable[[], Any]]


def run(data_dir: str) -> dict:
    """Measures everything by turns.

    Args:
        data_dir: any folder of videos, of which the first with enough frames is classified; empty for a generated clip.

    Returns:
        `protocol`, `notes`, and `rows` of two tables, which differ in their first key: "at the paper's size" and
        "motion layer".

    Raises:
        InputError: there is no video, or OpenCV was installed without its contributed modules.
    """
    load = os.getloadavg()[0]
    # Every network has a graph of its own on purpose; TensorFlow would warn of retracing.
    tf.get_logger().setLevel("ERROR")
    with limited_cores(THREADS) as cores:
        paper, small = _paper_calls(_clip(data_dir, PAPER)), _layer_calls(_clip(data_dir, SMALL))
        calls = {
            (table, name): call
            for table, group in (("paper", paper), ("layers", small))
            for name, call in group.items()
        }
        for call in calls.values():
            call()
        seconds = rounds.measure(calls)
    rows = [
        *_paper_rows({name: seconds["paper", name] for name in paper}),
        *_layer_rows({name: seconds["layers", name] for name in small}),
    ]
    return {"protocol": _protocol(data_dir, cores, load), "rows": rows, "notes": busy_notes(load)}


def _clip(data_dir: str, setting: Setting) -> np.ndarray:
    """One clip, uint8 `[1, T, size, size, 3]`."""
    if not data_dir:
        return moving_clip(setting.frames, setting.size, setting.size)[None]
    frames = table9.frames_of(data_dir, SUFFIXES)[: setting.frames]
    return test_views(frames, ViewRecipe((setting.size, setting.size), "center"))[0]


def _stream(setting: Setting, motion: str, **options: Any) -> keras.Model:
    chosen = Options(
        backbone=setting.backbone,
        motion=motion,
        flow_fields=setting.fields,
        motion_width=setting.width,
        losses=(CLASS,),
        **options,
    )
    return hidden_two_stream.build(num_classes=CLASSES, clip_shape=setting.clip_shape, options=chosen)


def _graph(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    graph = as_graph(model, logits_of)
    return lambda taken: graph(taken).numpy()


def flow_of(solve: Solver, clip: np.ndarray) -> np.ndarray:
    """The flow of every pair, as a model on stored flow takes it.

    Args:
        solve: a solver of `tvnet_keras.flow.solvers`.
        clip: uint8 `[1, T, H, W, 3]`.

    Returns:
        float32 `[1, T - 1, H, W, 2]`, pixels.
    """
    return np.stack([solve(clip[0, k : k + 2]) for k in range(clip.shape[1] - 1)])[None]


def _paper_calls(clip: np.ndarray) -> Calls:
    """The paper's networks, untrained, and TV-L1 in front of them, each from frames to logits."""
    stream, spatial_stream = _stream(PAPER, MOTION_NET), _spatial_stream(PAPER)
    motion, temporal, spatial = as_graph(stream.motion), _graph(stream), _graph(spatial_stream)
    of_flow, solve = _graph(_stream(PAPER, STORED)), make_solver(PAPER.solver)
    frame = clip[:, :1]
    return {
        MOTION: lambda: motion(clip).numpy(),
        STACKED: lambda: temporal(clip),
        HIDDEN: lambda: (temporal(clip), spatial(frame)),
        TVL1: lambda: of_flow(flow_of(solve, clip)),
        TWO_STREAM: lambda: (of_flow(flow_of(solve, clip)), spatial(frame)),
    }


def _spatial_stream(setting: Setting) -> keras.Model:
    options = rgb.Options(backbone=setting.backbone)
    return rgb.build(num_classes=CLASSES, clip_shape=(1, *setting.clip_shape[1:]), options=options)


def _layer_calls(clip: np.ndarray) -> Calls:
    """The temporal stream on every motion layer, and on a solver's flow, which is there already or not."""
    solve = make_solver(SMALL.solver)
    graphs = {name: _graph(_stream(SMALL, name, **options)) for name, options in LAYERS.items()}
    of_flow, flow = graphs.pop(STORED), flow_of(solve, clip)
    calls: Calls = {name: lambda graph=graph: graph(clip) for name, graph in graphs.items()}
    return {**calls, STORED: lambda: of_flow(flow), SMALL.solver: lambda: of_flow(flow_of(solve, clip))}


def _paper_rows(seconds: dict[str, list[float]]) -> list[dict]:
    """Each beside TV-L1 in front of as many streams."""
    against = {STACKED: TVL1, HIDDEN: TWO_STREAM, TVL1: TVL1, TWO_STREAM: TWO_STREAM}
    rows = []
    for name, taken in seconds.items():
        words, other = {"at the paper's size": name}, seconds.get(against.get(name, ""), [])
        rows.append({**words, **_times(taken, PAPER, other), "paper_fps": PAPER_FPS.get(name)})
    return rows


def _layer_rows(seconds: dict[str, list[float]]) -> list[dict]:
    """Each beside the solver in front of the same stream."""
    return [{"motion layer": name, **_times(taken, SMALL, seconds[SMALL.solver])} for name, taken in seconds.items()]


def _times(seconds: list[float], setting: Setting, other: list[float]) -> dict[str, float | None]:
    """Milliseconds and frames per second; and how many times faster it is than `other`, None where that is empty."""
    median = float(np.median(seconds))
    faster = float(np.median(other)) / median if other else None
    return {**rounds.summary(seconds, name="ms_per_clip"), "fps": setting.fields / median, "times_faster": faster}


def _protocol(data_dir: str, cores: int, load: float) -> dict:
    return {
        "paper": dataclasses.asdict(PAPER),
        "layers": {**dataclasses.asdict(SMALL), "options": LAYERS},
        "classes": CLASSES,
        "clip": "first video" if data_dir else "generated",
        "cores": cores,
        "networks": "untrained",
        "times": "wall clock of one call for one clip, by turns",
        "fps": "flow fields of a clip by its seconds: clips share a frame",
        "devices": [device.device_type for device in tf.config.list_physical_devices()],
        "load_at_start": load,
    }
