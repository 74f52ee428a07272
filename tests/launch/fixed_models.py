"""Models without training or solver, whose answers depend on every pixel that they are shown."""

import keras
import numpy as np
import tensorflow as tf


class FixedMotion(keras.layers.Layer):
    """A Motion layer: vectors of up to four pixels, from the differences of neighbouring frames."""

    frames_consumed = 1

    def call(self, clip):
        frames = tf.cast(clip, "float32") / 255
        return 4 * (frames[:, 1:, ..., :2] - frames[:, :-1, ..., 1:])


class FixedModel(keras.Model):
    """Logits, and a flow at half resolution.

    Args:
        classes: length of the logits.
    """

    def __init__(self, classes: int = 12) -> None:
        super().__init__()
        self.mixing = tf.constant(np.random.default_rng(0).normal(size=(3, classes)), "float32")

    def build(self, input_shape=None):
        self.built = True

    def call(self, clip, training=None):
        frames = tf.cast(clip, "float32") / 255
        time, height, width = (tf.range(tf.shape(clip)[axis]) for axis in (1, 2, 3))
        place = 7 * time[:, None, None] + 5 * height[:, None] + 3 * width
        waves = tf.cos(0.37 * tf.cast(place, "float32"))[..., None]
        return {
            "logits": tf.reduce_sum(frames * waves, axis=(1, 2, 3)) @ self.mixing,
            "flow": FixedMotion()(clip)[:, :, ::2, ::2] / 2,
        }


class FixedFlowModel(FixedModel):
    """Logits of stored flow."""

    input_field = "flow"

    def call(self, clip, training=None):
        # As frames of 0..255: u, v and their sum, of up to eight pixels.
        frames = 16 * (tf.concat([clip, tf.reduce_sum(clip, axis=-1, keepdims=True)], axis=-1) + 8)
        return {"logits": super().call(frames)["logits"]}


class FixedMotionModel(FixedModel):
    """The same with a Motion layer, which works at any size."""

    def __init__(self, classes: int = 12) -> None:
        super().__init__(classes)
        self.motion = FixedMotion()
