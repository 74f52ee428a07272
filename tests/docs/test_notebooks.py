"""Notebooks run as they stand, and what their cells printed and drew is stored with them."""

import matplotlib
import pytest

from tests import notebooks

MOST_BYTES = 500_000


def kinds(cell):
    return [output["output_type"] for output in cell["outputs"]]


@pytest.mark.parametrize("path", notebooks.NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stored(path):
    cells = notebooks.code_cells(notebooks.read(path))
    assert path.stat().st_size < MOST_BYTES
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)], f"{notebooks.COMMAND} runs it"
    for cell in cells:
        drawn = [output for output in cell["outputs"] if "image/png" in output.get("data", {})]
        assert bool(drawn) == ("plt.show()" in "".join(cell["source"]))


@pytest.mark.slow
@pytest.mark.parametrize("path", notebooks.NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_gives_outputs_of_the_stored_kinds(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    stored, now = notebooks.code_cells(notebooks.read(path)), notebooks.code_cells(notebooks.run(path))
    assert [kinds(cell) for cell in now] == [kinds(cell) for cell in stored]


def test_a_cell_gives_what_it_prints_its_last_value_and_its_figures():
    matplotlib.use("agg")
    names = {}
    assert list(notebooks._outputs("x = 1\nprint(x)\nx + 1", "cell", names)) == [
        {"output_type": "stream", "name": "stdout", "text": ["1\n"]},
        {"output_type": "execute_result", "execution_count": None, "metadata": {}, "data": {"text/plain": ["2"]}},
    ]
    (drawn,) = notebooks._outputs("from matplotlib import pyplot as plt\nplt.plot([x, 2])\nplt.show()", "cell", names)
    assert drawn["output_type"] == "display_data" and drawn["data"]["image/png"].startswith("iVBOR")
    assert list(notebooks._outputs("y = x", "cell", names)) == []


def test_notebooks_are_found():
    assert [path.name for path in notebooks.NOTEBOOKS]
