"""Structural similarity of images, in windows that stand side by side."""

from keras import ops

from tvnet_keras.losses.normalisation import is_released
from tvnet_keras.ops.frame_pairs import fold_time
from tvnet_keras.ops.intensity import gaussian_taps
from tvnet_keras.ops.precision import at_least_float32
from tvnet_keras.typing import Dimension, Tensor

WINDOW = 8
"""Side of a window, and the step to the next one (Hidden Two-Stream's released configuration, as all that follows)."""

SIGMA = WINDOW / 6
C1, C2 = 1e-4, 1e-3
"""Of images whose values span about one."""


def ssim(first: Tensor, second: Tensor) -> Tensor:
    """Structural similarity of every window and channel of two images.

    Windows of 8 x 8 pixels with Gaussian weights stand side by side from the top left: 1, 2, 4, 7 and 14 on sides of 7,
    14, 28, 56 and 112 pixels. Weights of a window that reaches beyond the image are those of the pixels inside, with
    the sum 1. (In the released code theirs sum up to less, which counts as black beyond the image, and a window's
    Gaussian has its peak half a pixel to the right of the middle and below it.)

    Args:
        first: `[N, h, w, C]`, values that span about one.
        second: likewise.

    Returns:
        `[N, ceil(h / 8), ceil(w / 8), C]`, at most 1, which equal images have.

    Example:
        >>> image = np.random.default_rng(0).random((1, 8, 20, 3)).astype("float32")
        >>> same, negative = ssim(image, image), ssim(image, 1 - image)
        >>> tuple(same.shape), float(ops.min(same)), float(ops.max(negative)) < 0
        ((1, 1, 3, 3), 1.0, True)

    Reference:
        Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural similarity",
        2004.
    """
    first, second = at_least_float32(first, second)
    height, width = ops.shape(first)[1:3]
    rows, columns = (_weights(side, first.dtype) for side in (height, width))
    weights = rows[:, :, None, None, None] * columns[:, :, None]
    first, second = (_windows(images) for images in (first, second))

    def mean(values: Tensor) -> Tensor:
        return ops.sum(weights * values, axis=(2, 4), keepdims=True)

    mean_1, mean_2 = mean(first), mean(second)
    # Not the mean square minus the squared mean, whose difference float32 rounds.
    first, second = first - mean_1, second - mean_2
    variances, covariance = mean(ops.square(first) + ops.square(second)), mean(first * second)
    light = (2 * mean_1 * mean_2 + C1) / (ops.square(mean_1) + ops.square(mean_2) + C1)
    structure = (2 * covariance + C2) / (variances + C2)
    return (light * structure)[:, :, 0, :, 0]


def _weights(side: Dimension, dtype: str) -> Tensor:
    """The weights of a side's pixels in each of its windows, `[windows, 8]`; those inside have the sum 1."""
    windows = _number_of_windows(side)
    inside = ops.reshape(ops.arange(windows * WINDOW) < side, (windows, WINDOW))
    weights = ops.cast(inside, dtype) * ops.cast(gaussian_taps(WINDOW, SIGMA), dtype)
    return weights / ops.sum(weights, axis=1, keepdims=True)


def _number_of_windows(side: Dimension) -> Dimension:
    return (side + WINDOW - 1) // WINDOW


def _windows(images: Tensor) -> Tensor:
    """`[N, h, w, C]` to `[N, rows, 8, columns, 8, C]`, with zeros beyond the image."""
    height, width = ops.shape(images)[1:3]
    rows, columns = _number_of_windows(height), _number_of_windows(width)
    images = ops.pad(images, ((0, 0), (0, rows * WINDOW - height), (0, columns * WINDOW - width), (0, 0)))
    return ops.reshape(images, (-1, rows, WINDOW, columns, WINDOW, images.shape[-1]))


def ssim_error(first: Tensor, reconstruction: Tensor, normalisation: str = "paper") -> Tensor:
    """How far the structure of every clip's first frames and of their reconstruction differ (Zhu et al. 2018, Eq. 3).

    All windows count, also those at the border. Where the flow leaves the frame, the reconstruction is what
    `losses.photometric.reconstruct` puts there, the border of the second frame: a window without those pixels would
    have weights of its own at every step of a training.

    Args:
        first: `[B, T - 1, h, w, C]`, as from `reconstruct`.
        reconstruction: likewise.
        normalisation: "paper" for the mean of `1 - SSIM` over pairs, windows and channels; "released" for its sum, the
            mean of which over the batch is the released loss: it grows with the number of windows.

    Returns:
        `[B]`, 0 for an exact reconstruction.

    Raises:
        InputError: there is no such normalisation.

    Example:
        >>> image = np.random.default_rng(0).random((1, 1, 20, 8, 3)).astype("float32")
        >>> float(ssim_error(image, image)[0]), float(ssim_error(image, 1 - image)[0]) > 1
        (0.0, True)
    """
    error = 1 - ssim(fold_time(first), fold_time(reconstruction))
    error = ops.reshape(error, (ops.shape(first)[0], -1))
    return ops.sum(error, axis=1) if is_released(normalisation) else ops.mean(error, axis=1)
