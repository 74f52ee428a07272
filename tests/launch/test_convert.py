"""The conversion of PyTorch's weights without PyTorch: names, inflation, refusals (networks: tests/backends)."""

import re
import sys

import keras
import numpy as np
import pytest

from launch.config import new_config
from launch.init_from import build_model
from launch.torch_weights.names import renamed
from launch.torch_weights.reading import read_state_dict
from launch.torch_weights.transfer import transfer
from launch.weights_by_name import weight_names
from models.resnets import resnet2d
from models.resnets._network import ResidualNetwork
from tvnet_keras.errors import InputError

CLASSES = 3
TINY = {"depth": 10, "width": 4, "bottleneck": 2, "iterations": 2}


@pytest.fixture(scope="module")
def state():
    """A small 2D network's state dict as torchvision would write it, filled with random numbers."""
    network = ResidualNetwork(resnet2d.Convolutions(), CLASSES, 10, 4).part((32, 32, 3))
    return {theirs(weight.path): random_like(weight) for weight in network.weights}


def theirs(path):
    module, parameter = path.rsplit("/", 1)
    parameter = {"kernel": "weight", "gamma": "weight", "beta": "bias", "bias": "bias"}.get(parameter) or {
        "moving_mean": "running_mean",
        "moving_variance": "running_var",
    }[parameter]
    for pattern, name in (
        (r"layer(\d)_(\d)_shortcut_(conv|norm)", lambda m: f"layer{m[1]}.{m[2]}.downsample.{int(m[3] == 'norm')}"),
        (r"layer(\d)_(\d)_conv(\d)_conv", r"layer\1.\2.conv\3"),
        (r"layer(\d)_(\d)_conv(\d)_norm", r"layer\1.\2.bn\3"),
        (r"conv1_conv", "conv1"),
        (r"conv1_norm", "bn1"),
        (r"logits", "fc"),
    ):
        if re.fullmatch(pattern, module):
            return f"{re.sub(pattern, name, module)}.{parameter}"
    raise AssertionError(path)


def random_like(weight):
    value = np.random.default_rng(len(weight.path)).normal(size=weight.shape).astype("float32")
    return np.moveaxis(value, (-2, -1), (1, 0)) if value.ndim > 1 else value


def model(**options):
    data = {"frames": 8, "height": 32, "width": 32}
    return build_model(new_config("representation_flow", "ucf101", model={**TINY, **options}, data=data), CLASSES)


def values(network):
    return {weight.path: keras.ops.convert_to_numpy(weight) for weight in network.weights}


def test_every_weight_of_an_image_network_finds_its_place(state):
    network = model()
    changed, left = transfer(renamed(state, "file"), network, "file")
    found = values(network)
    np.testing.assert_array_equal(found["conv1_conv/kernel"], state["conv1.weight"].transpose(2, 3, 1, 0))
    shortcut = found["layer2_0_shortcut_norm/moving_variance"]
    np.testing.assert_array_equal(shortcut, state["layer2.0.downsample.1.running_var"])
    np.testing.assert_array_equal(found["logits/kernel"], state["fc.weight"].T)
    # The flow layer's five weights, its 1 x 1 and the 3 x 3 behind it.
    assert (changed, left) == (len(state), 7)


def test_2d_kernels_are_inflated_for_networks_of_clips(state):
    network = model(backbone="resnet3d_inflated")
    transfer(renamed(state, "file"), network, "file")
    kernel = values(network)["conv1_conv/kernel"]
    assert kernel.shape[0] == 7 and np.ptp(kernel, axis=0).max() == 0
    np.testing.assert_allclose(kernel.sum(axis=0), state["conv1.weight"].transpose(2, 3, 1, 0), rtol=1e-5)


def test_both_networks_of_late_fusion_get_them(state):
    network = model(fusion="late")
    transfer(renamed(state, "file"), network, "file")
    found = values(network)
    np.testing.assert_array_equal(found["layer3_0_conv2_conv/kernel"], found["rgb_layer3_0_conv2_conv/kernel"])


@pytest.mark.parametrize(
    ("options", "change", "said"),
    [
        ({}, {"encoder.weight": np.zeros(3)}, "encoder.weight, which no known residual network has"),
        ({}, {"layer1.1.conv1.weight": np.zeros((4, 4, 3, 3))}, "has no layer1_1_conv1_conv/kernel"),
        ({"depth": 18}, {}, r"the network's layer1_1_conv1_conv/kernel is not in it \(40 missing, 0 left over\)"),
        ({"width": 8}, {}, r"conv1_conv/kernel is \(7, 7, 3, 4\) there and \(7, 7, 3, 8\) in the network"),
        ({"backbone": "resnet2plus1d"}, {}, "does not fit: the network's conv1_conv/"),
    ],
)
def test_what_does_not_fit_is_refused_as_a_whole(state, options, change, said):
    network = model(**options)
    before = values(network)
    with pytest.raises(InputError, match=said):
        transfer(renamed({**state, **change}, "file"), network, "file")
    assert all((before[path] == value).all() for path, value in values(network).items())


def test_a_method_without_a_residual_network_is_refused(state):
    with pytest.raises(InputError, match="this model has none"):
        transfer(renamed({}, "file"), keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)]), "file")


def test_a_missing_pytorch_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match="pip install torch"):
        read_state_dict(tmp_path / "file.pth")


def test_the_command_asks_for_its_files(launcher):
    flags = ["--method=representation_flow", "--experiment=ucf101"]
    assert "--weights=FILE.pth and --output=FILE.weights.h5 are required" in launcher("convert", *flags).sentence()


def test_what_the_released_network_has_around_its_flow_layers_finds_its_place():
    around = ("flow_cmp", "flow_conv", "flow_cmp2", "flow_conv2")
    released = {f"{name}.weight": np.zeros((2, 2, 3, 3)) for name in around}
    released |= {f"bnf.{name}": np.zeros(2) for name in ("weight", "bias", "running_mean", "running_var")}
    network = model(flows="fcf", fusion="residual", variant="released_v1")
    assert set(renamed(released, "file")) <= set(weight_names(network))
