"""Writes Moving Shapes, a small data set of real video files in which only the motion tells the class.

Textured objects move over a textured, slowly drifting background; the twelve classes are eight directions, two senses
of rotation and two of zoom. A second kind, `label="look"`, is its twin: the class is what the objects look like, and
the motion is drawn at random. The module `scene` says why a single frame of the first kind cannot tell the class.

With `motions="acceleration"` the set is Moving Shapes II: the six classes are changes of the velocity (`acceleration`),
which neither a single frame nor a constant flow tells.
"""

import json
import os
import re
import zlib
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from zipfile import BadZipFile, ZipFile

import av
import cv2
import numpy as np

from tvnet_keras.atomic import atomic_path
from tvnet_keras.choices import check_choice
from tvnet_keras.entries import entries
from tvnet_keras.errors import InputError
from tvnet_keras.one_writer import only_writer
from tvnet_keras.video.moving_shapes import acceleration
from tvnet_keras.video.moving_shapes.render import Motion, render
from tvnet_keras.video.moving_shapes.scene import CLASS_NAMES, LOOK_NAMES, draw_motion, draw_scene
from tvnet_keras.video.workers import workers_of

FRAMES_PER_SECOND = 25
MOST_PIXELS = 2**27
"""Largest number of pixels of a clip: its frames and their flow are made in memory."""

LABELS = ("motion", "look")
STEADY, ACCELERATION = "steady", "acceleration"
MOTIONS = {STEADY: CLASS_NAMES, ACCELERATION: acceleration.CLASS_NAMES}
"""The classes of motion, by the word that chooses them."""

FRAMES = {STEADY: 10, ACCELERATION: 16}
"""The usual number of frames of a clip."""

_RECIPE_FILE = "moving_shapes.json"
_RECIPE_VERSION = 1
_FLOW_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+), (\d+), 2\), \}\s*",
    re.DOTALL,
)


@dataclass(frozen=True)
class _Recipe:
    """Everything the bytes of a set follow from; kept beside it, so that two sets never mix in one folder."""

    version: int
    label: str
    seed: int
    train_groups: int
    test_groups: int
    frames: int
    size: tuple[int, int]
    motions: str = STEADY

    def __post_init__(self) -> None:
        check_choice("label", self.label, LABELS)
        check_choice("motions", self.motions, tuple(MOTIONS))
        if self.frames < 2:
            raise InputError(f"frames must be at least 2, for a motion needs two. Received: frames={self.frames}.")
        if self.motions == ACCELERATION and self.frames < acceleration.LEAST_FRAMES:
            raise InputError(
                f"frames must be at least {acceleration.LEAST_FRAMES} with motions={ACCELERATION}, for the velocity "
                f"swings. Received: frames={self.frames}."
            )
        if len(self.size) != 2 or min(self.size) < 32 or any(side % 2 for side in self.size):
            raise InputError(f"size must be two even numbers (height, width) from 32 up. Received: size={self.size}.")
        if self.frames * self.size[0] * self.size[1] > MOST_PIXELS:
            raise InputError(
                f"frames={self.frames} of size={self.size} are more than {MOST_PIXELS} pixels a clip; make them fewer."
            )
        if min(self.train_groups, self.test_groups) < 1:
            received = f"train_groups={self.train_groups}, test_groups={self.test_groups}"
            raise InputError(f"train_groups and test_groups must be at least 1. Received: {received}.")
        if self.seed < 0:
            raise InputError(f"seed must not be negative. Received: seed={self.seed}.")

    @property
    def classes(self) -> tuple[str, ...]:
        return LOOK_NAMES if self.label == "look" else MOTIONS[self.motions]

    def motion(self, name: str, rng: np.random.Generator) -> Motion:
        """Draws the motion of a class of `motions`."""
        if self.motions == ACCELERATION:
            return acceleration.draw_motion(name, rng, self.size, self.frames)
        return draw_motion(name, rng, self.size)

    def text(self) -> str:
        """What the file says; of a set of steady motions what it said before there were others."""
        fields = asdict(self)
        if self.motions == STEADY:
            del fields["motions"]
        return json.dumps(fields, indent=2)


def write_dataset(
    root: str | os.PathLike[str],
    *,
    train_groups: int = 40,
    test_groups: int = 25,
    frames: int | None = None,
    size: tuple[int, int] = (64, 64),
    label: str = "motion",
    motions: str = STEADY,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Writes a Moving Shapes set in the layout of UCF101; the same arguments give the same bytes.

    `root/videos/<Class>/v_<Class>_gNN_c01.avi` (MPEG-4, every frame a key frame), `root/flow/<Class>/v_..._c01.npz`
    (the exact flow) and `root/splits/{classInd,trainlist01,testlist01}.txt`. One clip per class and group; the first
    `train_groups` groups train, the others test. Every file appears whole or not at all and the lists come last: the
    same call finishes what a killed one began.

    Args:
        root: the folder of the set; it is made if it is absent.
        train_groups: number of groups for training.
        test_groups: number of groups for testing.
        frames: number of frames per clip; None takes that of `FRAMES`.
        size: (H, W) in pixels, even; speeds grow with it.
        label: "motion" or "look".
        motions: "steady", or "acceleration" for Moving Shapes II.
        seed: the seed of all draws.
        workers: number of threads; None takes one per core.
        progress: a function that is called with (clips done, clips in all) after each clip.

    Returns:
        `root` as a Path.

    Raises:
        InputError: an argument is bad, or the folder cannot be written, is written by another process or holds
            something else already.
    """
    root = Path(root)
    frames = FRAMES.get(motions, 0) if frames is None else frames
    size = (int(size[0]), int(size[1]))
    recipe = _Recipe(_RECIPE_VERSION, label, seed, train_groups, test_groups, frames, size, motions)
    groups = range(1, train_groups + test_groups + 1)
    with only_writer(root):
        _claim(root, recipe)
        _write_groups(root, recipe, groups, workers_of(workers), progress or (lambda done, total: None))
        _write_lists(root, recipe, groups)
    return root


def exact_flow(video_path: str | os.PathLike[str]) -> np.ndarray:
    """The exact flow of a Moving Shapes clip, float32 `[T-1, H, W, 2]`, in pixels per frame.

    Args:
        video_path: `root/videos/<Class>/<name>.avi`; the flow is read from `root/flow/<Class>/<name>.npz`.

    Raises:
        InputError: there is no readable flow file for this video.
    """
    path = Path(video_path)
    stored = path.parents[2] / "flow" / path.parent.name / f"{path.stem}.npz" if len(path.parents) > 2 else path
    try:
        return _read_flow(stored)
    except (OSError, KeyError, ValueError, TypeError, BadZipFile, zlib.error) as error:
        raise InputError(f"No exact flow for {path}: {stored} cannot be read; give a clip of Moving Shapes.") from error


def _read_flow(stored: Path) -> np.ndarray:
    """Reads the array that `np.savez_compressed` wrote as `flow`.

    `np.load` parses an array's header with `ast`, whose depth counter the threads of CPython 3.11 share (gh-106905):
    where several read at once, as in tf.data, one file in some thousand would end in a SystemError.
    """
    with ZipFile(stored) as file:
        content = file.read("flow.npy")
    start = 10 + int.from_bytes(content[8:10], "little")
    header = _FLOW_HEADER.fullmatch(content[:start])
    if header is None:
        raise ValueError("not a float32 array [T-1, H, W, 2]")
    shape = (*map(int, header.groups()), 2)
    return np.frombuffer(content, "<f4", offset=start).reshape(shape).astype(np.float32)


def _claim(root: Path, recipe: _Recipe) -> None:
    """Leaves the recipe in the folder, or checks that the one already there is the same."""
    marker = root / _RECIPE_FILE
    wanted = recipe.text() + "\n"
    try:
        held = marker.read_text() if marker.exists() else None
        foreign = held is None and root.exists() and bool(entries(root))
    except OSError as error:
        raise InputError(f"Cannot read {root} ({error.strerror}); choose another folder.") from error
    if foreign:
        raise InputError(f"{root} already holds other files; choose an empty folder for Moving Shapes.")
    if held is None:
        with atomic_path(marker) as partial:
            partial.write_text(wanted)
    elif held != wanted:
        raise InputError(f"{root} holds Moving Shapes made otherwise (see {_RECIPE_FILE}); choose an empty folder.")


def _write_groups(root: Path, recipe: _Recipe, groups: range, workers: int, progress: Callable) -> None:
    done, total, lock = 0, len(groups) * len(recipe.classes), Lock()

    def count_clip() -> None:
        nonlocal done
        with lock:
            done += 1
            progress(done, total)

    threads_before = cv2.getNumThreads()
    cv2.setNumThreads(1)  # the groups already run side by side
    pool = ThreadPoolExecutor(workers)
    try:
        jobs = [pool.submit(_write_group, root, recipe, group, count_clip) for group in groups]
        for job in wait(jobs, return_when=FIRST_EXCEPTION).done:
            job.result()
    finally:
        pool.shutdown(cancel_futures=True)  # also when interrupted from the keyboard: no new group begins
        cv2.setNumThreads(threads_before)


def _write_group(root: Path, recipe: _Recipe, group: int, count_clip: Callable[[], None]) -> None:
    for index, name in enumerate(recipe.classes):
        video, flow = (root / kind / _clip_path(name, group, ext) for kind, ext in (("videos", "avi"), ("flow", "npz")))
        if not video.exists():  # the flow is written first, so a video never stands without it
            pictures, displacement = _render_clip(recipe, group, index)
            with atomic_path(flow) as partial:
                np.savez_compressed(partial, flow=displacement)
            with atomic_path(video) as partial:
                _encode(partial, pictures)
        count_clip()


def _render_clip(recipe: _Recipe, group: int, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Renders the clip of a group and class.

    With label "motion" the generator starts equally for all classes of the group: same look, same rates. With label
    "look" each clip has its own.
    """
    name = recipe.classes[index]
    if recipe.label == "motion":
        rng = np.random.default_rng([recipe.seed, group])
        scene, motion = draw_scene(rng, recipe.size), recipe.motion(name, rng)
    else:
        rng = np.random.default_rng([recipe.seed, group, index + 1])
        scene = draw_scene(rng, recipe.size, look=name)
        names = MOTIONS[recipe.motions]
        motion = recipe.motion(names[rng.integers(len(names))], rng)
    return render(scene, motion, recipe.frames, recipe.size)


def _encode(path: Path, pictures: np.ndarray) -> None:
    """Writes MPEG-4 in which every frame is coded alone and equally finely, so no frame tells of its neighbours."""
    # FFmpeg takes the beginning of a relative path that holds a colon for a protocol.
    with av.open(os.path.abspath(path), "w", format="avi", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("mpeg4", rate=FRAMES_PER_SECOND, options={"flags": "+bitexact"})
        stream.height, stream.width, stream.pix_fmt, stream.gop_size = *pictures.shape[1:3], "yuv420p", 1
        codec = stream.codec_context
        codec.thread_count, codec.qmin, codec.qmax = 1, 2, 2
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def _clip_path(name: str, group: int, extension: str) -> str:
    return f"{name}/v_{name}_g{group:02d}_c01.{extension}"


def _write_lists(root: Path, recipe: _Recipe, groups: range) -> None:
    """Writes the lists as UCF101 does: CRLF, labels from 1 in the training list, none in the test list."""
    numbered = list(enumerate(recipe.classes, start=1))
    train, test = groups[: recipe.train_groups], groups[recipe.train_groups :]
    lists = {
        "classInd.txt": [f"{number} {name}" for number, name in numbered],
        "trainlist01.txt": [f"{_clip_path(name, g, 'avi')} {number}" for number, name in numbered for g in train],
        "testlist01.txt": [_clip_path(name, g, "avi") for _, name in numbered for g in test],
    }
    for file_name, lines in lists.items():
        with atomic_path(root / "splits" / file_name) as partial:
            partial.write_bytes("".join(line + "\r\n" for line in lines).encode())
