"""Runs the notebooks of docs/notebooks without Jupyter, and keeps what their cells print and draw.

python -m tests.notebooks
"""

import ast
import base64
import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import pyplot

from tvnet_keras.atomic import atomic_path

REPOSITORY = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((REPOSITORY / "docs/notebooks").glob("*.ipynb"))
COMMAND = "python -m tests.notebooks"
DOTS_PER_INCH = 80


def read(path: Path) -> dict[str, Any]:
    """A notebook as it is stored."""
    return json.loads(path.read_text(encoding="utf-8"))


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Its cells of code, in their order."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run(path: Path) -> dict[str, Any]:
    """The notebook with what its cells print and draw now, run in one namespace from the current folder.

    Args:
        path: the notebook.
    """
    notebook, names = read(path), {"__name__": "__main__"}
    for number, cell in enumerate(code_cells(notebook), 1):
        cell["outputs"] = list(_outputs("".join(cell["source"]), f"{path.name}, cell {number}", names))
        cell["execution_count"] = number
    return notebook


def _outputs(source: str, name: str, names: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a cell prints, the value that it ends with, and the figures that it leaves."""
    tree, printed = ast.parse(source), io.StringIO()
    end = tree.body[-1] if tree.body else None
    last = ast.Expression(end.value) if isinstance(end, ast.Expr) else None
    if last:
        tree.body.pop()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, name, "exec"), names)
        value = eval(compile(last, name, "eval"), names) if last else None
    if printed.getvalue():
        yield {"output_type": "stream", "name": "stdout", "text": _lines(printed.getvalue())}
    if value is not None and not pyplot.get_fignums():
        data = {"text/plain": _lines(repr(value))}
        yield {"output_type": "execute_result", "execution_count": None, "metadata": {}, "data": data}
    for figure in pyplot.get_fignums():
        yield {"output_type": "display_data", "metadata": {}, "data": {"image/png": _png(figure)}}
    pyplot.close("all")


def _png(figure: int) -> str:
    drawn = io.BytesIO()
    # Without the version of the library the same figure is the same bytes.
    pyplot.figure(figure).savefig(drawn, dpi=DOTS_PER_INCH, bbox_inches="tight", metadata={"Software": None})
    return base64.b64encode(drawn.getvalue()).decode()


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def main() -> None:
    """Runs the notebooks and writes them with their outputs."""
    matplotlib.use("agg")
    for path in NOTEBOOKS:
        with atomic_path(path) as partial:
            partial.write_text(json.dumps(run(path), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"written: {path.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
