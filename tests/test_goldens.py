"""What is compared with official code and lists lies in the repository: no clone skips it for want of real data."""

import ast
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import conftest
from tests.conftest import REPOSITORY

TESTS = REPOSITORY / "tests"
FIXTURES = sorted(TESTS.rglob("conftest.py"))
REAL_DATA = "shared_data"
"""The fixture that skips a test where the real data is absent."""


def functions_of(path: Path) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def fixtures_of(name: str, functions: dict[str, ast.FunctionDef]) -> set[str]:
    """The names of all fixtures that a function of a test file takes, directly and through other fixtures."""
    found, left = set(), [name]
    while left:
        function = functions.get(left.pop())
        taken = {argument.arg for argument in function.args.args} if function else set()
        left += taken - found
        found |= taken
    return found


def official_tests_that_skip(path: Path, shared: dict[str, ast.FunctionDef]) -> list[str]:
    """The tests of a file that speak of something official, in name, docstring or parameter, and need the real data."""
    module, functions = ast.get_docstring(ast.parse(path.read_text())) or "", functions_of(path)
    skipping = []
    for name, function in functions.items():
        decorators = " ".join(map(ast.unparse, function.decorator_list))
        said = " ".join((name, module, ast.get_docstring(function) or "", decorators)).casefold()
        if name.startswith("test_") and "official" in said and REAL_DATA in fixtures_of(name, {**shared, **functions}):
            skipping.append(name)
    return skipping


def test_nothing_official_needs_files_from_outside_the_repository():
    shared = {name: function for path in FIXTURES for name, function in functions_of(path).items()}
    skipping = {str(path): official_tests_that_skip(path, shared) for path in TESTS.rglob("test_*.py")}
    assert len(skipping) > 100 and not [name for names in skipping.values() for name in names]


@pytest.mark.parametrize(
    "text",
    [
        "def test_official(shared_data): ...",
        "def test_it(shared_data):\n    'As the official code.'",
        "'Against the official outputs.'\n\ndef test_it(shared_data): ...",
        "@mark.parametrize('variant', ['official'])\ndef test_it(variant, shared_data): ...",
        "@fixture\ndef pair(shared_data): ...\n\n@fixture\ndef flow(pair): ...\n\ndef test_official_flow(flow): ...",
    ],
)
def test_the_check_sees_an_official_test_that_would_be_skipped(tmp_path, text):
    (tmp_path / "test_some.py").write_text(text)
    assert len(official_tests_that_skip(tmp_path / "test_some.py", {})) == 1


@pytest.mark.parametrize("name", ["oracle", "representation_oracle", "official_oracle", "convolutions", "textures"])
def test_an_oracle_shares_nothing_with_what_it_checks(name):
    imports = [node for node in ast.walk(ast.parse((TESTS / f"{name}.py").read_text())) if hasattr(node, "names")]
    imported = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert imported and not {module.split(".")[0] for module in imported} & {"tvnet_keras", "models", "launch"}


def test_skips_are_counted_by_reason_at_the_end_of_a_run():
    def place(reason):
        return "test_some.py", 3, f"Skipped: {reason}"

    reasons = ("needs a GPU", "needs data", "needs data")
    skipped = [pytest.TestReport("id", ("", 0, ""), {}, "skipped", place(reason), "setup") for reason in reasons]
    skipped.append(pytest.CollectReport("id", "skipped", place("needs numba"), []))
    lines = []
    conftest.pytest_terminal_summary(
        SimpleNamespace(stats={"skipped": skipped}, section=lines.append, line=lines.append)
    )
    assert lines[0] == "skipped: 3 tests and 1 whole files"
    assert sorted(lines[1:]) == ["   1 file: needs numba", "   1 test: needs a GPU", "   2 tests: needs data"]
    conftest.pytest_terminal_summary(SimpleNamespace(stats={}, section=lines.append, line=lines.append))
    assert lines[-1] == "skipped: 0 tests and 0 whole files"
