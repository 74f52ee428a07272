"""From a `DataConfig` to how frames and their flow are cut."""

from launch.run.config import Config, DataConfig
from tvnet_keras.flow.augment import FlowRecipe


def flow_recipe(data: DataConfig) -> FlowRecipe:
    """Training views of frames with their flow."""
    return FlowRecipe(
        size=_size(data),
        crop=data.crop,
        resize_short=data.resize_short or None,
        flip=data.flip,
        colour_jitter=data.colour_jitter,
        rotation=data.rotation,
        translation=data.translation,
        zoom=data.zoom,
        interpolation=data.interpolation,
        unknown=data.unknown,
    )


def test_recipe(config: Config) -> FlowRecipe:
    """Test views of frames with their flow: untouched, or at the training size, as `eval.flow_size` says."""
    data = config.data
    shared = {"interpolation": data.interpolation, "unknown": data.unknown}
    if config.eval.flow_size == "own":
        return FlowRecipe(size=None, **shared)
    return FlowRecipe(size=_size(data), crop=data.test_crop, resize_short=data.resize_short or None, **shared)


# The name is for readers; without this line pytest would take an imported `test_recipe` for a test.
test_recipe.__test__ = False


def _size(data: DataConfig) -> tuple[int, int] | None:
    return (data.height, data.width) if data.height else None
