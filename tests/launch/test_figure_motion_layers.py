"""launch.figure --figure=motion_layers: the rows of the table as points of time and accuracy."""

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from launch.figures import motion_layers as figure
from launch.tables import table_module
from tvnet_keras.errors import InputError
from tvnet_keras.layers.motion_layer import current_versions
from tvnet_keras.scoring.result import Result, save_result

ROWS = {
    "motion_net": (0.30, 40.0),
    "representation_flow": (0.22, 50.0),
    "stored-tvl1": (0.45, 400.0),
    "tvnet": (0.35, 90.0),
}
"""Accuracy and milliseconds."""


@pytest.fixture
def stored(tmp_path):
    """Writes results of the table, and one of another table, and gives their folder."""

    def write(rows, seed=0, table=figure.TABLE, **rest):
        for row, (top1, ms) in rows.items():
            numbers = {"top1": top1, "ms": ms} if ms is not None else {"top1": top1}
            given = {"solver_versions": {}, **rest}
            save_result(tmp_path, Result(table, row, seed, {}, {"clips": 3}, "0123abc", {"cores": 2}, numbers, **given))
        return str(tmp_path)

    write({"other": (0.9, 1.0)}, table="hidden_two_stream_table2")
    return write


def test_the_table_has_the_rows_that_are_drawn():
    assert {cell.row for cell in table_module(figure.TABLE).cells()} == set(ROWS)


def test_every_row_is_a_point_and_the_line_is_of_those_that_nothing_outdoes(stored):
    drawn = figure.plot(figure.read_layers(stored(ROWS)))
    (axes,) = drawn.axes
    lines = [line.get_xydata().tolist() for line in axes.lines]
    assert lines[:4] == [[[ms, pytest.approx(100 * top1)]] for top1, ms in ROWS.values()]
    right = axes.get_xlim()[1]
    expected = [[40, 30], [90, 30], [90, 35], [400, 35], [400, 45], [right, 45]]
    np.testing.assert_allclose(lines[4], expected)
    assert [text.get_text() for text in axes.texts] == list(ROWS)
    assert axes.get_xlabel() == "ms per clip" and axes.get_ylabel() == "top-1 accuracy, %"
    assert axes.get_xscale() == "log"


def test_names_touch_neither_each_other_nor_the_edge(stored):
    drawn = figure.plot(figure.read_layers(stored({row: (0.3 + k / 1e4, 50.0 + k / 9) for k, row in enumerate(ROWS)})))
    drawn.canvas.draw()
    boxes = [Text.get_window_extent(text) for text in drawn.axes[0].texts]
    assert not any(box.overlaps(other) for k, box in enumerate(boxes) for other in boxes[:k])
    inside = drawn.axes[0].bbox
    assert all(inside.x0 <= box.x0 and box.x1 <= inside.x1 for box in boxes)


def test_several_seeds_are_one_point_with_their_range(stored):
    for seed, top1 in enumerate((0.2, 0.3, 0.4)):
        folder = stored({"tvnet": (top1, 100.0 + seed)}, seed)
    (layer,) = figure.read_layers(folder)
    assert layer == ("tvnet", 101.0, pytest.approx(30), 20, pytest.approx(40))
    points = [line.get_xydata().tolist() for line in figure.plot([layer]).axes[0].lines]
    np.testing.assert_allclose(points[1], [[101, 20], [101, 40]])


def test_results_of_earlier_mathematics_are_marked(stored):
    stored({"tvnet": (0.3, 90.0)}, solver_versions={"TVNet": current_versions()["TVNet"] + 1})
    folder = stored({"motion_net": (0.3, 40.0)}, solver_versions={"MotionNet": current_versions()["MotionNet"]})
    assert [layer.name for layer in figure.read_layers(folder)] == ["motion_net", "tvnet†"]


def test_the_command_draws_what_the_table_wrote(here, stored, tmp_path):
    flags = ("--figure=motion_layers", f"--input=results={stored(ROWS)}", f"--output={tmp_path}/figure.png")
    outcome = here("figure", *flags)
    assert outcome.code == 0, outcome.error
    picture = np.asarray(Image.open(tmp_path / "figure.png"))
    assert picture.shape == (400, 500, 3)
    assert np.all(picture == tuple(bytes.fromhex(figure.COLOUR[1:])), axis=-1).sum() > 4 * 10


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({}, "has no results of hidden_two_stream_motion; write them with launch.reproduce --table="),
        ({"tvnet": (0.3, None)}, "hidden_two_stream_motion/tvnet-seed0.json has no number ms; run its row again"),
        ({"tvnet": (30.0, 90.0)}, "top1=30.0, which is no share"),
        ({"tvnet": (0.3, 0.0)}, "tvnet-seed0.json took no time: ms=0.0"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(stored, one_sentence, rows, said):
    with pytest.raises(InputError) as error:
        figure.draw(results=stored(rows))
    assert said in one_sentence(str(error.value))


def test_a_folder_that_is_not_there_is_named():
    with pytest.raises(InputError, match="There is no folder of results /none"):
        figure.draw(results="/none")
