"""Names and axes of a layer's weights in PyTorch and in Keras."""

import numpy as np

NORMALISATION = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
"""Variables of a batch normalisation."""

LINEAR = {"weight": "kernel"}
"""Variables of convolutions and dense layers; both frameworks call the other one bias."""


def linear_weight(layer: str, parameter: str, value: np.ndarray) -> tuple[str, np.ndarray]:
    """A weight of a convolution or a dense layer as Keras has it.

    Args:
        layer: the layer's name here.
        parameter: the weight's name in PyTorch.
        value: its value there.

    Returns:
        `<layer>/<variable>`, and the value with Keras's order of axes.

    Example:
        >>> name, kernel = linear_weight("conv1", "weight", np.zeros((64, 3, 7, 5)))
        >>> name, kernel.shape
        ('conv1/kernel', (7, 5, 3, 64))
    """
    return f"{layer}/{LINEAR.get(parameter, parameter)}", last_axes(value)


def norm_weight(layer: str, parameter: str, value: np.ndarray) -> tuple[str, np.ndarray]:
    """A weight of a batch normalisation as Keras has it; arguments and result are those of `linear_weight`."""
    return f"{layer}/{NORMALISATION.get(parameter, parameter)}", value


def last_axes(value: np.ndarray) -> np.ndarray:
    """`[O, I, ...]` to `[..., I, O]`; vectors stay."""
    return np.moveaxis(value, (1, 0), (-2, -1)) if value.ndim > 1 else value
