"""The generalised Charbonnier penalty: a smooth |x|^(2 alpha), which takes little notice of outliers."""

from keras import ops

from tvnet_keras.ops.precision import at_least_float32
from tvnet_keras.typing import Tensor

EPSILON = 0.001
"""Where the penalty turns round (Hidden Two-Stream's released value; the paper gives none)."""


def charbonnier(x: Tensor, alpha: float, scale: float = 1.0, epsilon: float = EPSILON) -> Tensor:
    """`((scale * x)^2 + epsilon^2)^alpha` (Zhu et al., "Hidden Two-Stream", ACCV 2018, below Eq. 1).

    Args:
        x: differences, any shape.
        alpha: half the power of a large difference: 0.5 is near to |x|, less is more robust and not convex.
        scale: what differences are multiplied by, such as 255 for frames within 0..1.
        epsilon: positive, in units of `scale * x`; an exact zero costs `epsilon^(2 alpha)` and has gradient zero.

    Returns:
        The shape of `x`, float32, or float64 if `x` is.

    Example:
        >>> ops.convert_to_numpy(charbonnier(np.array([0.0, 3.0, -3.0]), alpha=0.5)).round(3).tolist()
        [0.001, 3.0, 3.0]
    """
    (x,) = at_least_float32(x)
    return ops.power(ops.square(scale * x) + epsilon**2, alpha)
