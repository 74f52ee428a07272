"""What a method says of its arguments reaches the user with the flags that set them."""

import dataclasses

import pytest

from launch.run.config import method_module
from launch.run.option_errors import option_error


def refusal(config):
    data = config.data
    with pytest.raises(ValueError) as caught:
        method_module(config.method).build(
            num_classes=12, clip_shape=(data.frames, data.height, data.width, 3), options=config.model
        )
    assert "--" not in str(caught.value)
    return str(option_error(caught.value, config))


@pytest.mark.parametrize(
    ("method", "options", "sentence"),
    [
        ("rgb", {"backbone": "resnet81"}, "--config.model.backbone is 'resnet81', which is not one of "),
        ("tvnet", {"backbone": "smal"}, "--config.model.backbone is 'smal', which is not one of "),
        ("tvnet", {"learn": ("kernel",)}, "--config.model.learn is 'kernel', which is not one of "),
        ("tvnet", {"scales": 0}, "--config.model.scales must be at least 1, but is 0."),
        ("representation_flow", {"depth": 19}, "--config.model.depth must be 10, 18, 34 or 50, but is 19."),
        ("representation_flow", {"place": "blok3"}, "--config.model.place is 'blok3', which is not one of "),
        ("representation_flow", {"fusion": "ad"}, "--config.model.fusion is 'ad', which is not one of "),
        ("representation_flow", {"scaling": "units"}, "--config.model.scaling is 'units', which is not one of "),
        ("representation_flow", {"flows": "fcx"}, "--config.model.flows is 'fcx', which is not one of "),
    ],
)
def test_an_option_that_a_method_refuses_is_named_by_its_flag(tiny, method, options, sentence):
    config = tiny(method)
    config.model = dataclasses.replace(config.model, **options)
    assert refusal(config).startswith(sentence)


def test_every_argument_of_a_sentence_gets_its_flag(tiny):
    config = tiny("representation_flow", model={"backbone": "resnet3d", "place": "block3", "flows": "fcfcf"})
    assert refusal(config) == (
        f"--config.data.frames={config.data.frames} leaves 2 steps at --config.model.place=block3, "
        "where --config.model.flows=fcfcf needs 4."
    )


def test_a_refusal_of_no_option_is_one_of_the_network(tiny):
    said = refusal(tiny("rgb", model={"backbone": "inception_v3"}))
    assert said.startswith("--config.model does not describe a network: inception_v3 needs at least 75 x 75")


def test_words_that_are_no_arguments_and_flags_stay_as_they_are(tiny):
    config = tiny("tvnet")
    for said in ("the scales are wrong", "--config.model.scales=3 is too many", "subscales=3"):
        assert said in str(option_error(ValueError(said), config))
