"""What an argument of a layer cannot be is refused in a sentence with the value received, whatever its type is."""

import numpy as np
import pytest

from tvnet_keras import RepresentationFlow, TVNet


@pytest.mark.parametrize("layer_class", [TVNet, RepresentationFlow])
@pytest.mark.parametrize("value", ["0.25", None, True, (1.0,), float("inf"), float("nan"), 0, -1])
def test_constants_are_positive_numbers(layer_class, value):
    with pytest.raises(ValueError, match="tau must be positive. Received: tau="):
        layer_class(tau=value)


@pytest.mark.parametrize("layer_class", [TVNet, RepresentationFlow])
@pytest.mark.parametrize("value", ["tau", None, True, 1, ("taus",)])
def test_what_is_learned_is_a_tuple_of_names(layer_class, value):
    with pytest.raises(ValueError, match="learn must be a tuple of names from .* Received: learn="):
        layer_class(learn=value)


@pytest.mark.parametrize("value", [255, None, "01", (0,), (0, 1, 2), ("0", "255"), (1, 0), (0, float("nan"))])
def test_a_range_is_two_numbers_in_order(value):
    with pytest.raises(ValueError, match="value_range must be .* Received: value_range="):
        TVNet(value_range=value)


@pytest.mark.parametrize("value", ["0.5", None, True, 0, 1])
def test_a_zoom_is_a_number_between_0_and_1(value):
    with pytest.raises(ValueError, match="zoom must lie between 0 and 1. Received: zoom="):
        TVNet(zoom=value)


def test_numpys_numbers_and_lists_are_taken():
    layer = TVNet(tau=np.float32(0.25), zoom=np.float64(0.5), value_range=np.array([0, 255]), learn=["u0"])
    assert (layer.tau, layer.zoom, layer.value_range, layer.learn) == (0.25, 0.5, (0.0, 255.0), ("u0",))
