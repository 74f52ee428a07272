"""Every Python block of the pages runs as it stands, after the blocks above it and the exports that the page makes.

Those of the README run without the blocks above them.
"""

import shutil

import pytest

from launch.export import export
from launch.run import run_folder
from launch.run.config import new_config
from launch.run.model import build_model
from launch.weights.checksum import save_weights
from tests.docs import texts

WITH_BLOCKS = [page for page in texts.pages() if texts.python_blocks(page)]

SLOW = ("docs/cookbook.md", "docs/methods/tvnet.md")
"""Pages that export to ONNX, which takes half a minute."""


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """What `launch.export` writes of a run, here of one that has learned nothing."""
    folder = tmp_path_factory.mktemp("exported")
    config, run = new_config("tvnet", "moving_shapes", model={"iterations": 2}), folder / "run"
    run_folder.write(run, {**run_folder.claim(run, config), "class_names": ["run", "walk"]})
    save_weights(build_model(config, 2), run / run_folder.WEIGHTS_FILE)
    return export(run, folder / "export")


def pages():
    for page in WITH_BLOCKS:
        name = texts.name_of(page)
        yield pytest.param(page, id=name, marks=pytest.mark.slow if name in SLOW else ())


@pytest.mark.parametrize("page", list(pages()))
def test_blocks_run_one_after_the_other(page, exported, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in texts.commands(page):
        if command.words[2:3] == ("launch.export",):
            (folder,) = (word.partition("=")[2] for word in command.words if word.startswith("--output_dir="))
            shutil.copytree(exported, folder)
    names = {}
    for number, block in enumerate(texts.python_blocks(page), start=1):
        # Each block of the README is pasted by itself.
        names = {} if texts.name_of(page) == "README.md" else names
        exec(compile(block, f"{texts.name_of(page)}, Python block {number}", "exec"), names)


def test_blocks_are_found():
    assert {"README.md", "docs/methods/tvnet.md"} <= set(map(texts.name_of, WITH_BLOCKS))
