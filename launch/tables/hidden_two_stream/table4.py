"""Hidden Two-Stream, Table 4 on 37 classes of UCF101, split 1: does the flow of a solver guide MotionNet?

MotionNet learns from the frames alone (`motion_net` of `hidden_two_stream_flow`), or also from stored flow of TV-L1 (5
scales, 5 warps, 10 iterations; of the same three stacks of every video, to which the training clips are confined). The
first number is what the flow leaves unexplained; `-classes` rows are the accuracy of the temporal stream (a) on the
frozen network. The paper: UCF101, split 1, percent; FlowFields, its third column, is a program of others.
"""

from typing import Any

from launch.tables import Cell
from launch.tables.hidden_two_stream.flow import STEPS
from launch.tables.hidden_two_stream.parts.motion_nets import motion_cell
from launch.tables.hidden_two_stream.parts.rows_of_table2 import SPATIAL
from launch.tables.hidden_two_stream.parts.setting import MOTION_SETTING, motion_command
from launch.tables.hidden_two_stream.parts.streams import MODES, RGB, RULE, Stream, stream_cell
from launch.tables.hidden_two_stream.table2 import TABLE as TABLE_2
from launch.tables.hidden_two_stream.table2 import TVL1
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.parts.fused_rows import Trained, fused_cell
from launch.tables.parts.video_sets import UCF101

DATA_SET = "ucf101"

SETTING = MOTION_SETTING

TABLE = "hidden_two_stream_table4"

GUIDED = "tvl1-guided"

PROXY: dict[str, Any] = {"proxy_weight": 1.0}

PAPER = {
    "stacked-no-proxy": 83.76,
    "stacked-tvl1": 80.99,
    "stacked-flowfields": 79.82,
    "hidden-no-proxy": 87.50,
    "hidden-tvl1": 85.63,
    "hidden-flowfields": 85.40,
}
"""Top-1, percent."""


def cells() -> tuple[Cell, ...]:
    """The guided network, and the streams on it; those without a guide are rows of Table 2."""
    network = motion_cell(
        GUIDED,
        UCF101,
        STEPS,
        minutes=25,
        solver=TVL1,
        full_scale=motion_command(
            "UCF-101", "motion_net-tvl1", "--config.model.proxy_weight=1 --config.data.flow=flow/ucf101"
        ),
        **PROXY,
    )
    stream = Stream(
        model=MODES["a"], motion_steps=STEPS, motion_model=PROXY, motion_origin=f"{TABLE}/{GUIDED}", motion_solver=TVL1
    )
    stacked = stream_cell("stacked-tvl1", PAPER["stacked-tvl1"], UCF101, stream, minutes=8)
    spatial = Trained(TABLE_2, stream_cell(SPATIAL, None, UCF101, RGB, minutes=6))
    hidden = fused_cell("hidden-tvl1", PAPER["hidden-tvl1"], spatial, Trained(TABLE, stacked), RULE)
    computed = {"stacked-tvl1", "hidden-tvl1"}
    commands = {
        f"{kind}-no-proxy": f"python -m launch.reproduce --table={TABLE_2} --rows={kind}-a"
        for kind in ("stacked", "hidden")
    }
    others = (full_scale_cell(row, PAPER[row], commands.get(row, "")) for row in PAPER if row not in computed)
    return (network, stacked, hidden, *others)
