"""The conversion of PyTorch's weights without PyTorch: names, inflation, refusals (networks: tests/backends)."""

import re
import sys
import types

import keras
import numpy as np
import pytest

from launch.convert import convert
from launch.run.config import new_config
from launch.run.model import build_model
from launch.weights.by_name import weight_names
from launch.weights.torch.names import renamed
from launch.weights.torch.reading import read_state_dict, unwrapped
from launch.weights.torch.transfer import transfer
from models.resnets.families import resnet2d
from models.resnets.network import ResidualNetwork
from tests.torch_files import imitate_torch, stored, write_legacy, write_zip
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


def is_array(value):
    return isinstance(value, np.ndarray)


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


@pytest.mark.parametrize("write", [write_zip, write_legacy])
def test_plain_files_are_read_without_pytorch(state, monkeypatch, tmp_path, write):
    halves = {name: value.astype("float16", order="C") for name, value in state.items()}
    with monkeypatch.context() as patched:
        imitate_torch(patched)
        write(tmp_path / "file.pth", {"epoch": 3, "state_dict": stored(halves)}, list(halves.values()))
    monkeypatch.setitem(sys.modules, "torch", None)
    found = read_state_dict(tmp_path / "file.pth")
    assert list(found) == list(state)
    for name, value in found.items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, halves[name])


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


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["conv1.weight", "bn1.running_var", "fc.bias"])
def test_weights_that_are_no_finite_numbers_are_refused_by_name(state, name, wrong, one_sentence):
    broken = state[name].copy()
    broken.flat[0] = wrong
    with pytest.raises(InputError, match=rf"file: {name} is NaN or infinite in 1 of {broken.size}") as refusal:
        renamed({**state, name: broken}, "file")
    one_sentence(str(refusal.value))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"conv1.weight": np.zeros((4, 3, 7, 7), np.int8)}, "conv1.weight holds numbers of type int8"),
        ({"conv1.weight": np.zeros((4, 3, 7, 7), np.complex64)}, "conv1.weight holds numbers of type complex64"),
        ({"fc.weight": None}, "lacks fc.weight, to which"),
        ({"bn1.weight": None}, "lacks bn1.weight"),
        ({"conv1.weight": np.zeros(())}, r"conv1_conv/kernel is \(\) there and"),
        ({"bn1.bias": np.zeros(())}, r"conv1_norm/beta is \(\) there and"),
        ({"conv1.scale": np.zeros(())}, "the network has no conv1_conv/scale"),
        ({"flow_layer.img_grad": np.zeros((2, 1, 1, 1, 3))}, "lacks flow_layer.img_grad2"),
        (
            {f"flow_layer.{name}{axis}": np.zeros(()) for name in ("img_grad", "f_grad", "div") for axis in ("", "2")},
            "flow_layer.img_grad and img_grad2 must be kernels",
        ),
    ],
)
def test_weights_of_no_use_are_one_sentence(state, change, said, one_sentence):
    network = model()
    held = {name: value for name, value in {**state, **change}.items() if value is not None}
    with pytest.raises(InputError, match=said) as refusal:
        transfer(renamed(held, "file"), network, "file")
    one_sentence(str(refusal.value))


@pytest.mark.parametrize("bias", [np.zeros(()), np.zeros(0), np.zeros((2, 3))])
def test_a_classifier_without_a_value_per_class_is_refused(tmp_path, monkeypatch, bias):
    monkeypatch.setattr("launch.convert.read_state_dict", lambda path: {"fc.weight": np.zeros((3, 2)), "fc.bias": bias})
    config = new_config("representation_flow", "ucf101", model=TINY)
    with pytest.raises(InputError, match="the classifier's bias must have one value per class"):
        convert(config, tmp_path / "file.pth", tmp_path / "ours.weights.h5")
    assert not list(tmp_path.iterdir())


def test_counters_of_batches_are_no_weights(state):
    assert renamed({**state, "bn1.num_batches_tracked": np.array(3)}, "file").keys() == renamed(state, "file").keys()


@pytest.mark.parametrize("entry", [(), ("state_dict",), ("model_state_dict",), ("model",), ("model", "state_dict")])
@pytest.mark.parametrize("around", ["", "module.", "_orig_mod.", "model.", "model._orig_mod.module."])
def test_what_stands_around_a_network_is_taken_off(state, entry, around):
    content = {around + name: value for name, value in state.items()}
    for key in reversed(entry):
        content = {"epoch": 3, "optimizer": {"state": {0: {}}}, key: content}
    assert unwrapped(content, is_array, "file") == state


def test_a_part_that_was_compiled_or_made_parallel_has_its_own_name():
    content = {"layer1._orig_mod.0.conv1.weight": np.zeros(1), "layer2.module.0.conv1.weight": np.zeros(1)}
    assert list(unwrapped(content, is_array, "file")) == ["layer1.0.conv1.weight", "layer2.0.conv1.weight"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([1, 2], "holds no state dict; save one"),
        ({}, "holds no state dict; save one"),
        ({"model": {}}, "holds no state dict; save one"),
        ({0: np.zeros(1)}, "its entry 0 is ndarray, not a tensor under a name"),
        ({"epoch": 3, "network": {}}, "its entry 'epoch' is int"),
        ({"fc._packed_params": (np.zeros(1), None)}, "its entry 'fc._packed_params' is tuple"),
        ({"model": np.zeros(1), "fc.bias": None}, "its entry 'fc.bias' is NoneType"),
        ({"model.fc.bias": np.zeros(1), "fc.bias": np.zeros(1)}, "two networks: fc.bias is in it twice"),
    ],
)
def test_what_is_no_state_dict_is_one_sentence(content, said, one_sentence):
    with pytest.raises(InputError, match=said) as refusal:
        unwrapped(content, is_array, "file")
    one_sentence(str(refusal.value))


def test_a_method_without_a_residual_network_is_refused(state):
    with pytest.raises(InputError, match="this model has none"):
        transfer(renamed({}, "file"), keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)]), "file")


def test_a_file_that_takes_pytorch_says_so_where_it_is_missing(monkeypatch, tmp_path, one_sentence):
    path = tmp_path / "file.pth"
    with monkeypatch.context() as patched:
        imitate_torch(patched)
        write_zip(path, {"fc.bias": types.SimpleNamespace(quantised=True)}, [])
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"it holds types.SimpleNamespace.*pip install torch") as refusal:
        read_state_dict(path)
    assert one_sentence(str(refusal.value)).startswith(f"--weights={path} cannot be read")
    with pytest.raises(InputError, match=r"absent.pth is not a file"):
        read_state_dict(tmp_path / "absent.pth")


def test_the_command_asks_for_its_files(launcher):
    flags = ["--method=representation_flow", "--experiment=ucf101"]
    assert "--weights=FILE.pth and --output=FILE.weights.h5 are required" in launcher("convert", *flags).sentence()


def test_what_the_released_network_has_around_its_flow_layers_finds_its_place():
    around = ("flow_cmp", "flow_conv", "flow_cmp2", "flow_conv2")
    released = {f"{name}.weight": np.zeros((2, 2, 3, 3)) for name in around}
    released |= {f"bnf.{name}": np.zeros(2) for name in ("weight", "bias", "running_mean", "running_var")}
    network = model(flows="fcf", fusion="residual", variant="released_v1")
    assert set(renamed(released, "file")) <= set(weight_names(network))
