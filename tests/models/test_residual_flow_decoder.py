"""The decoder of flow: one flow per stage, of its size, in its pixels, whatever the sizes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.parts.residual_flow_decoder import BLOCKS, ResidualFlowDecoder
from tvnet_keras.errors import InputError
from tvnet_keras.layers.parts.flow_decoder import FlowDecoder

STRIDES = (4, 8, 16)


def stages(height, width, channels=(3, 5, 7), seed=0):
    random = np.random.default_rng(seed)
    sizes = [(-(-height // stride), -(-width // stride)) for stride in STRIDES]
    return [random.normal(size=(2, *size, c)).astype("float32") for size, c in zip(sizes, channels, strict=True)]


def decoder(**options):
    keras.utils.set_random_seed(0)
    return ResidualFlowDecoder(**{"filters": (4, 6), "strides": STRIDES, "block": "residual", **options})


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("size", [(32, 48), (33, 47), (16, 1), (50, 70)])
def test_every_stage_has_a_flow_of_its_size(block, size):
    given = stages(*size)
    layer = decoder(block=block, fields=3)
    flows = layer(given)
    assert [tuple(flow.shape) for flow in flows] == [(*stage.shape[:3], 6) for stage in given]
    assert layer.compute_output_shape([stage.shape for stage in given]) == [tuple(flow.shape) for flow in flows]
    for flow in flows:
        assert np.isfinite(flow).all() and flow.dtype == "float32"


def test_sizes_that_are_unknown_equal_known_ones():
    layer, given = decoder(), stages(33, 47)
    expected = layer(given)
    signature = [tf.TensorSpec((None, None, None, stage.shape[-1])) for stage in given]
    for found, flow in zip(
        tf.function(lambda *x: layer(list(x)), input_signature=signature)(*given), expected, strict=True
    ):
        np.testing.assert_allclose(found, flow, atol=1e-5)


def test_an_output_of_the_last_convolution_is_the_same_displacement_of_the_frames_at_every_level():
    layer = decoder(flow_scale=8.0)
    given = [np.zeros_like(stage) for stage in stages(32, 32)]
    layer(given)
    for stride in STRIDES:
        convolution = layer._layer("flow", stride)
        convolution.kernel.assign(np.zeros(convolution.kernel.shape))
        convolution.bias.assign([1.0, -0.5])
    for flow, stride in zip(layer(given), STRIDES, strict=True):
        np.testing.assert_allclose(stride * flow.numpy()[0, 0, 0], [8.0, -4.0], rtol=1e-6)


def test_every_flow_depends_on_the_stages_below_it_and_on_its_skip_connection():
    layer, given = decoder(), stages(32, 32)
    before = layer(given)
    # By stage that changes, the levels whose flow does not.
    for changed, untouched in ((0, (1, 2)), (1, (2,)), (2, ())):
        other = [stage + (place == changed) for place, stage in enumerate(given)]
        same = [np.array_equal(*pair) for pair in zip(before, layer(other), strict=True)]
        assert [place for place in range(3) if same[place]] == list(untouched)


def test_the_gradient_reaches_every_weight():
    layer, given = decoder(), stages(33, 47)
    with tf.GradientTape() as tape:
        total = tf.add_n([tf.reduce_sum(flow**2) for flow in layer(given, training=True)])
    for weight, gradient in zip(layer.trainable_weights, tape.gradient(total, layer.trainable_weights), strict=True):
        assert gradient is not None and np.isfinite(gradient).all(), weight.path


def test_it_is_stored_and_weights_have_names_of_their_own():
    layer = decoder(block="plain", fields=2, flow_scale=3.0)
    again = ResidualFlowDecoder.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    layer(stages(32, 32))
    paths = [weight.path for weight in layer.weights]
    assert len(set(paths)) == len(paths)


def test_a_decoder_of_mixed_precision_gives_flow_in_float32():
    flows = decoder(dtype="mixed_float16")(stages(32, 32))
    assert all(flow.dtype == "float32" and np.isfinite(flow).all() for flow in flows)


def test_wrong_numbers_are_refused():
    with pytest.raises(ValueError, match="every stage but the coarsest.*filters=.4,., strides=.4, 8, 16."):
        decoder(filters=(4,))
    with pytest.raises(ValueError, match="takes 3 stages. Received: 2"):
        decoder()(stages(32, 32)[:2])
    with pytest.raises(InputError, match="block is .dense., which is not one of"):
        decoder(block="dense")
    with pytest.raises(InputError, match="block is .residual., which is not one of"):
        FlowDecoder(filters=(4, 6), strides=STRIDES, block="residual")
    with pytest.raises(ValueError, match="flow_scale must be positive"):
        decoder(flow_scale=0.0)
