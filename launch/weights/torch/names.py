"""The names that the weights of PyTorch's networks have here."""

import re
from collections.abc import Callable

import numpy as np

from launch.weights.finite import require_finite
from launch.weights.torch.flow_layer import KERNELS, flow_layer_weights, required
from launch.weights.torch.second_release import is_second_release, of_second_release
from models.parts.torch_layers import linear_weight, norm_weight
from tvnet_keras.errors import InputError

IGNORED = "num_batches_tracked"

_IMAGE = (
    (r"conv1", "conv1_conv"),
    (r"bn1", "conv1_norm"),
    (r"layer(\d)\.(\d+)\.conv(\d)", r"layer\1_\2_conv\3_conv"),
    (r"layer(\d)\.(\d+)\.bn(\d)", r"layer\1_\2_conv\3_norm"),
    (r"layer(\d)\.(\d+)\.downsample\.0", r"layer\1_\2_shortcut_conv"),
    (r"layer(\d)\.(\d+)\.downsample\.1", r"layer\1_\2_shortcut_norm"),
    (r"fc", "logits"),
)

_VIDEO_BLOCKS = (
    (r"layer(\d)\.(\d+)\.conv(\d)\.0\.0", r"layer\1_\2_conv\3_conv/spatial"),
    (r"layer(\d)\.(\d+)\.conv(\d)\.0\.1", r"layer\1_\2_conv\3_conv/norm"),
    (r"layer(\d)\.(\d+)\.conv(\d)\.0\.3", r"layer\1_\2_conv\3_conv/temporal"),
    (r"layer(\d)\.(\d+)\.conv(\d)\.0", r"layer\1_\2_conv\3_conv"),
    (r"layer(\d)\.(\d+)\.conv(\d)\.1", r"layer\1_\2_conv\3_norm"),
)

_FACTORED_STEM = (
    (r"stem\.0", "conv1_conv/spatial"),
    (r"stem\.1", "conv1_conv/norm"),
    (r"stem\.3", "conv1_conv/temporal"),
    (r"stem\.4", "conv1_norm"),
)
_STEM = ((r"stem\.0", "conv1_conv"), (r"stem\.1", "conv1_norm"))

_RELEASED_FLOW = (
    (r"flow_cmp", "flow/flow_1/reduce"),
    (r"flow_conv", "flow/convolution_1"),
    (r"flow_cmp2", "flow/flow_2/reduce"),
    (r"flow_conv2", "restore"),
    (r"bnf", "fusion/norm"),
)
_RELEASED_LAYERS = {"flow_layer": "flow/flow_1", "flow_layer2": "flow/flow_2"}
FromTorch = Callable[[str, np.ndarray], tuple[str, np.ndarray]]
"""What `models.encoders` calls `from_torch`."""


def renamed(state: dict[str, np.ndarray], source: str, from_torch: FromTorch | None = None) -> dict[str, np.ndarray]:
    """A state dict under our names, its arrays with our order of axes.

    Convolutions go from `[O, I, (t,) h, w]` to `[(t,) h, w, I, O]`, the classifier from `[O, I]` to `[I, O]`.

    Args:
        state: the state dict of an image network that has `from_torch`; without it that of torchvision's ResNet, r3d or
            r2plus1d, or of either release of Representation Flow.
        source: the file's name, for errors.
        from_torch: what the image network's module says about its weights' names.

    Raises:
        InputError: these networks do not have a name, two weights get the same one, a weight is missing to which others
            belong, or values are no finite numbers.
    """
    state = {name: value for name, value in state.items() if name.rpartition(".")[2] != IGNORED}
    require_finite(state, source)
    if from_torch is not None:
        return _image_network(state, source, from_torch)
    return of_second_release(state, source) if is_second_release(state) else _residual(state, source)


def _image_network(state: dict[str, np.ndarray], source: str, from_torch: FromTorch) -> dict[str, np.ndarray]:
    values: dict[str, np.ndarray] = {}
    for theirs, held in state.items():
        ours, value = from_torch(theirs, held)
        if ours in values:
            raise InputError(f"--weights={source} holds two weights for {ours}, one of them {theirs}; get it again.")
        values[ours] = value
    return values


def _residual(state: dict[str, np.ndarray], source: str) -> dict[str, np.ndarray]:
    rules = _rules(state)
    values = _released_layers(state, source)
    for name, value in state.items():
        module, _, parameter = name.rpartition(".")
        if module in _RELEASED_LAYERS:
            continue
        ours = next((re.sub(f"{old}$", new, module) for old, new in rules if re.fullmatch(old, module)), None)
        if ours is None:
            raise InputError(
                f"--weights={source} holds {name}, which no known residual network has; check --config.model.backbone."
            )
        # Both kinds of layers call theirs weight and bias; only a normalisation's weight is a vector.
        vector = required(state, f"{module}.weight", source).ndim == 1
        own, value = (norm_weight if vector else linear_weight)(ours, parameter, value)
        values[own] = value
    return values


def _released_layers(state: dict[str, np.ndarray], source: str) -> dict[str, np.ndarray]:
    """The weights of the flow layers of the first release."""
    values = {}
    for theirs, ours in _RELEASED_LAYERS.items():
        if f"{theirs}.{next(iter(KERNELS))}" in state:
            values |= flow_layer_weights(state, theirs, ours, source)
    return values


def _rules(state: dict[str, np.ndarray]) -> tuple[tuple[str, str], ...]:
    if "stem.0.weight" not in state:
        return (*_IMAGE, *_RELEASED_FLOW)
    stem = _FACTORED_STEM if "stem.3.weight" in state else _STEM
    return (*stem, *_VIDEO_BLOCKS, *_IMAGE)
