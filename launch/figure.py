"""Draws a figure of the documentation.

python -m launch.figure --figure=tvnet --input=middlebury=DIR --input=video=UCF-101/Surfing/v_Surfing_g01_c03.avi \\
  --input=weights=runs/reproduce/tvnet_table1/tvnet-1-1-50.all.full-seed0.weights.h5

The inputs of each figure stand at the head of its file in launch/figures/.
"""

from pathlib import Path

import keras
from absl import flags

import launch.figures
from launch.flow_report.pictures import write_picture
from launch.run import app
from launch.run.named_inputs import parse_inputs
from tvnet_keras.choices import listed, load_module

FIGURE = flags.DEFINE_string("figure", "tvnet", f"The figure: a module of launch/figures/ ({listed(launch.figures)}).")
INPUT = flags.DEFINE_multi_string(
    "input", [], "An input of the figure as NAME=VALUE; to be repeated for every input.", **app.SHARED_FLAG
)
OUTPUT = flags.DEFINE_string("output", "", "The picture to write (default: docs/figures/<figure>.png).")


def main() -> None:
    """Reads the flags, draws and writes."""
    module = load_module(launch.figures, "--figure", FIGURE.value)
    path = Path(OUTPUT.value or f"docs/figures/{FIGURE.value}.png")
    # The same command draws the same picture, also of a network that nobody has trained.
    keras.utils.set_random_seed(0)
    write_picture(path, module.draw(**parse_inputs(module.draw, INPUT.value, f"--figure={FIGURE.value}")))
    print(f"written: {path}")


if __name__ == "__main__":
    app.run(main)
