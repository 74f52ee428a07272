"""Reads command lines with a launcher's own parser, up to where its work would begin, in a process of its own."""

import contextlib
import dataclasses
import fnmatch
import functools
import inspect
import io
import json
import multiprocessing
import os
import re
import runpy
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.launch.start import LIBRARIES

SECONDS = 240
_OPEN = re.compile(r"-[^=]+=[A-Z_=/]+")
"""A flag whose value the reader chooses."""
_OF_CONFIG = re.compile(r"--(no)?config\b")


@dataclasses.dataclass(frozen=True)
class Line:
    """Words to read.

    Attributes:
        words: of the command line, behind the launcher's name.
        runs: folders of runs that the words may name, by the words of the `launch.train` that made each.
        alone: whether a text speaks of these flags alone: a flag without value is then a name, a run need not be
            named, and the flags may belong to any method.
    """

    words: tuple[str, ...]
    runs: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    alone: bool = False


def faults_of(launcher: str, lines: Sequence[Line], folder: Path) -> list[str]:
    """What a launcher has against command lines, empty where it would begin to work.

    Args:
        launcher: a module of launch/.
        lines: each is read by itself.
        folder: empty; the working directory meanwhile.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    process = context.Process(target=_main, args=(launcher, list(lines), str(folder)))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        raise TimeoutError(f"launch.{launcher} took more than {SECONDS} s to read {len(lines)} command lines")
    return json.loads((folder / "faults.json").read_text())


def _main(launcher: str, lines: list[Line], folder: str) -> None:
    os.chdir(folder)
    start = _start_of(launcher)
    faults = [_fault_alone(launcher, line, start) if line.alone else _fault(launcher, line, start) for line in lines]
    Path("faults.json").write_text(json.dumps(faults))


@dataclasses.dataclass(frozen=True)
class _Start:
    """How a launcher starts itself: its parser, whether it takes arguments that are no flags, and what it defines."""

    parser: Callable
    positional: bool
    defined: dict = dataclasses.field(default_factory=dict)


def _start_of(launcher: str) -> _Start:
    from absl import app as absl_app

    from launch.run import app

    starts = []

    def run(main: Callable, *, parser: Callable | None = None, positional: bool = False) -> None:
        starts.append(_Start(parser or app.parse_flags, positional))

    app.run = run
    absl_app.define_help_flags()
    sys.argv = [f"launch/{launcher}.py"]
    defined = runpy.run_module(f"launch.{launcher}", run_name="__main__", alter_sys=True)
    return dataclasses.replace(starts[0], defined=defined)


def _fault(launcher: str, line: Line, start: _Start, names: Sequence[str] = ()) -> str:
    """What is wrong with a command line; `names` are flags that must exist beside those that it gives."""
    for folder, words in line.runs.items():
        _make_run(Path(folder), words)
    fault, all_exist = _read(launcher, line.words, start, names)
    settled = tuple(word for word in line.words if not _OPEN.fullmatch(word))
    # Names that the reader chooses are no names yet; their flags exist all the same.
    if fault and all_exist and settled != line.words and not _read(launcher, settled, start, names)[0]:
        return ""
    return fault


def _read(launcher: str, words: tuple[str, ...], start: _Start, names: Sequence[str]) -> tuple[str, bool]:
    """What is wrong with words, and whether the flags exist whose values the reader chooses."""
    from absl.testing import flagsaver

    from tvnet_keras.errors import InputError

    said, fault = io.StringIO(), ""
    with flagsaver.flagsaver(), contextlib.redirect_stderr(said):
        try:
            others = start.parser([f"launch/{launcher}.py", *words])[1:]
            if others and not start.positional:
                raise InputError(f"unexpected argument {others[0]!r}")
            unknown = [name for name in names if not _is_flag(name)]
            if unknown:
                raise InputError(f"{unknown[0]} is no flag of launch.{launcher}")
            _check_names(launcher, start.defined)
        except (InputError, SystemExit) as error:
            fault = said.getvalue().strip() or str(error)
        return fault, all(_is_flag(word) for word in words if _OPEN.fullmatch(word))


def _fault_alone(launcher: str, line: Line, start: _Start) -> str:
    """What is wrong with flags that a text speaks of alone: nothing if they suit one way to complete the command."""
    from launch.run import app

    takes_config = start.parser is not app.parse_flags
    names = [word.partition("=")[0] for word in line.words]
    foreign = [name for name in names if not (takes_config if _OF_CONFIG.match(name) else _is_flag(name))]
    if foreign:
        return f"launch.{launcher} has no {foreign[0]}"
    given = tuple(word for word in line.words if "=" in word)
    named = [word for word in line.words if "=" not in word]
    said = ""
    for extra in _completions(given, takes_config):
        said = _fault(launcher, Line((*extra, *given), {"RUN": ()}), start, named)
        if not said:
            break
    return said


def _completions(given: tuple[str, ...], takes_config: bool) -> Iterator[tuple[str, ...]]:
    """Flags that make a command line of flags that stand alone, such as those of every method."""
    from absl import flags

    import launch.benchmarks
    import models
    from tvnet_keras.choices import module_names

    for flag, package in (("method", models), ("suite", launch.benchmarks)):
        if flag in flags.FLAGS and not any(word.startswith(f"--{flag}=") for word in given):
            yield from ((f"--{flag}={name}",) for name in module_names(package))
            return
    yield ("--run=RUN",) if takes_config and "run" in flags.FLAGS else ()


def _is_flag(word: str) -> bool:
    """Whether the launcher has a flag of this name; of `--config.*` there must be fields that the pattern fits."""
    from absl import flags

    from launch.run.config_flags import field_paths

    name = word.lstrip("-").partition("=")[0]
    if _OF_CONFIG.match(f"--{name}") and "." in name and "config" in flags.FLAGS:
        return bool(fnmatch.filter(field_paths(flags.FLAGS.config), name.partition("config.")[2]))
    return name in flags.FLAGS or name.removeprefix("no") in flags.FLAGS


def _make_run(folder: Path, words: tuple[str, ...]) -> None:
    """What `launch.train` writes first, so that a later command finds the run's configuration."""
    import launch.experiments
    from launch.run import run_folder
    from tvnet_keras.choices import load_module

    given = dict(word.lstrip("-").split("=", 1) for word in words if word.startswith("--") and "=" in word)
    experiment = load_module(launch.experiments, "--experiment", given.get("experiment", "moving_shapes"))
    if not folder.exists():
        run_folder.claim(folder, experiment.config(given.get("method", "tvnet")))


def _check_names(launcher: str, defined: dict) -> None:
    """Looks up the names among a launcher's flags, as its work would begin by doing.

    Raises:
        InputError: there is no such name.
    """
    from absl import flags

    if "config" in flags.FLAGS:
        from launch.run.config_flags import parsed_config

        parsed_config()
    if launcher in NAMES:
        NAMES[launcher](flags.FLAGS, defined)


def _table_and_rows(given, defined: dict) -> None:
    from launch import tables
    from tvnet_keras.errors import InputError

    chosen = tables.matching(given.table or "*") if given.list else (given.table,) if given.table else tables.names()
    rows = [row for table in chosen for row in _rows_of(table)]
    if not all(fnmatch.filter(rows, pattern) for pattern in given.rows):
        raise InputError(f"--rows={given.rows} fits no row of --table={given.table}.")


@functools.cache
def _rows_of(table: str) -> tuple[str, ...]:
    from launch import tables

    return tuple(cell.row for cell in tables.table_module(table).cells())


def _suite(given, defined: dict) -> None:
    import launch.benchmarks
    from tvnet_keras.choices import check_choice, load_module

    run = load_module(launch.benchmarks, "--suite", given.suite).run
    for name in ("data_dir", "torch_python", "torch_layer"):
        if given[name].value:
            check_choice(f"--suite={given.suite} with", name, tuple(inspect.signature(run).parameters))
    defined["parse_inputs"](run, given.input, f"--suite={given.suite}")


def _figure(given, defined: dict) -> None:
    import launch.figures
    from tvnet_keras.choices import load_module

    if given["figure"].present or given["input"].present:
        draw = load_module(launch.figures, "--figure", given.figure).draw
        defined["parse_inputs"](draw, given.input, f"--figure={given.figure}")


def _solvers_and_pairs(given, defined: dict) -> None:
    from tvnet_keras.choices import check_choice
    from tvnet_keras.flow import pairs, solvers

    if given.dataset:
        check_choice("--dataset", given.dataset, pairs.names())
    options = [option for name in given.solver for option in solvers.options_of(name)]
    for name in ("variant", "weights"):
        if given[name].value is not None:
            check_choice(f"--solver={','.join(given.solver)} with", name, options)


def _dataset(given, defined: dict) -> None:
    from tvnet_keras.choices import load_module
    from tvnet_keras.video import datasets

    if given.dataset:
        load_module(datasets, "--dataset", given.dataset)


NAMES = {
    "reproduce": _table_and_rows,
    "benchmark": _suite,
    "figure": _figure,
    "flow": _solvers_and_pairs,
    "prepare": _dataset,
}
"""Names that a launcher looks up itself, behind its parser, by launcher."""
