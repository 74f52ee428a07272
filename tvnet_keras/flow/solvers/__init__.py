"""Flow solvers by name, one family per file; adding a file adds a family.

A module has

`FORMS`
    How the names of the family are written; every capital letter stands for a number.
`make(numbers, *, ...) -> Solver`
    The solver of a name: `tvl1-5-5-50` gives the numbers `(5, 5, 50)`. The keyword-only arguments are the options of
    the family.

It may also have

`PRESETS`
    Names of the family that stand for numbers, with these: `{"dis-fast": (1,)}`. They are among `FORMS` too.

A folder that holds a SavedModel with a `flow` signature is a solver too; its name is its path. So is a preset of TVNet
by its own name, such as tvnet-5-5-50-generated. Beside the families lies `parts`, what they are made from.
"""

import inspect
import os
import re
import sys
from types import ModuleType
from typing import Any, cast

import cv2
import numpy as np

from tvnet_keras import presets
from tvnet_keras.choices import check_choice, load_module, module_names
from tvnet_keras.errors import InputError
from tvnet_keras.flow.solvers.parts import saved_model
from tvnet_keras.flow.solvers.parts.solver import Solver

__all__ = ["Solver", "forms", "make_solver", "numbers_of", "options_of"]

_NAME = re.compile(r"(?P<family>.*?)(?P<numbers>(?:-\d+)*)", re.DOTALL)


def forms() -> tuple[str, ...]:
    """How the names of the solvers are written.

    Example:
        >>> {"dis", "dis-fast", "tvl1-S-W-I", "tvnet-S-W-I"} <= set(forms())
        True
    """
    here = sys.modules[__name__]
    modules = (load_module(here, "The solver", name) for name in module_names(here))
    return tuple(form for module in modules for form in module.FORMS)


def options_of(name: str) -> tuple[str, ...]:
    """The options that `make_solver` takes for this name.

    Raises:
        InputError: the name is unknown.

    Example:
        >>> options_of("tvnet-1-1-50")
        ('variant', 'weights')
    """
    if saved_model.is_export(name) or name in presets.names():
        return ()
    parameters = inspect.signature(_family(name).make).parameters.values()
    return tuple(parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)


def numbers_of(name: str) -> tuple[int, ...]:
    """The numbers in the name of a solver, or those that its preset stands for; none in that of an exported model.

    Raises:
        InputError: the name is unknown, or has other numbers than its family asks for.

    Example:
        >>> numbers_of("tvnet-1-1-50")
        (1, 1, 50)
    """
    if name in presets.names():
        name = presets.load(name).solver
    return () if saved_model.is_export(name) else _numbers(name, _family(name))


def make_solver(name: str, **options: Any) -> Solver:
    """Makes a solver of the flow between two frames.

    Args:
        name: a family with its numbers or preset, such as "tvnet-1-1-50", "dis" or "dis-fast", a preset of TVNet, or
            the folder of an exported SavedModel.
        **options: options of that family (`options_of`).

    Returns:
        A function of uint8 `[2, H, W, 3]` (RGB) that returns float32 `[H, W, 2]`: u (+ right) and v (+ down) in pixels,
        `first(x) ~ second(x + flow)`. It raises InputError for other input and for frames the method cannot treat.

    Raises:
        InputError: the name or an option is unknown, an optional package is missing, or weights do not fit.

    Example:
        >>> solve = make_solver("dis")
        >>> solve(np.zeros((2, 32, 48, 3), "uint8")).shape
        (32, 48, 2)
    """
    unknown = sorted(set(options) - set(options_of(name)))
    if unknown:
        raise InputError(f"The solver {name!r} has no option {unknown[0]!r}; leave it out.")
    if name in presets.names():
        name, options = presets.load(name).solver, {"weights": name}
    if saved_model.is_export(name):
        return _checked(name, saved_model.make(name))
    module = _family(name)
    return _checked(name, module.make(_numbers(name, module), **options))


def _family(name: str) -> ModuleType:
    modules = _modules()
    family = _parts(name)["family"]
    # An output folder may bear a solver's name, so the name comes first.
    if family not in modules and (os.sep in name or os.path.isdir(name)):
        raise InputError(f"The solver {name!r} is no folder of a SavedModel: {saved_model.FILE} is missing there.")
    return modules[check_choice("The solver", family, (*modules, *presets.names()))]


def _modules() -> dict[str, ModuleType]:
    """The module of every family, and of every preset."""
    here = sys.modules[__name__]
    families = {name.replace("_", "-"): load_module(here, "The solver", name) for name in module_names(here)}
    return families | {preset: module for module in families.values() for preset in _presets(module)}


def _presets(module: ModuleType) -> dict[str, tuple[int, ...]]:
    return vars(module).get("PRESETS", {})


def _parts(name: str) -> re.Match[str]:
    # Any text is a family, with numbers or without.
    return cast("re.Match[str]", _NAME.fullmatch(name))


def _numbers(name: str, module: ModuleType) -> tuple[int, ...]:
    presets = _presets(module)
    if name in presets:
        return presets[name]
    numbers = tuple(int(number) for number in _parts(name)["numbers"].split("-")[1:])
    counts = {len(re.findall(r"-[A-Z]\b", form)) for form in module.FORMS}
    if len(numbers) not in counts or 0 in numbers:
        remedy = " with whole numbers from 1 up" if any(counts) else ""
        raise InputError(f"The solver is {name!r}; write {' or '.join(module.FORMS)}{remedy}.")
    return numbers


def _checked(name: str, solve: Solver) -> Solver:
    def checked(frames: np.ndarray) -> np.ndarray:
        frames = np.asarray(frames)
        if frames.ndim != 4 or frames.shape[0] != 2 or frames.shape[-1] != 3 or frames.dtype != np.uint8:
            raise InputError(f"A solver takes uint8 [2, H, W, 3]. Received: {frames.dtype} {list(frames.shape)}.")
        try:
            flow = np.asarray(solve(frames), np.float32)
        except cv2.error as error:
            height, width = frames.shape[1:3]
            raise InputError(
                f"The solver {name!r} cannot treat frames of {width} x {height} pixels ({error.err}); give larger ones."
            ) from error
        if not np.isfinite(flow).all():
            raise InputError(f"The solver {name!r} gave flow that is not finite; check its weights.")
        return flow

    return checked
