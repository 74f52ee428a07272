"""The variants of Representation Flow: their kernels, their scaling of features and their iterations."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from keras import ops

from tvnet_keras.ops.differentiable import once_differentiable
from tvnet_keras.ops.frame_pairs import frame_pairs
from tvnet_keras.ops.gradients import FORWARD_TAPS, divergence
from tvnet_keras.ops.native import MODES
from tvnet_keras.ops.representation import released
from tvnet_keras.ops.representation.differentiable_loop import differentiable_loop
from tvnet_keras.ops.representation.sobel import SOBEL, kernel_gradient
from tvnet_keras.ops.tvl1.formulae import STATE_FIELDS, Constants, DataTerm, iteration_by
from tvnet_keras.ops.tvl1.solver import solve
from tvnet_keras.typing import Tensor

SMALLEST_SLOPE = 1e-2
"""A smaller slope, in grey values (0..255) per pixel, counts as zero. float32 rounds such features to 1e-5."""

SMALLEST_RANGE = 1e-6
"""A smaller difference between a clip's largest and smallest feature is rounding and is not stretched to 255."""


Kernels: TypeAlias = dict[str, Tensor]
"""Of the image gradient, the divergence and, where it is trained, the gradient of the flow."""


class Variant(NamedTuple):
    """What one variant of the layer does between its two 1 x 1 or 3 x 3 convolutions."""

    kernels: Callable[[int], dict[str, np.ndarray]]
    """Number of channels to the initial kernels by name: image_gradient, divergence, flow_gradient (where trained)."""
    normalise: Callable[[Tensor], Tensor]
    """Features `[B, T, H, W, C]` to the solver's range."""
    flow: Callable[[Tensor, Kernels, Tensor, int, str], Tensor]
    """Features `[B, T, H, W, C]`, kernels, constants `[3]`, iterations, mode to flow `[B, T - 1, H, W, 2 C]`."""
    restore_size: int = 3
    """Extent of the convolution from flow to features, in pixels."""
    residual: bool = False
    """Whether the features of frame t are added to the features of its flow, unless the layer is told otherwise."""
    modes: tuple[str, ...] = MODES
    """The modes in which its iterations can be executed."""
    least_size: int = 1
    """The least height and width of the features, in pixels, for which its kernels are defined."""


def _stretch_example(features: Tensor) -> Tensor:
    """The smallest feature of an example becomes 0 and its largest 255."""
    low, high = _range(features, (1, 2, 3, 4))
    return (features - low) * (255.0 / ops.maximum(high - low, SMALLEST_RANGE))


def _stretch_batch_upside_down(features: Tensor) -> Tensor:
    """The smallest feature of the batch becomes 0 and its largest -255."""
    low, high = _range(features, (0, 1, 2, 3, 4))
    # The order is that of the released code, whose second version turns a rounding of 1e-7 into 10 % of a gradient.
    return 255.0 * (features - low) / ops.minimum(low - high, -SMALLEST_RANGE)


def _range(features: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    return ops.min(features, axis=axes, keepdims=True), ops.max(features, axis=axes, keepdims=True)


def _channels_first(features: Tensor) -> Tensor:
    return ops.transpose(features, (0, 1, 4, 2, 3))


def _one_image_per_channel(frames: Tensor) -> Tensor:
    """`[N, C, H, W] -> [N * C, H, W]`, so that image n is of channel n % C."""
    return ops.reshape(frames, (-1, *ops.shape(frames)[2:]))


def _as_clip(flow: Tensor, features: Tensor) -> Tensor:
    """`(u, v)` of every image, `[2, B * (T - 1) * C, H, W] -> [B, T - 1, H, W, 2 C]`: u of every channel, then v."""
    batch, time, height, width, channels = ops.shape(features)
    flow = ops.reshape(flow, (2, batch, time - 1, channels, height, width))
    return ops.reshape(ops.transpose(flow, (1, 2, 4, 5, 0, 3)), (batch, time - 1, height, width, 2 * channels))


def _shared_kernels(scale: float) -> dict[str, np.ndarray]:
    """The kernels of the paper: one pair of Sobel kernels and one pair (w_x, w_y) for all channels."""
    return {"image_gradient": scale * SOBEL, "divergence": np.tile(np.array(FORWARD_TAPS, np.float32), (2, 1))}


def _default_flow(features: Tensor, kernels: Kernels, constants: Tensor, iterations: int, mode: str) -> Tensor:
    first, second = map(_one_image_per_channel, frame_pairs(_channels_first(features)))
    gradient = _above_noise(*kernel_gradient(second, kernels["image_gradient"], "symmetric"))
    divergence_taps = kernels["divergence"]
    fixed = np.tile(np.array(FORWARD_TAPS, np.float32), (4, 1))
    taps = ops.concatenate([divergence_taps, divergence_taps, ops.convert_to_tensor(fixed)])
    return _solved(features, first, second, gradient, taps, constants, iterations, mode)


def _above_noise(gx: Tensor, gy: Tensor) -> tuple[Tensor, Tensor]:
    """The image gradient, set to zero where it is rounding.

    The threshold step moves by `rho / |gradient|` pixels. Where nothing varies, as in the black borders of a video,
    this is rounding divided by rounding, and its derivative grew to 1e7 times that of all other pixels.
    """
    steep = ops.cast(gx * gx + gy * gy > SMALLEST_SLOPE * SMALLEST_SLOPE, gx.dtype)
    return gx * steep, gy * steep


def _released_v1_flow(features: Tensor, kernels: Kernels, constants: Tensor, iterations: int, mode: str) -> Tensor:
    first, second = frame_pairs(_channels_first(features))
    gradient = released.channel_gradient(first, second, kernels["image_gradient"])
    divergence_taps, flow_taps = kernels["divergence"], kernels["flow_gradient"]
    taps = ops.concatenate([divergence_taps, divergence_taps, flow_taps, flow_taps], axis=1)
    first, second, *gradient = map(_one_image_per_channel, (first, second, *gradient))
    return _solved(features, first, second, gradient, taps, constants, iterations, mode)


def _solved(
    features: Tensor,
    first: Tensor,
    second: Tensor,
    gradient: Sequence[Tensor],
    taps: Tensor,
    constants: Tensor,
    iterations: int,
    mode: str,
) -> Tensor:
    """Flow from rest by TV-L1's iterations, which share `taps`: `[8, 2]`, or `[C, 8, 2]` for kernels per channel."""
    data, taps, constants = map(once_differentiable, (ops.stack([second - first, *gradient]), taps, constants))
    state = ops.zeros((STATE_FIELDS, *ops.shape(first)), "float32")
    taps = ops.broadcast_to(taps[None], (iterations, *taps.shape))
    return _as_clip(solve(state, data, taps, constants, mode)[:2], features)


def _paper_flow(features: Tensor, kernels: Kernels, constants: Tensor, iterations: int, mode: str) -> Tensor:
    first, second = map(_one_image_per_channel, frame_pairs(_channels_first(features)))
    data = DataTerm(second - first, *kernel_gradient(second, kernels["image_gradient"], "constant"))
    sobel, (taps_x, taps_y) = ops.convert_to_tensor(SOBEL), (kernels["divergence"][k] for k in range(2))

    def divergence_of(px, py, component: int):
        return divergence(px, py, taps_x, taps_y)

    def gradient_of(u, component: int):
        return kernel_gradient(u, sobel, "constant")

    scalars = Constants(*(constants[k] for k in range(3)))
    rest = tuple(ops.zeros_like(first) for _ in range(STATE_FIELDS))
    step = functools.partial(iteration_by, divergence_of, gradient_of, data=data, constants=scalars)
    return _as_clip(ops.stack(differentiable_loop(step, rest, iterations)[:2]), features)


def _released_v2_flow(features: Tensor, kernels: Kernels, constants: Tensor, iterations: int, mode: str) -> Tensor:
    batch, time, height, width, channels = ops.shape(features)
    first, second = frame_pairs(features)
    flow = released.dense_flow(first, second, kernels, constants, iterations)
    return ops.reshape(ops.concatenate(flow, axis=-1), (batch, time - 1, height, width, 2 * channels))


VARIANTS = {
    "default": Variant(lambda channels: _shared_kernels(1 / 8), _stretch_example, _default_flow),
    "paper": Variant(lambda channels: _shared_kernels(1.0), _stretch_example, _paper_flow, modes=MODES[:2]),
    "released_v1": Variant(released.channel_kernels, _stretch_batch_upside_down, _released_v1_flow, least_size=2),
    "released_v2": Variant(
        released.dense_kernels,
        _stretch_batch_upside_down,
        _released_v2_flow,
        restore_size=1,
        residual=True,
        modes=MODES[:2],
        least_size=3,
    ),
}
"""Where the variants differ, and why, is the table of `docs/methods/representation_flow.md`."""
