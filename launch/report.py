"""Tables of the committed results, which are generated and never typed by hand.

python -m launch.report             # prints every table of docs/results, and which solver is how exact and fast
python -m launch.report --update    # writes them into README.md and docs/which-solver.md, between their markers
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
from absl import flags

import launch.tables
from launch.figures.flow_frontier import Measured, read_result
from launch.figures.flow_frontier import Result as Frontier
from launch.figures.parts.front import pareto_front
from launch.run import app
from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.layers.motion_layer import current_versions
from tvnet_keras.scoring.result import STALE_MARK, Result, load_results

RESULTS_DIR = flags.DEFINE_string("results_dir", "docs/results", "The folder of the Result files.")
FRONTIER = flags.DEFINE_string(
    "frontier", "benchmarks/flow_frontier.json", "What launch.benchmark --suite=flow_frontier wrote."
)
UPDATE = flags.DEFINE_bool("update", False, "Write the tables into their pages instead of printing them.")

README = Path("README.md")
SOLVERS = Path("docs/which-solver.md")
SOLVERS_START, SOLVERS_END = "<!-- solvers: python -m launch.report --update -->", "<!-- end of solvers -->"
START, END = "<!-- results: python -m launch.report --update -->", "<!-- end of results -->"
PERCENT = ("top1", "top5", "mean_class_accuracy")
HEADINGS = {
    "top1": "top-1 %",
    "top5": "top-5 %",
    "mean_class_accuracy": "mean class %",
    "epe_untrained": "EPE untrained",
    "epe": "EPE trained",
    "epe_zero": "EPE of zero flow",
}


def main() -> None:
    """Reads the flags, prints or writes."""
    text = tables(load_results(RESULTS_DIR.value))
    solvers = solver_table(read_result(FRONTIER.value, "--frontier"))
    if not UPDATE.value:
        print(f"{text}\n\n{solvers}")
        return
    update_page(README, text, START, END)
    update_page(SOLVERS, solvers, SOLVERS_START, SOLVERS_END)
    print(f"written: {README}, {SOLVERS}")


def update_page(path: Path, text: str, start: str = START, end: str = END) -> None:
    """Writes tables into a page, between its markers.

    Args:
        path: the page.
        text: the tables.
        start: the marker above them.
        end: the marker below them.

    Raises:
        InputError: the page cannot be read or written, or has no markers.
    """
    try:
        page = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); run this at the root of the repository.") from error
    page = between_markers(page, text, start, end, path)
    with atomic_path(path) as partial:
        partial.write_text(page, encoding="utf-8")


def solver_table(result: Frontier) -> str:
    """How exact and how fast every solver is, as a table in Markdown, the fastest first.

    Numbers in bold are not outdone: no other solver is both as fast and as exact on that data set.
    """
    shown = [name for name in result.units if name != "generated"]
    ordered = sorted(result.solvers, key=lambda solver: solver.milliseconds)
    best = {name: _not_outdone(ordered, name) for name in shown}
    headings = ["`--solver=`", f"ms per {result.timed}", *(f"{name}, {result.units[name]}" for name in shown)]
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    zero = [_number(result.zero.get(name)) for name in shown]
    lines.append("| " + " | ".join(["(no flow)", "", *zero]) + " |")
    for solver in ordered:
        cells = [_number(solver.errors.get(name), bold=solver.solver in best[name]) for name in shown]
        lines.append("| " + " | ".join([solver.solver, f"{solver.milliseconds:.0f}", *cells]) + " |")
    return "\n".join(lines)


def _not_outdone(solvers: list[Measured], name: str) -> set[str]:
    """The solvers that no other outdoes in both time and error on a data set."""
    known = [solver for solver in solvers if name in solver.errors]
    front = pareto_front([(solver.milliseconds, solver.errors[name]) for solver in known])
    return {known[place].solver for place in front}


def _number(error: float | None, *, bold: bool = False) -> str:
    if error is None:
        return ""
    number = f"{error:.3f}" if error < 1 else f"{error:.2f}"
    return f"**{number}**" if bold else number


def tables(results: tuple[Result, ...]) -> str:
    """The results as tables in Markdown: mean and standard deviation over seeds in each row; stale rows are marked."""
    by_table: dict[str, list[Result]] = defaultdict(list)
    # The papers' tables have pages of their own, which launch.reproduce writes.
    elsewhere = launch.tables.names()
    for result in results:
        if result.table not in elsewhere:
            by_table[result.table].append(result)
    return "\n\n".join(_table(name, by_table[name]) for name in sorted(by_table))


def between_markers(page: str, text: str, start: str = START, end: str = END, path: Path = README) -> str:
    """`page` with what stands between the markers replaced by `text`.

    Raises:
        InputError: the page has no markers.
    """
    head, found_start, rest = page.partition(start)
    _, found_end, tail = rest.partition(end)
    if not (found_start and found_end):
        raise InputError(f"{path} lacks the lines {start!r} and, below it, {end!r}; put them in.")
    return f"{head}{start}\n{text}\n{end}{tail}"


def _table(name: str, results: list[Result]) -> str:
    names = [key for key in HEADINGS if any(key in result.numbers for result in results)]
    rows: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        rows[result.row].append(result)
    lines = [
        f"**{name}**\n",
        "| "
        + " | ".join(["network", *(HEADINGS[key] for key in names), "test videos", "clips x crops", "seeds"])
        + " |",
        "|" + "---|" * (len(names) + 4),
    ]
    current, stale = current_versions(), False
    for row, group in sorted(rows.items()):
        protocol = group[0].protocol
        mark = f" {STALE_MARK}" if any(result.is_stale(current) for result in group) else ""
        stale = stale or bool(mark)
        # Flow is measured without videos, clips or crops.
        views = f"{protocol['clips']} x {protocol['crops']}" if {"clips", "crops"} <= set(protocol) else ""
        cells = [row + mark, *(_cell(key, group) for key in names), str(protocol.get("videos", "")), views]
        cells.append(str(len(group)))
        lines.append("| " + " | ".join(cells) + " |")
    if stale:
        lines.append(
            f"\n{STALE_MARK} made by other mathematics than today's: train it again, then `python -m launch.evaluate "
            f"--run=RUN --result={name}/ROW`."
        )
    return "\n".join(lines)


def _cell(key: str, group: list[Result]) -> str:
    values = np.array([result.number(key, share=key in PERCENT) for result in group if key in result.numbers])
    if not len(values):
        return ""
    values, digits = (100 * values, 1) if key in PERCENT else (values, 3)
    spread = f" ± {values.std(ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{values.mean():.{digits}f}{spread}"


if __name__ == "__main__":
    app.run(main)
