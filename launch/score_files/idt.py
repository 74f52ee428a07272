"""Decision values of improved dense trajectories (Wang and Schmid, ICCV 2013), as a MATLAB file.

`scores_idt` `[N, K]` are the values of one-against-all support vector machines, `vn_idt` the videos' names and `gt_idt`
their classes, counted from 1. Rows are in no order that means anything: videos are joined by name.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from launch.score_files import FOREIGN, TestList
from launch.score_files.parts.matlab import read_variables, variable_names
from tvnet_keras.errors import InputError
from tvnet_keras.scoring.scores import Scores

VARIABLES = ("scores_idt", "vn_idt", "gt_idt")


def matches(path: Path) -> bool:
    """Whether the file has the three variables."""
    return set(VARIABLES) <= set(variable_names(path))


def read(path: Path, official: Callable[[], TestList]) -> Scores:
    """The decision values; the test list gives the classes their names.

    Raises:
        InputError: the file is damaged, or is not of the test list: another number of classes, or another class of a
            video.
    """
    variables = read_variables(path)
    values, names, classes = (variables[name] for name in VARIABLES)
    listed = official()
    if values.ndim != 2 or values.shape[1] != len(listed.class_names):
        raise InputError(
            f"{path} has scores of the shape {values.shape}, but the test list has {len(listed.class_names)} classes: "
            "--dataset and --data_dir must be those of the scores."
        )
    video_id = tuple(str(name.item()) for name in names.ravel())
    label = _labels(path, dict(zip(video_id, classes.ravel().tolist(), strict=True)), listed)
    # The file's classes may be in another order than the list's: HMDB51's `climb` and `climb_stairs` are.
    ordered = np.empty_like(values)
    ordered[:, [label[number] for number in range(1, values.shape[1] + 1)]] = values
    header = {**FOREIGN, "kind": "idt", "experiment": path.stem, "split": listed.split}
    return Scores(video_id, np.array([listed.labels[name] for name in video_id]), listed.class_names, ordered, header)


def _labels(path: Path, classes: dict[str, int], listed: TestList) -> dict[int, int]:
    """The label of each of the file's classes, of which the videos that both know tell.

    Raises:
        InputError: the file has not exactly the videos of the list, or its classes are others.
    """
    unmatched = sorted(set(classes) ^ set(listed.labels))
    if unmatched:
        raise InputError(
            f"{path} and the test list differ by {len(unmatched)} videos, such as {unmatched[0]}: --dataset, "
            "--data_dir and --split must be those of the scores."
        )
    pairs = {(number, listed.labels[name]) for name, number in classes.items()}
    label = dict(pairs)
    numbers = range(1, len(listed.class_names) + 1)
    if not len(pairs) == len(set(label.values())) == len(numbers) or set(label) != set(numbers):
        raise InputError(f"{path} divides the videos into other classes than the test list; check --dataset.")
    return label
