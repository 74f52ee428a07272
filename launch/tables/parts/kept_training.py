"""Where the training of a cell is kept; one that other mathematics began is set aside, not continued."""

import itertools
import json
from pathlib import Path

from launch.tables import Cell
from launch.tables.parts.stored import run_folder_of, run_folders_of, weights_file
from tvnet_keras.atomic import atomic_path
from tvnet_keras.layers.motion_layer import solver_versions


def training_of(cell: Cell, table: str, seed: int, weights_dir: Path) -> Path:
    """The weight file that a cell writes, or that names the folder of its run.

    Args:
        cell: the cell.
        table: the name of its table.
        seed: the seed of the training.
        weights_dir: the folder of what all tables train.
    """
    return weights_file(weights_dir, *(cell.trained_as or (table, cell.row)), seed)


def versions_of(cell: Cell) -> dict[str, int]:
    """By motion layer of a cell's network, the version of its mathematics today."""
    return solver_versions(cell.network()) if cell.network else {}


def set_aside_unless_made_by(versions: dict[str, int], weights: Path) -> None:
    """Notes beside the runs of a cell which mathematics they are made by; those begun with others are renamed.

    Args:
        versions: as `versions_of` has them; a run without motion layers is never set aside.
        weights: as `training_of` has it.
    """
    if not versions:
        return
    folder = run_folder_of(weights)
    note = folder.with_name(f"{folder.name}.solver_versions.json")
    text = json.dumps(versions) + "\n"
    if note.is_file() and note.read_bytes() == text.encode():
        return
    for there in run_folders_of(weights):
        numbered = (there.with_name(f"{there.name}.stale{number}") for number in itertools.count(1))
        aside = next(path for path in numbered if not path.exists())
        there.rename(aside)
        print(f"    {there} is not known to be of today's mathematics: renamed {aside.name}", flush=True)
    with atomic_path(note) as partial:
        partial.write_text(text)
