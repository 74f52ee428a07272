"""Computes the optical flow of image pairs: files, colours, and errors where the exact flow is known.

    python -m launch.flow --solver=tvnet-1-1-50,tvl1-5-5-50 --dataset=middlebury --data_dir=DIR --output_dir=runs/flow
    python -m launch.flow --solver=dis --output_dir=runs/flow first.png second.png

It writes to the output folder `SOLVER/PAIR.flo` and `.png` (flow colours; those of the exact flow are in `truth/`, on
the same scale), `contact_sheet.png` and `metrics.json`. Solvers are tvnet-S-W-I (`--variant`, `--weights`; a preset
with `--weights=preset`), tvl1, tvl1-S-W-I, dis (or dis-ultrafast, dis-fast, dis-medium: the preset that dis has),
deepflow, farneback, skimage-tvl1, or a folder that launch.export wrote. Files are two or more images, a folder of them,
or a video.
"""

from pathlib import Path

from absl import flags

from launch.flow_report.comparison import PairProtocol, compare
from launch.flow_report.inputs import choose_pairs, list_pairs, make_solvers, weights_record
from launch.flow_report.tables import print_tables
from launch.run import app
from launch.run.image_size import parse_size
from tvnet_keras.flow import pairs

SOLVER = flags.DEFINE_list("solver", ["tvnet-1-1-50"], "The solvers, separated by commas.", **app.SHARED_FLAG)
VARIANT = flags.DEFINE_string("variant", None, "The variant of tvnet solvers: default or official.", **app.SHARED_FLAG)
WEIGHTS = flags.DEFINE_string(
    "weights",
    None,
    "The weights of tvnet solvers: preset (that of their numbers), a preset's name, a run's folder or a .weights.h5.",
    **app.SHARED_FLAG,
)
DATASET = flags.DEFINE_string(
    "dataset", "", f"The data set of pairs: one of {', '.join(pairs.names())}.", **app.SHARED_FLAG
)
DATA_DIR = flags.DEFINE_string("data_dir", "", "The folder of --dataset.", **app.SHARED_FLAG)
RENDER = flags.DEFINE_string("render", None, "The render pass of Sintel: clean, final or albedo.", **app.SHARED_FLAG)
PAIRS = flags.DEFINE_list("pairs", [], "Names of the only pairs that are treated (default: all).", **app.SHARED_FLAG)
SIZE = flags.DEFINE_list("size", [], "HEIGHT,WIDTH to which frames and exact flow are resized.", **app.SHARED_FLAG)
UNKNOWN = flags.DEFINE_string(
    "unknown",
    "masked",
    "Unknown vectors of the exact flow are masked, or zero (counted as no motion).",
    **app.SHARED_FLAG,
)
MAX_PIXELS = flags.DEFINE_integer(
    "max_pixels", 2**23, "Largest number of pixels of a frame (4K); solvers take about 500 bytes each.", lower_bound=1
)
OUTPUT_DIR = flags.DEFINE_string(
    "output_dir", "runs/flow", "The folder to which everything is written.", **app.SHARED_FLAG
)


def main(paths: list[str]) -> None:
    """Reads the flags, computes the flow of every pair and prints the tables."""
    protocol = PairProtocol(parse_size(SIZE.value), UNKNOWN.value, MAX_PIXELS.value)
    made = make_solvers(SOLVER.value, variant=VARIANT.value, weights=WEIGHTS.value)
    listed = choose_pairs(list_pairs(paths, DATASET.value, DATA_DIR.value, RENDER.value), PAIRS.value)
    given = {"dataset": DATASET.value or "files", "render": RENDER.value, "variant": VARIANT.value}
    given["weights"] = weights_record(SOLVER.value, WEIGHTS.value)
    folder = Path(OUTPUT_DIR.value)
    metrics = compare(listed, made, folder, protocol, {key: value for key, value in given.items() if value})
    print_tables(metrics)
    print(f"written: {folder}/metrics.json, contact_sheet.png and, for every solver, .flo and .png files")


if __name__ == "__main__":
    app.run(main, positional=True)
