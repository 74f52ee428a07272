"""End-point error: the distance between estimated and true flow vectors."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from tvnet_keras.typing import Tensor

ROBUST_OFFSET, ROBUST_POWER = 0.01, 0.4
"""Of `robust_end_point_error`: epsilon, in pixels, and q of PWC-Net's loss for fine-tuning."""


def end_point_error(truth: Tensor, flow: Tensor) -> Tensor:
    """Euclidean distance of the flow vectors at every pixel.

    Args:
        truth: `[..., 2]`, pixels.
        flow: `[..., 2]`, pixels.

    Returns:
        `[...]`, pixels; its gradient is zero, not NaN, where the flow is exact.

    Example:
        >>> ops.convert_to_numpy(end_point_error(np.zeros((1, 2)), np.array([[3.0, 4.0]]))).tolist()
        [5.0]
    """
    squared = ops.sum(ops.square(flow - truth), axis=-1)
    # Not `squared > 0`, which would let NaN pass for exact.
    exact = ops.equal(squared, 0.0)
    return ops.where(exact, 0.0, ops.sqrt(ops.where(exact, 1.0, squared)))


def blank_unknown(truth: Tensor, flow: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Truth and flow with zeros wherever nothing is known, so that no value there reaches an error or its gradient.

    A product with zero would not do: NaN and infinity times zero are NaN.

    Args:
        truth: `[..., 2]`, pixels.
        flow: `[..., 2]`, pixels.
        known: `[...]`, where a size may also be one; 0 where nothing is known.

    Returns:
        The truth and the flow, both `[..., 2]`.
    """
    keep = ops.not_equal(known, 0)[..., None]
    return ops.where(keep, truth, ops.zeros_like(truth)), ops.where(keep, flow, ops.zeros_like(flow))


def mean_end_point_error(truth: Tensor, flow: Tensor, known: Tensor) -> Tensor:
    """Mean end-point error of every clip over its known vectors.

    Args:
        truth: `[B, T, H, W, 2]`, pixels; any value, also NaN, where it is not known.
        flow: `[B, T, H, W, 2]`, pixels.
        known: `[B, T, H, W]`, 1 where the truth is known, 0 elsewhere.

    Returns:
        `[B]`, pixels; 0 for a clip of which nothing is known.

    Raises:
        ValueError: the shapes do not fit together.

    Example:
        >>> truth, flow = np.zeros((2, 1, 4, 6, 2)), np.full((2, 1, 4, 6, 2), (3.0, 4.0))
        >>> known = np.stack([np.ones((1, 4, 6)), np.zeros((1, 4, 6))])
        >>> ops.convert_to_numpy(mean_end_point_error(truth, flow, known)).tolist()
        [5.0, 0.0]
    """
    check_shapes("mean_end_point_error", truth, flow)
    check_weight("mean_end_point_error", known, flow)
    return _mean_over_known(lambda error: error, truth, flow, known)


def robust_end_point_error(truth: Tensor, flow: Tensor, known: Tensor) -> Tensor:
    """Mean of `(end-point error + 0.01)^0.4` of every clip over its known vectors.

    Vectors that are far off, such as those of occluded or too fast pixels, count little more than others, so that
    learning goes on where the flow is nearly right (Sun et al., "PWC-Net", CVPR 2018, Eq. 9, with the Euclidean
    distance in the place of the sum of absolute differences).

    Args:
        truth: `[B, T, H, W, 2]`, pixels; any value, also NaN, where it is not known.
        flow: `[B, T, H, W, 2]`, pixels.
        known: `[B, T, H, W]`, 1 where the truth is known, 0 elsewhere.

    Returns:
        `[B]`; 0 for a clip of which nothing is known.

    Raises:
        ValueError: the shapes do not fit together.

    Example:
        >>> truth, flow = np.zeros((1, 1, 4, 6, 2)), np.full((1, 1, 4, 6, 2), (0.6, 0.79))
        >>> round(float(robust_end_point_error(truth, flow, np.ones((1, 1, 4, 6)))[0]), 2)
        1.0
    """
    check_shapes("robust_end_point_error", truth, flow)
    check_weight("robust_end_point_error", known, flow)
    return _mean_over_known(lambda error: ops.power(error + ROBUST_OFFSET, ROBUST_POWER), truth, flow, known)


def _mean_over_known(penalty: Callable[[Tensor], Tensor], truth: Tensor, flow: Tensor, known: Tensor) -> Tensor:
    """The mean penalty of the end-point errors of every clip, `[B]`."""
    known, axes = ops.cast(known, "float32"), tuple(range(1, len(known.shape)))
    truth, flow = blank_unknown(ops.cast(truth, "float32"), ops.cast(flow, "float32"), known)
    total = ops.sum(penalty(end_point_error(truth, flow)) * known, axis=axes)
    return total / ops.maximum(ops.sum(known, axis=axes), 1.0)


def check_shapes(name: str, truth: Tensor, flow: Tensor) -> None:
    """Refuses a truth and a flow whose known sizes differ, or that have not two components.

    Args:
        name: name of the loss, for the message.
        truth: the true flow.
        flow: the estimated flow.

    Raises:
        ValueError: truth and flow do not fit together.
    """
    sizes = tuple(truth.shape), tuple(flow.shape)
    if len(sizes[0]) != len(sizes[1]) or not all(map(_fits, *sizes)) or not _fits(sizes[1][-1], 2):
        raise ValueError(
            f"{name} compares flows [B, ..., 2] of one shape; resize the truth and its vectors to the flow "
            f"(tvnet_keras.flow.measure.resize_truth_half_pixel_bilinear). Received: truth {sizes[0]}, flow {sizes[1]}"
        )


def check_weight(name: str, weight: Tensor, flow: Tensor) -> None:
    """Refuses weights that do not count one per vector of a flow, or one per entry of its leading axes.

    Args:
        name: name of the loss, for the message.
        weight: the weights.
        flow: `[B, ..., 2]`.

    Raises:
        ValueError: weights and flow do not fit together.
    """
    vectors, sizes = tuple(flow.shape)[:-1], tuple(weight.shape)
    fits = (size == 1 or _fits(size, of) for size, of in zip(sizes, vectors, strict=False))
    if len(sizes) > len(vectors) or not all(fits):
        raise ValueError(
            f"{name} takes one weight per vector, {vectors} here, or per leading axes, such as {vectors[:1]}; a mask "
            f"[B, T, H, W, 1] needs its last axis taken away (mask[..., 0]). Received: weights {sizes}"
        )


def _fits(size: int | None, other: int | None) -> bool:
    return None in (size, other) or size == other


@keras.saving.register_keras_serializable(package="tvnet_keras")
class EndPointError(keras.losses.Loss):
    """Mean end-point error of `[B, ..., 2]` flows in pixels.

    `sample_weight` masks unknown vectors: one weight per vector, or one per entry of the leading axes (`[B]`: one per
    clip). Unlike Keras's default, masked vectors do not count in the mean, and may have any value, also NaN.

    Args:
        reduction: how the errors of all vectors become one number, as in `keras.losses.Loss`.
        **kwargs: `keras.losses.Loss` arguments.

    Raises:
        ValueError: truth, flow and weights do not fit together.

    Example:
        >>> round(float(EndPointError()(np.zeros((1, 4, 4, 2)), np.ones((1, 4, 4, 2)))), 4)
        1.4142
    """

    def __init__(self, reduction: str = "mean_with_sample_weight", **kwargs: Any) -> None:
        super().__init__(reduction=reduction, **kwargs)

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """The reduced loss."""
        y_true, y_pred = (ops.convert_to_tensor(flow, dtype=self.dtype) for flow in (y_true, y_pred))
        check_shapes(self.name, y_true, y_pred)
        if sample_weight is not None:
            # Keras divides by the sum of the weights as they are: right only if there is one for every vector.
            vectors, weight = ops.shape(y_pred)[:-1], ops.convert_to_tensor(sample_weight)
            check_weight(self.name, weight, y_pred)
            missing = len(vectors) - len(weight.shape)
            weight = ops.reshape(weight, (*ops.shape(weight), *[1] * missing))
            sample_weight = ops.broadcast_to(weight, vectors)
            y_true, y_pred = blank_unknown(y_true, y_pred, sample_weight)
        return super().__call__(y_true, y_pred, sample_weight)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Per-pixel error `[B, ...]` of `y_pred` against `y_true`."""
        return end_point_error(ops.cast(y_true, y_pred.dtype), y_pred)
