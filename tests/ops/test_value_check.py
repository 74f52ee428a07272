"""A clip in another range than it is taken for is said once, wherever Keras has cast it; right ones are not."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.textures import moving_clip
from tvnet_keras import TVL1Energy, TVNet, UnitRange
from tvnet_keras.ops.tracing import local_graphs

BYTES = np.round(moving_clip(2, 24, 31, (0.6, -0.3)) * 255).astype("uint8")
UNIT = BYTES.astype("float32") / 255


def tvnet(value_range=(0, 1)):
    return TVNet(iterations=2, value_range=value_range)


def functional(layer, **arguments):
    inputs = keras.Input(BYTES.shape[1:], **arguments)
    return keras.Model(inputs, layer(inputs))


def predicted(model):
    return lambda clip: model.predict(clip, verbose=0)


def fitted(model):
    model.compile("sgd", "mse")
    return lambda clip: model.fit(clip, np.zeros(model.compute_output_shape(clip.shape)), verbose=0)


def in_graph(jit_compile):
    return lambda model: tf.function(lambda clip: model(clip), jit_compile=jit_compile)


def in_local_graph(model):
    def call(clip):
        with local_graphs():
            return tf.function(lambda clip: model(clip))(clip)

    return call


def with_a_caught_clip(model):
    def call(clip):
        caught = tf.constant(clip)
        return tf.function(lambda: model(caught))()

    return call


WAYS = {
    "called": lambda model: model,
    "predict": predicted,
    "fit": fitted,
    "graph": in_graph(False),
    "compiled": in_graph(True),
    "local": in_local_graph,
    "caught": with_a_caught_clip,
}


def said(function, *clips):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for clip in clips:
            function(clip)
    sentences = [str(warning.message) for warning in caught]
    return [sentence for sentence in sentences if "keras.Input" in sentence or "0..1" in sentence]


every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@every_way
def test_bytes_that_a_model_casts_to_floats_are_worth_one_warning(way):
    (sentence,) = said(way(functional(UnitRange(name="bytes"))), BYTES, BYTES)
    assert sentence.startswith("bytes: floats are taken to span 0..1, and this clip spans ")
    assert sentence.endswith(
        "divide the frames by 255, or, if the model was given integers, tell Keras not to cast "
        'them: keras.Input(..., dtype="uint8").'
    )


@every_way
def test_floats_that_a_model_casts_to_integers_are_worth_one_warning(way):
    (sentence,) = said(way(functional(UnitRange(), dtype="uint8")), 0.9 * UNIT, 0.9 * UNIT)
    assert "none is larger than 1" in sentence and "float dtype" in sentence


@every_way
def test_what_is_right_is_not_worth_a_word(way):
    overshooting, black = 1.02 * UNIT - 0.01, np.zeros_like(UNIT)
    assert not said(way(functional(UnitRange())), UNIT, overshooting, black)
    assert not said(way(functional(UnitRange(), dtype="uint8")), BYTES)
    assert not said(UnitRange(), BYTES, np.zeros_like(BYTES), UNIT[:0])


def models_of_tvnet():
    yield functional(tvnet())
    yield keras.Sequential([tvnet()])
    yield keras.Sequential([keras.Input(BYTES.shape[1:]), tvnet()])


@pytest.mark.parametrize("way", [WAYS["called"], predicted], ids=["called", "predict"])
def test_no_model_of_tvnet_answers_bytes_wrongly_without_a_word(way):
    expected = keras.ops.convert_to_numpy(tvnet()(BYTES))
    for model in models_of_tvnet():
        assert len(said(way(model), BYTES)) == 1
    given = functional(tvnet(), dtype="uint8")
    assert not said(way(given), BYTES)
    np.testing.assert_allclose(way(given)(BYTES), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("value_range", "clip", "warned"),
    [
        ((0, 255), 255 * UNIT, False),
        ((0, 255), UNIT, True),
        ((0, 1), UNIT / 255, True),
        ((-1, 1), 2 * UNIT - 1, False),
        ((0, 1), 2 * UNIT - 1, True),
    ],
    ids=["bytes as floats", "units where bytes belong", "divided twice", "signed", "signed where units belong"],
)
@pytest.mark.parametrize("make", [tvnet, TVL1Energy], ids=["TVNet", "TVL1Energy"])
def test_a_clip_of_another_range_than_a_layer_or_a_loss_is_told(make, value_range, clip, warned):
    taker = make(value_range)
    flow = np.zeros((1, 1, *clip.shape[2:4], 2), "float32")
    assert len(said(lambda clip: taker(clip, flow) if make is TVL1Energy else taker(clip), clip, clip)) == warned


@pytest.mark.parametrize("dtype", ["uint16", "int32", "int16"])
def test_integers_beyond_a_byte_are_told_and_bytes_of_any_type_are_not(dtype):
    layer = tvnet()
    assert not said(layer, BYTES.astype(dtype), np.zeros_like(BYTES, dtype))
    (sentence,) = said(layer, 100 * BYTES.astype(dtype), 100 * BYTES.astype(dtype))
    assert "integers mean 0..255" in sentence and "floats 0..1" in sentence
