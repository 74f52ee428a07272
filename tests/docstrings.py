"""Sections of Google-style docstrings, so that tests compare them with what they describe."""

import inspect
import re


def sections(docstring: str) -> dict[str, str]:
    """The headed sections of a docstring: "Args" and what stands below it, indented, and so on."""
    parts = re.split(r"^(\w[\w ]*):\n(?=    )", inspect.cleandoc(docstring), flags=re.MULTILINE)
    return {heading: inspect.cleandoc(f"\n{text}") for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def described_arguments(section: str) -> list[str]:
    """The arguments that an `Args` section describes, in their order."""
    return re.findall(r"^(\*{0,2}\w+): \S", section, flags=re.MULTILINE)


def arguments_of(function) -> list[str]:
    """The arguments that a class or function takes, in their order, stars included."""
    return [
        str(parameter.replace(annotation=inspect.Parameter.empty, default=inspect.Parameter.empty))
        for parameter in inspect.signature(function).parameters.values()
    ]
