"""The faults of the videos of a data set or a folder, printed as tables."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from launch.run.progress import progress
from tvnet_keras.choices import first_few
from tvnet_keras.entries import below
from tvnet_keras.errors import InputError
from tvnet_keras.video import datasets
from tvnet_keras.video.listing import Video, VideoList, class_warnings
from tvnet_keras.video.scan import Problem, Scan, scan
from tvnet_keras.video.split_files import SUBSETS, VIDEO_EXTENSIONS

Splits = dict[tuple[int, str], VideoList]
"""Lists by split number and subset."""

LOG_WIDTH = 160
"""Width of the output, in letters, where it is no terminal: a file's name and its fault then stay on one line."""


def splits_of(dataset: str, root: Path, split: int, classes: Sequence[str]) -> Splits:
    """Loads the lists of one split, or of all, with the validation list that the folder may have of its own.

    Args:
        dataset: the name of a module of `tvnet_keras.video.datasets`.
        root: the data set's folder.
        split: number of the split, 0 for all.
        classes: names of the classes to keep; empty keeps all.

    Raises:
        InputError: no such data set, split, list or class.
    """
    numbers = (split,) if split else datasets.module(dataset).SPLITS
    lists = {
        (number, subset): datasets.load(dataset, root, subset=subset, split=number, classes=classes)
        for number in numbers
        for subset in SUBSETS
    }
    own = datasets.validation_list_of(dataset, root, classes=classes)
    return lists if own is None else {**lists, (numbers[0], "validation"): own}


def union(splits: Splits) -> VideoList:
    """All videos of several lists, each once."""
    lists = tuple(splits.values())
    return replace(
        lists[0],
        videos=tuple(dict.fromkeys(video for part in lists for video in part.videos)),
        missing=tuple(dict.fromkeys(video for part in lists for video in part.missing)),
    )


def check_dataset(
    splits: Splits, *, minimum: int, workers: int | None, memory: str | None, name_missing: bool = False
) -> Scan:
    """Decodes every file of some lists and prints what is there, what is missing and what is wrong.

    Args:
        splits: the lists.
        minimum: least number of frames of a video that is not called short.
        workers: number of files decoded at the same time; None takes one per core.
        memory: JSON file that remembers what was decoded before; None remembers nothing.
        name_missing: whether to name every missing video instead of a few of each class.
    """
    every = union(splits)
    found = _scan(every.videos, minimum, workers, memory)
    console = _console()
    console.print(_count_table(splits))
    _print_missing(console, every, name_missing)
    _print_warnings(console, splits)
    _print_problems(console, [*found.problems, *_listed_twice(splits)])
    console.print(
        f"{len(every.videos)} videos are there, {len(every.missing)} listed ones are missing, "
        f"{len(found.counts)} decode to their end.",
        highlight=False,
    )
    return found


def check_folder(root: Path, *, minimum: int, workers: int | None, memory: str | None) -> Scan:
    """Decodes everything below a folder that is named like a video and prints a line about each.

    Args:
        root: the folder.
        minimum: least number of frames of a video that is not called short.
        workers: number of files decoded at the same time; None takes one per core.
        memory: JSON file that remembers what was decoded before; None remembers nothing.

    Raises:
        InputError: there is no video file.
    """
    # Links to nothing, pipes and folders of such a name are named too: somebody may look for a video there.
    paths = [path for path in below(root) if path.suffix.lower() in VIDEO_EXTENSIONS]
    if not paths:
        raise InputError(f"--data_dir={root} holds no video file ({', '.join(sorted(VIDEO_EXTENSIONS))}).")
    # Two loose files may share a name, so the whole path is what tells them apart.
    found = _scan([Video(str(path), -1, str(path)) for path in paths], minimum, workers, memory)
    problems: dict[str, list[Problem]] = defaultdict(list)
    for problem in found.problems:
        problems[problem.path].append(problem)
    table = Table("name", "verdict", "frames", "what is wrong")
    for path in paths:
        wrong = problems[str(path)]
        frames = found.counts.get(str(path), wrong[0].frames if wrong else 0)
        verdict = ", ".join(problem.kind for problem in wrong) or "fine"
        said = " ".join(problem.message.removeprefix(f"{path}: ") for problem in wrong)
        table.add_row(escape(str(path.relative_to(root))), verdict, str(frames), escape(said))
    _console().print(table)
    return found


def _scan(videos: Sequence[Video], minimum: int, workers: int | None, memory: str | None) -> Scan:
    with progress("checking", "files") as show:
        return scan(videos, minimum=minimum, workers=workers, progress=show, cache_file=memory)


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=LOG_WIDTH)


def _count_table(splits: Splits) -> Table:
    """The numbers of present and of listed videos, by class, split and subset."""
    table = Table("class", *(f"{subset} {number}" for number, subset in splits), title="present / listed")
    rows: dict[str, list[str]] = defaultdict(list)
    sums = []
    for videos in splits.values():
        present, missing = Counter(v.label for v in videos.videos), Counter(v.label for v in videos.missing)
        for label, name in enumerate(videos.class_names):
            rows[name].append(f"{present[label]} / {present[label] + missing[label]}")
        sums.append(f"{len(videos.videos)} / {len(videos.videos) + len(videos.missing)}")
    for name, cells in rows.items():
        table.add_row(escape(name), *cells)
    table.add_section()
    table.add_row("all", *sums)
    return table


def _print_missing(console: Console, every: VideoList, name_all: bool) -> None:
    """Prints how many videos of each class are missing, and which; a class without any is named as a whole."""
    present = {video.label for video in every.videos}
    missing: dict[int, list[str]] = defaultdict(list)
    for video in every.missing:
        missing[video.label].append(video.video_id)
    for label in sorted(missing):
        names = sorted(set(missing[label]))
        listed = ", ".join(names) if name_all else first_few(names)
        which = listed if label in present else "all of them"
        console.print(f"missing from {every.class_names[label]} ({len(names)}): {which}", markup=False, highlight=False)


def _print_warnings(console: Console, splits: Splits) -> None:
    """Prints which files are on no list, and which classes make a comparison empty."""
    for note in next(iter(splits.values())).notes:
        console.print(f"warning: {note}", markup=False, highlight=False)
    for number in sorted({number for number, _ in splits}):
        labels = ([video.label for video in splits[number, subset].videos] for subset in SUBSETS)
        for sentence in class_warnings(splits[number, "train"].class_names, *labels):
            console.print(f"warning: split {number}: {sentence}", markup=False, highlight=False)


def _print_problems(console: Console, problems: Sequence[Problem]) -> None:
    for problem in problems:
        # One problem is one line, whatever the width, so that a log can be searched.
        console.print(f"{problem.kind}: {problem.message}", markup=False, highlight=False, soft_wrap=True)


def _listed_twice(splits: Splits) -> list[Problem]:
    """The files that one split lists twice: in its training and its test list, or in one of them."""
    problems = []
    for number in sorted({number for number, _ in splits}):
        uses = Counter(
            video.path for (split, _), videos in splits.items() if split == number for video in videos.videos
        )
        problems += [
            Problem(path, "duplicate", f"{path}: is listed {count} times in split {number}.")
            for path, count in uses.items()
            if count > 1
        ]
    return problems
