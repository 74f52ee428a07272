"""launch.benchmark --suite=flow_video: its yardstick writes what it says, and its ratios are those of the times."""

import pytest

from launch.benchmarks import flow_video as suite
from launch.benchmarks.parts.opencv_flow import write_flow
from tvnet_keras.flow.pairs import read_image
from tvnet_keras.video.read import probe


@pytest.fixture
def film(tmp_path, monkeypatch):
    """A short and small video of the suite."""
    monkeypatch.setattr(suite, "SIZE", (64, 96))
    monkeypatch.setattr(suite, "FRAMES", 4)
    return suite.write_texture(tmp_path / "film.mp4")


def test_the_yardstick_writes_every_pair(film, tmp_path):
    (tmp_path / "pictures").mkdir()
    write_flow(film, str(tmp_path / "pictures"))
    write_flow(film, str(tmp_path / "flow.mp4"))
    assert [path.name for path in sorted((tmp_path / "pictures").iterdir())] == ["00000.png", "00001.png", "00002.png"]
    assert read_image(tmp_path / "pictures/00001.png").shape == (64, 96, 3)
    assert probe(tmp_path / "flow.mp4").frames == 3 and probe(film).frames == 4


def test_ratios_are_of_the_medians_without_the_start():
    def times(start, whole):
        return {"start": [(start, start)] * 3, "whole": [(whole, 2 * whole), (99.0, 99.0), (0.0, 0.0)]}

    calls = {(suite.OURS, form): times(5.0, 35.0) for form in suite.FORMS}
    calls |= {(suite.THEIRS, form): times(1.0, 21.0) for form in suite.FORMS}
    rows = suite.rows_of({(*key, part): seconds for key, parts in calls.items() for part, seconds in parts.items()})
    assert [(row["flow by"], row["written"]) for row in rows] == [
        (name, form) for form in ("video", "png") for name in (suite.OURS, suite.THEIRS)
    ]
    ours, theirs = rows[:2]
    assert ours["whole_s"] == 35 and ours["s"] == 30 and ours["user_s"] == 65
    assert ours["to_opencv"] == 1.5 and ours["whole_to_opencv"] == pytest.approx(35 / 21)
    assert ours["user_to_opencv"] == pytest.approx(65 / 41) and theirs["to_opencv"] == 1


@pytest.mark.slow
def test_both_are_measured(film, monkeypatch):
    monkeypatch.setattr(suite, "ROUNDS", 1)
    result = suite.run()
    assert len(result["rows"]) == 4 and all(row["whole_s"] > 0 for row in result["rows"])
    assert result["protocol"]["frames"] == 4
