"""Checks every file of a list before anything is trained: which are broken, too short or there twice."""

import contextlib
import hashlib
import json
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tvnet_keras.atomic import atomic_path
from tvnet_keras.one_writer import only_writer
from tvnet_keras.video.listing import Video
from tvnet_keras.video.read import VIDEO_ERROR_KINDS, VideoError, count_frames
from tvnet_keras.video.workers import workers_of

PROBLEM_KINDS = (*VIDEO_ERROR_KINDS, "short", "duplicate")
SAVE_EVERY = 500
"""Number of files after which a long scan writes its memory, so that a killed scan goes on where it was."""

MEMORY_VERSION = 3
"""The form of the memory; one of another form is not read."""


@dataclass(frozen=True)
class Problem:
    """A fault of a file.

    Attributes:
        path: the file.
        kind: one of `PROBLEM_KINDS`.
        message: one sentence.
        frames: number of its frames that can be decoded.
    """

    path: str
    kind: str
    message: str
    frames: int = 0

    @property
    def unusable(self) -> bool:
        """Whether the file cannot be read at all, or not to its end."""
        return self.kind in VIDEO_ERROR_KINDS


@dataclass(frozen=True)
class Scan:
    """What `scan` found.

    Attributes:
        counts: exact number of frames by path, of every file that decodes to its end.
        problems: all problems in list order; a file may have several.
    """

    counts: dict[str, int]
    problems: tuple[Problem, ...]


def scan(
    videos: Sequence[Video],
    *,
    minimum: int = 2,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cache_file: str | os.PathLike | None = None,
) -> Scan:
    """Decodes every file once and finds what is wrong.

    Args:
        videos: the list; a file that is in it twice is a problem.
        minimum: least number of frames of a file that has no "short" problem.
        workers: number of threads that decode; None takes one per core.
        progress: a function that is called with (files done, files in all) after each file, in the calling thread.
        cache_file: JSON file that remembers what was found by path, size and modification time, so that the next
            scan decodes new and changed files only; None remembers nothing. Several scans may add to it at once. Paths
            of files below its folder are stored relative to it, so that folder and memory may move together.

    Raises:
        InputError: `cache_file` cannot be written.
    """
    paths = list(dict.fromkeys(video.path for video in videos))
    memory = _Memory(cache_file)
    findings: dict[str, dict] = {}
    with ThreadPoolExecutor(workers_of(workers)) as pool:
        futures = {pool.submit(memory.look_up, path): path for path in paths}
        try:
            for done, future in enumerate(as_completed(futures), 1):
                findings[futures[future]] = future.result()
                if done % SAVE_EVERY == 0:
                    memory.save()
                if progress:
                    progress(done, len(paths))
        finally:
            pool.shutdown(cancel_futures=True)
            memory.save()
    problems = [
        *_decoding_problems(paths, findings),
        *_short_problems(paths, findings, minimum),
        *_duplicates(videos),
    ]
    place = {path: number for number, path in enumerate(paths)}
    problems.sort(key=lambda problem: place[problem.path])
    counts = {path: findings[path]["frames"] for path in paths if findings[path]["kind"] is None}
    return Scan(counts, tuple(problems))


class _Memory:
    """Findings by path, size and modification time, kept in a JSON file that several processes may add to."""

    def __init__(self, file: str | os.PathLike | None):
        self._file = None if file is None else Path(os.path.abspath(file))
        self._lock = threading.Lock()
        self._stored = self._read()
        self._found: dict[str, dict] = {}
        self._changed = False

    def look_up(self, path: str) -> dict:
        try:
            status = os.stat(path)
        except OSError:
            return _examine(path)[0]
        stamp = [status.st_size, status.st_mtime_ns]
        key = self._key(path)
        entry = self._stored.get(key)
        if entry is None or entry["stamp"] != stamp:
            finding, lasts = _examine(path)
            if not lasts:
                return finding
            # The path is left out of the message: another run may reach the file by another path.
            entry = {"stamp": stamp, **finding, "message": finding["message"].removeprefix(f"{path}: ")}
            with self._lock:
                self._found[key] = entry
                self._changed = True
        return {**entry, "message": f"{path}: {entry['message']}"}

    def save(self) -> None:
        with self._lock:
            changed, self._changed = self._changed, False
            found = dict(self._found)
        if self._file is None or not changed:
            return
        # What other processes have found since this one began stays.
        with only_writer(self._file, beside=True, wait=True):
            text = json.dumps({"version": MEMORY_VERSION, "files": {**self._read(), **found}})
            with atomic_path(self._file) as partial:
                partial.write_text(text)

    def _key(self, path: str) -> str:
        """A path relative to the memory's folder where it lies below it, so that both may move together."""
        path = os.path.abspath(path)
        if self._file is None or self._file.parent not in Path(path).parents:
            return path
        return Path(path).relative_to(self._file.parent).as_posix()

    def _read(self) -> dict[str, dict]:
        try:
            stored = {} if self._file is None else json.loads(self._file.read_text())
            found = stored["files"].items() if stored["version"] == MEMORY_VERSION else ()
            return {path: entry for path, entry in found if _is_finding(entry)}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            # What it held can be found again, so a spoilt memory is only a slower start.
            return {}


def _is_finding(entry: object) -> bool:
    """Whether an entry of a memory, which may be damaged, has the form of a finding."""
    return (
        isinstance(entry, dict)
        and entry.keys() >= {"stamp", "kind"}
        and entry["kind"] in (None, *VIDEO_ERROR_KINDS)
        and type(entry.get("frames")) is int
        and entry["frames"] >= 0
        and isinstance(entry.get("message"), str)
    )


def _examine(path: str) -> tuple[dict, bool]:
    """What decoding a file finds, and whether that holds as long as the file does not change."""
    try:
        return {"frames": count_frames(path), "kind": None, "message": ""}, True
    except VideoError as error:
        # A file that may not be opened today, a drive that fails or a full memory says nothing about the file itself.
        lasts = not isinstance(error.__cause__, OSError | MemoryError)
        return {"frames": error.frames, "kind": error.kind, "message": str(error)}, lasts


def _decoding_problems(paths: Sequence[str], findings: dict[str, dict]) -> list[Problem]:
    return [
        Problem(path, found["kind"], found["message"], found["frames"])
        for path in paths
        if (found := findings[path])["kind"] is not None
    ]


def _short_problems(paths: Sequence[str], findings: dict[str, dict], minimum: int) -> list[Problem]:
    return [
        Problem(path, "short", f"{path}: has {found['frames']} frames, fewer than {minimum}.", found["frames"])
        for path in paths
        if (found := findings[path])["kind"] is None and found["frames"] < minimum
    ]


def _duplicates(videos: Sequence[Video]) -> list[Problem]:
    """Files that are listed twice, share an id, or hold the same bytes; the first of each is no problem."""
    problems = []
    first_by_path: set[str] = set()
    first_by_id: dict[str, str] = {}
    distinct = []
    for video in videos:
        if video.path in first_by_path:
            problems.append(Problem(video.path, "duplicate", f"{video.path}: is listed twice."))
            continue
        first_by_path.add(video.path)
        distinct.append(video.path)
        first = first_by_id.setdefault(video.video_id, video.path)
        if first != video.path:
            problems.append(Problem(video.path, "duplicate", f"{video.path}: has the same video id as {first}."))
    return problems + _same_bytes(distinct)


def _same_bytes(paths: Sequence[str]) -> list[Problem]:
    by_size: dict[int, list[str]] = defaultdict(list)
    for path in paths:
        if os.path.isfile(path) and os.path.getsize(path) > 0:
            by_size[os.path.getsize(path)].append(path)
    problems = []
    # Only files of equal size can be equal, so nearly nothing has to be hashed.
    for group in by_size.values():
        first: dict[bytes, str] = {}
        for path in group if len(group) > 1 else ():
            # A file that cannot be read has a problem from its decoding already.
            with contextlib.suppress(OSError), open(path, "rb") as file:
                same = first.setdefault(hashlib.file_digest(file, "sha256").digest(), path)
                if same != path:
                    problems.append(Problem(path, "duplicate", f"{path}: holds the same bytes as {same}."))
    return problems
