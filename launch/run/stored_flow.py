"""Flow beside the frames of videos: which store a run reads, and whether it holds all that the run asks for."""

from collections.abc import Callable

import numpy as np

from launch.run.config import Config, method_module
from launch.run.recipes import multi_view, test_clip_recipe
from models import needs_of
from tvnet_keras.errors import InputError
from tvnet_keras.flow.between import flow_between, steps_between
from tvnet_keras.flow.io import known_vectors
from tvnet_keras.flow.store import StoredFlow
from tvnet_keras.video.listing import Video
from tvnet_keras.video.recipe import MultiView
from tvnet_keras.video.sample import even_clips
from tvnet_keras.video.views import EvalViews, FlowBetween, FrameSource, steps_of


def reads_flow(config: Config) -> bool:
    """Whether a method takes flow beside the frames, and is not taught by it."""
    needs = needs_of(method_module(config.method), config.model)
    return "flow" in needs and "known" not in needs


def learns_stored_flow(config: Config) -> bool:
    """Whether a method is taught by the flow of `data.flow`, in the place of an exact one."""
    return bool(config.data.flow) and "known" in needs_of(method_module(config.method), config.model)


def asks_for_flow(config: Config, subset: str) -> bool:
    """Whether the flow between the frames is read for the clips of a subset.

    What is learned is not asked for in a test: it is no truth, but what a solver computed.
    """
    return reads_flow(config) or (subset == "train" and learns_stored_flow(config))


def no_flow(config: Config) -> InputError:
    """The refusal of videos that have neither stored nor exact flow, of a method that reads it."""
    return InputError(
        f"--config.model.motion={config.model.motion} reads stored flow, of which --config.data.dataset="
        f"{config.data.dataset} has none: give --config.data.flow=FOLDER, which launch.prepare --flow=FOLDER writes."
    )


def of_store(stored: StoredFlow) -> FlowBetween:
    """Reads stored flow."""
    return lambda video, first, last: stored.read(video.video_id, first, last)


def of_exact_flow(exact_flow: Callable[[str], np.ndarray]) -> FlowBetween:
    """Reads the exact flow of videos that have it; unknown vectors are zero."""

    def between(video: Video, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        steps = exact_flow(video.path)
        return flow_between(lambda numbers: _known(steps[numbers]), first, last, name=video.video_id)

    return between


def _known(steps: np.ndarray) -> np.ndarray:
    return np.where(known_vectors(steps)[..., None], steps, np.float32(0))


def require_flow(stored: StoredFlow | None, source: FrameSource, config: Config, subset: str) -> None:
    """Refuses, before the first step, flow that is not there for every clip that a run may ask for.

    Args:
        stored: what `data.flow` holds; None where the exact flow of all steps is read.
        source: the videos.
        config: of the run.
        subset: "train" or "test", whose clips are meant.

    Raises:
        InputError: the flow of a clip is missing.
    """
    data = config.data
    if stored is not None and subset == "train" and stored.form.windows and not data.windows:
        form = stored.form
        raise InputError(
            f"--config.data.flow={data.flow} holds the flow of {form.windows} windows of {form.window} pairs of every "
            f"video: draw the clips from them with --config.data.windows={form.windows} and --config.data.frames="
            f"{form.window + 1}, or store all pairs."
        )
    held = f"--config.data.flow={data.flow}" if stored else f"The exact flow of --config.data.dataset={data.dataset}"
    try:
        for index, video in enumerate(source.videos.videos):
            for clips in _clips(source, config, subset, index):
                first, last = steps_of(clips)
                if stored is None:
                    steps_between(first, last, name=video.video_id)
                else:
                    stored.require(video.video_id, first, last)
    except InputError as error:
        raise InputError(
            f"{held} lacks flow that the {subset} clips ask for: {error} (Flow is read for "
            f"--config.data.frames={data.frames}, step={data.step}, windows={data.windows}, short={data.short}, in "
            f"tests for the middle clip and --config.eval.clips={config.eval.clips}.)"
        ) from error


def _clips(source: FrameSource, config: Config, subset: str, index: int) -> list[np.ndarray]:
    """Clips of a video, frame numbers `[clips, frames]`: all that a test asks for, or of a training those it may."""
    data, count = config.data, source.count(index)
    if subset == "train":
        # Of clips that start anywhere, the first and the last.
        return [even_clips(count, data.frames, data.windows or 2, data.step, short=data.short)]
    recipe = test_clip_recipe(data)
    return [EvalViews(source, recipe, chosen, 1).clips_of(index) for chosen in (MultiView(), multi_view(config.eval))]
