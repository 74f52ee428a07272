"""Writes generated pairs as files under FlyingChairs' names, for programs that read those."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import cv2

from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.flow.generated.recipe import Recipe, subset_of, write_recipe
from tvnet_keras.flow.generated.render import render_pair
from tvnet_keras.flow.io import write_flo
from tvnet_keras.one_writer import only_writer
from tvnet_keras.video.workers import workers_of

LIST_FILE = "FlyingChairs_train_val.txt"
CODE_OF_SUBSET = {"train": "1", "test": "2"}
"""The list that FlyingChairs divides its pairs by, and what it writes for each subset."""


def write_pairs(
    root: str | os.PathLike[str],
    recipe: Recipe,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Writes every pair of a recipe; a killed run goes on with the first pair that is not there.

    The flow of a pixel that shows two layers is that of the front one, as in FlyingChairs: every vector is known. The
    list beside them keeps the same pairs for testing as the data set `generated`.

    Args:
        root: the folder of `NNNNN_img1.ppm`, `NNNNN_img2.ppm` and `NNNNN_flow.flo`, numbered from 1; it is made.
        recipe: how pairs are drawn.
        workers: pairs that are rendered at the same time; None takes one per core.
        progress: called with (pairs done, pairs in all) after each pair.

    Returns:
        The folder, which `flow.pairs` then knows as the data set `flyingchairs`, too.

    Raises:
        InputError: the folder cannot be written, is written by another process, or holds pairs of another recipe.
    """
    root = Path(root)
    with only_writer(root), ThreadPoolExecutor(workers_of(workers)) as pool:
        write_recipe(root, recipe)
        _write_list(root, recipe)
        futures = [pool.submit(_write_pair, root, recipe, number) for number in range(recipe.pairs)]
        try:
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                if progress:
                    progress(done, recipe.pairs)
        finally:
            pool.shutdown(cancel_futures=True)
    return root


def _write_list(root: Path, recipe: Recipe) -> None:
    codes = [CODE_OF_SUBSET[subset_of(number)] for number in range(recipe.pairs)]
    with atomic_path(root / LIST_FILE) as partial:
        partial.write_text("\n".join(codes) + "\n", encoding="ascii")


def _write_pair(root: Path, recipe: Recipe, number: int) -> None:
    name = f"{number + 1:05d}"
    flow = root / f"{name}_flow.flo"
    # The flow is written last, so that where it is the frames are too.
    if flow.exists():
        return
    pair = render_pair(recipe, number)
    for place, frame in enumerate(pair.frames, 1):
        with atomic_path(root / f"{name}_img{place}.ppm") as partial:
            whole, content = cv2.imencode(".ppm", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
            if not whole:
                raise InputError(f"{partial} cannot be written as a picture.")
            partial.write_bytes(content.tobytes())
    write_flo(flow, pair.flow)
