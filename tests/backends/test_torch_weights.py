"""`launch.convert`: PyTorch's networks with random weights give the logits that ours give with the same weights."""

import numpy as np
import pytest

from launch.convert import convert
from launch.run.config import new_config
from launch.run.model import build_model
from launch.weights.torch.reading import read_state_dict
from models.resnets.families.resnet2plus1d import Convolutions
from models.resnets.network import ResidualNetwork
from tvnet_keras.errors import InputError

torch = pytest.importorskip("torch", reason="needs torch (`make test-backends` installs it)")
released_network = pytest.importorskip("tests.backends.released_network")

CLASSES = 7
FRAMES = 16
SIZE = 64
TOLERANCE = 1e-4

RELEASED = {"flows": "fcf", "fusion": "residual", "variant": "released_v1", "iterations": 3}
"""Options that describe the released network."""

CLIPS = np.random.default_rng(0).integers(0, 256, (2, FRAMES, SIZE, SIZE, 3)).astype("uint8")


@pytest.fixture(scope="module")
def torchvision():
    """torchvision's models."""
    # A wheel made for CUDA cannot load its operators beside torch's CPU build, and then misses their declarations
    # when it is imported; the networks use none of them.
    missing = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            missing.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    pytest.importorskip("torchvision", reason="needs torchvision (`make test-backends` installs it)")
    import torchvision.models

    return torchvision.models


def random_weights(network):
    """The network, its normalisations with statistics, scales and shifts as if it had been trained."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d):
            for tensor, low, high in (
                (module.weight, 0.5, 1.5),
                (module.bias, -0.2, 0.2),
                (module.running_mean, -0.2, 0.2),
                (module.running_var, 0.5, 1.5),
            ):
                torch.nn.init.uniform_(tensor, low, high)
    return network.eval()


def converted(network, tmp_path, **options):
    """Our model with the network's weights, by way of both files."""
    torch.save(network.state_dict(), tmp_path / "theirs.pth")
    data = {"frames": FRAMES, "height": SIZE, "width": SIZE}
    config = new_config("representation_flow", "ucf101", model=options, data=data)
    convert(config, tmp_path / "theirs.pth", tmp_path / "ours.weights.h5")
    model = build_model(config, CLASSES)
    model.load_weights(tmp_path / "ours.weights.h5")
    return model


def logits(network, images):
    with torch.no_grad():
        return network(torch.tensor(images)).numpy()


def scaled(mean, deviation, clips=CLIPS):
    return ((clips / 255 - np.array(mean)) / np.array(deviation)).astype("float32")


@pytest.mark.parametrize("depth", [18, 34, 50])
def test_torchvisions_image_networks(torchvision, tmp_path, depth):
    network = random_weights(getattr(torchvision, f"resnet{depth}")(num_classes=CLASSES))
    options = {"backbone": "resnet2d", "depth": depth, "place": "none", "scaling": "imagenet"}
    model = converted(network, tmp_path, **options)
    frames = scaled((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))[:, :2]
    theirs = logits(network, np.moveaxis(frames.reshape(-1, SIZE, SIZE, 3), -1, 1)).reshape(2, 2, CLASSES).mean(axis=1)
    np.testing.assert_allclose(model(CLIPS[:, :2])["logits"], theirs, atol=TOLERANCE * np.abs(theirs).max())


def test_torchvisions_vgg16(torchvision, tmp_path):
    network = random_weights(torchvision.vgg16(num_classes=CLASSES))
    torch.save(network.state_dict(), tmp_path / "theirs.pth")
    chosen = {"backbone": "vgg16", "scaling": "imagenet"}
    config = new_config("rgb", "ucf101", model=chosen, data={"height": 224, "width": 224})
    convert(config, tmp_path / "theirs.pth", tmp_path / "ours.weights.h5")
    model = build_model(config, CLASSES)
    model.load_weights(tmp_path / "ours.weights.h5")
    frames = np.repeat(np.repeat(CLIPS[:, :1, :28, :28], 8, axis=2), 8, axis=3)
    theirs = logits(network, np.moveaxis(scaled((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), frames)[:, 0], -1, 1))
    np.testing.assert_allclose(model(frames)["logits"], theirs, atol=TOLERANCE * np.abs(theirs).max())


@pytest.mark.parametrize(("backbone", "name"), [("resnet3d", "r3d_18"), ("resnet2plus1d", "r2plus1d_18")])
def test_torchvisions_video_networks(torchvision, tmp_path, backbone, name):
    network = random_weights(getattr(torchvision.video, name)(num_classes=CLASSES))
    model = converted(network, tmp_path, backbone=backbone, depth=18, place="none", scaling="kinetics")
    clips = scaled((0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989))[:, :8]
    theirs = logits(network, np.moveaxis(clips, -1, 1))
    np.testing.assert_allclose(model(CLIPS[:, :8])["logits"], theirs, atol=TOLERANCE * np.abs(theirs).max())


@pytest.mark.parametrize("depth", [18, 50])
def test_the_released_network_with_its_flow_layers(tmp_path, depth):
    blocks = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}[depth]
    network = random_weights(released_network.ReleasedNetwork(blocks, depth == 50, CLASSES, RELEASED["iterations"]))
    with torch.no_grad():
        for weight in (*network.flow_layer.parameters(), *network.flow_layer2.parameters()):
            weight.mul_(torch.empty_like(weight).uniform_(0.9, 1.1))  # as if it had been trained
    model = converted(network, tmp_path, backbone="resnet2plus1d_hmdb", depth=depth, **RELEASED)
    theirs = logits(network, np.moveaxis((1 - CLIPS / 127.5).astype("float32"), -1, 1))
    np.testing.assert_allclose(model(CLIPS)["logits"], theirs, atol=TOLERANCE * np.abs(theirs).max())


@pytest.mark.parametrize(("block", "depth"), [("BasicBlock", 34), ("Bottleneck", 50)])
def test_deeper_factored_networks_are_what_torchvision_would_build(torchvision, block, depth):
    resnet = torchvision.video.resnet
    theirs = resnet.VideoResNet(
        getattr(resnet, block), [resnet.Conv2Plus1D] * 4, [3, 4, 6, 3], resnet.R2Plus1dStem, CLASSES
    )
    ours = ResidualNetwork(Convolutions(), CLASSES, depth).part((8, 32, 32, 3))
    shapes = sorted(sorted(weight.shape) for weight in ours.trainable_weights)
    assert shapes == sorted(sorted(weight.shape) for weight in theirs.parameters())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no pickle", "cannot be read as a PyTorch state dict"),
        ([1, 2], "holds no state dict"),
        ({"fc.weight": 3}, "holds no state dict"),
        (np.zeros(3), "cannot be read as a PyTorch state dict"),  # not a tensor, so that code would have to run
        (None, "is not a file"),
    ],
)
def test_a_file_that_is_no_state_dict_is_refused(tmp_path, content, said):
    path = tmp_path / "file.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(InputError, match=said) as refusal:
        read_state_dict(path)
    assert str(path) in str(refusal.value) and "\n" not in str(refusal.value)


def test_what_training_programs_wrap_around_a_state_dict_is_taken_off(tmp_path):
    torch.save({"state_dict": {"module.fc.bias": torch.ones(2)}, "epoch": 3}, tmp_path / "file.pth")
    assert read_state_dict(tmp_path / "file.pth")["fc.bias"].tolist() == [1, 1]


KERNEL = np.arange(12, dtype="float32").reshape(3, 4)


# PyTorch warns of whoever makes tensors that are in beta or on their way out; files have them all the same.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("stored", "error"),
    [
        (torch.nn.Parameter, 0),
        (lambda kernel: kernel.to_sparse(), 0),
        (lambda kernel: kernel.to_sparse_csr(), 0),
        (lambda kernel: kernel.T.contiguous().T, 0),
        (lambda kernel: kernel.double(), 0),
        (lambda kernel: kernel.bfloat16(), 0),
        (lambda kernel: torch.quantize_per_tensor(kernel, 0.05, 0, torch.quint8), 0.026),
        (
            lambda kernel: torch.quantize_per_channel(kernel, torch.full((3,), 0.05), torch.zeros(3), 0, torch.quint8),
            0.026,
        ),
    ],
    ids=["parameter", "sparse", "csr", "transposed", "float64", "bfloat16", "quantised", "quantised by channel"],
)
def test_tensors_of_every_kind_are_read_as_the_numbers_that_they_stand_for(tmp_path, stored, error):
    torch.save({"fc.weight": stored(torch.tensor(KERNEL))}, tmp_path / "file.pth")
    found = read_state_dict(tmp_path / "file.pth")["fc.weight"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, KERNEL, rtol=0, atol=error)


def test_a_tensor_without_values_is_refused(tmp_path):
    torch.save({"fc.weight": torch.empty(3, device="meta")}, tmp_path / "file.pth")
    with pytest.raises(InputError, match="fc.weight cannot be read as numbers"):
        read_state_dict(tmp_path / "file.pth")
