"""The videos of tables on UCF101 and JHMDB: decoded once, with stored flow of any solver, for all papers alike."""

import dataclasses
import hashlib
from functools import partial
from pathlib import Path
from typing import Any

from launch.flow_report.inputs import solver_record
from launch.run.config import Config
from launch.run.progress import progress
from launch.run.video_report import splits_of, union
from launch.tables.parts.trained_cells import with_root
from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.flow.solvers import make_solver
from tvnet_keras.flow.store import FlowFormat, write_flow
from tvnet_keras.video.cache import write_cache
from tvnet_keras.video.listing import VideoList

WINDOWS = 3
PAIRS = 5
"""Every row of TVNet's tables sees the same evenly spaced windows of neighbouring pairs, whether their flow is stored
or computed live: all pairs of a classical solver would take days."""


SHARED = "tvnet_videos"
"""The folder of frames and flow, beside those of the tables' runs."""


def stacks() -> FlowFormat:
    """The flow that TVNet's tables store.

    PNG keeps the eight bits as they are, so that nothing but rounding lies between stored and live flow.
    """
    return FlowFormat("png", windows=WINDOWS, window=PAIRS)


@dataclasses.dataclass(frozen=True)
class DataSet:
    """A data set of the tables.

    Attributes:
        name: what rows and folders begin with.
        dataset: the module of `tvnet_keras.video.datasets` that reads it.
        splits: the splits that are averaged.
        steps: of a training.
        classes: the classes, in label order; empty takes all.
        paper: what the paper's column of it is called.
    """

    name: str
    dataset: str
    splits: tuple[int, ...]
    steps: int
    classes: tuple[str, ...] = ()
    paper: str = "ucf101"

    def fields(self, split: int | None = None) -> dict[str, Any]:
        """Which of its videos a training sees, as fields of `config.data`; they are not resized.

        Args:
            split: number of the split; None for the first of `splits`.
        """
        return {
            "dataset": self.dataset,
            "split": self.splits[0] if split is None else split,
            "classes": self.classes,
            "missing": "report",
            # The videos have been shrunk already.
            "resize_short": 0,
        }


UCF101 = DataSet(
    "ucf101-37",
    "ucf101",
    splits=(1,),
    steps=600,
    classes=(
        "ApplyEyeMakeup",
        "ApplyLipstick",
        "Archery",
        "BabyCrawling",
        "BalanceBeam",
        "BandMarching",
        "BaseballPitch",
        "Basketball",
        "BasketballDunk",
        "Biking",
        "CliffDiving",
        "CricketBowling",
        "CricketShot",
        "Diving",
        "Drumming",
        "Fencing",
        "Haircut",
        "HandstandWalking",
        "HighJump",
        "HorseRace",
        "JugglingBalls",
        "JumpRope",
        "JumpingJack",
        "Mixing",
        "PizzaTossing",
        "PlayingCello",
        "PlayingPiano",
        "PlayingSitar",
        "PlayingViolin",
        "Skiing",
        "SkyDiving",
        "SumoWrestling",
        "Surfing",
        "Swing",
        "TennisSwing",
        "VolleyballSpiking",
        "WalkingWithDog",
    ),
)
JHMDB = DataSet("jhmdb", "hmdb51", splits=(1, 2, 3), steps=300, paper="hmdb51")


def prepare(
    data: DataSet, solver: str, config: Config, data_dir: Path, folder: Path, form: FlowFormat | None = None
) -> Config:
    """The configuration on the videos in `data_dir`; their frames and flow are stored, unless they are there.

    Args:
        data: the data set.
        solver: whose flow is stored; empty for none.
        config: the configuration of a stream.
        data_dir: the data set's folder.
        folder: the folder of a table's runs; frames and flow lie beside it, where all tables find them.
        form: which flow is stored, and how; None takes `stacks`.

    Raises:
        InputError: there is no such list, or what is stored is of other videos.
    """
    folder = folder.parent / SHARED
    config = with_root(config, data_dir, cache=str(_frames(data, data_dir, folder)))
    if not solver:
        return config
    return with_root(config, data_dir, flow=str(_flow(data, solver, data_dir, folder, form or stacks())))


def flow_folder(data: DataSet, solver: str, folder: Path | str, form: FlowFormat | None = None) -> Path:
    """Where the flow of a solver is stored, in the folder that all tables share.

    Args:
        data: the data set.
        solver: its name.
        folder: the folder that all tables share.
        form: which flow is stored, and how; None for `stacks`.
    """
    other = f"-{form.windows}x{form.window}" if form and form != stacks() else ""
    return Path(folder) / f"{data.name}-{solver}{other}"


def _videos(data: DataSet, data_dir: Path) -> VideoList:
    first, *others = data.splits
    return union(splits_of(data.dataset, data_dir, 0 if others else first, data.classes))


def _frames(data: DataSet, data_dir: Path, folder: Path) -> Path:
    place, videos = folder / f"{data.name}-frames", _videos(data, data_dir)
    _require_same(videos, place, data_dir)
    # Writing it again would read all of a finished store, for every cell.
    if not (place / "index.json").is_file():
        with progress("caching", "videos") as show:
            write_cache(videos, place, progress=show)
    return place


def _flow(data: DataSet, solver: str, data_dir: Path, folder: Path, form: FlowFormat) -> Path:
    place, videos = flow_folder(data, solver, folder, form), _videos(data, data_dir)
    _require_same(videos, place, data_dir)
    if not (place / "index.json").is_file():
        with progress(f"storing the flow of {solver}", "videos") as show:
            make = partial(make_solver, solver)
            write_flow(videos, place, make, solver_record(solver, {}), form, progress=show)
    return place


def _require_same(videos: VideoList, place: Path, data_dir: Path) -> None:
    """Refuses a store of other files than those of a list, which a note beside it tells: ids alone can be the same."""
    note = place.with_name(f"{place.name}.source")
    # Tables of one split and of all list the same videos in another order.
    found = sorted(f"{video.video_id} {Path(video.path).stat().st_size}" for video in videos.videos)
    mark = hashlib.sha256("\n".join(found).encode()).hexdigest()
    if not note.is_file():
        note.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(note) as half:
            half.write_text(mark)
    elif note.read_text() != mark:
        raise InputError(
            f"{place} is of other videos than those in --data_dir={data_dir}: name their folder, or delete it and "
            f"{note.name}, or give another --weights_dir."
        )
