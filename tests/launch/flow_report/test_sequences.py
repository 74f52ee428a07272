"""What a user names as files is told apart, and its frames are those that are asked for."""

import numpy as np
import pytest
from PIL import Image

from launch.flow_report.sequences import Selection, sequences_of
from tests.launch.flow_report.test_video import write
from tvnet_keras.errors import InputError


def images(folder, count, size=(16, 24)):
    """Images whose grey is ten times their number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.fromarray(np.full((*size, 3), 10 * number, np.uint8)).save(folder / f"frame{number}.png")
    return folder


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A video of 21 frames of 48 x 64, ten levels brighter every time."""
    return write(tmp_path_factory.mktemp("film") / "film.avi", 21, brightness=lambda number: 10 * number)


def greys(sequence, **selection):
    return {name: round(frame.mean() / 10) for name, frame in sequence.frames(Selection(**selection))}


def test_videos_images_and_folders_of_either_are_sequences(tmp_path, film):
    many = tmp_path / "videos"
    many.mkdir()
    for name in ("one.avi", "two.mp4"):
        (many / name).write_bytes(b"not looked into yet")
    folder = images(tmp_path / "frames", 12)
    loose = [str(folder / f"frame{number}.png") for number in (3, 1)]
    found = sequences_of([film, loose[0], str(many), str(folder), loose[1]])
    assert [sequence.name for sequence in found] == ["film", "frame3", "one", "two", "frames"]
    assert [sequence.is_video for sequence in found] == [True, False, True, True, False]
    assert [file.stem for file in found[1].files] == ["frame3", "frame1"] and not found[1].has_folder
    assert [file.stem for file in found[4].files][-3:] == ["frame9", "frame10", "frame11"], "2 comes before 10"


def test_frames_are_numbered_as_in_the_file(film):
    (sequence,) = sequences_of([film])
    assert greys(sequence, start=4, end=15, stride=5) == {"00004": 4, "00009": 9, "00014": 14}
    assert sequence.names(Selection(start=4, end=15, stride=5), 2) == ["00004", "00009"]
    assert len(greys(sequence)) == 21 and sequence.expected(Selection()) == 20
    assert sequence.rate(Selection(stride=5), 10.0) == 5


def test_images_are_selected_like_frames(tmp_path):
    (sequence,) = sequences_of([str(images(tmp_path / "frames", 12))])
    assert greys(sequence, start=2, stride=4) == {"frame2": 2, "frame6": 6, "frame10": 10}
    assert sequence.names(Selection(start=2, stride=4), 2) == ["frame2", "frame6"]
    assert [pair[:, 0, 0, 0].tolist() for pair in sequence.some_pairs(Selection(start=2, stride=4))] == [
        [20, 60],
        [60, 100],
    ]
    assert [pair.name for pair in sequence.pairs(Selection(start=9))] == ["frames/frame9", "frames/frame10"]
    assert sequence.pairs(Selection(start=9))[1].frames()[:, 0, 0, 0].tolist() == [100, 110]
    assert next(sequence.frames(Selection(size=(8, 6))))[1].shape == (8, 6, 3)
    assert sequence.rate(Selection(), 10.0) == 10


def test_pairs_of_a_video_are_its_neighbouring_frames(film):
    (sequence,) = sequences_of([film])
    pairs = sequence.pairs(Selection(start=3, stride=8))
    assert [pair.name for pair in pairs] == ["film/00003", "film/00011"]
    assert [round(frame.mean() / 10) for frame in pairs[1].frames()] == [11, 19]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["nowhere.mp4"], "nowhere.mp4 is missing; check the path."),
        (["frames/frame0.png"], "is one image; name the second one"),
        (["frames/frame0.png", "frames/frame9.png"], "frame9.png is missing"),
        (["empty"], "empty holds 0 images and 0 videos; name"),
        (
            ["nested"],
            "nested holds 0 images and 0 videos beside its folders, which are not looked into; name a folder of either",
        ),
        (["both"], "both holds 1 images and 1 videos"),
        (["one"], "one holds 1 images; a flow needs two frames"),
        (["a.avi", "both/a.avi"], "would have one name, a; give each its own --output_dir."),
    ],
)
def test_what_is_no_sequence_is_refused(tmp_path, one_sentence, names, said):
    images(tmp_path / "frames", 2)
    images(tmp_path / "one", 1)
    images(tmp_path / "both", 1)
    (tmp_path / "empty").mkdir()
    (tmp_path / "nested/inner").mkdir(parents=True)
    for video in ("a.avi", "both/a.avi"):
        (tmp_path / video).write_bytes(b"")
    with pytest.raises(InputError) as caught:
        sequences_of([str(tmp_path / name) for name in names])
    assert said in one_sentence(str(caught.value))


def test_frames_that_cannot_make_a_pair_are_refused(tmp_path, film, one_sentence):
    def refusal(path, **selection):
        with pytest.raises(InputError) as caught:
            list(sequences_of([str(path)])[0].frames(Selection(**selection)))
        return one_sentence(str(caught.value))

    folder = images(tmp_path / "frames", 2)
    assert "gives 1 of the two frames that flow needs, from --start=20 at --stride=1." in refusal(film, start=20)
    assert "--start=3 --end=5 --stride=2 take fewer than two frames; raise --end" in refusal(
        film, start=3, end=5, stride=2
    )
    assert "00000 of film has 64 x 48 pixels, more than --max_pixels=3071" in refusal(film, max_pixels=64 * 48 - 1)
    images(folder, 1, size=(16, 25))
    assert "frame1 of frames has 24 x 16 pixels and the frame before 25 x 16; give" in refusal(folder)
    (pair,) = sequences_of([str(folder / f"frame{number}.png") for number in (0, 1)])
    with pytest.raises(InputError, match="^The image frame1 has 24 x 16 pixels and the frame before 25 x 16; give"):
        list(pair.frames(Selection()))
