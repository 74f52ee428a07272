"""A trained model behind the signatures that every format of an export has."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

from launch.exporters import Sizes
from launch.run.config import Config, method_module
from launch.run.model_outputs import output_names
from models import frames_of, input_of, motion_of
from tvnet_keras.errors import InputError
from tvnet_keras.layers.fit_clip import FitClip
from tvnet_keras.layers.fit_flow import FitFlow

DTYPES = {"clip": tf.uint8, "flow": tf.float32}
"""Of what the signatures take, by the field of a Batch."""

DEFAULT = "serving_default"
"""The signature that is asked where none is named."""

OUTPUTS = {DEFAULT: "probabilities", "flow": "flow"}
"""The output of every signature."""

ANY_SIZES = Sizes()


class ServingModule:
    """A trained model behind the exported signatures.

    Args:
        model: a model with `logits` among its outputs, or with a Motion layer.
        config: the configuration of its run, which says how the test pipeline shows clips to the model.

    Attributes:
        takes: the field of a Batch that the model takes.
        minimum: the least number of frames of a clip, or of steps of flow, that is classified.
        answers: by signature, a function of a batch of what it takes, which returns the one output by its name.
        names_classes: whether one of them is the probabilities of classes.
        trained_size: (H, W) of the frames that the classifier sees, None without one.

    Raises:
        InputError: the model has neither, so that there is nothing to export.
    """

    def __init__(self, model: keras.Model, config: Config) -> None:
        data = config.data
        self.model = model
        self._graphs: dict[str, Callable] = {}
        self.takes = input_of(model)
        # Flow that was computed before has a step less than its frames.
        self.minimum = frames_of(method_module(config.method), config.model) - (self.takes != "clip")
        self.answers = {} if motion_of(model) is None else {"flow": self._flow}
        self.names_classes = "logits" in output_names(model, data)
        self.trained_size = (data.height, data.width) if self.names_classes else None
        if self.names_classes:
            fit = FitClip if self.takes == "clip" else FitFlow
            self.fit = fit(data.height, data.width, data.resize_short, data.test_crop, resize_long=data.resize_long)
            self.answers[DEFAULT] = self._classify
        elif not self.answers:
            raise InputError(f"--method={config.method} has neither classes nor a motion layer to export.")

    @property
    def by_output(self) -> dict[str, str]:
        """The signature of every output, such as `{"flow": "flow", "probabilities": "serving_default"}`."""
        return {OUTPUTS[signature]: signature for signature in self.answers}

    @property
    def least_frames(self) -> int:
        """The least number of frames of which every answer can be made."""
        classified = self.minimum + (self.takes != "clip") if self.names_classes else 0
        return max(classified, 2 if "flow" in self.answers else 0)

    def spec(self, sizes: Sizes = ANY_SIZES) -> tf.TensorSpec:
        """What a signature takes, with the sizes that are fixed."""
        return tf.TensorSpec(sizes.shape(self.takes), DTYPES[self.takes], name=self.takes)

    def input_record(self, sizes: Sizes = ANY_SIZES) -> dict[str, Any]:
        """The same for the record of an export, as JSON; a side that may be any is null."""
        spec = self.spec(sizes)
        return {"name": spec.name, "dtype": spec.dtype.name, "shape": spec.shape.as_list()}

    def exact(self, output: str, taken: np.ndarray) -> np.ndarray:
        """What Keras answers with the operations that are exported: the portable solver, not compiled by XLA.

        Args:
            output: such as `flow`.
            taken: a batch of what the network takes.
        """
        # XLA is left out of graphs of any size only. Traced once for all formats.
        graph = self._graphs.setdefault(
            output, tf.function(self.answers[self.by_output[output]], input_signature=[self.spec()], autograph=False)
        )
        return graph(tf.constant(taken))[output].numpy()

    def evaluated(self, output: str, taken: np.ndarray) -> np.ndarray:
        """What Keras answers on this machine, as in an evaluation: by the solver that is fastest here."""
        return self.answers[self.by_output[output]](tf.constant(taken))[output].numpy()

    def save(self, folder: Path, sizes: dict[str, Sizes] | None = None) -> None:
        """Writes a SavedModel.

        Args:
            folder: where to.
            sizes: what is fixed, by signature; the others take any sizes.
        """
        # TensorFlow's own `saved_model.save` does not find the variables of a Keras model: Python could read the
        # result, the C loader of TensorFlow Serving, Java, Go and `saved_model_cli` could not.
        archive = keras.export.ExportArchive()
        archive.track(self.model)
        for name, answer in self.answers.items():
            archive.add_endpoint(name, answer, input_signature=[self.spec((sizes or {}).get(name, ANY_SIZES))])
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
