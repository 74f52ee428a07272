"""How much of each frame the flow to the next one does not explain: a measure without any truth."""

import keras
import numpy as np

from launch.config import Config
from launch.data import Source
from launch.evaluators import Measurement
from launch.evaluators.parts.flow_of_model import at_measured_size, flow_function, has_flow, measured_size
from launch.evaluators.parts.protocol import Seen, protocol_of
from launch.progress import progress
from tvnet_keras.flow.measure import photometric_residual
from tvnet_keras.video.pipeline import video_errors

NEEDS = ()

TITLE = ("photometric",)

SETTINGS = ("frames", "step", "short", "height", "width", "resize_short", "test_crop", "interpolation", "render")
"""Of the data: how the clips are cut that are looked at."""

applies = has_flow


def measure(model: keras.Model, source: Source, config: Config) -> Measurement:
    """Residuals of the central views of every sample.

    Args:
        model: with a Motion layer, or a flow among its outputs.
        source: of videos, or of pairs, which are taken as they are.
        config: whose `data` and `eval` say what is looked at.

    Returns:
        `photometric` of the model's flow and `photometric_zero` of none: mean `|I2(x + flow) - I1(x)|`, grey levels.
    """
    source, config = at_measured_size(model, source, config)
    compute, seen = flow_function(model), Seen(source.clips(), "clip")
    residuals, still, sizes = [], [], set()
    with video_errors(), progress("residuals of the flow", "samples") as show:
        for batch in seen:
            for clip, flow in zip(batch["clip"].numpy(), compute(batch["clip"]).numpy(), strict=True):
                sizes.add(clip.shape[1:3])
                for step, field in enumerate(flow):
                    frames = clip[step : step + 2]
                    residuals.append(photometric_residual(frames, field))
                    still.append(photometric_residual(frames, 0 * field))
            show(int(batch["index"][-1]) + 1, len(source.names))
    numbers = {"photometric": float(np.mean(residuals)), "photometric_zero": float(np.mean(still))}
    protocol = {
        **protocol_of(config, source, SETTINGS),
        "flow_size": measured_size(config),
        "photometric_sizes": [list(size) for size in sorted(sizes)],
        "photometric_fields": len(residuals),
        "photometric_sha256": seen.sha256,
    }
    return Measurement(numbers, protocol)
