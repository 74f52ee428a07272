"""The rows of Table 3 on any data set."""

from launch.tables import Cell, Column
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.parts.video_sets import DataSet
from launch.tables.tvnet.parts.streams import RGB, UNTRAINED, Stream, learned, stored, stream_cell

PICKED_RATE = 255
"""The multiple of the paper's learning rate that `--table=tvnet_rates` found best on a validation part of the training
list, among those with which TVNet moves."""

PAPER = {
    "ucf101": {
        "c3d": 82.3,
        "actionflownet": 83.9,
        "flownet2": 80.1,
        "tvl1": 85.1,
        "dis": 71.2,
        "deepflow": 82.1,
        "tvnet-untrained": 83.5,
        "tvnet-no-flow-loss": 84.5,
        "tvnet": 85.5,
    },
    "hmdb51": {
        "actionflownet": 56.4,
        "flownet2": 52.3,
        "tvl1": 56.0,
        "dis": 40.4,
        "deepflow": 50.4,
        "tvnet-untrained": 55.6,
        "tvnet-no-flow-loss": 56.9,
        "tvnet": 57.5,
    },
}
"""The paper's accuracies on split 1, percent."""

LITERATURE = ("c3d", "actionflownet", "flownet2")
"""Rows of which the paper gives the number only, and so does this table."""

SOLVERS = {
    "tvl1": "tvl1-5-5-10",
    "dis": "dis",
    "deepflow": "deepflow",
    "farneback": "farneback",
    "tvnet-untrained-stored": "tvnet-1-1-50",
}
"""Rows of stored flow and their solvers. The paper's TV-L1 has 5 scales, 5 warps and up to 50 iterations; a fifth of
them is what two cores compute in an hour. TVNet's own stored flow tells what storing costs: at 112 x 112 pixels the
mean flow is three of the steps in which 8 bits divide 20 pixels either way."""

MOTION = (
    Column("photometric", "photometric", ".3f"),
    Column("untrained", "photometric_untrained", ".3f"),
    Column("kernels moved", "kernels_moved", ".4f"),
)
MINUTES = Column("minutes", "minutes", ".0f")

FULL_SCALE = {
    "ucf101": "python -m launch.train --method=tvnet --experiment=ucf101 --config.data.root=UCF-101 "
    "--config.model.backbone=inception_v3 --config.init_from=imagenet --config.data.height=224 "
    "--config.data.width=224 --config.data.resize_short=256 --config.train.batch_size=128 "
    "--config.train.accumulate=8 --config.train.optimizer=sgd --config.train.lr=0.005 "
    "--config.train.schedule=steps --config.train.lr_steps=10000,16000 --config.train.steps=18000 "
    "--config.eval.clips=25 --config.eval.crops=10",
    "hmdb51": "python -m launch.train --method=tvnet --experiment=hmdb51 --config.data.root=hmdb51 "
    "--config.model.backbone=inception_v3 --config.init_from=imagenet --config.data.height=224 "
    "--config.data.width=224 --config.data.resize_short=256 --config.train.batch_size=128 "
    "--config.train.accumulate=8 --config.train.optimizer=sgd --config.train.lr=0.005 "
    "--config.train.schedule=steps --config.train.lr_steps=4000,6000 --config.train.steps=7000 "
    "--config.eval.clips=25 --config.eval.crops=10",
}
"""The paper's own training of TVNet-50, with Inception-v3 in the place of BN-Inception."""


def rows(data: DataSet) -> tuple[Cell, ...]:
    """Every row on a data set: TVNet's first, then those on stored flow, then what the paper cites."""
    two = (0, 1)
    picked = f"x{PICKED_RATE}"
    cells = [
        _cell(data, "tvnet-untrained", UNTRAINED, 12, two),
        _cell(data, f"tvnet-{picked}", learned(PICKED_RATE), 16, two),
        _cell(data, f"tvnet-no-flow-loss-{picked}", learned(PICKED_RATE, energy=False), 16, two),
        _cell(data, "rgb", RGB, 8),
        *(_cell(data, row, stored(solver), 8) for row, solver in SOLVERS.items()),
        _cell(data, "tvnet", learned(), 16, two),
        _cell(data, "tvnet-no-flow-loss", learned(energy=False), 16, two),
    ]
    return (*cells, *literature(PAPER[data.paper], LITERATURE))


def literature(paper: dict[str, float], names: tuple[str, ...]) -> tuple[Cell, ...]:
    """Rows that the paper cites: numbers without anything computed.

    Args:
        paper: the numbers, percent.
        names: of the rows; those without a number are left out.
    """
    return tuple(full_scale_cell(name, paper[name]) for name in names if name in paper)


def _cell(data: DataSet, row: str, stream: Stream, minutes: float, seeds: tuple[int, ...] = (0,)) -> Cell:
    columns = (*MOTION, MINUTES) if stream.live else (MINUTES,)
    full_scale = FULL_SCALE[data.paper] if row == "tvnet" else ""
    return stream_cell(
        row,
        PAPER[data.paper].get(row),
        data,
        stream,
        seeds=seeds,
        minutes=minutes * len(data.splits),
        columns=columns,
        full_scale=full_scale,
    )
