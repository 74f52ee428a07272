"""A file is whole or not there, however many write it, and what goes wrong is called by its name."""

import errno
import os
import threading

import h5py
import keras
import pytest

from tests.leftovers import dead_process, half_file
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
    model.load_weights(tmp_path / "model.weights.h5")


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
