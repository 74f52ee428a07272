"""End-point errors of a model's flow where the exact flow is known."""

import dataclasses

import keras

from launch.config import Config
from launch.data import Source
from launch.evaluators import Measurement
from launch.evaluators.parts.flow_of_model import flow_config, flow_function, has_flow
from launch.evaluators.parts.protocol import protocol_of
from launch.progress import progress
from models import motion_of
from tvnet_keras.flow.measure import EndPointErrors

NEEDS = ("flow", "known")

TITLE = ("epe",)

SETTINGS = ("unknown", "interpolation", "render")
"""Of the data: what is done to frames and truth before they are compared."""

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
    found = flow_config(model, config)
    if found["flow_size"] != "own":
        config = dataclasses.replace(config, eval=dataclasses.replace(config.eval, flow_size="training"))
        source = dataclasses.replace(source, config=config)
    errors, zero = EndPointErrors(), EndPointErrors()
    compute = flow_function(model)
    with progress("comparing flow", "samples") as show:
        for batch in source.flow_samples():
            truth, known = batch["flow"].numpy(), batch["known"].numpy()
            flow = compute(batch["clip"]).numpy()
            errors.add(flow, truth, known)
            zero.add(0 * truth, truth, known)
            show(int(batch["index"][-1]) + 1, len(source.names))
    numbers = errors.numbers()
    protocol = {
        **protocol_of(config, source, SETTINGS),
        **found,
        "fields": numbers.pop("images"),
        "pixels": numbers.pop("pixels"),
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
