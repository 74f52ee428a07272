"""MotionNet, TVNet, Representation Flow and stored TV-L1 in front of the same temporal stream, by one option, at equal
budget: accuracy against the time of one clip. 37 classes of UCF101, split 1.

Every motion layer learns with the classes: MotionNet at its paper's rate, a thousandth of the classifier's, from
`hidden_two_stream_flow`'s weights, which have learned from the same videos without labels; Representation Flow at its
paper's, a hundredth; TVNet at the classifier's own, 255 times its paper's, which `tvnet_rates` found best. The
milliseconds are of one stack of six frames, after TV-L1 where the flow was stored. The picture:
`python -m launch.figure --figure=motion_layers`.
"""

from launch.tables import Cell
from launch.tables.hidden_two_stream.parts.rows_of_table2 import temporal
from launch.tables.hidden_two_stream.parts.setting import STREAM_SETTING
from launch.tables.hidden_two_stream.parts.streams import Stream, stored, stream_cell
from launch.tables.hidden_two_stream.table2 import TABLE as TABLE_2
from launch.tables.hidden_two_stream.table2 import TVL1
from launch.tables.parts.shared_training import trained_in
from launch.tables.parts.video_sets import UCF101
from models.hidden_two_stream import CLASS

DATA_SET = "ucf101"

SETTING = STREAM_SETTING

MINUTES = 15

LAYERS = {
    "motion_net": temporal("b"),
    "tvnet": Stream(model={"motion": "tvnet", "losses": (CLASS,), "motion_rate": 1.0}),
    "representation_flow": Stream(
        model={"motion": "representation_flow", "losses": (CLASS,), "iterations": 10, "motion_rate": 0.01}
    ),
    "stored-tvl1": stored(TVL1),
}
"""Streams by row."""

OF_TABLE_2 = {"motion_net": "stacked-b", "stored-tvl1": "tvl1"}
"""Rows whose streams Table 2 trains, with the names that they have there."""


def cells() -> tuple[Cell, ...]:
    """Every motion layer."""
    cells = {row: stream_cell(row, None, UCF101, stream, minutes=MINUTES, timed=True) for row, stream in LAYERS.items()}
    for row, there in OF_TABLE_2.items():
        cells[row] = trained_in(cells[row], TABLE_2, there)
    return tuple(cells.values())
