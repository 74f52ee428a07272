"""The rows of Table 4 on any data set."""

from launch.tables import Cell
from launch.tables.parts.video_sets import DataSet
from launch.tables.tvnet.parts.rows_of_table3 import MINUTES, MOTION, PICKED_RATE, literature
from launch.tables.tvnet.parts.streams import RGB, TSN_SEGMENTS, Stream, learned, stream_cell
from launch.tables.tvnet.parts.two_streams import fused_cell

PAPER = {
    "ucf101": {
        "st-resnet": 93.4,
        "st-resnet-idt": 94.6,
        "tsn": 94.0,
        "kvmf": 93.1,
        "tdd": 91.5,
        "c3d-3-nets": 90.4,
        "two-stream-fusion": 92.5,
        "two-stream-vgg16": 91.4,
        "two-stream-lstm": 88.6,
        "two-stream-model": 88.0,
        "two-streams-tsn": 94.5,
        "two-streams-tsn-idt": 95.4,
    },
    "hmdb51": {
        "st-resnet": 66.4,
        "st-resnet-idt": 70.3,
        "tsn": 68.5,
        "kvmf": 63.3,
        "tdd": 65.9,
        "two-stream-fusion": 65.4,
        "two-stream-vgg16": 58.5,
        "two-stream-model": 59.4,
        "two-streams-tsn": 71.0,
        "two-streams-tsn-idt": 72.6,
    },
}
"""The paper's mean accuracies over three splits, percent; the last two are its own."""


def rows(data: DataSet, table: str, table3: str, *, idt: bool) -> tuple[Cell, ...]:
    """Every row on a data set: the fusion of Table 3's streams, then of streams trained with three segments.

    Args:
        data: the data set.
        table: the name of this table.
        table3: that of Table 3, whose streams are fused without training them again.
        idt: whether there are decision values of improved dense trajectories for the test videos.
    """
    paper, splits = PAPER[data.paper], len(data.splits)
    live = learned(PICKED_RATE)
    segments = {
        "rgb-tsn": Stream("rgb", segments=TSN_SEGMENTS),
        "tvnet-tsn": learned(PICKED_RATE, segments=TSN_SEGMENTS),
    }
    plain = {"rgb": (f"{table3}/rgb", RGB), "tvnet": (f"{table3}/tvnet-x{PICKED_RATE}", live)}
    tsn = {name: (f"{table}/{name}-tsn", segments[f"{name}-tsn"]) for name in ("rgb", "tvnet")}
    cells = [fused_cell("two-streams", None, data, plain, minutes=1)]
    if idt:
        cells.append(fused_cell("two-streams-idt", None, data, plain, idt=True, minutes=1))
    for row, stream in segments.items():
        columns = (*MOTION, MINUTES) if stream.live else (MINUTES,)
        cells.append(stream_cell(row, None, data, stream, minutes=30 * splits, columns=columns))
    cells.append(fused_cell("two-streams-tsn", paper["two-streams-tsn"], data, tsn, minutes=1))
    if idt:
        cells.append(fused_cell("two-streams-tsn-idt", paper["two-streams-tsn-idt"], data, tsn, idt=True, minutes=1))
    cited = tuple(name for name in paper if name not in {cell.row for cell in cells})
    return (*cells, *literature(paper, cited))
