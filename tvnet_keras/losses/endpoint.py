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
    # Not `squared > 0`, which would let NaN pass for exact.
    exact = ops.equal(squared, 0.0)
    return ops.where(exact, 0.0, ops.sqrt(ops.where(exact, 1.0, squared)))


def mean_end_point_error(truth, flow, known):
    """Mean end-point error of every clip over its known vectors.

    Args:
        truth: `[B, T, H, W, 2]`, pixels; finite where it is not known too.
        flow: `[B, T, H, W, 2]`, pixels.
        known: `[B, T, H, W]`, 1 where the truth is known, 0 elsewhere.

    Returns:
        `[B]`, pixels; 0 for a clip of which nothing is known.
    """
    flow = ops.cast(flow, "float32")
    known, axes = ops.cast(known, "float32"), tuple(range(1, len(known.shape)))
    total = ops.sum(end_point_error(ops.cast(truth, "float32"), flow) * known, axis=axes)
    return total / ops.maximum(ops.sum(known, axis=axes), 1.0)


@keras.saving.register_keras_serializable(package="tvnet_keras")
class EndPointError(keras.losses.Loss):
    """Mean end-point error of `[B, ..., 2]` flows in pixels.

    `sample_weight` masks unknown vectors: one weight per vector, or per leading axes (`[B]`: one per clip). Unlike
    Keras's default, masked vectors do not count in the mean.

    Args:
        reduction: as in `keras.losses.Loss`.
        **kwargs: `keras.losses.Loss` arguments.

    Example:
        >>> EndPointError()(np.zeros((1, 4, 4, 2)), np.ones((1, 4, 4, 2)))
        1.4142
    """

    def __init__(self, reduction: str = "mean_with_sample_weight", **kwargs) -> None:
        super().__init__(reduction=reduction, **kwargs)

    def __call__(self, y_true, y_pred, sample_weight=None):
        """The reduced loss."""
        if sample_weight is not None:
            # Keras divides by the sum of the weights as they are: right only if there is one for every vector.
            vectors, weight = ops.shape(y_pred)[:-1], ops.convert_to_tensor(sample_weight)
            missing = len(vectors) - len(weight.shape)
            weight = ops.reshape(weight, (*ops.shape(weight), *[1] * missing))
            sample_weight = ops.broadcast_to(weight, vectors)
        return super().__call__(y_true, y_pred, sample_weight)

    def call(self, y_true, y_pred):
        """Per-pixel error `[B, ...]` of `y_pred` against `y_true`."""
        return end_point_error(ops.cast(y_true, y_pred.dtype), y_pred)
