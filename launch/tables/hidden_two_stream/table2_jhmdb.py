"""Hidden Two-Stream, the rows of Table 2 on JHMDB (21 classes of HMDB51), split 1.

As in the paper, MotionNet learned on UCF101 alone (`hidden_two_stream_flow`, which has to be computed before). The
classifiers start from ImageNet; the paper's from UCF101's. The paper has no such table of HMDB51.
"""

import dataclasses

from launch.tables import Cell
from launch.tables.hidden_two_stream.parts.rows_of_table2 import rows
from launch.tables.hidden_two_stream.parts.setting import STREAM_SETTING
from launch.tables.parts.video_sets import JHMDB

DATA_SET = "jhmdb"

SETTING = STREAM_SETTING


def cells() -> tuple[Cell, ...]:
    """Every row."""
    data = dataclasses.replace(JHMDB, splits=(1,))
    return rows("hidden_two_stream_table2_jhmdb", data, "hidden_two_stream_hmdb51", "hmdb51", {})
