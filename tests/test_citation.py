"""CITATION.cff has what its format asks for, and every paper that the code names."""

import re
import unicodedata

import pytest
import yaml

from tvnet_keras.version import __version__

# Of https://github.com/citation-file-format, version 1.2.0.
REQUIRED = ("cff-version", "message", "title", "authors")
REQUIRED_OF_A_REFERENCE = ("type", "title", "authors")
WHERE = {"conference-paper": "collection-title", "article": "journal", "report": "institution"}
NAMED = re.compile(r"\b([A-Z][a-z]+)(?: et al\.| & [A-Z][a-z]+|, [A-Z]{3,5} (?:19|20)\d\d)")
"""An author of a paper: "Fan et al.", "Carreira & Zisserman", "Farneback, SCIA 2003"."""


@pytest.fixture(scope="module")
def citation(repository):
    return yaml.safe_load((repository / "CITATION.cff").read_text(encoding="utf-8"))


def without_accents(text):
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


def named_authors(repository):
    """The authors that files of the three packages name, each with the first such file."""
    found = {}
    packages = [repository / name for name in ("tvnet_keras", "models", "launch")]
    for path in sorted(path for package in packages for path in package.rglob("*.py")):
        for name in NAMED.findall(path.read_text(encoding="utf-8")):
            found.setdefault(name, path.relative_to(repository))
    return found


def test_the_file_has_what_its_format_requires(citation):
    assert all(citation.get(key) for key in REQUIRED)
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    for reference in citation["references"]:
        assert all(reference.get(key) for key in (*REQUIRED_OF_A_REFERENCE, WHERE[reference["type"]])), reference
        assert all(person["family-names"] and person["given-names"] for person in reference["authors"])
        assert 1980 < reference["year"] < 2100


def test_the_version_is_that_of_the_package(citation):
    assert citation["version"] == __version__


def test_every_reference_says_where_it_is_implemented(citation, repository):
    for reference in citation["references"]:
        places = re.findall(r"[\w]+(?:/\w+)+(?:\.py)?", reference["notes"])
        assert places and all((repository / place).exists() for place in places), reference["notes"]


def test_every_paper_that_the_code_names_is_cited(citation, repository):
    named = named_authors(repository)
    assert {"Fan", "Zach", "Carreira", "Farneback"} <= named.keys()
    authors = [person["family-names"] for reference in citation["references"] for person in reference["authors"]]
    cited = {without_accents(author).split()[0] for author in authors}
    missing = {name: str(path) for name, path in named.items() if name not in cited}
    assert not missing, f"CITATION.cff lacks papers of {missing}"
