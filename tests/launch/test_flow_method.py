import keras
import numpy as np
import pytest
import tensorflow as tf

from launch.flow_training import FlowData, mean_errors, train_flow
from tests.textures import moving_clip
from tvnet_keras import TVNet
from tvnet_keras.errors import InputError
from tvnet_keras.losses.endpoint import end_point_error

MOTIONS = ((1.5, -0.5), (-0.8, 1.2))


def pairs():
    clips = np.stack([moving_clip(2, 24, 32, motion)[0] for motion in MOTIONS])
    truth = np.stack([np.broadcast_to(np.float32(motion), (24, 32, 2)) for motion in MOTIONS])
    return FlowData(clips, truth, np.ones(truth.shape[:3], bool))


def layer(**arguments):
    made = TVNet(iterations=5, mode="portable", **arguments)
    made.build((None, 2, 24, 32, 3))
    return made


def test_training_everything_lowers_the_error():
    trained = layer()
    before = mean_errors(trained, pairs()).mean()
    train_flow(trained, pairs(), steps=30, learning_rate=0.02)
    assert mean_errors(trained, pairs()).mean() < 0.8 * before


def test_only_what_may_learn_changes():
    trained = layer(learn=("u0",))
    kernels = np.array(trained.kernels)
    train_flow(trained, pairs(), steps=2)
    np.testing.assert_array_equal(trained.kernels, kernels)
    assert np.any(np.array(trained.u0))


def test_weighting_pairs_by_their_draws_is_the_batch_that_repeats_them():
    data, batch_size = pairs(), 8
    rows = np.random.default_rng(3).integers(0, 2, batch_size)
    repeated, weighted = layer(), layer()
    optimizer = keras.optimizers.Adam(0.01)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(end_point_error(data.truth[rows], repeated(data.clips[rows])[:, 0]))
    optimizer.apply_gradients(
        zip(tape.gradient(loss, repeated.trainable_variables), repeated.trainable_variables, strict=True)
    )
    train_flow(weighted, data, steps=1, learning_rate=0.01, batch_size=batch_size, seed=3)
    for first, second in zip(repeated.trainable_variables, weighted.trainable_variables, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-4)


def test_one_set_of_two_pairs_trains_like_two_sets_of_one():
    together, apart = layer(), layer()
    train_flow(together, pairs(), steps=2, learning_rate=0.01, seed=3)
    train_flow(apart, [pairs().only([0]), pairs().only([1])], steps=2, learning_rate=0.01, seed=3)
    for first, second in zip(together.trainable_variables, apart.trainable_variables, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-4)


def test_unknown_vectors_do_not_count():
    data = pairs()
    known = data.known.copy()
    known[:, :, 16:] = False
    truth = np.where(known[..., None], data.truth, 1e6).astype("float32")
    masked = FlowData(data.clips, truth, known)
    assert mean_errors(layer(), masked).max() < 10


def test_a_diverging_training_says_what_to_do():
    broken = FlowData(pairs().clips, np.full_like(pairs().truth, np.nan), pairs().known)
    with pytest.raises(InputError, match="lower the learning rate"):
        train_flow(layer(), broken, steps=1)
