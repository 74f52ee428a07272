"""Pair t of clip b is image `b * (T - 1) + t`, of its frames t and t + 1, whatever the shape of a frame."""

import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras.ops.frame_pairs import fold_time, frame_pairs, split_pairs


@pytest.mark.parametrize("frame_shape", [(), (3, 4), (3, 4, 2)])
@pytest.mark.parametrize("traced", [False, True])
def test_pairs_are_neighbours_in_the_order_of_the_clips(frame_shape, traced):
    clips = np.arange(2 * 4).reshape(2, 4, *np.ones_like(frame_shape)) * np.ones(frame_shape, int)
    run = frame_pairs
    if traced:
        run = tf.function(frame_pairs, input_signature=[tf.TensorSpec([None] * clips.ndim, tf.int64)])
    first, second = run(tf.constant(clips))
    for images, expected in ((first, [0, 1, 2, 4, 5, 6]), (second, [1, 2, 3, 5, 6, 7])):
        assert images.shape == (6, *frame_shape)
        np.testing.assert_array_equal(images.numpy().reshape(6, -1).T - expected, 0)


def test_folding_what_was_split_makes_the_pairs():
    clips = tf.constant(np.random.default_rng(0).normal(size=(3, 5, 2)))
    for folded, images in zip(map(fold_time, split_pairs(clips)), frame_pairs(clips), strict=True):
        np.testing.assert_array_equal(folded, images)


def test_no_clips_have_no_pairs():
    first, second = frame_pairs(tf.zeros((0, 3, 4, 5)))
    assert first.shape == second.shape == (0, 4, 5)
