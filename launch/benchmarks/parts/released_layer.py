"""The released PyTorch layer beside ours: a process of another environment that computes when it is told to."""

import contextlib
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

import numpy as np

from launch.benchmarks.parts.motion_layer import FORWARD_BACKWARD
from tvnet_keras.errors import InputError

SCRIPT = Path(__file__).with_name("torch_layer.py")
PATIENCE_S = 10.0
"""Number of seconds that the process may take to end."""


class ReleasedLayer:
    """Runs `torch_layer.py`; a context manager.

    Args:
        python: the interpreter of an environment that has PyTorch.
        source: the authors' `rep_flow_layer.py`; empty for our transcription.
        features: float32 `[1, T, H, W, C]`.
        threads: number of threads that PyTorch uses.

    Raises:
        InputError: the context is entered, and the interpreter or PyTorch is not there, or the file is of another
            version.
    """

    def __init__(self, python: str, source: str, features: np.ndarray, threads: int) -> None:
        self.python, self.source, self.features, self.threads = python, source, features, threads

    def __enter__(self) -> "ReleasedLayer":
        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name) / "features.npy"
        np.save(file, self.features)
        self._errors = open(Path(self._folder.name) / "errors", "w+")
        command = [self.python, str(SCRIPT), str(file), str(self.threads), *([self.source] if self.source else [])]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
            )
        except OSError as error:
            self._clean()
            raise InputError(f"--torch_python={self.python} cannot be started: {error.strerror}.") from error
        # Pipes, as asked for.
        self._questions, self._answers = cast(IO[str], self._process.stdin), cast(IO[str], self._process.stdout)
        try:
            self._ask("forward 1")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        # The process may have ended by itself; what it printed was reported then.
        with contextlib.suppress(BrokenPipeError):
            self._questions.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._clean()

    def call(self, does: str, iterations: int) -> Callable[[], float]:
        """A function that runs the layer once and returns the mean square of the flow when it is there.

        Args:
            does: FORWARD, or FORWARD_BACKWARD for the gradients of the features and of all parameters, too.
            iterations: number of iterations of the layer.
        """
        return lambda: self._ask(f"{'both' if does == FORWARD_BACKWARD else 'forward'} {iterations}")

    def _ask(self, line: str) -> float:
        # The answer will be missing, which says that the process has ended.
        with contextlib.suppress(BrokenPipeError):
            self._questions.write(line + "\n")
            self._questions.flush()
        answer = self._answers.readline()
        if not answer:
            self._errors.seek(0)
            said = self._errors.read().strip().splitlines() or ["it ended without a word"]
            raise InputError(
                f"--torch_python={self.python} did not run the released layer: {said[-1]}. Give an interpreter with "
                "torch and numpy, and with --torch_layer the authors' first rep_flow_layer.py or nothing."
            )
        return float(answer)

    def _clean(self) -> None:
        self._errors.close()
        self._folder.cleanup()
