"""Draws a figure of the documentation.

python -m launch.figure --figure=tvnet --input=middlebury=DIR --input=video=UCF-101/Surfing/v_Surfing_g01_c03.avi \\
  --input=weights=runs/reproduce/tvnet_table1/tvnet-1-1-50.all.full-seed0.weights.h5

The inputs of each figure stand at the head of its file in launch/figures/.
"""

import inspect
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import keras
from absl import flags

import launch.figures
from launch.flow_report.pictures import write_picture
from launch.run import app
from tvnet_keras.choices import check_choice, listed, load_module
from tvnet_keras.errors import InputError

FIGURE = flags.DEFINE_string("figure", "tvnet", f"The figure: a module of launch/figures/ ({listed(launch.figures)}).")
INPUT = flags.DEFINE_multi_string("input", [], "An input of the figure as NAME=VALUE; to be repeated for every input.")
OUTPUT = flags.DEFINE_string("output", "", "The picture to write (default: docs/figures/<figure>.png).")


def main() -> None:
    """Reads the flags, draws and writes."""
    module = load_module(launch.figures, "--figure", FIGURE.value)
    path = Path(OUTPUT.value or f"docs/figures/{FIGURE.value}.png")
    # The same command draws the same picture, also of a network that nobody has trained.
    keras.utils.set_random_seed(0)
    write_picture(path, module.draw(**parse_inputs(module, INPUT.value)))
    print(f"written: {path}")


def parse_inputs(module: ModuleType, given: Sequence[str]) -> dict[str, str]:
    """The inputs of a figure by name.

    Args:
        module: a module of launch/figures/.
        given: the inputs, each as NAME=VALUE.

    Raises:
        InputError: an input has another form or name, is given twice, or is missing.
    """
    parameters = inspect.signature(module.draw).parameters
    inputs: dict[str, str] = {}
    for word in given:
        name, separator, value = word.partition("=")
        if not separator or not value or name in inputs:
            raise InputError(f"--input={word} must be NAME=VALUE, each NAME once.")
        inputs[check_choice("The name in --input", name, tuple(parameters))] = value
    missing = [name for name, value in parameters.items() if value.default is value.empty and name not in inputs]
    if missing:
        raise InputError(f"--input={missing[0]}=... is required for --figure={module.__name__.rpartition('.')[2]}.")
    return inputs


if __name__ == "__main__":
    app.run(main)
