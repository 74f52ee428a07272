"""Published scores of Hidden Two-Stream (Zhu et al., ACCV 2018), as a MATLAB file.

One matrix `[N, K]`, such as `hidden_prediction`, of logits averaged over the views; row n is video n of the test list.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from launch.score_files import FOREIGN, TestList
from launch.score_files.parts.matlab import read_variables, variable_names
from tvnet_keras.errors import InputError
from tvnet_keras.scoring.scores import Scores

ENDING = "_prediction"


def matches(path: Path) -> bool:
    """Whether the file's only variable is a prediction."""
    names = variable_names(path)
    return len(names) == 1 and names[0].endswith(ENDING)


def read(path: Path, official: Callable[[], TestList]) -> Scores:
    """The scores; the test list gives rows and columns their names.

    Raises:
        InputError: the file is damaged, or has not one row for each video and one column for each class of the list.
    """
    ((name, matrix),) = read_variables(path).items()
    listed = official()
    shape = (len(listed.labels), len(listed.class_names))
    if matrix.shape != shape:
        raise InputError(
            f"{path} has scores of the shape {matrix.shape}, but the test list has {shape[0]} videos of {shape[1]} "
            "classes: --dataset, --data_dir and --split must be those of the scores."
        )
    header = {**FOREIGN, "kind": name.removesuffix(ENDING), "experiment": path.stem, "split": listed.split}
    return Scores(tuple(listed.labels), np.array([*listed.labels.values()]), listed.class_names, matrix, header)
