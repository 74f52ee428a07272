"""End-point error at several resolutions, as FlowNet and ActionFlowNet are trained by."""

from collections.abc import Sequence

from keras import ops

from tvnet_keras.losses.endpoint import blank_unknown, end_point_error
from tvnet_keras.typing import Dimension, Tensor


def multiscale_end_point_error(
    truth: Tensor, flows: Sequence[Tensor], known: Tensor, weights: Sequence[float]
) -> Tensor:
    """The weighted sum over resolutions of the mean end-point error, each in pixels of its own resolution.

    The truth of a coarser resolution is the mean of the known vectors of the area that a pixel covers, scaled with the
    size; the error of a pixel counts as much as the part of its area that is known (Ng et al., "ActionFlowNet", WACV
    2018, Eq. 1, with means over pixels in the place of sums, so that the weights do not depend on the size of the
    frames).

    Args:
        truth: `[B, T, H, W, 2]`, pixels; any value, also NaN, where it is not known.
        flows: flows `[B, T, h, w, 2]`, each in pixels of its own resolution, at most as fine as the truth.
        known: `[B, T, H, W]`, 1 where the truth is known, 0 elsewhere.
        weights: alpha of every flow.

    Returns:
        `[B]`; 0 for a clip of which nothing is known.

    Raises:
        ValueError: there is not one weight for every flow.

    Example:
        >>> truth, known = np.full((1, 1, 8, 8, 2), (3.0, 4.0)), np.ones((1, 1, 8, 8))
        >>> still = [np.zeros((1, 1, side, side, 2), "float32") for side in (4, 2)]
        >>> ops.convert_to_numpy(multiscale_end_point_error(truth, still, known, (1.0, 1.0))).tolist()  # 5/2 + 5/4
        [3.75]
    """
    if len(flows) != len(weights):
        raise ValueError(f"Every flow has a weight. Received: {len(flows)} flows, weights={tuple(weights)}")
    known = ops.cast(known, "float32")
    # Unknown vectors may be NaN, which no weight of zero would silence.
    truth, _ = blank_unknown(ops.cast(truth, "float32"), ops.zeros_like(ops.cast(truth, "float32")), known)
    total = ops.zeros_like(truth[:, 0, 0, 0, 0])
    for flow, weight in zip(flows, weights, strict=True):
        total = total + weight * _level_error(truth, flow, known)
    return total


def _level_error(truth: Tensor, flow: Tensor, known: Tensor) -> Tensor:
    """The mean error `[B]` of one flow over what is known, in its own pixels."""
    truth, share = shrink_truth(truth, known, *ops.shape(flow)[2:4])
    axes = tuple(range(1, len(share.shape)))
    total = ops.sum(end_point_error(truth, ops.cast(flow, "float32")) * share, axis=axes)
    # Of nothing that is known, the sum above is exactly zero.
    shares = ops.sum(share, axis=axes)
    return total / ops.where(ops.equal(shares, 0.0), 1.0, shares)


def shrink_truth(truth: Tensor, known: Tensor, height: Dimension, width: Dimension) -> tuple[Tensor, Tensor]:
    """An exact flow at a coarser resolution: means of known vectors over the areas that the new pixels cover.

    Args:
        truth: float32 `[B, T, H, W, 2]`, pixels; 0 where it is not known.
        known: float32 `[B, T, H, W]`, 1 where the truth is known, 0 elsewhere.
        height: new height in pixels, int or scalar tensor; it need not divide the old one.
        width: new width in pixels, likewise.

    Returns:
        The flow `[B, T, height, width, 2]`, in pixels of the new grid, 0 where nothing is known; and the part of every
        pixel's area that is known, `[B, T, height, width]`.
    """
    rows, columns = (_areas(old, new) for old, new in zip(ops.shape(known)[2:4], (height, width), strict=True))
    # Height and width are the last axes of what is multiplied. The product from the right is Keras's tensordot, of two
    # axes inside: of four axes, one of them of size 1, TensorFlow's oneDNN writes outside its memory where the right
    # factor has no batch (tensorflow/tensorflow#123109), and Keras's matmul goes round that from 3.15 on only.
    share = ops.matmul(rows, ops.tensordot(known, columns, axes=((-1,), (1,))))
    mean = ops.matmul(rows, ops.tensordot(ops.moveaxis(truth, -1, 2), columns, axes=((-1,), (1,))))
    mean = ops.moveaxis(mean, 2, -1)
    empty = ops.equal(share, 0.0)
    mean = mean / ops.where(empty, 1.0, share)[..., None]
    sides = ((width, ops.shape(known)[3]), (height, ops.shape(known)[2]))
    scale = ops.stack([ops.cast(new, "float32") / ops.cast(old, "float32") for new, old in sides])
    return mean * scale, share


def _areas(old: Dimension, new: Dimension) -> Tensor:
    """How much of every new pixel's length each old pixel covers, `[new, old]`; rows sum up to 1."""
    ratio = ops.cast(old, "float32") / ops.cast(new, "float32")
    start = ops.cast(ops.arange(new), "float32")[:, None] * ratio
    pixel = ops.cast(ops.arange(old), "float32")[None]
    overlap = ops.minimum(start + ratio, pixel + 1) - ops.maximum(start, pixel)
    return ops.maximum(overlap, 0.0) / ratio
