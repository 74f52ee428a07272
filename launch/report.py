"""Tables of the committed results, which are generated and never typed by hand.

python -m launch.report             # prints every table of docs/results
python -m launch.report --update    # writes them into README.md, between its markers
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
from absl import flags

import launch.tables
from launch.run import app
from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.layers.motion_layer import current_versions
from tvnet_keras.scoring.result import STALE_MARK, Result, load_results

RESULTS_DIR = flags.DEFINE_string("results_dir", "docs/results", "The folder of the Result files.")
UPDATE = flags.DEFINE_bool("update", False, "Write the tables into README.md instead of printing them.")

README = Path("README.md")
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
    if not UPDATE.value:
        print(text)
        return
    update_readme(text)
    print(f"written: {README}")


def update_readme(text: str) -> None:
    """Writes the tables into README.md, between its markers.

    Raises:
        InputError: the page cannot be read or written, or has no markers.
    """
    try:
        page = README.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{README} cannot be read ({error}); run this at the root of the repository.") from error
    page = between_markers(page, text)
    with atomic_path(README) as partial:
        partial.write_text(page, encoding="utf-8")


def tables(results: tuple[Result, ...]) -> str:
    """The results as tables in Markdown: mean and standard deviation over seeds in each row; stale rows are marked."""
    by_table: dict[str, list[Result]] = defaultdict(list)
    # The papers' tables have pages of their own, which launch.reproduce writes.
    elsewhere = launch.tables.names()
    for result in results:
        if result.table not in elsewhere:
            by_table[result.table].append(result)
    return "\n\n".join(_table(name, by_table[name]) for name in sorted(by_table))


def between_markers(page: str, text: str) -> str:
    """`page` with what stands between the markers replaced by `text`.

    Raises:
        InputError: the page has no markers.
    """
    head, start, rest = page.partition(START)
    _, end, tail = rest.partition(END)
    if not (start and end):
        raise InputError(f"{README} lacks the lines {START!r} and, below it, {END!r}; put them in.")
    return f"{head}{START}\n{text}\n{END}{tail}"


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
