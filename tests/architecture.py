"""Writes into docs/architecture.md what the tree itself says: its rooms, and who may import whom.

python -m tests.architecture
"""

import ast
from pathlib import Path

from tests.test_imports import MAY_IMPORT, PACKAGES, SHARED
from tvnet_keras.atomic import atomic_path

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs/architecture.md"
COMMAND = "python -m tests.architecture"


def rooms() -> dict[str, str]:
    """Every package, a folder, with the first sentence of its docstring, in the order of the tree."""
    files = (path for name in PACKAGES for path in sorted((REPOSITORY / name).rglob("__init__.py")))
    return {path.parent.relative_to(REPOSITORY).as_posix(): purpose(path) for path in files}


def purpose(path: Path) -> str:
    """The first sentence of a module's docstring, on one line."""
    paragraph = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n\n")[0]
    sentence, stop, _ = " ".join(paragraph.split()).partition(". ")
    return sentence.rstrip(".") + "." if sentence else ""


def rooms_table() -> str:
    """Markdown: a line per folder."""
    lines = [f"| `{folder}` | {text.replace('|', '&#124;')} |" for folder, text in rooms().items()]
    return "\n".join(["| folder | what belongs there |", "|---|---|", *lines])


def imports_table() -> str:
    """Markdown: a line per rule of `tests/test_imports.py`."""
    lines = [f"| `{folder}` | {_listed(allowed)} |" for folder, allowed in MAY_IMPORT.items()]
    return "\n".join(["| files in | may import, beside one another and " + f"`{SHARED}` |", "|---|---|", *lines])


def _listed(allowed: tuple[str, ...]) -> str:
    return ", ".join(f"`{package}`" for package in allowed) or "nothing"


def renewed(page: str) -> str:
    """The page with its two tables as the tree has them today."""
    for name, table in (("rooms", rooms_table()), ("imports", imports_table())):
        start, end = f"<!-- {name}: {COMMAND} -->", f"<!-- end of {name} -->"
        head, _, rest = page.partition(start)
        page = f"{head}{start}\n{table}\n{end}{rest.partition(end)[2]}"
    return page


def main() -> None:
    """Writes the page."""
    page = renewed(PAGE.read_text(encoding="utf-8"))
    with atomic_path(PAGE) as partial:
        partial.write_text(page, encoding="utf-8")
    print(f"written: {PAGE.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
