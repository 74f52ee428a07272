import re

import keras
import numpy as np
import pytest
from keras import ops

import models.encoders
from launch.weights.torch.inflation import inflate
from models.encoders import stage_names
from models.resnets import families
from models.resnets.convolutions import ConvolutionMaker
from models.resnets.network import PLACES, STAGES, ResidualNetwork
from tvnet_keras.choices import load_module, module_names
from tvnet_keras.errors import InputError

PUBLISHED = {
    ("resnet3d", 18, 400): 33_371_472,
    ("resnet2plus1d", 18, 400): 31_505_325,
}
"""Trainable weights, as torchvision counts them (those of images: `test_encoders.py`)."""

every_family = pytest.mark.parametrize("family", module_names(families))


def network(family, classes=5, depth=None, **options):
    convolutions = load_module(families, "backbone", family).Convolutions()
    return ResidualNetwork(convolutions, classes, depth or convolutions.depths[0], **options)


def shape_for(built, frames=16, size=32):
    return (size, size, 3) if built.convolutions.rank == 2 else (frames, size, size, 3)


def names(model):
    return [weight.path for weight in model.weights]


def count(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.mark.parametrize(("family", "depth", "classes"), PUBLISHED)
def test_it_has_the_published_number_of_weights(family, depth, classes, without_values):
    built = network(family, classes, depth)
    assert count(built.part(shape_for(built))) == PUBLISHED[family, depth, classes]


@every_family
def test_a_small_one_of_every_family_gives_logits(family):
    built = network(family, width=4)
    clips = np.random.default_rng(0).random((2, *shape_for(built)), dtype="float32")
    logits = ops.convert_to_numpy(built.part(clips.shape[1:])(clips))
    assert logits.shape == (2, 5) and np.isfinite(logits).all() and np.abs(logits[0] - logits[1]).max() > 0


@pytest.mark.parametrize(
    ("family", "place"), [("resnet2d", place) for place in PLACES[1:]] + [("resnet2plus1d", "conv1")]
)
def test_two_parts_are_the_whole(family, place):
    built = network(family, width=4)
    shape = shape_for(built)
    before, whole = built.part(shape, stop=place), built.part(shape)
    after = built.part(before.output_shape[1:], start=place)
    assert names(before) + names(after) == names(whole)
    clips = np.random.default_rng(0).random((1, *shape), dtype="float32")
    keras.Sequential([before, after]).set_weights(whole.get_weights())
    np.testing.assert_allclose(after(before(clips)), whole(clips), atol=1e-5)


def test_nothing_lies_before_the_input():
    assert network("resnet2d").part((32, 32, 3), stop="input") is None


def test_block_3_is_28_pixels_wide_at_224():
    built = network("resnet2d", depth=18, width=4)
    sizes = [built.part((224, 224, 3), stop=place).output_shape[1] for place in PLACES[1:]]
    assert sizes == [112, 56, 56, 28, 14, 7]


def test_the_released_bottleneck_looks_along_time_in_every_second_block():
    # 6 blocks of layer3: time in blocks 0, 1, 3, 5; the 3 x 3 convolutions never.
    model = network("resnet2plus1d_released", depth=50, width=4).part((16, 32, 32, 3))
    along_time = [model.get_layer(f"layer3_{block}_conv1_conv").kernel_size[0] for block in range(6)]
    assert along_time == [3, 3, 1, 3, 1, 3]
    assert {model.get_layer(f"layer3_{block}_conv2_conv").kernel_size for block in range(6)} == {(1, 3, 3)}


def test_separated_convolutions_have_as_many_channels_between_as_behind():
    # Xie et al.: 1 x k x k, then k x 1 x 1; Tran et al. have planes for the weights of the 3D convolution.
    width, channels = 4, {"conv1": (3, 4, 7), "layer1_0_conv1": (4, 4, 3), "layer2_0_conv1": (4, 8, 3)}
    model = network("resnet2plus1d_separated", depth=18, width=width).part((8, 32, 32, 3))
    for name, (before, behind, k) in channels.items():
        layer = model.get_layer(f"{name}_conv")
        assert tuple(layer.spatial.kernel.shape) == (1, k, k, before, behind)
        assert tuple(layer.temporal.kernel.shape) == (k, 1, 1, behind, behind)
    assert count(model) < count(network("resnet2plus1d", depth=18, width=width).part((8, 32, 32, 3)))


def test_separated_networks_keep_time_up_to_the_second_stage():
    built = network("resnet2plus1d_separated", depth=18, width=4)
    lengths = [built.part((16, 32, 32, 3), stop=place).output_shape[1] for place in PLACES[1:]]
    assert lengths == [16, 16, 16, 8, 4, 2]


def test_non_local_blocks_follow_every_second_block_of_their_stages():
    model = network("resnet3d", depth=50, width=4, non_local=("block3", "block4")).part((8, 32, 32, 3))
    found = [layer.name for layer in model.layers if layer.name.endswith("_non_local")]
    # The five blocks of Wang et al.: two in res3, three in res4.
    assert found == [f"layer{stage}_{block}_non_local" for stage, block in ((2, 1), (2, 3), (3, 1), (3, 3), (3, 5))]


def test_what_a_family_does_not_have_is_refused():
    with pytest.raises(InputError, match=r"^depth=18 is none of 50, which this backbone has"):
        network("resnet2plus1d_released", depth=18)
    with pytest.raises(InputError, match=r"^non_local=conv1 is none of block2, block3, block4, block5"):
        network("resnet3d", non_local=("conv1",))


def test_an_inflated_kernel_answers_a_still_clip_as_the_2d_kernel_answers_its_frame():
    random = np.random.default_rng(0)
    frame = random.normal(size=(2, 8, 9, 3)).astype("float32")
    kernel = random.normal(size=(3, 3, 3, 4)).astype("float32")
    still = np.repeat(frame[:, None], 5, axis=1)
    answers = ops.convert_to_numpy(ops.conv(still, inflate(kernel, 3)))
    expected = np.repeat(ops.convert_to_numpy(ops.conv(frame, kernel))[:, None], 3, axis=1)
    np.testing.assert_allclose(answers, expected, atol=1e-4)


@pytest.mark.parametrize("family", ["resnet2d", "resnet2plus1d"])
def test_a_prefix_stands_before_every_name(family):
    built = network(family, width=4, prefix="rgb_")
    assert all(re.match("rgb_", name) for name in names(built.part(shape_for(built))))


def test_a_family_is_no_image_network_of_the_same_name():
    assert not set(module_names(families)) & set(module_names(models.encoders))


@every_family
def test_a_family_offers_its_stages(family):
    built = network(family, width=4)
    convolutions = built.convolutions
    shape = shape_for(built, size=70)
    encoder = built.stages(shape, name="encoder")
    features = encoder(np.random.default_rng(0).random((2, *shape), dtype="float32"))
    assert stage_names(encoder) == ["stage1", "stage2", "stage3", "stage4", "stage5"]
    pools = type(convolutions).pool is not ConvolutionMaker.pool
    sizes = (35, 18, 9, 5, 3) if pools else (35, 35, 18, 9, 5)
    if family == "resnet2plus1d_kinetics":
        sizes = (32, 16, 8, 4, 2)  # The released first convolution is not padded.
    for name, size in zip(stage_names(encoder), sizes, strict=True):
        assert encoder.output[name].shape[-3:-1] == (size, size) and len(features[name].shape) == convolutions.rank + 2
        assert features[name].shape[1:] == encoder.output[name].shape[1:]
        assert np.isfinite(ops.convert_to_numpy(features[name])).all()
    for name, place in zip(stage_names(encoder), STAGES, strict=True):
        before = built.part(shape, stop=place)
        assert (
            before.output.shape == encoder.output[name].shape and names(before) == names(encoder)[: len(names(before))]
        )
    assert names(built.part(shape)) == [*names(encoder), "logits/kernel", "logits/bias"]
