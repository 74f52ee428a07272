"""Networks of stored TV-L1: a flow network, and TV-L1 of TV-L1's flow, without a layer of this project in between."""

from pathlib import Path
from typing import Any

from launch.run.config import Config
from launch.tables.parts.moving_shapes import on_generated_clips
from launch.tables.parts.video_sets import SHARED, DataSet, flow_folder, prepare
from models.parts.stored_motion import STORED, STORED_MOTIONS, TWICE
from tvnet_keras.flow.store import FlowFormat

SOLVER = "tvl1-5-5-10"
"""OpenCV's TV-L1 with five scales and five warps, as in the other papers' tables."""

SHAPES = DataSet("moving_shapes", "moving_shapes", splits=(1,), steps=0)

CLIPPED: dict[str, Any] = {"motion": STORED, "place": "none", "flow_bound": 4.0}
"""Small frames move by few pixels; a larger bound would leave a network flow that is grey all over."""

FLOW: dict[str, Any] = {**CLIPPED, "flow_fields": 3}
"""A network of single frames sees stacks: at the published size ten of fifteen fields, of five fields here three."""

FLOW_OF_CLIPS = CLIPPED
"""A network that convolves in time sees the fields one by one."""

FLOW_TWICE: dict[str, Any] = {**FLOW, "motion": TWICE}


def sees_flow(model: dict[str, Any]) -> bool:
    """Whether a network sees stored flow.

    Args:
        model: options of the network.
    """
    return model.get("motion") in STORED_MOTIONS


def data_of(data: DataSet, model: dict[str, Any]) -> dict[str, Any]:
    """The fields of `config.data` that a network of stored flow needs; empty for one that sees frames.

    Args:
        data: the data set.
        model: options of the network.
    """
    if not sees_flow(model):
        return {}
    # A clip that starts again has no stored flow from its last frame to its first.
    return {"flow": str(flow_folder(data, SOLVER, SHARED, form())), "short": "clamp"}


def form() -> FlowFormat:
    """The flow of all pairs, clipped at ten pixels: 8 bits are then a twelfth of a pixel."""
    return FlowFormat("png", bound=10.0)


def with_tvl1(data: DataSet, config: Config, data_dir: Path, folder: Path) -> Config:
    """The configuration on videos with the flow of all pairs, which is stored unless it is there.

    Args:
        data: the data set.
        config: the configuration of a network that sees stored flow.
        data_dir: the data set's folder.
        folder: the folder of a table's runs; the flow lies beside it.
    """
    return prepare(data, SOLVER, config, data_dir, folder, form())


def on_shapes_with_tvl1(config: Config, data_dir: Path, folder: Path) -> Config:
    """The same on Moving Shapes, whose clips are generated unless they are there.

    Args:
        config: the configuration of a network that sees stored flow.
        data_dir: the folder of Moving Shapes.
        folder: the folder of a table's runs; the flow lies beside it.
    """
    return with_tvl1(SHAPES, on_generated_clips(config, data_dir, folder), data_dir, folder)
