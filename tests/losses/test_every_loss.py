"""Runs the same checks on every loss of `tvnet_keras/losses`, on the EXAMPLE that the test of each has."""

import functools
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import tvnet_keras.losses
from tests.discovery import classes_of
from tests.docstrings import arguments_of, described_arguments, sections
from tests.examples import example_of


def found_losses():
    """Every loss class defined in a module of `tvnet_keras/losses`."""
    return classes_of(tvnet_keras.losses, keras.losses.Loss)


every_loss = pytest.mark.parametrize("loss_class", found_losses(), ids=lambda loss_class: loss_class.__name__)


described = functools.cache(example_of)
"""How a loss is made, a target and a perfect prediction."""


@every_loss
def test_is_registered_so_that_models_load_without_custom_objects(loss_class):
    assert keras.saving.get_registered_name(loss_class) == f"tvnet_keras>{loss_class.__name__}"


@every_loss
def test_docstring_describes_every_argument_in_order_and_shows_an_example(loss_class):
    found = sections(loss_class.__doc__)
    assert described_arguments(found["Args"]) == arguments_of(loss_class) and ">>> " in found["Example"]


@every_loss
def test_serialises(loss_class):
    make, target, perfect = described(loss_class)
    loss = make()
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(copy) is loss_class
    assert copy.get_config() == loss.get_config()
    assert float(copy(target, perfect + 0.3)) == float(loss(target, perfect + 0.3))


@every_loss
def test_a_perfect_prediction_costs_nothing_and_has_a_finite_gradient(loss_class):
    make, target, perfect = described(loss_class)
    prediction = tf.constant(perfect)
    with tf.GradientTape() as tape:
        tape.watch(prediction)
        value = make()(target, prediction)
    assert float(value) == pytest.approx(0, abs=1e-4)
    assert np.isfinite(tape.gradient(value, prediction)).all()


@every_loss
def test_a_worse_prediction_costs_more(loss_class):
    make, target, perfect = described(loss_class)
    error = np.random.default_rng(0).normal(size=perfect.shape).astype("float32")
    costs = [float(make()(target, perfect + scale * error)) for scale in (0.0, 0.1, 1.0)]
    assert costs[0] < costs[1] < costs[2]


@every_loss
@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "compiled"])
def test_graph_and_compiled_equal_eager(loss_class, jit_compile):
    make, target, perfect = described(loss_class)
    loss = make()
    function = tf.function(lambda y_true, y_pred: loss(y_true, y_pred), jit_compile=jit_compile)
    prediction = perfect + np.float32(0.3)
    value = function(tf.constant(target), tf.constant(prediction))
    assert float(value) == pytest.approx(float(loss(target, prediction)), rel=1e-4)


@every_loss
@pytest.mark.filterwarnings("ignore:.*floats are taken to span")  # What else could these values be told of?
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e20, 1e10])
@pytest.mark.parametrize("where", ["target", "prediction"])
def test_a_sample_that_weighs_nothing_may_be_anything(loss_class, value, where):
    make, target, perfect = described(loss_class)
    kept = target, perfect + np.float32(0.3)
    both = {name: np.concatenate([kept[number]] * 2) for number, name in enumerate(("target", "prediction"))}
    both[where][1, 0, 2, 3] = value
    prediction = tf.constant(both["prediction"])
    with tf.GradientTape() as tape:
        tape.watch(prediction)
        loss = make()(both["target"], prediction, sample_weight=np.float32([1, 0]))
    # A mean over weighted samples, or over all of them.
    weighted = make().reduction == "mean_with_sample_weight"
    assert float(loss) == pytest.approx(float(make()(*kept)) / (1 if weighted else 2), rel=1e-5)
    gradient = tape.gradient(loss, prediction).numpy()
    assert np.isfinite(gradient).all() and not gradient[1].any() and gradient[0].any()


@every_loss
def test_a_prediction_of_another_size_is_refused_in_a_sentence(loss_class):
    make, target, perfect = described(loss_class)
    for other in (perfect[:, :, :-1], perfect[:, :1], perfect[..., :1], perfect[0]):
        with pytest.raises(ValueError, match=rf"Received: .*{re.escape(str(other.shape))}"):
            make()(target, other)


@every_loss
def test_weights_that_fit_nothing_are_refused_in_a_sentence(loss_class):
    make, target, perfect = described(loss_class)
    mask = np.ones((*perfect.shape[:-1], 1), "float32")
    with pytest.raises(ValueError, match=rf"takes one weight per .*Received: weights {re.escape(str(mask.shape))}"):
        make()(target, perfect, sample_weight=mask)
