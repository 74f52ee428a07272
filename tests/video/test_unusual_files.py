"""Files as cameras, phones and editors write them: side data, covers, thumbnails, other sizes half way, odd names."""

import io
import os
import shutil
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from av.stream import Disposition
from PIL import ExifTags, Image, ImageOps, ImageSequence

from tvnet_keras.flow.picture import write_video as write_flow_video
from tvnet_keras.video import Video
from tvnet_keras.video import read as read_module
from tvnet_keras.video.moving_shapes.writer import write_dataset
from tvnet_keras.video.read import VideoError, iterate_frames, probe, read_frames
from tvnet_keras.video.scan import scan

RATE = 25
SIZE = (48, 64)


def scenes(count, size=SIZE, seed=0):
    """Smooth pictures without any symmetry, all different."""
    rng = np.random.default_rng(seed)
    return [cv2.resize(rng.integers(0, 256, (3, 5, 3), np.uint8), size[::-1]) for _ in range(count)]


def exif(orientation):
    tags = Image.Exif()
    tags[ExifTags.Base.Make] = "Camera"
    tags[ExifTags.Base.Orientation] = orientation
    return tags


def as_jpegs(pictures, orientation=1):
    """JPEG files with EXIF."""
    files = []
    for picture in pictures:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=95, exif=exif(orientation))
        files.append(file.getvalue())
    return files


def mux_jpegs(container, stream, files, every=1):
    for number, content in enumerate(files):
        packet = av.Packet(content)
        packet.stream, packet.time_base = stream, Fraction(1, RATE)
        packet.pts = packet.dts = number * every
        container.mux(packet)


def add_jpeg_stream(container, size=SIZE, disposition=0):
    stream = container.add_stream("mjpeg", rate=RATE)
    stream.height, stream.width, stream.pix_fmt = *size, "yuvj420p"
    stream.disposition = Disposition(disposition).value
    return stream


def add_film(container, count=8, size=(64, 96), disposition=0, codec="mpeg4"):
    """An MPEG-4 stream, and what writes its frames."""
    stream = container.add_stream(codec, rate=RATE)
    stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
    stream.disposition = Disposition(disposition).value

    def write():
        for picture in scenes(count, size):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())

    return write


def close_to(pictures, expected, tolerance=6):
    return pictures.shape == expected.shape and np.abs(pictures.astype(int) - expected).mean() < tolerance


@pytest.mark.parametrize("suffix", ["avi", "mov", "mkv"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_with_exif_are_read_and_turned_as_it_says(tmp_path, suffix, orientation):
    path = tmp_path / f"camera.{suffix}"
    files = as_jpegs(scenes(4), orientation)
    with av.open(str(path), "w") as container:
        mux_jpegs(container, add_jpeg_stream(container), files)
    expected = np.stack([np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(file)))) for file in files])
    info = probe(path)
    assert (info.frames, info.height, info.width) == expected.shape[:3]
    assert close_to(read_frames(path), expected)
    assert close_to(read_frames(path, [3]), expected[3:])


def test_a_raw_stream_of_pictures_with_exif_is_read(tmp_path):
    path = tmp_path / "raw.mjpeg"
    path.write_bytes(b"".join(as_jpegs(scenes(4))))
    assert close_to(read_frames(path), np.stack(scenes(4)))


@pytest.mark.parametrize("orientation", [1, 2, 6])
def test_an_animated_png_is_turned_by_the_exif_of_its_first_picture(tmp_path, orientation):
    if orientation != 1 and av.library_versions["libavcodec"] < (62, 12, 0):
        pytest.skip("FFmpeg reads the EXIF of a PNG from 8.1 on")
    path = tmp_path / "animated.png"
    first, *others = map(Image.fromarray, scenes(4))
    first.save(path, save_all=True, append_images=others, exif=exif(orientation), duration=40)
    with Image.open(path) as animation:
        stored = [frame.convert("RGB") for frame in ImageSequence.Iterator(animation)]
    for frame in stored:
        frame.getexif()[ExifTags.Base.Orientation] = orientation
    expected = np.stack([np.asarray(ImageOps.exif_transpose(frame)) for frame in stored])
    np.testing.assert_array_equal(read_frames(path), expected)
    np.testing.assert_array_equal(read_frames(path, [2, 3]), expected[2:])


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("mjpeg_exif.avi", (8, 48, 64, 3)),
        ("mjpeg_orient6.avi", (8, 64, 48, 3)),
        ("raw.mjpeg", (8, 48, 64, 3)),
        ("anim_exif.png", (8, 48, 64, 3)),
        ("cover_first.mkv", (8, 64, 96, 3)),
        ("thumb_track_first.mkv", (8, 64, 96, 3)),
        ("vp8_shrink.webm", (10, 96, 128, 3)),
        ("vp9_turn.webm", (10, 96, 128, 3)),
    ],
)
def test_real_unusual_files(shared_data, name, shape):
    path = shared_data / "faults" / name
    info = probe(path)
    frames = read_frames(path)
    assert frames.shape == shape == (info.frames, info.height, info.width, 3)
    for number in range(len(frames)):
        np.testing.assert_array_equal(read_frames(path, [number]), frames[number : number + 1])


@pytest.mark.parametrize(
    ("step", "height_of"), [("display_matrix", lambda frame: frame.height), ("orient", lambda picture: len(picture))]
)
@pytest.mark.parametrize("error", [ValueError("31 is not\na kind"), AttributeError("gone"), MemoryError(), KeyError(3)])
def test_whatever_a_decoder_throws_is_a_verdict_about_that_file(
    tmp_path, write_video, monkeypatch, error, step, height_of
):
    bad, good = write_video(tmp_path / "bad.avi", 5, size=(32, 32)), write_video(tmp_path / "good.avi", 5)
    genuine = vars(read_module)[step]

    def throws(first, *others):
        if height_of(first) == 32:
            raise error
        return genuine(first, *others)

    monkeypatch.setattr(read_module, step, throws)
    found = scan([Video(str(path), 0, path.stem) for path in (bad, good)])
    assert found.counts == {str(good): 5}
    (problem,) = found.problems
    assert problem.path == str(bad) and problem.unusable and "\n" not in problem.message
    with pytest.raises(VideoError):
        list(iterate_frames(bad))


def test_a_codec_that_nobody_knows_is_a_verdict(tmp_path):
    path = tmp_path / "unknown.mkv"
    with av.open(str(path), "w") as container:
        add_film(container, codec="libvpx")()
    path.write_bytes(path.read_bytes().replace(b"V_VP8", b"V_XX8"))
    with pytest.raises(VideoError, match="not one frame can be decoded .no decoder is known for its codec"):
        probe(path)


STILL = Disposition.attached_pic | Disposition.default


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "mov"])
@pytest.mark.parametrize("disposition", [0, Disposition.default, Disposition.attached_pic, STILL])
@pytest.mark.parametrize("thumbnails", [1, 3])
@pytest.mark.parametrize("first", [True, False])
def test_the_film_is_read_and_no_cover_or_thumbnail(tmp_path, suffix, disposition, thumbnails, first):
    path = tmp_path / f"film.{suffix}"
    with av.open(str(path), "w") as container:
        if first:
            pictures = add_jpeg_stream(container, (80, 120), disposition)
            film = add_film(container)
        else:
            film = add_film(container)
            pictures = add_jpeg_stream(container, (80, 120), disposition)
        mux_jpegs(container, pictures, as_jpegs(scenes(thumbnails, (80, 120), seed=1)), every=2)
        film()
    info = probe(path)
    assert (info.frames, info.height, info.width) == (8, 64, 96)
    assert close_to(read_frames(path, [7]), scenes(8, (64, 96))[7][None], tolerance=12)


def test_a_cover_that_is_attached_is_no_film(tmp_path):
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as container:
        film = add_film(container)
        container.add_attachment("cover.jpg", "image/jpeg", as_jpegs(scenes(1))[0])
        film()
    assert probe(path).frames == 8


def test_of_two_films_the_default_one_is_read_else_the_larger(tmp_path):
    def size(small, large):
        path = tmp_path / "two.mkv"
        with av.open(str(path), "w") as container:
            films = [add_film(container, 8, (32, 48), small), add_film(container, 8, (64, 96), large)]
            for film in films:
                film()
        return probe(path).height

    assert size(0, 0) == 64
    assert size(Disposition.default, 0) == 32
    assert size(0, Disposition.default) == 64


def test_pictures_alone_are_read_like_a_film(tmp_path):
    path = tmp_path / "slides.mkv"
    with av.open(str(path), "w") as container:
        mux_jpegs(container, add_jpeg_stream(container, disposition=Disposition.still_image), as_jpegs(scenes(4)))
    assert probe(path).frames == 4


@pytest.mark.parametrize("sizes", [((48, 64), (24, 32)), ((48, 64), (64, 48)), ((24, 32), (48, 64))])
def test_frames_after_a_change_of_size_have_the_first_ones_size_also_when_read_alone(tmp_path, sizes):
    path = tmp_path / "changes.mkv"
    first, second = (scenes(3, size) for size in sizes)
    with av.open(str(path), "w") as container:
        mux_jpegs(container, add_jpeg_stream(container, sizes[0]), as_jpegs([*first, *second]))
    info = probe(path)
    assert (info.height, info.width) == sizes[0]
    everything = read_frames(path)
    assert everything.shape == (6, *sizes[0], 3)
    for number in range(6):
        np.testing.assert_array_equal(read_frames(path, [number]), everything[[number]])
    np.testing.assert_array_equal(np.stack(list(iterate_frames(path))), everything)


def test_frames_after_a_turn_of_the_camera_have_the_first_ones_size(tmp_path):
    path = tmp_path / "turns.mkv"
    with av.open(str(path), "w") as container:
        files = as_jpegs(scenes(2)) + as_jpegs(scenes(2), orientation=6)
        mux_jpegs(container, add_jpeg_stream(container), files)
    assert read_frames(path).shape == (4, *SIZE, 3)
    assert close_to(read_frames(path, [3])[0], cv2.resize(np.rot90(scenes(2)[1], -1), SIZE[::-1]))


COLONS = ["12:30:11.mp4", "clip:1.mp4", "file:x.mp4", "http:x.mp4", "a,b:c.mp4"]


@pytest.mark.parametrize("name", COLONS)
def test_a_colon_in_a_name_is_no_protocol(tmp_path, write_video, monkeypatch, name):
    plain = write_video(tmp_path / "plain.mp4", 5)
    shutil.copy(plain, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    np.testing.assert_array_equal(read_frames(name), read_frames(plain))
    assert probe(name) == probe(plain)


@pytest.mark.parametrize("name", [*COLONS, "clip:1.avi", "clip:1.gif"])
@pytest.mark.parametrize("folder", ["", "a:b/"])
def test_a_colon_in_a_name_is_written(tmp_path, monkeypatch, name, folder):
    monkeypatch.chdir(tmp_path)
    write_flow_video(folder + name, scenes(3), 25)
    assert len(read_frames(folder + name)) == 3


def test_a_colon_in_a_folder_of_generated_clips(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_dataset("12:30", train_groups=1, test_groups=1, frames=2, size=(32, 32), workers=1)
    assert len(list((tmp_path / "12:30").rglob("*.avi"))) == 24


def make_pipe(path):
    os.mkfifo(path)


def make_dangling(path):
    path.symlink_to(path.parent / "elsewhere.avi")


def make_loop(path):
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "kind", "said"),
    [
        (make_pipe, "unreadable", "is a pipe or a device, not a video file"),
        (make_dangling, "missing", "is a link to .*elsewhere.avi, which is not there"),
        (make_loop, "unreadable", "cannot be opened as a video .Too many levels of symbolic links"),
    ],
)
def test_what_is_no_file_is_a_verdict(tmp_path, make, kind, said):
    make(tmp_path / "a.avi")
    with pytest.raises(VideoError, match=said) as caught:
        probe(tmp_path / "a.avi")
    assert caught.value.kind == kind


def test_a_name_that_the_system_refuses_is_a_verdict(tmp_path):
    with pytest.raises(VideoError, match="File name too long"):
        probe(tmp_path / f"{'a' * 300}.avi")
    with pytest.raises(VideoError, match="no such video file"):
        probe(tmp_path / "a.avi" / "b.avi")
