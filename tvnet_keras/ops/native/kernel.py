"""How numba compiles the native kernels and keeps them on disk, so that every process computes the same bits.

A numba function contains copies of all functions that it calls, compiled anew, under symbols that all copies share.
Which copy is called depends on what the process loaded before. Copies are not rounded alike, and a process that
compiles has loaded other copies than a process that finds the code on disk. Inner functions are therefore always
inlined, so that a kernel calls nothing of ours. Only kernels, whose types are fixed, are kept.
"""

import functools
import hashlib
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile
from numba.core.compiler import Compiler
from numba.core.serialize import dumps

# Divisions by Newton steps and reordered sums, but NaN and infinity keep their meaning.
FAST_MATH = {"reassoc", "contract", "arcp", "afn", "nsz"}

# Nobody calls the kernels from C; numba would compile wrappers for C all the same.
_OPTIONS = {"fastmath": FAST_MATH, "error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}
_INLINED = {"forceinline": True, "no_cpython_wrapper": True}

jit = numba.njit(**_INLINED, **_OPTIONS)
"""Decorates an inner function that kernels call."""


class _Unaliased(Compiler):
    """Compiles a function whose array arguments never overlap where one of them is written to."""

    def define_pipelines(self) -> list:
        """Numba's pipelines with numba's flag for arrays without overlap, which no option of its decorators sets."""
        self.state.flags.noalias = True
        return super().define_pipelines()


# Without the promise LLVM compares every field that is written with every one that is read before each row of pixels:
# as long as the row itself takes. An array that is written in several fields is therefore passed once per field.
row_jit = numba.njit(pipeline_class=_Unaliased, **_INLINED, **_OPTIONS)


def kernel(*signatures: tuple) -> Callable:
    """Decorates a function that Python calls; it is compiled at once for the types of its arguments.

    A cache on disk that is damaged or cannot be written to costs the time of compiling and a warning, nothing else.

    Args:
        signatures: numba's types of all arguments; one tuple for every combination of types.
    """

    def decorate(function: Callable) -> Callable:
        dispatcher = numba.njit(**_OPTIONS)(function)
        try:
            dispatcher._cache = _Cache(function)  # pyright: ignore[reportAttributeAccessIssue] - numba's own
        except RuntimeError:
            _warn("cannot be kept, because no folder can be written to")
        for signature in signatures:
            dispatcher.compile(signature)
        dispatcher.disable_compile()
        return dispatcher

    return decorate


class _Checked(CompileResultCacheImpl):
    """Compiled code with a digest of the code and of the sources that it was made from."""

    def reduce(self, data: Any) -> tuple[str, bytes]:
        code = dumps(super().reduce(data))
        return _digest(code), code

    def rebuild(self, target_context: Any, data: Any) -> Any:
        digest, code = data
        if _digest(code) != digest:
            raise ValueError("The code has another digest.")
        return super().rebuild(target_context, pickle.loads(code))


class _Cache(FunctionCache):
    """numba's cache on disk, in which nothing is believed that was damaged or made from other sources."""

    _impl_class = _Checked

    def __init__(self, function: Callable) -> None:
        super().__init__(function)
        # numba looks at the function's own file only, but inner functions come from others.
        self._cache_file = IndexDataCacheFile(self._cache_path, self._impl.filename_base, _sources())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # Damaged bytes raise whatever they happen to mean.
            _warn(f"in {self.cache_path} are damaged")
        try:
            self.flush()
        except OSError:
            self.disable()
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _warn(f"cannot be kept in {self.cache_path} ({error.strerror})")


def _digest(code: bytes) -> str:
    return hashlib.sha256(_sources() + code).hexdigest()


@functools.cache
def _sources() -> bytes:
    """A digest of all files that kernels are made from."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).digest()


def _warn(trouble: str) -> None:
    """Python shows equal warnings once, and all kernels lie in one folder."""
    warnings.warn(
        f"The native solver's compiled kernels {trouble}: they are compiled again, which takes half a minute. "
        "NUMBA_CACHE_DIR may name another folder for them.",
        RuntimeWarning,
        stacklevel=2,
    )
