"""Where the training of a cell is kept; one that other mathematics began is set aside, not continued."""

import itertools
import json
from pathlib import Path

from launch.run.config import from_dict, to_dict
from launch.run.run_folder import PATH_FIELDS, differences, read_config
from launch.tables import Cell
from launch.tables.parts.stored import run_folder_of, run_folders_of, weights_file
from tvnet_keras.atomic import atomic_path
from tvnet_keras.choices import first_few
from tvnet_keras.errors import InputError
from tvnet_keras.layers.motion_layer import solver_versions

LEFT_TO_THE_RUN = (
    "seed",
    "data.split",
    "data.flow",
    "data.workers",
    "data.missing",
    "model.scaling",
    "train.log_every",
    "train.patience",
)
"""Fields that are a run's own: ImageNet weights bring the range of frames along, a cell of several splits has runs of
each, and the rest changes nothing that is learned."""


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


def require_training_of(cell: Cell, folder: Path) -> None:
    """Refuses a run of another configuration than a cell's, as an earlier version of the table may have left it.

    Args:
        cell: the cell.
        folder: the folder of a run that is finished.

    Raises:
        InputError: it is none, or of another configuration.
    """
    before, now = to_dict(read_config(folder)), to_dict(from_dict(cell.config))
    changed = [
        f"{path} was {old!r}, is {new!r}"
        for path, old, new in differences(before, now)
        if path not in LEFT_TO_THE_RUN and path not in PATH_FIELDS
    ]
    if changed:
        raise InputError(
            f"{folder} holds a training of another configuration than the row {cell.row} has ({first_few(changed)}): "
            "delete it, or give another --weights_dir."
        )


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
