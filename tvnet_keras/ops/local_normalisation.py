"""Frames whose brightness is normalised per pixel, on which Hidden Two-Stream compares them (Zhu et al., ACCV 2018).

The paper does not mention it; the constants are those of the released configuration.
"""

from keras import ops

from tvnet_keras.ops.intensity import to_255
from tvnet_keras.ops.precision import at_least_float32
from tvnet_keras.typing import Tensor

MEANS = (123.0, 117.0, 104.0)
"""What is subtracted from R, G, B in 0..255; Caffe's files list them as B, G, R."""

SIZE, ALPHA, BETA = 9, 1.0, 0.7
"""Of the released normalisation. Nine channels around each of three are all three."""


def normalised_frames(clip: Tensor) -> Tensor:
    """The frames that Hidden Two-Stream's losses compare: means subtracted, scaled by 1/255, then normalised locally.

    Args:
        clip: `[..., 3]`, R, G, B; integers, which mean 0..255, or floats within 0..1.

    Returns:
        float32, the shape of `clip`; about -0.5..0.5.

    Raises:
        ValueError: the clip has not three channels.

    Example:
        >>> mean = np.full((1, 1, 1, 3), (123, 117, 104), "uint8")
        >>> ops.convert_to_numpy(normalised_frames(mean)).ravel().tolist()
        [0.0, 0.0, 0.0]
    """
    if clip.shape[-1] != len(MEANS):
        raise ValueError(f"normalised_frames needs frames [..., 3] (R, G, B). Received: clip.shape={tuple(clip.shape)}")
    return local_response_normalisation((to_255(clip) - ops.convert_to_tensor(MEANS, "float32")) / 255.0)


def local_response_normalisation(x: Tensor, size: int = SIZE, alpha: float = ALPHA, beta: float = BETA) -> Tensor:
    """`x / (1 + alpha / size * s)^beta`, s the sum of squares over `size` channels around each (Caffe's LRN).

    Beyond the first and the last channel there is nothing, and the divisor of the sum stays `size` there.

    Args:
        x: `[..., C]`, any values, any number of channels.
        size: number of channels in a window, odd.
        alpha: weight of the mean square.
        beta: power.

    Returns:
        The shape of `x`, float32, or float64 if `x` is.

    Raises:
        ValueError: `size` is even, or not positive.

    Example:
        >>> one = local_response_normalisation(np.ones((1, 3)), size=3, alpha=3.0, beta=1.0)
        >>> ops.convert_to_numpy(one).round(4).tolist()  # 1 / 3, 1 / 4, 1 / 3
        [[0.3333, 0.25, 0.3333]]
    """
    if size < 1 or size % 2 == 0:
        raise ValueError(f"A window around a channel has an odd number of channels. Received: size={size}")
    (x,) = at_least_float32(x)
    return x / ops.power(1.0 + alpha / size * _window_sums(ops.square(x), size // 2), beta)


def _window_sums(x: Tensor, reach: int) -> Tensor:
    """For every channel, the sum over those that are at most `reach` away."""
    channels = x.shape[-1]
    # All other channels at most: what a window has beyond them is zero.
    reach = min(reach, channels - 1)
    padded = ops.pad(x, (*((0, 0),) * (len(x.shape) - 1), (reach, reach)))
    total = padded[..., :channels]
    for k in range(1, 2 * reach + 1):
        total = total + padded[..., k : k + channels]
    return total
