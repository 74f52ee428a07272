"""A tiny Moving Shapes set, tiny runs on it, and the launchers as a user starts them."""

import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from launch.run.config import Config, check, new_config
from launch.train import train
from tests.launch.here import run_here
from tests.launch.start import start
from tvnet_keras.video.moving_shapes.writer import write_dataset

SIZE = 32
MODELS = {
    "tvnet": {"iterations": 4, "flow_bound": 4.0, "dropout": 0.0},
    "tvnet_flow": {"iterations": 4},
    "action_flow_net": {"depth": 10, "width": 8, "dropout": 0.0},
    "motion_net": {"width": 8, "flow_fields": 5},
    "hidden_two_stream": {"motion_width": 8, "flow_fields": 5, "dropout": 0.0},
}
"""Options by method; the others have only dropout, which is off."""


def options_of(method: str) -> dict:
    """The options that make a method quick and its numbers the same every time."""
    return MODELS.get(method, {"dropout": 0.0})


@dataclass(frozen=True)
class Outcome:
    """What a launcher did."""

    code: int
    out: str
    error: str

    def sentence(self) -> str:
        """The one sentence of a refused command: exit code 2, nothing else said, no traceback."""
        lines = [line for line in self.error.splitlines() if line.startswith("error: ")]
        assert self.code == 2 and len(lines) == 1, f"exit code {self.code}\n{self.out}\n{self.error}"
        assert "Traceback" not in self.out + self.error
        return lines[0].removeprefix("error: ")


@pytest.fixture(scope="session")
def command(repository) -> Callable[..., list[str]]:
    """The command line of a launcher: `command("train", "--method=rgb")`."""
    return lambda module, *arguments: [sys.executable, "-m", f"launch.{module}", *map(str, arguments)]


@pytest.fixture(scope="session")
def launcher(tmp_path_factory) -> Callable[..., Outcome]:
    """Runs a launcher's `main` in a process of its own: `launcher("train", "--method=rgb")`."""

    def run(module: str, *arguments) -> Outcome:
        return Outcome(*start(module, [str(argument) for argument in arguments], tmp_path_factory.mktemp("outcome")))

    return run


@pytest.fixture(scope="session")
def here() -> Callable[..., Outcome]:
    """Runs a launcher's `main` in this process, where that ends before anything is computed: `here("flow", "--help")`.

    Quicker than `launcher`, which stands for all that a command does.
    """
    return lambda module, *arguments: Outcome(*run_here(module, [str(argument) for argument in arguments]))


@pytest.fixture(scope="session")
def shapes(tmp_path_factory) -> Path:
    """Moving Shapes: 36 training and 12 test clips of 8 frames of 32 x 32."""
    root = tmp_path_factory.mktemp("shapes") / "data"
    return write_dataset(root, train_groups=3, test_groups=1, frames=8, size=(SIZE, SIZE))


@pytest.fixture(scope="session")
def ucf101(shapes, tmp_path_factory) -> Path:
    """UCF101 with one video, that of TVNet's Table 2: 8 frames of 32 x 32. Tests only read it."""
    root = tmp_path_factory.mktemp("ucf101")
    video = root / "UCF-101/ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi"
    video.parent.mkdir(parents=True)
    shutil.copy(next((shapes / "videos/MoveRight").glob("*.avi")), video)
    (root / "classInd.txt").write_bytes(b"1 ApplyEyeMakeup\r\n")
    (root / "testlist01.txt").write_bytes(b"ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi\r\n")
    return root


@pytest.fixture(scope="session")
def tiny(shapes) -> Callable[..., Config]:
    """A configuration of seconds: `tiny("rgb", train={"steps": 3}, seed=1)` sets what is named."""

    def make(method: str = "tvnet", *, seed: int = 0, init_from: str = "", **sections) -> Config:
        data = {"root": str(shapes), "height": SIZE, "width": SIZE, "crop": "none", "test_crop": "none"}
        training = {"steps": 4, "batch_size": 8, "schedule": "constant", "log_every": 1, "checkpoint_every": 2}
        config = new_config(
            method,
            "moving_shapes",
            model={**options_of(method), **sections.get("model", {})},
            data={**data, **sections.get("data", {})},
            train={**training, **sections.get("train", {})},
            eval=sections.get("eval", {}),
        )
        config.seed, config.init_from = seed, init_from
        return check(config)

    return make


@pytest.fixture(scope="session")
def overrides(tiny) -> Callable[..., list[str]]:
    """The flags that describe `tiny(...)` to `launch.train`."""

    def flags(method: str = "tvnet", **sections) -> list[str]:
        config = tiny(method, **sections)
        given = {"data": ("root", "height", "width", "crop", "test_crop"), "model": tuple(options_of(method))}
        given["train"] = (
            "steps",
            "batch_size",
            "schedule",
            "log_every",
            "checkpoint_every",
            *sections.get("train", {}),
        )
        values = [
            f"--config.{section}.{name}={getattr(getattr(config, section), name)}"
            for section, names in given.items()
            for name in dict.fromkeys(names)
        ]
        return [f"--method={method}", "--experiment=moving_shapes", *values]

    return flags


@pytest.fixture(scope="session")
def finished_run(tiny, tmp_path_factory) -> Path:
    """The folder of a run of `tiny("tvnet")`. Tests only read it."""
    folder = tmp_path_factory.mktemp("run") / "tvnet"
    train(tiny(), folder)
    return folder


@pytest.fixture(scope="session")
def rgb_run(tiny, tmp_path_factory) -> Path:
    """The folder of a run of `tiny("rgb")`. Tests only read it."""
    folder = tmp_path_factory.mktemp("run") / "rgb"
    train(tiny("rgb"), folder)
    return folder


@pytest.fixture
def one_sentence() -> Callable[[str], str]:
    """Checks the message of an `InputError` as a user meets it: one line that ends a sentence."""

    def check_message(message: str) -> str:
        assert message and "\n" not in message and re.search(r"[.?)\w]$", message), message
        return message

    return check_message
