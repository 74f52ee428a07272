"""Accuracies of a classifier, from the mean of its logits over the clips and crops of every video."""

import keras
import numpy as np

from launch.evaluators import Measurement
from launch.evaluators.parts.protocol import FingerprintedBatches, protocol_of
from launch.run.config import Config
from launch.run.inference import score_videos
from launch.run.video_source import VideoSource
from models import input_of
from tvnet_keras.scoring import report
from tvnet_keras.scoring.scores import Scores
from tvnet_keras.video.recipe import RANDOM

NEEDS = ("label",)

HEADLINES = ("top1",)

HIGHER_IS_BETTER = True

DATA_SETTINGS = ("frames", "step", "short", "height", "width", "resize_short", "resize_long", "test_crop")
"""Fields of `config.data` that say how the scored views are cut."""

UNKNOWN_WEIGHTS = {"commit": "", "weights_sha256": ""}
"""What scores say of weights that are in no file yet; `launch.evaluate` replaces it."""


def applies(model: keras.Model, outputs: tuple[str, ...]) -> bool:
    """Whether the model answers with logits."""
    return "logits" in outputs


def measure(model: keras.Model, source: VideoSource, config: Config) -> Measurement:
    """Scores every video of the source.

    Args:
        model: a classifier of the source's classes.
        source: videos with labels.
        config: the configuration, whose `data` and `eval` say what is scored.

    Returns:
        `top1`, its 95 % interval from `top1_low` to `top1_high`, `mean_class_accuracy`, and `top5` where there are more
        than five classes; with the scores.

    Raises:
        InputError: a file cannot be read to its end.
    """
    taken = input_of(model)
    batches = FingerprintedBatches(source.views(), *dict.fromkeys(("clip", taken)))
    logits, views = score_videos(model, batches, source.videos)
    protocol = protocol_of(config, source, DATA_SETTINGS) | _views(config, views) | {"views_sha256": batches.sha256}
    if taken != "clip":
        protocol["stored_flow"] = source.flow_read
    run = {"kind": config.method, "experiment": config.experiment, "seed": config.seed}
    scores = Scores(
        video_id=tuple(name for name, _ in source.names),
        label=np.array([label for _, label in source.names]),
        class_names=source.class_names,
        logits=logits,
        header={**run, **UNKNOWN_WEIGHTS, **protocol},
    )
    return Measurement(_accuracies(scores), protocol, scores)


def _views(config: Config, views: np.ndarray) -> dict:
    """The views that were scored of each video, as they were counted and not as the settings promise them."""
    test = config.eval
    clips = sorted({int(count) // test.crops for count in views})
    return {
        "sampling": test.sampling,
        "clips": clips[0] if len(clips) == 1 else clips,
        "views": int(views.sum()),
        "crops": test.crops,
        "stride": test.stride if test.sampling == "dense" else None,
        **({"views_seed": test.seed} if test.sampling == RANDOM else {}),
    }


def _accuracies(scores: Scores) -> dict[str, float]:
    numbers = report.top1_numbers(scores) | {"mean_class_accuracy": report.mean_class_accuracy(scores)}
    if len(scores.class_names) > 5:
        numbers["top5"] = report.top_k(scores, 5)
    return numbers
