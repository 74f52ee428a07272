"""End-point errors of a model's flow, where the exact flow is known."""

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

HIGHER_IS_BETTER = False

DATA_SETTINGS = ("unknown", "interpolation", "render")
"""Fields of `config.data` that say what is done to frames and truth before they are compared."""

TRAINING_SIZE_SETTINGS = ("frames", "short", "resize_short", "resize_long", "test_crop")
"""Further fields of `config.data` that say how frames and truth are cut, where they have the training size."""

applies = has_flow


def measure(model: keras.Model, source: Source, config: Config) -> Measurement:
    """Compares the flow of every sample with its truth.

    Args:
        model: a model with a Motion layer, or with a flow among its outputs.
        source: samples with exact flow.
        config: the configuration, whose `data` and `eval` say at which size.

    Returns:
        In pixels `epe` (mean over images), `epe_pixel` (mean over all known pixels) and `epe_zero`, the `epe` of zero
        flow; as fractions `outliers_1px`, `outliers_3px`, `outliers_5px` and `fl_all`.
    """
    source, config = at_measured_size(model, source, config)
    compute = flow_function(model)
    return compare(lambda clip: compute(clip).numpy(), source, config)


def compare(compute: Callable[[tf.Tensor], np.ndarray], source: Source, config: Config) -> Measurement:
    """Compares the flow that a function computes with the truth, at the size that the configuration says.

    Args:
        compute: a function of clips uint8 `[B, T, H, W, 3]` that returns flow `[B, T - 1, H, W, 2]`, in pixels.
        source: samples with exact flow.
        config: the configuration, whose `data` and `eval` say at which size.

    Returns:
        The numbers of `measure`.
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
    """`epe_untrained`, the error of a Motion layer before its training; nothing for models without such a layer.

    Args:
        model: the model that was measured.
        fresh: the same model with fresh weights.
        source: samples with exact flow.
        config: the configuration, whose `data` and `eval` say at which size.
    """
    if motion_of(model) is None:
        return {}
    return {"epe_untrained": measure(fresh, source, config).numbers["epe"]}
