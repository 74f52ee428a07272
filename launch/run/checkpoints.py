"""Saving and resuming: TensorFlow checkpoints for the same command, Keras files for people."""

import shutil
import sys
from pathlib import Path

import keras
import tensorflow as tf

from launch.run.earlier_checkpoints import lacks_only_fixed_weights
from launch.run.run_folder import CHECKPOINT_NAME, CHECKPOINTS_DIR, RUN_FILE, WEIGHTS_FILE, has_begun
from launch.weights.checksum import save_weights
from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError

KEPT = 2
"""Number of checkpoints kept: one that was being written when the run was killed is then no loss."""

STATE_FILE = "checkpoint"
"""Where TensorFlow's own tools look up which checkpoint is the newest; a run goes by the checkpoints themselves."""

_UNFINISHED = "_temp"
"""What TensorFlow writes a checkpoint in; the folder goes when the checkpoint is complete."""


class Checkpoints:
    """The state of a run: weights, optimizer, step.

    Args:
        folder: the run's folder.
        model: the model, with its weights.
        optimizer: the optimizer, built.
        **others: further variables that belong to the state, by name.
    """

    def __init__(
        self, folder: Path, model: keras.Model, optimizer: keras.optimizers.Optimizer, **others: tf.Variable
    ) -> None:
        self.folder, self.model = folder, model
        self.step = tf.Variable(tf.constant(0, tf.int64), trainable=False, name="step")
        weights = {id(weight) for weight in model.weights}
        # The generators of dropout's masks are no weights, and TensorFlow does not find them in a Keras model.
        random = [variable for variable in model.variables if id(variable) not in weights]
        self.state = tf.train.Checkpoint(model=model, optimizer=optimizer, step=self.step, random=random, **others)
        self.place = folder / CHECKPOINTS_DIR
        self.whole: list[int] = []
        """Steps whose checkpoints this process has read or written, oldest first."""

    def restore(self) -> int:
        """Restores the newest checkpoint that is whole and returns its step, 0 without one.

        Which one it is does not depend on TensorFlow's note of it, which may be lost. Newer ones that are damaged are
        named on stderr.

        Raises:
            InputError: there are checkpoints, and none of them is whole; or one does not hold everything that this
                version of the program needs to go on.
        """
        stored = self._stored()
        step = next((step for step in stored if _is_whole(self._prefix(step))), 0)
        damaged = stored[: stored.index(step)] if step else stored
        if step:
            self._load(step)
            self.whole = [step]
        else:
            self._refuse_lost(damaged)
        if damaged:
            names = " and ".join(CHECKPOINT_NAME + str(each) for each in damaged)
            print(f"{names} in {self.place}: damaged, or not written to the end, and not used.", file=sys.stderr)
        if not step and has_begun(self.folder):
            print(f"The run in {self.folder} was stopped before its first checkpoint: it begins again at step 1.")
        for leftover in self.place.glob(f"{CHECKPOINT_NAME}*{_UNFINISHED}"):
            shutil.rmtree(leftover, ignore_errors=True)
        return step

    def save(self, step: int) -> None:
        """Saves the state after `step` updates and removes the checkpoints that are not kept any more."""
        self.step.assign(step)
        self.place.mkdir(parents=True, exist_ok=True)
        # Something damaged of that name may stand in the way.
        self._remove(step)
        try:
            self.state.write(str(self._prefix(step)))
        except tf.errors.OpError:
            # On a full disk every byte counts, and the part of a checkpoint is of no use.
            self._remove(step)
            raise
        self.whole = [*self.whole, step][-KEPT:]
        self._note()
        for old in self._stored():
            if old < self.whole[0]:
                self._remove(old)

    def export_weights(self) -> None:
        """Writes `model.weights.h5` and `model.keras` with the weights that the model has now."""
        save_weights(self.model, self.folder / WEIGHTS_FILE)
        with atomic_path(self.folder / "model.keras") as partial:
            self.model.save(partial)

    def _prefix(self, step: int) -> Path:
        return self.place / f"{CHECKPOINT_NAME}{step}"

    def _stored(self) -> list[int]:
        """The steps of which a file is there, newest first."""
        names = {path.stem.removeprefix(CHECKPOINT_NAME) for path in self.place.glob(f"{CHECKPOINT_NAME}*.*")}
        return sorted((int(name) for name in names if name.isdecimal()), reverse=True)

    def _load(self, step: int) -> None:
        prefix = self._prefix(step)
        try:
            self._read(str(prefix))
        except (AssertionError, ValueError, tf.errors.OpError) as error:
            raise InputError(
                f"{prefix} is damaged or was written by a version of the program whose runs this one cannot go on "
                f"with; use that version (its commit is in {RUN_FILE}) or train in another --output_dir."
            ) from error

    def _read(self, path: str) -> None:
        # Earlier versions counted their checkpoints in them, too, which is nothing to warn about.
        status = self.state.read(path).expect_partial()
        try:
            status.assert_existing_objects_matched()
        except AssertionError:
            if not lacks_only_fixed_weights(path, self.state, self.model):
                raise

    def _refuse_lost(self, damaged: list[int]) -> None:
        """Refuses to begin again where a checkpoint was complete once."""
        complete = [step for step in damaged if not Path(f"{self._prefix(step)}{_UNFINISHED}").exists()]
        noted = (self.place / STATE_FILE).exists() or (self.folder / WEIGHTS_FILE).exists()
        if complete or noted:
            raise InputError(
                f"The run in {self.folder} cannot go on: none of the checkpoints in {self.place} is whole; put back a "
                "copy of them, or train in another --output_dir."
            )

    def _note(self) -> None:
        names = [f'"{CHECKPOINT_NAME}{step}"' for step in self.whole]
        lines = [f"model_checkpoint_path: {names[-1]}", *(f"all_model_checkpoint_paths: {name}" for name in names)]
        with atomic_path(self.place / STATE_FILE) as partial:
            partial.write_text("\n".join(lines) + "\n")

    def _remove(self, step: int) -> None:
        prefix = self._prefix(step)
        for file in self.place.glob(f"{prefix.name}.*"):
            shutil.rmtree(file) if file.is_dir() else file.unlink(missing_ok=True)
        shutil.rmtree(f"{prefix}{_UNFINISHED}", ignore_errors=True)


def _is_whole(prefix: Path) -> bool:
    """Whether every part of a checkpoint is there and has the checksum that TensorFlow wrote with it."""
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        for name in reader.get_variable_to_dtype_map():
            reader.get_tensor(name)
    except Exception:  # Which one TensorFlow's reader throws depends on the byte: OpError, ValueError, IndexError, ...
        return False
    return True
