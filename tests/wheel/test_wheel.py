"""The package as others get it: a wheel, installed where nothing of the repository is."""

import ast
import importlib.metadata
import sys
import warnings
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import models
from tests.made_preset import NAME, make_preset
from tests.own_process import in_own_process
from tests.wheel import in_repository
from tests.wheel.build import build_wheel, empty_environment, link_installed, pip, requirements, run, site_packages
from tests.wheel.use import single_answers
from tvnet_keras import registration
from tvnet_keras.choices import load_module, module_names
from tvnet_keras.registration import register_networks

CLASSES = 3
SIZE = 32
QUICK = {"iterations": 3, "depth": 10, "width": 8, "motion_width": 8, "bottleneck": 4}
USE = Path(__file__).with_name("use.py")

PRESET = f"tvnet_keras/presets/{NAME}.npz"

OPTIONAL = {
    "numba": "the extra `native`",
    "jax": "a backend that Keras may have been told to use",
    "torch": "a backend that Keras may have been told to use",
    "skimage": "one solver, which says how to install it",
}
"""Import names that no requirement stands for, and why."""


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets")
    with pytest.MonkeyPatch.context() as patch:
        make_preset(folder, patch)
    # So that there is one, whatever presets the package has.
    return build_wheel(repository, tmp_path_factory.mktemp("wheel"), {PRESET: folder / f"{NAME}.npz"})


@pytest.fixture(scope="module")
def distribution(wheel, tmp_path_factory):
    """What the wheel says of itself."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    (found,) = importlib.metadata.distributions(path=[str(folder)])
    return found


def made(method):
    """A network with weights that no seed gives, of the methods' smallest options."""
    options = {name: value for name, value in QUICK.items() if name in method.Options.__dataclass_fields__}
    shape = (method.FRAMES, SIZE, SIZE, 3)
    network = method.build(num_classes=CLASSES, clip_shape=shape, options=method.Options(**options))
    for weight in network.trainable_weights:
        weight.assign(weight + 0.02)
    return network


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with every method's `.keras` file, as the repository writes it, a clip and the answers to it."""
    folder = tmp_path_factory.mktemp("saved")
    for name in module_names(models):
        method = load_module(models, "--method", name)
        clip = np.random.default_rng(0).integers(0, 256, (1, method.FRAMES, SIZE, SIZE, 3), "uint8")
        network = made(method)
        network.save(folder / f"{name}.keras")
        np.savez(folder / f"{name}.npz", clip=clip, **single_answers(network(clip)))
    return folder


def file_names(distribution):
    return {str(file) for file in distribution.files}


def test_the_wheel_carries_the_library_and_the_methods_and_nothing_else(distribution, repository):
    code = {
        file.relative_to(repository).as_posix()
        for folder in ("tvnet_keras", "models")
        for file in (repository / folder).rglob("*.py")
    }
    expected = {
        name.replace("models/", "tvnet_keras/models/", 1) if name.startswith("models/") else name for name in code
    }
    presets = {f"tvnet_keras/presets/{file.name}" for file in (repository / "tvnet_keras/presets").glob("*.npz")}
    found = {name for name in file_names(distribution) if ".dist-info/" not in name}
    assert found == expected | presets | {"tvnet_keras/py.typed", PRESET}


def imported(distribution):
    """The import names of all that the wheel's files import, at any place, except Python's own and the package."""
    for file in distribution.files:
        if file.suffix == ".py":
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Import):
                    yield from (alias.name.split(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    yield node.module.split(".")[0]


def test_the_wheel_requires_exactly_what_it_imports(distribution):
    names = set(imported(distribution)) - set(sys.stdlib_module_names) - {"tvnet_keras"}
    assert set(OPTIONAL) <= names, "OPTIONAL holds what is not imported"
    owners = importlib.metadata.packages_distributions()
    assert {owner for name in names - set(OPTIONAL) for owner in owners[name]} == set(requirements(distribution))


def test_the_wheel_works_where_the_repository_is_not(wheel, distribution, saved, tmp_path):
    python = empty_environment(tmp_path / "environment")
    # Keras itself requires absl-py and rich, so these two are there; that our code asks for neither is tested above.
    linked = link_installed(requirements(distribution), site_packages(tmp_path / "environment"))
    assert not linked & {"ml-collections", "tensorboard", "numba", "pytest"}
    pip("--python", python, "install", "--no-deps", "--no-index", "--no-compile", wheel)
    run([str(python), "-I", str(USE), str(saved)], cwd=tmp_path)
    for file in sorted(saved.glob("*.keras")):
        stored, network = np.load(file.with_suffix(".npz")), keras.saving.load_model(saved / "back" / file.name)
        assert type(network).__module__ == f"models.{file.stem}"
        for name, answer in single_answers(network(stored["clip"])).items():
            np.testing.assert_allclose(answer, stored[name], atol=1e-4)


@pytest.mark.slow
def test_the_wheel_works_in_an_empty_environment(wheel, saved, tmp_path):
    """Everything that the wheel requires comes from the package index."""
    python = empty_environment(tmp_path / "environment")
    pip("--python", python, "install", "--quiet", wheel)
    pip("--python", python, "check")
    run([str(python), "-I", str(USE), str(saved)], cwd=tmp_path)


@pytest.mark.parametrize("first", ["tvnet_keras", "models.parts.feature_fusion"])
def test_in_the_repository_importing_the_library_is_enough(first, saved):
    in_own_process(in_repository.load, first, str(saved))


@pytest.fixture
def unfinished_method(tmp_path, monkeypatch):
    (tmp_path / "unfinished.py").write_text("import nothing_of_this_name")
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path)])


def test_a_method_that_cannot_be_imported_leaves_the_others(unfinished_method):
    with pytest.warns(RuntimeWarning, match="models.unfinished cannot be imported.*nothing_of_this_name"):
        register_networks()
    assert keras.saving.get_registered_object("models>RGBClassifier") is models.rgb.RGBClassifier


def test_a_package_of_the_same_name_elsewhere_is_left_alone(unfinished_method, tmp_path, monkeypatch):
    monkeypatch.setattr(registration, "LIBRARY", tmp_path / "tvnet_keras")
    with warnings.catch_warnings(action="error"):
        register_networks()
