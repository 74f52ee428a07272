"""Caffe's files of Hidden Two-Stream, converted, compute what the released description of the network computes."""

import numpy as np
import pytest

from launch.convert import convert
from launch.run.config import new_config
from launch.run.model import build_model
from models.encoders import vgg16 as encoder
from tests import image_network_oracle
from tests.caffe_files import motion_net, network, vgg16
from tvnet_keras.errors import InputError

CLASSES = 3
KEYS = ("weight", "bias")
MEANS = np.array([104.0, 117.0, 123.0])
"""Of blue, green and red."""


def leaky(x):
    return np.where(x > 0, x, 0.1 * x)


def deconvolution(layers, name, x):
    """`[N, I, h, w] -> [N, O, 2h, 2w]`: kernel 4, stride 2, pad 1."""
    kernel, bias = (blob.astype(float) for blob in layers[name])
    height, width = x.shape[2:]
    spread = np.zeros((len(x), kernel.shape[1], 2 * height + 2, 2 * width + 2))
    for i, j in np.ndindex(4, 4):
        spread[:, :, i : i + 2 * height : 2, j : j + 2 * width : 2] += np.einsum("nihw,io->nohw", x, kernel[:, :, i, j])
    return spread[:, :, 1:-1, 1:-1] + bias[:, None, None]


def released_flows(layers, clip):
    """Flow of `stack_motionnet_vgg16_deploy.prototxt`, fine to coarse, `[N, 20, h, w]`, pixels of its resolution."""
    state = {f"{name}.{key}": blob for name, blobs in layers.items() for key, blob in zip(KEYS, blobs, strict=False)}

    def convolution(name, x, stride=1):
        return image_network_oracle.convolution(state, name, x, stride, 1)

    # [N, T, H, W, RGB] to 33 channels, each frame in blue, green, red.
    x = ((clip[..., ::-1] - MEANS) / 255).transpose(0, 1, 4, 2, 3)
    x, kept = x.reshape(len(clip), -1, *clip.shape[2:4]), {}
    for level in range(1, 7):
        x = leaky(convolution(f"conv{level}", x, 1 if level == 1 else 2))
        x = kept[level] = leaky(convolution(f"conv{level}_1", x))
    flows = [convolution("conv_pr6", x)]
    for level in (5, 4, 3, 2):
        up = leaky(deconvolution(layers, f"deconv{level}", x))
        up_flow = deconvolution(layers, f"upsample_flow{level + 1}to{level}", flows[0])
        x = convolution(f"smooth_conv{level}", np.concatenate([kept[level], up, up_flow], 1))
        flows.insert(0, convolution(f"conv_pr{level}", x))
    return [20 / 2 ** (level - 1) * flow for level, flow in enumerate(flows, start=2)]


def clips(count, frames, size):
    random = np.random.default_rng(5)
    coarse = random.integers(0, 200, (count, frames, size // 8, size // 8, 3)).repeat(8, axis=2).repeat(8, axis=3)
    return (coarse + random.integers(0, 56, coarse.shape)).astype("uint8")


def written(tmp_path, layers):
    path = tmp_path / "released.caffemodel"
    path.write_bytes(network(layers))
    return path


def converted(tmp_path, config, layers, classes):
    """The counts of a conversion, and the model with its weights."""
    ours = tmp_path / "ours.weights.h5"
    counts = convert(config, written(tmp_path, layers), ours, "caffe")
    model = build_model(config, classes)
    model.load_weights(ours)
    return counts, model


def config_of(method, size=64, **options):
    data = {"height": size, "width": size, "frames": 11}
    return new_config(method, "ucf101", model=options, data=data)


def channels_last(flow):
    """`[N, 20, h, w] -> [N, 10, h, w, 2]`."""
    return np.moveaxis(flow.reshape(len(flow), -1, 2, *flow.shape[2:]), 2, -1)


@pytest.mark.parametrize("behind", [{}, vgg16(dense=8)], ids=["alone", "with VGG-16 behind it"])
def test_the_flow_is_that_of_the_released_network(tmp_path, behind):
    layers, frames = motion_net(width=8), clips(2, 11, 64)
    counts, model = converted(tmp_path, config_of("motion_net", width=8), layers | behind, 0)
    assert counts == (2 * (12 + 5 + 12), 0)
    expected = released_flows(layers, frames)
    for flow, released in zip(model(frames)["flows"], expected, strict=True):
        assert np.abs(released[0] - released[1]).max() > 0.05 * np.abs(released).max()
        np.testing.assert_allclose(flow, channels_last(released), atol=1e-4 * np.abs(released).max())


def test_the_classes_are_those_of_the_released_network(tmp_path, monkeypatch):
    monkeypatch.setattr(encoder, "CONVOLUTIONS", ((4, 2), (8, 2), (16, 3), (32, 3), (32, 3)))
    monkeypatch.setattr(encoder, "DENSE", 16)
    motion, behind = motion_net(width=4), vgg16(classes=CLASSES)
    config = config_of(
        "hidden_two_stream", 224, backbone="vgg16", motion_width=4, flow_range="eight_bit", losses=("class",)
    )
    counts, model = converted(tmp_path, config, motion | behind, CLASSES)
    assert counts == (2 * (12 + 5 + 12 + 16), 0)
    frames = clips(2, 11, 224)
    outputs = model(frames)
    flow = np.asarray(outputs["flow"], float)
    assert 0.1 < np.mean(np.abs(flow) > 20) < 0.5
    levels = (np.clip(flow, -20, 20) + 20) * 6.375 - 128
    images = levels.transpose(0, 1, 4, 2, 3).reshape(2, 20, 224, 224)
    names = {name: ("fc8" if ours == "logits" else ours) for name, ours in encoder.TORCH_LAYERS.items()}
    state = {
        f"{name}.{key}": blob
        for name, theirs in names.items()
        for key, blob in zip(KEYS, behind[f"{theirs}_vgg16"], strict=True)
    }
    expected = image_network_oracle.vgg16(state, images)
    assert np.abs(expected[0] - expected[1]).max() > 0.01 * np.abs(expected).max()
    np.testing.assert_allclose(outputs["logits"], expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("config", "layers", "said"),
    [
        (config_of("motion_net", width=4), motion_net(8), r"is \(3, 3, 33, 8\) there and \(3, 3, 33, 4\)"),
        (
            config_of("motion_net", width=8, flow_fields=1),
            motion_net(8),
            r"is \(3, 3, 33, 8\) there and \(3, 3, 6, 8\)",
        ),
        (config_of("motion_net", width=8, between=False), motion_net(8), "the network has no .*refine_16"),
        (config_of("hidden_two_stream", backbone="small", motion_width=8), motion_net(8), "has no classifier of this"),
        (config_of("rgb", backbone="small"), motion_net(8) | vgg16(), r"is not in it \(\d+ missing"),
    ],
)
def test_a_file_of_another_network_is_refused(tmp_path, config, layers, said, one_sentence):
    with pytest.raises(InputError, match=said) as refusal:
        convert(config, written(tmp_path, layers), tmp_path / "ours.weights.h5", "caffe")
    assert "--weights=" in one_sentence(str(refusal.value))
    assert not (tmp_path / "ours.weights.h5").exists()


def test_the_command_converts_and_says_so(tmp_path, launcher):
    path, ours = written(tmp_path, motion_net(8)), tmp_path / "ours.weights.h5"
    flags = [
        "--from=caffe",
        "--method=motion_net",
        "--experiment=ucf101",
        "--config.model.width=8",
        f"--weights={path}",
    ]
    outcome = launcher("convert", *flags, f"--output={ours}")
    assert f"written: {ours} (58 weights from {path}; 0 others are fresh)" in outcome.out and ours.is_file()


def test_the_command_asks_for_a_caffemodel_and_refuses_a_description(tmp_path, here):
    flags = ["--from=caffe", "--method=motion_net", "--experiment=ucf101", f"--output={tmp_path / 'ours.weights.h5'}"]
    assert "--weights=FILE.caffemodel and --output=FILE.weights.h5 are required" in here("convert", *flags).sentence()
    path = tmp_path / "deploy.prototxt"
    path.write_text('name: "hidden_deploy"\n')
    assert f"--weights={path} is text" in here("convert", *flags, f"--weights={path}").sentence()
