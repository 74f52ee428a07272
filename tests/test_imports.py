"""The layout holds: imports go one way, files and functions stay small."""

import ast
import re
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGES = ("tvnet_keras", "models", "launch")
MOST_LINES_IN_A_FILE = 400
MOST_LINES_IN_A_FUNCTION = 70
SHARED = tuple(
    f"tvnet_keras.{name}"
    for name in ("errors", "choices", "options", "atomic", "entries", "lettering", "one_writer", "version")
)

# The folder on the left may import, of this project, itself and what stands on the right.
MAY_IMPORT = {
    "tvnet_keras/ops": (),
    "tvnet_keras/layers": ("tvnet_keras.ops",),
    "tvnet_keras/losses": ("tvnet_keras.ops",),
    "tvnet_keras/optimizers": (),
    "tvnet_keras/flow": ("tvnet_keras.ops", "tvnet_keras.video"),
    "tvnet_keras/flow/solvers": ("tvnet_keras.flow", "tvnet_keras.layers"),
    "tvnet_keras/flow/pairs": ("tvnet_keras.flow", "tvnet_keras.video"),
    "tvnet_keras/video": (),
    "tvnet_keras/scoring": (),
    "tvnet_keras": ("tvnet_keras",),
    "models": ("tvnet_keras",),
    "launch": PACKAGES,
}
ONLY_IN_LAUNCH = ("absl", "ml_collections", "tensorboard")


def source_files():
    return sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))


every_file = pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(REPOSITORY)))


def imported_modules(path):
    """Dotted names of everything a file imports, anywhere in it, relative imports made absolute."""
    package = path.relative_to(REPOSITORY).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            # `from tvnet_keras import ops` imports the package ops; `from tvnet_keras import TVNet` a name.
            yield from (f"{module}.{alias.name}" if is_module(module, alias.name) else module for alias in node.names)


def is_module(package, name):
    folder = REPOSITORY.joinpath(*package.split("."), name)
    return folder.is_dir() or folder.with_suffix(".py").is_file()


def inside(module, package):
    return module == package or module.startswith(package + ".")


def code_lines(function):
    """Lines of a function without its docstring, which may be as long as its arguments ask for."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = first.end_lineno - first.lineno + 1 if documented else 0
    return function.end_lineno - function.lineno + 1 - docstring


def rule_of(path):
    """The narrowest folder of MAY_IMPORT that holds the file."""
    relative = path.relative_to(REPOSITORY).as_posix()
    return max((folder for folder in MAY_IMPORT if relative.startswith(folder + "/")), key=len)


def test_every_folder_has_a_rule():
    folders = {path.parent.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "tvnet_keras").glob("*/*.py")}
    assert folders <= set(MAY_IMPORT), f"add {sorted(folders - set(MAY_IMPORT))} to MAY_IMPORT"


@every_file
def test_imports_go_one_way(path):
    rule = rule_of(path)
    allowed = (rule.replace("/", "."), *MAY_IMPORT[rule], *SHARED)
    ours = [module for module in imported_modules(path) if module.split(".")[0] in (*PACKAGES, "tests")]
    wrong = [module for module in ours if not any(inside(module, package) for package in allowed)]
    assert not wrong, f"{rule} must not import {wrong}"


@every_file
def test_only_launch_knows_the_command_line(path):
    if path.is_relative_to(REPOSITORY / "launch"):
        return
    wrong = [module for module in imported_modules(path) if module.split(".")[0] in ONLY_IN_LAUNCH]
    assert not wrong, f"{path.name} must not import {wrong}"


@every_file
def test_files_and_functions_stay_small(path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MOST_LINES_IN_A_FILE
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = code_lines(node)
            assert length <= MOST_LINES_IN_A_FUNCTION, f"{node.name} has {length} lines"


def test_the_checks_see_a_wrong_import(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "REPOSITORY", tmp_path)
    (tmp_path / "models").mkdir()
    wrong = tmp_path / "tvnet_keras" / "ops" / "wrong.py"
    wrong.parent.mkdir(parents=True)
    for source in ("def f():\n    from models import tvnet", "import models.tvnet as m", "from ..layers import tvnet"):
        wrong.write_text(source)
        with pytest.raises(AssertionError, match="must not import"):
            test_imports_go_one_way(wrong)
    wrong.write_text("from absl import flags")
    with pytest.raises(AssertionError, match="must not import"):
        test_only_launch_knows_the_command_line(wrong)


def messages(path):
    """The strings of a file that are no docstrings, with the line that each stands in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


@pytest.mark.parametrize("package", ["tvnet_keras", "models"])
def test_only_launchers_name_flags_and_commands(package):
    named = [
        f"{path.relative_to(REPOSITORY)}:{line}: {text!r}"
        for path in source_files()
        if path.is_relative_to(REPOSITORY / package)
        for line, text in messages(path)
        if re.search(r"--[a-z]|\blaunch\.[a-z]", text)
    ]
    assert not named, "a library error names the argument; launch.run.option_errors makes the flag of it"
