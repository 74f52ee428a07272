"""Optical flow of image pairs: files, colours, and errors where the exact flow is known.

    python -m launch.flow --solver=tvnet-1-1-50,tvl1-5-5-50 --dataset=middlebury --data_dir=DIR --output_dir=runs/flow
    python -m launch.flow --solver=dis --output_dir=runs/flow first.png second.png

Writes to the output folder `SOLVER/PAIR.flo` and `.png` (flow colours; the exact flow's are in `truth/`, on the same
scale), `contact_sheet.png` and `metrics.json`. Solvers: tvnet-S-W-I (`--variant`, `--weights`), tvl1, tvl1-S-W-I, dis,
deepflow, farneback, skimage-tvl1, or a folder that launch.export wrote. Files: two or more images, a folder of them,
or a video.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from absl import flags

from launch.flow_report.pictures import Sheet, longest_of, write_picture
from launch.flow_report.tables import show, summarise
from launch.run import app
from launch.run.environment import git_commit, machine, versions
from launch.run.progress import progress
from launch.run.run_folder import WEIGHTS_FILE
from launch.weights.checksum import require_whole
from tvnet_keras.atomic import atomic_path
from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.flow import measure, pairs, solvers
from tvnet_keras.flow.augment import FlowRecipe
from tvnet_keras.flow.colour import flow_to_colour
from tvnet_keras.flow.io import known_vectors, write_flo
from tvnet_keras.one_writer import only_writer
from tvnet_keras.options import options_of
from tvnet_keras.video.read import LARGEST_PIXELS
from tvnet_keras.video.resize import resize_half_pixel_bilinear

SOLVER = flags.DEFINE_list("solver", ["tvnet-1-1-50"], "Solvers, separated by commas.", **app.SHARED_FLAG)
VARIANT = flags.DEFINE_string("variant", None, "Variant of tvnet solvers: default or official.", **app.SHARED_FLAG)
WEIGHTS = flags.DEFINE_string(
    "weights", None, "Trained weights of tvnet solvers: a run's folder or a .weights.h5 file.", **app.SHARED_FLAG
)
DATASET = flags.DEFINE_string("dataset", "", f"One of {', '.join(pairs.names())}.", **app.SHARED_FLAG)
DATA_DIR = flags.DEFINE_string("data_dir", "", "The folder of --dataset.", **app.SHARED_FLAG)
RENDER = flags.DEFINE_string("render", None, "Sintel's render pass: clean, final or albedo.", **app.SHARED_FLAG)
PAIRS = flags.DEFINE_list("pairs", [], "Only these pairs (default: all).", **app.SHARED_FLAG)
SIZE = flags.DEFINE_list("size", [], "HEIGHT,WIDTH that frames and exact flow are resized to.", **app.SHARED_FLAG)
UNKNOWN = flags.DEFINE_string(
    "unknown", "masked", "Unknown vectors of the exact flow: masked, or zero (counted as no motion).", **app.SHARED_FLAG
)
MAX_PIXELS = flags.DEFINE_integer(
    "max_pixels", 2**23, "Pixels of a frame at most (4K); solvers take about 500 bytes for each.", lower_bound=1
)
OUTPUT_DIR = flags.DEFINE_string("output_dir", "runs/flow", "Where everything is written.", **app.SHARED_FLAG)

SHEET_ROWS = 8
"""Pairs on the contact sheet, evenly spaced over the list."""

FRAME, TRUTH = "frame", "truth"
TIMING = "one pair at a time; the first call at each frame size is not counted; median over pairs"
PHOTOMETRIC = "mean |I2(x + flow) - I1(x)| over all pixels, grey levels 0..255"


@dataclass(frozen=True)
class Protocol:
    """What is done to the pairs before they are compared.

    Attributes:
        size: (height, width) to resize to; None keeps the pairs' own.
        unknown: what becomes of unknown vectors of the exact flow, "masked" or "zero".
        max_pixels: of a frame, then; larger ones are refused.
    """

    size: tuple[int, int] | None = None
    unknown: str = "masked"
    max_pixels: int = LARGEST_PIXELS

    def __post_init__(self) -> None:
        check_choice("--unknown", self.unknown, options_of(FlowRecipe)["unknown"].allowed)


def main(paths: list[str]) -> None:
    """Reads the flags, computes the flow of every pair and prints the tables."""
    protocol = Protocol(parse_size(SIZE.value), UNKNOWN.value, MAX_PIXELS.value)
    made = make_solvers(SOLVER.value, variant=VARIANT.value, weights=WEIGHTS.value)
    listed = choose(list_pairs(paths, DATASET.value, DATA_DIR.value, RENDER.value), PAIRS.value)
    given = {"dataset": DATASET.value or "files", "render": RENDER.value, "variant": VARIANT.value}
    given["weights"] = WEIGHTS.value
    folder = Path(OUTPUT_DIR.value)
    metrics = compare(listed, made, folder, protocol, {key: value for key, value in given.items() if value})
    show(metrics)
    print(f"written: {folder}/metrics.json, contact_sheet.png and, for every solver, .flo and .png files")


def parse_size(words: Sequence[str]) -> tuple[int, int] | None:
    """`["240", "320"]` as (240, 320); None of an empty list.

    Raises:
        InputError: not two whole numbers from 1 up, or more pixels than images may have.
    """
    if not words:
        return None
    if len(words) != 2 or not all(word.strip().isdecimal() and int(word) for word in words):
        raise InputError(f"--size={','.join(words)} must be HEIGHT,WIDTH in pixels, such as --size=240,240.")
    height, width = map(int, words)
    if height * width > LARGEST_PIXELS:
        raise InputError(f"--size={','.join(words)} has more than {LARGEST_PIXELS} pixels; give a smaller one.")
    return height, width


def make_solvers(names: Sequence[str], **options: str | None) -> dict[str, solvers.Solver]:
    """Solvers under the labels that files and tables use; each is given those of the options that it has.

    Args:
        names: as for `tvnet_keras.flow.solvers.make_solver`.
        **options: `variant` and `weights`; None where the user set none.

    Raises:
        InputError: no name, an unknown one, one that is given twice, or an option that none of the solvers has.
    """
    if not names:
        raise InputError(f"--solver= is empty; name one of {', '.join(solvers.forms())}.")
    given = {key: value for key, value in options.items() if value is not None}
    if "weights" in given and Path(given["weights"]).is_dir():
        given["weights"] = str(Path(given["weights"]) / WEIGHTS_FILE)
    if "weights" in given and Path(given["weights"]).is_file():
        require_whole(Path(given["weights"]))
    unused = set(given).difference(*(solvers.options_of(name) for name in names))
    if unused:
        flag = min(unused)
        raise InputError(f"--{flag}={options[flag]} belongs to none of --solver={','.join(names)}; leave it out.")
    made: dict[str, solvers.Solver] = {}
    for name in names:
        label = Path(name).resolve().name
        if label in (*made, FRAME, TRUTH):
            raise InputError(f"--solver={','.join(names)}: two would write to the folder {label!r}; run them apart.")
        own = {key: given[key] for key in solvers.options_of(name) if key in given}
        made[label] = solvers.make_solver(name, **own)
    return made


def list_pairs(paths: Sequence[str], dataset: str, data_dir: str, render: str | None) -> tuple[pairs.Pair, ...]:
    """The pairs of a data set, or of the user's own files.

    Raises:
        InputError: neither or both are given, or they cannot be read.
    """
    if bool(paths) == bool(dataset):
        raise InputError(
            f"Give either --dataset ({', '.join(pairs.names())}) or files: two images, a folder of images or a video."
        )
    if paths:
        return pairs.open_files(paths)
    options = {} if render is None else {"render": render}
    if set(options) - set(pairs.options_of(dataset)):
        raise InputError(f"--render={render} does not belong to --dataset={dataset}; leave it out.")
    if not data_dir:
        raise InputError(f"--dataset={dataset} needs --data_dir=FOLDER.")
    return pairs.load(dataset, data_dir, **options)


def choose(listed: tuple[pairs.Pair, ...], names: Sequence[str]) -> tuple[pairs.Pair, ...]:
    """The pairs of these names, in this order; all of them where no name is given.

    Raises:
        InputError: an unknown name.
    """
    by_name = {pair.name: pair for pair in listed}
    return tuple(by_name[check_choice("--pairs", name, tuple(by_name))] for name in names) or listed


def compare(
    listed: Sequence[pairs.Pair],
    made: dict[str, solvers.Solver],
    folder: Path,
    protocol: Protocol,
    given: dict[str, str],
) -> dict:
    """Computes the flow of every pair with every solver and writes the files that the module's docstring names.

    Args:
        listed: the pairs.
        made: solvers under their labels.
        folder: where to write.
        protocol: what is done to the pairs.
        given: what else belongs to the protocol, such as the data set.

    Returns:
        The content of `metrics.json`: `solver` (the first), `summarise` of the pairs, `pairs`, `protocol`, `machine`,
        `versions`, `commit`.

    Raises:
        InputError: a pair that cannot be read or treated, or a folder that cannot be written or that another process
            writes.
    """
    with only_writer(folder):
        measured: dict[str, dict] = {}
        sheet = Sheet([FRAME, *([TRUTH] if any(pair.truth for pair in listed) else []), *made])
        pictured = set(np.linspace(0, len(listed) - 1, min(SHEET_ROWS, len(listed))).round().astype(int))
        warm: set = set()
        with progress("computing flow", "pairs") as tell:
            for index, pair in enumerate(listed):
                frames, truth = read_pair(pair, protocol)
                flows, seconds = solve_pair(frames, made, warm)
                measured[pair.name] = measure_pair(frames, truth, flows, seconds)
                longest = longest_of(truth, list(flows.values()))
                drawn = flows if truth is None else {TRUTH: truth, **flows}
                write_flows(folder, pair.name, flows, drawn, longest)
                if index in pictured:
                    sheet.add(pair.name, frames[0], drawn, captions(measured[pair.name]), longest)
                tell(index + 1, len(listed))
        metrics = {
            "solver": next(iter(made)),
            **summarise(measured, list(made)),
            "pairs": measured,
            "protocol": {**given, **_protocol(protocol, measured)},
            "machine": machine(),
            "versions": versions(),
            "commit": git_commit(),
        }
        write_picture(folder / "contact_sheet.png", sheet.picture(headings(metrics)))
        with atomic_path(folder / "metrics.json") as partial:
            partial.write_text(json.dumps(metrics, indent=2) + "\n")
        return metrics


def read_pair(pair: pairs.Pair, protocol: Protocol) -> tuple[np.ndarray, np.ndarray | None]:
    """Frames uint8 `[2, H, W, 3]` and exact flow `[H, W, 2]` or None, as the protocol wants them.

    Raises:
        InputError: they cannot be read, differ in size, or are too large.
    """
    frames, truth = pair.frames(), pair.truth() if pair.truth else None
    if truth is not None and truth.shape[:2] != frames.shape[1:3]:
        raise InputError(
            f"The exact flow of {pair.name} has {truth.shape[1]} x {truth.shape[0]} pixels, "
            f"its frames {frames.shape[2]} x {frames.shape[1]}; get them again."
        )
    if truth is not None and protocol.unknown == "zero":
        truth = measure.unknown_as_zero(truth)
    if protocol.size:
        frames = resize_half_pixel_bilinear(frames, protocol.size)
        truth = None if truth is None else measure.resize_truth_half_pixel_bilinear(truth, protocol.size)
    height, width = frames.shape[1:3]
    if height * width > protocol.max_pixels:
        raise InputError(
            f"{pair.name} has {width} x {height} pixels, more than --max_pixels={protocol.max_pixels}; shrink it by "
            "--size=HEIGHT,WIDTH or, where there is the memory, raise --max_pixels."
        )
    return frames, truth


def solve_pair(
    frames: np.ndarray, made: dict[str, solvers.Solver], warm: set
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Flow and seconds of every solver; `warm` keeps at which frame sizes each has run already."""
    flows, seconds = {}, {}
    for label, solve in made.items():
        # Compiling and the first touch of memory belong to the size of the frames, not to the pair.
        if (label, frames.shape) not in warm:
            solve(frames)
            warm.add((label, frames.shape))
        start = time.perf_counter()
        flows[label] = solve(frames)
        seconds[label] = time.perf_counter() - start
    return flows, seconds


def measure_pair(
    frames: np.ndarray, truth: np.ndarray | None, flows: dict[str, np.ndarray], seconds: dict[str, float]
) -> dict:
    """The errors of zero flow and of every solver on one pair, end-point errors only where the truth is known."""
    zero = np.zeros((*frames.shape[1:3], 2), np.float32)
    row: dict = {"size": list(frames.shape[1:3]), "photometric_zero": measure.photometric_residual(frames, zero)}
    if truth is not None:
        row |= {"known": float(known_vectors(truth).mean()), "epe_zero": measure.mean_end_point_error(zero, truth)}
    row["solvers"] = {
        label: {
            **({} if truth is None else {"epe": measure.mean_end_point_error(flow, truth)}),
            "photometric": measure.photometric_residual(frames, flow),
            "seconds": seconds[label],
        }
        for label, flow in flows.items()
    }
    return row


def write_flows(folder: Path, name: str, flows: dict, drawn: dict, longest: float) -> None:
    """Writes the .flo files of `flows` and the pictures of `drawn`, each under `folder/LABEL/name`."""
    for label, flow in flows.items():
        write_flo(folder / label / f"{name}.flo", flow)
    for label, flow in drawn.items():
        write_picture(folder / label / f"{name}.png", flow_to_colour(flow, longest))


def captions(row: dict) -> dict[str, str]:
    """What stands under each picture of a pair."""
    kind = "EPE {epe:.3f}" if "epe_zero" in row else "residual {photometric:.2f}"
    words = {label: kind.format(**numbers) for label, numbers in row["solvers"].items()}
    return words | ({TRUTH: f"zero flow: EPE {row['epe_zero']:.3f}"} if "epe_zero" in row else {})


def headings(metrics: dict) -> dict[str, str]:
    """What stands above each column of the sheet: means over the pairs."""
    kind = "{}: EPE {mean_epe:.3f}" if "mean_epe" in metrics else "{}: residual {mean_photometric:.2f}"
    return {label: kind.format(label, **numbers) for label, numbers in metrics["solvers"].items()}


def _protocol(protocol: Protocol, measured: dict[str, dict]) -> dict:
    return {
        "pairs": len(measured),
        "pairs_with_truth": sum("epe_zero" in row for row in measured.values()),
        "size": list(protocol.size) if protocol.size else "native",
        "unknown": protocol.unknown,
        "photometric": PHOTOMETRIC,
        "seconds": TIMING,
    }


if __name__ == "__main__":
    app.run(main, positional=True)
