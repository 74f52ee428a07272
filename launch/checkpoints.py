"""Saving and resuming: TensorFlow checkpoints for the same command, Keras files for people."""

from pathlib import Path

import keras
import tensorflow as tf

from launch.earlier_checkpoints import lacks_only_fixed_weights
from launch.run_folder import CHECKPOINTS_DIR, RUN_FILE, WEIGHTS_FILE
from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError

KEPT = 2
"""Checkpoints kept, so that one that was being written when the run was killed is no loss."""


class Checkpoints:
    """The state of a run: weights, optimizer, step.

    Args:
        folder: the run's folder.
        model: with its weights.
        optimizer: built.
    """

    def __init__(self, folder: Path, model: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
        self.folder, self.model = folder, model
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")
        weights = {id(weight) for weight in model.weights}
        # The generators of dropout's masks are no weights, and TensorFlow does not find them in a Keras model.
        random = [variable for variable in model.variables if id(variable) not in weights]
        self.state = tf.train.Checkpoint(model=model, optimizer=optimizer, step=self.step, random=random)
        self.manager = tf.train.CheckpointManager(self.state, folder / CHECKPOINTS_DIR, max_to_keep=KEPT)

    def restore(self) -> int:
        """Restores the newest checkpoint and returns its step, 0 without one.

        Raises:
            InputError: a checkpoint that does not hold everything this version of the program needs to go on.
        """
        newest = self.manager.latest_checkpoint
        if newest:
            try:
                self._read(newest)
            except (AssertionError, ValueError, tf.errors.OpError) as error:
                raise InputError(
                    f"{newest} is damaged or was written by a version of the program whose runs this one cannot go on "
                    f"with; use that version (its commit is in {RUN_FILE}) or train in another --output_dir."
                ) from error
        return int(self.step.numpy())

    def _read(self, path: str) -> None:
        status = self.state.restore(path)
        try:
            status.assert_existing_objects_matched()
        except AssertionError:
            if not lacks_only_fixed_weights(path, self.state, self.model):
                raise

    def save(self, step: int) -> None:
        """Saves the state after `step` updates."""
        self.step.assign(step)
        self.manager.save(checkpoint_number=step)

    def export_weights(self) -> None:
        """Writes `model.weights.h5` and `model.keras` with the weights that the model has now."""
        for name, save in ((WEIGHTS_FILE, self.model.save_weights), ("model.keras", self.model.save)):
            with atomic_path(self.folder / name) as partial:
                save(partial)
