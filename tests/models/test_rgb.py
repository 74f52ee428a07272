import keras
import numpy as np
import pytest

import models
from launch.run.config import check, new_config
from launch.run.model import build_model
from launch.weights.by_name import match, weight_values
from launch.weights.init_from import initialise
from models import representation_flow, rgb
from models.resnets import families
from tests.textures import moving_clip
from tvnet_keras.choices import load_module, module_names
from tvnet_keras.errors import InputError

SIZE = 32
FRAMES = 9
SMALL = {"width": 4, "dropout": 0.0}

every_family = pytest.mark.parametrize("family", module_names(families))


def small(family):
    depths = load_module(families, "--config.model.backbone", family).Convolutions().depths
    return {**SMALL, "backbone": family, "depth": depths[0]}


def make(method, **options):
    shape = (FRAMES, SIZE, SIZE, 3)
    return method.build(num_classes=3, clip_shape=shape, options=method.Options(**options))


@every_family
def test_a_network_of_clips_is_representation_flows_without_flow(family):
    keras.utils.set_random_seed(0)
    ours = make(rgb, scaling="kinetics", **small(family))
    theirs = make(representation_flow, scaling="kinetics", place="none", **small(family))
    for source, target in ((ours, theirs), (theirs, ours)):
        for weight in source.weights:
            weight.assign(np.random.default_rng(1).uniform(0.5, 1.5, weight.shape).astype("float32"))
        found = match(target, weight_values(source))
        assert not found.difference() and len(found.taken) == len(target.weights)
        found.apply()
        clip = moving_clip(FRAMES, SIZE, SIZE, (0.5, 0.2))
        expected = source(clip)["logits"]
        np.testing.assert_allclose(target(clip)["logits"], expected, rtol=1e-4)


@every_family
def test_the_clip_must_outlast_the_strides(family):
    config = new_config("rgb", "moving_shapes", model=small(family), data={"height": SIZE, "width": SIZE})
    sees_frames = load_module(families, "family", family).Convolutions.rank == 2
    least = 1 if sees_frames else 8
    assert config.data.frames == models.frames_of(rgb, config.model) == least and check(config)
    clip = moving_clip(least, SIZE, SIZE, (0.5, 0.2))
    assert build_model(config, 3)(clip)["logits"].shape == (1, 3)
    if least > 1:
        config.data.frames = 1
        with pytest.raises(InputError, match=r"frames=1 is too short: --method=rgb needs clips of at least 8 frames"):
            check(config)


def test_a_network_of_clips_sees_motion_and_an_image_network_does_not():
    keras.utils.set_random_seed(0)
    clip = moving_clip(FRAMES, SIZE, SIZE, (0.5, 0.2))
    for backbone, sees in (("resnet2plus1d", True), ("resnet2d", False), ("resnet18", False)):
        model = make(rgb, **{**SMALL, "backbone": backbone, "depth": 18 if backbone == "resnet18" else 10})
        forwards, backwards = model(clip)["logits"], model(clip[:, ::-1])["logits"]
        assert (np.abs(forwards - backwards).max() > 1e-3 * np.abs(forwards).max()) is np.bool_(sees)


def test_a_backbone_that_is_nowhere_is_told_the_nearest_of_both_folders():
    with pytest.raises(InputError, match=r"backbone is 'resnet2plus'.* Did you mean 'resnet2plus1d'"):
        make(rgb, backbone="resnet2plus")
    with pytest.raises(InputError, match=r"Did you mean 'inception_v3'"):
        rgb.frames(rgb.Options(backbone="inception"))


def test_imagenet_weights_of_networks_of_clips_are_refused():
    config = new_config("rgb", "moving_shapes", model=small("resnet3d"), data={"height": SIZE, "width": SIZE})
    config.init_from = "imagenet"
    with pytest.raises(InputError, match=r"backbone=resnet3d, --config.init_from=imagenet does not know --method=rgb"):
        initialise(build_model(config, 3), config)
