"""From a `Config` to recipes: how clips are taken and how views are cut, with exact flow or without.

A field of a recipe that the configuration has, too, is taken over under its name.
"""

import dataclasses
from typing import Any, TypeVar

from launch.run.config import Config, DataConfig, EvalConfig
from tvnet_keras.errors import InputError
from tvnet_keras.flow.augment import FlowRecipe
from tvnet_keras.video.recipe import ClipRecipe, MultiView, ViewRecipe

Recipe = TypeVar("Recipe", bound=ViewRecipe)


def clip_recipe(data: DataConfig) -> ClipRecipe:
    """Training clips of videos.

    Raises:
        InputError: no height and width.
    """
    _require_size(data)
    return _recipe(ClipRecipe, data)


def test_clip_recipe(data: DataConfig) -> ClipRecipe:
    """Test clips of videos.

    Raises:
        InputError: no height and width.
    """
    _require_size(data)
    return _recipe(ClipRecipe, data, crop=data.test_crop, flip=False, colour_jitter=0.0)


def multi_view(test: EvalConfig) -> MultiView:
    """Which clips and crops of a video are scored."""
    return MultiView(**_shared(MultiView, test))


def flow_recipe(data: DataConfig) -> FlowRecipe:
    """Training views of frames with their flow."""
    return _recipe(FlowRecipe, data)


def test_flow_recipe(config: Config) -> FlowRecipe:
    """Test views of frames with their flow: untouched, or at the training size, as `eval.flow_size` says."""
    data = config.data
    recipe = FlowRecipe(size=None, interpolation=data.interpolation, unknown=data.unknown)
    if config.eval.flow_size == "own":
        return recipe
    return dataclasses.replace(recipe, crop=data.test_crop, **_sizes(data))


# The names are for readers; without these lines pytest would take what a test imports for a test.
test_clip_recipe.__test__ = test_flow_recipe.__test__ = False


def _recipe(kind: type[Recipe], data: DataConfig, **changed: Any) -> Recipe:
    return kind(**{**_shared(kind, data), **_sizes(data), **changed})


def _shared(kind: type, section: DataConfig | EvalConfig) -> dict:
    """The fields that a section of the configuration has in common with a recipe."""
    names = {field.name for field in dataclasses.fields(section)}
    return {field.name: getattr(section, field.name) for field in dataclasses.fields(kind) if field.name in names}


def _sizes(data: DataConfig) -> dict[str, Any]:
    """The sizes of a view and of the frame that it is cut of; a recipe has None where flags have 0."""
    return {
        "size": (data.height, data.width) if data.height else None,
        "resize_short": data.resize_short or None,
        "resize_long": data.resize_long or None,
    }


def _require_size(data: DataConfig) -> None:
    if not data.height:
        raise InputError(
            f"Clips of the videos of --config.data.dataset={data.dataset} have one size: set --config.data.height "
            "and --config.data.width instead of 0, which is for image pairs."
        )
