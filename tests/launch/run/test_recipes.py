"""Every field of a recipe comes from the configuration, under its name: none keeps a default that nobody can set."""

import dataclasses

import pytest

from launch.run import recipes
from launch.run.config import DataConfig, EvalConfig, new_config
from tvnet_keras.errors import InputError
from tvnet_keras.flow.augment import FlowRecipe
from tvnet_keras.options import options_of
from tvnet_keras.video.recipe import ClipRecipe, MultiView

TRAINING = {"clips": (recipes.clip_recipe, ClipRecipe), "flow": (recipes.flow_recipe, FlowRecipe)}


def another(config, name):
    """A value of a field that is not the one that it has."""
    value, option = getattr(config, name), options_of(config)[name]
    if option.allowed:
        return next(word for word in option.allowed if word != value)
    if isinstance(value, tuple):
        return value[:1]
    return not value if isinstance(value, bool) else value + type(value)(1)


@pytest.mark.parametrize(
    ("source", "name"),
    [(source, field.name) for source, (_, kind) in TRAINING.items() for field in dataclasses.fields(kind)],
)
def test_a_field_of_a_training_recipe_is_that_of_the_configuration(source, name):
    make, _ = TRAINING[source]
    # A long side goes with a short one.
    data = DataConfig(height=20, width=30, resize_short=1)
    if name == "size":
        assert make(data).size == (20, 30)
        return
    changed = dataclasses.replace(data, **{name: another(data, name)})
    assert getattr(make(changed), name) == getattr(changed, name) != getattr(make(data), name)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(MultiView)])
def test_a_field_of_the_views_of_a_test_is_that_of_the_configuration(name):
    # Random sampling takes any number of crops.
    test = EvalConfig(sampling="random")
    changed = dataclasses.replace(test, **{name: another(test, name)})
    assert getattr(recipes.multi_view(changed), name) == getattr(changed, name) != getattr(test, name)


def test_a_test_draws_nothing_at_random():
    data = DataConfig(frames=7, step=2, short="clamp", colour_jitter=0.5, crop="random", test_crop="none", rotation=3.0)
    recipe = recipes.test_clip_recipe(data)
    assert not recipe.random and recipe.crop == "none"
    assert (recipe.frames, recipe.step, recipe.short, recipe.size) == (7, 2, "clamp", (64, 64))
    config = new_config("tvnet_flow", "middlebury", data={"rotation": 3.0, "colour_jitter": 0.5, "flip": True})
    assert recipes.flow_recipe(config.data).random
    assert not recipes.test_flow_recipe(config).random
    assert recipes.test_flow_recipe(config).size is None
    config.eval.flow_size = "training"
    assert recipes.test_flow_recipe(config).size == (64, 64)
    assert not recipes.test_flow_recipe(config).random


def test_clips_need_a_size_and_pairs_do_not():
    data = DataConfig(height=0, width=0, crop="none", test_crop="none")
    assert recipes.flow_recipe(data).size is None
    for make in (recipes.clip_recipe, recipes.test_clip_recipe):
        with pytest.raises(InputError, match="set --config.data.height"):
            make(data)
