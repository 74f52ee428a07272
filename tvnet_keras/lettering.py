"""Text in pictures: in a font that has its letters, and with escapes for letters that no font has."""

import contextlib
from collections.abc import Iterable
from functools import cache, lru_cache

from matplotlib import font_manager

PLACEHOLDERS = "Last Resort"
"""How the names of fonts begin that show a box for every letter."""


def font_file(texts: Iterable[str]) -> str:
    """The file of a font that has all letters of some texts: Matplotlib's own, else one that is installed.

    Args:
        texts: all texts that are to be written.

    Returns:
        The path of the file; that of Matplotlib's own font, where no font has all letters.
    """
    return _font_file(frozenset("".join(texts)))


def written(text: str, font: str) -> str:
    """A text in which letters that a font lacks, and those that no font can show, are written like `\\u8d70`.

    Args:
        text: a text, such as the name of a class.
        font: the font's file.

    Example:
        >>> written("run 走る", font_file(["run"]))
        'run \\\\u8d70\\\\u308b'
    """
    letters = _letters(font)
    return "".join(letter if letter in letters and letter.isprintable() else ascii(letter)[1:-1] for letter in text)


@lru_cache(maxsize=32)
def _font_file(letters: frozenset[str]) -> str:
    own = font_manager.findfont(font_manager.FontProperties(family="DejaVu Sans"))
    if letters <= _letters(own):
        return own
    installed = (font.fname for font in font_manager.fontManager.ttflist if not font.name.startswith(PLACEHOLDERS))
    return next((file for file in installed if letters <= _letters(file)), own)


@cache
def _letters(file: str) -> frozenset[str]:
    # A damaged font has none.
    with contextlib.suppress(OSError, RuntimeError):
        return frozenset(map(chr, font_manager.get_font(file).get_charmap()))
    return frozenset()
