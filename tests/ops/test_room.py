"""The rooms of `tvnet_keras/ops` are as their docstrings say, and the native wing has one face."""

import ast
import pkgutil
import re

import pytest

import tvnet_keras.ops
import tvnet_keras.ops.native
import tvnet_keras.ops.representation
import tvnet_keras.ops.tvl1
from tests.test_imports import REPOSITORY, every_file, imported_modules
from tvnet_keras.ops import native, resize

WINGS = (tvnet_keras.ops, tvnet_keras.ops.tvl1, tvnet_keras.ops.representation, tvnet_keras.ops.native)
FACE = "tvnet_keras.ops.native"
RESIZE = re.compile(r"^\| `(?P<function>[\w.]+)` \| (?P<grid>align-corners|half-pixel) \| (?P<filter>[^|]+) \|", re.M)


@pytest.mark.parametrize("wing", WINGS, ids=lambda wing: wing.__name__)
def test_the_map_of_a_wing_names_its_modules_and_no_others(wing):
    modules = {module.name for module in pkgutil.iter_modules(wing.__path__)}
    named = set(re.findall(r"`(\w+)`", wing.__doc__))
    assert modules <= named, "a module that the docstring of its wing does not name"
    listed = {name for row in re.findall(r"^\* (.*?):", wing.__doc__, re.M) for name in re.findall(r"`(\w+)`", row)}
    assert listed <= modules | set(getattr(wing, "__all__", ())), "a name of no module"


@every_file
def test_other_rooms_know_only_the_face_of_the_native_wing(path):
    if path.is_relative_to(REPOSITORY / "tvnet_keras/ops/native"):
        return
    behind = [module for module in imported_modules(path) if module.startswith(f"{FACE}.")]
    assert not behind, f"import from {FACE}, not from {behind}"


def test_the_choice_between_native_and_portable_is_made_in_one_place():
    askers = [
        path.relative_to(REPOSITORY).as_posix()
        for path in sorted((REPOSITORY / "tvnet_keras").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == native.native_operations.__name__
    ]
    assert askers == ["tvnet_keras/ops/tvl1/solver.py"]


def resizes():
    """The functions of the library whose names begin with "resize", as `ops.resize.resize_flow`."""
    root = REPOSITORY / "tvnet_keras"
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("resize"):
                yield ".".join((*path.relative_to(root).with_suffix("").parts, node.name))


def test_the_table_of_resizes_lists_all_of_them():
    assert sorted(resizes()) == sorted(row["function"] for row in RESIZE.finditer(resize.__doc__))


def test_a_resize_names_its_grid():
    for row in RESIZE.finditer(resize.__doc__):
        name = row["function"].split(".")[-1]
        # The flow of a pyramid has one grid; a short side says how large, not how.
        if name not in ("resize_flow", "resize_flow_by", "resize_flow_by_zoom", "resize_short_side"):
            assert row["grid"].replace("-", "_") in name, name
