"""Caffe's weights find their places by name, and do here what they did there."""

import keras
import numpy as np
import pytest

from launch.weights.caffe.names import renamed
from launch.weights.caffe.reading import read_caffemodel
from launch.weights.caffe.transfer import transfer
from tests import caffe_files
from tests.caffe_files import motion_net, network, vgg16
from tvnet_keras.errors import InputError

WIDTH, FRAMES, CLASSES = 4, 3, 3

PAPER = {"conv_pr": "flow", "smooth_conv": "xconv", "_vgg16": "_vgg"}
"""Table 1's names of what the code calls otherwise."""


class Part(keras.Layer):
    """A layer that holds others and their weights."""

    def __init__(self, parts, **kwargs):
        super().__init__(**kwargs)
        for part in parts:
            setattr(self, f"_{part.name}", part)
        self.built = True


class StandIn(keras.Model):
    """A model with the layers of Hidden Two-Stream: all of them, or those of MotionNet."""

    def __init__(self, parts, classifier=None):
        super().__init__()
        self.parts, self.built = parts, True
        if classifier is not None:
            self.classifier = classifier


def built(layer, channels):
    layer.build((None, 8, 8, channels))
    return layer


def convolution(name, seen, out, size=3):
    return built(keras.layers.Conv2D(out, size, padding="same", name=name), seen)


def deconvolution(name, seen, out):
    return built(keras.layers.Conv2DTranspose(out, 4, 2, "same", name=name), seen)


def motion_net_part(width=WIDTH, frames=FRAMES, between=True):
    """The layers of MotionNet, from the table of the paper."""
    flow, seen, parts = 2 * (frames - 1), 3 * frames, []
    channels = [width * times for times in (1, 2, 4, 8, 8, 16)]
    for level, out in enumerate(channels, start=1):
        parts += [convolution(f"conv{level}", seen, out), convolution(f"conv{level}_1", out, out)]
        seen = out
    decoder = [convolution("flow_32", seen, flow)]
    for stride, skip, out in zip((16, 8, 4, 2), channels[4:0:-1], (8, 4, 2, 1), strict=True):
        out *= width
        decoder += [deconvolution(f"deconv_{stride}", seen, out), deconvolution(f"up_flow_{stride}", flow, flow)]
        seen = skip + out + flow
        if between:
            decoder.append(convolution(f"refine_{stride}", seen, out))
            seen = out
        decoder.append(convolution(f"flow_{stride}", seen, flow))
    return Part([*parts, Part(decoder, name="decoder")], name="motion_net")


def vgg_part(channels=2 * (FRAMES - 1), classes=CLASSES, divided_by=16, dense=16):
    """The layers of VGG-16, from its table."""
    parts, seen = [], channels
    for number, (out, count) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), start=1):
        for place in range(1, count + 1):
            parts.append(convolution(f"conv{number}_{place}", seen, out // divided_by))
            seen = out // divided_by
    parts += [convolution("fc6", seen, dense, 7), convolution("fc7", dense, dense, 1)]
    logits = keras.layers.Dense(classes, name="logits")
    logits.build((None, dense))
    return keras.Sequential([keras.layers.Identity(), *parts, logits])


def hidden_two_stream():
    vgg = vgg_part()
    return StandIn([motion_net_part(), vgg], vgg)


def file_of(tmp_path, layers, legacy=False):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(network(layers, legacy))
    return path


def whole_file():
    return motion_net(WIDTH, FRAMES) | vgg16(2 * (FRAMES - 1), classes=CLASSES)


def in_the_words_of_the_paper(layers):
    for code, paper in PAPER.items():
        layers = {name.replace(code, paper): blobs for name, blobs in layers.items()}
    return layers


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("words", [lambda layers: layers, in_the_words_of_the_paper])
def test_every_weight_of_the_released_network_finds_its_place(tmp_path, legacy, words):
    layers, model = whole_file(), hidden_two_stream()
    path = file_of(tmp_path, words(layers), legacy)
    values = renamed(read_caffemodel(path), str(path))
    # Twelve convolutions, five flows, three layers at each of four levels; thirteen convolutions and three layers.
    assert transfer(values, model, str(path)) == (2 * (12 + 5 + 12 + 16), 0)
    motion, vgg = model.parts
    kernel, bias = layers["conv5_1"]
    np.testing.assert_array_equal(motion._conv5_1.kernel, kernel.transpose(2, 3, 1, 0))
    np.testing.assert_array_equal(motion._conv5_1.bias, bias)
    for theirs, ours in {
        "conv_pr6": "flow_32",
        "conv_pr2": "flow_2",
        "smooth_conv5": "refine_16",
        "smooth_conv3": "refine_4",
        "deconv4": "deconv_8",
        "deconv2": "deconv_2",
        "upsample_flow6to5": "up_flow_16",
        "upsample_flow3to2": "up_flow_2",
    }.items():
        here = getattr(motion._decoder, f"_{ours}")
        np.testing.assert_array_equal(here.kernel, layers[theirs][0].transpose(2, 3, 1, 0), err_msg=ours)
        np.testing.assert_array_equal(here.bias, layers[theirs][1], err_msg=ours)
    found = {layer.name: layer for layer in vgg.layers}
    np.testing.assert_array_equal(found["conv1_1"].kernel, layers["conv1_1_vgg16"][0].transpose(2, 3, 1, 0))
    np.testing.assert_array_equal(found["conv5_3"].bias, layers["conv5_3_vgg16"][1])
    np.testing.assert_array_equal(found["logits"].kernel, layers["fc8_vgg16"][0].T)


def test_frames_in_blue_green_red_are_turned_each_for_itself(tmp_path):
    layers, part = motion_net(WIDTH, FRAMES), motion_net_part()
    transfer(renamed(layers, "file"), StandIn([part]), "file")
    frames = np.random.default_rng(2).normal(size=(1, 6, 7, FRAMES, 3))  # RGB
    kernel, bias = layers["conv1"]
    blue_green_red = frames[..., ::-1].reshape(6, 7, -1).transpose(2, 0, 1)
    padded = np.pad(blue_green_red, ((0, 0), (1, 1), (1, 1)))
    expected = np.array(
        [[np.tensordot(kernel, padded[:, y : y + 3, x : x + 3], 3) + bias for x in range(7)] for y in range(6)]
    )
    np.testing.assert_allclose(part._conv1(frames.reshape(1, 6, 7, -1))[0], expected, atol=1e-5)


def test_a_deconvolution_is_caffes(tmp_path):
    layers, part = motion_net(WIDTH, FRAMES), motion_net_part()
    transfer(renamed(layers, "file"), StandIn([part]), "file")
    kernel, bias = (blob.astype(float) for blob in layers["deconv5"])
    inputs, outputs = kernel.shape[:2]
    features = np.random.default_rng(3).normal(size=(inputs, 3, 5))
    # Each value adds the kernel, times itself, two pixels further; pad 1 cuts a pixel off every side.
    spread = np.zeros((outputs, 2 * 3 + 2, 2 * 5 + 2))
    for y in range(3):
        for x in range(5):
            spread[:, 2 * y : 2 * y + 4, 2 * x : 2 * x + 4] += np.tensordot(features[:, y, x], kernel, 1)
    expected = spread[:, 1:-1, 1:-1].transpose(1, 2, 0) + bias
    found = part._decoder._deconv_16(features.transpose(1, 2, 0)[None].astype("float32"))[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("form", ["matrix", "convolution", "legacy"])
def test_fully_connected_layers_see_what_they_saw(form):
    # Caffe strings out features by channels, then by rows.
    layers = vgg16(4, classes=CLASSES)
    matrix, bias = layers["fc6_vgg16"]
    given = {
        "matrix": lambda kernel: kernel,
        "convolution": lambda kernel: (
            kernel.reshape(len(kernel), -1, 7, 7) if kernel is matrix else kernel[..., None, None]
        ),
        "legacy": lambda kernel: kernel[None, None],
    }[form]
    for name in ("fc6", "fc7", "fc8"):
        layers[f"{name}_vgg16"][0] = given(layers[f"{name}_vgg16"][0])
    vgg = vgg_part(4)
    transfer(renamed(layers, "file"), StandIn([vgg], vgg), "file")
    found = {layer.name: layer for layer in vgg.layers}
    features = np.random.default_rng(4).normal(size=(matrix.shape[1] // 49, 7, 7))
    expected = matrix.astype(float) @ features.ravel() + bias
    seen = keras.ops.conv(features.transpose(1, 2, 0)[None].astype("float32"), found["fc6"].kernel) + found["fc6"].bias
    np.testing.assert_allclose(np.ravel(seen), expected, atol=1e-5)
    np.testing.assert_array_equal(found["fc7"].kernel[0, 0], vgg16(4, classes=CLASSES)["fc7_vgg16"][0].T)


def test_motion_net_alone_takes_its_part_of_a_whole_network():
    found = []
    for layers in (motion_net(WIDTH, FRAMES), whole_file()):
        part = motion_net_part()
        assert transfer(renamed(layers, "file"), StandIn([part]), "file") == (2 * (12 + 5 + 12), 0)
        found.append(part.get_weights())
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def changed(**changes):
    """The released network with other blobs; None leaves a layer out."""
    layers = whole_file() | changes
    return {name: blobs for name, blobs in layers.items() if blobs is not None}


BIAS = np.zeros(4, "float32")


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (changed(conv3_1=None), r"the network's motion_net/conv3_1/bias is not in it \(2 missing, 0 left over\)"),
        (motion_net(WIDTH, FRAMES), r"the network's conv1_1/bias is not in it \(32 missing, 0 left over\)"),
        (
            changed(conv1=motion_net(WIDTH, 11)["conv1"]),
            r"motion_net/conv1/kernel is \(3, 3, 33, 4\) there and \(3, 3, 9, 4\) in the network; check --method",
        ),
        (changed(conv1=[np.zeros((4, 10, 3, 3), "float32"), BIAS]), r"conv1/kernel is \(3, 3, 10, 4\) there"),
        (changed(conv1=[np.float32(1), BIAS]), r"motion_net/conv1/kernel is \(\) there and"),
        (changed(fc6_vgg16=[np.float32(1), np.zeros(16, "float32")]), r"fc6/kernel is \(\) there and"),
        (changed(conv1=[BIAS, BIAS, BIAS]), "conv1 has 3 blobs, not a kernel and a bias"),
        (
            changed(conv1=[np.full((4, 9, 3, 3), np.nan, "float32"), BIAS]),
            r"conv1 \(weight\) is NaN or infinite in 324",
        ),
        (changed(conv1_2=[BIAS]), "holds conv1_2, which no released network of Hidden Two-Stream has"),
        (changed(flow6=[BIAS]), "two weights for motion_net/decoder/flow_32/kernel, one of them of flow6"),
    ],
)
def test_what_does_not_fit_is_refused_as_a_whole(layers, said, one_sentence):
    model = hidden_two_stream()
    before = [weight for part in model.parts for weight in part.get_weights()]
    with pytest.raises(InputError, match=f"--weights=file.*{said}") as refusal:
        transfer(renamed(layers, "file"), model, "file")
    one_sentence(str(refusal.value))
    after = [weight for part in model.parts for weight in part.get_weights()]
    assert all((one == other).all() for one, other in zip(before, after, strict=True))


def test_a_network_without_convolutions_between_has_no_place_for_them():
    part = motion_net_part(between=False)
    with pytest.raises(InputError, match=r"the network has no motion_net/decoder/refine_16/bias \(0 missing, 8 left"):
        transfer(renamed(motion_net(WIDTH, FRAMES), "file"), StandIn([part]), "file")


def test_the_constants_of_the_released_network_are_passed_over():
    constants = {name for name, blobs in whole_file().items() if len(blobs) == 1}
    assert {"FlowScale6_0", "FlowDeltas2_0", "predict_flow2_scale20"} <= constants
    boundary = {"boudary_3": [np.float32([-1]), np.float32([40])], "SSIMLoss6": [np.zeros((1, 1, 8, 8), "float32")]}
    assert renamed(whole_file() | boundary, "file").keys() == renamed(whole_file(), "file").keys()


def test_the_file_written_here_is_the_released_network_at_its_width():
    sizes = [np.size(blob) for blobs in caffe_files.motion_net(64).values() if len(blobs) == 2 for blob in blobs]
    # By the paper's Table 1.
    assert sum(sizes) == 42_319_860
