"""What a type checker is told: every public function its types, and the truth about tensors and `keras.ops`."""

import ast
import inspect
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras import typing as house_types

REPOSITORY = Path(__file__).resolve().parents[1]
FILES = sorted(path for package in ("tvnet_keras", "models", "launch") for path in (REPOSITORY / package).rglob("*.py"))
STUB = REPOSITORY / "tests" / "typings" / "keras-stubs" / "ops" / "__init__.pyi"

BY_NUMBA = {"jit", "row_jit", "kernel"}
"""Decorators of functions that take the types which numba finds, or which the decorator is given."""

OPERATIONS = {node.name: node for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.FunctionDef)}

TENSOR = ast.parse(inspect.getsource(house_types.Tensor)).body[0]


def public_functions(node, method=False):
    """The public functions of a module and of its public classes, each with whether it is a method."""
    for inner in node.body:
        if isinstance(inner, ast.ClassDef) and not inner.name.startswith("_"):
            yield from public_functions(inner, method=True)
        if isinstance(inner, ast.FunctionDef) and (not inner.name.startswith("_") or inner.name == "__init__"):
            yield inner, method


def names_of(nodes):
    """The names in expressions such as `jit` and `kernel((RANGE, RANGE))`."""
    return {name.id for node in nodes for name in ast.walk(node) if isinstance(name, ast.Name)}


def untyped(function, method):
    """The parameters of a function that have no type, and "return" where its result has none."""
    parameters = [*function.args.posonlyargs, *function.args.args]
    if method and "staticmethod" not in names_of(function.decorator_list):
        parameters = parameters[1:]
    parameters += [*function.args.kwonlyargs, *filter(None, (function.args.vararg, function.args.kwarg))]
    found = [parameter.arg for parameter in parameters if parameter.annotation is None]
    return found + (["return"] if function.returns is None else [])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_public_functions_say_their_types(path):
    functions = public_functions(ast.parse(path.read_text(encoding="utf-8")))
    wanting = {
        function.name: untyped(function, method)
        for function, method in functions
        if not names_of(function.decorator_list) & BY_NUMBA
    }
    assert not {name: parameters for name, parameters in wanting.items() if parameters}


def test_the_check_sees_what_is_untyped():
    module = ast.parse("class A:\n  def f(self, a, *b: int, c=1, **d): ...\ndef g(a: int) -> int: ...")
    assert [untyped(*found) for found in public_functions(module)] == [["a", "c", "d", "return"], []]


@pytest.mark.parametrize("kind", [tf.Tensor, tf.Variable, keras.Variable, keras.KerasTensor, np.ndarray])
def test_every_kind_of_array_is_a_tensor(kind):
    members = {node.name for node in TENSOR.body if isinstance(node, ast.FunctionDef)}
    assert {"shape", "dtype", "__getitem__", "__add__", "__lt__"} <= members
    assert not {name for name in members if not hasattr(kind, name)}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_operations_have_the_parameters_of_keras(name):
    arguments = OPERATIONS[name].args
    ours = [parameter.arg for parameter in arguments.args]
    defaults = [ast.literal_eval(default) for default in arguments.defaults]
    theirs = inspect.signature(getattr(keras.ops, name)).parameters.values()
    assert ours == [parameter.name for parameter in theirs]
    assert defaults == [parameter.default for parameter in theirs if parameter.default is not parameter.empty]
