"""launch.figure --figure=flow_frontier: the line of what nothing outdoes, names that can be read, damaged files."""

import copy
import itertools
import json

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from launch.benchmarks import flow_frontier as suite
from launch.figures import flow_frontier as figure
from launch.figures.parts.front import pareto_front
from tvnet_keras.errors import InputError


def row(solver, family, milliseconds, *errors):
    """The rows of a solver in both tables of the result."""
    times = {"solver": solver, "family": family, "ms_per_pair": milliseconds}
    return times, {"mean error of": solver, **dict(zip(("middlebury", "ucf101", "sintel"), errors, strict=True))}


STORED = {
    "suite": "flow_frontier",
    "protocol": {
        "size": [480, 640],
        "cores": 2,
        "errors": {"middlebury": {"unit": "px"}, "ucf101": {"unit": "grey levels"}},
    },
    "rows": [
        *row("tvnet-5-5-50", "TVNet", 100.0, 0.5, 3.0, None),
        *row("dis-fast", "DIS", 10.0, 1.0, 2.0, None),
        *row("dis-medium", "DIS", 20.0, 1.0, 4.0, None),
        *row("tvl1", "TV-L1", 1000.0, 0.6, None, None),
        {"mean error of": "zero flow", "middlebury": 0.8, "ucf101": 9.0, "sintel": None},
    ],
}


@pytest.fixture
def stored(tmp_path):
    """Writes a result, changed or not, and gives its path."""

    def write(change=lambda result: None):
        result = copy.deepcopy(STORED)
        change(result)
        path = tmp_path / "result.json"
        path.write_text(json.dumps(result))
        return str(path)

    return write


@pytest.mark.parametrize(
    ("points", "front"),
    [
        ([(1, 1)], [0]),
        ([(3, 1), (1, 2), (2, 3), (4, 1)], [1, 0]),
        ([(1, 5), (2, 4), (3, 3)], [0, 1, 2]),
        ([(1, 1), (2, 2), (3, 3)], [0]),
        ([(2, 1), (2, 3), (1, 3)], [2, 0]),
        ([(1, 1), (1, 1)], [0]),
    ],
)
def test_the_front_of_known_points(points, front):
    assert pareto_front(points) == front


def test_on_the_front_are_the_points_that_no_other_outdoes():
    random = np.random.default_rng(0)
    for _ in range(50):
        points = [tuple(map(int, point)) for point in random.integers(0, 8, (12, 2))]
        outdone = {
            point
            for point, other in itertools.permutations(set(points), 2)
            if other[0] <= point[0] and other[1] <= point[1]
        }
        front = pareto_front(points)
        assert [points[place] for place in front] == sorted(set(points) - outdone)


def test_a_panel_shows_solvers_front_and_zero_flow(stored):
    drawn = figure.plot(figure.read_result(stored()))
    # Without errors there is no panel.
    panel, other = drawn.axes
    assert [axes.get_title() for axes in drawn.axes] == ["middlebury", "ucf101"]
    assert panel.get_xlabel() == "ms per pair of 640 x 480, 2 cores" and panel.get_ylabel() == "mean error, px"
    assert other.get_ylabel() == "mean error, grey levels"
    assert panel.get_xscale() == "log"
    lines = [line.get_xydata().tolist() for line in panel.lines]
    assert lines[:4] == [[[100, 0.5]], [[10, 1]], [[20, 1]], [[1000, 0.6]]]
    right = panel.get_xlim()[1]
    assert lines[4] == [[10, 1], [100, 1], [100, 0.5], [right, 0.5]]
    assert {y for _, y in lines[5]} == {0.8}
    assert [text.get_text() for text in panel.texts] == ["5-5-50", "fast", "medium", "tvl1"]
    assert [text.get_text() for text in other.texts] == ["5-5-50", "fast", "medium"]
    looks = [(line.get_color(), line.get_marker()) for line in panel.lines[:4]]
    assert looks[1] == looks[2] and len({colour for colour, _ in looks}) == len({mark for _, mark in looks}) == 3
    words = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert words == ["TVNet", "DIS", "TV-L1", "not outdone", "no flow"]


def test_errors_of_many_sizes_have_a_logarithmic_axis(stored):
    def enlarge(result):
        result["rows"][1]["middlebury"] = 40.0

    scales = [axes.get_yscale() for axes in figure.plot(figure.read_result(stored(enlarge))).axes]
    assert scales == ["log", "linear"]


def test_names_touch_neither_each_other_nor_points_nor_the_edge(stored):
    def crowd(result):
        errors = result["rows"].pop()
        result["rows"] += [
            one
            for k in range(14)
            for one in row(
                f"tvnet-5-{k}-50-generated", "TVNet, preset", 100.0 * 1.15**k, 0.5 - 0.015 * (k % 4), 3.0, None
            )
        ]
        result["rows"].append(errors)

    drawn = figure.plot(figure.read_result(stored(crowd)))
    drawn.canvas.draw()
    panel = drawn.axes[0]
    # That of an annotation has its leading line in it.
    boxes = [Text.get_window_extent(text) for text in panel.texts]
    points = panel.transData.transform([line.get_xydata()[0] for line in panel.lines[: len(boxes)]])
    assert len(boxes) == 18
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    for box in boxes:
        assert not any(box.contains(*point) for point in points)
        assert panel.bbox.x0 <= box.x0 and box.x1 <= panel.bbox.x1
        assert panel.bbox.y0 <= box.y0 and box.y1 <= panel.bbox.y1


def test_the_command_draws_what_the_suite_wrote(here, stored, tmp_path):
    def odd_names(result):
        for one in result["rows"]:
            if one.get("family") == "DIS":
                one["family"] = "走$x_{$"

    flags = ("--figure=flow_frontier", f"--input=result={stored(odd_names)}", f"--output={tmp_path}/figure.png")
    outcome = here("figure", *flags)
    assert outcome.code == 0, outcome.error
    picture = np.asarray(Image.open(tmp_path / "figure.png"))
    assert picture.shape == (450, 1000, 3)
    # Above the legend both panels have points of the first two families; the second lacks the third.
    for (colour, _), halves in zip(figure.STYLES, ([True, True], [True, True], [True, False]), strict=False):
        found = np.all(picture[:360] == tuple(bytes.fromhex(colour[1:])), axis=-1)
        assert [bool(half.any()) for half in np.split(found, 2, axis=1)] == halves


def test_suite_and_figure_agree_on_their_names():
    assert suite.__name__.rpartition(".")[2] == figure.SUITE and suite.ZERO == figure.ZERO
    assert figure.ERROR_OF in suite._error_row(suite.ZERO, {})


def gone(*path):
    def change(result):
        for key in path[:-1]:
            result = result[key]
        del result[path[-1]]

    return change


def other(value, *path):
    def change(result):
        for key in path[:-1]:
            result = result[key]
        result[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (other("solver", "suite"), "it is of the suite solver"),
        (gone("suite"), "'suite' is missing"),
        (gone("protocol", "errors"), "'errors' is missing"),
        (gone("rows", 1), "'tvnet-5-5-50' is missing"),
        (gone("rows", -1), "'zero flow' is missing"),
        (gone("rows", 1, "ucf101"), "'ucf101' is missing"),
        (other(float("nan"), "rows", 1, "ucf101"), "nan is neither"),
        (other("0.5", "rows", 1, "ucf101"), "'0.5' is neither"),
        (other(-1.0, "rows", 0, "ms_per_pair"), "-1.0 is neither"),
        (other(0, "rows", 0, "ms_per_pair"), "took no time"),
        (other(True, "rows", 0, "ms_per_pair"), "True is neither"),
        (other([480], "protocol", "size"), "unpack"),
        (other([], "rows"), "no solver has both"),
        (other(7, "rows"), "int"),
        (other(10**400, "rows", 0, "ms_per_pair"), "too large"),
    ],
)
def test_a_damaged_result_is_one_sentence(stored, one_sentence, change, said):
    with pytest.raises(InputError, match="is no result of --suite=flow_frontier") as error:
        figure.draw(result=stored(change))
    assert said in one_sentence(str(error.value))


def test_a_file_that_is_no_json_or_absent_is_one_sentence(here, tmp_path):
    (tmp_path / "cut.json").write_text(json.dumps(STORED)[:-40])
    flags = ("--figure=flow_frontier", f"--output={tmp_path}/figure.png")
    assert "is no result of" in here("figure", *flags, f"--input=result={tmp_path}/cut.json").sentence()
    assert "No such file" in here("figure", *flags, f"--input=result={tmp_path}/none.json").sentence()
    assert "--input=result=... is required for --figure=flow_frontier" in here("figure", *flags).sentence()
