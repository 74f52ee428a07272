"""Finds what a folder of the library defines, so that a new file is tested without being named."""

import importlib
import inspect
import pkgutil
from types import ModuleType


def classes_of(package: ModuleType, base: type) -> list[type]:
    """The classes derived from `base` that the modules of `package` define themselves."""
    modules = [
        importlib.import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)
    ]
    return [
        value
        for module in modules
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, base) and value.__module__ == module.__name__
    ]
