"""The errors of flow: the end-point error where the truth is known, and the photometric residual where it is not."""

import keras
import numpy as np

from tvnet_keras.errors import InputError
from tvnet_keras.flow.io import UNKNOWN, known_vectors
from tvnet_keras.ops.intensity import to_grey
from tvnet_keras.ops.warp import warp
from tvnet_keras.video.resize import resize_half_pixel_bilinear

OUTLIERS_PX = (1, 3, 5)
"""Errors, in pixels, above which a vector is counted as an outlier."""

FL_PX, FL_SHARE = 3, 0.05
"""KITTI's outliers are wrong by more than so many pixels and by more than this share of the true length."""


class EndPointErrors:
    """End-point errors over any number of images, in every convention that papers report.

    Example:
        >>> errors = EndPointErrors()
        >>> errors.add(np.zeros((4, 6, 2)), np.full((4, 6, 2), 3.0))
        >>> errors.numbers()["epe"]
        4.242640687119285
    """

    def __init__(self) -> None:
        self._images = self._pixels = self._fl = 0
        self._sum_of_means = self._sum = 0.0
        self._outliers = dict.fromkeys(OUTLIERS_PX, 0)

    def add(self, flow: np.ndarray, truth: np.ndarray, known: np.ndarray | None = None) -> None:
        """Counts one field or a batch of fields; each `[H, W, 2]` is an image of its own.

        Args:
            flow: `[..., H, W, 2]`, pixels.
            truth: `[..., H, W, 2]`, pixels.
            known: bool or 0/1 `[..., H, W]`, which vectors count; None takes `known_vectors` of the truth. An image
                without known vectors does not count.

        Raises:
            InputError: the shapes do not fit together.
        """
        flow, truth = np.asarray(flow), np.asarray(truth)
        if flow.shape != truth.shape:
            raise InputError(f"The flow has the shape {flow.shape} and its truth {truth.shape}; compare equal sizes.")
        known = known_vectors(truth) if known is None else np.asarray(known).astype(bool)
        if flow.ndim < 3 or flow.shape[-1] != 2 or known.shape != flow.shape[:-1]:
            raise InputError(
                "Errors are taken of flow [..., H, W, 2] where known [..., H, W] says so. "
                f"Received: flow {flow.shape}, known {known.shape}"
            )
        images = [part.reshape(-1, *flow.shape[-3:-1], *part.shape[flow.ndim - 1 :]) for part in (flow, truth, known)]
        for one_flow, one_truth, one_known in zip(*images, strict=True):
            if one_known.any():
                self._add_image(one_flow[one_known], one_truth[one_known])

    def _add_image(self, flow: np.ndarray, truth: np.ndarray) -> None:
        errors = np.linalg.norm((flow - truth).astype(np.float64), axis=-1)
        self._images += 1
        self._pixels += errors.size
        self._sum_of_means += float(errors.mean())
        self._sum += float(errors.sum())
        # Not `errors > limit`, which would let NaN pass for exact.
        for limit in OUTLIERS_PX:
            self._outliers[limit] += int(np.count_nonzero(~(errors <= limit)))
        length = np.linalg.norm(truth.astype(np.float64), axis=-1)
        self._fl += int(np.count_nonzero(~((errors <= FL_PX) | (errors <= FL_SHARE * length))))

    def numbers(self) -> dict[str, float]:
        """All numbers, over known vectors only.

        Returns:
            `epe`, the mean over images of each image's mean, and `epe_pixel`, the mean over all pixels, both in pixels;
            `outliers_1px`, `outliers_3px`, `outliers_5px` and `fl_all`, fractions 0..1 of all pixels; `images` and
            `pixels`, the numbers of both that counted.

        Raises:
            InputError: no vector was known.
        """
        if not self._pixels:
            raise InputError("No vector of the exact flow is known, so there is nothing to compare with.")
        return {
            "epe": self._sum_of_means / self._images,
            "epe_pixel": self._sum / self._pixels,
            **{f"outliers_{limit}px": count / self._pixels for limit, count in self._outliers.items()},
            "fl_all": self._fl / self._pixels,
            "images": float(self._images),
            "pixels": float(self._pixels),
        }


def mean_end_point_error(flow: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance of the vectors from the known ones of the truth, in pixels.

    Args:
        flow: `[H, W, 2]`, pixels.
        truth: `[H, W, 2]`, pixels; unknown vectors (`known_vectors`) do not count.

    Raises:
        InputError: the sizes differ, or no vector of the truth is known.

    Example:
        >>> mean_end_point_error(np.zeros((4, 6, 2)), np.full((4, 6, 2), (3.0, 4.0)))
        5.0
    """
    errors = EndPointErrors()
    errors.add(flow, truth)
    return errors.numbers()["epe"]


def photometric_residual(frames: np.ndarray, flow: np.ndarray) -> float:
    """Mean `|I2(x + flow) - I1(x)|` in grey levels: how much of the first frame the flow does not explain.

    It stands in for the end-point error where no truth is known (Fan et al. 2018, Table 2: rho of Eq. 1).

    Args:
        frames: uint8 `[2, H, W, 3]`, RGB.
        flow: `[H, W, 2]`, pixels. Positions outside the frame take the nearest pixel.

    Returns:
        0..255.

    Example:
        >>> frames = np.stack([np.full((4, 6, 3), grey, "uint8") for grey in (100, 103)])
        >>> round(photometric_residual(frames, np.zeros((4, 6, 2))), 3)
        3.0
    """
    return float(photometric_residuals(frames[None], flow[None, None])[0, 0])


def photometric_residuals(clips: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """`photometric_residual` of every step of clips.

    Args:
        clips: uint8 `[B, T, H, W, 3]`, RGB.
        flow: `[B, T', H, W, 2]`, T' < T, pixels from frame t to frame t + 1.

    Returns:
        float64 `[B, T']`, 0..255.

    Example:
        >>> photometric_residuals(np.zeros((2, 4, 8, 8, 3), "uint8"), np.zeros((2, 3, 8, 8, 2))).shape
        (2, 3)
    """
    steps, shape = flow.shape[1], (-1, *flow.shape[2:4], 1)
    grey = keras.ops.convert_to_numpy(to_grey(keras.ops.cast(clips, "float32")))
    following = grey[:, 1 : steps + 1].reshape(shape)
    moved = keras.ops.convert_to_numpy(warp(following, flow.reshape(*shape[:-1], 2).astype(np.float32)))
    return np.abs(moved.reshape(flow.shape[:-1]) - grey[:, :steps], dtype=np.float64).mean(axis=(2, 3))


def unknown_as_zero(truth: np.ndarray) -> np.ndarray:
    """The truth with every unknown vector set to zero, as the released TVNet counts them.

    Example:
        >>> unknown_as_zero(np.array([[[1.0, 2.0], [UNKNOWN, UNKNOWN]]])).tolist()
        [[[1.0, 2.0], [0.0, 0.0]]]
    """
    return np.where(known_vectors(truth)[..., None], truth, np.float32(0))


def resize_truth_half_pixel_bilinear(truth: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resizes an exact flow bilinearly and scales its vectors with it.

    Args:
        truth: `[H, W, 2]`, pixels; unknown vectors as `known_vectors` tells them.
        size: (height, width) in pixels.

    Returns:
        float32 `[height, width, 2]`, pixels of the new size; a vector to which an unknown one contributes is unknown.

    Example:
        >>> resize_truth_half_pixel_bilinear(np.ones((4, 4, 2), "float32"), (8, 16))[0, 0].tolist()
        [4.0, 2.0]
    """
    height, width = truth.shape[:2]
    known = known_vectors(truth).astype(np.float32)
    vectors = resize_half_pixel_bilinear(unknown_as_zero(truth)[None], size)[0]
    resized = vectors * np.array([size[1] / width, size[0] / height], np.float32)
    resized[resize_half_pixel_bilinear(known[None], size)[0] < 1] = UNKNOWN
    return resized
