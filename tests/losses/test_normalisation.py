"""Both ways to divide: means of each clip, and numbers whose mean over the batch is divided once more by the batch."""

import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras.losses.normalisation import NORMALISATIONS, mean_over_valid

RANDOM = np.random.default_rng(0)
PENALTY = RANDOM.random((3, 2, 5, 4)).astype("float32")
MASK = (RANDOM.random((3, 2, 5, 4)) > 0.4).astype("float32")
MASK[1] *= RANDOM.random((2, 5, 4)) > 0.5


def test_the_papers_number_is_the_mean_over_what_is_valid_of_a_clip():
    expected = [clip[mask == 1].mean() for clip, mask in zip(PENALTY, MASK, strict=True)]
    np.testing.assert_allclose(mean_over_valid(PENALTY, MASK), expected, rtol=1e-6)


def test_the_mean_of_the_released_numbers_is_the_mean_over_the_batch_divided_once_more_by_the_batch():
    found = np.mean(mean_over_valid(PENALTY, MASK, "released"))
    assert found == pytest.approx(PENALTY[MASK == 1].mean() / 3, rel=1e-6)


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_a_mask_may_lack_sizes_that_are_one(normalisation):
    whole = np.broadcast_to(MASK[:, :, :1, :1], MASK.shape)
    np.testing.assert_array_equal(
        mean_over_valid(PENALTY, MASK[:, :, :1, :1], normalisation), mean_over_valid(PENALTY, whole, normalisation)
    )


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_a_clip_of_which_nothing_is_valid_costs_nothing(normalisation):
    mask, penalty = MASK.copy(), tf.constant(PENALTY)
    mask[1] = 0
    for seen in (mask, np.zeros_like(mask)):
        with tf.GradientTape() as tape:
            tape.watch(penalty)
            found = mean_over_valid(penalty, seen, normalisation)
        gradient = tape.gradient(found, penalty).numpy()
        assert float(found[1]) == 0 and np.isfinite(found).all()
        assert np.isfinite(gradient).all() and not gradient[seen == 0].any() and gradient[seen == 1].all()


def test_a_wrong_name_is_refused_and_a_near_one_suggested():
    with pytest.raises(ValueError, match="normalisation is 'papers', .*Did you mean 'paper'"):
        mean_over_valid(PENALTY, MASK, "papers")
