"""Computing the cells of a table, one after the other; a killed process goes on with the next missing one."""

import time
from collections.abc import Sequence
from pathlib import Path

from launch.run import environment
from launch.tables import Cell
from launch.tables.parts.kept_training import set_aside_unless_made_by, training_of, versions_of
from launch.tables.parts.stored import results_of, run_folders_of, stale
from tvnet_keras.one_writer import only_writer
from tvnet_keras.scoring.result import Result, save_result


def reproduce(
    cells: Sequence[Cell],
    table: str,
    data_dir: str,
    seeds: Sequence[int],
    root: Path,
    weights_dir: Path,
    *,
    recompute: bool = False,
) -> int:
    """Computes every cell and seed that has no result, and saves it at once; first one seed of all cells.

    Says first how many cells it takes from `root`, how many of these are stale, and in the end how many it computed.

    Args:
        cells: cells of the table; those that are computed at full scale only are left out.
        table: the table's name.
        data_dir: the data set that the table is about.
        seeds: the seeds of the trainings; none takes those that each cell has.
        root: the folder of all results.
        weights_dir: the folder of what all tables train.
        recompute: whether cells that have a result are computed again.

    Returns:
        How many cells were computed.

    Raises:
        InputError: another process computes a cell that this one has come to.
    """
    every = sorted({seed for cell in cells for seed in seeds or cell.seeds})
    plan = [(cell, seed) for seed in every for cell in cells if cell.run and seed in (seeds or cell.seeds)]
    planned = {(cell.row, seed) for cell, seed in plan}
    stored = {key: result for key, result in _by_cell(results_of(table, root)).items() if key in planned}
    stale_ones = len(stale(list(stored.values())))
    print(_stored_cells(len(plan), len(stored), stale_ones, root, recompute), flush=True)
    computed = 0
    for number, (cell, seed) in enumerate(plan, 1):
        # Looked up again: another process may have computed it since.
        there = _by_cell(results_of(table, root)).get((cell.row, seed))
        if there and not (recompute and there == stored.get((cell.row, seed))):
            continue
        print(f"[{number}/{len(plan)}] {cell.row}, seed {seed}, about {cell.minutes:.1f} min", flush=True)
        weights = training_of(cell, table, seed, weights_dir)
        with only_writer(weights, beside=True):
            result = _computed(cell, table, data_dir, seed, weights)
            save_result(root, result)
        computed += 1
        print(f"    {cell.number} {result.numbers[cell.number]:.3f}, paper {cell.paper}", flush=True)
    print(f"Computed now: {computed} of {len(plan)} cells; taken from {root}: {len(plan) - computed}.", flush=True)
    return computed


def _by_cell(results: dict[str, list[Result]]) -> dict[tuple[str, int], Result]:
    return {(row, result.seed): result for row, of_row in results.items() for result in of_row}


def _stored_cells(planned: int, stored: int, stale_ones: int, root: Path, recompute: bool) -> str:
    """The sentence about how many of the planned cells are there, and what becomes of them."""
    said = f"{stored} of {planned} cells have a number in {root}"
    if stale_ones:
        said += f", {stale_ones} of them of other mathematics than today's (stale)"
    if not stored:
        return f"{said}."
    if recompute:
        return f"{said}: they are computed again, and replaced."
    return f"{said}: these are taken from there and not computed; --recompute computes them again."


def _computed(cell: Cell, table: str, data_dir: str, seed: int, weights: Path) -> Result:
    if cell.run is None:
        raise ValueError(f"Only cells with a small version can be computed. Received: {cell.row}")
    versions = versions_of(cell)
    set_aside_unless_made_by(versions, weights)
    # How long a training took that a killed process began is not known.
    begun, start = run_folders_of(weights), time.monotonic()
    if begun:
        print(f"    goes on with the training in {begun[-1]}", flush=True)
    measured = cell.run(data_dir, seed, weights)
    minutes = {} if begun else {"minutes": (time.monotonic() - start) / 60}
    return Result(
        table=table,
        row=cell.row,
        seed=seed,
        config=cell.config,
        protocol={**cell.protocol, **measured.protocol},
        commit=environment.git_commit() or "unknown",
        machine={**environment.machine(), **environment.versions()},
        numbers={**measured.numbers, **minutes},
        solver_versions=versions,
    )
