"""A file is whole or not there, however many write it, and what goes wrong is called by its name."""

import ast
import errno
import os
import re
import threading

import av
import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from launch.run import app
from tests.leftovers import dead_process, half_file
from tests.own_process import in_own_process
from tests.small_disk import room_for
from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_writers_of_one_file_do_not_disturb_each_other(tmp_path):
    target = tmp_path / "metrics.json"
    both_write = threading.Barrier(2, timeout=10)
    failures = []

    def write(text):
        try:
            with atomic_path(target) as partial, open(partial, "w") as file:
                file.write(text)
                both_write.wait()
        except Exception as error:
            failures.append(error)

    texts = ["a" * 1000, "b" * 2000]
    writers = [threading.Thread(target=write, args=[text]) for text in texts]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not failures
    assert target.read_text() in texts
    assert files(tmp_path) == ["metrics.json"]


def test_the_ending_of_the_name_stays(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with atomic_path(tmp_path / "model.weights.h5") as partial:
        model.save_weights(partial)
    saved = model.get_weights()
    model.set_weights([weight + 1 for weight in saved])
    model.load_weights(tmp_path / "model.weights.h5")
    for weight, before in zip(model.get_weights(), saved, strict=True):
        np.testing.assert_array_equal(weight, before)
    assert files(tmp_path) == ["model.weights.h5"]


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "metrics.json"
    target.write_text("old")
    with pytest.raises(KeyError), atomic_path(target) as partial:
        partial.write_text("half")
        raise KeyError
    assert target.read_text() == "old"
    assert files(tmp_path) == ["metrics.json"]


def test_what_a_dead_process_left_goes_with_the_next_write_and_what_others_write_stays(tmp_path):
    target, dead = tmp_path / "left.json", dead_process()
    half_file(target, dead)
    living, elsewhere = half_file(target, os.getppid()), half_file(target, dead, machine="another")
    assert len(files(tmp_path)) == 3
    with atomic_path(tmp_path / "other.json") as partial:
        partial.write_text("whole")
    assert files(tmp_path) == sorted([living.name, elsewhere.name, "other.json"])


def test_an_error_of_reading_another_file_is_not_called_one_of_writing(tmp_path):
    with pytest.raises(FileNotFoundError, match="source"), atomic_path(tmp_path / "copy") as partial:
        partial.write_bytes((tmp_path / "source").read_bytes())
    with pytest.raises(OSError, match="half") as caught, atomic_path(tmp_path / "copy"):
        raise OSError(errno.EIO, "the disk has gone", "half.avi")
    assert caught.value.filename == "half.avi"


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    (tmp_path / "folder").mkdir()
    for target in (file / "inside.json", tmp_path / "folder"):
        with pytest.raises(InputError, match="Cannot write .*; choose another place"), atomic_path(target) as partial:
            partial.write_text("{}")


@pytest.mark.parametrize(
    "fail",
    [
        lambda partial: (partial.parent / "no" / partial.name).write_text(""),
        lambda partial: h5py.File(partial.parent / "no" / partial.name, "w"),
    ],
    ids=["Python's", "HDF5's"],
)
def test_an_error_about_the_file_itself_is_one_of_writing(tmp_path, fail):
    with pytest.raises(InputError, match="Cannot write"), atomic_path(tmp_path / "model.weights.h5") as partial:
        fail(partial)


def test_a_full_disk_is_an_error_of_writing(tmp_path):
    with pytest.raises(InputError, match="Cannot write .*No space left"), atomic_path(tmp_path / "large"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


def write_records(partial):
    with tf.io.TFRecordWriter(str(partial)) as writer:
        writer.write(NOISE.tobytes())


def write_arrays(partial):
    with open(partial, "wb") as file:
        np.savez_compressed(file, noise=NOISE)


def write_video(partial):
    with av.open(str(partial), "w", format="avi") as container:
        stream = container.add_stream("rawvideo", rate=25)
        stream.height, stream.width, stream.pix_fmt = *NOISE.shape[:2], "rgb24"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(NOISE, format="rgb24")))
        container.mux(stream.encode())


def write_weights(partial):
    keras.Sequential([keras.Input((20,)), keras.layers.Dense(200)]).save_weights(partial)


WRITERS = {
    "text": lambda partial: partial.write_text("a" * 9999),
    "TFRecord": write_records,
    "PNG": lambda partial: Image.fromarray(NOISE).save(partial, format="PNG"),
    "NumPy": write_arrays,
    "video": write_video,
    "weights": write_weights,
}


def find_no_room(target, writer):
    expected = re.escape(f"Cannot write {target} (File too large); choose another place or free it.")
    with pytest.raises(InputError, match=f"^{expected}$"), room_for(3000), atomic_path(target) as partial:
        WRITERS[writer](partial)
    assert target.read_text() == "old" and files(target.parent) == [target.name]


@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_that_finds_no_room_is_one_sentence_and_leaves_what_was_there(tmp_path, writer):
    target = tmp_path / "result.weights.h5"
    target.write_text("old")
    if writer == "weights":
        # After a write that failed, HDF5 crashes its process with one of the next files that it closes.
        in_own_process(find_no_room, target, writer)
    else:
        find_no_room(target, writer)
    assert target.read_text() == "old" and files(tmp_path) == [target.name]


def test_a_launcher_ends_with_one_sentence_where_a_library_finds_no_room(tmp_path, capsys):
    weights = tf.Variable(NOISE)

    def main():
        with room_for(3000):
            tf.train.Checkpoint(weights=weights).write(str(tmp_path / "checkpoint"))

    assert app.guarded(main) == app.EXIT_BAD_INPUT
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"error: no room for a file \(.*checkpoint.*File too large.*\); free some, .*", line)


def test_a_mistake_of_the_program_stays_a_traceback(tmp_path):
    def main():
        with atomic_path(tmp_path / "file") as partial:
            raise ValueError(f"{partial} is no name")

    with pytest.raises(ValueError, match="is no name"):
        app.guarded(main)


def silent_writers(source):
    """Where a module names OpenCV's `imwrite` or `imwritemulti`, which answer False where others raise an error."""
    names = [(node, getattr(node, "attr", getattr(node, "id", ""))) for node in ast.walk(ast.parse(source))]
    return [node.lineno for node, name in names if name.startswith("imwrite")]


def test_a_picture_is_not_written_by_a_function_that_keeps_its_failure_to_itself(repository):
    sources = [path for package in ("tvnet_keras", "models", "launch") for path in (repository / package).rglob("*.py")]
    assert {path.name for path in sources} >= {"picture.py", "report.py"}
    assert not {str(path): lines for path in sources if (lines := silent_writers(path.read_text(encoding="utf-8")))}
    assert silent_writers("# imwrite\nimport cv2\ncv2.imwrite('a.png', picture)\n") == [3]


@pytest.mark.parametrize("letter", ["n", "ü", "字"])
def test_the_longest_names_are_written(tmp_path, letter):
    for length in range(245, 256):
        ending = ".weights.h5"
        name = letter * ((length - len(ending)) // len(letter.encode())) + ending
        with atomic_path(tmp_path / name) as partial:
            assert partial.name.endswith(ending)
            partial.write_text("whole")
        assert (tmp_path / name).read_text() == "whole"
    with (
        pytest.raises(InputError, match="Cannot write .*File name too long"),
        atomic_path(tmp_path / ("n" * 256)) as half,
    ):
        half.write_text("")
    assert all(path.name.endswith(ending) and not path.name.startswith(".") for path in tmp_path.iterdir())
