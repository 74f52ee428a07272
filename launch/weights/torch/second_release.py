"""The weights of Representation Flow's second release, its Kinetics model (`kinetics_2p1d_model.py` of its authors).

What reads them is `--config.model.backbone=resnet2plus1d_kinetics`, `--config.model.fusion=residual_frame` and
`--config.model.variant=released_v2`. Two things that the released network has and ours does not are folded, exactly so
while it evaluates: a shortcut's two batch norms, one behind the other, become one, and the larger epsilon of the first
batch norm is added to its variance.
"""

import re

import numpy as np

from launch.weights.torch.flow_layer import CONSTANTS, KERNELS, flow_layer_weights, required
from models.parts.torch_layers import linear_weight, norm_weight
from tvnet_keras.errors import InputError
from tvnet_keras.layers.batch_norm import BATCH_NORM

FLOW_LAYER = "rep_flow"
FIRST_NORM, FIRST_EPSILON = "bn1", 1e-3
SHORTCUT = "shortcut"

LAYERS = {
    "stem": "conv1_conv",
    FIRST_NORM: "conv1_norm",
    f"{FLOW_LAYER}.bottleneck": "flow/reduce",
    f"{FLOW_LAYER}.unbottleneck": "restore",
    f"{FLOW_LAYER}.bn": "fusion/norm",
    "classify": "logits",
}
"""Our names of the layers around the residual blocks, by theirs."""

BLOCK_LAYERS = {
    "layers.1": "conv1_conv",
    "layers.2": "conv1_norm",
    "layers.5": "conv2_conv",
    "layers.6": "conv2_norm",
    "layers.8": "conv3_conv",
    "layers.9": "conv3_norm",
    f"{SHORTCUT}.1": "shortcut_conv",
    f"{SHORTCUT}.2": "shortcut_norm",
}
"""The same in block k of their stage n, `res<n>.blocks.<k>.`, which is `layer<n - 1>_<k>_` here."""

SECOND_NORM = re.compile(rf"(?P<shortcut>.+\.{SHORTCUT})\.3")
BLOCK = re.compile(r"res(?P<stage>[2-5])\.blocks\.(?P<block>\d+)\.(?P<layer>.+)")
NORM_PARAMETERS = ("weight", "bias", "running_mean", "running_var")


def is_second_release(state: dict[str, np.ndarray]) -> bool:
    """Whether a state dict is of the second release: no other network's first convolution is called `stem`.

    Args:
        state: the state dict.
    """
    return "stem.weight" in state


def of_second_release(state: dict[str, np.ndarray], source: str) -> dict[str, np.ndarray]:
    """The state dict under our names, its arrays with our order of axes.

    Args:
        state: the state dict, without counters of batches.
        source: the file's name, for errors.

    Raises:
        InputError: the network does not have a name, or a weight is missing to which others belong.
    """
    values = {}
    if f"{FLOW_LAYER}.{next(iter(KERNELS))}" in state:
        values |= flow_layer_weights(state, FLOW_LAYER, "flow", source, dense=True)
    own = {f"{FLOW_LAYER}.{name}" for name in (*KERNELS, *(f"{name}2" for name in KERNELS), *CONSTANTS)}
    for name, value in _with_our_norms(state, source).items():
        if name in own:
            continue
        module, _, parameter = name.rpartition(".")
        ours = _layer(module)
        if ours is None:
            raise InputError(
                f"--weights={source} holds {name}, which Representation Flow's second release does not have; get the "
                "file again."
            )
        ours, value = (norm_weight if ours.endswith("norm") else linear_weight)(ours, parameter, value)
        values[ours] = value
    return values


def _layer(module: str) -> str | None:
    """Our name of a layer."""
    match = BLOCK.fullmatch(module)
    if match is None:
        return LAYERS.get(module)
    layer = BLOCK_LAYERS.get(match["layer"])
    return layer and f"layer{int(match['stage']) - 1}_{match['block']}_{layer}"


def _with_our_norms(state: dict[str, np.ndarray], source: str) -> dict[str, np.ndarray]:
    """The state dict of a network with one batch norm per shortcut and one epsilon, which evaluates alike."""
    found = dict(state)
    shortcuts = {match["shortcut"] for name in state if (match := SECOND_NORM.fullmatch(name.rpartition(".")[0]))}
    for shortcut in sorted(shortcuts):
        first, second = (
            [required(state, f"{shortcut}.{place}.{name}", source) for name in NORM_PARAMETERS] for place in (2, 3)
        )
        shapes = {value.shape for value in (*first, *second)}
        if len(shapes) > 1:
            raise InputError(f"--weights={source}: the batch norms of {shortcut} differ in size; get the file again.")
        scale = second[0] / np.sqrt(second[3] + BATCH_NORM["epsilon"])
        found[f"{shortcut}.2.weight"] = first[0] * scale
        found[f"{shortcut}.2.bias"] = (first[1] - second[2]) * scale + second[1]
        for name in NORM_PARAMETERS:
            del found[f"{shortcut}.3.{name}"]
    variance = f"{FIRST_NORM}.running_var"
    found[variance] = required(state, variance, source) + np.float32(FIRST_EPSILON - BATCH_NORM["epsilon"])
    return found
