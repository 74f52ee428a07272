"""The public names of the library and how they are called, as tests/api_surface.json keeps them.

python -m tests.api_surface   writes the file anew, where a change is meant

Arguments stand there by name, order and default, as callers write them. Their types do not: those are for the type
checker, and an annotation may become more exact without breaking a call.
"""

import importlib
import inspect
import json
from pathlib import Path

FILE = Path(__file__).with_name("api_surface.json")
COMMAND = "python -m tests.api_surface"
PACKAGES = ("tvnet_keras", "tvnet_keras.flow", "tvnet_keras.presets", "tvnet_keras.scoring", "tvnet_keras.video")
"""Those with `__all__`."""


def surface() -> dict[str, str]:
    """Every public name as it is now: a function's or class's arguments, and a class's own members."""
    found = {}
    for package in map(importlib.import_module, PACKAGES):
        for name in package.__all__:
            value = getattr(package, name)
            found[f"{package.__name__}.{name}"] = _described(value)
            if inspect.isclass(value):
                members = _members(value).items()
                found |= {f"{package.__name__}.{name}.{member}": described for member, described in members}
    return dict(sorted(found.items()))


def differences(kept: dict[str, str], found: dict[str, str]) -> list[str]:
    """One line for every public name that is gone, new or called otherwise.

    Args:
        kept: a `surface`, as the file has it.
        found: as it is now.
    """
    gone = [f"gone: {name}{kept[name]}" for name in kept if name not in found]
    new = [f"new: {name}{found[name]}" for name in found if name not in kept]
    both = [name for name in kept if found.get(name, kept[name]) != kept[name]]
    return [*gone, *new, *(f"changed: {name}{kept[name]} is now {name}{found[name]}" for name in both)]


def stored() -> dict[str, str]:
    """The surface that the file keeps."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def _members(public_class: type) -> dict[str, str]:
    """The public members that a class has from classes of this library, not from Keras or Python."""
    ours = [base for base in reversed(public_class.__mro__) if base.__module__.startswith("tvnet_keras")]
    names = {name for base in ours for name in vars(base) if not name.startswith("_")}
    return {name: _described(inspect.getattr_static(public_class, name)) for name in names}


def _described(value) -> str:
    """The arguments of what can be called; else only that it is a value."""
    if isinstance(value, classmethod | staticmethod):
        value = value.__func__
    if not callable(value):
        return ": value"
    if inspect.isclass(value) and issubclass(value, Exception) and not inspect.isfunction(value.__init__):
        return "(*args)"  # Python's own, whose signature cannot be read.
    signature = inspect.signature(value)
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


if __name__ == "__main__":
    FILE.write_text(json.dumps(surface(), indent=2) + "\n", encoding="utf-8")
