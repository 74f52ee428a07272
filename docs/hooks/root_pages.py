"""Pages at the repository's root become pages of the site, and links mean the same there as where files are shown.

README.md is the site's first page. A link to a folder leads to its first page, one to a notebook to its page, one to
any other file of the repository to where that is shown (`repo_url`); without `repo_url` its words remain. Likewise for
two habits of writing that the site's Markdown reads otherwise.
"""

import os
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

REPOSITORY = Path(__file__).resolve().parents[2]
ROOT_PAGES = {"README.md": "index.md", **{name: name for name in ("BUILD.md", "CONTRIBUTING.md", "CHANGELOG.md")}}
"""Pages of the site, by their file at the root."""

_CODE = re.compile(r"(^```.*?^```$|`[^`]*`)", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^<!--.*-->$", re.MULTILINE)
_INNER_LIST = re.compile(r"^  (?=[-*] )", re.MULTILINE)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages at the root."""
    for name, page in ROOT_PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(REPOSITORY / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turns links that are meant for the repository into links of the site, and the like."""
    source = _source_of(page.file.src_uri)
    parts = _CODE.split(markdown)
    # Every second part is code.
    parts[::2] = [_LINK.sub(lambda link: _of_site(link, source, page, config), part) for part in parts[::2]]
    # A table that begins right behind a comment would be taken for HTML; a list in a list needs four spaces.
    return _INNER_LIST.sub("    ", _COMMENT.sub(r"\n\g<0>\n", "".join(parts)))


def _source_of(page: str) -> Path:
    """The file of a page, below the repository."""
    at_root = {site: name for name, site in ROOT_PAGES.items()}
    return Path(at_root.get(page, f"docs/{page}"))


def _of_site(link: re.Match, source: Path, page: Page, config: MkDocsConfig) -> str:
    sign, words, target = link.groups()
    path, _, anchor = target.partition("#")
    if not path or re.match(r"[a-z]+:", path):
        return link[0]
    wanted = os.path.normpath(source.parent / path)
    found = REPOSITORY / wanted
    if found.is_dir():
        pages = sorted(found.glob("*.md"))
        wanted = pages[0].relative_to(REPOSITORY).as_posix() if pages else wanted
    elif found.suffix == ".ipynb":
        wanted = f"{wanted.removesuffix('.ipynb')}.md"
    site = ROOT_PAGES.get(wanted, wanted.removeprefix("docs/") if wanted.startswith("docs/") else "")
    if site:
        relative = os.path.relpath(site, Path(page.file.src_uri).parent)
        return f"{sign}[{words}]({relative}{'#' + anchor if anchor else ''})"
    if not found.exists():
        # The check of links says which one it is.
        return link[0]
    return f"[{words}]({config.repo_url}/blob/main/{wanted})" if config.repo_url else words
