"""Lists of labelled video files: what a data set is to the rest of the program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from tvnet_keras.choices import check_choice, first_few
from tvnet_keras.errors import InputError

Flip = str | tuple[int, ...]
"""What mirroring does to labels: "keep", "forbidden" or a permutation of them (see `VideoList`)."""


@dataclass(frozen=True)
class Video:
    """One file of a data set.

    Attributes:
        path: the file.
        label: position of its class in `VideoList.class_names`, -1 where it is unknown.
        video_id: a name that no other video of the list has, its base name where possible; scores are joined by it.
    """

    path: str
    label: int
    video_id: str


@dataclass(frozen=True)
class VideoList:
    """A data set's training or test list.

    Attributes:
        videos: the listed files that are there, in list order.
        class_names: names of the classes, in label order.
        flip: what mirroring a video left to right does to its label: "keep" (nothing), "forbidden" (a mirrored
            video has no label here) or a permutation (label `k` becomes `flip[k]`).
        missing: the listed files that are not there.
        notes: sentences about files of the folder that are on no list.
        order: the ids of all listed files, whether they are there or not, in list order; empty where there is no list.
    """

    videos: tuple[Video, ...]
    class_names: tuple[str, ...]
    flip: Flip = "keep"
    missing: tuple[Video, ...] = ()
    notes: tuple[str, ...] = ()
    order: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.flip, str):
            if self.flip not in ("keep", "forbidden"):
                raise ValueError(f'flip must be "keep", "forbidden" or a permutation. Received: flip={self.flip!r}')
        elif sorted(self.flip) != list(range(len(self.class_names))):
            raise ValueError(f"flip must be a permutation of the {len(self.class_names)} labels: {self.flip}")

    @property
    def flips(self) -> bool:
        """Whether a mirrored video has a label."""
        return self.flip != "forbidden"

    def flip_label(self, label: int) -> int:
        """The label of a mirrored video.

        Args:
            label: label of the video as it is, -1 where it is unknown.

        Raises:
            ValueError: `flip` is "forbidden".
        """
        if self.flip == "forbidden":
            raise ValueError("a mirrored video of this data set has no label")
        return label if isinstance(self.flip, str) or label < 0 else self.flip[label]

    def restrict(self, classes: Sequence[str]) -> VideoList:
        """Keeps some classes only.

        Args:
            classes: names of the classes, in the new label order. Files of other classes are dropped and not counted as
                missing. Empty keeps everything.

        Returns:
            A VideoList, whose `flip` is "forbidden" where the mirror image of a kept class is a dropped one.

        Raises:
            InputError: a class is unknown (the sentence names a similar one, if there is any) or named twice.
        """
        if not classes:
            return self
        for name in classes:
            check_choice("A class", name, self.class_names)
        if len(set(classes)) < len(classes):
            raise InputError(f"A class is named twice: {', '.join(classes)}; name each class once.")
        new_label = {self.class_names.index(name): place for place, name in enumerate(classes)}
        videos, missing = _relabel(self.videos, new_label), _relabel(self.missing, new_label)
        kept = {video.video_id for video in (*videos, *missing)}
        return VideoList(
            videos=videos,
            class_names=tuple(classes),
            flip=_restrict_flip(self.flip, new_label),
            missing=missing,
            notes=self.notes,
            order=tuple(name for name in self.order if name in kept),
        )

    def without(self, paths: Collection[str]) -> VideoList:
        """Drops files, such as the unreadable ones that a scan found.

        Args:
            paths: paths of the files to drop.
        """
        dropped = set(paths)
        return replace(self, videos=tuple(video for video in self.videos if video.path not in dropped))


def distinct_ids(names: Sequence[Sequence[str]]) -> list[str]:
    """For each video, the shortest of its names that no other video has.

    Args:
        names: the names of each video, equally many of each, the shortest first; no other video has the last one.

    Example:
        >>> distinct_ids([("1", "run/1"), ("1", "walk/1"), ("2", "walk/2")])
        ['run/1', 'walk/1', '2']
    """
    uses = [Counter(level) for level in zip(*names, strict=True)]
    return [
        next((name for name, count in zip(of_one, uses, strict=True) if count[name] == 1), of_one[-1])
        for of_one in names
    ]


def class_warnings(
    class_names: Sequence[str], training: Iterable[int], test: Iterable[int], *, tested: str = "test"
) -> list[str]:
    """What makes a comparison of classes empty: that there is only one, or that no video shows one of them.

    Args:
        class_names: names of the classes, in label order.
        training: labels of the training videos.
        test: labels of the test videos.
        tested: what these are called.

    Returns:
        Sentences; none for videos without classes.

    Example:
        >>> class_warnings(("run", "walk"), [0, 0, 1], [0])
        ['No test video of 1 of 2 classes, of which the accuracy says nothing: walk.']
    """
    sentences = []
    if len(class_names) == 1:
        sentences.append(f"There is one class, {class_names[0]}: a loss of 0 and an accuracy of 1 say nothing.")
    for subset, labels, so in (
        ("training", set(training), "which cannot be learnt"),
        (tested, set(test), "of which the accuracy says nothing"),
    ):
        absent = [name for label, name in enumerate(class_names) if label not in labels]
        if absent:
            count = f"{len(absent)} of {len(class_names)} classes"
            sentences.append(f"No {subset} video of {count}, {so}: {first_few(absent)}.")
    return sentences


def _relabel(videos: Sequence[Video], new_label: dict[int, int]) -> tuple[Video, ...]:
    return tuple(replace(video, label=new_label[video.label]) for video in videos if video.label in new_label)


def _restrict_flip(flip: Flip, new_label: dict[int, int]) -> Flip:
    if isinstance(flip, str):
        return flip
    if any(flip[old] not in new_label for old in new_label):
        return "forbidden"
    mirrored = {new: new_label[flip[old]] for old, new in new_label.items()}
    return tuple(mirrored[label] for label in range(len(mirrored)))
