"""A folder has one writer at a time, and no lock outlives who holds it."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.small_disk import room_for
from tvnet_keras import one_writer
from tvnet_keras.errors import InputError
from tvnet_keras.one_writer import LOCK_FILE, only_writer

REFUSAL = r"is being written by process {} on \S+ since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d; wait until it has ended"

# Without the package's own `__init__`, which imports TensorFlow, a process starts in a twentieth of a second.
HOLDER = """
import os, subprocess, sys, time, types
package = types.ModuleType("tvnet_keras")
package.__path__ = [sys.argv[1]]
sys.modules["tvnet_keras"] = package
from tvnet_keras.one_writer import only_writer
with only_writer(sys.argv[2]):
    if sys.argv[3:] == ["with children"]:
        started = subprocess.Popen(["sleep", "100"], stdout=subprocess.DEVNULL)
        awake, told = os.pipe()
        forked = os.fork()
        if not forked:
            os.close(1)
            os.write(told, b"!")
            time.sleep(100)
        os.read(awake, 1)
        print(started.pid, forked, flush=True)
    print("held", flush=True)
    time.sleep(100)
"""


@pytest.fixture
def holder():
    """Starts a process that writes a folder until it is killed."""
    processes = []

    def start(folder, *arguments):
        package = Path(one_writer.__file__).parent
        command = [sys.executable, "-c", HOLDER, str(package), str(folder), *arguments]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def require_held(folder, process):
    with pytest.raises(InputError, match=REFUSAL.format(process)), only_writer(folder):
        pass


def test_a_second_writer_is_refused_with_the_firsts_process_and_start_time(tmp_path, holder):
    first = holder(tmp_path)
    assert first.stdout.readline() == "held\n"
    require_held(tmp_path, first.pid)
    first.send_signal(signal.SIGSTOP)
    require_held(tmp_path, first.pid)


def test_a_killed_writer_holds_nothing_even_where_its_children_live_on(tmp_path, holder):
    first = holder(tmp_path, "with children")
    children = [int(number) for number in first.stdout.readline().split()]
    assert first.stdout.readline() == "held\n"
    try:
        require_held(tmp_path, first.pid)
        first.kill()
        first.wait()
        with only_writer(tmp_path):
            for child in children:
                os.kill(child, 0)
            require_held(tmp_path, os.getpid())
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
    assert not list(tmp_path.iterdir())


def test_a_child_that_leaves_the_block_takes_nothing_from_its_parent(tmp_path):
    parent = os.getpid()
    try:
        with only_writer(tmp_path):
            child = os.fork()
            if child:
                os.waitpid(child, 0)
                assert (tmp_path / LOCK_FILE).exists()
                require_held(tmp_path, parent)
    finally:
        if os.getpid() != parent:
            os._exit(0)


def test_the_same_process_and_other_spellings_of_the_folder_are_refused_too(tmp_path, monkeypatch):
    folder, link = tmp_path / "run", tmp_path / "link"
    link.symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    with only_writer(link):
        for spelling in (folder, link, "run", folder / "../run"):
            require_held(spelling, os.getpid())
        with only_writer(tmp_path / "another"):
            pass
    with only_writer(folder):
        pass


def test_what_a_reboot_left_behind_locks_nothing_and_nothing_is_left(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK_FILE).write_text(
        "process 1 on here since 1970-01-01 00:00:00, and a longer line than ours" * 3
    )
    with only_writer(tmp_path / "run"):
        require_held(tmp_path / "run", os.getpid())
    assert [path.name for path in tmp_path.rglob("*")] == ["run"]
    with pytest.raises(KeyError), only_writer(tmp_path / "refused"):
        raise KeyError
    assert not (tmp_path / "refused").exists()


def test_only_one_of_many_threads_is_inside(tmp_path):
    inside, together, refused = [], [], []

    def write(wait):
        for _ in range(50):
            try:
                with only_writer(tmp_path / "run", wait=wait):
                    inside.append(1)
                    together.append(len(inside))
                    time.sleep(1e-4)
                    inside.pop()
            except InputError:
                refused.append(1)

    threads = [threading.Thread(target=write, args=[number % 2 == 0]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(together) == {1} and len(together) + len(refused) == 400
    # Those that wait are never refused.
    assert len(together) >= 200
    assert not list(tmp_path.rglob("*lock*"))


def test_a_lock_beside_a_folder_stays_when_the_folder_is_replaced(tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    with only_writer(folder, beside=True):
        folder.rename(tmp_path / "aside")
        require = pytest.raises(InputError, match=REFUSAL.format(os.getpid()))
        with require, only_writer(folder, beside=True):
            pass
        with only_writer(tmp_path / "export2", beside=True):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["aside"]


def test_a_lock_stands_beside_the_longest_names(tmp_path):
    names = ["n" * 255, "n" * 254 + "m", "字" * 85]
    with contextlib.ExitStack() as held:
        for name in names:
            held.enter_context(only_writer(tmp_path / name, beside=True))
        for name in names:
            with pytest.raises(InputError, match="is being written"), only_writer(tmp_path / name, beside=True):
                pass


def test_a_file_system_without_locks_is_said_and_gone_on_with(tmp_path, monkeypatch):
    def unknown(descriptor, operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(one_writer.fcntl, "flock", unknown)
    with (
        pytest.warns(UserWarning, match="cannot be locked .No locks available.*no other process"),
        only_writer(tmp_path),
    ):
        pass
    monkeypatch.setattr(one_writer, "fcntl", None)
    with only_writer(tmp_path):
        assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_sentence_and_leaves_no_folder(tmp_path):
    refusal = pytest.raises(InputError, match=r"Cannot write .*run \(File too large\)")
    with refusal, room_for(0), only_writer(tmp_path / "run"):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["file/run", "/proc/run", "/proc"])
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Cannot write .*; choose another place"), only_writer(tmp_path / place):
        pass
