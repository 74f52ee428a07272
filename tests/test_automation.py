"""What hooks and workflows run exists: commands, targets of make, files; every push meets the coverage floor."""

import os
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
MOST_MINUTES = 360
"""What GitHub lets a job take."""


def read(path):
    return yaml.safe_load((REPOSITORY / path).read_text(encoding="utf-8"))


def hooks():
    """The hooks that run what is in the repository."""
    local = [repo for repo in read(".pre-commit-config.yaml")["repos"] if repo["repo"] == "local"]
    return [hook for repo in local for hook in repo["hooks"]]


def commands_of(workflow):
    """Every command line of a workflow, with the values of the matrix put in."""
    for job in read(workflow)["jobs"].values():
        matrix = job.get("strategy", {}).get("matrix", {})
        for command in (line for step in job["steps"] for line in step.get("run", "").splitlines()):
            name = re.search(r"\$\{\{ matrix\.([\w-]+) \}\}", command)
            yield from [command] if not name else [command.replace(name[0], value) for value in matrix[name[1]]]


def exists(command):
    """Whether the target of make, or the program and every file that it is given, exists."""
    program, *arguments = command.split()
    if program == "make":
        return all(re.search(rf"^{re.escape(target)}:", MAKEFILE, re.MULTILINE) for target in arguments)
    # The environment is that which runs this test, wherever VENV has put it.
    environment = Path(sys.executable).parent
    file = environment / Path(program).name if program.startswith(".venv/bin/") else REPOSITORY / program
    return os.access(file, os.X_OK) and all((REPOSITORY / name).is_file() for name in arguments if "/" in name)


@pytest.mark.parametrize("hook", hooks(), ids=lambda hook: hook["id"])
def test_every_local_hook_runs_what_exists(hook):
    assert exists(hook["entry"])
    assert hook["language"] == "system" and hook["name"]
    assert re.compile(hook.get("files", ""))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_workflow_runs_what_exists(workflow):
    commands = list(commands_of(workflow))
    assert commands and all(map(exists, commands)), commands


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_job_ends_and_caches_what_it_installs(workflow):
    for job in read(workflow)["jobs"].values():
        assert job["timeout-minutes"] < MOST_MINUTES
        (python,) = [step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/setup-python@")]
        assert python["cache"] == "pip" and list(REPOSITORY.glob(python["cache-dependency-path"]))


def test_a_command_that_does_not_exist_is_seen():
    assert exists("make lint") and exists(".ci/run") and exists(".venv/bin/python -m pytest tests/test_automation.py")
    for command in ("make no-such-target", ".ci/no-such-file", ".venv/bin/no-such-program", ".ci/run tests/none.py"):
        assert not exists(command)


def test_every_supported_python_is_tested():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    low, high = (int(minor) for minor in re.findall(r"3\.(\d+)", project["requires-python"]))
    tested = read(".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python-version"]
    assert tested == [f"3.{minor}" for minor in range(low, high)]


def test_every_push_has_the_coverage_floor():
    report = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["coverage"]["report"]
    assert report["fail_under"] >= 85
    assert "make coverage" in commands_of(REPOSITORY / ".github/workflows/ci.yml")
