"""What `--help` says of `--config.*`: every field with its meaning, its allowed values and its default, by section."""

import textwrap
from typing import Any

from absl import flags

from launch.run.config import SECTIONS, Config
from tvnet_keras.options import Option, kind_of, options_of

PLACEHOLDERS = {int: "INTEGER", float: "NUMBER", str: "TEXT"}


def config_help(config: Config | None) -> str:
    """The text about all fields that `--config.*` can set.

    Args:
        config: whose method has the options and whose values are the defaults; None where no run is named.
    """
    without_method = config or Config(method="", experiment="", model=None)
    parts = ["Configuration (a mistyped field or value is refused with the nearest one):"]
    for name in SECTIONS:
        section = getattr(without_method, name)
        parts.append(_nothing(name) if section is None else _section(f"config.{name}.", section))
    return "\n\n".join([*parts, _section("config.", without_method, "The run as a whole.")])


def _nothing(name: str) -> str:
    return _wrapped(f"--config.{name}.*: the options of a run's method; name the run, too, and --help lists them.", 0)


def _section(prefix: str, section: Any, about: str = "") -> str:
    about = about or (type(section).__doc__ or "").strip().split("\n")[0].replace("`", "")
    entries = [_entry(prefix, section, name, option) for name, option in options_of(section).items()]
    return "\n".join([_wrapped(f"--{prefix}*: {about}", 0), *entries])


def _entry(prefix: str, section: Any, name: str, option: Option) -> str:
    kind, several = kind_of(section, name)
    flag = f"--[no]{prefix}{name}" if kind is bool else f"--{prefix}{name}={_placeholder(kind, several, option)}"
    limits = option.bounds
    words = ", ".join(str(word) for word in option.allowed if word != "")
    said = [option.meaning]
    if words:
        said.append(f"{'Any' if several else 'One'} of: {words}.")
    elif limits:
        said.append(f"{limits[0].upper()}{limits[1:]}.")
    said.append(f"Default: {_shown(getattr(section, name))}.")
    return "\n".join([_wrapped(flag, 2), _wrapped(" ".join(said), 6)])


def _placeholder(kind: type, several: bool, option: Option) -> str:
    word = "WORD" if kind is str and option.allowed else PLACEHOLDERS[kind]
    return f"{word},..." if several else word


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    text = ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    return text or "empty"


def _wrapped(text: str, indent: int) -> str:
    space = " " * indent
    width = flags.get_help_width()
    return textwrap.fill(text, width, initial_indent=space, subsequent_indent=space, break_on_hyphens=False)
