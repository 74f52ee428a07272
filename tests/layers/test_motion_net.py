"""MotionNet is the paper's Table 1, layer by layer, for any number of frames, and cuts longer clips into stacks."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.examples import LayerExample
from tests.textures import moving_clip
from tvnet_keras import MotionNet

EXAMPLE = LayerExample(lambda: MotionNet(frames=3, width=4), (2, 4, 20, 26, 3))

TABLE1 = {
    "conv1": (33, 64, 3, 1),
    "conv1_1": (64, 64, 3, 1),
    "conv2": (64, 128, 3, 2),
    "conv2_1": (128, 128, 3, 1),
    "conv3": (128, 256, 3, 2),
    "conv3_1": (256, 256, 3, 1),
    "conv4": (256, 512, 3, 2),
    "conv4_1": (512, 512, 3, 1),
    "conv5": (512, 512, 3, 2),
    "conv5_1": (512, 512, 3, 1),
    "conv6": (512, 1024, 3, 2),
    "conv6_1": (1024, 1024, 3, 1),
    "flow_32": (1024, 20, 3, 1),
    "deconv_16": (1024, 512, 4, 2),
    "refine_16": (1044, 512, 3, 1),
    "flow_16": (512, 20, 3, 1),
    "deconv_8": (512, 256, 4, 2),
    "refine_8": (788, 256, 3, 1),
    "flow_8": (256, 20, 3, 1),
    "deconv_4": (256, 128, 4, 2),
    "refine_4": (404, 128, 3, 1),
    "flow_4": (128, 20, 3, 1),
    "deconv_2": (128, 64, 4, 2),
    "refine_2": (212, 64, 3, 1),
    "flow_2": (64, 20, 3, 1),
    **{f"up_flow_{stride}": (20, 20, 4, 2) for stride in (16, 8, 4, 2)},
}
"""Channels in and out, kernel and stride of the paper's layers: flow6 to flow2 are called by their strides here, xconv
refine; the learned enlargement of a flow, which the paper's table leaves out, is the released network's."""


def clips(frames, height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (2, frames, height, width, 3), np.uint8)


def layer_of(**options):
    keras.utils.set_random_seed(0)
    return MotionNet(**{"frames": 3, "width": 4, **options})


def convolutions(layer):
    """The layers with a kernel, by name."""
    return {inner.name: inner for inner in layer._flatten_layers() if getattr(inner, "kernel", None) is not None}


@pytest.fixture(scope="module")
def published():
    layer = MotionNet(frames=11)
    layer.build((None, 11, 224, 224, 3))
    return layer


def test_every_layer_is_that_of_table_1(published):
    found = {}
    for name, inner in convolutions(published).items():
        rows, columns, *channels = inner.kernel.shape
        assert rows == columns and inner.strides[0] == inner.strides[1] and inner.bias is not None
        # A deconvolution has its channels the other way round.
        given, made = channels[::-1] if name.startswith(("deconv", "up_flow")) else channels
        found[name] = (given, made, rows, inner.strides[0])
    assert found == TABLE1


def test_the_published_network_has_42_3_million_weights(published):
    kernels = sum(np.prod(weight.shape) for weight in published.weights if weight.name == "kernel")
    assert kernels == 42_312_768 and published.count_params() == 42_319_860


def test_the_resolutions_are_those_of_table_1():
    flows = layer_of(frames=11, width=1).flows_of(np.zeros((1, 11, 224, 224, 3), np.uint8))
    assert [tuple(flow.shape) for flow in flows] == [(1, 10, side, side, 2) for side in (112, 56, 28, 14, 7)]


@pytest.mark.parametrize("small_displacement", [True, False])
@pytest.mark.parametrize("between", [True, False])
@pytest.mark.parametrize(("frames", "size"), [(3, (33, 47)), (6, (32, 32)), (2, (1, 3))])
def test_every_ablation_gives_flow_of_every_size(small_displacement, between, frames, size):
    layer = layer_of(frames=frames, small_displacement=small_displacement, between=between)
    clip = clips(frames, *size)
    flows = layer.flows_of(clip)
    for flow, stride in zip(flows, layer.strides, strict=True):
        assert tuple(flow.shape) == (2, frames - 1, *(-(-side // stride) for side in size), 2)
        assert flow.dtype == "float32" and np.isfinite(flow).all()
    assert tuple(layer(clip).shape) == layer.compute_output_shape(clip.shape) == (2, frames - 1, *size, 2)


def test_without_the_small_front_the_network_begins_as_flownet_s():
    layer = layer_of(frames=2, width=64, small_displacement=False)
    layer.build((None, 2, 64, 64, 3))
    front = {name: (inner.kernel.shape, inner.strides[0]) for name, inner in convolutions(layer).items()}
    assert front["conv1"] == ((7, 7, 6, 64), 2) and front["conv2"] == ((5, 5, 64, 128), 2)
    assert front["conv3"] == ((5, 5, 128, 256), 2) and "conv1_1" not in front and "conv2_1" not in front
    assert layer.strides == (4, 8, 16, 32, 64)


def test_without_convolutions_between_there_is_none_between_the_deconvolutions():
    with_them, without = (convolutions_of(layer_of(between=between)) for between in (True, False))
    assert {name for name in with_them if name not in without} == {f"refine_{stride}" for stride in (2, 4, 8, 16)}


def convolutions_of(layer):
    layer.build((None, layer.frames, 32, 32, 3))
    return convolutions(layer)


@pytest.mark.parametrize(("frames", "total"), [(2, 4), (3, 5), (3, 6), (4, 8), (6, 6), (6, 12)])
def test_a_longer_clip_is_cut_into_stacks_that_share_a_frame_and_the_last_ends_with_it(frames, total):
    layer, clip = layer_of(frames=frames, width=2), clips(total, 16, 16)
    whole = layer(clip)
    starts = [min(start, total - frames) for start in range(0, total - 1, frames - 1)]
    step = 0
    for start in starts:
        own = keras.ops.convert_to_numpy(layer(clip[:, start : start + frames]))
        new = own[:, step - start :]
        np.testing.assert_allclose(whole[:, step : step + new.shape[1]], new, atol=1e-5)
        step += new.shape[1]
    assert step == whole.shape[1] == total - 1


def test_a_shorter_clip_goes_on_with_its_last_frame():
    layer, clip = layer_of(frames=6), clips(3, 16, 16)
    longer = np.concatenate([clip, *[clip[:, -1:]] * 3], axis=1)
    np.testing.assert_array_equal(layer(clip), layer(longer)[:, :2])


def test_unknown_lengths_and_sizes_give_the_same():
    layer = layer_of()
    graph = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, None, 3), tf.uint8)])
    for total, size in ((2, (16, 16)), (3, (16, 16)), (6, (33, 20))):
        clip = clips(total, *size)
        np.testing.assert_allclose(graph(clip), layer(clip), atol=1e-5)


def test_the_channels_are_the_frames_one_after_the_other_and_the_flows_u_and_v_in_turn():
    layer = layer_of()
    clip = clips(3, 16, 16)
    layer(clip)
    first = layer._conv1
    # What the first convolution sees of one pixel: its middle weight alone, one output for each of nine inputs.
    assert first.kernel.shape[2] == 9
    kernel = np.zeros(first.kernel.shape, np.float32)
    kernel[1, 1, 4, 0] = 1  # the green of the second frame
    first.kernel.assign(kernel)
    first.bias.assign(np.zeros(first.bias.shape))
    seen = layer._stacks(layer._scaled(clip))[0]
    np.testing.assert_allclose(seen[..., 4], clip[:, 1, ..., 1] / 255 - 117 / 255, atol=1e-6)
    finest = layer.decoder._layer("flow", 2)
    finest.kernel.assign(np.zeros(finest.kernel.shape))
    finest.bias.assign([0.1, 0.2, 0.3, 0.4])
    flow = layer.flows_of(clip)[0]  # twenty pixels of the frames, ten of this level, for an output of one
    np.testing.assert_allclose(flow[0, :, 0, 0], [[1.0, 2.0], [3.0, 4.0]], rtol=1e-5)
    np.testing.assert_allclose(layer(clip)[0, :, 8, 8], [[2.0, 4.0], [6.0, 8.0]], rtol=1e-5)


def test_a_stride_skips_the_odd_pixels():
    """As in Caffe, where a stride begins at the first pixel; Keras's own padding would begin at the second."""
    layer = layer_of(frames=2, width=2)
    layer.build((None, 2, 16, 16, 3))
    for name in ("conv1", "conv1_1", "conv2", "conv2_1"):
        inner = getattr(layer, f"_{name}")
        kernel = np.zeros(inner.kernel.shape, np.float32)
        kernel[1, 1, 0, 0] = 1
        inner.kernel.assign(kernel)
        inner.bias.assign(np.zeros(inner.bias.shape))
    images = np.random.default_rng(0).uniform(size=(1, 16, 16, 6)).astype("float32")
    np.testing.assert_allclose(layer._stages_of(images)[0][..., 0], images[:, ::2, ::2, 0], rtol=1e-6)


def test_the_gradient_reaches_every_weight():
    layer = layer_of()
    with tf.GradientTape() as tape:
        total = tf.add_n([tf.reduce_sum(flow**2) for flow in layer.flows_of(clips(5, 32, 32))])
    for weight, gradient in zip(layer.trainable_weights, tape.gradient(total, layer.trainable_weights), strict=True):
        assert gradient is not None and np.isfinite(gradient).all(), weight.path


def test_under_mixed_precision_the_flow_is_float32_and_nearly_the_same():
    keras.utils.set_random_seed(0)
    clip = moving_clip(3, 32, 32, (1.0, 0.0))
    exact, mixed = layer_of(width=8), layer_of(width=8, dtype="mixed_float16")
    exact.build(clip.shape)
    mixed.build(clip.shape)
    mixed.set_weights(exact.get_weights())
    flow = mixed(clip)
    assert flow.dtype == "float32"
    np.testing.assert_allclose(flow, exact(clip), atol=0.05)


def test_wrong_arguments_and_clips_are_refused():
    with pytest.raises(ValueError, match="at least two frames. Received: frames=1"):
        MotionNet(frames=1)
    with pytest.raises(ValueError, match="width"):
        MotionNet(width=0)
    with pytest.raises(ValueError, match="MotionNet needs at least 2 frames"):
        layer_of()(clips(1, 16, 16))
    with pytest.raises(ValueError, match="takes RGB frames"):
        layer_of()(clips(3, 16, 16)[..., :1])
