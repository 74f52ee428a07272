"""Two commands that write one folder, started, stopped, killed and continued at any moment: nothing is ever mixed."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

import h5py
import numpy as np
import pytest

from launch.run import run_folder
from tests.launch.start import SECONDS, begin
from tvnet_keras.video import CachedVideos

TRIES = 50
REFUSALS = (
    "is being written by process",
    "holds a run of another configuration",
    "holds a cache of other videos or settings",
)

pytestmark = pytest.mark.slow


@dataclass
class Command:
    """A launcher's command that may be stopped and started again."""

    module: str
    arguments: list[str]
    outcomes: Path
    processes: list[BaseProcess] = field(default_factory=list)

    def start(self) -> None:
        folder = self.outcomes / str(len(self.processes))
        folder.mkdir(parents=True)
        self.processes.append(begin(self.module, self.arguments, folder))

    def send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # it may be over
            os.kill(self.processes[-1].pid, number)

    def end(self) -> str:
        """Waits for the last process: "whole", or "refused" with one sentence."""
        process = self.processes[-1]
        process.join(SECONDS)
        error = (self.outcomes / str(len(self.processes) - 1) / "error").read_text()
        assert process.exitcode in (0, 2), f"{process.exitcode}: {error}"
        if process.exitcode == 0:
            return "whole"
        (sentence,) = [line for line in error.splitlines() if line.startswith("error: ")]
        assert any(refusal in sentence for refusal in REFUSALS) and "Traceback" not in error, error
        return "refused"


def alone(command: Command) -> float:
    """Runs a command and returns the seconds that it takes."""
    begun = time.monotonic()
    command.start()
    assert command.end() == "whole"
    return time.monotonic() - begun


def meet(commands: list[Command], seconds: float, seed: int) -> Command:
    """Runs two commands at once, interrupts one, and returns the one that has the folder in the end.

    Args:
        commands: in any order.
        seconds: that one takes alone.
        seed: of order, moments, who is interrupted, and whether it is stopped or killed.
    """
    rng = np.random.default_rng(seed)
    first, second = (commands[place] for place in rng.permutation(2))
    # At the same instant in a third of the tries, else at any moment of the other's life.
    starts = {0: 0.0, 1: rng.choice([0.0, *rng.uniform(0, seconds, 2)])}
    place = rng.integers(2)
    victim, kills = (first, second)[place], rng.random() < 0.5
    stop = starts[place] + rng.uniform(0, seconds)
    plan: list[tuple[float, Callable[[], None]]] = [
        (starts[0], first.start),
        (starts[1], second.start),
        (stop, lambda: victim.send(signal.SIGKILL if kills else signal.SIGSTOP)),
        (stop + rng.uniform(0, seconds), victim.start if kills else lambda: victim.send(signal.SIGCONT)),
    ]
    begun = time.monotonic()
    for moment, action in sorted(plan, key=lambda item: item[0]):
        time.sleep(max(0.0, begun + moment - time.monotonic()))
        action()
    ends = {command.end(): command for command in (first, second)}
    assert "refused" in ends
    if "whole" not in ends:
        # One that goes on and one that looks whether it may: either may meet the other's lock.
        alone(victim)
        ends = {"whole": victim}
    return ends["whole"]


def weights(folder: Path) -> dict[str, np.ndarray]:
    found = {}
    with h5py.File(folder / run_folder.WEIGHTS_FILE) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


@pytest.fixture(scope="module")
def trainings(overrides, tmp_path_factory):
    """Makes the commands of two seeds; the seconds of one and the weights of both as each alone trains them."""
    flags = overrides("rgb", train={"steps": 3, "checkpoint_every": 1, "batch_size": 4})

    def make(place: Path) -> list[Command]:
        return [
            Command("train", [*flags, f"--config.seed={seed}", f"--output_dir={place / 'run'}"], place / str(seed))
            for seed in (0, 1)
        ]

    places = [tmp_path_factory.mktemp("alone") for _ in range(2)]
    seconds = [alone(make(place)[seed]) for seed, place in enumerate(places)]
    return make, min(seconds), [weights(place / "run") for place in places]


@pytest.mark.parametrize("number", range(TRIES))
def test_of_two_trainings_one_is_whole(trainings, tmp_path, number):
    make, seconds, expected = trainings
    commands = make(tmp_path)
    winner = meet(commands, seconds, number)
    seed, found = commands.index(winner), weights(tmp_path / "run")
    run = run_folder.read(tmp_path / "run")
    assert run["seed"] == run["config"]["seed"] == seed and "validation_top1" in run["results"]
    assert found.keys() == expected[seed].keys()
    for name, value in expected[seed].items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
    assert not list((tmp_path / "run").rglob(".*"))


@pytest.fixture(scope="module")
def caches(shapes, tmp_path_factory):
    """Makes the commands of two qualities; the seconds of one and the frames of both as each alone writes them."""
    flags = ["--dataset=moving_shapes", f"--data_dir={shapes}", "--workers=2"]

    def make(place: Path) -> list[Command]:
        return [
            Command("prepare", [f"--cache={place / 'cache'}", *flags, f"--quality={quality}"], place / str(quality))
            for quality in (50, 95)
        ]

    places = [tmp_path_factory.mktemp("alone") for _ in range(2)]
    seconds = [alone(make(place)[number]) for number, place in enumerate(places)]
    return make, min(seconds), [frames(place / "cache") for place in places]


def frames(folder: Path) -> dict[str, np.ndarray]:
    cached = CachedVideos(folder)
    return {video_id: cached.read_frames(video_id) for video_id in cached.video_ids}


@pytest.mark.parametrize("number", range(TRIES))
def test_of_two_caches_one_is_whole(caches, tmp_path, number):
    make, seconds, expected = caches
    commands = make(tmp_path)
    winner = commands.index(meet(commands, seconds, number))
    assert CachedVideos(tmp_path / "cache").quality == (50, 95)[winner]
    found = frames(tmp_path / "cache")
    assert found.keys() == expected[winner].keys()
    for video_id, pictures in expected[winner].items():
        np.testing.assert_array_equal(found[video_id], pictures, err_msg=video_id)
    assert not list((tmp_path / "cache").rglob(".*"))
