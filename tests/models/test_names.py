"""Every layer with weights has a name of its own, whatever the options and whatever the process has built before."""

import itertools
import re

import pytest

import models
import models.encoders
from launch.weights.by_name import named_layers, weight_names
from models.parts.feature_fusion import FEATURE_FUSIONS
from models.resnets import families
from tests.models.test_encoders import SIZE, SLOW
from tvnet_keras.choices import load_module, module_names
from tvnet_keras.layers.flow_of_flow import FlowOfFlow

CLASSES = 4
QUICK = {"width": 4, "bottleneck": 2, "iterations": 1}
METHODS = {name: load_module(models, "--method", name) for name in module_names(models)}


def methods_on(backbones):
    """The methods whose network has, by default, one of these backbones."""
    return [name for name, method in METHODS.items() if vars(method.Options()).get("backbone") in backbones]


ON_IMAGES = methods_on(module_names(models.encoders))
ON_RESIDUAL_NETWORKS = methods_on(module_names(families))


def image_cases():
    for method in ON_IMAGES:
        for backbone in module_names(models.encoders):
            marks = pytest.mark.slow if backbone in SLOW else ()
            yield pytest.param(method, {"backbone": backbone}, id=f"{method}-{backbone}", marks=marks)


def residual_cases():
    for method, family in itertools.product(ON_RESIDUAL_NETWORKS, module_names(families)):
        depths = load_module(families, "--config.model.backbone", family).Convolutions().depths
        chosen = {**QUICK, "backbone": family, "depth": depths[0], "place": "conv1", "non_local": ("block2",)}
        for flows, fusion in (("flow", "late"), ("fcfcf", "layer_multiply")):
            options = {**chosen, "flows": flows, "fusion": fusion}
            marks = pytest.mark.slow if flows == "fcfcf" and family != "resnet2d" else ()
            yield pytest.param(method, options, id=f"{method}-{family}-{flows}-{fusion}", marks=marks)


def fusion_cases():
    for fusion in FEATURE_FUSIONS:
        options = {**QUICK, "backbone": "resnet2d", "depth": 10, "fusion": fusion, "flows": "fof"}
        yield pytest.param("representation_flow", options, id=f"fof-{fusion}")


def other_cases():
    """Every method without such a backbone, as it is by default."""
    for method in sorted(set(METHODS) - {*ON_IMAGES, *ON_RESIDUAL_NETWORKS}):
        yield pytest.param(method, {}, id=method)


def build(name, options):
    method = METHODS[name]
    size = SIZE.get(options.get("backbone"), 32)
    return method.build(num_classes=CLASSES, clip_shape=(12, size, size, 3), options=method.Options(**options))


def named_by_keras(layer):
    """Keras makes a layer's name of its class's, `conv2d_3`, where it is given none."""
    words = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", type(layer).__name__)
    snake_case = re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
    return re.fullmatch(rf"{snake_case}(_\d+)?", layer.name) is not None


MORE_CASES = (
    pytest.param(
        "rgb", {"backbone": "resnet2plus1d", "depth": 10, "width": 4, "non_local": ("block2",)}, id="rgb-clips"
    ),
    pytest.param("tvnet", {"motion": "representation_flow", "bottleneck": 2, "iterations": 1}, id="features-of-frames"),
)


@pytest.mark.parametrize(
    ("method", "options"), [*image_cases(), *residual_cases(), *fusion_cases(), *other_cases(), *MORE_CASES]
)
def test_layers_with_weights_have_names_of_their_own(method, options, light_vgg16):
    model = build(method, options)
    assert not [name for name, layer in named_layers(model).items() if named_by_keras(layer)]
    names = weight_names(model)
    assert len(set(names)) == len(names) == len(model.weights)
    assert weight_names(build(method, options)) == names


def test_a_layer_that_nobody_named_would_be_seen():
    layer = FlowOfFlow(bottleneck=2)
    layer.build((None, 4, 8, 8, 3))
    assert named_by_keras(layer) and re.fullmatch(r"flow_of_flow(_\d+)?", layer.name)
    assert not [name for name, inner in named_layers(layer).items() if named_by_keras(inner)]
