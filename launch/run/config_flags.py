"""Typed `--config.*` overrides on a configuration that other flags choose."""

import dataclasses
import difflib
import sys
import typing
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from absl import app, flags
from ml_collections import config_flags
from ml_collections.config_flags.config_flags import UnsupportedOperationError

from launch.run.app import EXIT_BAD_INPUT, expand_home, parse_flags, refuse_words_after_switches, report_error
from launch.run.config import Config, check
from launch.run.config_help import config_help
from tvnet_keras.errors import InputError

HELP_FLAGS = ("--help", "-help", "--helpfull", "-helpfull", "--helpshort", "-helpshort", "-h", "-?", "--?")
CHOSEN_BY_FLAGS = ("method", "experiment")
"""Fields that flags of their own set: other fields follow from them."""


def parser(make_config: Callable[[], Config]) -> Callable[[Sequence[str]], Sequence[str]]:
    """A parser for `launch.run.app.run` that defines `--config.*` after the other flags have been read.

    Args:
        make_config: returns the configuration to override; it may read any other flag.
    """

    def parse(argv: Sequence[str]) -> Sequence[str]:
        argv = expand_home(argv)
        if _asks_for_help(argv):
            _show_help(make_config, argv)
        try:
            refuse_words_after_switches(argv)
            _parse_known(argv)
            config = make_config()
            argv = _with_quoted_words(config, argv)
            _define(config, argv)
        except InputError as error:
            report_error(error)
            sys.exit(EXIT_BAD_INPUT)
        return parse_flags(argv)

    return parse


def parsed_config() -> Config:
    """The configuration with its overrides, checked.

    Raises:
        InputError: a value that its field cannot hold.
    """
    return check(flags.FLAGS.config)


def _parse_known(argv: Sequence[str]) -> None:
    other = [arg for arg in argv[1:] if not arg.lstrip("-").removeprefix("no").startswith("config.")]
    flag_values = flags.FLAGS
    other = [arg for arg in other if arg not in HELP_FLAGS]
    try:
        flag_values([argv[0], *other])
    except flags.Error as error:
        raise InputError(str(error)) from None


def _asks_for_help(argv: Sequence[str]) -> bool:
    return any(arg in HELP_FLAGS for arg in argv[1:])


def _show_help(make_config: Callable[[], Config], argv: Sequence[str]) -> NoReturn:
    """Prints the flags as absl does, then the fields of the configuration that they choose; exits as absl does."""
    try:
        _parse_known(argv)
        config = make_config()
    except InputError:
        # Help must not need the flags that it explains.
        config = None
    app.usage(shorthelp=not any("helpfull" in arg for arg in argv), writeto_stdout=True)
    print(config_help(config))
    print("\nTry --helpfull to get a list of all flags.")
    sys.exit(1)


def _define(config: Config, argv: Sequence[str]) -> None:
    _refuse_unknown_fields(config, argv)
    if "config" in flags.FLAGS:
        delattr(flags.FLAGS, "config")
    try:
        config_flags.DEFINE_config_dataclass("config", config, sys_argv=list(argv))
    except (KeyError, ValueError, TypeError, UnsupportedOperationError) as error:
        raise InputError(f"A --config flag cannot be applied: {error}") from None


def _with_quoted_words(config: Config, argv: Sequence[str]) -> list[str]:
    """argv with fields of several words as a Python tuple: the flag library reads `tai chi,1st` as Python otherwise."""
    fields = {
        f"config.{section.name}.{name}"
        for section in dataclasses.fields(config)
        if dataclasses.is_dataclass(getattr(config, section.name))
        for name, kind in typing.get_type_hints(type(getattr(config, section.name))).items()
        if kind == tuple[str, ...]
    }

    def quoted(arg: str) -> str:
        flag, _, value = arg.partition("=")
        if flag.lstrip("-") not in fields or not value or value[0] in "([\"'":
            return arg
        return f"{flag}={tuple(word.strip() for word in value.split(',') if word.strip())!r}"

    return [*map(quoted, argv)]


def _refuse_unknown_fields(config: Config, argv: Sequence[str]) -> None:
    known = field_paths(config)
    for arg in argv[1:]:
        name = arg.lstrip("-").split("=")[0].removeprefix("no")
        if not arg.startswith("-") or not name.startswith("config."):
            continue
        path = name.removeprefix("config.")
        if path not in known:
            if path in CHOSEN_BY_FLAGS:
                raise InputError(f"--config.{path} cannot be set: give --{path} when training.")
            near = difflib.get_close_matches(path, known, n=1, cutoff=0.4)
            raise InputError(f"There is no --config.{path}." + (f" Did you mean --config.{near[0]}?" if near else ""))


def field_paths(config: Any, prefix: str = "") -> list[str]:
    """Every field that a `--config` flag can set, such as `train.steps`."""
    paths = []
    for field in dataclasses.fields(config):
        if not prefix and field.name in CHOSEN_BY_FLAGS:
            continue
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            paths += field_paths(value, f"{prefix}{field.name}.")
        else:
            paths.append(prefix + field.name)
    return paths
