"""Runs a launcher's `__main__` in this process, for commands that end before anything is computed."""

import contextlib
import importlib
import io
import runpy
import sys
import warnings
from collections.abc import Iterator

import pytest
from absl import app, flags
from absl.testing import flagsaver


def run_here(module: str, arguments: list[str]) -> tuple[int, str, str]:
    """Does what `python -m launch.MODULE ARGUMENTS` does and returns exit code, output and error output.

    Args:
        module: of launch/.
        arguments: the flags.
    """
    out, error = io.StringIO(), io.StringIO()
    # Flags of what the command imports stay, its own are defined again.
    importlib.import_module(f"launch.{module}")
    with pytest.MonkeyPatch.context() as patch, _flags_of_a_new_process(module), warnings.catch_warnings():
        patch.setattr(sys, "argv", [f"launch/{module}.py", *arguments])
        # The module was imported as what it is before it is run as a command.
        warnings.filterwarnings("ignore", message=f".*launch.{module}.* found in sys.modules")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error), pytest.raises(SystemExit) as end:
            runpy.run_module(f"launch.{module}", run_name="__main__", alter_sys=True)
    return end.value.code or 0, out.getvalue(), error.getvalue()


@contextlib.contextmanager
def _flags_of_a_new_process(module: str) -> Iterator[None]:
    """Lets a command define its flags as if it had not been imported yet, and no flag had been parsed."""
    app.define_help_flags()
    state = vars(flags.FLAGS)
    before, values = dict(state), flagsaver.save_flag_values()
    state.update({name: _copied(value) for name, value in before.items()})
    for flag in [*flags.FLAGS.flags_by_module_dict().get(f"launch.{module}", ())]:
        delattr(flags.FLAGS, flag.name)
    flags.FLAGS.unparse_flags()
    try:
        yield
    finally:
        state.clear()
        state.update(before)
        flagsaver.restore_flag_values(values)


def _copied(value):
    """A dictionary of dictionaries and lists, without what is in the lists."""
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return list(value) if isinstance(value, list) else value
