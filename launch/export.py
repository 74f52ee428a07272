"""Writes a SavedModel that runs with TensorFlow alone: probabilities or flow of uint8 clips of any length and size.

    python -m launch.export --run=runs/tvnet --output_dir=export

It has the signature `serving_default(clip) -> probabilities [B, K]`, which brings the frames to the training size as
the test pipeline does, and, for methods with a motion layer, `flow(clip) -> flow [B, T - 1, H, W, 2]`, which works at
the clip's own size. For a method without classes the latter is the `serving_default`, too. A network of stored flow
takes `serving_default(flow)`, float32 `[B, T - 1, H, W, 2]` in pixels.
"""

import contextlib
import ctypes
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import keras
import tensorflow as tf
from absl import flags

from launch.run import app
from launch.run.config import Config, method_module
from launch.run.model import load_run
from launch.run.model_outputs import output_names
from launch.run.run_folder import place_in, required_config
from models import frames_of, input_of, motion_of
from tvnet_keras.errors import InputError
from tvnet_keras.layers.fit_clip import FitClip
from tvnet_keras.layers.fit_flow import FitFlow
from tvnet_keras.one_writer import only_writer

RUN = flags.DEFINE_string("run", "", "The folder that launch.train wrote.", **app.SHARED_FLAG)
OUTPUT_DIR = flags.DEFINE_string(
    "output_dir", "", "The SavedModel's folder (default: <run>/export).", **app.SHARED_FLAG
)

CLASSES_FILE = "classes.txt"
MODEL_FILE = "saved_model.pb"
EXPORTED = {MODEL_FILE, "fingerprint.pb", "variables", "assets", CLASSES_FILE}
"""The files and folders of an export; a folder with anything else in it is not replaced."""

AT_FDCWD, RENAME_EXCHANGE = -100, 2
"""Arguments of Linux's `renameat2`, which Python does not have."""

CLIP = tf.TensorSpec((None, None, None, None, 3), tf.uint8, name="clip")
FLOW = tf.TensorSpec((None, None, None, None, 2), tf.float32, name="flow")
TAKEN = {"clip": CLIP, "flow": FLOW}
"""What the signatures take, by the field of a Batch."""


def main() -> None:
    """Reads the flags and exports."""
    required_config("run", RUN.value)
    run = Path(RUN.value)
    folder = export(run, place_in(run, OUTPUT_DIR.value, "export"))
    print(f"written: {folder}")


def export(run: Path, folder: Path) -> Path:
    """Exports the model of `run` to `folder`, replacing an earlier export there.

    Raises:
        InputError: the run is unfinished, or the folder holds something else, is written by another process or cannot
            be written; it is unchanged.
    """
    target = _replaceable(folder)
    with _naming(folder):
        target.parent.mkdir(parents=True, exist_ok=True)
    with only_writer(target, beside=True):
        config, model, class_names = load_run(run)
        module = ServingModule(model, config)
        # A network of flow may have learned on videos that have classes.
        names = class_names if module.names_classes else ()
        with _naming(folder):
            _write(module, names, target)
    return folder


@contextlib.contextmanager
def _naming(folder: Path) -> Iterator[None]:
    """A context in which an error of writing becomes a sentence that names the flag."""
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        raise InputError(
            f"--output_dir={folder} cannot be written: {_reason(error)}; choose another place or free it."
        ) from error


def _replaceable(folder: Path) -> Path:
    """Where `folder` really is.

    Raises:
        InputError: something other than an earlier export is there, or the folder cannot be read.
    """
    try:
        target = folder.resolve()
        held = {path.name for path in target.iterdir()} if target.is_dir() else set()
    except (OSError, RuntimeError) as error:  # Python's own for links in a circle is a RuntimeError.
        raise InputError(f"--output_dir={folder} cannot be read: {_reason(error)}.") from error
    here = Path.cwd()
    if target in (here, *here.parents):
        raise InputError(
            f"--output_dir={folder} is a folder that this command runs in, and an export replaces its folder as a "
            "whole; name one of its own, such as --output_dir=export."
        )
    if (target.exists() and not target.is_dir()) or not held <= EXPORTED or (held and MODEL_FILE not in held):
        raise InputError(f"--output_dir={folder} holds something else than an export; choose another folder.")
    return target


def _reason(error: Exception) -> str:
    if isinstance(error, tf.errors.OpError):
        # "{{node}} file; reason [Op:name]"
        # A type checker knows nothing of TensorFlow's errors.
        return error.message.rpartition("; ")[2].partition(" [Op:")[0]  # pyright: ignore[reportAttributeAccessIssue]
    return getattr(error, "strerror", None) or str(error)


def _write(module: "ServingModule", class_names: tuple[str, ...], target: Path) -> None:
    """Writes the export beside `target` and puts it there once it is whole; nothing else stays, whatever happens."""
    # The name is cut, as it could be too long where the target's own is not.
    partial = target.with_name(f".partial.{target.name[-40:]}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        module.save(partial)
        (partial / CLASSES_FILE).write_text("\n".join(class_names) + "\n")
        refuse_python_ops(partial)
        _replace(target, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _replace(folder: Path, successor: Path) -> None:
    """Puts `successor` in the place of `folder`, which stays whole if that fails.

    An earlier export is at `successor` afterwards, or gone.
    """
    if not folder.exists():
        successor.rename(folder)
    elif not _exchange(folder, successor):
        # Where the system cannot exchange folders, none is there for a moment.
        aside = folder.with_name(f".replaced.{folder.name[-40:]}")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        try:
            successor.rename(folder)
        except OSError:
            aside.rename(folder)
            raise
        shutil.rmtree(aside, ignore_errors=True)


def _exchange(first: Path, second: Path) -> bool:
    """Lets two folders change places in one step, so that a reader always finds one.

    Returns:
        Whether the system could do so.
    """
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    if renameat2 is None:
        return False
    return renameat2(AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second), RENAME_EXCHANGE) == 0


class ServingModule:
    """A trained model behind the exported signatures.

    Args:
        model: a model with `logits` among its outputs, or with a Motion layer.
        config: the configuration of its run, which says how the test pipeline shows clips to the model.

    Raises:
        InputError: the model has neither, so that there is nothing to export.
    """

    def __init__(self, model: keras.Model, config: Config) -> None:
        data = config.data
        self.model = model
        self.takes = input_of(model)
        # Flow that was computed before has a step less than its frames.
        self.minimum = frames_of(method_module(config.method), config.model) - (self.takes != "clip")
        self.answers = {} if motion_of(model) is None else {"flow": self._flow}
        self.names_classes = "logits" in output_names(model, data)
        if self.names_classes:
            fit = FitClip if self.takes == "clip" else FitFlow
            self.fit = fit(data.height, data.width, data.resize_short, data.test_crop)
            self.answers["serving_default"] = self._classify
        elif not self.answers:
            raise InputError(f"--method={config.method} has neither classes nor a motion layer to export.")

    def save(self, folder: Path) -> None:
        """Writes the SavedModel to `folder`."""
        # TensorFlow's own `saved_model.save` does not find the variables of a Keras model: Python could read the
        # result, the C loader of TensorFlow Serving, Java, Go and `saved_model_cli` could not.
        archive = keras.export.ExportArchive()
        archive.track(self.model)
        for name, answer in self.answers.items():
            archive.add_endpoint(name, answer, input_signature=[TAKEN[self.takes]])
        # Without a serving_default, the first signature is taken for it.
        # What other backends' archives lack; this one is TensorFlow's.
        archive.write_out(str(folder), verbose=False)  # pyright: ignore[reportAttributeAccessIssue]

    def _classify(self, clip: tf.Tensor) -> dict[str, tf.Tensor]:
        """Class probabilities `[B, K]` of uint8 clips `[B, T, H, W, 3]`, or of flow `[B, T-1, H, W, 2]`, pixels."""
        clip = self._long_enough(clip, self.minimum)
        return {"probabilities": tf.nn.softmax(self.model(self.fit(clip), training=False)["logits"])}

    def _flow(self, clip: tf.Tensor) -> dict[str, tf.Tensor]:
        """Flow `[B, T - 1, H, W, 2]` of uint8 clips `[B, T, H, W, 3]`, pixels at their own size."""
        # The endpoint is there where the layer is.
        motion = cast(keras.Layer, motion_of(self.model))
        return {"flow": motion(self._long_enough(clip, 2))}

    @staticmethod
    def _long_enough(clip: tf.Tensor, minimum: int) -> tf.Tensor:
        what = "clip needs at least {} frames" if clip.dtype == tf.uint8 else "flow needs at least {} steps"
        check = tf.debugging.assert_greater_equal(tf.shape(clip)[1], minimum, message=f"The {what.format(minimum)}.")
        with tf.control_dependencies([check]):
            return tf.identity(clip)


def refuse_python_ops(folder: Path) -> None:
    """Fails if an exported graph calls back into this process's Python, which no other process has.

    Raises:
        RuntimeError: the graph holds a PyFunc.
    """
    graph = (folder / MODEL_FILE).read_bytes()
    if b"PyFunc" in graph:
        raise RuntimeError(f"{folder} calls Python functions and would fail elsewhere; export the portable solver.")


if __name__ == "__main__":
    app.run(main)
