"""What there is of a table already: its results by row, which of these are stale, and where its networks are kept."""

import glob
from collections.abc import Sequence
from pathlib import Path

from tvnet_keras.entries import matching
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


def split_files(weights: Path, splits: Sequence[int]) -> list[Path]:
    """The files that name the folders of a cell's runs: one for each split, of a single one the cell's own.

    Args:
        weights: the cell's weight file.
        splits: numbers of the splits that it trains on.
    """
    if len(splits) == 1:
        return [weights]
    name = weights.name.removesuffix(WEIGHTS_ENDING)
    return [weights.with_name(f"{name}.split{split}{WEIGHTS_ENDING}") for split in splits]


def run_folders_of(weights: Path) -> list[Path]:
    """The folders of a cell's runs that are there: its own, or those of its splits."""
    folder = run_folder_of(weights)
    of_splits = matching(folder.parent, f"{glob.escape(folder.name)}.split[0-9]")
    return [each for each in (folder, *of_splits) if each.is_dir()]
