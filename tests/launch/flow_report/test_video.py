"""A flow video of ten minutes takes the memory of a short one, and no video is decoded more often than needed."""

import tracemalloc

import av
import keras
import numpy as np
import pytest

from launch.flow_report.video import (
    CLIPS,
    EvenClips,
    VideoSummary,
    flow_of_video,
    flow_pieces,
    summarise_video,
    write_flow_video,
)
from launch.run.inference import score_videos
from launch.run.model import load_run
from launch.run.video_files import open_files
from tests.launch.start import peak_memory_of
from tvnet_keras.flow.colour import flow_to_colour
from tvnet_keras.video import read


class Shift(keras.layers.Layer):
    """A motion layer whose flow is as long, everywhere, as the frames are bright."""

    frames_consumed = 1

    def call(self, clip):
        return keras.ops.cast(clip[:, :-1, ..., :2], "float32") * [1.0, 0.0]


def write(path, frames, brightness=lambda number: number % 200, size=(48, 64)):
    """A video whose frames are grey all over."""
    height, width = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        stream.codec_context.qmin = stream.codec_context.qmax = 2
        for number in range(frames):
            picture = np.full((height, width, 3), brightness(number), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return str(path)


def predict_with_flow(loaded, path, target):
    """What launch.predict does with one video, once it has loaded the run."""
    config, model, names = loaded
    summaries = {}
    source = open_files([path], config, names, examine=lambda name: summarise_video(model.motion, summaries, name))
    score_videos(model, source.views(), source.videos)
    write_flow_video(model.motion, path, target, summaries[path])


def peak_memory(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "suffix", ["mp4", *(pytest.param(suffix, marks=pytest.mark.slow) for suffix in ("avi", "gif"))]
)
def test_a_longer_video_takes_no_more_memory(tmp_path, suffix):
    motion = Shift()
    peaks = []
    for frames in (100, 100, 800):  # the first one traces
        path, summaries = write(tmp_path / f"{frames}.avi", frames, size=(96, 128)), {}

        def work(path=path, summaries=summaries):
            assert summarise_video(motion, summaries, path) in (100, 800)
            write_flow_video(motion, path, tmp_path / f"flow.{suffix}", summaries[path])

        peaks.append(peak_memory(work))
    assert peaks[2] < 1.2 * peaks[1]
    assert read.probe(tmp_path / f"flow.{suffix}").frames == 799


@pytest.mark.parametrize(("size", "most"), [((48, 64), 8), ((360, 640), 2), ((1080, 1920), 1)])
@pytest.mark.parametrize("consumed", [1, 2])
def test_pieces_of_large_frames_are_of_fewer(size, most, consumed):
    motion = Shift()
    motion.frames_consumed = consumed
    motion.call = lambda clip: keras.ops.cast(clip[:, :-consumed, ..., :2], "float32")
    frames = [np.full((*size, 3), number, np.uint8) for number in range(most + consumed + 1)]
    pieces = list(flow_pieces(motion, iter(frames)))
    assert [len(flow) for _, flow in pieces] == [most, 1]
    assert [number for shown, _ in pieces for number in shown[:, 0, 0, 0]] == list(range(most + 1))
    assert [value for _, flow in pieces for value in flow[:, 0, 0, 0]] == list(range(most + 1))


@pytest.mark.slow
def test_ten_minutes_take_the_memory_of_one(finished_run, tmp_path):
    peaks, loaded = [], load_run(finished_run)
    for minutes in (1, 1, 10):
        path = write(tmp_path / f"{minutes}.avi", 60 * 25 * minutes)
        peaks.append(peak_memory(lambda path=path: predict_with_flow(loaded, path, tmp_path / "flow.mp4")))
    assert peaks[2] < 1.2 * peaks[1]
    assert read.probe(tmp_path / "flow.mp4").frames == 60 * 25 * 10 - 1


@pytest.mark.slow
def test_the_launcher_takes_less_than_one_and_a_half_gigabytes_for_ten_minutes(finished_run, repository, tmp_path):
    path = write(tmp_path / "video.avi", 60 * 25 * 10, size=(180, 320))
    flags = [f"--run={finished_run}", f"--flow_dir={tmp_path}/flow"]
    assert peak_memory_of(repository, "predict", [*flags, path]) < 1.5e9
    assert read.probe(tmp_path / "flow/video.mp4").frames == 60 * 25 * 10 - 1


def test_a_video_is_decoded_to_count_to_score_and_to_show_its_flow(finished_run, tmp_path, monkeypatch):
    decoded = []
    opened = read._open
    monkeypatch.setattr(read, "_open", lambda path: decoded.append(path) or opened(path))
    path = write(tmp_path / "video.avi", 30)
    config, model, names = loaded = load_run(finished_run)
    predict_with_flow(loaded, path, tmp_path / "flow.mp4")
    assert decoded == [path] * 3
    source = open_files([path], config, names)
    score_videos(model, source.views(), source.videos)
    assert decoded == [path] * 5


@pytest.mark.parametrize("frames", [3, CLIPS + 1, 20, 500])
@pytest.mark.parametrize("span", [2, 3])
def test_clips_of_a_video_of_unknown_length_are_evenly_spaced(frames, span):
    clips = EvenClips(span)
    for number in range(frames):
        clips(np.full((1, 1, 3), number % 256, np.uint8))
        assert len(clips._kept) <= CLIPS
    starts = list(clips._kept)
    possible = frames - span + 1
    assert len(clips.clips()) == possible if possible <= CLIPS else len(clips.clips()) >= CLIPS / 2
    assert starts[0] == 0 and len(set(np.diff(starts))) <= 1
    for start, clip in zip(starts, clips.clips(), strict=True):
        np.testing.assert_array_equal(clip[:, 0, 0, 0], np.arange(start, start + span) % 256)


@pytest.mark.parametrize("frames", [9, 120])
def test_the_strongest_colours_go_to_the_99th_percentile_of_all_vectors(tmp_path, frames):
    motion, summaries = Shift(), {}
    path = write(tmp_path / "video.avi", frames)
    assert summarise_video(motion, summaries, path) == frames
    exact = np.percentile(np.linalg.norm(flow_of_video(motion, read.read_frames(path)), axis=-1), 99)
    assert summaries[path].longest == pytest.approx(exact, rel=0.15 if frames > CLIPS else 1e-6)
    assert summaries[path].fps == 25


def test_where_nothing_moves_the_colours_stand_for_one_pixel(tmp_path):
    summaries, path = {}, write(tmp_path / "black.avi", 3, brightness=lambda number: 0)
    summarise_video(Shift(), summaries, path)
    assert summaries[path] == VideoSummary(25, 1.0)


def test_the_pictures_are_those_of_the_whole_video_at_once(tmp_path):
    motion, path, target = Shift(), write(tmp_path / "video.avi", 21), tmp_path / "flow.avi"
    write_flow_video(motion, path, target, VideoSummary(25, 20.0))
    frames, shown = read.read_frames(path), read.read_frames(target)
    assert len(shown) == 20
    assert np.abs(shown[:, :, :64].astype(int) - frames[:-1]).mean() < 4
    colours = flow_to_colour(flow_of_video(motion, frames), 20.0)
    assert np.abs(shown[:, :30, 70:110].astype(int) - colours[:, :30, 2:42]).mean() < 8
