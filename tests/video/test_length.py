"""Files that were cut short, and sound ones whose header promises a little more or whose frames are unevenly spaced."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from tvnet_keras.video import Video
from tvnet_keras.video.read import VideoError, iterate_frames, probe, read_frames
from tvnet_keras.video.scan import scan

FRAMES, RATE = 60, 25
CODECS = {"avi": "mpeg4", "mp4": "mpeg4", "mov": "mpeg4", "mkv": "mpeg4", "webm": "libvpx", "flv": "flv1"}
"""Containers whose header says how long the film is."""


def write(path, stamps=range(FRAMES), *, sound=0.0, codec=None):
    """A film whose frames are shown at these numbers of a 25th of a second, with seconds of silence beside it."""
    suffix = path.suffix.lstrip(".")
    rng = np.random.default_rng(0)
    with av.open(str(path), "w", options={"movflags": "faststart"} if suffix in ("mp4", "mov") else {}) as container:
        stream = container.add_stream(codec or CODECS[suffix], rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, RATE)
        silence = container.add_stream("pcm_s16le", rate=8000) if sound else None
        for number in range(round(25 * sound)):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 320), np.int16), format="s16", layout="mono")
            frame.rate, frame.pts, frame.time_base = 8000, 320 * number, Fraction(1, 8000)
            container.mux(silence.encode(frame))
        for stamp in stamps:
            frame = av.VideoFrame.from_ndarray(rng.integers(0, 256, (48, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = stamp, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def cut(path, share):
    content = path.read_bytes()
    shorter = path.with_name(f"cut.{path.name}")
    shorter.write_bytes(content[: int(len(content) * share)])
    return shorter


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Sound films by their container."""
    folder = tmp_path_factory.mktemp("whole")
    return {suffix: write(folder / f"film.{suffix}") for suffix in CODECS}


@pytest.mark.parametrize("suffix", CODECS)
def test_a_whole_film_is_fine(whole, suffix):
    assert probe(whole[suffix]).frames == FRAMES


@pytest.mark.parametrize("suffix", CODECS)
@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8, 0.9])
def test_a_film_that_was_cut_is_never_fine(whole, suffix, share):
    with pytest.raises(VideoError) as caught:
        probe(cut(whole[suffix], share))
    assert caught.value.frames < FRAMES


@pytest.mark.parametrize("suffix", ["avi", "mkv", "flv", "webm"])
def test_the_verdict_says_how_much_is_there(whole, suffix):
    path = cut(whole[suffix], 0.6)
    with av.open(str(path)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    found = scan([Video(str(path), 0, "cut")])
    (problem,) = found.problems
    assert found.counts == {} and (problem.kind, problem.frames, problem.unusable) == ("damaged", frames, True)
    holds = f"{frames} of 60 frames" if suffix == "avi" else rf"{frames} frames, [01]\.\d of 2\.4 seconds"
    with pytest.raises(VideoError, match=f"is cut short, it holds {holds}; copy it again or leave it out"):
        read_frames(path)
    given = []
    with pytest.raises(VideoError, match="is cut short"):
        given.extend(iterate_frames(path))
    assert len(given) == frames == len(read_frames(path, range(frames)))


@pytest.mark.parametrize("suffix", ["avi", "mkv"])
def test_a_film_whose_rest_was_never_copied_is_cut_too(whole, suffix):
    content = bytearray(whole[suffix].read_bytes())
    half = len(content) // 2
    content[half:] = bytes(len(content) - half)
    path = whole[suffix].with_name(f"zeros.{suffix}")
    path.write_bytes(content)
    with pytest.raises(VideoError, match="is cut short"):
        probe(path)


def declare(path, frames):
    """Has an AVI file say in all its headers that it holds so many frames."""
    content = bytearray(path.read_bytes())
    # dwTotalFrames of the file's header, dwLength of the stream's.
    for place in (content.index(b"avih") + 8 + 16, content.index(b"strh") + 8 + 32):
        struct.pack_into("<I", content, place, frames)
    liar = path.with_name(f"declares{frames}.avi")
    liar.write_bytes(content)
    return liar


@pytest.mark.parametrize(("held", "declared"), [(60, 61), (60, 63), (60, 55), (15, 16), (15, 18), (200, 208)])
def test_a_header_that_promises_a_little_more_is_not_believed(tmp_path, held, declared):
    path = declare(write(tmp_path / "film.avi", range(held)), declared)
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == declared
    assert probe(path).frames == held


def test_a_header_that_promises_much_more_is_believed(tmp_path):
    with pytest.raises(VideoError, match="holds 15 of 20 frames"):
        probe(declare(write(tmp_path / "film.avi", range(15)), 20))


@pytest.mark.parametrize("suffix", CODECS)
@pytest.mark.parametrize("stamps", [range(0, 100, 5), [0, 1, 2, 60, 61, 62, 63], [0, 50, 100], range(1000, 1030)])
def test_films_of_varying_rate_or_a_late_start_are_whole(tmp_path, suffix, stamps):
    assert probe(write(tmp_path / f"film.{suffix}", stamps)).frames == len(stamps)


def test_sound_may_go_on_after_the_last_frame(tmp_path):
    path = write(tmp_path / "film.mkv", range(10), sound=4)
    with av.open(str(path)) as container:
        assert container.duration > 3.9 * av.time_base
    assert probe(path).frames == 10
    with pytest.raises(VideoError, match="is cut short"):
        probe(cut(path, 0.5))


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_a_film_that_was_trimmed_without_coding_it_anew_is_whole(tmp_path, suffix):
    source, path = write(tmp_path / f"source.{suffix}"), tmp_path / f"trimmed.{suffix}"
    with av.open(str(source)) as full, av.open(str(path), "w") as container:
        stream = container.add_stream_from_template(full.streams.video[0])
        for packet in full.demux(full.streams.video[0]):
            if packet.dts is not None:
                packet.pts -= round(1 / packet.time_base)
                packet.dts -= round(1 / packet.time_base)
                packet.stream = stream
                container.mux(packet)
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == FRAMES
    assert probe(path).frames == FRAMES - RATE


def test_files_whose_header_says_nothing_are_read_as_they_are(tmp_path):
    for suffix, codec in (("mpg", "mpeg2video"), ("ts", "mpeg2video"), ("wmv", "wmv2")):
        path = write(tmp_path / f"film.{suffix}", codec=codec)
        assert probe(path).frames == FRAMES
        assert 2 <= probe(cut(path, 0.5)).frames < FRAMES


def test_real_files_of_which_a_part_is_left_are_cut(shared_data, tmp_path):
    for source in sorted((shared_data / "ucf101/videos").glob("*/*_g01_c01.avi")):
        content = source.read_bytes()
        for share in (0.2, 0.6, 0.8):
            (tmp_path / source.name).write_bytes(content[: int(share * len(content))])
            with pytest.raises(VideoError):
                probe(tmp_path / source.name)


@pytest.mark.slow
def test_all_real_clips_are_whole(shared_data):
    paths = sorted((shared_data / "compact").rglob("*.mp4"))
    found = scan([Video(str(path), 0, str(path)) for path in paths])
    assert len(found.counts) == 2847
    assert [problem for problem in found.problems if problem.unusable] == []
