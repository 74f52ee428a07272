"""A file in a folder of options is an option; a wrong name is told the nearest."""

import importlib
import sys

import pytest

from tvnet_keras.choices import check_choice, load_module, module_names
from tvnet_keras.errors import InputError


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two options, a module that is nobody's business, and a sub-package of common parts."""
    folder = tmp_path / "some_options"
    (folder / "parts").mkdir(parents=True)
    for name in ("__init__", "second", "first", "_helper", "parts/__init__"):
        (folder / f"{name}.py").write_text(f"NAME = {name!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("some_options")
    for name in [name for name in sys.modules if name.split(".")[0] == "some_options"]:
        del sys.modules[name]


def test_every_public_module_of_a_folder_is_an_option(package, tmp_path):
    assert module_names(package) == ("first", "second")
    (tmp_path / "some_options/third.py").write_text("")
    assert module_names(package) == ("first", "second", "third")


def test_an_option_is_imported_by_its_name_and_a_wrong_one_is_told_the_nearest(package):
    assert load_module(package, "--option", "second").NAME == "second"
    for wrong in ("secnd", "SECOND", "_helper", "parts"):
        with pytest.raises(InputError, match=f"--option is '{wrong}', which is not one of first, second"):
            load_module(package, "--option", wrong)
    with pytest.raises(InputError, match=r"Did you mean 'second'\?$"):
        load_module(package, "--option", "Secnd")


def test_a_long_list_of_options_is_cut():
    with pytest.raises(InputError, match=r"is not one of 100, 101, .*, 119, \.\.\. \(900 in all\)\.$"):
        check_choice("number", "x", [str(number) for number in range(100, 1000)])
