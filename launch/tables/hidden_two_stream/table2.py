"""Hidden Two-Stream, Table 2 on 37 classes of UCF101, split 1: the temporal stream on MotionNet, (a) frozen, (b)
learned from the classes, (c) also from the frames; and fused with an RGB stream, 1 : 1.5.

`tvl1` sees stored flow of TV-L1 (5 scales, 5 warps, 10 iterations). The paper: UCF101, split 1, percent; its frames per
second are those of `launch.benchmark --suite=hidden_two_stream`. Rows without a command are others' or need their
weights: FlowNet, FlowNet 2.0, NextFlow, Enhanced Motion Vectors. The command of `motion_net-2-frames` trains the
network of pairs; its flow, exported and stored, goes to the same stream as TV-L1's.
"""

from launch.tables import Cell
from launch.tables.hidden_two_stream.parts.rows_of_table2 import rows
from launch.tables.hidden_two_stream.parts.setting import STREAM_SETTING, motion_command, stream_command
from launch.tables.hidden_two_stream.parts.streams import stored, stream_cell
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.parts.video_sets import UCF101

DATA_SET = "ucf101"

SETTING = STREAM_SETTING

TABLE = "hidden_two_stream_table2"

TVL1 = "tvl1-5-5-10"

PAPER = {
    "tvl1": 85.65,
    "flownet": 55.27,
    "flownet2": 79.64,
    "nextflow": 72.2,
    "motion_net-2-frames": 84.09,
    "actionflownet": 70.0,
    "enhanced-motion-vectors": 79.3,
    "stacked-a": 83.76,
    "stacked-b": 84.04,
    "stacked-c": 84.88,
    "rgb": 80.97,
    "two-stream": 88.0,
    "very-deep-two-stream": 90.9,
    "hidden-a": 87.50,
    "hidden-b": 87.99,
    "hidden-c": 89.82,
}
"""Top-1, percent."""

CITED = ("flownet", "flownet2", "nextflow", "enhanced-motion-vectors", "two-stream", "very-deep-two-stream")

COMMANDS = {
    "motion_net-2-frames": motion_command("UCF-101", "motion_net-2", fields=1),
    "actionflownet": "python -m launch.reproduce --table=action_flow_net_table1 --rows=actionflownet",
}
"""Of rows whose networks are others than the rest's."""


def cells() -> tuple[Cell, ...]:
    """Every row."""
    tvl1 = stream_cell(
        "tvl1",
        PAPER["tvl1"],
        UCF101,
        stored(TVL1),
        minutes=6,
        full_scale=stream_command(
            "hidden_two_stream_ucf101",
            "UCF-101",
            "ucf101-tvl1",
            "--config.model.motion=stored --config.model.losses=class --config.data.flow=flow/ucf101",
            motion_run="",
        ),
    )
    ours = rows(TABLE, UCF101, "hidden_two_stream_ucf101", "UCF-101", PAPER, CITED)
    others = (full_scale_cell(row, PAPER[row], command) for row, command in COMMANDS.items())
    return (*ours, tvl1, *others)
