"""Flow inside networks that convolve in time already: Representation Flow's Tables 6 and 7."""

import dataclasses
from typing import Any

from launch.tables import Cell
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.parts.fused_rows import Trained, fused_cell
from launch.tables.representation_flow.parts.full_scale import (
    RULE,
    STUDY,
    chained,
    command,
    flow_command,
    folder_of,
    imagenet_command,
    late_command,
)
from launch.tables.representation_flow.parts.moving_shapes_cells import TRAIN, cell
from launch.tables.representation_flow.parts.stored_tvl1 import FLOW_OF_CLIPS

PLACES = ("block3", "none", "input", "block1")
TVL1, TWO_STREAM = "tvl1", "two-stream"
DEPTH = 18
FRAMES = 10
"""All frames of a clip of Moving Shapes: strides leave three steps of them after block 3, and flow two. Of eight frames
two steps are left, and one flow of 8 x 8 features: the 3D network stayed at chance, 9.0 % (with ten: 67.7 %)."""


@dataclasses.dataclass(frozen=True)
class ClipNetwork:
    """A table of one family of networks.

    Attributes:
        table: the table's name.
        backbone: the name of a module of models/resnets/families.
        inflated: whether the published training starts from inflated ImageNet weights.
        steps: of the trainings on Moving Shapes.
    """

    table: str
    backbone: str
    inflated: bool = False
    steps: int = TRAIN["steps"]

    def cells(self, paper: dict[str, float]) -> tuple[Cell, ...]:
        """The cells with and without flow, the two that see TV-L1, and then the paper's numbers of other methods.

        Args:
            paper: the paper's accuracy on Tiny-Kinetics, in percent, by place or by the name of another row.
        """
        ours = {place: self.cell(place, paper[place]) for place in PLACES}
        runs = (folder_of(self.table, "none"), folder_of(self.table, TVL1))
        tvl1 = self._cell(TVL1, paper[TVL1], FLOW_OF_CLIPS, self._flow())
        rgb, flow = (Trained(self.table, each) for each in (ours["none"], tvl1))
        full_scale = late_command(folder_of(self.table, TWO_STREAM), rgb.cell.full_scale, tvl1.full_scale, runs)
        fused = fused_cell(TWO_STREAM, paper[TWO_STREAM], rgb, flow, RULE, full_scale=full_scale)
        others = [full_scale_cell(name, paper[name]) for name in paper if name not in (*PLACES, TVL1, TWO_STREAM)]
        return (*ours.values(), tvl1, fused, *others)

    def cell(self, place: str, paper: float | None, ending: str = "") -> Cell:
        """The cell of a network that sees frames.

        Args:
            place: where the flow is computed; none for no flow.
            paper: the paper's number.
            ending: what the row's name has behind the place.
        """
        options = {"place": place} | ({"bottleneck": 0} if place == "input" else {})
        row = f"{place}{ending}"
        full_scale = self._started(command, folder_of(self.table, row), options)
        return self._cell(row, paper, options, full_scale)

    def _cell(self, row: str, paper: float | None, options: dict[str, Any], full_scale: str) -> Cell:
        minutes = 2.0 * self.steps / TRAIN["steps"]
        model = self._model(options)
        return cell(row, paper, model, frames=FRAMES, steps=self.steps, minutes=minutes, full_scale=full_scale)

    def _flow(self) -> str:
        return self._started(flow_command, folder_of(self.table, TVL1), {})

    def _started(self, make: Any, folder: str, options: dict[str, Any]) -> str:
        """A command with what it starts from."""
        model = self._model({**options, "depth": DEPTH})
        if not self.inflated:
            return make(folder, model, STUDY, clips=True)
        converted, start = imagenet_command(DEPTH, self.backbone)
        return chained(converted, make(folder, {**model, "scaling": "imagenet"}, STUDY, clips=True, **start))

    def _model(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"backbone": self.backbone, "iterations": 10, **options}
