"""Choosing a name from a known set, such as the modules of a package; for a wrong name the nearest one is suggested."""

import difflib
import importlib
import pkgutil
from collections.abc import Sequence
from types import ModuleType

from tvnet_keras.errors import InputError

NAMED = 5
"""Number of names in a sentence about many."""

LISTED = 20
"""Largest number of allowed names that a sentence lists; data sets have hundreds of classes."""


def first_few(names: Sequence[str], separator: str = ", ") -> str:
    """The first few of many names, and how many more there are.

    Args:
        names: all names, in the order in which they are told.
        separator: what stands between two names.

    Returns:
        The first names, and "and 7 more" where there are more.
    """
    rest = len(names) - NAMED
    return separator.join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def check_choice(what: str, value: str, allowed: Sequence[str]) -> str:
    """Returns `value` if it is one of `allowed`.

    Args:
        what: what the value is, with which the sentence begins: the argument; in a launcher, the flag.
        value: the name received.
        allowed: the known names.

    Raises:
        InputError: the value is not allowed; the sentence names a similar one, if there is any.
    """
    if value in allowed:
        return value
    if not allowed:
        raise InputError(f"{what} is {value!r}, but there are none to choose from.")
    lower = {name.lower(): name for name in allowed}
    near = difflib.get_close_matches(str(value).lower(), lower, n=1, cutoff=0.5)
    hint = f" Did you mean {lower[near[0]]!r}?" if near else ""
    names = sorted(allowed)
    listed = ", ".join(names[:LISTED]) + (f", ... ({len(names)} in all)" if len(names) > LISTED else "")
    raise InputError(f"{what} is {value!r}, which is not one of {listed}.{hint}")


def module_names(package: ModuleType) -> tuple[str, ...]:
    """The names of the public modules of a package, in alphabetical order: adding a file adds a name."""
    found = pkgutil.iter_modules(package.__path__)
    return tuple(sorted(module.name for module in found if not module.ispkg and not module.name.startswith("_")))


def listed(package: ModuleType) -> str:
    """The public modules of a package in words, for the help of a flag that names one."""
    return ", ".join(module_names(package))


def load_module(package: ModuleType, what: str, name: str) -> ModuleType:
    """Imports a public module of a package.

    Args:
        package: the package.
        what: what the name is, as for `check_choice`.
        name: the name of the module.

    Raises:
        InputError: there is no such module; the sentence names a similar one, if there is any.
    """
    check_choice(what, name, module_names(package))
    return importlib.import_module(f"{package.__name__}.{name}")
