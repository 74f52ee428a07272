"""The errors of flow solvers: their means for `metrics.json`, and tables for the console."""

from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

MOST_ROWS = 40
"""Largest number of pairs that are listed one by one on the console; `metrics.json` has them all."""


def summarise(pairs: dict[str, dict], labels: Sequence[str]) -> dict:
    """Means over the pairs.

    Args:
        pairs: the errors of every pair by its name, as `launch.flow_report.comparison.measure_pair` gives them.
        labels: labels of the solvers.

    Returns:
        `mean_epe` and `mean_photometric` of the first solver, in pixels and grey levels, `mean_epe_zero` and
        `mean_photometric_zero` of zero flow, `seconds_per_pair`, the median; and under `solvers` the numbers of each
        solver. There is no end-point error without a truth.
    """
    rows = list(pairs.values())
    with_truth = [row for row in rows if "epe_zero" in row]
    solvers = {}
    for label in labels:
        solvers[label] = {
            **({"mean_epe": _mean([row["solvers"][label]["epe"] for row in with_truth])} if with_truth else {}),
            "mean_photometric": _mean([row["solvers"][label]["photometric"] for row in rows]),
            "seconds_per_pair": float(np.median([row["solvers"][label]["seconds"] for row in rows])),
        }
    zero = {"mean_photometric_zero": _mean([row["photometric_zero"] for row in rows])}
    if with_truth:
        zero["mean_epe_zero"] = _mean([row["epe_zero"] for row in with_truth])
    return {**solvers[labels[0]], **zero, "solvers": solvers}


def print_tables(metrics: dict) -> None:
    """Prints the errors of every pair, and their means."""
    console = Console()
    if len(metrics["pairs"]) <= MOST_ROWS:
        console.print(_pair_table(metrics))
    console.print(_mean_table(metrics))


def _pair_table(metrics: dict) -> Table:
    labels = list(metrics["solvers"])
    kind = "epe" if "mean_epe" in metrics else "photometric"
    table = Table("pair", "zero flow", *labels, title=_TITLES[kind])
    for name, row in metrics["pairs"].items():
        values = [row.get(f"{kind}_zero"), *(row["solvers"][label].get(kind) for label in labels)]
        table.add_row(name, *("" if value is None else f"{value:.3f}" for value in values))
    return table


def _mean_table(metrics: dict) -> Table:
    count = len(metrics["pairs"])
    title = f"mean of {count} {'pair' if count == 1 else 'pairs'}"
    table = Table("solver", "mean EPE", "residual", "s per pair", title=title)
    zero = {"mean_epe": metrics.get("mean_epe_zero"), "mean_photometric": metrics["mean_photometric_zero"]}
    for label, row in {"zero flow": zero, **metrics["solvers"]}.items():
        values = [row.get(key) for key in ("mean_epe", "mean_photometric", "seconds_per_pair")]
        table.add_row(label, *("" if value is None else f"{value:.3f}" for value in values))
    return table


def _mean(values: list[float]) -> float:
    return float(np.mean(values))


_TITLES = {"epe": "end-point error, pixels", "photometric": "photometric residual, grey levels"}
