"""Where an export may be written, and what is there when it cannot be."""

import os
import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from launch import export as launcher_export
from launch.export import export
from launch.exporters.parts.real_clip import RealClip
from launch.run.config import new_config
from tvnet_keras.errors import InputError


class Answers:
    """Stands in for a trained model: writes what a SavedModel holds, a file of `size` bytes too."""

    size = 100_000
    names_classes = True
    least_frames = 2

    def save(self, folder):
        (folder / "variables").mkdir()
        (folder / "variables/variables.index").write_bytes(b"0" * self.size)
        (folder / "saved_model.pb").write_bytes(b"model")


@pytest.fixture
def quick(monkeypatch):
    """Exports without a network."""
    monkeypatch.setattr(launcher_export, "load_run", lambda run: (new_config("rgb", "moving_shapes"), None, ("a", "b")))
    monkeypatch.setattr(launcher_export, "ServingModule", lambda model, config: Answers())
    monkeypatch.setattr(launcher_export, "write_formats", lambda formats, module, sizes, folder: module.save(folder))
    monkeypatch.setattr(launcher_export, "compare_formats", lambda *given: {})
    monkeypatch.setattr(
        launcher_export, "find_clip", lambda *given: RealClip(np.zeros((2, 8, 8, 3), np.uint8), "a clip")
    )
    return lambda folder: export(Path("run"), Path(folder))


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("place", ["new", "new/", "a/b/new", "here/../new", "empty", "./new/.", "x" * 255])
def test_a_place_is_written_however_it_is_spelled(place, quick, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        quick(place)
        assert set(os.listdir(place)) == {"saved_model.pb", "variables", "classes.txt", "export.json"}
        assert not list(tmp_path.rglob(".*"))


@pytest.mark.parametrize("place", [".", "./", "..", "../here", "/", "../../..", "sub/.."])
@pytest.mark.parametrize("earlier", [False, True], ids=["empty", "an export"])
def test_the_folder_that_the_command_runs_in_is_no_place(place, earlier, quick, tmp_path, monkeypatch, one_sentence):
    here = tmp_path / "here"
    here.mkdir()
    if earlier:
        quick(here)
    monkeypatch.chdir(here)
    before = content(tmp_path)
    with pytest.raises(InputError) as caught:
        quick(place)
    assert f"--output_dir={Path(place)} is a folder that this command runs in" in one_sentence(str(caught.value))
    assert content(tmp_path) == before and os.listdir(tmp_path) == ["here"]


@pytest.mark.parametrize(
    "names",
    [("run.json",), ("assets/picture.png",), ("variables/mine",), ("classes.txt",), ("export.json",), (".hidden",)],
    ids=str,
)
def test_what_is_no_export_is_not_replaced(names, quick, tmp_path):
    for name in names:
        (tmp_path / "place" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "place" / name).write_text("mine")
    with pytest.raises(InputError, match="holds something else than an export"):
        quick(tmp_path / "place")
    assert content(tmp_path / "place") == {Path(name): b"mine" for name in names}
    assert os.listdir(tmp_path) == ["place"]


def test_a_link_stays_one_and_what_it_points_at_is_replaced(quick, tmp_path):
    quick(tmp_path / "first")
    (tmp_path / "latest").symlink_to("first")
    (tmp_path / "dangling").symlink_to("second")
    (tmp_path / "first/classes.txt").write_text("old")
    for name, target in (("latest", "first"), ("dangling", "second")):
        quick(tmp_path / name)
        assert (tmp_path / name).is_symlink() and (tmp_path / target / "classes.txt").read_text() == "a\nb\n"


@pytest.mark.parametrize("place", ["file/export", "file/a/export", "circle", "circle/export", "y" * 256])
def test_an_impossible_place_is_one_sentence(place, quick, tmp_path, one_sentence):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(InputError) as caught:
        quick(tmp_path / place)
    assert f"--output_dir={tmp_path / place} cannot be " in one_sentence(str(caught.value))
    assert set(os.listdir(tmp_path)) == {"file", "circle"}


@pytest.fixture
def room():
    """Lets every write beyond so many bytes of a file fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("earlier", [False, True], ids=["new", "an export"])
def test_a_full_disk_leaves_what_was_there(earlier, quick, tmp_path, room):
    place = tmp_path / "place"
    if earlier:
        quick(place)
    before = content(tmp_path)
    room(Answers.size // 2)
    with pytest.raises(InputError, match=r"--output_dir=.*place cannot be written: File too large; choose"):
        quick(place)
    assert content(tmp_path) == before and os.listdir(tmp_path) == (["place"] if earlier else [])


def test_tensorflow_finds_the_disk_full_in_one_sentence(finished_run, tmp_path, room, one_sentence):
    room(20_000)
    with pytest.raises(InputError) as caught:
        export(finished_run, tmp_path / "place")
    sentence = f"--output_dir={tmp_path / 'place'} cannot be written: File too large; choose another place or free it."
    assert one_sentence(str(caught.value)) == sentence
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, RuntimeError("calls Python functions")])
def test_nothing_stays_of_an_export_that_was_stopped(failure, quick, tmp_path, monkeypatch):
    def stop(self, folder):
        (folder / "saved_model.pb").write_bytes(b"half")
        raise failure

    quick(tmp_path / "place")
    before = content(tmp_path)
    monkeypatch.setattr(Answers, "save", stop)
    with pytest.raises((KeyboardInterrupt, RuntimeError)):
        quick(tmp_path / "place")
    assert content(tmp_path) == before


def test_what_a_kill_left_behind_goes_with_the_next_export(quick, tmp_path):
    (tmp_path / ".partial.place/variables").mkdir(parents=True)
    quick(tmp_path / "place")
    assert os.listdir(tmp_path) == ["place"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's exchange of two names")
def test_a_reader_finds_an_export_at_any_moment(quick, tmp_path, monkeypatch):
    quick(tmp_path / "place")
    (tmp_path / "place/classes.txt").write_text("old")
    genuine, found = Path.rename, []

    def rename(path, target):
        moved = genuine(path, target)
        found.append((tmp_path / "place/saved_model.pb").exists())
        return moved

    monkeypatch.setattr(Path, "rename", rename)
    quick(tmp_path / "place")
    assert all(found) and (tmp_path / "place/classes.txt").read_text() == "a\nb\n"
