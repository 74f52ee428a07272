"""The reference: a page for every public package, with all that its `__all__` lists, from docstrings that are read and
not run."""

import ast
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("tvnet_keras", "tvnet_keras.flow", "tvnet_keras.video", "tvnet_keras.scoring")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages."""
    listed = {package: _public(package) for package in PACKAGES}
    for package, names in listed.items():
        # What a package below lists is shown there.
        below = {name for other in PACKAGES if other.startswith(f"{package}.") for name in listed[other]}
        own = [name for name in names if name not in below and not name.startswith("__")]
        others = sorted(below & set(names))
        text = [f"# {package}", f"::: {package}\n    options: {{members: [], show_root_heading: false}}"]
        text += [f"::: {package}.{name}" for name in own]
        if others:
            text.append(f"Also here, from [tvnet_keras.flow](tvnet_keras.flow.md): {', '.join(others)}.")
        files.append(File.generated(config, f"reference/{package}.md", content="\n\n".join(text) + "\n"))
    return files


def _public(package: str) -> list[str]:
    """The names in a package's `__all__`."""
    tree = ast.parse((REPOSITORY.joinpath(*package.split(".")) / "__init__.py").read_text(encoding="utf-8"))
    (listed,) = (
        statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__"
    )
    return ast.literal_eval(listed)
