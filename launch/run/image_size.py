"""A size of frames as users write it: `--size=HEIGHT,WIDTH`."""

from collections.abc import Sequence

from tvnet_keras.errors import InputError
from tvnet_keras.video.read import LARGEST_PIXELS


def parse_size(words: Sequence[str]) -> tuple[int, int] | None:
    """The size that `--size` names: `["240", "320"]` is (240, 320), an empty list is None.

    Raises:
        InputError: the words are not two whole numbers from 1 up, or the size has more pixels than images may have.
    """
    if not words:
        return None
    if len(words) != 2 or not all(word.strip().isdecimal() and int(word) for word in words):
        raise InputError(f"--size={','.join(words)} must be HEIGHT,WIDTH in pixels, such as --size=240,240.")
    height, width = map(int, words)
    if height * width > LARGEST_PIXELS:
        raise InputError(f"--size={','.join(words)} has more than {LARGEST_PIXELS} pixels; give a smaller one.")
    return height, width
