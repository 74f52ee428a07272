"""The TV-L1 energy of a flow field: what TVNet minimises without labels."""

from typing import Any

import keras
from keras import ops

from tvnet_keras.ops.frame_pairs import frame_pairs
from tvnet_keras.ops.gradients import forward_x, forward_y
from tvnet_keras.ops.intensity import to_255
from tvnet_keras.ops.value_check import check_values
from tvnet_keras.ops.warp import warp
from tvnet_keras.typing import Tensor

DATA_WEIGHT = 0.15
"""Weight of the brightness term for frames in 0..255 (lambda of the paper's Eq. 1)."""


def tvl1_energy(
    clip: Tensor, flow: Tensor, value_range: tuple[float, float] = (0.0, 1.0), data_weight: float = DATA_WEIGHT
) -> Tensor:
    """Mean TV-L1 energy per pixel of every clip (Fan et al. 2018, Eq. 1, a mean instead of a sum).

    `data_weight * mean|I_{t+1}(x + flow) - I_t(x)| + mean(|u_x| + |u_y| + |v_x| + |v_y|)`, with exact warping and
    fixed derivative kernels: trainable ones, as in the released code, let the loss fall without a better flow.

    Args:
        clip: `[B, T, H, W, C]`; integers 0..255 or floats within `value_range`.
        flow: `[B, T - 1, H, W, 2]`, pixels at the clip's resolution.
        value_range: `(low, high)` of float clips.
        data_weight: weight of the brightness term, whose frames are scaled to 0..255.

    Returns:
        `[B]`, the energy of every clip.

    Raises:
        ValueError: the flow has not one step fewer than the clip has frames, or not the size of the frames.

    Example:
        >>> brighter = np.stack([np.full((8, 8, 3), grey, "uint8") for grey in (100, 110)])[None]
        >>> ops.convert_to_numpy(tvl1_energy(brighter, np.zeros((1, 1, 8, 8, 2)))).round(3).tolist()
        [1.5]
    """
    _check_shapes(tuple(clip.shape), tuple(flow.shape))
    batch, _, height, width, _ = ops.shape(clip)
    first, second = frame_pairs(to_255(clip, value_range))
    fields = ops.reshape(ops.cast(flow, "float32"), (-1, height, width, 2))
    brightness = ops.mean(ops.abs(warp(second, fields) - first), axis=(1, 2, 3))
    energy = data_weight * brightness + _total_variation(fields[..., 0]) + _total_variation(fields[..., 1])
    return ops.mean(ops.reshape(energy, (batch, -1)), axis=1)


def _check_shapes(clip: tuple, flow: tuple) -> None:
    batch, frames, *size, _ = clip
    needed = (batch, None if frames is None else frames - 1, *size, 2)
    if len(flow) != 5 or any(None not in pair and pair[0] != pair[1] for pair in zip(needed, flow, strict=True)):
        raise ValueError(
            f"tvl1_energy needs a flow of T - 1 steps for T frames, of their size and with two components. "
            f"Received: clip.shape={clip}, flow.shape={flow}"
        )


def _total_variation(field: Tensor) -> Tensor:
    return ops.mean(ops.abs(forward_x(field)) + ops.abs(forward_y(field)), axis=(1, 2))


@keras.saving.register_keras_serializable(package="tvnet_keras")
class TVL1Energy(keras.losses.Loss):
    """`tvl1_energy` as a Keras loss: `y_true` is the clip, `y_pred` the flow.

    `sample_weight` holds one weight per clip. A clip and a flow of weight zero may have any values, also NaN.

    Args:
        value_range: `(low, high)` of float clips; integer clips mean 0..255.
        data_weight: weight of the brightness term.
        **kwargs: `keras.losses.Loss` arguments.

    Raises:
        ValueError: clip, flow and weights do not fit together.

    Example:
        >>> still, none = np.ones((1, 2, 8, 8, 3)), np.zeros((1, 1, 8, 8, 2))
        >>> float(TVL1Energy()(still, none))
        0.0
        >>> from tvnet_keras import TVNet
        >>> clip = keras.Input((2, 8, 8, 3))
        >>> model = keras.Model(clip, TVNet(iterations=1)(clip))
        >>> model.compile("sgd", loss=TVL1Energy())  # then model.fit(clips, clips)
    """

    def __init__(
        self, value_range: tuple[float, float] = (0.0, 1.0), data_weight: float = DATA_WEIGHT, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        low, high = value_range
        self.value_range = low, high
        self.data_weight = float(data_weight)

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """The reduced loss."""
        # Keras casts y_true to float before `call`; after that, integers could not be told from floats.
        low, high = self.value_range
        frames = ops.convert_to_tensor(y_true)
        check_values(self, frames, self.value_range, "give the loss the value_range of the frames")
        frames = to_255(frames, self.value_range) * ((high - low) / 255.0) + low
        if sample_weight is not None:
            frames, y_pred = self._without_weightless(frames, ops.convert_to_tensor(y_pred), sample_weight)
        return super().__call__(frames, y_pred, sample_weight)

    def _without_weightless(self, frames: Tensor, flow: Tensor, sample_weight: Tensor) -> tuple[Tensor, Tensor]:
        weight = ops.convert_to_tensor(sample_weight)
        if len(weight.shape) != 1:
            raise ValueError(
                f"{self.name} takes one weight per clip, [B]; the energy is no sum over vectors that could be masked. "
                f"Received: weights {tuple(weight.shape)}"
            )
        # A product with zero would let NaN pass.
        keep = ops.reshape(ops.not_equal(weight, 0), (-1, 1, 1, 1, 1))
        return ops.where(keep, frames, ops.zeros_like(frames)), ops.where(keep, flow, ops.zeros_like(flow))

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Energy `[B]` of the flow `y_pred` on the clip `y_true`."""
        return tvl1_energy(y_true, y_pred, self.value_range, self.data_weight)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "value_range": self.value_range, "data_weight": self.data_weight}
