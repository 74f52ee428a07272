"""Generated pairs, rendered from the recipe in their folder as they are read; one in ten is for testing."""

import os
from functools import lru_cache, partial

import numpy as np

from tvnet_keras.flow.generated.recipe import Recipe, read_recipe, subset_of
from tvnet_keras.flow.generated.render import render_pair
from tvnet_keras.flow.io import UNKNOWN
from tvnet_keras.flow.pairs.parts.pair import Pair


def load(root: str | os.PathLike[str]) -> tuple[Pair, ...]:
    """Lists the pairs of a recipe.

    Args:
        root: the folder of `generated.json`, see `flow.generated.recipe`.

    Raises:
        InputError: there is no recipe, or it is damaged.
    """
    recipe = read_recipe(root)
    return tuple(
        Pair(f"{number:07d}", partial(_frames, recipe, number), partial(_truth, recipe, number))
        for number in range(recipe.pairs)
    )


def divide(root: str | os.PathLike[str], pairs: tuple[Pair, ...], subset: str) -> tuple[Pair, ...]:
    """The pairs of a subset: every tenth is for testing.

    Args:
        root: as for `load`.
        pairs: all pairs.
        subset: "train" or "test".
    """
    return tuple(pair for pair in pairs if subset_of(int(pair.name)) == subset)


# A reader asks for the frames and then for the truth of the same pair, from several threads.
_rendered = lru_cache(maxsize=32)(render_pair)


def _frames(recipe: Recipe, number: int) -> np.ndarray:
    return _rendered(recipe, number).frames


def _truth(recipe: Recipe, number: int) -> np.ndarray:
    pair = _rendered(recipe, number)
    return np.where(pair.known[..., None], pair.flow, np.float32(UNKNOWN))
