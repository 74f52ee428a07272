"""Batches of a list of videos with all settings in one dictionary, so that a test names only what it is about."""

import dataclasses

from tvnet_keras.video import ClipRecipe, FrameSource, MultiView, eval_dataset, train_dataset


def train_batches(videos, *, counts=None, cache=None, flow=None, **settings):
    """`train_dataset`, by default of corner crops, half of them mirrored."""
    recipe = ClipRecipe(**{"crop": "corner", "flip": True, **taken(ClipRecipe, settings)})
    return train_dataset(FrameSource(videos, counts, cache, flow), recipe, **settings)


def eval_batches(videos, *, counts=None, cache=None, flow=None, **settings):
    """`eval_dataset`, by default of central crops."""
    recipe = ClipRecipe(**{"crop": "center", **taken(ClipRecipe, settings)})
    chosen = MultiView(**taken(MultiView, settings))
    return eval_dataset(FrameSource(videos, counts, cache, flow), recipe, chosen, **settings)


def taken(kind, settings):
    """Takes the fields of a dataclass out of the settings."""
    return {field.name: settings.pop(field.name) for field in dataclasses.fields(kind) if field.name in settings}
