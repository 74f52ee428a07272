"""Flow of whole videos: what is written, in which memory, and what is done again."""

import gc
import json
import weakref

import numpy as np
import pytest

from launch.flow_report import streaming
from launch.flow_report.formats import FORMATS, parse_formats
from launch.flow_report.sequences import Selection, sequences_of
from launch.flow_report.streaming import Output, SequenceFlow
from tests.launch.flow_report.test_sequences import images
from tests.launch.flow_report.test_video import write
from tvnet_keras.errors import InputError
from tvnet_keras.flow.colour import flow_to_colour
from tvnet_keras.flow.io import read_flo, read_kitti
from tvnet_keras.flow.pairs import read_image
from tvnet_keras.video.read import probe, read_frames

PER_LEVEL = 1 / 4
"""Pixels of flow to the right of a level of the first frame, of which these tests' solver makes its flow."""


class Solver:
    """Finds flow that is as long as the first frame is bright, and counts its calls."""

    def __init__(self, fails_after=None):
        self.calls, self.fails_after = 0, fails_after

    def __call__(self, frames):
        if self.calls == self.fails_after:
            raise KeyboardInterrupt
        self.calls += 1
        flow = np.zeros((*frames.shape[1:3], 2), np.float32)
        flow[..., 0] = PER_LEVEL * frames[0, ..., 0]
        return flow


@pytest.fixture
def film(tmp_path):
    """A video of seven frames; the fourth is black, and so without motion."""
    return write(tmp_path / "film.avi", 7, brightness=lambda number: 0 if number == 3 else 100 + 10 * number)


@pytest.fixture
def run(film, tmp_path):
    """Writes the flow of the film, and returns what is said and the number of pairs that were solved."""

    def of(formats=("flo", "video"), solver=None, path=film, label="made", **options):
        solver = solver or Solver()
        frames = {key: options.pop(key) for key in ("start", "end", "stride", "size") if key in options}
        output = Output(tmp_path / "out", formats, **options)
        (sequence,) = sequences_of([str(path)])
        said = SequenceFlow(sequence, Selection(**frames), label, solver, {"solver": label}, output).write()
        return said, solver.calls

    return of


def test_every_format_holds_the_flow(run, film, tmp_path):
    said, _ = run(FORMATS, scale=50.0)
    assert said.startswith("written: ") and said.endswith("(6 pairs, colours up to 50 pixels)")
    frames, folder = read_frames(film), tmp_path / "out/made/film"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        f"{number:05d}{ending}" for number in range(6) for ending in (".flo", ".npy", ".png", ".kitti.png")
    )
    colours = read_frames(tmp_path / "out/made/film.mp4")
    for number in range(6):
        flow = Solver()(frames[number : number + 2])
        np.testing.assert_array_equal(read_flo(folder / f"{number:05d}.flo"), flow)
        stored = np.load(folder / f"{number:05d}.npy")
        np.testing.assert_array_equal(stored, flow)
        assert stored.dtype == np.float32 and stored.shape == (48, 64, 2)
        np.testing.assert_allclose(read_kitti(folder / f"{number:05d}.kitti.png"), flow, atol=1 / 128)
        np.testing.assert_array_equal(read_image(folder / f"{number:05d}.png"), flow_to_colour(flow, 50.0))
        assert np.abs(colours[number].astype(int) - flow_to_colour(flow, 50.0)).mean() < 4
    assert probe(tmp_path / "out/made/film.mp4").fps == 25


def test_a_still_frame_looks_still_and_all_frames_have_one_scale(run, tmp_path):
    run(("png", "video"))
    pictures = [read_image(tmp_path / f"out/made/film/{number:05d}.png") for number in range(6)]
    assert (pictures[3] == 255).all(), "no motion is white"
    assert read_frames(tmp_path / "out/made/film.mp4")[3].mean() > 250
    # The lengths are 25, 27.5, 30, 0, 35 and 37.5 pixels: each is paler than the next, on one scale.
    saturation = [255 - picture[..., 2].mean() for picture in pictures]
    assert saturation[0] == pytest.approx(255 * 25 / 37.5, abs=4)
    assert saturation[0] < saturation[1] < saturation[2] < saturation[4]
    assert json.loads((tmp_path / "out/made/film.json").read_text())["scale"] == pytest.approx(37.5, abs=0.5)


def test_the_noise_of_a_still_film_stays_pale(run, tmp_path):
    film = write(tmp_path / "still.avi", 4, brightness=lambda number: number % 2)
    run(("png",), path=film)
    assert all(read_image(path).min() > 180 for path in (tmp_path / "out/made/still").iterdir())


def test_frames_beside_their_colours(run, tmp_path):
    run(("video",), beside=True, stride=2, size=(24, 32))
    shown = read_frames(tmp_path / "out/made/film.mp4")
    assert shown.shape[0] == 3 and shown.shape[2] >= 2 * 32
    assert probe(tmp_path / "out/made/film.mp4").fps == 12.5


def test_images_lie_side_by_side_and_those_of_a_folder_in_theirs(run, tmp_path):
    folder = images(tmp_path / "frames", 3)
    run(("flo",), path=folder)
    assert sorted(path.name for path in (tmp_path / "out/made/frames").iterdir()) == ["frame0.flo", "frame1.flo"]
    sequence = sequences_of([str(folder / f"frame{number}.png") for number in (0, 1)])[0]
    SequenceFlow(sequence, Selection(), "pair", Solver(), {}, Output(tmp_path / "out", ("flo", "video"))).write()
    assert sorted(path.name for path in (tmp_path / "out/pair").iterdir()) == [
        "frame0.flo",
        "frame0.json",
        "frame0.mp4",
    ]


def test_the_same_command_goes_on_where_it_was_interrupted(run, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(("flo",), solver=Solver(fails_after=4))
    written = sorted((tmp_path / "out/made/film").iterdir())
    assert 1 <= len(written) <= 4 and all(path.suffix == ".flo" for path in written)
    before = {path: path.stat().st_mtime_ns for path in written}
    assert run(("flo",))[1] == 6 - len(written)
    assert {path: path.stat().st_mtime_ns for path in written} == before
    said, calls = run(("flo",))
    assert said.startswith("finished before: ") and calls == 0
    (tmp_path / "out/made/film/00002.flo").unlink()
    assert run(("flo",))[1] == 1


def test_a_further_format_is_made_of_the_stored_flow(run, tmp_path):
    run(("flo",))
    said, calls = run(("flo", "png", "video"), scale=40.0)
    assert calls == 0 and "6 pairs" in said
    shown = read_frames(tmp_path / "out/made/film.mp4")
    assert len(shown) == 6 and len(list((tmp_path / "out/made/film").glob("*.png"))) == 6
    assert run(("video",), scale=40.0)[0].startswith("finished before: ")


@pytest.mark.parametrize("changed", [{"stride": 2}, {"size": (24, 32)}, {"start": 1}, {"scale": 3.0}])
def test_other_settings_are_not_mistaken_for_finished(run, tmp_path, one_sentence, changed):
    run()
    record = (tmp_path / "out/made/film.json").read_text()
    with pytest.raises(InputError) as caught:
        run(**changed)
    assert f"film.json is of other settings ({next(iter(changed))} was " in one_sentence(str(caught.value))
    assert (tmp_path / "out/made/film.json").read_text() == record
    _, calls = run(**changed, replace=True)
    # Other colours are made of the flow that is there, beside the pairs that decide nothing any more.
    assert calls == 0 if "scale" in changed else calls > 0
    pairs = {"stride": 3, "start": 5}.get(next(iter(changed)), 6)
    assert len(list((tmp_path / "out/made/film").glob("*.flo"))) == pairs
    assert len(read_frames(tmp_path / "out/made/film.mp4")) == pairs


def test_another_solver_of_the_same_label_or_another_file_is_not_mistaken_for_finished(run, film, tmp_path):
    run(("flo",))
    (sequence,) = sequences_of([film])
    with pytest.raises(InputError, match="other settings"):
        SequenceFlow(
            sequence, Selection(), "made", Solver(), {"weights_sha256": "x"}, Output(tmp_path / "out", ("flo",))
        ).write()
    write(film, 9)
    with pytest.raises(InputError, match=r"other settings \(it is of other files, or of files that have changed"):
        run(("flo",))


def test_files_that_no_record_tells_of_are_made_again(run, tmp_path):
    run(("flo",))
    (tmp_path / "out/made/film.json").unlink()
    (tmp_path / "out/made/film/00000.flo").write_bytes(b"old")
    (tmp_path / "out/made/film/mine.flo").write_bytes(b"mine")
    assert run(("flo",))[1] == 6
    assert (tmp_path / "out/made/film/mine.flo").read_bytes() == b"mine", "nobody's file is removed"


def test_settings_that_made_nothing_refuse_no_others(run, tmp_path):
    """The remedy that an error names works as it stands, without --replace."""
    folder = images(tmp_path / "frames", 2)
    images(folder, 1, size=(16, 25))
    with pytest.raises(InputError, match="frames of one size, or --size=HEIGHT,WIDTH"):
        run(("flo", "png"), path=folder)
    assert (tmp_path / "out/made/frames.json").exists()
    said, _ = run(("flo", "png"), path=folder, size=(16, 24))
    assert said.startswith("written: ") and "(1 pair, colours up to " in said
    with pytest.raises(InputError, match=r"other settings \(size was \[16, 24\] and is \[8, 12\]\)"):
        run(("flo", "png"), path=folder, size=(8, 12))


def test_what_is_read_is_not_written_over(run, tmp_path):
    folder = images(tmp_path / "out/made/frames", 3)
    with pytest.raises(InputError, match="lies where its flow would be written"):
        run(("png",), path=folder)
    assert len(list(folder.iterdir())) == 3


def test_a_file_that_cannot_be_read_leaves_nothing(run, tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(InputError, match="cannot be opened as a video"):
        run(path=tmp_path / "text.mp4")
    assert not (tmp_path / "out").exists()


def test_of_a_longer_video_no_more_frames_are_alive(run, tmp_path, monkeypatch):
    """The threads keep a few frames; whoever kept all of them would keep two hundred."""
    alive, most = weakref.WeakSet(), []
    step = streaming.Step

    class Counted(np.ndarray):
        pass

    def counting(name, frame, flow):
        flow = flow.view(Counted)
        alive.add(flow)
        most.append(len(alive))
        return step(name, frame, flow)

    Counted.__hash__ = object.__hash__
    monkeypatch.setattr(streaming, "Step", counting)
    run(("npy", "video"), path=write(tmp_path / "long.avi", 200), scale=1.0)
    gc.collect()
    assert len(most) == 199 and max(most) <= 8


def test_formats_are_told_apart():
    assert parse_formats(["video", " flo", "flo"]) == ("flo", "video")
    with pytest.raises(InputError, match="--write is 'pngs'.*Did you mean 'png'"):
        parse_formats(["pngs"])
