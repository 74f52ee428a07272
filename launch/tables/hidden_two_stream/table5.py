"""Hidden Two-Stream, Table 5: the mean of three splits of UCF101, and of HMDB51, beside others.

The paper's own rows are three trainings of `hidden_two_stream_table2`'s `hidden-c` commands, one per split
(`--config.data.split=1`, 2, 3), on either data set. Percent.
"""

from launch.tables import Cell
from launch.tables.hidden_two_stream.parts.rows_of_table2 import COMMANDS
from launch.tables.hidden_two_stream.parts.setting import stream_command
from launch.tables.parts.full_scale import full_scale_cell

DATA_SET = ""

PAPER = {
    "kantorov": (None, 46.7),
    "tran": (85.2, None),
    "zhang": (86.4, None),
    "ng": (70.0, 42.6),
    "diba": (90.2, None),
    "ours": (90.3, 58.9),
    "simonyan": (88.0, 59.4),
    "bilen": (89.1, 65.2),
    "wang-32": (91.4, None),
    "wang-34": (92.4, 62.0),
    "zhu": (93.0, 68.2),
    "wang-33": (94.2, 69.4),
    "qiu": (95.2, None),
    "lan": (95.3, 75.0),
    "diba-6": (95.6, 71.1),
}
"""UCF101 and HMDB51, percent; None where a paper has none."""

ROOTS = {"ucf101": "UCF-101", "hmdb51": "hmdb51"}


def cells() -> tuple[Cell, ...]:
    """A row per paper and data set."""
    return tuple(
        full_scale_cell(f"{row}-{data}", number, _command(data) if row == "ours" else "")
        for row, numbers in PAPER.items()
        for data, number in zip(ROOTS, numbers, strict=True)
        if number is not None
    )


def _command(data: str) -> str:
    motion_run = "motion_net" if data == "ucf101" else "ucf101-split1-hidden-c"
    return stream_command(
        f"hidden_two_stream_{data}",
        ROOTS[data],
        f"{data}-split1-hidden-c",
        f"--config.data.split=1 {COMMANDS['c']}",
        motion_run,
    )
