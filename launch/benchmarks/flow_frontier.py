"""Error against time of every solver of flow: which one to take for the milliseconds that one has.

    python -m launch.benchmark --suite=flow_frontier --input=middlebury=DIR --input=sintel=DIR \\
      --input=flyingchairs=DIR --input=ucf101=UCF-101

Two tables, two cores, some ten minutes: wall-clock times per pair of 640 x 480, warm, with ratios to DIS (medium) in
the same run, and mean errors over the pairs of a data set at their own size. These are end-point errors on Middlebury,
Sintel (both passes), FlyingChairs and generated pairs, the test subset of each, and photometric residuals on clips of
UCF101. The column of a data set whose folder is not given stays empty. The figure of the same name draws what this
writes; `errors` of the file has the error of every pair.
"""

import dataclasses
import math
import os
from collections.abc import Mapping
from functools import partial
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from launch.benchmarks.parts import rounds
from launch.benchmarks.parts.classical import THREADS
from launch.benchmarks.parts.cores import busy_notes, limited_cores
from launch.benchmarks.parts.frames import clips
from launch.benchmarks.parts.pair_sets import RECIPE, SETS, PairSet, read_sets
from launch.flow_report.inputs import solver_record
from launch.run.progress import progress
from tvnet_keras import presets
from tvnet_keras.errors import InputError
from tvnet_keras.flow.solvers import Solver, dis, make_solver

SIZE = (480, 640)
"""Height and width of the pair that is timed, in pixels."""

NETWORKS = ("1-1-50", "3-1-10", "3-2-10", "5-1-10", "5-3-10", "5-5-10", "5-5-50")
"""Scales, warps and iterations of the untrained TVNets."""

YARDSTICK = "dis-medium"
ZERO = "zero flow"

Errors: TypeAlias = dict[str, dict[str, dict[str, float]]]
"""By data set, pair and solver."""


@dataclasses.dataclass(frozen=True)
class Contestant:
    """A solver that is compared.

    Attributes:
        name: its own name in the tables; the figure leaves out the first of several words: "tvnet-5-5-50".
        family: what the figure gives one marker.
        solver: its name for `tvnet_keras.flow.solvers.make_solver`; empty if it is `name`.
        options: its options for the same.
    """

    name: str
    family: str
    solver: str = ""
    options: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def make(self) -> Solver:
        """The solver.

        Raises:
            InputError: it cannot be made here.
        """
        return make_solver(self.solver or self.name, **self.options)


def contestants() -> tuple[Contestant, ...]:
    """Every solver that is compared; `YARDSTICK` is among them."""
    return (
        *(Contestant(f"tvnet-{network}", "TVNet, untrained") for network in NETWORKS),
        *(Contestant(name, "TVNet, preset", presets.load(name).solver, {"weights": name}) for name in presets.names()),
        *(Contestant(name, "DIS") for name in dis.PRESETS),
        *(Contestant(name, "TV-L1") for name in ("tvl1-5-5-10", "tvl1-5-5-50", "tvl1")),
        Contestant("deepflow", "DeepFlow"),
        Contestant("farneback", "Farneback"),
    )


def run(*, middlebury: str = "", sintel: str = "", flyingchairs: str = "", ucf101: str = "") -> dict:
    """Measures everything.

    Args:
        middlebury: Middlebury's folder (`other-data`, `other-gt-flow`); its first pair is timed, else a generated one.
        sintel: MPI-Sintel's folder (`training`).
        flyingchairs: FlyingChairs' folder.
        ucf101: UCF101's folder, with its lists.

    Returns:
        `protocol`; `notes`, sentences for the reader; `rows` of two tables, which differ in their first key: "solver",
        the times, and "mean error of", zero flow among them; `errors`, by data set and pair, of every solver.

    Raises:
        InputError: a folder does not hold what it should, or a file cannot be read.
    """
    roots = {"middlebury": middlebury, "sintel": sintel, "flyingchairs": flyingchairs, "ucf101": ucf101}
    sets, absent = read_sets(roots)
    load = os.getloadavg()[0]
    # Every size of frames has a graph of its own on purpose; TensorFlow would warn of retracing.
    tf.get_logger().setLevel("ERROR")
    with limited_cores(THREADS) as cores:
        frames = clips(middlebury, 1, *SIZE)[0]
        made, left_out = _made(frames)
        seconds = rounds.measure({name: partial(solve, frames) for name, solve in made.items()})
        errors, untreated = _errors(sets, made)
    compared = [contestant for contestant in contestants() if contestant.name in made]
    return {
        "protocol": _protocol(sets, compared, bool(middlebury), cores, load),
        "notes": [*absent, *left_out, *untreated, *busy_notes(load)],
        "rows": [*_time_rows(compared, seconds), *(_error_row(name, errors) for name in (ZERO, *made))],
        "errors": errors,
    }


def _made(frames: np.ndarray) -> tuple[dict[str, Solver], list[str]]:
    """The solvers by name, each called once, and the reasons why others cannot be called here."""
    made: dict[str, Solver] = {}
    missing = []
    wanted = contestants()
    with progress("compiling", "solvers") as show:
        for number, contestant in enumerate(wanted, 1):
            try:
                solve = contestant.make()
                solve(frames)
                made[contestant.name] = solve
            except InputError as error:
                missing.append(f"Left out: {error}")
            show(number, len(wanted))
    return made, list(dict.fromkeys(missing))


def _errors(sets: list[PairSet], made: dict[str, Solver]) -> tuple[Errors, list[str]]:
    """The errors of zero flow and of every solver, and which solvers cannot treat all pairs of a set."""
    errors: Errors = {one.name: {} for one in sets}
    untreated: dict[tuple[str, str], str] = {}
    listed = [(one, pair) for one in sets for pair in one.pairs]
    with progress("computing flow", "pairs") as show:
        for number, (one, pair) in enumerate(listed, 1):
            frames, _ = one.pairs[pair]
            row = {ZERO: one.error(pair, np.zeros((*frames.shape[1:3], 2), np.float32))}
            for name, solve in made.items():
                try:
                    row[name] = one.error(pair, solve(frames))
                except InputError as error:
                    untreated.setdefault((one.name, name), f"No error of {name} on {one.name}: {error}")
            errors[one.name][pair] = row
            show(number, len(listed))
    return errors, list(untreated.values())


def _time_rows(compared: list[Contestant], seconds: dict[str, list[float]]) -> list[dict]:
    yardstick = seconds.get(YARDSTICK)
    base = None if yardstick is None else float(np.median(yardstick)) * 1e3
    rows = []
    for contestant in compared:
        taken = seconds[contestant.name]
        measured = rounds.summary(taken)
        ratio = None if base is None else measured["ms_per_pair"] / base
        words = {"solver": contestant.name, "family": contestant.family}
        rows.append({**words, **measured, "to_dis_medium": ratio, "calls": len(taken)})
    return rows


def _error_row(name: str, errors: Errors) -> dict:
    """Means over the pairs of every set; None where the set is missing or a pair could not be treated."""
    means: dict[str, float | None] = {}
    for column in SETS:
        found = [row.get(name, math.nan) for row in errors.get(column, {}).values()]
        mean = float(np.mean(found)) if found else math.nan
        means[column] = None if math.isnan(mean) else mean
    return {"mean error of": name, **means}


def _protocol(sets: list[PairSet], compared: list[Contestant], middlebury: bool, cores: int, load: float) -> dict:
    return {
        "timed": "Middlebury's first pair, resized" if middlebury else "a generated texture that moves",
        "size": list(SIZE),
        "times": "wall clock from RGB frames in memory to flow, warm; median, lowest and highest of the calls",
        "order": f"{rounds.ROUNDS} rounds over all contestants; those above {rounds.SLOW_SECONDS} s in every second",
        "cores": cores,
        "devices": sorted({device.device_type for device in tf.config.list_physical_devices()}),
        "load_at_start": round(load, 2),
        "yardstick": YARDSTICK,
        "solvers": {one.name: solver_record(one.solver or one.name, dict(one.options)) for one in compared},
        "errors": {one.name: one.protocol() for one in sets},
        "recipe": dataclasses.asdict(RECIPE),
    }
