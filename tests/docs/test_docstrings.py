"""Every example in a docstring runs and prints what it says; what the library offers has one."""

import doctest
import importlib
import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

import tvnet_keras
from tests.discovery import classes_of
from tests.docs import texts
from tvnet_keras import layers, losses, optimizers, scoring
from tvnet_keras.choices import module_names

PROMPT = ">>> "
GIVEN = {"np": np, "keras": keras, "tf": tf}
"""What an example may use without importing it, beside what its module defines or imports."""

OWE_EXAMPLES = tuple(f"tvnet_keras.flow.{name}" for name in ("io", "colour", "picture", "measure", "solvers"))
"""Modules whose public functions and classes have an example each, as those of `tvnet_keras.scoring` have."""


def module_name(path):
    return ".".join(path.relative_to(texts.REPOSITORY).with_suffix("").parts).removesuffix(".__init__")


def prompts(path):
    return sum(text.count(PROMPT) for text in texts.docstrings(path))


WITH_EXAMPLES = [path for path in texts.modules() if prompts(path)]


def examples_of(module):
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = finder.find(module, extraglobs=GIVEN)
    return [example for example in found if example.examples]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=texts.name_of)
def test_examples_print_what_they_say(path, tmp_path, monkeypatch):
    module = importlib.import_module(module_name(path))
    # A file that an example writes lands where nobody keeps it.
    monkeypatch.chdir(tmp_path)
    examples = examples_of(module)
    assert sum(len(example.examples) for example in examples) == prompts(path), "doctest does not see every example"
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF)
    said = []
    for example in examples:
        runner.run(example, out=said.append)
    assert not runner.failures, "".join(said)


def public(module):
    """The functions and classes that a module defines for others."""
    values = (value for name, value in vars(module).items() if not name.startswith("_"))
    values = (value for value in values if inspect.isfunction(value) or inspect.isclass(value))
    return [value for value in values if value.__module__ == module.__name__]


def owing_examples():
    """What the library offers: what it exports, layers, losses, optimizers, flow in files and pictures, scoring."""
    found = [getattr(tvnet_keras, name) for name in tvnet_keras.__all__]
    bases = {layers: keras.layers.Layer, losses: keras.losses.Loss, optimizers: keras.optimizers.Optimizer}
    found += [value for package, base in bases.items() for value in classes_of(package, base)]
    modules = [*OWE_EXAMPLES, *(f"tvnet_keras.scoring.{name}" for name in module_names(scoring))]
    found += [value for module in modules for value in public(importlib.import_module(module))]
    offered = {
        value for value in found if callable(value) and not (inspect.isclass(value) and issubclass(value, Exception))
    }
    return sorted(offered, key=lambda value: (value.__module__, value.__name__))


@pytest.mark.parametrize("value", owing_examples(), ids=lambda value: value.__name__)
def test_what_the_library_offers_has_an_example(value):
    examples = examples_of(importlib.import_module(value.__module__))
    shown = "".join(part.source + part.want for example in examples for part in example.examples)
    assert f"{value.__name__}(" in shown
