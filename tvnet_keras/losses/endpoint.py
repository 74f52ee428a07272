"""End-point error: the distance between estimated and true flow vectors."""

import keras
from keras import ops


def end_point_error(truth, flow):
    """Euclidean distance of the flow vectors at every pixel.

    Args:
        truth: `[..., 2]`, pixels.
        flow: `[..., 2]`, pixels.

    Returns:
        `[...]`, pixels; its gradient is zero, not NaN, where the flow is exact.
    """
    squared = ops.sum(ops.square(flow - truth), axis=-1)
    wrong = squared > 0
    return ops.where(wrong, ops.sqrt(ops.where(wrong, squared, 1.0)), 0.0)


@keras.saving.register_keras_serializable(package="tvnet_keras")
class EndPointError(keras.losses.Loss):
    """Mean end-point error of `[B, ..., 2]` flows in pixels; `sample_weight` masks unknown vectors.

    Example:
        >>> EndPointError()(np.zeros((1, 4, 4, 2)), np.ones((1, 4, 4, 2)))
        1.4142
    """

    def call(self, y_true, y_pred):
        """Per-pixel error `[B, ...]` of `y_pred` against `y_true`."""
        return end_point_error(ops.cast(y_true, y_pred.dtype), y_pred)
