"""`docs/reliability.md` names the tests that hold what it says; they exist."""

import ast
import re


def test_every_test_that_the_page_names_exists(repository):
    page = (repository / "docs/reliability.md").read_text()
    files = list((repository / "tests").rglob("*.py"))
    known = {path.stem for path in files}
    for path in files:
        known |= {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}
    named = set(re.findall(r"\b(test_\w+)", page))
    assert len(named) > 50
    assert not sorted(named - known)
