"""Notebooks become pages: their text, their code and what is stored as their output. Nothing is run."""

import base64
import json
import os
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds a page for every notebook, and its pictures."""
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        name = file.src_uri.removesuffix(".ipynb")
        text, pictures = _page(json.loads(Path(str(file.abs_src_path)).read_text(encoding="utf-8")), Path(name).name)
        files.append(File.generated(config, f"{name}.md", content=text))
        for picture, content in pictures.items():
            place = os.path.join(os.path.dirname(name), picture)
            files.append(File.generated(config, place, content=content))
    return files


def _page(notebook: dict[str, Any], name: str) -> tuple[str, dict[str, bytes]]:
    """A notebook as Markdown, and its pictures by file name."""
    parts, pictures = [], {}
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            said = "".join(output.get("text", output.get("data", {}).get("text/plain", "")))
            if png := output.get("data", {}).get("image/png"):
                picture = f"{name}-{len(pictures) + 1}.png"
                pictures[picture] = base64.b64decode("".join(png))
                parts.append(f"![Picture {len(pictures)}, drawn by the cell above]({picture})")
            elif said:
                parts.append(f"```text\n{said.rstrip()}\n```")
    return "\n\n".join(parts) + "\n", pictures
