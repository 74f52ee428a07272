"""What there is of a table already: its results by row, which of these are stale, and where its networks are kept."""

from collections.abc import Sequence
from pathlib import Path

from tvnet_keras.layers.motion_layer import current_versions
from tvnet_keras.scoring.result import Result, load_results

WEIGHTS_ENDING = ".weights.h5"


def results_of(table: str, root: Path) -> dict[str, list[Result]]:
    """The results of a table by row.

    Args:
        table: the table's name.
        root: the folder of all results.
    """
    return all_results(root).get(table, {})


def all_results(root: Path) -> dict[str, dict[str, list[Result]]]:
    """The results of all tables, by table and row.

    Args:
        root: the folder of all results; one that is absent has none.
    """
    found: dict[str, dict[str, list[Result]]] = {}
    for result in load_results(root) if root.is_dir() else ():
        found.setdefault(result.table, {}).setdefault(result.row, []).append(result)
    return found


def stale(results: Sequence[Result]) -> list[Result]:
    """The results that other mathematics than today's made."""
    current = current_versions()
    return [result for result in results if result.is_stale(current)]


def weights_file(folder: Path, table: str, row: str, seed: int) -> Path:
    """Where the network that a cell trains is kept.

    Args:
        folder: the folder of what all tables train.
        table: the table's name.
        row: the cell's name.
        seed: the seed of the training.
    """
    return folder / table / f"{row}-seed{seed}{WEIGHTS_ENDING}"


def run_folder_of(weights: Path) -> Path:
    """The folder in which a cell keeps its whole run, from the weight file that it may write instead."""
    return weights.with_name(weights.name.removesuffix(WEIGHTS_ENDING))
