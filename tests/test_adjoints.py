"""Every linear map of images and flows is the matrix of an oracle, and its gradient that matrix transposed.

`<A x, y> = <x, A* y>` alone would let a wrong map pass whose gradient is derived from it; the oracle's matrix does not.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import pytest
import tensorflow as tf

from tests import official_oracle, oracle
from tvnet_keras.layers.fit_clip import FitClip
from tvnet_keras.ops import gradients, intensity
from tvnet_keras.ops.resize import resize_align_corners_bilinear, resize_flow, resize_half_pixel_antialiased
from tvnet_keras.ops.tvl1 import released
from tvnet_keras.ops.warp import warp

RANDOM = np.random.default_rng(0)
SIZE = (5, 6)
FLOW = RANDOM.normal(0, 2, (*SIZE, 2))
"""Vectors that leave the image here and there."""
VECTORS = np.moveaxis(FLOW, -1, 0)
TAPS = RANDOM.normal(size=(2, 2))
NOTHING = np.zeros(SIZE)


class LinearMap(NamedTuple):
    """A map of fields `[H, W]` or `[H, W, C]`, as this project computes it and as an oracle does."""

    ours: Callable
    theirs: Callable
    shape: tuple[int, ...] = SIZE
    dtype: str = "float64"


def image_map(function):
    """A function of `[N, H, W, C]` as one of `[H, W]`."""
    return lambda image: function(image[None, ..., None])[0, ..., 0]


def field_map(function):
    """A function of `[N, H, W]` as one of `[H, W]`."""
    return lambda field: function(field[None])[0]


def opencv_resize(image, height, width):
    """A side that shrinks is averaged over areas, one that grows is interpolated."""
    shrunk = min(width, image.shape[1]), min(height, image.shape[0])
    image = cv2.resize(image.astype("float32"), shrunk, interpolation=cv2.INTER_AREA)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)


def align_corners(height, width):
    return LinearMap(
        image_map(lambda image: resize_align_corners_bilinear(image, height, width)),
        lambda image: oracle.resize(image, height, width),
    )


def align_corners_flow(height, width):
    def theirs(flow):
        u, v = (oracle.resize(flow[..., k], height, width) for k in (0, 1))
        return np.stack([u * width / SIZE[1], v * height / SIZE[0]], axis=-1)

    return LinearMap(field_map(lambda flow: resize_flow(flow, height, width)), theirs, (*SIZE, 2))


def without_aliasing(height, width):
    return LinearMap(
        image_map(lambda image: resize_half_pixel_antialiased(image, height, width)),
        lambda image: opencv_resize(image, height, width),
        dtype="float32",
    )


MAPS = {
    "warp": LinearMap(
        image_map(lambda image: warp(image, tf.constant(FLOW[None]))),
        lambda image: oracle.warp(image, *VECTORS),
    ),
    "smoothing": LinearMap(
        field_map(intensity.smooth), lambda image: oracle.smoothed_grey(np.repeat(image[..., None], 3, axis=-1))
    ),
    "central gradient, x": LinearMap(
        field_map(lambda image: gradients.central_gradient(image)[0]), lambda image: oracle.image_gradient(image)[0]
    ),
    "central gradient, y": LinearMap(
        field_map(lambda image: gradients.central_gradient(image)[1]), lambda image: oracle.image_gradient(image)[1]
    ),
    "forward difference, x": LinearMap(
        field_map(lambda field: gradients.forward_x(field, TAPS[0])),
        lambda field: oracle.forward_difference(field, *TAPS)[0],
    ),
    "forward difference, y": LinearMap(
        field_map(lambda field: gradients.forward_y(field, TAPS[1])),
        lambda field: oracle.forward_difference(field, *TAPS)[1],
    ),
    "divergence of px": LinearMap(
        field_map(lambda field: gradients.divergence(field, tf.zeros_like(field), *TAPS)),
        lambda field: oracle.divergence(field, NOTHING, *TAPS),
    ),
    "divergence of py": LinearMap(
        field_map(lambda field: gradients.divergence(tf.zeros_like(field), field, *TAPS)),
        lambda field: oracle.divergence(NOTHING, field, *TAPS),
    ),
    **{f"resize to {height} x {width}": align_corners(height, width) for height, width in ((9, 11), (3, 4), (2, 9))},
    **{f"resize_flow to {height} x {width}": align_corners_flow(height, width) for height, width in ((9, 7), (3, 11))},
    **{
        f"antialiased to {height} x {width}": without_aliasing(height, width)
        for height, width in ((9, 11), (2, 4), (3, 9))
    },
    "released warp": LinearMap(
        image_map(lambda image: released.warp(image, tf.constant(FLOW[None], "float32"))),
        lambda image: official_oracle.warp(*map(tf.constant, (image, *VECTORS))).numpy(),
        dtype="float32",
    ),
    "released resize": LinearMap(
        image_map(lambda image: released.resize_align_corners_bilinear(image, 3, 11)),
        lambda image: official_oracle.resize(tf.constant(image), 3, 11).numpy(),
        dtype="float32",
    ),
    # A frame of 7 x 9 whose short side becomes 6 has 6 x 8 pixels, of which the window takes the middle.
    "FitClip, centre": LinearMap(
        lambda image: FitClip(4, 5, resize_short=6)(image[None, None, ..., None])[0, 0, ..., 0],
        lambda image: opencv_resize(image, 6, 8)[1:5, 1:6],
        (7, 9),
        "float32",
    ),
    "FitClip, whole frame": LinearMap(
        lambda image: FitClip(10, 4, crop="none")(image[None, None, ..., None])[0, 0, ..., 0],
        lambda image: opencv_resize(image, 10, 4),
        (7, 9),
        "float32",
    ),
}

every_map = pytest.mark.parametrize("linear", MAPS.values(), ids=MAPS)


def matrix_of(linear):
    """The oracle's answers to unit images, as columns."""
    count = int(np.prod(linear.shape))
    return np.stack([np.ravel(linear.theirs(unit)) for unit in np.eye(count).reshape(count, *linear.shape)], axis=1)


def answer_and_gradient(linear, image, upstream):
    """What we make of an image, and what comes back of an upstream gradient."""
    image = tf.constant(image, linear.dtype)
    with tf.GradientTape() as tape:
        tape.watch(image)
        answer = linear.ours(image)
    gradient = tape.gradient(answer, image, tf.reshape(tf.constant(upstream, linear.dtype), answer.shape))
    return np.ravel(answer), np.ravel(gradient)


@every_map
def test_a_linear_map_is_the_oracles_matrix_and_its_gradient_the_transposed_one(linear):
    matrix, random = matrix_of(linear), np.random.default_rng(1)
    image, upstream = random.normal(size=linear.shape), random.normal(size=len(matrix))
    answer, gradient = answer_and_gradient(linear, image, upstream)
    np.testing.assert_allclose(answer, matrix @ image.ravel(), atol=2e-6)
    np.testing.assert_allclose(gradient, matrix.T @ upstream, atol=2e-6)


@every_map
def test_the_gradient_of_a_linear_map_is_its_adjoint(linear):
    random = np.random.default_rng(2)
    image, upstream = random.normal(size=linear.shape), random.normal(size=len(matrix_of(linear)))
    answer, gradient = answer_and_gradient(linear, image, upstream)
    assert answer @ upstream == pytest.approx(image.ravel() @ gradient, rel=1e-9 if linear.dtype == "float64" else 1e-4)
