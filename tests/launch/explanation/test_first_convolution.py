"""The first convolution of every kind of network, and what it sees."""

import keras
import pytest

from launch.explanation.first_convolution import CHANNELS, FLOW, FRAMES, first_convolution
from launch.run.config import method_module

RESIDUAL = {"depth": 10, "width": 8}
NETWORKS = {
    "small frames": ("rgb", {}, 1, "stage0_conv", (5, 5, 3), FRAMES),
    "residual frames": ("rgb", {"backbone": "resnet2d", **RESIDUAL}, 1, "conv1_conv", (7, 7, 3), FRAMES),
    "clips": ("rgb", {"backbone": "resnet3d", **RESIDUAL}, 8, "conv1_conv", (3, 7, 7, 3), FRAMES),
    "clips in factors": ("rgb", {"backbone": "resnet2plus1d", **RESIDUAL}, 8, "spatial", (1, 7, 7, 3), FRAMES),
    "flow": ("tvnet", {"iterations": 2}, 6, "stage0_conv", (5, 5, 10), FLOW),
    # As many channels as two frames have.
    "three fields": ("tvnet", {"iterations": 2, "flow_fields": 3}, 4, "stage0_conv", (5, 5, 6), FLOW),
    "stored flow": ("tvnet", {"motion": "stored"}, 6, "stage0_conv", (5, 5, 10), FLOW),
    "flow of mixed colours": (
        "tvnet",
        {"motion": "representation_flow", "bottleneck": 4, "flow_fields": 1, "iterations": 2},
        2,
        "stage0_conv",
        (5, 5, 8),
        CHANNELS,
    ),
    "pairs of frames": ("action_flow_net", RESIDUAL, 2, "conv1_conv", (7, 7, 6), FRAMES),
    "features": ("representation_flow", RESIDUAL, 4, "conv1_conv", (7, 7, 3), FRAMES),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_first_convolution_is_found_with_what_it_sees(name):
    method, options, frames, layer_name, kernel, seen = NETWORKS[name]
    module = method_module(method)
    model = module.build(num_classes=2, clip_shape=(frames, 32, 32, 3), options=module.Options(**options))
    layer, found = first_convolution(model)
    assert (layer.name, tuple(layer.kernel.shape[:-1]), found) == (layer_name, kernel, seen)


def test_six_channels_are_two_frames_where_no_flow_comes_before():
    frames = keras.Input((16, 16, 6))
    mixed = keras.layers.Conv2D(6, 1)(frames)
    network = keras.Model(frames, keras.layers.Conv2D(4, 3, name="seeing")(mixed))
    layer, seen = first_convolution(network)
    assert (layer.name, seen) == ("seeing", FRAMES)


def test_a_network_without_convolutions_has_none():
    module = method_module("tvnet_flow")
    model = module.build(num_classes=0, clip_shape=(2, 32, 32, 3), options=module.Options(iterations=2))
    assert first_convolution(model)[0] is None
