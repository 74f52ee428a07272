"""A pair of frames, with its exact flow where that is known."""

import os
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image, ImageFile, ImageOps, TiffImagePlugin

from tvnet_keras.errors import InputError
from tvnet_keras.video.read import LARGEST_PIXELS

# What Pillow warns of, on two lines, is more than is read here.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

EIGHT_BIT_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr")
"""Modes of Pillow that become RGB without loss of range."""


@dataclass(frozen=True)
class Pair:
    """Two frames and their flow, read when they are asked for.

    Attributes:
        name: the name of the pair within its set; parts are separated by "/".
        frames: a function that reads the frames, uint8 `[2, H, W, 3]`, RGB; it raises InputError where that fails.
        truth: a function that reads the exact flow from the first frame to the second, float32 `[H, W, 2]`, in pixels,
            with unknown vectors beyond 1e9 (`known_vectors`); None where the flow is not known.
    """

    name: str
    frames: Callable[[], np.ndarray]
    truth: Callable[[], np.ndarray] | None = None


def image_pair(
    name: str,
    first: str | os.PathLike[str],
    second: str | os.PathLike[str],
    truth: Callable[[], np.ndarray] | None = None,
) -> Pair:
    """A pair of image files, which are read when they are asked for."""
    return Pair(name, partial(read_image_pair, first, second), truth)


def read_image_pair(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> np.ndarray:
    """Reads two images of one size.

    Returns:
        uint8 `[2, H, W, 3]`, RGB 0..255.

    Raises:
        InputError: a file is missing, no image, damaged, deeper than 8 bits, or of another size than the other.
    """
    images = read_image(first), read_image(second)
    if images[0].shape != images[1].shape:
        sizes = [f"{image.shape[1]} x {image.shape[0]}" for image in images]
        raise InputError(f"{first} has {sizes[0]} pixels and {second} {sizes[1]}; give two images of one size.")
    return np.stack(images)


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """Reads an image file as uint8 `[H, W, 3]`, RGB 0..255, turned upright by its EXIF orientation.

    Raises:
        InputError: the file is missing, no image, damaged, deeper than 8 bits, or of more than `LARGEST_PIXELS`.
    """
    try:
        with Image.open(path) as image:
            if image.width * image.height > LARGEST_PIXELS:
                size = f"{image.width} x {image.height}"
                raise InputError(f"{path} has {size} pixels, more than {LARGEST_PIXELS}; give a smaller picture.")
            if image.mode not in EIGHT_BIT_MODES or _sample_bits(image) > 8:
                kind = f"mode {image.mode}, {_sample_bits(image)} bits a sample"
                raise InputError(f"{path} is not an 8-bit image ({kind}); convert it to 8 bits.")
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except InputError:
        raise
    except OSError as error:
        reason = error.strerror or "no image, or cut short"
        raise InputError(f"Cannot read the image {path} ({reason}); check the path or get it again.") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"{path} has more than {LARGEST_PIXELS} pixels; give a smaller picture.") from error
    # What Pillow raises on damaged files depends on the format: it may be anything.
    except Exception as error:
        raise InputError(f"The image {path} is damaged ({' '.join(str(error).split())}); get it again.") from error


def _sample_bits(image: Image.Image) -> int:
    """Bits of a sample in the file: Pillow's modes do not tell, since it cuts deeper colours to 8 without a word."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return max(image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,)))
    # A file's picture; one that is made has no tile.
    tile = image.tile if isinstance(image, ImageFile.ImageFile) else []
    for codec, _, _, arguments in tile[:1]:
        if codec in ("ppm", "ppm_plain"):
            # The mode, and the largest value.
            return cast(tuple[str, int], arguments)[1].bit_length()
        # A word such as RGB;16B; BGR;16 without a byte order is a pixel of 16 bits.
        if depth := re.search(r";(16|32)[A-Z]", str(arguments)):
            return int(depth[1])
    return 8


def require(root: str | os.PathLike[str], layout: str, pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """The pairs, sorted by name, if there are any.

    Raises:
        InputError: there is no pair; the sentence says which layout was looked for.
    """
    if not pairs:
        raise InputError(f"{root} holds no pairs laid out as {layout}; check the path.")
    return tuple(sorted(pairs, key=lambda pair: pair.name))


def existing(path: Path) -> Path:
    """The path of a file, if it is there.

    Raises:
        InputError: the file is missing.
    """
    if not path.is_file():
        raise InputError(f"{path} is missing; complete the data set.")
    return path
