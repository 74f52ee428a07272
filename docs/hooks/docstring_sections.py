"""Headings of our docstrings that the reader of docstrings does not know, in words that it does."""

import re

import griffe

HEADINGS = {"Example:": "Examples:", "Call arguments:": "Other Parameters: Call arguments:"}
"""Ours, and the section whose form theirs has, with the title that it keeps."""

_HEADING = re.compile(rf"^({'|'.join(HEADINGS)})$", re.MULTILINE)


class DocstringSections(griffe.Extension):
    """Turns the headings, before a docstring is read."""

    def on_object(self, *, obj: griffe.Object, **kwargs: object) -> None:
        """Sees every class, function and module once it is loaded."""
        if obj.docstring:
            obj.docstring.value = _HEADING.sub(lambda heading: HEADINGS[heading[1]], obj.docstring.value)
