"""Files of scores that `launch.fuse` reads, one format per file; a new file is a new format.

A module has

`matches(path) -> bool`
    Whether a file is of this format.
`read(path, official) -> Scores`
    The scores. `official()` returns the data set's test list, which a file without names of its own needs.
"""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

from tvnet_keras.choices import load_module, module_names
from tvnet_keras.errors import InputError
from tvnet_keras.scoring.scores import Scores
from tvnet_keras.video import datasets

FOREIGN = {"clips": 1, "crops": 1, "commit": "", "seed": 0, "weights_sha256": ""}
"""What the header of scores from elsewhere has under the keys that only our evaluations know."""


@dataclasses.dataclass(frozen=True)
class TestList:
    """A data set's test list, whether its files are there or not.

    Attributes:
        labels: the label of every video by its id, in list order.
        class_names: the classes in label order.
        split: the number of the split.
    """

    __test__ = False  # For pytest, which would take an imported class of this name for a test.

    labels: dict[str, int]
    class_names: tuple[str, ...]
    split: int


def test_list(dataset: str, data_dir: str, split: int) -> TestList:
    """Reads a test list; the videos themselves need not be there.

    Args:
        dataset: name of the data set, such as "ucf101".
        data_dir: folder of the lists, or of the data set.
        split: number of the split.

    Raises:
        InputError: no such data set, split or list.
    """
    videos = datasets.load(dataset, data_dir, subset="test", split=split)
    labels = {video.video_id: video.label for video in (*videos.videos, *videos.missing)}
    return TestList({name: labels[name] for name in videos.order or labels}, videos.class_names, split)


test_list.__test__ = False


def read_scores(path: str, official: Callable[[], TestList]) -> Scores:
    """Reads a file of scores of any known format.

    Args:
        path: the file.
        official: returns the test list that the scores are of, with the files that are not there.

    Raises:
        InputError: no such file, an unknown format, or a damaged file.
    """
    if not Path(path).is_file():
        raise InputError(f"There is no scores file {path}; check the path.")
    here = sys.modules[__name__]
    for name in module_names(here):
        module = load_module(here, "The format", name)
        if module.matches(Path(path)):
            return module.read(Path(path), official)
    raise InputError(f"{path} has none of the known formats of scores: {', '.join(module_names(here))}.")
