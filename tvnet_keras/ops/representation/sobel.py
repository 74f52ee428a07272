"""Image gradients by trainable 3 x 3 kernels, which start as Sobel's."""

import numpy as np
from keras import ops

from tvnet_keras.typing import Tensor

_ACROSS = np.outer((1, 2, 1), (-1, 0, 1))
SOBEL = np.stack([_ACROSS, _ACROSS.T], axis=-1).astype("float32")
"""`[3, 3, 2]`: weights of a pixel's neighbours in the x and in the y derivative, eight times the slope of a ramp."""


def kernel_gradient(images: Tensor, kernels: Tensor, border: str) -> tuple[Tensor, Tensor]:
    """Both derivatives of every image: each pixel's neighbours, weighed.

    Args:
        images: `[N, H, W]`.
        kernels: `[3, 3, 2]`, ordered as `SOBEL`: row, column, derivative (x, y).
        border: what lies outside the image: "symmetric" (its border again) or "constant" (zeros).

    Returns:
        `(gx, gy)`, each `[N, H, W]`.
    """
    padded = ops.pad(images, ((0, 0), (1, 1), (1, 1)), mode=border)
    # One convolution with two filters: in TensorFlow four times faster than eighteen weighed slices.
    both = ops.conv(padded[..., None], kernels[:, :, None], padding="valid", data_format="channels_last")
    return both[..., 0], both[..., 1]
