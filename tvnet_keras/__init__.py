"""Networks that see motion: TV-L1 optical flow as a Keras layer, and what stands on it.

Eight contracts hold the suite together; every function, file and launcher keeps them.

Clip
    `[B, T, H, W, 3]`, RGB: uint8 0..255 from the pipeline, float32 0..1 inside a model. Integer input always means
    0..255, float input means the layer's `value_range`; TV-L1 rescales to 0..255 inside, where its constants belong.
Flow
    float32 `[B, T - 1, H, W, 2]`: channel 0 = u, + right; channel 1 = v, + down; pixels per frame at the tensor's own
    resolution; `I_t(x) ~ I_{t+1}(x + flow)`.
Batch
    A dictionary: `clip` always; `label` `[B]`, `flow` (a Flow), `known` `[B, T - 1, H, W]` (0 or 1) where the source
    has them; `index` `[B]`, places in the source's list; `weight` `[B]` where a sample stands for several. A method
    says what it needs, and a source that lacks it is refused before the first step.
Motion layer
    A Keras layer `[B, T, H, W, C] -> [B, T - n, H, W, C']` with n = its `frames_consumed`. Output t belongs to
    frame t. Those of `models/motion` are interchangeable in front of a temporal stream. `SOLVER_VERSION` counts the
    versions of its mathematics (`layers.motion_layer`).
Weights
    Found by the names of their layers, never by position. A run starts from any other with the weights that have the
    same names and shapes, and says which they were; a run of an earlier version loads.
Scores
    One `.npz` without pickles: `video_id[N]`, `label[N]` (-1 unknown), `class_names[K]`, `logits[N, K]` (mean of
    pre-softmax logits over views) and a JSON header. Fusion joins by video id, never by position.
Protocol
    What a number means, made by what measured it: every setting that can change it, the samples, the weights, and the
    code of the training and of the measurement.
Result
    `docs/results/<table>/<row>-seed<k>.json`: config, protocol, commit, machine, numbers and `SOLVER_VERSION` of each
    motion layer. Tables read only these, and mark those of other mathematics than today's.

Decided once: flips obey what a data set says of its labels and negate u; short videos loop unless told otherwise;
tau, lambda and theta are kept positive by a constraint; every sample and its augmentation is a pure function of
(seed, epoch, index).
"""

import importlib
from typing import TYPE_CHECKING, Any

from tvnet_keras.errors import InputError
from tvnet_keras.layers.conv2plus1d import Conv2Plus1D
from tvnet_keras.layers.fit_clip import FitClip
from tvnet_keras.layers.fit_flow import FitFlow
from tvnet_keras.layers.flow_image import FlowImage
from tvnet_keras.layers.flow_of_flow import FlowOfFlow
from tvnet_keras.layers.motion_net import MotionNet
from tvnet_keras.layers.non_local import NonLocal
from tvnet_keras.layers.per_step import PerStep
from tvnet_keras.layers.representation_flow import RepresentationFlow
from tvnet_keras.layers.sliding_windows import SlidingWindows
from tvnet_keras.layers.tvnet import TVNet
from tvnet_keras.layers.unit_range import UnitRange
from tvnet_keras.losses.endpoint import EndPointError
from tvnet_keras.losses.tvl1_energy import TVL1Energy
from tvnet_keras.ops.resize import resize_flow
from tvnet_keras.ops.tracing import local_graphs
from tvnet_keras.ops.warp import warp
from tvnet_keras.optimizers.grouped import GroupedAdam, GroupedSGD
from tvnet_keras.registration import register_networks
from tvnet_keras.version import __version__

if TYPE_CHECKING:
    from tvnet_keras.flow import flow_to_colour, read_flo, read_kitti, write_flo, write_kitti

__all__ = [
    "Conv2Plus1D",
    "EndPointError",
    "FitClip",
    "FitFlow",
    "FlowImage",
    "FlowOfFlow",
    "GroupedAdam",
    "GroupedSGD",
    "InputError",
    "MotionNet",
    "NonLocal",
    "PerStep",
    "RepresentationFlow",
    "SlidingWindows",
    "TVL1Energy",
    "TVNet",
    "UnitRange",
    "__version__",
    "flow_to_colour",
    "local_graphs",
    "read_flo",
    "read_kitti",
    "resize_flow",
    "warp",
    "write_flo",
    "write_kitti",
]


def __getattr__(name: str) -> Any:
    """Files and pictures of flow, whose libraries (OpenCV, PyAV, Pillow) layers do without: imported when asked for."""
    if name in __all__:
        return getattr(importlib.import_module("tvnet_keras.flow"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """What is imported when asked for, too."""
    return sorted({*globals(), *__all__})


register_networks()
