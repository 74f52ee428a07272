"""docs/architecture.md is about the tree as it is: its names exist, its tables are today's."""

import importlib
import re

import pytest

from tests.architecture import COMMAND, PAGE, REPOSITORY, purpose, renewed, rooms

TEXT = PAGE.read_text(encoding="utf-8")
NAMES = sorted(set(re.findall(r"\b(?:tvnet_keras|models|launch|tests)(?:\.\w+)+", TEXT)))
BY_HAND = re.sub(r"<!-- (\w+): .*?<!-- end of \1 -->", "", TEXT, flags=re.DOTALL)
PATHS = sorted(set(re.findall(r"`([\w.]+/[\w./]*)`|\]\((?!http)([^)#]+)\)", BY_HAND)))


def exists(name):
    """Whether a dotted name is a module, or something in one."""
    parent, _, last = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return bool(parent) and exists(parent) and hasattr(importlib.import_module(parent), last)
    return True


def test_the_tables_are_those_of_the_tree():
    assert renewed(TEXT) == TEXT, f"the page is not of today's tree: {COMMAND}"


@pytest.mark.parametrize("name", NAMES)
def test_every_dotted_name_exists(name):
    assert exists(name)


@pytest.mark.parametrize("path", [marked or linked for marked, linked in PATHS])
def test_every_path_exists(path):
    assert (REPOSITORY / path).exists() or (PAGE.parent / path).exists()


def test_names_and_paths_are_found():
    assert "launch.train.train" in NAMES
    assert {("tests/test_rooms.py", ""), ("", "../CONTRIBUTING.md")} <= set(PATHS)


def test_a_name_that_is_gone_is_seen():
    assert not exists("launch.train.no_such_function") and not exists("launch.no_such_module.main")


@pytest.mark.parametrize("room", rooms())
def test_a_room_says_what_belongs_there(room):
    assert rooms()[room], f"{room}/__init__.py needs a first sentence that says what belongs there"


def test_a_purpose_is_one_sentence_on_one_line(tmp_path):
    module = tmp_path / "room.py"
    module.write_text('"""What lies\nhere: `a.b`. And more.\n\nDetails."""')
    assert purpose(module) == "What lies here: `a.b`."
    module.write_text("x = 1")
    assert purpose(module) == ""
