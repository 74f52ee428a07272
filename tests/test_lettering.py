"""Names of any script in pictures: letters in a font that has them, never boxes that look all alike."""

import numpy as np
import pytest
from matplotlib import font_manager

from launch.flow_report.pictures import Sheet
from tvnet_keras import lettering
from tvnet_keras.flow.picture import contact_sheet
from tvnet_keras.scoring.report import confusion_picture
from tvnet_keras.scoring.scores import Scores

OWN = font_manager.findfont(font_manager.FontProperties(family="DejaVu Sans"))
STIX = font_manager.findfont(font_manager.FontProperties(family="STIXGeneral"))
ONLY_STIX = "\u20dd"
"""A letter that the first font lacks and the second has."""


@pytest.fixture
def fonts(monkeypatch):
    """Sets which fonts are installed."""

    def install(*entries):
        lettering._font_file.cache_clear()
        monkeypatch.setattr(font_manager.fontManager, "ttflist", list(entries))

    yield install
    lettering._font_file.cache_clear()


def entry(file, name="Some"):
    return font_manager.FontEntry(fname=str(file), name=name)


def test_a_letter_that_the_first_font_lacks_takes_an_installed_one(fonts, tmp_path):
    (tmp_path / "damaged.ttf").write_bytes(b"no font")
    fonts(entry(tmp_path / "damaged.ttf"), entry(tmp_path / "gone.ttf"), entry(OWN), entry(STIX))
    assert lettering.font_file(["run", "a"]) == OWN
    assert lettering.font_file(["run", f"a{ONLY_STIX}"]) == STIX
    assert lettering.written(f"a{ONLY_STIX}", STIX) == f"a{ONLY_STIX}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("走る", "\\u8d70\\u308b"),
        ("走る run", "\\u8d70\\u308b run"),
        ("Ходьба", "Ходьба"),
        ("naïve", "naïve"),
        ("달리기", "\\ub2ec\\ub9ac\\uae30"),
        ("a\nb\x07", "a\\nb\\x07"),
        ("a\\b'", "a\\b'"),
        ("\U0001f600", "\\U0001f600"),
    ],
)
def test_letters_of_no_font_are_escaped(fonts, name, said):
    fonts(entry(STIX), entry(OWN, "Last Resort High-Efficiency"))
    said = said if name != "\U0001f600" or name not in lettering._letters(OWN) else name
    assert lettering.written(name, lettering.font_file([name])) == said


HEADER = {"kind": "rgb", "experiment": "x", "split": "test1", "clips": 1, "crops": 1}
HEADER |= {"commit": "abc", "seed": 0, "weights_sha256": "1"}


def confusion_of(*names):
    count = len(names)
    scores = Scores([str(k) for k in range(count)], np.arange(count), names, np.eye(count, dtype=np.float32), HEADER)
    return confusion_picture(scores)


def test_classes_of_other_scripts_do_not_look_alike_in_the_confusion_matrix(fonts, recwarn):
    fonts(entry(OWN, "DejaVu Sans"))
    pictures = [confusion_of(f"{name}b", "a") for name in ("走", "歩")]
    assert pictures[0].shape != pictures[1].shape or (pictures[0] != pictures[1]).any()
    assert not [warning for warning in recwarn if "Glyph" in str(warning.message)]


@pytest.mark.parametrize("name", ["$x_{$", "a$b$c", "$\\frac$", "100 % & #1", "a_b^c"])
def test_class_names_are_no_formulae(name):
    assert confusion_of(name, "a").shape[2] == 3


def test_names_of_other_scripts_do_not_look_alike_in_contact_sheets(fonts):
    fonts(entry(OWN, "DejaVu Sans"))
    picture = np.zeros((60, 80, 3), np.uint8)
    first, second = (contact_sheet([[picture]], [name], scale=4) for name in ("走", "é"))
    assert (first != second).any()
    sheets = []
    for name in ("走", "歩"):
        sheet = Sheet(["frame"])
        sheet.add(name, picture, {}, {}, 1.0)
        sheets.append(sheet.picture({}))
    assert (sheets[0] != sheets[1]).any()
