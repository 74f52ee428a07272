"""How generated pairs are drawn: kept as a JSON file, from which every pair can be rendered again."""

import dataclasses
import json
import os
from pathlib import Path

import numpy as np

from tvnet_keras.atomic import atomic_path
from tvnet_keras.entries import files_below
from tvnet_keras.errors import InputError
from tvnet_keras.flow.pairs.parts.pair import read_image
from tvnet_keras.video.read import count_frames, read_frames
from tvnet_keras.video.split_files import VIDEO_EXTENSIONS

RECIPE_FILE = "generated.json"

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".ppm", ".bmp", ".tif", ".tiff", ".webp")

MOST_PAIRS = 10_000_000

TEST_EVERY = 10
"""Pair numbers that this divides are for testing."""

LARGEST_SIDE = 8192


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What generated pairs are drawn from; pair k is a function of the recipe and k alone.

    Args:
        pairs: number of pairs.
        height: height of the frames, pixels.
        width: width of the frames, pixels.
        seed: seed of all draws, 0 or more.
        bound: the longest displacement of any visible pixel, pixels.
        objects: the largest number of objects before the background; each pair draws its own number.
        bend: the largest displacement by which a layer bends, pixels; 0 moves every layer affinely.
        noise: the largest standard deviation of the noise of a frame, grey levels.
        drift: the largest change of brightness from the first frame to the second, as a fraction.
        pictures: folder of pictures, or of videos whose middle frames are taken, that the layers are cut from; empty
            paints procedural textures.

    Raises:
        InputError: a number is out of its range.
    """

    pairs: int = 1000
    height: int = 256
    width: int = 320
    seed: int = 0
    bound: float = 20.0
    objects: int = 8
    bend: float = 1.0
    noise: float = 3.0
    drift: float = 0.05
    pictures: str = ""

    def __post_init__(self) -> None:
        ranges = {
            "pairs": (1, MOST_PAIRS),
            "height": (16, LARGEST_SIDE),
            "width": (16, LARGEST_SIDE),
            "seed": (0, 2**32 - 1),
            "objects": (0, 100),
            "bend": (0, 10),
            "noise": (0, 64),
            "drift": (0, 0.5),
            "bound": (0, LARGEST_SIDE / 4),
        }
        for name, (least, most) in ranges.items():
            value = getattr(self, name)
            # Written so that NaN is refused too.
            if not least <= value <= most:
                raise InputError(f"{name} of generated pairs must lie in {least}..{most}. Received: {name}={value}.")


def subset_of(number: int) -> str:
    """The subset that a pair belongs to: "test" for one in ten, otherwise "train".

    Args:
        number: the pair's, from 0.
    """
    return "train" if number % TEST_EVERY else "test"


def write_recipe(root: str | os.PathLike[str], recipe: Recipe) -> Path:
    """Writes a recipe, whole or not at all; `flow.pairs` then knows the folder as the data set `generated`.

    Args:
        root: the folder; it is made.
        recipe: the recipe.

    Returns:
        The file.

    Raises:
        InputError: the folder cannot be written, or holds another recipe.
    """
    path = Path(root) / RECIPE_FILE
    if path.exists() and read_recipe(root) != recipe:
        raise InputError(f"{path} is the recipe of other pairs; delete it or choose another folder.")
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(dataclasses.asdict(recipe), indent=2) + "\n", encoding="utf-8")
    return path


def read_recipe(root: str | os.PathLike[str]) -> Recipe:
    """Reads the recipe of a folder.

    Raises:
        InputError: there is none, or it is damaged.
    """
    path = Path(root) / RECIPE_FILE
    if not path.is_file():
        raise InputError(f"{path} does not exist, so {root} holds no generated pairs; write their recipe first.")
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        kinds = {field.name: type(field.default) for field in dataclasses.fields(Recipe)}
        if set(stored) != set(kinds):
            raise ValueError(f"its fields are not {', '.join(kinds)}")
        wrong = [
            name for name, kind in kinds.items() if type(stored[name]) not in (kind, *([int] if kind is float else []))
        ]
        if wrong:
            raise ValueError(f"{wrong[0]} is a {type(stored[wrong[0]]).__name__}")
        return Recipe(**stored)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is not a recipe of generated pairs ({error}); write it again.") from error


def pictures_of(recipe: Recipe) -> tuple[Path, ...]:
    """The pictures and videos that the layers are cut from, in the order of their paths; none for procedural textures.

    Raises:
        InputError: the folder has neither.
    """
    if not recipe.pictures:
        return ()
    endings = {*PICTURE_ENDINGS, *VIDEO_EXTENSIONS}
    found = tuple(path for path in files_below(Path(recipe.pictures)) if path.suffix.lower() in endings)
    if not found:
        raise InputError(
            f"pictures={recipe.pictures} is no folder with pictures ({', '.join(PICTURE_ENDINGS)}) or videos."
        )
    return found


def read_texture_source(path: Path) -> np.ndarray:
    """A picture, or the middle frame of a video, uint8 `[H, W, 3]`, RGB.

    Raises:
        InputError: the file cannot be read.
    """
    if path.suffix.lower() in VIDEO_EXTENSIONS:
        return read_frames(path, (count_frames(path) // 2,))[0]
    return read_image(path)
