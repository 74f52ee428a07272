"""Computes optical flow: of your own videos and images, or of a data set of pairs with its errors.

    python -m launch.flow --output_dir=runs/flow my_video.mp4 a_folder_of_videos
    python -m launch.flow --solver=dis --write=flo,png --start=100 --end=200 --output_dir=runs/flow my_video.mp4
    python -m launch.flow --solver=dis --output_dir=runs/flow first.png second.png
    python -m launch.flow --solver=tvnet-1-1-50,tvl1-5-5-50 --dataset=middlebury --data_dir=DIR --output_dir=runs/flow

Files are videos, two or more images, or folders of either, without the folders in those. Of a video it writes to the
output folder `SOLVER/VIDEO.mp4`, the flow in colours on one scale; of images `SOLVER/IMAGE.flo` and `.png`, named after
the first image of each pair, and of those of a folder the same in `SOLVER/FOLDER/`. `--write` chooses: flo
(Middlebury), kitti (`.kitti.png`, steps of 1/64 pixel), npy (float32 [H, W, 2]), png (colours) and video; files of
single frames of a video lie in `SOLVER/VIDEO/`, named by the frame's number. `SOLVER/NAME.json` says how they were
made, and which length has the strongest colours. Frames are read, solved and written one by one, so that a long video
takes no more memory. After Ctrl-C or a kill the same command goes on, file by file; other settings for the same files
are refused, or replace what is there with --replace.

Of a data set, and of files with --measure, it writes `SOLVER/PAIR.flo` and `.png` (those of the exact flow are in
`truth/`, on the same scale), `contact_sheet.png` and `metrics.json`.

Solvers are TVNet's presets (docs/presets.md), tvnet-S-W-I (`--variant`, `--weights`; a preset with
`--weights=preset`), tvl1, tvl1-S-W-I, dis (or dis-ultrafast, dis-fast, dis-medium: the preset that dis has), deepflow,
farneback, skimage-tvl1, or a folder that launch.export wrote. docs/which-solver.md says which is how exact and how
fast.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from launch.flow_report.comparison import PairProtocol, compare
from launch.flow_report.formats import FORMATS, parse_formats
from launch.flow_report.inputs import choose_pairs, list_pairs, make_solvers, options_of, solver_record, weights_record
from launch.flow_report.sequences import FORMS, FrameSequence, Selection, inner_folders, sequences_of
from launch.flow_report.streaming import Output, SequenceFlow
from launch.flow_report.tables import print_tables
from launch.run import app
from launch.run.app import report_error
from launch.run.image_size import parse_size
from tvnet_keras.errors import InputError
from tvnet_keras.flow import pairs, solvers
from tvnet_keras.one_writer import only_writer
from tvnet_keras.video.read import VideoError

DEFAULT_SOLVER = "tvnet-5-5-50-generated"
"""A preset: the least residual on real videos of all solvers that were compared (docs/which-solver.md)."""

SOLVER = flags.DEFINE_list("solver", [DEFAULT_SOLVER], "The solvers, separated by commas.", **app.SHARED_FLAG)
VARIANT = flags.DEFINE_string("variant", None, "The variant of tvnet solvers: default or official.", **app.SHARED_FLAG)
WEIGHTS = flags.DEFINE_string(
    "weights",
    None,
    "The weights of tvnet solvers: preset (that of their numbers), a preset's name, a run's folder or a .weights.h5.",
    **app.SHARED_FLAG,
)
DATASET = flags.DEFINE_string(
    "dataset", "", f"The data set of pairs: one of {', '.join(pairs.names())}.", **app.SHARED_FLAG
)
DATA_DIR = flags.DEFINE_string("data_dir", "", "The folder of --dataset.", **app.SHARED_FLAG)
RENDER = flags.DEFINE_string("render", None, "The render pass of Sintel: clean, final or albedo.", **app.SHARED_FLAG)
PAIRS = flags.DEFINE_list("pairs", [], "Names of the only pairs that are treated (default: all).", **app.SHARED_FLAG)
SIZE = flags.DEFINE_list("size", [], "HEIGHT,WIDTH to which frames and exact flow are resized.", **app.SHARED_FLAG)
UNKNOWN = flags.DEFINE_string(
    "unknown",
    "masked",
    "Unknown vectors of the exact flow are masked, or zero (counted as no motion).",
    **app.SHARED_FLAG,
)
MAX_PIXELS = flags.DEFINE_integer(
    "max_pixels", 2**23, "Largest number of pixels of a frame (4K); solvers take about 500 bytes each.", lower_bound=1
)
OUTPUT_DIR = flags.DEFINE_string(
    "output_dir", "runs/flow", "The folder to which everything is written.", **app.SHARED_FLAG
)
WRITE = flags.DEFINE_list(
    "write",
    [],
    f"What is written of files: some of {', '.join(FORMATS)} (default: video of videos, flo,png of images).",
)
START = flags.DEFINE_integer("start", 0, "The number of the first frame that is taken of each file.", lower_bound=0)
END = flags.DEFINE_integer("end", None, "The number of the first frame that is no longer taken.", lower_bound=1)
STRIDE = flags.DEFINE_integer(
    "stride", 1, "Every so many-th frame is taken; the flow is that from one to the next taken.", lower_bound=1
)
SCALE = flags.DEFINE_float(
    "scale",
    None,
    "Length, in pixels, of a vector with a saturated colour (default: the 99th percentile of each file, at least 1).",
    lower_bound=1e-3,
)
BESIDE = flags.DEFINE_bool("beside", False, "The video shows each frame beside its colours, with the colour wheel.")
REPLACE = flags.DEFINE_bool("replace", False, "Compute results of other settings again.", **app.SHARED_FLAG)
MEASURE = flags.DEFINE_bool(
    "measure", False, "Measure the photometric residual and the time of files, as of a data set."
)
SKIP_UNREADABLE = flags.DEFINE_bool(
    "skip_unreadable", False, "Go on without videos that cannot be read, naming them.", **app.SHARED_FLAG
)

OF_FILES = (WRITE, SCALE, BESIDE, REPLACE, SKIP_UNREADABLE)
"""What a data set and --measure have no use for."""

OF_FRAMES = (START, END, STRIDE, MEASURE)
"""What a data set has no use for either."""


def main(paths: list[str]) -> None:
    """Reads the flags, and computes the flow of files or of a data set.

    Raises:
        InputError: neither or both are given, flags do not go together, or the flow cannot be computed.
    """
    protocol = PairProtocol(parse_size(SIZE.value), UNKNOWN.value, MAX_PIXELS.value)
    if bool(paths) == bool(DATASET.value):
        raise InputError(f"Give either --dataset ({', '.join(pairs.names())}) or files: {FORMS}.")
    formats = parse_formats(WRITE.value)
    if DATASET.value or MEASURE.value:
        _refuse_changed(OF_FILES if MEASURE.value else (*OF_FILES, *OF_FRAMES))
        made = make_solvers(SOLVER.value, variant=VARIANT.value, weights=WEIGHTS.value)
        measure_pairs(_pairs(paths, protocol), made, protocol)
        return
    if BESIDE.value and formats and "video" not in formats:
        raise InputError(f"--beside is about the video, and --write={','.join(formats)} has none; add video.")
    if PAIRS.value:
        raise InputError(
            f"--pairs={','.join(PAIRS.value)} needs --dataset or --measure; choose frames by --start, --end."
        )
    selection = _selection(protocol)
    made = make_solvers(SOLVER.value, variant=VARIANT.value, weights=WEIGHTS.value)
    sequences = sequences_of(paths)
    if BESIDE.value and not any("video" in _formats_of(sequence, formats) for sequence in sequences):
        raise InputError("--beside is about the video, and of images .flo and .png are written; add --write=video.")
    for folder in inner_folders(paths):
        print(f"passed over: {folder}, a folder in a folder; name it too for its files.", file=sys.stderr, flush=True)
    with only_writer(OUTPUT_DIR.value):
        for sequence in sequences:
            write_sequence(sequence, made, selection, formats)


def _refuse_changed(unused: Sequence[flags.FlagHolder]) -> None:
    for flag in unused:
        if flag.value != flag.default:
            what = f"--dataset={DATASET.value}" if DATASET.value else "--measure"
            value = ",".join(flag.value) if isinstance(flag.value, list) else flag.value
            raise InputError(f"--{flag.name}={value} does not go with {what}; leave one of them out.")


def _selection(protocol: PairProtocol) -> Selection:
    return Selection(START.value, END.value, STRIDE.value, protocol.size, protocol.max_pixels)


def _pairs(paths: list[str], protocol: PairProtocol) -> tuple[pairs.Pair, ...]:
    """The pairs of the data set, or of all files."""
    if DATASET.value:
        listed = list_pairs(DATASET.value, DATA_DIR.value, RENDER.value)
    else:
        selection = _selection(protocol)
        listed = tuple(pair for sequence in sequences_of(paths) for pair in sequence.pairs(selection))
    return choose_pairs(listed, PAIRS.value)


def measure_pairs(listed: Sequence[pairs.Pair], made: dict[str, solvers.Solver], protocol: PairProtocol) -> None:
    """Computes the flow of pairs, and prints and writes how exact and how fast that is."""
    given = {"dataset": DATASET.value or "files", "render": RENDER.value, "variant": VARIANT.value}
    given["weights"] = weights_record(SOLVER.value, WEIGHTS.value)
    folder = Path(OUTPUT_DIR.value)
    metrics = compare(listed, made, folder, protocol, {key: value for key, value in given.items() if value})
    print_tables(metrics)
    print(f"written: {folder}/metrics.json, contact_sheet.png and, for every solver, .flo and .png files")


def _formats_of(sequence: FrameSequence, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """What is written of a sequence: what was chosen, else what suits it."""
    return chosen or (("video",) if sequence.is_video else ("flo", "png"))


def write_sequence(
    sequence: FrameSequence, made: dict[str, solvers.Solver], selection: Selection, formats: tuple[str, ...]
) -> None:
    """Writes the flow of a video or of images by every solver, and prints where it is.

    Args:
        sequence: the video or the images.
        made: solvers by their labels, in the order of `--solver`.
        selection: which frames are taken.
        formats: what is written; empty for what suits the sequence.

    Raises:
        InputError: it cannot be computed, and is not to be passed over.
    """
    formats = _formats_of(sequence, formats)
    output = Output(Path(OUTPUT_DIR.value), formats, SCALE.value, BESIDE.value and "video" in formats, REPLACE.value)
    own = options_of(SOLVER.value, variant=VARIANT.value, weights=WEIGHTS.value)
    for name, (label, solve) in zip(SOLVER.value, made.items(), strict=True):
        record = solver_record(name, own[name])
        try:
            print(SequenceFlow(sequence, selection, label, solve, record, output).write(), flush=True)
        except VideoError as error:
            if not SKIP_UNREADABLE.value:
                remedy = "or go on without such files by --skip_unreadable."
                raise InputError(f"{str(error).rstrip('.')}, {remedy}") from error
            report_error(InputError(f"skipped: {error}"))
            return


if __name__ == "__main__":
    app.run(main, positional=True)
