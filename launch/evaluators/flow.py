"""End-point errors of a model's flow where the exact flow is known."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from launch.evaluators import Measurement
from launch.evaluators.parts.flow_of_model import at_measured_size, flow_function, has_flow, measured_size
from launch.evaluators.parts.protocol import FingerprintedBatches, protocol_of
from launch.run.config import Config
from launch.run.data import Source
from launch.run.progress import progress
from models import motion_of
from tvnet_keras.flow.measure import EndPointErrors
from tvnet_keras.video.pipeline import video_errors

NEEDS = ("flow", "known")

HEADLINES = ("epe",)

DATA_SETTINGS = ("unknown", "interpolation", "render")
"""Of the data: what is done to frames and truth before they are compared."""

TRAINING_SIZE_SETTINGS = ("frames", "short", "resize_short", "test_crop")
"""Of the data, at the training size: how they are cut."""

applies = has_flow


def measure(model: keras.Model, source: Source, config: Config) -> Measurement:
    """Compares the flow of every sample with its truth.

    Args:
        model: with a Motion layer, or a flow among its outputs.
        source: with exact flow.
        config: whose `data` and `eval` say at which size.

    Returns:
        `epe` (mean over images), `epe_pixel` (over all known pixels), `outliers_1px`, `outliers_3px`, `outliers_5px`,
        `fl_all` of the model, and `epe_zero` of zero flow; pixels and fractions.
    """
    source, config = at_measured_size(model, source, config)
    compute = flow_function(model)
    return compare(lambda clip: compute(clip).numpy(), source, config)


def compare(compute: Callable[[tf.Tensor], np.ndarray], source: Source, config: Config) -> Measurement:
    """As `measure`, of whatever computes flow at the size that the configuration says.

    Args:
        compute: clips uint8 `[B, T, H, W, 3]` to flow `[B, T - 1, H, W, 2]`, pixels.
        source: as in `measure`.
        config: as in `measure`.
    """
    errors, zero = EndPointErrors(), EndPointErrors()
    batches = FingerprintedBatches(source.flow_samples(), "clip", *NEEDS)
    with video_errors(), progress("comparing flow", "samples") as show:
        for batch in batches:
            truth, known = batch["flow"].numpy(), batch["known"].numpy()
            errors.add(compute(batch["clip"]), truth, known)
            zero.add(0 * truth, truth, known)
            show(int(batch["index"][-1]) + 1, len(source.names))
    numbers = errors.numbers()
    settings = DATA_SETTINGS if config.eval.flow_size == "own" else DATA_SETTINGS + TRAINING_SIZE_SETTINGS
    protocol = {
        **protocol_of(config, source, settings),
        "flow_size": measured_size(config),
        "fields": int(numbers.pop("images")),
        "pixels": int(numbers.pop("pixels")),
        "flow_sha256": batches.sha256,
    }
    return Measurement({**numbers, "epe_zero": zero.numbers()["epe"]}, protocol)


def measure_untrained(model: keras.Model, fresh: keras.Model, source: Source, config: Config) -> dict[str, float]:
    """`epe_untrained` of a Motion layer as it was before it was trained; nothing of other models.

    Args:
        model: that was measured.
        fresh: the same with fresh weights.
        source: as in `measure`.
        config: as in `measure`.
    """
    if motion_of(model) is None:
        return {}
    return {"epe_untrained": measure(fresh, source, config).numbers["epe"]}
