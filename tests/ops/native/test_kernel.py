"""Kernels give the same bits compiled or found on disk, and a damaged disk costs time only."""

import hashlib
import importlib
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras import TVNet

numba = pytest.importorskip("numba", reason="needs numba (requirements-native.txt)")
from numba.core import caching  # noqa: E402

from tvnet_keras.ops.native import kernel as kernel_module  # noqa: E402

MODULES = ("forward", "adjoint", "frames", "level", "linearise", "resize", "warps")
SMALL = """
import numba

from tvnet_keras.ops.native.kernel import jit, kernel


@jit
def _twice(x):
    return x + x


@kernel((numba.float64,))
def four_times(x):
    return _twice(_twice(x))
"""


def kernels():
    """Every kernel of the solver, by module and name."""
    modules = {name: importlib.import_module(f"tvnet_keras.ops.native.{name}") for name in MODULES}
    return {
        f"{name}.{value.py_func.__name__}": value
        for name, module in modules.items()
        for value in vars(module).values()
        if isinstance(value, numba.core.dispatcher.Dispatcher) and value.py_func.__module__ == module.__name__
        if not value._can_compile
    }


def test_a_kernel_calls_nothing_of_ours():
    # What it called would be another copy in a process that has compiled than in one that has not.
    assert {"forward.advance", "adjoint.pull_back", "frames._smooth"} <= kernels().keys()
    for name, kernel in kernels().items():
        for compiled in kernel.overloads.values():
            functions = [part.name for part in compiled.library._get_module_for_linking().functions]
            ours = [function for function in functions if "tvnet_keras" in function]
            assert ours and all(kernel.py_func.__name__ in function for function in ours), (name, ours)


def digest(gradient: bool) -> str:
    """Of the flow of a clip, and of the gradients of everything that it depends on."""
    clip = tf.constant(np.random.default_rng(0).random((2, 3, 70, 50, 3)), tf.float32)
    layer = TVNet(iterations=12, mode="native")
    with tf.GradientTape() as tape:
        tape.watch(clip)
        flow = layer(clip)
        loss = tf.reduce_sum(flow**2)
    arrays = [flow, *(tape.gradient(loss, [clip, *layer.trainable_variables]) if gradient else [])]
    return hashlib.sha256(b"".join(array.numpy().tobytes() for array in arrays)).hexdigest()


@pytest.mark.slow
def test_every_process_computes_the_same_bits_whatever_it_had_to_compile(tmp_path, repository):
    program = "import sys; from tests.ops.native.test_kernel import digest; print(digest(bool(int(sys.argv[1]))))"

    def elsewhere(gradient):
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
        command = [sys.executable, "-c", program, str(int(gradient))]
        done = subprocess.run(command, cwd=repository, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.split()[-1]

    # The first compiles the forward kernels, the second those of the gradient, the third none, the last perhaps all.
    assert elsewhere(gradient=False) == digest(gradient=False)
    assert elsewhere(gradient=True) == elsewhere(gradient=True) == digest(gradient=True)


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Imports a small kernel again and again, as so many processes would; the cache lies in `tmp_path / "cache"`."""
    (tmp_path / "small_kernel.py").write_text(SMALL)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))

    def again():
        sys.modules.pop("small_kernel", None)
        kernel = importlib.import_module("small_kernel").four_times
        assert kernel(1.5) == 6
        return kernel

    yield again
    sys.modules.pop("small_kernel", None)


def was_found(kernel) -> bool:
    return sum(kernel.stats.cache_hits.values()) == 1


def only_file(tmp_path, kind):
    (file,) = (tmp_path / "cache").glob(f"*/*.{kind}")
    return file


DAMAGES = {
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "garbage": lambda content: bytes(range(256)) * 40,
    "one byte": lambda content: content[:-2000] + bytes([content[-2000] ^ 1]) + content[-1999:],
}


@pytest.mark.parametrize(
    ("kind", "damage"),
    [(kind, damage) for kind in ("nbi", "nbc") for damage in DAMAGES if (kind, damage) != ("nbi", "one byte")],
)
def test_damaged_code_is_compiled_again_with_a_warning(load, tmp_path, kind, damage):
    load()
    file = only_file(tmp_path, kind)
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    with pytest.warns(RuntimeWarning, match="are damaged"):
        assert not was_found(load())
    with warnings.catch_warnings(action="error"):
        assert was_found(load())


def test_code_that_is_gone_is_compiled_again(load, tmp_path):
    load()
    only_file(tmp_path, "nbc").unlink()
    assert not was_found(load())
    assert was_found(load())


def test_code_of_other_sources_is_not_used(load, tmp_path, monkeypatch):
    load()
    old = only_file(tmp_path, "nbc").read_bytes()
    monkeypatch.setattr(kernel_module, "_sources", lambda: b"another version")
    assert not was_found(load())
    assert was_found(load())
    # As after a kill between the new index and the new code.
    only_file(tmp_path, "nbc").write_bytes(old)
    with pytest.warns(RuntimeWarning, match="are damaged"):
        assert not was_found(load())


def test_a_full_disk_is_a_warning(load, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, "_save_index", full)
    with pytest.warns(RuntimeWarning, match=r"cannot be kept in .* \(No space left on device\)"):
        load()


def test_no_folder_to_write_to_is_a_warning(load, tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file stands where the folder would")
    monkeypatch.setattr(numba.config, "CACHE_LOCATOR_CLASSES", "UserProvidedCacheLocator")
    with pytest.warns(RuntimeWarning, match="no folder can be written to.*NUMBA_CACHE_DIR"):
        load()
