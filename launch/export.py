"""Writes a SavedModel that runs with TensorFlow alone: uint8 clips of any length and size in, probabilities out.

    python -m launch.export --run=runs/tvnet --output_dir=export

Signatures: `serving_default(clip) -> probabilities [B, K]` brings the frames to the training size as the test pipeline
does; `flow(clip) -> flow [B, T - 1, H, W, 2]` works at the clip's own size (methods with a motion layer), and is the
`serving_default` too of a method without classes.
"""

import shutil
from pathlib import Path

import keras
import tensorflow as tf
from absl import flags

from launch import app
from launch.config import Config, method_module
from launch.init_from import load_run
from launch.model_outputs import output_names
from launch.run_folder import place_in, required_config
from models import frames_of, motion_of
from tvnet_keras.errors import InputError
from tvnet_keras.layers.fit_clip import FitClip
from tvnet_keras.one_writer import only_writer

RUN = flags.DEFINE_string("run", "", "The folder that launch.train wrote.", **app.SHARED_FLAG)
OUTPUT_DIR = flags.DEFINE_string(
    "output_dir", "", "The SavedModel's folder (default: <run>/export).", **app.SHARED_FLAG
)

CLASSES_FILE = "classes.txt"
EXPORTED = {"saved_model.pb", "fingerprint.pb", "variables", "assets", CLASSES_FILE}
"""What an export's folder holds; a folder with anything else is not replaced."""

CLIP = tf.TensorSpec((None, None, None, None, 3), tf.uint8, name="clip")


def main() -> None:
    """Reads the flags and exports."""
    required_config("run", RUN.value)
    run = Path(RUN.value)
    folder = export(run, place_in(run, OUTPUT_DIR.value, "export"))
    print(f"written: {folder}")


def export(run: Path, folder: Path) -> Path:
    """Exports the model of `run` to `folder`, replacing an earlier export there.

    Raises:
        InputError: an unfinished run, or a folder that holds something else or that another process writes.
    """
    if folder.exists() and not (folder.is_dir() and {path.name for path in folder.iterdir()} <= EXPORTED):
        raise InputError(f"--output_dir={folder} holds something else than an export; choose another folder.")
    with only_writer(folder, beside=True):
        return _export(run, folder)


def _export(run: Path, folder: Path) -> Path:
    config, model, class_names = load_run(run)
    module = ServingModule(model, config)
    partial = folder.with_name(f".partial.{folder.name}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        tf.saved_model.save(module, str(partial), signatures=module.answers)
        (partial / CLASSES_FILE).write_text("\n".join(class_names) + "\n")
        refuse_python_ops(partial)
        _replace(folder, partial)
    except OSError as error:
        raise InputError(f"--output_dir={folder} cannot be written: {error.strerror or error}.") from error
    return folder


def _replace(folder: Path, successor: Path) -> None:
    """Puts `successor` in the place of `folder`, which stays whole if that fails."""
    if not folder.exists():
        successor.rename(folder)
        return
    aside = folder.with_name(f".replaced.{folder.name}")
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    try:
        successor.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


class ServingModule(tf.Module):
    """A trained model behind the exported signatures.

    Args:
        model: clips to `{"logits": ...}`, or to other outputs if it has a `motion` layer.
        config: its run's configuration, for what the test pipeline shows the model.

    Raises:
        InputError: a model with neither, which has nothing to answer.
    """

    def __init__(self, model: keras.Model, config: Config) -> None:
        super().__init__()
        data = config.data
        self.model = model
        self.minimum = frames_of(method_module(config.method), config.model)
        # Saving traces every function of the module, so one that the model cannot answer must not be there.
        answers = {} if motion_of(model) is None else {"flow": self._flow}
        if "logits" in output_names(model, data):
            self.fit = FitClip(data.height, data.width, data.resize_short, data.test_crop)
            answers["serving_default"] = self._classify
        elif answers:
            answers["serving_default"] = self._flow
        else:
            raise InputError(f"--method={config.method} has neither classes nor a motion layer to export.")
        self.answers = {name: tf.function(answer, input_signature=[CLIP]) for name, answer in answers.items()}

    def _classify(self, clip: tf.Tensor) -> dict[str, tf.Tensor]:
        """Class probabilities `[B, K]` of uint8 clips `[B, T, H, W, 3]`."""
        clip = self._long_enough(clip, self.minimum)
        return {"probabilities": tf.nn.softmax(self.model(self.fit(clip), training=False)["logits"])}

    def _flow(self, clip: tf.Tensor) -> dict[str, tf.Tensor]:
        """Flow `[B, T - 1, H, W, 2]` of uint8 clips `[B, T, H, W, 3]`, pixels at their own size."""
        return {"flow": motion_of(self.model)(self._long_enough(clip, 2))}

    @staticmethod
    def _long_enough(clip: tf.Tensor, minimum: int) -> tf.Tensor:
        check = tf.debugging.assert_greater_equal(
            tf.shape(clip)[1], minimum, message=f"The clip needs at least {minimum} frames."
        )
        with tf.control_dependencies([check]):
            return tf.identity(clip)


def refuse_python_ops(folder: Path) -> None:
    """Fails if an exported graph calls back into this process's Python, which no other process has.

    Raises:
        RuntimeError: the graph holds a PyFunc.
    """
    graph = (folder / "saved_model.pb").read_bytes()
    if b"PyFunc" in graph:
        raise RuntimeError(f"{folder} calls Python functions and would fail elsewhere; export the portable solver.")


if __name__ == "__main__":
    app.run(main)
