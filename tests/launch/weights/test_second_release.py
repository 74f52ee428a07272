"""Representation Flow's second released network, written here from its authors' code, and ours with its weights."""

import numpy as np
import pytest
import tensorflow as tf

from launch.run.config import new_config
from launch.run.model import build_model
from launch.weights.torch.names import renamed
from launch.weights.torch.reading import read_state_dict
from launch.weights.torch.transfer import transfer
from tests.torch_files import imitate_torch, stored, write_zip
from tvnet_keras import RepresentationFlow
from tvnet_keras.errors import InputError

CLASSES, WIDTH, BOTTLENECK, ITERATIONS = 5, 4, 3, 2
BLOCKS = {2: 3, 3: 4, 4: 6, 5: 3}
"""Number of blocks by the number of their stage."""

ALONG_TIME = (3, 3, 1, 3, 1, 3)
"""Extent in time of the first convolution of every block of a stage."""

OPTIONS = {
    "backbone": "resnet2plus1d_kinetics",
    "depth": 50,
    "width": WIDTH,
    "bottleneck": BOTTLENECK,
    "iterations": ITERATIONS,
    "variant": "released_v2",
    "fusion": "residual_frame",
}
FRAMES, SIZE = 16, 64
CLIPS = np.random.default_rng(0).integers(0, 256, (2, FRAMES, SIZE, SIZE, 3)).astype("uint8")


class Released:
    """The network's state dict with random values, and what its authors' code makes of clips with it."""

    def __init__(self):
        self.random = np.random.default_rng(1)
        self.state = {}
        self.kernel("stem", 3, WIDTH, (7, 7, 7))
        self.norm("bn1", WIDTH)
        channels = WIDTH
        for stage, count in BLOCKS.items():
            filters = WIDTH * 2 ** (stage - 2)
            for block in range(count):
                here = f"res{stage}.blocks.{block}"
                if block == 0:
                    self.kernel(f"{here}.shortcut.1", channels, 4 * filters, (1, 1, 1))
                    self.norm(f"{here}.shortcut.2", 4 * filters)
                    self.norm(f"{here}.shortcut.3", 4 * filters)
                self.kernel(f"{here}.layers.1", channels, filters, (ALONG_TIME[block], 1, 1))
                self.norm(f"{here}.layers.2", filters)
                self.kernel(f"{here}.layers.5", filters, filters, (1, 3, 3))
                self.norm(f"{here}.layers.6", filters)
                self.kernel(f"{here}.layers.8", filters, 4 * filters, (1, 1, 1))
                self.norm(f"{here}.layers.9", 4 * filters)
                channels = 4 * filters
            if stage == 3:
                self.flow_layer(channels)
        self.kernel("classify", channels, CLASSES, (1, 1, 1))
        self.put("classify.bias", self.random.normal(size=CLASSES))

    def put(self, name, value):
        self.state[name] = np.asarray(value, "float32")

    def kernel(self, name, inputs, outputs, size):
        value = self.random.normal(size=(outputs, inputs, *size)) * np.sqrt(2 / (inputs * np.prod(size)))
        self.put(f"{name}.weight", value)

    def norm(self, name, channels):
        self.put(f"{name}.weight", self.random.uniform(0.5, 1.5, channels))
        self.put(f"{name}.bias", self.random.uniform(-0.2, 0.2, channels))
        self.put(f"{name}.running_mean", self.random.uniform(-0.2, 0.2, channels))
        # Small enough for an epsilon of 0.001 to be seen.
        self.put(f"{name}.running_var", self.random.uniform(0.05, 1.0, channels))
        self.state[f"{name}.num_batches_tracked"] = np.array(7)

    def flow_layer(self, channels):
        self.kernel("rep_flow.bottleneck", channels, BOTTLENECK, (1, 1, 1))
        self.kernel("rep_flow.unbottleneck", 2 * BOTTLENECK, channels, (1, 1, 1))
        self.norm("rep_flow.bn", channels)
        for name, taps, shapes in (
            ("img_grad", (-0.5, 0, 0.5), ((1, 3), (3, 1))),
            ("f_grad", (-1, 1), ((2, 1), (2, 1))),
            ("div", (-1, 1), ((2, 1), (2, 1))),
        ):
            for axis, shape in zip(("", "2"), shapes, strict=True):
                kernel = np.reshape(taps, shape) * self.random.uniform(0.5, 1.5, (BOTTLENECK, BOTTLENECK, *shape))
                self.put(f"rep_flow.{name}{axis}", kernel / BOTTLENECK)
        for name, value in (("t", 0.31), ("l", 0.14), ("a", 0.26)):
            self.put(f"rep_flow.{name}", [value])

    def convolved(self, x, name, strides=1):
        kernel = self.state[f"{name}.weight"].transpose(2, 3, 4, 1, 0)
        return tf.nn.conv3d(x, kernel, (1, 1, strides, strides, 1), "VALID").numpy()

    def normalised(self, x, name, epsilon=1e-5):
        gamma, beta, mean, variance = (
            self.state[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta

    def block(self, x, here, stride, time):
        shortcut = x
        if f"{here}.shortcut.1.weight" in self.state:
            shortcut = self.convolved(x, f"{here}.shortcut.1", stride)
            shortcut = self.normalised(self.normalised(shortcut, f"{here}.shortcut.2"), f"{here}.shortcut.3")
        x = self.convolved(padded(x, (time, 1, 1), (1, 1, 1)), f"{here}.layers.1")
        x = np.maximum(self.normalised(x, f"{here}.layers.2"), 0)
        x = self.convolved(padded(x, (1, 3, 3), (1, stride, stride)), f"{here}.layers.5", stride)
        x = np.maximum(self.normalised(x, f"{here}.layers.6"), 0)
        return np.maximum(self.normalised(self.convolved(x, f"{here}.layers.8"), f"{here}.layers.9") + shortcut, 0)

    def logits(self, x):
        x = tf.nn.conv3d(x, self.state["stem.weight"].transpose(2, 3, 4, 1, 0), (1, 2, 2, 2, 1), "VALID").numpy()
        x = np.maximum(self.normalised(x, "bn1", epsilon=1e-3), 0)
        x = tf.nn.max_pool3d(padded(x, (3, 3, 3), (2, 2, 2)), 3, 2, "VALID").numpy()
        for stage, count in BLOCKS.items():
            for block in range(count):
                stride = 2 if stage > 2 and block == 0 else 1
                x = self.block(x, f"res{stage}.blocks.{block}", stride, ALONG_TIME[block])
            if stage == 3:
                x = self.flow(x)
        x = x.mean(axis=(2, 3)) @ self.state["classify.weight"][:, :, 0, 0, 0].T + self.state["classify.bias"]
        return x.mean(axis=1)

    def flow(self, x):
        """The layer, which `tests/layers/test_representation_flow_released.py` compares with official outputs."""
        layer = RepresentationFlow(BOTTLENECK, ITERATIONS, variant="released_v2")
        layer.build(x.shape)
        for ours, theirs in (("image_gradient", "img_grad"), ("flow_gradient", "f_grad"), ("divergence", "div")):
            pair = [self.state[f"rep_flow.{theirs}{axis}"] for axis in ("", "2")]
            layer.kernels[ours].assign([part.reshape(*part.shape[:2], -1).transpose(2, 1, 0) for part in pair])
        for weight in layer.constants:
            letter = {"theta": "t", "lambda": "l", "tau": "a"}[weight.name]
            weight.assign(self.state[f"rep_flow.{letter}"].item())
        layer.reduce.kernel.assign(self.state["rep_flow.bottleneck.weight"][:, :, 0, 0, 0].T)
        layer.restore.kernel.assign(self.state["rep_flow.unbottleneck.weight"][:, :, 0, 0, 0].T[None, None])
        layer.norm.set_weights(
            [self.state[f"rep_flow.bn.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
        )
        return layer(x, training=False).numpy()


def padded(x, kernel, strides):
    """The padding of the released code, by its own rule."""
    widths = [(0, 0)]
    for size, extent, stride in zip(x.shape[1:4], kernel, strides, strict=True):
        more = max(extent - (size % stride or stride), 0)
        widths.append((more // 2, more - more // 2))
    return np.pad(x, (*widths, (0, 0)))


@pytest.fixture(scope="module")
def released():
    return Released()


@pytest.fixture(scope="module")
def network():
    data = {"frames": FRAMES, "height": SIZE, "width": SIZE}
    return build_model(new_config("representation_flow", "ucf101", model=OPTIONS, data=data), CLASSES)


def test_the_second_released_network_is_read_and_gives_its_logits(released, network, monkeypatch, tmp_path):
    with monkeypatch.context() as patched:
        imitate_torch(patched)
        write_zip(tmp_path / "rep_flow.pt", stored(released.state), list(released.state.values()))
    changed, left = transfer(renamed(read_state_dict(tmp_path / "rep_flow.pt"), "file"), network, "file")
    # Every weight of ours comes from the file.
    assert (changed, left) == (len(network.weights), 0)
    theirs = released.logits((1 - CLIPS / 127.5).astype("float32"))
    assert np.ptp(theirs, axis=0).min() > 0.01
    np.testing.assert_allclose(network(CLIPS)["logits"], theirs, atol=1e-4 * np.abs(theirs).max())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"res2.blocks.0.layers.3.weight": np.zeros(4)}, r"layers\.3\.weight, which .* second release does not have"),
        ({"non_local.weight": np.zeros(4)}, r"non_local\.weight, which .* second release does not have"),
        ({"rep_flow.t2": np.zeros(1)}, r"rep_flow\.t2, which .* second release does not have"),
        ({"rep_flow.img_grad2": None}, r"lacks rep_flow\.img_grad2"),
        ({"rep_flow.div2": np.zeros((3, 2, 2, 1))}, r"rep_flow\.div and div2 must be kernels of one size"),
        ({"res2.blocks.0.shortcut.2.bias": None}, r"lacks res2\.blocks\.0\.shortcut\.2\.bias"),
        ({"res2.blocks.0.shortcut.3.bias": np.zeros(3)}, r"batch norms of res2\.blocks\.0\.shortcut differ in size"),
        ({"bn1.running_var": None}, r"lacks bn1\.running_var"),
        ({"res5.blocks.2.layers.9.bias": None}, r"layer4_2_conv3_norm/beta is not in it"),
    ],
)
def test_a_file_that_is_not_the_whole_network_is_one_sentence(released, network, change, said, one_sentence):
    state = {name: value for name, value in {**released.state, **change}.items() if value is not None}
    with pytest.raises(InputError, match=said) as refusal:
        transfer(renamed(state, "file"), network, "file")
    one_sentence(str(refusal.value))
