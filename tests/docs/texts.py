"""What the project's texts promise: Markdown pages and docstrings, and the code and commands in them."""

import ast
import inspect
import re
import shlex
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("tvnet_keras", "models", "launch")
HISTORY = ("CHANGELOG.md",)
"""Pages whose commands were those of their day."""

LAUNCHER = "python -m "
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`|<!-- \w+: (.*?) -->", re.DOTALL)
_COMMAND = re.compile(r"(?:[A-Z_]+=\S* )*(?:python -m |make |pip |tensorboard )")
_SETS_VARIABLE = re.compile(r"([A-Z_]+)=(\S+)")
_INDENT = "    "
_OPEN = re.compile(r"<[^<>]+>|(?<![a-z])mine\b")
_ANY_FLAG = re.compile(r"--(no)?[A-Z]")

OPEN = "NAME"
"""What stands for a name that the reader chooses, as `mine` and `<its name>` do; all such words are in capitals."""


@dataclass(frozen=True)
class Command:
    """A command that a text tells its reader to give.

    Attributes:
        text: the file that it stands in, below the repository.
        words: of the command line.
        before: the commands that stand above it in the same text.
    """

    text: str
    words: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()

    def __str__(self) -> str:
        return f"{self.text}: {shlex.join(self.words)}"


@cache
def pages() -> tuple[Path, ...]:
    """The Markdown pages, found by listing."""
    found = [path for path in REPOSITORY.glob("*.md") if path.name not in HISTORY]
    for folder in ("docs", "benchmarks", "tests"):
        found += (REPOSITORY / folder).rglob("*.md")
    return tuple(sorted(found))


@cache
def modules(packages: tuple[str, ...] = PACKAGES) -> tuple[Path, ...]:
    """The Python files of packages, found by listing."""
    return tuple(sorted(path for package in packages for path in (REPOSITORY / package).rglob("*.py")))


def name_of(path: Path) -> str:
    """A file as a message names it."""
    return path.relative_to(REPOSITORY).as_posix()


def docstrings(path: Path) -> Iterator[str]:
    """The docstrings of a file, their indentation taken away."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield inspect.cleandoc(ast.get_docstring(node, clean=False) or "")


@cache
def texts_of(path: Path) -> list[str]:
    """What a page or a module says: one text, or its docstrings."""
    return [path.read_text(encoding="utf-8")] if path.suffix == ".md" else list(docstrings(path))


def python_blocks(page: Path) -> list[str]:
    """The blocks that a page marks as Python, in their order."""
    return [body for language, body in _FENCE.findall(page.read_text(encoding="utf-8")) if language == "python"]


def without_python(text: str) -> str:
    """A text without its Python blocks."""
    return _FENCE.sub(lambda fence: "" if fence[1] == "python" else fence[0], text)


def spans(text: str) -> list[str]:
    """What a text sets as code within its sentences, each on one line, and the commands of its HTML comments."""
    found = _SPAN.findall(_FENCE.sub("", text))
    return [_OPEN.sub(OPEN, " ".join((code or comment).replace("\\|", "|").split())) for code, comment in found]


@cache
def commands(path: Path) -> list[Command]:
    """The commands of a page or of a module's docstrings, in their order: first those in lines of their own."""
    found: list[Command] = []
    for text in texts_of(path):
        lines = _command_lines(without_python(text))
        for line in [*lines, *(span for span in spans(text) if _COMMAND.match(span))]:
            words = shlex.split(line, comments=True)
            while _SETS_VARIABLE.fullmatch(words[0]):
                words = words[1:]
            found.append(Command(name_of(path), tuple(words), tuple(command.words for command in found)))
    return found


@cache
def flag_spans(path: Path) -> list[tuple[str, ...]]:
    """The flags that a text speaks of without their command, such as `--method=rgb --config.seed=1`."""
    found = [span for text in texts_of(path) for span in spans(text) if span.startswith("--")]
    return [tuple(re.split(r" (?=--)", span)) for span in found if not _ANY_FLAG.match(span)]


def _command_lines(text: str) -> Iterator[str]:
    """Commands in lines of their own: in blocks, or in any line that starts a module; shell variables are filled in."""
    variables: dict[str, str] = {}
    fenced = "\n".join(body for _, body in _FENCE.findall(text))
    for line in _joined(fenced):
        if setting := _SETS_VARIABLE.fullmatch(line):
            variables[setting[1]] = setting[2]
        elif _COMMAND.match(line):
            yield string.Template(line).safe_substitute(variables)
    for paragraph in re.split(r"\n\s*\n", _SPAN.sub("", _FENCE.sub("", text))):
        indented = all(line.startswith(_INDENT) for line in paragraph.splitlines())
        for line in _joined(paragraph):
            if _COMMAND.match(line) and (indented or LAUNCHER in line):
                yield line


def _joined(block: str) -> list[str]:
    """The lines of a block, those that a backslash continues as one."""
    return [line.strip() for line in re.sub(r"\\\n", " ", block).splitlines()]
