"""Align-corners resizing is exact on ramps, half-pixel resizing gives OpenCV's bytes, known sizes or not."""

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import oracle
from tvnet_keras.ops.resize import (
    resize_align_corners_bilinear,
    resize_flow,
    resize_half_pixel_antialiased,
    resize_half_pixel_bilinear,
    resize_half_pixel_in_float32,
)

RANDOM = np.random.default_rng(0)

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 17, 23, 3), "uint8")
SIZES = [(8, 9), (17, 23), (40, 31), (5, 60), (30, 4), (17, 10), (20, 23), (1, 1)]


def opencv(images, height, width):
    """What shrinks by area, rounded to bytes; then what grows bilinearly."""
    shrunk = min(width, images.shape[2]), min(height, images.shape[1])
    images = [cv2.resize(image, shrunk, interpolation=cv2.INTER_AREA) for image in images]
    return np.stack([cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR) for image in images])


@tf.function(input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8), *[tf.TensorSpec((), tf.int32)] * 2])
def in_graph(images, height, width):
    return resize_half_pixel_antialiased(images, height, width)


@pytest.mark.parametrize("size", SIZES)
def test_bytes_equal_opencvs(size):
    np.testing.assert_array_equal(resize_half_pixel_antialiased(IMAGES, *size), opencv(IMAGES, *size))
    np.testing.assert_array_equal(in_graph(IMAGES, *size), opencv(IMAGES, *size))


def test_bytes_equal_opencvs_for_any_sizes():
    random = np.random.default_rng(1)
    for height, width, old_height, old_width in random.integers(1, 90, (150, 4)).tolist():
        images = random.integers(0, 256, (1, old_height, old_width, 3), "uint8")
        np.testing.assert_array_equal(in_graph(images, height, width), opencv(images, height, width))


@pytest.mark.parametrize("ratio", [(2, 2), (1, 2), (2, 1), (3, 3), (2, 4), (4, 4), (6, 6), (49, 2)])
def test_whole_ratios_round_their_halves_as_opencv_does(ratio):
    # Two neighbouring greys: every mean lies near their middle or on it.
    images = np.random.default_rng(2).integers(100, 102, (1, 10 * ratio[0], 10 * ratio[1], 3), "uint8")
    np.testing.assert_array_equal(resize_half_pixel_antialiased(images, 10, 10), opencv(images, 10, 10))
    np.testing.assert_array_equal(in_graph(images, 10, 10), opencv(images, 10, 10))


@pytest.mark.parametrize("size", SIZES)
def test_floats_are_not_rounded(size):
    height, width = size
    expected = opencv(IMAGES.astype("float32"), height, width)
    np.testing.assert_allclose(
        resize_half_pixel_antialiased(IMAGES.astype("float32"), height, width), expected, atol=1e-3
    )


def test_equal_size_is_the_identity_and_constants_stay():
    np.testing.assert_array_equal(resize_half_pixel_antialiased(IMAGES, 17, 23), IMAGES)
    np.testing.assert_allclose(resize_half_pixel_antialiased(tf.fill((1, 9, 9, 1), 7.0), 4, 13), 7, rtol=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_unknown_sizes_equal_known_ones(jit_compile):
    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3))], jit_compile=jit_compile)
    def halved(images):
        height, width = tf.unstack(tf.shape(images)[1:3])
        return resize_half_pixel_antialiased(images, height // 2, width // 2)

    images = IMAGES.astype("float32")
    np.testing.assert_allclose(halved(images), resize_half_pixel_antialiased(images, 8, 11), atol=1e-3)


def test_compiled_bytes_differ_at_the_edge_of_rounding_at_most():
    compiled = tf.function(resize_half_pixel_antialiased, jit_compile=True)
    for size in SIZES:
        difference = np.abs(compiled(IMAGES, *size).numpy().astype(int) - opencv(IMAGES, *size))
        assert difference.max() <= 1 and difference.mean() < 0.01


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def ramp(height, width):
    """0..1 along both axes between the first and the last sample, `[1, H, W, 2]`."""
    y, x = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    return np.stack([x, y], axis=-1)[None].astype("float32")


@pytest.mark.parametrize("size", [(5, 7), (9, 4), (20, 31), (1, 1), (1, 9)])
def test_linear_ramps_resize_to_linear_ramps(size):
    np.testing.assert_allclose(numpy(resize_align_corners_bilinear(ramp(9, 13), *size)), ramp(*size), atol=1e-6)


def test_first_and_last_samples_coincide():
    images = RANDOM.normal(size=(1, 6, 8, 1)).astype("float32")
    resized = numpy(resize_align_corners_bilinear(images, 17, 29))
    np.testing.assert_allclose(
        resized[:, [0, 0, -1, -1], [0, -1, 0, -1]], images[:, [0, 0, -1, -1], [0, -1, 0, -1]], atol=1e-5
    )


@pytest.mark.parametrize("size", [(4, 5), (13, 16), (6, 8), (33, 7)])
def test_resize_equals_the_oracle(size):
    images = RANDOM.normal(size=(2, 9, 11, 1)).astype("float32")
    expected = [oracle.resize(image[..., 0], *size) for image in images]
    np.testing.assert_allclose(numpy(resize_align_corners_bilinear(images, *size))[..., 0], expected, atol=1e-5)


def test_equal_size_is_the_identity_whether_known_or_not():
    images = tf.constant(RANDOM.normal(size=(1, 7, 9, 2)), "float32")
    assert resize_align_corners_bilinear(images, 7, 9) is images
    np.testing.assert_array_equal(resize_align_corners_bilinear(images, tf.constant(7), tf.constant(9)), images)
    np.testing.assert_array_equal(resize_flow(images, tf.constant(7), tf.constant(9)), images)


def test_a_resized_flow_scales_u_by_the_width_and_v_by_the_height():
    flow = np.broadcast_to(np.float32([1.5, -2.0]), (1, 6, 10, 2))
    resized = numpy(resize_flow(tf.constant(flow), 18, 20))
    np.testing.assert_allclose(resized, np.broadcast_to([1.5 * 2, -2.0 * 3], (1, 18, 20, 2)), rtol=1e-6)


def test_resizing_to_unknown_sizes_equals_known_ones():
    images = tf.constant(RANDOM.normal(size=(2, 9, 11, 2)), "float32")

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 2)), tf.TensorSpec((), "int32")])
    def doubled(images, factor):
        height, width = tf.unstack(tf.shape(images)[1:3])
        return resize_flow(images, factor * height, factor * width)

    np.testing.assert_allclose(doubled(images, 2), resize_flow(images, 18, 22), atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "size", "said"),
    [
        ((4, 6, 2), (8, 8), r"\[N, H, W, 2\].*\(4, 6, 2\)"),
        ((1, 4, 6, 3), (8, 8), r"\(1, 4, 6, 3\)"),
        ((1, 4, 6, 2), (0, 8), "height=0"),
    ],
    ids=["a field without its axis N", "an image", "no height"],
)
def test_a_flow_of_another_shape_or_a_size_below_a_pixel_is_refused(shape, size, said):
    with pytest.raises(ValueError, match=said):
        resize_flow(np.zeros(shape, "float32"), *size)


@pytest.mark.parametrize(
    ("old", "new"), [((12, 17), (24, 34)), ((7, 9), (13, 18)), ((1, 3), (4, 5)), ((480, 700), (960, 1400))]
)
def test_what_is_enlarged_at_unknown_sizes_is_nearly_what_it_is_at_known_ones(old, new):
    images = np.random.default_rng(0).uniform(-1, 1, (1, *old, 2)).astype("float32")
    exact = resize_half_pixel_bilinear(images, *new)
    np.testing.assert_array_equal(resize_half_pixel_in_float32(images, *new), exact)
    graph = tf.function(
        lambda taken, size: resize_half_pixel_in_float32(taken, size[0], size[1]),
        input_signature=[tf.TensorSpec((None, None, None, 2)), tf.TensorSpec((2,), tf.int32)],
    )
    np.testing.assert_allclose(graph(images, np.int32(new)), exact, atol=3e-4)
    kinds = {tensor.dtype for node in graph.get_concrete_function().graph.get_operations() for tensor in node.outputs}
    assert tf.float64 not in kinds, "TensorFlow Lite has no float64"
