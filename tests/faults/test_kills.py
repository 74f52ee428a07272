"""Every launcher, killed a hundred times in all at any moment: the same command comes to the same bits in the end."""

import re

import pytest

from tests.faults.killing import Journey, content, finish, kill, moments
from tests.launch.pairs_on_disk import write_pairs
from tests.launch.test_fuse import write_scores

pytestmark = pytest.mark.slow

KILLS = 14
"""Of each of thirteen journeys. Some come too late, so that some hundred and thirty meet a command at work."""

UNTRIED = {
    "benchmark": "writes one file of times, through the same function as the figures",
    "convert": "needs PyTorch, and writes one file of weights through the same function as a training",
    "demo": "runs the other launchers' commands",
    "report": "computes nothing, and writes one file through the same function as the figures",
}
"""Launchers without a journey, and why."""


@pytest.fixture(scope="session")
def journeys(shapes, finished_run, overrides, tmp_path_factory) -> dict[str, Journey]:
    """A command of every launcher that works for seconds."""
    middlebury = write_pairs(tmp_path_factory.mktemp("pairs"))
    first = middlebury / "other-data/First"
    video = sorted(shapes.rglob("*.avi"))[0]
    scores = [write_scores(middlebury / f"{seed}.npz", seed) for seed in (1, 2)]
    data, run = f"--data_dir={shapes}", f"--run={finished_run}"
    training = {"train": {"steps": 12, "checkpoint_every": 3}}

    def train(method: str) -> tuple[str, ...]:
        return (*overrides(method, **training), f"--config.data.root={shapes}", "--output_dir={out}/run")

    return {
        name: Journey(module, arguments)
        for name, module, *arguments_ in (
            ("generate", "prepare", "--generate={out}", "--train_groups=2", "--test_groups=1", "--size=32,32"),
            ("check", "prepare", "--check", "--dataset=moving_shapes", data, "--memory={out}/memory.json"),
            ("cache", "prepare", "--cache={out}/cache", "--dataset=moving_shapes", data),
            ("stored flow", "prepare", "--flow={out}/flow", "--solver=tvl1-2-5-30", "--dataset=moving_shapes", data),
            ("train rgb", "train", *train("rgb")),
            ("train tvnet", "train", *train("tvnet")),
            ("evaluate", "evaluate", run, "--output_dir={out}"),
            ("export", "export", run, "--output_dir={out}/export"),
            ("predict", "predict", run, "--flow_dir={out}", "--flow_format=avi", str(video)),
            ("flow", "flow", "--solver=tvnet-1-1-10,dis", "--output_dir={out}", *map(str, sorted(first.glob("*.png")))),
            (
                "reproduce", "reproduce", "--table=tvnet_table1", "--rows=*-1-1-10.none.released",
                f"--data_dir={middlebury}", "--results_dir={out}/results", "--weights_dir={out}/weights",
            ),
            ("figure", "figure", "--figure=representation_flow", f"--input=video={video}", "--input=frame=0",
             "--input=step=1", "--output={out}/figure.png"),
            ("fuse", "fuse", f"--scores={','.join(scores)}", "--rule=tvnet", "--output_dir={out}/fused"),
        )
        for arguments in [tuple(arguments_)]
    }  # fmt: skip


NAMES = (
    "generate", "check", "cache", "train rgb", "train tvnet", "evaluate", "export", "predict", "flow", "reproduce",
    "figure", "fuse", "stored flow",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_command_killed_at_any_moment_comes_to_the_same_bits(name, journeys, tmp_path):
    journey = journeys[name]
    finish(journey, tmp_path / "whole", tmp_path / "log")
    whole = content(tmp_path / "whole")
    assert whole
    # The first start of a launcher imports and compiles more than the others: it is no measure of their time.
    seconds = finish(journey, tmp_path / "again", tmp_path / "log")
    assert content(tmp_path / "again") == whole
    killed = 0
    for number, after in enumerate(moments(NAMES.index(name), seconds, KILLS)):
        killed += kill(journey, tmp_path / "killed", tmp_path / f"log{number}", after)
        content(tmp_path / "killed")  # every file that has its name is whole
    finish(journey, tmp_path / "killed", tmp_path / "log-of-the-last")
    print(f"{name}: {killed} of {KILLS} times killed at work")
    assert killed >= 3
    assert content(tmp_path / "killed") == whole


def test_every_launcher_has_a_journey_or_a_reason(repository, journeys):
    launchers = {
        path.stem for path in (repository / "launch").glob("*.py") if re.search(r"^if __name__", path.read_text(), re.M)
    }
    assert launchers == {journey.module for journey in journeys.values()} | set(UNTRIED)
