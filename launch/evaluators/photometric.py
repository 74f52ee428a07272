"""How much of each frame the flow to the next one does not explain: a measure without any truth."""

import keras
import numpy as np

from launch.config import Config
from launch.data import Source
from launch.evaluators import Measurement
from launch.evaluators.parts.flow_of_model import flow_function, has_flow
from launch.evaluators.parts.protocol import protocol_of
from launch.progress import progress
from tvnet_keras.flow.measure import photometric_residual

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
    compute = flow_function(model)
    residuals, still = [], []
    with progress("residuals of the flow", "samples") as show:
        for batch in source.clips():
            for clip, flow in zip(batch["clip"].numpy(), compute(batch["clip"]).numpy(), strict=True):
                for step, field in enumerate(flow):
                    frames = clip[step : step + 2]
                    residuals.append(photometric_residual(frames, field))
                    still.append(photometric_residual(frames, 0 * field))
            show(int(batch["index"][-1]) + 1, len(source.names))
    numbers = {"photometric": float(np.mean(residuals)), "photometric_zero": float(np.mean(still))}
    protocol = {**protocol_of(config, source, SETTINGS), "flow_size": config.eval.flow_size, "fields": len(residuals)}
    return Measurement(numbers, protocol)
