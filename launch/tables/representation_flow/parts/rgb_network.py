"""The network of frames that late fusion takes from Table 1, where it is the row without flow."""

from launch.tables.parts.fused_rows import Trained
from launch.tables.representation_flow.parts.full_scale import command, folder_of
from launch.tables.representation_flow.parts.moving_shapes_cells import cell
from launch.tables.representation_flow.parts.places import PLACES, placed

TABLE = "representation_flow_table1"

ROW = "none"

RUN = folder_of(TABLE, ROW)


def rgb_network() -> Trained:
    """Its cell on Moving Shapes."""
    paper, _ = PLACES[ROW]
    return Trained(TABLE, cell(ROW, paper, placed(ROW, 10), full_scale=command(RUN, placed(ROW, 100))))
