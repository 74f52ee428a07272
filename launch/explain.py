"""Shows what a classifier looks at in video files, and its first filters.

python -m launch.explain --run=runs/tvnet clip1.avi clip2.mp4
python -m launch.explain --run=runs/tvnet --class=Surfing --square=32 --stride=8 --output_dir=explained clip.avi
python -m launch.explain --run=runs/tvnet --filters

A black square slides over the central clip of a video, as the test pipeline shows it to the network, at the same place
in all frames; what the square takes of the confidence in the class is the importance of what it covers
(`tvnet_keras.scoring.occlusion`). A network of stored flow gets no motion there in place of black. For every video
`NAME.importance.png` shows the middle frame, the map on it and, where the network gives the flow of the frames, that of
the same step; `NAME.importance.npy` is the map, float32 `[height, width]` of the network's view. `filters.png` has the
first convolution that sees more than one pixel: of a network of several frames, what a filter sees of each stands side
by side.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from absl import flags

from launch.explanation.filters import filters_picture
from launch.explanation.first_convolution import first_convolution
from launch.explanation.importance import importance_picture
from launch.flow_report.pictures import longest_of, write_picture
from launch.run import app, config_flags
from launch.run.config import Config
from launch.run.inference import as_graph, logits_of
from launch.run.model import load_run
from launch.run.model_outputs import output_names
from launch.run.progress import progress
from launch.run.run_folder import place_in, required_config
from launch.run.video_files import open_files, require_distinct_names
from launch.run.video_source import VideoSource
from models import input_of
from tvnet_keras.atomic import atomic_path
from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.flow.picture import GAP, beside
from tvnet_keras.one_writer import only_writer
from tvnet_keras.scoring.occlusion import Occlusion, occlude
from tvnet_keras.video.listing import Video
from tvnet_keras.video.pipeline import video_errors

PART = 4
"""By default the square's side is a quarter of the view's shorter side, and the stride a quarter of the square."""

ENDING = ".importance"

RUN = flags.DEFINE_string("run", "", "The folder that launch.train wrote.", **app.SHARED_FLAG)
OUTPUT_DIR = flags.DEFINE_string(
    "output_dir", "", "The folder to write to (default: <run>/explanation).", **app.SHARED_FLAG
)
CLASS = flags.DEFINE_string("class", "", "The class whose confidence is watched (default: the most probable one).")
SQUARE = flags.DEFINE_integer(
    "square", None, "Side of the square, in pixels of the network's view (default: a quarter of its shorter side)."
)
STRIDE = flags.DEFINE_integer(
    "stride",
    None,
    "Pixels from one place of the square to the next (default: a quarter of the square).",
    **app.SHARED_FLAG,
)
FILTERS = flags.DEFINE_bool("filters", False, "Also draw the filters of the first convolution.")
SKIP_UNREADABLE = flags.DEFINE_bool(
    "skip_unreadable", False, "Go on without videos that cannot be read, naming them.", **app.SHARED_FLAG
)


def main(paths: list[str]) -> None:
    """Reads the flags and explains.

    Raises:
        InputError: there is nothing to show, or another process writes the folder.
    """
    if not paths and not FILTERS.value:
        raise InputError("Name at least one video, or give --filters: python -m launch.explain --run=FOLDER VIDEO...")
    require_distinct_names(paths, f"{ENDING}.png")
    config = config_flags.parsed_config()
    square, stride = square_and_stride(config)
    folder = place_in(Path(RUN.value), OUTPUT_DIR.value, "explanation")
    with only_writer(folder):
        config, model, class_names = load_run(Path(RUN.value), config)
        if FILTERS.value:
            write_filters(model, folder / "filters.png")
        if not paths:
            return
        # A network of flow may have learned on videos that have classes.
        if not class_names or "logits" not in output_names(model, config.data):
            raise InputError(
                f"--run={RUN.value} names no classes (--method={config.method}), so there is no answer to explain; "
                "leave the videos out and ask for its --filters."
            )
        label = class_names.index(check_choice("--class", CLASS.value, class_names)) if CLASS.value else None
        source = open_files(paths, config, class_names, skip_unreadable=SKIP_UNREADABLE.value)
        explain(model, source, folder, square=square, stride=stride, label=label)


def square_and_stride(config: Config) -> tuple[int, int]:
    """The side of the square and the distance between its places, in pixels of the network's view.

    Raises:
        InputError: a square that is not within the view, or a stride that leaves pixels uncovered.
    """
    shorter = min(config.data.height, config.data.width)
    square = max(1, shorter // PART) if SQUARE.value is None else SQUARE.value
    # A network of image pairs of any size has no view; that it has no classes is said later.
    if shorter and not 1 <= square <= shorter:
        raise InputError(f"--square={square} must be from 1 to {shorter} pixels, the shorter side of the run's views.")
    stride = max(1, square // PART) if STRIDE.value is None else STRIDE.value
    if not 1 <= stride <= square:
        raise InputError(
            f"--stride={stride} must be from 1 to {square} pixels, the side of the square: a longer one would leave "
            "pixels out."
        )
    return square, stride


def probabilities_of(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """The classifier that a model is: from clips, or what it takes in their place, to probabilities `[B, K]`."""
    logits = as_graph(model, logits_of)
    # In float64: a small probability is still a number that another can be divided by.
    return lambda clips: tf.nn.softmax(tf.cast(logits(clips), tf.float64)).numpy()


def explain(
    model: keras.Model, source: VideoSource, folder: Path, *, square: int, stride: int, label: int | None = None
) -> None:
    """Writes the importance maps of the central clips of videos with their pictures, and prints what they say.

    Args:
        model: a network with `logits` among its outputs.
        source: the videos.
        folder: where to write.
        square: the side of the square, in pixels.
        stride: distance between neighbouring places of the square, in pixels.
        label: the class whose confidence is watched; None takes the most probable one of every video.

    Raises:
        InputError: a file breaks while it is read, or the network answers with no numbers.
    """
    config, names, videos = source.config, source.class_names, source.videos.videos
    predict, field = probabilities_of(model), input_of(model)
    flow_of = as_graph(model, _flow_of) if "flow" in output_names(model, config.data) else None
    with progress("occluding", "clips") as show:
        for number, (video, sample) in enumerate(_central_clips(source)):
            found = occlude(
                predict,
                sample[field],
                square=square,
                stride=stride,
                batch_size=config.eval.batch_size,
                progress=lambda done, each, before=number: show(before * each + done, len(videos) * each),
            )
            chosen = int(found.whole.argmax()) if label is None else label
            said = f"{names[chosen]} {100 * found.whole[chosen]:.1f} %"
            flow = None if flow_of is None else flow_of(sample[field][None]).numpy()[0]
            target = folder / f"{video.video_id}{ENDING}.png"
            title = f"{said}; square of {square} px, every {stride} px"
            _write(target, sample["clip"], found.importance(chosen), flow, title)
            print(f"{video.path}: {said}; {_most(found, chosen)}")
            print(f"written: {target}, {target.with_suffix('.npy').name}")


def write_filters(model: keras.Model, target: Path) -> None:
    """Writes the picture of a network's first filters.

    Raises:
        InputError: it has no convolution.
    """
    layer, seen = first_convolution(model)
    if layer is None:
        raise InputError(f"--run={RUN.value} has no convolution of more than one pixel, so there are no --filters.")
    kernel = keras.ops.convert_to_numpy(layer.kernel)
    size = " x ".join(map(str, kernel.shape[:-2]))
    caption = f"{layer.name}: {kernel.shape[-1]} filters of {size} pixels, {kernel.shape[-2]} channels ({seen})"
    write_picture(target, filters_picture(kernel, seen, caption))
    print(f"written: {target}")


def _central_clips(source: VideoSource) -> Iterator[tuple[Video, dict[str, np.ndarray]]]:
    """Every video with the fields of its central clip, without the axis of the batch."""
    with video_errors():
        for batch in source.clips():
            fields = {name: values.numpy() for name, values in batch.items()}
            for place, index in enumerate(fields["index"]):
                yield source.videos.videos[index], {name: values[place] for name, values in fields.items()}


def _flow_of(model: keras.Model, clips: tf.Tensor) -> tf.Tensor:
    """The flow that a network gives beside its logits."""
    return model(clips, training=False)["flow"]


def _write(target: Path, clip: np.ndarray, importance: np.ndarray, flow: np.ndarray | None, title: str) -> None:
    """Writes a map, and its picture on the middle frame of the clip, beside the flow of that step."""
    middle = (len(clip) - 1) // 2
    panels = {}
    if flow is not None:
        step = flow[min(middle, len(flow) - 1)]
        longest = longest_of(None, [step])
        colours = beside(clip[:1], step[None], longest)[0, :, clip.shape[2] + GAP :]
        panels[f"flow, full colour at {longest:.1f} px"] = colours
    write_picture(target, importance_picture(clip[middle], importance, title, panels))
    with atomic_path(target.with_suffix(".npy")) as partial:
        np.save(partial, importance)


def _most(found: Occlusion, label: int) -> str:
    """Where the square takes the most, in words."""
    drops = found.drops(label)
    if drops.max() <= 0:
        return f"no square of {found.square} px takes anything of it"
    row, column = np.unravel_index(drops.argmax(), drops.shape)
    y, x = (places[place] + found.square // 2 for places, place in ((found.tops, row), (found.lefts, column)))
    return f"a square of {found.square} px takes up to {100 * drops.max():.0f} % of it, around row {y}, column {x}"


if __name__ == "__main__":
    app.run(main, parser=config_flags.parser(lambda: required_config("run", RUN.value)), positional=True)
