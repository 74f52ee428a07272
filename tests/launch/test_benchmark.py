import json

import pytest
from absl import flags
from absl.testing import flagsaver

from launch import benchmark
from launch.benchmarks import pipeline
from tvnet_keras.errors import InputError


@pytest.fixture
def small(monkeypatch):
    """Fewer and smaller clips: the numbers mean nothing, their making is the same."""
    for name, value in {"SIZE": (16, 16), "BATCH": 2, "REPEATS": 2, "CLIPS": 6, "PARALLEL": (1, 2)}.items():
        monkeypatch.setattr(pipeline, name, value)


@pytest.fixture
def parsed():
    """Flags of this process, as if a command line had set none."""
    saved = flagsaver.save_flag_values()
    flags.FLAGS.mark_as_parsed()
    yield flags.FLAGS
    flagsaver.restore_flag_values(saved)


def test_a_benchmark_writes_numbers_with_their_circumstances(small, parsed, shapes, tmp_path, capsys):
    parsed.data_dir, parsed.output, parsed.suite = str(shapes), str(tmp_path / "out/pipeline.json"), "pipeline"
    benchmark.main()
    result = json.loads((tmp_path / "out/pipeline.json").read_text())
    assert {"suite", "machine", "versions", "commit", "seconds", "protocol", "rows"} <= set(result)
    assert result["machine"]["cores"] >= 1 and "keras" in result["versions"]
    assert result["protocol"] == {
        "videos": 48, "clip": "6 frames of 16 x 16", "batch_size": 2, "clips": 6, "repeats": 2,
    }  # fmt: skip
    measured = {(row["source"], row["parallel"]) for row in result["rows"]}
    assert measured == {(source, count) for source in ("video files", "TFRecord cache") for count in (1, 2)}
    for row in result["rows"]:
        assert 0 < row["lowest"] <= row["clips_per_s"] <= row["highest"]
    printed = capsys.readouterr().out
    assert "clips_per_s" in printed and f"written: {tmp_path}/out/pipeline.json" in printed.replace("\n", "")


def test_a_folder_without_videos_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(InputError, match="holds no readable video"):
        pipeline.run(str(tmp_path))


def test_broken_videos_are_left_out(small, shapes, tmp_path):
    (tmp_path / "empty.avi").write_bytes(b"")
    video = next(shapes.glob("videos/ZoomIn/*.avi"))
    (tmp_path / "fine.avi").write_bytes(video.read_bytes())
    assert pipeline.run(str(tmp_path))["protocol"]["videos"] == 1


def test_an_unknown_suite_is_told_the_nearest(here):
    assert "Did you mean 'pipeline'?" in here("benchmark", "--suite=pipelines").sentence()
