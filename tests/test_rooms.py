"""Rooms hold what they are for: a folder of options nothing but options, launch/ nothing but commands."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

COMMON = "parts"
"""The folder of what options are made from."""

PAPERS = sorted({file.parent.name for file in REPOSITORY.glob("launch/tables/*/__init__.py")} - {COMMON})

# What every module of a folder offers whose files are options of a flag; its package's docstring says more.
OPTIONS = {
    "models": ("Options", "FRAMES", "NEEDS", "build", "objective", "learning_rates"),
    "models.encoders": ("build", "STRIDES"),
    "models.motion": ("make", "FRAMES_CONSUMED", "IS_FLOW", "learning_rates"),
    "models.resnets.families": ("Convolutions",),
    "tvnet_keras.layers": (),
    "tvnet_keras.video.datasets": ("SPLITS", "load"),
    "tvnet_keras.flow.pairs": ("load",),
    "tvnet_keras.flow.solvers": ("FORMS", "make"),
    "launch.experiments": ("config",),
    "launch.evaluators": ("NEEDS", "HEADLINES", "HIGHER_IS_BETTER", "applies", "measure"),
    "launch.figures": ("draw",),
    "launch.benchmarks": ("run",),
    "launch.score_files": ("matches", "read"),
    "launch.exporters": ("FILES", "TAKES_SIZES", "require", "write", "open_client"),
    "launch.tables": (),
    **{f"launch.tables.{paper}": ("cells", "DATA_SET") for paper in PAPERS},
}

OPTION_FILES = [
    (f"{package}.{found.name}", names)
    for package, names in OPTIONS.items()
    for found in pkgutil.iter_modules([str(REPOSITORY.joinpath(*package.split(".")))])
    if not found.ispkg
]


def test_common_parts_lie_beside_options_that_are_looked_into():
    beside = {file.parents[1] for file in REPOSITORY.glob(f"[mlt]*/**/{COMMON}/__init__.py")}
    packages = {".".join(folder.relative_to(REPOSITORY).parts) for folder in beside}
    assert packages <= set(OPTIONS), f"say in OPTIONS what the modules of {packages - set(OPTIONS)} offer"


@pytest.mark.parametrize(("name", "offered"), OPTION_FILES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_folder_of_options_holds_nothing_but_options(name, offered):
    lacking = [wanted for wanted in offered if not hasattr(importlib.import_module(name), wanted)]
    package = name.rpartition(".")[0]
    assert not lacking, (
        f"{name} lacks {', '.join(lacking)}, which the docstring of {package} asks of every option; if it is none, but "
        f"something that options share, it belongs in {package}.{COMMON}"
    )


def test_a_name_of_two_data_sets_reads_the_same_folder():
    both = {found.name for found in pkgutil.iter_modules([str(REPOSITORY / "tvnet_keras/video/datasets")])}
    both &= {found.name for found in pkgutil.iter_modules([str(REPOSITORY / "tvnet_keras/flow/pairs")])} - {COMMON}
    # Moving Shapes is videos with labels and, of their middle steps, pairs; `--config.data.dataset` takes the videos.
    assert both == {"moving_shapes"}, "videos and pairs share the flag --config.data.dataset: choose another name"


@pytest.mark.parametrize("path", sorted((REPOSITORY / "launch").glob("[!_]*.py")), ids=lambda path: path.stem)
def test_launch_holds_nothing_but_commands(path):
    statements = ast.parse(path.read_text(encoding="utf-8")).body
    functions = [statement.name for statement in statements if isinstance(statement, ast.FunctionDef)]
    assert "main" in functions, f"{path.name} is no command: what commands share belongs in launch/run"
    last = statements[-1]
    assert isinstance(last, ast.If) and ast.unparse(last.test) == "__name__ == '__main__'"
