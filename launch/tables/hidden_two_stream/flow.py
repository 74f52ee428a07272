"""Hidden Two-Stream's MotionNet, learned without labels on 37 classes of UCF101, split 1: what its flow leaves
unexplained in test clips, beside OpenCV's TV-L1 (5 scales, 5 warps, 10 iterations) and no flow. The network that the
other tables start from.
"""

from launch.tables import Cell, Column
from launch.tables.hidden_two_stream.parts.motion_nets import ROW, motion_cell, solver_cell
from launch.tables.hidden_two_stream.parts.setting import MOTION_SETTING, motion_command
from launch.tables.parts.video_sets import UCF101

DATA_SET = "ucf101"

STEPS = 2500

SETTING = MOTION_SETTING

SHAPES = (Column("Moving Shapes, EPE", "epe", ".2f"), Column("of no flow there", "epe_zero", ".2f"))


def cells() -> tuple[Cell, ...]:
    """MotionNet and TV-L1."""
    return (
        motion_cell(
            ROW,
            UCF101,
            STEPS,
            minutes=25,
            on_shapes=True,
            columns=SHAPES,
            full_scale=motion_command("UCF-101", "motion_net"),
        ),
        solver_cell("tvl1", "tvl1-5-5-10", UCF101, minutes=8),
    )
