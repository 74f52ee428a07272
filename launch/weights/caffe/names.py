"""The names that the weights of Hidden Two-Stream's Caffe networks have here.

Layers are known by the names in the released network descriptions (bryanyzhu/Hidden-Two-Stream), or by those of the
paper's Table 1 where they differ. Caffe's kernels have PyTorch's order of axes.
"""

import numpy as np

from launch.weights.finite import require_finite
from models.encoders import vgg16
from models.parts.torch_layers import linear_weight
from tvnet_keras.errors import InputError

MOTION_NET = "motion_net"
"""The layer here in which all of MotionNet is."""

LEVELS = range(2, 7)
"""Of flow, fine to coarse: that of level k has one pixel for 2^(k - 1) of the frames."""

FIRST = f"{MOTION_NET}/conv1"

VGG_ENDINGS = ("_vgg16", "_vgg")
"""Of the released layers of VGG-16 and of the paper's, which MotionNet's would else be called like."""

CONSTANT = ("FlowDeltas", "FlowScale", "PhotometricLoss", "SmoothnessLoss", "SSIMLoss", "predict_flow2_", "boudary_")
"""Beginnings of released layers whose blobs are no weights: differences, factors, limits and windows that are fixed."""

COLOURS = 3

PARAMETERS = ("weight", "bias")


def _motion_net_layers() -> dict[str, str]:
    names = {name: name for level in range(1, 7) for name in (f"conv{level}", f"conv{level}_1")}
    for level in LEVELS:
        stride = 2 ** (level - 1)
        names |= dict.fromkeys((f"conv_pr{level}", f"flow{level}"), f"decoder/flow_{stride}")
        names |= dict.fromkeys((f"smooth_conv{level}", f"xconv{level}"), f"decoder/refine_{stride}")
        names |= {
            f"deconv{level}": f"decoder/deconv_{stride}",
            f"upsample_flow{level + 1}to{level}": f"decoder/up_flow_{stride}",
        }
    return {theirs: f"{MOTION_NET}/{ours}" for theirs, ours in names.items()}


MOTION_NET_LAYERS = _motion_net_layers()

VGG_LAYERS = {
    ("fc8" if ours == "logits" else ours) + ending: ours
    for ours in vgg16.TORCH_LAYERS.values()
    for ending in VGG_ENDINGS
}


def renamed(layers: dict[str, list[np.ndarray]], source: str) -> dict[str, np.ndarray]:
    """The weights of MotionNet, and of VGG-16 behind it if there is one, by our names and with our order of axes.

    The first kernel of MotionNet is turned from blue, green, red to RGB in each of its frames. Flows need no scale:
    there as here, the output of 1 means 20 pixels of the frames.

    Args:
        layers: blobs by layer, from `launch.weights.caffe.reading.read_caffemodel`.
        source: the file's name, for errors.

    Raises:
        InputError: a layer is none of the released networks', two stand for the same one here, or values are no finite
            numbers.
    """
    values: dict[str, np.ndarray] = {}
    for theirs, blobs in layers.items():
        if theirs.startswith(CONSTANT):
            continue
        if theirs not in MOTION_NET_LAYERS and theirs not in VGG_LAYERS:
            raise InputError(
                f"--weights={source} holds {theirs}, which no released network of Hidden Two-Stream has; give the "
                "weights of MotionNet, alone or with VGG-16 behind it."
            )
        if len(blobs) > len(PARAMETERS):
            raise InputError(f"--weights={source}: {theirs} has {len(blobs)} blobs, not a kernel and a bias.")
        for parameter, blob in zip(PARAMETERS, blobs, strict=False):
            require_finite({f"{theirs} ({parameter})": blob}, source)
            ours, value = _weight(theirs, parameter, blob)
            if ours in values:
                raise InputError(f"--weights={source} holds two weights for {ours}, one of them of {theirs}.")
            values[ours] = value
    return values


def _weight(theirs: str, parameter: str, blob: np.ndarray) -> tuple[str, np.ndarray]:
    """The name and the value here of a blob."""
    if parameter == "bias":
        blob = _vector(blob)
    if theirs in VGG_LAYERS:
        ours = VGG_LAYERS[theirs]
        matrix = parameter == "weight" and not ours.startswith("conv")
        return vgg16.from_torch(f"{ours}.{parameter}", _matrix(blob) if matrix else blob)
    ours = MOTION_NET_LAYERS[theirs]
    if ours == FIRST and parameter == "weight":
        blob = _red_first(blob)
    return linear_weight(ours, parameter, blob)


def _vector(bias: np.ndarray) -> np.ndarray:
    """A bias, which had four axes before 2015: `[1, 1, 1, O]`."""
    return bias.reshape(-1) if set(bias.shape[:-1]) <= {1} else bias


def _matrix(kernel: np.ndarray) -> np.ndarray:
    """A fully connected layer's kernel as `[O, I]`: of `[1, 1, O, I]` before 2015 or a convolution `[O, C, h, w]`."""
    if kernel.ndim != 4:
        return kernel
    return kernel[0, 0] if kernel.shape[:2] == (1, 1) else kernel.reshape(len(kernel), -1)


def _red_first(kernel: np.ndarray) -> np.ndarray:
    """The kernel `[O, 3 T, h, w]` of frames in blue, green, red, for RGB frames."""
    if kernel.ndim != 4 or kernel.shape[1] % COLOURS:
        return kernel
    frames = kernel.reshape(len(kernel), -1, COLOURS, *kernel.shape[2:])
    return frames[:, :, ::-1].reshape(kernel.shape)
