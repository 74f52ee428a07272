"""Prepares data: generates Moving Shapes or pairs with exact flow, checks a data set, decodes one into a cache, or
stores its flow.

python -m launch.prepare --generate=data/moving_shapes
python -m launch.prepare --generate=data/moving_shapes2 --motions=acceleration
python -m launch.prepare --generate_pairs=data/pairs --pairs=5000 --bound=20 --size=256,320
python -m launch.prepare --check --dataset=ucf101 --data_dir=UCF-101
python -m launch.prepare --check --data_dir=some_folder_of_videos
python -m launch.prepare --cache=cache/ucf101 --dataset=ucf101 --data_dir=UCF-101
python -m launch.prepare --flow=flow/ucf101-tvl1 --solver=tvl1 --dataset=ucf101 --data_dir=UCF-101
"""

import sys
import tempfile
from pathlib import Path

from absl import flags

from launch.flow_report.inputs import options_of, solver_record
from launch.run import app
from launch.run.progress import progress
from launch.run.video_report import check_dataset, check_folder, splits_of, union
from launch.run.video_source import memory_file
from tvnet_keras.choices import first_few, listed
from tvnet_keras.errors import InputError
from tvnet_keras.flow.codec import FORMATS
from tvnet_keras.flow.generated.recipe import Recipe, pictures_of, write_recipe
from tvnet_keras.flow.generated.writer import write_pairs
from tvnet_keras.flow.solvers import forms, make_solver
from tvnet_keras.flow.store import FlowFormat, write_flow
from tvnet_keras.video import datasets
from tvnet_keras.video.cache import write_cache
from tvnet_keras.video.listing import VideoList
from tvnet_keras.video.moving_shapes.writer import MOTIONS as MOTION_CLASSES
from tvnet_keras.video.moving_shapes.writer import STEADY, write_dataset
from tvnet_keras.video.scan import scan
from tvnet_keras.video.split_files import found_elsewhere

MOST_WORKERS = 10_000
MOST_GROUPS = 100_000
"""Largest number of groups: all of them are listed in memory."""

GENERATE = flags.DEFINE_string("generate", "", "The folder to write the Moving Shapes data set to.")
GENERATE_PAIRS = flags.DEFINE_string(
    "generate_pairs", "", "The folder to write the recipe of generated pairs to, for the data set `generated`."
)
CHECK = flags.DEFINE_bool(
    "check", False, "Decode every video and name what is missing, unreadable, short or duplicate."
)
CACHE = flags.DEFINE_string("cache", "", "The folder to write a cache to, TFRecords of JPEG frames.")
FLOW = flags.DEFINE_string("flow", "", "The folder to store the flow of a data set in, for --config.data.flow.")

DATASET = flags.DEFINE_string(
    "dataset",
    "",
    f"The data set: a module of tvnet_keras/video/datasets ({listed(datasets)}); empty checks a folder's files.",
)
DATA_DIR = flags.DEFINE_string("data_dir", "", "The data set's folder.", **app.SHARED_FLAG)
SPLIT = flags.DEFINE_integer("split", 0, "The split of the data set; 0 takes all.", lower_bound=0)
CLASSES = flags.DEFINE_list("classes", [], "Names of the only classes that are taken (default: all).")
WORKERS = flags.DEFINE_integer(
    "workers",
    0,
    "Number of files worked on at the same time; 0 takes one per CPU.",
    lower_bound=0,
    upper_bound=MOST_WORKERS,
)

LIST_MISSING = flags.DEFINE_bool("list_missing", False, "--check: name every missing video, not a few of each class.")
MINIMUM = flags.DEFINE_integer("min_frames", 2, "--check: a video with fewer frames is called short.", lower_bound=2)
MEMORY = flags.DEFINE_string(
    "memory", "", "--check: the JSON file that remembers what was decoded, for a quick next check."
)

QUALITY = flags.DEFINE_integer("quality", 95, "--cache: the JPEG quality, 1 to 100.")
SHORT_SIDE = flags.DEFINE_integer(
    "short_side", 0, "--cache: the short side of the frames, in pixels; 0 keeps it.", lower_bound=0, upper_bound=16_384
)
SKIP_UNREADABLE = flags.DEFINE_bool(
    "skip_unreadable", False, "--cache and --flow: go on without broken videos, naming them."
)

SOLVER = flags.DEFINE_string(
    "solver", "", f"--flow: the solver, {', '.join(forms())}, or the folder of an exported model.", **app.SHARED_FLAG
)
VARIANT = flags.DEFINE_string("variant", None, "--flow: the variant of a tvnet solver.", **app.SHARED_FLAG)
WEIGHTS = flags.DEFINE_string(
    "weights",
    None,
    "--flow: the weights of a tvnet solver: preset, a preset's name, a run's folder or a .weights.h5 file.",
    **app.SHARED_FLAG,
)
FORM = flags.DEFINE_enum("form", FlowFormat.form, FORMATS, "--flow: the form of the 8-bit pictures.")
FLOW_QUALITY = flags.DEFINE_integer("flow_quality", FlowFormat.quality, "--flow: the quality of JPEG, 1 to 100.")
FLOW_BOUND = flags.DEFINE_float(
    "flow_bound", FlowFormat.bound, "--flow: longer components are clipped to it, in pixels."
)
WINDOWS = flags.DEFINE_integer(
    "windows", 0, "--flow: number of evenly spaced windows of a video; 0 stores all pairs.", lower_bound=0
)
WINDOW = flags.DEFINE_integer("window", 0, "--flow: number of neighbouring pairs of a window.", lower_bound=0)

LABEL = flags.DEFINE_string("label", "motion", "--generate: what makes the class, motion or look.")
MOTIONS = flags.DEFINE_enum(
    "motions",
    STEADY,
    tuple(MOTION_CLASSES),
    "--generate: the motions, steady ones or, for Moving Shapes II, changes of the velocity.",
)
SEED = flags.DEFINE_integer("seed", 0, "--generate and --generate_pairs: the seed of all draws.")
TRAIN_GROUPS = flags.DEFINE_integer(
    "train_groups",
    40,
    "--generate: number of training groups, with one clip per class each.",
    upper_bound=MOST_GROUPS,
    **app.SHARED_FLAG,
)
TEST_GROUPS = flags.DEFINE_integer(
    "test_groups",
    25,
    "--generate: number of test groups, with one clip per class each.",
    upper_bound=MOST_GROUPS,
    **app.SHARED_FLAG,
)
FRAMES = flags.DEFINE_integer(
    "frames", None, "--generate: number of frames per clip (default 10, of acceleration 16).", **app.SHARED_FLAG
)
SIZE = flags.DEFINE_list(
    "size", [], "--generate: HEIGHT,WIDTH of the frames, in pixels (default 64,64); --generate_pairs too (256,320)."
)
PAIRS = flags.DEFINE_integer("pairs", Recipe.pairs, "--generate_pairs: number of pairs; every tenth is for testing.")
BOUND = flags.DEFINE_float("bound", Recipe.bound, "--generate_pairs: the longest displacement, in pixels.")
PICTURES = flags.DEFINE_string(
    "pictures", "", "--generate_pairs: a folder of pictures or videos to cut the layers from; empty paints textures."
)
OBJECTS = flags.DEFINE_integer("objects", Recipe.objects, "--generate_pairs: the largest number of objects of a pair.")
BEND = flags.DEFINE_float("bend", Recipe.bend, "--generate_pairs: by how many pixels a layer bends at most.")
NOISE = flags.DEFINE_float("noise", Recipe.noise, "--generate_pairs: the largest noise of a frame, in grey levels.")
DRIFT = flags.DEFINE_float(
    "drift", Recipe.drift, "--generate_pairs: the largest change of brightness between the frames, as a fraction."
)
FILES = flags.DEFINE_bool(
    "files", False, "--generate_pairs: also write every pair under FlyingChairs' names, for other programs."
)


def main() -> None:
    """Reads the flags and does the one thing that they ask for."""
    tasks = ((GENERATE, generate), (GENERATE_PAIRS, generate_pairs), (CHECK, check), (CACHE, cache), (FLOW, flow))
    chosen = [(flag.name, task) for flag, task in tasks if flag.value]
    if len(chosen) != 1:
        raise InputError(
            "Give one of --generate=DIR, --generate_pairs=DIR, --check, --cache=DIR and --flow=DIR. Received: "
            f"{[name for name, _ in chosen] or 'none of them'}."
        )
    ((_, task),) = chosen
    task()


def generate() -> None:
    """Writes Moving Shapes as the flags ask."""
    size = _size((64, 64))
    with progress("generating", "clips") as show:
        root = write_dataset(
            GENERATE.value,
            train_groups=TRAIN_GROUPS.value,
            test_groups=TEST_GROUPS.value,
            frames=FRAMES.value,
            size=size,
            label=LABEL.value,
            motions=MOTIONS.value,
            seed=SEED.value,
            workers=WORKERS.value or None,
            progress=show,
        )
    print(f"written: {root}")


def generate_pairs() -> None:
    """Writes the recipe of generated pairs, and with --files the pairs themselves."""
    height, width = _size((Recipe.height, Recipe.width))
    recipe = Recipe(
        pairs=PAIRS.value,
        height=height,
        width=width,
        seed=SEED.value,
        bound=BOUND.value,
        objects=OBJECTS.value,
        bend=BEND.value,
        noise=NOISE.value,
        drift=DRIFT.value,
        pictures=PICTURES.value,
    )
    # A folder without pictures is told before there is a recipe of it.
    pictures_of(recipe)
    if FILES.value:
        with progress("generating", "pairs") as show:
            write_pairs(GENERATE_PAIRS.value, recipe, workers=WORKERS.value or None, progress=show)
    else:
        write_recipe(GENERATE_PAIRS.value, recipe)
    print(f"written: {GENERATE_PAIRS.value} ({recipe.pairs} pairs, --config.data.dataset=generated)")


def _size(default: tuple[int, int]) -> tuple[int, int]:
    """Height and width that --size asks for."""
    if not SIZE.value:
        return default
    if len(SIZE.value) != 2 or not all(side.isdigit() for side in SIZE.value):
        raise InputError(f"--size must be HEIGHT,WIDTH, such as 64,64. Received: --size={','.join(SIZE.value)}.")
    height, width = map(int, SIZE.value)
    return height, width


def check() -> None:
    """Checks a data set or a folder.

    Raises:
        InputError: a file cannot be read.
    """
    options = {"minimum": MINIMUM.value, "workers": WORKERS.value or None, "memory": _memory()}
    root = _data_dir()
    if DATASET.value:
        splits = splits_of(DATASET.value, root, SPLIT.value, CLASSES.value)
        found = check_dataset(splits, name_missing=LIST_MISSING.value, **options)
        elsewhere = found_elsewhere(root, union(splits).missing)
        if elsewhere:
            print(f"{elsewhere} is listed but lies where none is looked for: is --data_dir={root} the right folder?")
    else:
        found = check_folder(root, **options)
    broken = {problem.path for problem in found.problems if problem.unusable}
    if broken:
        files = len(found.counts) + len(broken)
        raise InputError(f"{len(broken)} of {files} files cannot be read; replace them or take them off the lists.")


def _memory() -> str | None:
    """The file of the memory, tried before hours of decoding; None without one.

    Raises:
        InputError: it cannot be written.
    """
    if MEMORY.value:
        nearest = next(folder for folder in Path(MEMORY.value).absolute().parents if folder.exists())
        try:
            tempfile.TemporaryFile(dir=nearest).close()
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"--memory={MEMORY.value} cannot be written ({reason}); choose another place.") from error
    return MEMORY.value or None


def cache() -> None:
    """Writes a cache of those videos of a data set that are there."""
    if not DATASET.value:
        raise InputError("--cache needs to know the data set; give --dataset, such as --dataset=folder.")
    videos = _readable(_videos()) if SKIP_UNREADABLE.value else _videos()
    with progress("caching", "videos") as show:
        write_cache(
            videos,
            CACHE.value,
            quality=QUALITY.value,
            short_side=SHORT_SIDE.value or None,
            progress=show,
            workers=WORKERS.value or None,
        )
    print(f"written: {CACHE.value} ({len(videos.videos)} videos; {len(videos.missing)} listed ones are missing)")


def flow() -> None:
    """Stores the flow of those videos of a data set that are there."""
    if not DATASET.value or not SOLVER.value:
        raise InputError("--flow needs a data set and a solver; give --dataset and --solver, such as --solver=tvl1.")
    form = FlowFormat(FORM.value, FLOW_QUALITY.value, FLOW_BOUND.value, WINDOWS.value, WINDOW.value)
    options = options_of([SOLVER.value], variant=VARIANT.value, weights=WEIGHTS.value)[SOLVER.value]
    # A bad solver is told before every video is looked for, and before there is a folder.
    make_solver(SOLVER.value, **options)
    # So is a broken video, as hours of flow of a longer list are no use to a shorter one.
    videos = _readable(_videos())
    with progress("storing flow", "videos") as show:
        stored = write_flow(
            videos,
            FLOW.value,
            lambda: make_solver(SOLVER.value, **options),
            solver_record(SOLVER.value, options),
            form,
            progress=show,
            workers=WORKERS.value or None,
        )
    pairs = sum(len(stored.pairs(name)) for name in stored.video_ids)
    print(
        f"written: {FLOW.value} ({pairs} pairs of {len(videos.videos)} videos, {stored.bytes_per_pair:.0f} bytes a "
        f"pair; {len(videos.missing)} listed ones are missing)"
    )


def _videos() -> VideoList:
    """The videos of the data set that are there."""
    return union(splits_of(DATASET.value, _data_dir(), SPLIT.value, CLASSES.value))


def _readable(videos: VideoList) -> VideoList:
    """The videos without the broken ones, where that is allowed.

    Raises:
        InputError: some are broken, and it is not.
    """
    with progress("checking", "files") as show:
        problems = scan(
            videos.videos, workers=WORKERS.value or None, progress=show, cache_file=memory_file(_data_dir())
        ).problems
    broken = [problem for problem in problems if problem.unusable]
    if broken and not SKIP_UNREADABLE.value:
        raise InputError(
            f"{len(broken)} of {len(videos.videos)} videos cannot be read; mend them or go on without them with "
            f"--skip_unreadable: {first_few([problem.message.rstrip('.') for problem in broken], '; ')}"
        )
    for problem in broken:
        print(f"skipped: {problem.message}", file=sys.stderr)
    return videos.without([problem.path for problem in broken])


def _data_dir() -> Path:
    folder = Path(DATA_DIR.value)
    if not DATA_DIR.value or not folder.is_dir():
        raise InputError(f"--data_dir={DATA_DIR.value} is no folder; give the folder of the videos.")
    return folder


if __name__ == "__main__":
    app.run(main)
