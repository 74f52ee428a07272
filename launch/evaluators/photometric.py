"""How much of each frame the flow to the next one does not explain: a measure that needs no truth."""

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
from tvnet_keras.flow.measure import photometric_residuals
from tvnet_keras.video.pipeline import video_errors

NEEDS = ()

HEADLINES = ("photometric",)

HIGHER_IS_BETTER = False

DATA_SETTINGS = (
    *("frames", "step", "short", "height", "width", "resize_short", "resize_long", "test_crop"),
    *("interpolation", "render"),
)
"""Fields of `config.data` that say how the measured clips are cut."""

applies = has_flow


def measure(model: keras.Model, source: Source, config: Config) -> Measurement:
    """The residuals of the central view of every sample.

    Args:
        model: a model with a Motion layer, or with a flow among its outputs.
        source: videos, or pairs, which are taken as they are.
        config: the configuration, whose `data` and `eval` say what is measured.

    Returns:
        `photometric`, the mean `|I2(x + flow) - I1(x)|` of the model's flow in grey levels, and `photometric_zero`, the
        same of zero flow.
    """
    source, config = at_measured_size(model, source, config)
    compute = flow_function(model)
    return compare(lambda clip: compute(clip).numpy(), source, config)


def compare(compute: Callable[[tf.Tensor], np.ndarray], source: Source, config: Config) -> Measurement:
    """The residuals of the flow that a function computes, at the size that the configuration says.

    Args:
        compute: a function of clips uint8 `[B, T, H, W, 3]` that returns flow `[B, T - 1, H, W, 2]`, in pixels.
        source: videos, or pairs, which are taken as they are.
        config: the configuration, whose `data` and `eval` say what is measured.

    Returns:
        The numbers of `measure`.
    """
    batches = FingerprintedBatches(source.clips(), "clip")
    residuals, still, sizes = [], [], set()
    with video_errors(), progress("residuals of the flow", "samples") as show:
        for batch in batches:
            clip = batch["clip"].numpy()
            flow = compute(batch["clip"])
            residuals.append(photometric_residuals(clip, flow).ravel())
            still.append(photometric_residuals(clip, np.zeros_like(flow)).ravel())
            sizes.add(clip.shape[2:4])
            show(int(batch["index"][-1]) + 1, len(source.names))
    found = {"photometric": np.concatenate(residuals), "photometric_zero": np.concatenate(still)}
    protocol = {
        **protocol_of(config, source, DATA_SETTINGS),
        "flow_size": measured_size(config),
        "photometric_sizes": [list(size) for size in sorted(sizes)],
        "photometric_fields": len(found["photometric"]),
        "photometric_sha256": batches.sha256,
    }
    return Measurement({name: float(values.mean()) for name, values in found.items()}, protocol)
