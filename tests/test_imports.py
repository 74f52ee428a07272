"""The layout holds: imports go one way, files and functions stay small."""

import ast
import functools
import re
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGES = ("tvnet_keras", "models", "launch")
MOST_LINES_IN_A_FILE = 400
MOST_LINES_IN_A_FUNCTION = 70
SHARED = "tvnet_keras.*"
"""What lies right in `tvnet_keras`, beside its folders, serves everybody and imports nothing but itself."""

# What stands on the left, a folder with those inside it that have no line of their own, may import of this project
# itself, SHARED, and what stands on the right: a package with everything in it, or, as `package.*`, the modules that
# lie right in it. docs/architecture.md shows this table: after a change, `python -m tests.architecture`.
MAY_IMPORT = {
    "tvnet_keras": (),
    "tvnet_keras/__init__.py": ("tvnet_keras",),
    "tvnet_keras/ops": (),
    "tvnet_keras/ops/native": ("tvnet_keras.ops.*", "tvnet_keras.ops.tvl1"),
    "tvnet_keras/ops/tvl1": ("tvnet_keras.ops.*", "tvnet_keras.ops.native"),
    "tvnet_keras/ops/representation": ("tvnet_keras.ops.*", "tvnet_keras.ops.native", "tvnet_keras.ops.tvl1"),
    "tvnet_keras/presets": (),
    "tvnet_keras/layers": ("tvnet_keras.ops", "tvnet_keras.presets"),
    "tvnet_keras/losses": ("tvnet_keras.ops",),
    "tvnet_keras/optimizers": (),
    "tvnet_keras/video": (),
    "tvnet_keras/video/moving_shapes": ("tvnet_keras.video.*",),
    "tvnet_keras/video/datasets": ("tvnet_keras.video.*", "tvnet_keras.video.moving_shapes"),
    "tvnet_keras/flow": ("tvnet_keras.flow.pairs", "tvnet_keras.flow.solvers", "tvnet_keras.ops", "tvnet_keras.video"),
    "tvnet_keras/flow/generated": ("tvnet_keras.flow.*", "tvnet_keras.flow.pairs.parts", "tvnet_keras.video"),
    "tvnet_keras/flow/pairs": ("tvnet_keras.flow.*", "tvnet_keras.flow.generated", "tvnet_keras.video"),
    "tvnet_keras/flow/solvers": ("tvnet_keras.flow.*", "tvnet_keras.layers", "tvnet_keras.presets"),
    "tvnet_keras/scoring": (),
    "models": ("models", "tvnet_keras"),
    "models/encoders": ("models.parts", "models.resnets", "tvnet_keras"),
    "models/motion": ("models.parts", "tvnet_keras"),
    "models/parts": ("models.encoders", "models.motion", "models.resnets", "tvnet_keras"),
    "models/resnets": ("models.parts", "tvnet_keras"),
    "launch": ("launch", "models", "tvnet_keras"),
    "launch/run": ("launch.evaluators", "launch.experiments", "launch.weights", "models", "tvnet_keras"),
    "launch/weights": ("launch.run", "models", "tvnet_keras"),
    "launch/experiments": ("launch.run", "tvnet_keras"),
    "launch/evaluators": ("launch.run", "models", "tvnet_keras"),
    "launch/flow_report": ("launch.run", "launch.weights", "tvnet_keras"),
    "launch/explanation": ("launch.run", "models", "tvnet_keras"),
    "launch/figures": ("launch.*", "launch.flow_report", "launch.run", "models", "tvnet_keras"),
    "launch/benchmarks": ("launch.*", "launch.exporters", "launch.flow_report", "launch.run", "models", "tvnet_keras"),
    "launch/score_files": ("launch.run", "tvnet_keras"),
    "launch/exporters": ("launch.run", "models", "tvnet_keras"),
    "launch/tables": (
        *("launch.*", "launch.benchmarks.parts", "launch.evaluators", "launch.experiments", "launch.flow_report"),
        *("launch.run", "launch.score_files", "models"),
        "tvnet_keras",
    ),
}
ONLY_IN_LAUNCH = ("absl", "ml_collections", "tensorboard")


def source_files():
    return sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))


every_file = pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(REPOSITORY)))


tree_of = functools.cache(ast.parse)


def imported_modules(path):
    """Dotted names of everything a file imports, anywhere in it, relative imports made absolute."""
    package = path.relative_to(REPOSITORY).parent.parts
    for node in ast.walk(tree_of(path.read_text(encoding="utf-8"))):
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


def inside(module, allowed):
    """Whether a module is one of those that an entry of MAY_IMPORT names."""
    if allowed.endswith(".*"):
        file = REPOSITORY.joinpath(*module.split(".")).with_suffix(".py")
        return module.rpartition(".")[0] == allowed[:-2] and file.is_file()
    return module == allowed or module.startswith(allowed + ".")


def code_lines(function):
    """Lines of a function without its docstring, which may be as long as its arguments ask for."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = first.end_lineno - first.lineno + 1 if documented else 0
    return function.end_lineno - function.lineno + 1 - docstring


def rule_of(place):
    """The narrowest line of MAY_IMPORT that a file or module stands under, such as `models/parts/classifier`."""
    return max((name for name in MAY_IMPORT if f"{place}/".startswith(name + "/")), key=len)


def test_every_folder_has_a_rule():
    folders = {
        path.parent.relative_to(REPOSITORY).as_posix()
        for name in PACKAGES
        for path in REPOSITORY.glob(f"{name}/*/*.py")
    }
    assert folders <= set(MAY_IMPORT), f"add {sorted(folders - set(MAY_IMPORT))} to MAY_IMPORT"


def test_every_rule_is_about_something():
    named = {
        *MAY_IMPORT,
        *(allowed.removesuffix(".*").replace(".", "/") for row in MAY_IMPORT.values() for allowed in row),
    }
    gone = [name for name in named if not (REPOSITORY / name).exists()]
    assert not gone, f"MAY_IMPORT names {gone}, which is not there"


@every_file
def test_imports_go_one_way(path):
    rule = rule_of(path.relative_to(REPOSITORY).as_posix())
    ours = [module for module in imported_modules(path) if module.split(".")[0] in (*PACKAGES, "tests")]
    others = [module for module in ours if module.startswith("tests") or rule_of(module.replace(".", "/")) != rule]
    wrong = [module for module in others if not any(inside(module, allowed) for allowed in (SHARED, *MAY_IMPORT[rule]))]
    assert not wrong, f"{rule} must not import {wrong}"


@every_file
def test_no_module_with_an_underscore_is_imported_from_another_package(path):
    package = ".".join(path.relative_to(REPOSITORY).parent.parts)
    ours = [module for module in imported_modules(path) if module.split(".")[0] in PACKAGES]
    wrong = [module for module in ours if "._" in module and not module.startswith(package + "._")]
    assert not wrong, f"{path.name} must not import {wrong}: what several packages need has no underscore"


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
    for node in ast.walk(tree_of(source)):
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
    command, shared = tmp_path / "launch" / "train.py", tmp_path / "launch" / "run" / "wrong.py"
    shared.parent.mkdir(parents=True)
    command.touch()
    shared.write_text("from launch.train import train")
    with pytest.raises(AssertionError, match="must not import"):
        test_imports_go_one_way(shared)
    for source in ("from models import _hidden", "import launch.run._hidden"):
        wrong.write_text(source)
        (tmp_path / "models" / "_hidden.py").touch()
        with pytest.raises(AssertionError, match="has no underscore"):
            test_no_module_with_an_underscore_is_imported_from_another_package(wrong)
    wrong.write_text("from absl import flags")
    with pytest.raises(AssertionError, match="must not import"):
        test_only_launch_knows_the_command_line(wrong)


def messages(path):
    """The strings of a file that are no docstrings, with the line that each stands in."""
    tree = tree_of(path.read_text(encoding="utf-8"))
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
