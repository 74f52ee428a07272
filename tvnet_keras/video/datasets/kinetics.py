"""Kinetics (Kay et al. 2017; 400, 600 and 700 classes): ten seconds of a YouTube video each, one split.

The lists are the published ones, in the root, `annotations/` or `splits/`: a csv file with a header that has `label`,
`youtube_id`, `time_start`, `time_end` and, if it covers more than one subset, `split`; or a json file
`{youtube_id: {"annotations": {"label": ..., "segment": [start, end]}, "subset": ...}}`. The file whose name has "train"
in it is for training, the one with "val" for testing, as the test list's labels were long withheld.

Videos are anywhere below the root, named `<youtube_id>_<start>_<end>` with seconds padded by zeros or not, any
extension. Many are gone from YouTube: those are `missing`. Labels follow the alphabetical order of all lists' classes.
"""

import csv
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tvnet_keras.entries import matching
from tvnet_keras.errors import InputError
from tvnet_keras.video.listing import Video, VideoList
from tvnet_keras.video.split_files import SUBSETS, read_text, require_root, require_subset, videos_below

SPLITS = (1,)
LIST_FOLDERS = (".", "annotations", "splits")
LIST_WORDS = {"train": "train", "test": "val"}
"""The word in the name of the list of each subset."""

TINY_LISTS = "minikinetics_"
"""What the lists of Tiny-Kinetics begin with, which may lie beside those of Kinetics (`tiny_kinetics`)."""

COLUMNS = ("label", "youtube_id", "time_start", "time_end")
FILE_STEM = re.compile(r"(?P<youtube_id>.+)_(?P<start>\d+)_(?P<end>\d+)")


@dataclass(frozen=True)
class Segment:
    """One listed piece of a YouTube video.

    Attributes:
        youtube_id: YouTube's id of the video.
        start: second at which the piece begins.
        end: second at which it ends.
        label: name of its class.
    """

    youtube_id: str
    start: int
    end: int
    label: str

    @property
    def video_id(self) -> str:
        """The name under which the official downloader saves the piece."""
        return f"{self.youtube_id}_{self.start:06d}_{self.end:06d}"


def load(root: str | os.PathLike, *, subset: str, split: int = 1, classes: Sequence[str] = ()) -> VideoList:
    """Loads a list.

    Args:
        root: data root.
        subset: "train", or "test" for the validation list.
        split: 1; there is no other.
        classes: names of the classes to keep, in the new label order; empty keeps all.

    Raises:
        InputError: there is no such root, list or class, or a list is malformed.
    """
    require_subset(subset, split, SPLITS)
    root = require_root(root)
    found = {name: _list_of(root, name) for name in SUBSETS}
    if found[subset] is None:
        word, places = LIST_WORDS[subset], ", ".join(str(root / folder) for folder in LIST_FOLDERS)
        raise InputError(f"No csv or json list with {word!r} in its name is in {places}; put the published one there.")
    segments = {name: list(_read(path, name)) for name, path in found.items() if path}
    class_names = tuple(sorted({segment.label for part in segments.values() for segment in part}))
    return listed(root, segments[subset], class_names).restrict(classes)


def listed(
    root: Path, segments: Iterable[Segment], class_names: tuple[str, ...], prefixes: Sequence[str] = ("",)
) -> VideoList:
    """The videos of a list of pieces, whose labels survive mirroring.

    Args:
        root: data root, below which the files are looked for.
        segments: the listed pieces; one that is listed twice counts once.
        class_names: names of the classes, in label order.
        prefixes: what may stand before YouTube's id in the name of a file, the likeliest first.
    """
    files = _files(root)
    videos, missing, order = [], [], []
    for segment in dict.fromkeys(segments):
        keys = [(prefix + segment.youtube_id, segment.start, segment.end) for prefix in prefixes]
        path = next((files[key] for key in keys if key in files), None)
        video = Video(path or str(root / segment.video_id), class_names.index(segment.label), segment.video_id)
        (videos if path else missing).append(video)
        order.append(segment.video_id)
    return VideoList(tuple(videos), class_names, "keep", tuple(missing), order=tuple(order))


def recording_of(video_id: str, class_name: str) -> str:
    """YouTube's id of the video that a piece was cut from.

    Args:
        video_id: id of the piece.
        class_name: name of its class, which does not matter here.

    Example:
        >>> recording_of("a_bcdefghij_000004_000014", "abseiling")
        'a_bcdefghij'
    """
    match = FILE_STEM.fullmatch(video_id)
    return match["youtube_id"] if match else video_id


def _list_of(root: Path, subset: str) -> Path | None:
    """The list of a subset, None without one."""
    for folder in LIST_FOLDERS:
        names = sorted(path for ending in ("csv", "json") for path in matching(root / folder, f"*.{ending}"))
        fitting = [
            path for path in names if LIST_WORDS[subset] in path.name.lower() and not path.name.startswith(TINY_LISTS)
        ]
        if len(fitting) > 1:
            listed = ", ".join(path.name for path in fitting)
            raise InputError(f"{root / folder} holds several {subset} lists ({listed}); keep the one that is meant.")
        if fitting:
            return fitting[0]
    return None


def _read(path: Path, subset: str) -> Iterator[Segment]:
    """The listed pieces of a subset."""
    entries = _json_entries(path) if path.suffix == ".json" else _csv_entries(path)
    for place, entry in entries:
        stated = str(entry.get("split") or "").lower()
        if stated and LIST_WORDS[subset] not in stated:
            continue
        try:
            start, end = (int(float(entry[name])) for name in ("time_start", "time_end"))
            label, youtube_id = (str(entry[name]).strip() for name in ("label", "youtube_id"))
        except (KeyError, TypeError, ValueError):
            label = ""
        if not label:
            raise InputError(f"{path}, {place}: expected {', '.join(COLUMNS)}. Received: {dict(entry)}")
        yield Segment(youtube_id, start, end, label)


def _csv_entries(path: Path) -> Iterator[tuple[str, Mapping]]:
    try:
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
        for entry in reader:
            yield f"line {reader.line_num}", entry
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no csv list ({error}); replace it by the published one.") from None


def _json_entries(path: Path) -> Iterator[tuple[str, Mapping]]:
    try:
        content = json.loads(read_text(path))
        for youtube_id, entry in content.items():
            said = entry["annotations"]
            start, end = said["segment"]
            times = {"youtube_id": youtube_id, "time_start": start, "time_end": end}
            yield f"entry {youtube_id}", {"label": said["label"], **times, "split": entry.get("subset")}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path} is no json list of Kinetics ({error}); replace it by the published one.") from None


def _files(root: Path) -> dict[tuple[str, int, int], str]:
    """Every video file below the root, by YouTube id, start and end."""
    files: dict[tuple[str, int, int], str] = {}
    for path in videos_below(root):
        match = FILE_STEM.fullmatch(path.stem)
        if match:
            files.setdefault((match["youtube_id"], int(match["start"]), int(match["end"])), str(path))
    return files
