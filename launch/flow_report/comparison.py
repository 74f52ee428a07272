"""Solvers compared on image pairs: the flow of every pair, its errors, and the files that show them."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from launch.flow_report.pictures import FRAME, TRUTH, Sheet, captions, headings, longest_of, write_picture
from launch.flow_report.sequences import require_pixels
from launch.flow_report.tables import summarise
from launch.run.environment import git_commit, machine, versions
from launch.run.progress import progress
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

SHEET_ROWS = 8
"""Largest number of pairs on the contact sheet; they are evenly spaced over the list."""

TIMING = "one pair at a time; the first call at each frame size is not counted; median over pairs"
PHOTOMETRIC = "mean |I2(x + flow) - I1(x)| over all pixels, grey levels 0..255"


@dataclass(frozen=True)
class PairProtocol:
    """What is done to the pairs before they are compared.

    Attributes:
        size: (height, width) to resize to; None keeps the pairs' own.
        unknown: what becomes of unknown vectors of the exact flow, "masked" or "zero".
        max_pixels: largest number of pixels of a frame after that; larger frames are refused.
    """

    size: tuple[int, int] | None = None
    unknown: str = "masked"
    max_pixels: int = LARGEST_PIXELS

    def __post_init__(self) -> None:
        check_choice("--unknown", self.unknown, [str(word) for word in options_of(FlowRecipe)["unknown"].allowed])


def compare(
    listed: Sequence[pairs.Pair],
    made: dict[str, solvers.Solver],
    folder: Path,
    protocol: PairProtocol,
    given: dict[str, str],
) -> dict:
    """Computes the flow of every pair with every solver and writes the files that `launch.flow` describes.

    Args:
        listed: the pairs.
        made: solvers by their labels.
        folder: the folder to write to.
        protocol: what is done to the pairs before they are compared.
        given: what else belongs to the recorded protocol, such as the data set.

    Returns:
        The content of `metrics.json`: `solver` (the first one), the numbers of `summarise`, `pairs`, `protocol`,
        `machine`, `versions`, `commit`.

    Raises:
        InputError: a pair cannot be read or a solver cannot treat it, or the folder cannot be written or is written by
            another process.
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
            "protocol": {**given, **_recorded(protocol, measured)},
            "machine": machine(),
            "versions": versions(),
            "commit": git_commit(),
        }
        write_picture(folder / "contact_sheet.png", sheet.picture(headings(metrics)))
        with atomic_path(folder / "metrics.json") as partial:
            partial.write_text(json.dumps(metrics, indent=2) + "\n")
        return metrics


def read_pair(pair: pairs.Pair, protocol: PairProtocol) -> tuple[np.ndarray, np.ndarray | None]:
    """Reads a pair and prepares it as the protocol says.

    Returns:
        Frames uint8 `[2, H, W, 3]`, and the exact flow `[H, W, 2]`, in pixels; None where it is not known.

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
    require_pixels(pair.name, frames.shape[1:3], protocol.max_pixels)
    return frames, truth


def solve_pair(
    frames: np.ndarray, made: dict[str, solvers.Solver], warm: set
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Computes the flow of a pair with every solver.

    Args:
        frames: uint8 `[2, H, W, 3]`, RGB.
        made: solvers by their labels.
        warm: the solvers and shapes of frames that need no first call any more; those of this call are added.

    Returns:
        Flow `[H, W, 2]`, in pixels, and seconds, each by the solver's label.
    """
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
    """The errors of zero flow and of every solver on one pair; end-point errors only where the truth is known.

    Args:
        frames: uint8 `[2, H, W, 3]`, RGB.
        truth: the exact flow `[H, W, 2]`, in pixels, or None.
        flows: flow `[H, W, 2]`, in pixels, by the solver's label.
        seconds: time that the flow took, by the solver's label.

    Returns:
        `size`, `photometric_zero`, `solvers` (`photometric`, `seconds` and perhaps `epe`, by label), and with a truth
        `known`, the share of known vectors, and `epe_zero`.
    """
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
    """Writes the .flo files of `flows` and the pictures of `drawn`, each as `folder/LABEL/name` with its ending."""
    for label, flow in flows.items():
        write_flo(folder / label / f"{name}.flo", flow)
    for label, flow in drawn.items():
        write_picture(folder / label / f"{name}.png", flow_to_colour(flow, longest))


def _recorded(protocol: PairProtocol, measured: dict[str, dict]) -> dict:
    """What was done to the pairs, as `metrics.json` records it."""
    return {
        "pairs": len(measured),
        "pairs_with_truth": sum("epe_zero" in row for row in measured.values()),
        "size": list(protocol.size) if protocol.size else "native",
        "unknown": protocol.unknown,
        "photometric": PHOTOMETRIC,
        "seconds": TIMING,
    }
