"""Packages that a format needs and that are not installed with this project."""

import importlib.util
from collections.abc import Sequence

from tvnet_keras.errors import InputError


def require_packages(name: str, packages: Sequence[str]) -> None:
    """Refuses a format whose packages are not installed.

    Args:
        name: of the format.
        packages: those that it needs; their import names are their names.

    Raises:
        InputError: one or more are missing.
    """
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise InputError(f"--format={name} needs {' and '.join(missing)}: pip install {' '.join(packages)}.")
