import re
import shutil

import av
import cv2
import numpy as np
import pytest

from tvnet_keras.video.orientation import orient, rotation
from tvnet_keras.video.read import VIDEO_ERROR_KINDS, VideoError, count_frames, iterate_frames, probe, read_frames

# What SOURCES.md says of every file of corrupt/: frames that decode, and what is wrong.
CORRUPT = {
    "decord/corrupted.mp4": (28, "damaged"),
    "decord/unordered.mov": (4, None),
    "decord/video_0.mov": (3, None),
    "decord/video_90.mov": (3, None),
    "decord/video_180.mov": (3, None),
    "decord/video_270.mov": (3, None),
    "format_parser/Test_Mov_Without_Hdlr_Atom.mov": (27, None),
    "format_parser/Test_Meta_Atom_With_Size_Zero.mov": (59, None),
    "media_engine/corrupt.mp4": (0, "unreadable"),
    "mp4parse-rust/chunk_out_of_range.mp4": (0, "unreadable"),
    "mp4parse-rust/no_timescale.mp4": (8, "damaged"),
    "mp4parse-rust/invalid_userdata.mp4": (0, "no_frames"),
    "mp4parse-rust/bipbop_cbcs_video_init.mp4": (0, "no_frames"),
    "mp4parse-rust/short-cenc.mp4": (0, "no_frames"),
    "mp4parse-rust/test_case_1185230.mp4": (0, "no_frames"),
    "mp4parse-rust/sine-3s-xhe-aac-44khz-mono.mp4": (0, "no_video"),
    "mp4parse-rust/minimal.mp4": (1, "one_frame"),
    "mp4parse-rust/h264_white_frame_sar_16_9.mp4": (1, "one_frame"),
    "mp4parse-rust/hevc_white_frame.mp4": (1, "one_frame"),
    "mp4parse-rust/bbb_sunflower_QCIF_30fps_mp4v_noaudio_1f.mp4": (1, "one_frame"),
    "mp4parse-rust/tiny_av1.mp4": (1, "one_frame"),
}


def opencv_frames(path):
    capture = cv2.VideoCapture(str(path))
    frames = []
    while True:
        more, frame = capture.read()
        if not more:
            return frames
        frames.append(frame[..., ::-1])


def assert_sampled_equals_sequential(path, rng):
    everything = read_frames(path)
    indices = rng.integers(0, len(everything), 6)
    np.testing.assert_array_equal(read_frames(path, indices), everything[indices])
    return everything


def ucf101_clips(shared_data):
    return sorted((shared_data / "ucf101" / "videos").glob("*/*.avi"))


def test_sampled_frames_equal_sequential_ones_and_opencv_counts_as_many(shared_data):
    rng = np.random.default_rng(0)
    for path in ucf101_clips(shared_data)[::14]:
        everything = assert_sampled_equals_sequential(path, rng)
        assert len(everything) == len(opencv_frames(path))


@pytest.mark.slow
def test_sampled_frames_equal_sequential_ones_in_every_ucf101_clip(shared_data):
    rng = np.random.default_rng(0)
    clips = ucf101_clips(shared_data)
    assert len(clips) == 161
    for path in clips:
        assert_sampled_equals_sequential(path, rng)


def test_a_header_that_declares_one_frame_too_many_is_not_believed(shared_data):
    assert count_frames(shared_data / "ucf101/videos/BaseballPitch/v_BaseballPitch_g01_c03.avi") == 103


def test_mpeg1_without_a_declared_count(shared_data):
    info = probe(next((shared_data / "ucf11").rglob("*.mpg")))
    assert (info.frames, info.height, info.width) == (151, 240, 320)


def test_the_table_of_broken_files_is_complete(shared_data):
    folder = shared_data / "corrupt"
    assert {str(path.relative_to(folder)) for path in folder.glob("*/*")} == set(CORRUPT)


@pytest.mark.parametrize("name", CORRUPT)
def test_broken_files_agree_with_what_is_known_of_them(shared_data, name):
    path = shared_data / "corrupt" / name
    frames, kind = CORRUPT[name]
    if kind is None:
        assert probe(path).frames == frames
        return
    with pytest.raises(VideoError) as caught:
        probe(path)
    message = str(caught.value)
    assert (caught.value.kind, caught.value.frames) == (kind, frames)
    assert name in message and "\n" not in message and message.endswith(".")
    if kind == "damaged":
        assert f"{frames} frames" in message


def test_a_damaged_file_is_read_up_to_the_damage(shared_data):
    path = shared_data / "corrupt/decord/corrupted.mp4"
    assert read_frames(path, [27, 0]).shape == (2, 720, 1280, 3)
    with pytest.raises(VideoError, match="28 frames decode"):
        read_frames(path, [28])


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_rotation_is_applied_as_opencv_does(shared_data, degrees):
    path = shared_data / f"corrupt/decord/video_{degrees}.mov"
    info = probe(path)
    frames = read_frames(path)
    assert info.rotation == degrees
    assert frames.shape[1:3] == (info.height, info.width) == ((320, 568) if degrees % 180 == 0 else (568, 320))
    np.testing.assert_array_equal(frames, np.stack(opencv_frames(path)))


def test_mirrors_and_turns_of_a_display_matrix():
    picture = np.arange(2 * 3 * 3).reshape(2, 3, 3)
    cases = {
        ((1, 0), (0, 1)): (picture, 0),
        ((0, 1), (-1, 0)): (np.rot90(picture, -1), 90),
        ((-1, 0), (0, -1)): (np.rot90(picture, 2), 180),
        ((0, -1), (1, 0)): (np.rot90(picture, 1), 270),
        ((1, 0), (0, -1)): (picture[::-1], 0),
        ((0, 1), (1, 0)): (picture.swapaxes(0, 1), 90),
    }
    for matrix, (expected, degrees) in cases.items():
        np.testing.assert_array_equal(orient(picture, np.array(matrix)), expected)
        assert rotation(np.array(matrix)) == degrees


def test_indices_in_any_order_with_repeats(tmp_path, write_video):
    path = write_video(tmp_path / "a.avi", 9)
    everything = read_frames(path)
    assert everything.shape == (9, 48, 64, 3) and everything.dtype == np.uint8
    np.testing.assert_array_equal(read_frames(path, [8, 2, 2, 0]), everything[[8, 2, 2, 0]])
    assert len({frame.tobytes() for frame in everything}) == 9


def test_colours_are_rgb(tmp_path, write_video):
    square = read_frames(write_video(tmp_path / "a.avi", 3))[0, 14:28, 2:10]
    assert square.min() > 225
    with av.open(str(tmp_path / "red.avi"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(2):
            red = np.broadcast_to(np.uint8([200, 30, 60]), (32, 32, 3))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(red), format="rgb24")))
        container.mux(stream.encode(None))
    np.testing.assert_allclose(read_frames(tmp_path / "red.avi")[0].mean((0, 1)), [200, 30, 60], atol=6)


def make_missing(path):
    return path


def make_empty(path):
    path.touch()
    return path


def make_text(path):
    path.write_text("this is no video\n" * 50)
    return path


def make_folder(path):
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("make", "kind"),
    [(make_missing, "missing"), (make_empty, "empty"), (make_text, "unreadable"), (make_folder, "unreadable")],
)
def test_files_that_are_no_videos(tmp_path, make, kind):
    path = make(tmp_path / "a.avi")
    for function in (probe, count_frames, read_frames):
        with pytest.raises(VideoError, match=re.escape(str(path))) as caught:
            function(path)
        assert caught.value.kind == kind and kind in VIDEO_ERROR_KINDS


def test_a_frame_past_the_end_is_said_to_be(tmp_path, write_video):
    path = write_video(tmp_path / "a.avi", 5)
    with pytest.raises(VideoError, match="frame 5 is wanted but only 5 frames decode"):
        read_frames(path, [5])
    for indices in ([], [-1]):
        with pytest.raises(ValueError, match="indices"):
            read_frames(path, indices)


def test_one_frame_is_no_motion(tmp_path, write_video):
    path = write_video(tmp_path / "a.avi", 1)
    with pytest.raises(VideoError, match="fewer than two decodable frames"):
        read_frames(path)
    assert len(read_frames(path, [0])) == 1


def test_strange_names_are_read(tmp_path, write_video):
    plain = write_video(tmp_path / "a.avi", 4)
    strange = tmp_path / "dog!!!! & cat (1) #2 %03d é.avi"
    shutil.copy(plain, strange)
    np.testing.assert_array_equal(read_frames(strange), read_frames(plain))


def test_the_decoder_is_silent(shared_data, capfd, caplog):
    with pytest.raises(VideoError):
        probe(shared_data / "corrupt/decord/corrupted.mp4")
    assert capfd.readouterr() == ("", "") and not caplog.records


def test_frames_one_by_one_are_those_of_the_whole_file(tmp_path, write_video):
    path = write_video(tmp_path / "a.avi", 9)
    everything, observed = read_frames(path), []
    np.testing.assert_array_equal(np.stack(list(iterate_frames(path))), everything)
    assert probe(path, observe=observed.append) == probe(path)
    np.testing.assert_array_equal(np.stack(observed), everything)


def test_turned_frames_are_given_upright_one_by_one(shared_data):
    path = shared_data / "corrupt/decord/video_90.mov"
    np.testing.assert_array_equal(np.stack(list(iterate_frames(path))), read_frames(path))


def test_damage_is_named_once_the_frames_before_it_were_given(shared_data):
    given = []
    with pytest.raises(VideoError, match="damaged, 28 frames decode"):
        given.extend(iterate_frames(shared_data / "corrupt/decord/corrupted.mp4"))
    assert len(given) == 28


def test_one_frame_alone_is_refused_at_its_end(tmp_path, write_video):
    with pytest.raises(VideoError, match="fewer than two decodable frames"):
        list(iterate_frames(write_video(tmp_path / "a.avi", 1)))
