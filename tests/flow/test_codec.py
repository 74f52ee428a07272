"""Stored flow comes back within half a step, PNG to the level, and what is clipped is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tvnet_keras.errors import InputError
from tvnet_keras.flow.codec import BOUND, FORMATS, decode, dequantise, encode, quantisation_error, quantise


def smooth_flow(height=48, width=64, longest=12.0):
    y, x = np.mgrid[:height, :width].astype(float)
    u = longest * np.sin(x / 17 + y / 29)
    return np.stack([u, longest / 2 * np.cos(y / 23)], axis=-1).astype("float32")


@settings(max_examples=50, deadline=None)
@given(bound=st.floats(0.5, 200), seed=st.integers(0, 100))
def test_a_vector_within_the_bound_comes_back_within_half_a_step(bound, seed):
    flow = np.random.default_rng(seed).uniform(-bound, bound, (5, 7, 2))
    error = np.abs(dequantise(quantise(flow, bound), bound) - flow)
    assert error.max() <= quantisation_error(bound) * (1 + 1e-5) and error.max() > 0.5 * quantisation_error(bound)


def test_twenty_pixels_have_steps_of_sixteen_hundredths():
    assert quantisation_error() == pytest.approx(0.0784, abs=1e-4)
    assert quantise(np.zeros((1, 2))).tolist() == [[128, 128]]
    assert dequantise(quantise(np.zeros((1, 2)))) == pytest.approx(quantisation_error(), rel=1e-4)


def test_what_is_longer_is_clipped_to_the_bound():
    flow = np.array([[[-25.0, 25.0], [1e9, -1e9]]])
    np.testing.assert_allclose(decode(encode(flow)), [[[-BOUND, BOUND], [BOUND, -BOUND]]], atol=1e-5)


def test_png_keeps_every_level_and_jpeg_nearly():
    flow = smooth_flow()
    np.testing.assert_array_equal(decode(encode(flow, form="png")), dequantise(quantise(flow)))
    jpeg = encode(flow, form="jpg")
    assert np.abs(decode(jpeg) - flow).mean() < 2 * quantisation_error()
    assert len(encode(flow, form="jpg", quality=50)) < len(jpeg)


@pytest.mark.parametrize("form", FORMATS)
def test_components_do_not_mix(form):
    # u = 10 and v = -10 everywhere: a codec that mixed them, or turned the field, would not give them back.
    flow = np.stack([np.full((9, 14), 10.0), np.full((9, 14), -10.0)], axis=-1)
    np.testing.assert_allclose(decode(encode(flow, form=form)), flow, atol=1.5 * quantisation_error())


@pytest.mark.parametrize("bound", [0, -1, float("nan"), float("inf")])
def test_a_bad_bound_is_refused(bound):
    with pytest.raises(InputError, match="bound"):
        quantise(np.zeros((1, 1, 2)), bound)


def test_what_cannot_be_stored_or_read_is_refused():
    with pytest.raises(InputError, match="not finite"):
        encode(np.full((2, 2, 2), np.nan))
    with pytest.raises(InputError, match="jpg"):
        encode(np.zeros((2, 2, 2)), form="jpeg")
    whole = encode(smooth_flow())
    for content in (b"", b"no picture", whole[:20]):
        with pytest.raises(InputError, match="no picture"):
            decode(content)
