"""How the features of frames and their flow are brought together (Representation Flow, Fig. 4 and Table 4)."""

import keras
from keras import layers, ops

from tvnet_keras.choices import check_choice
from tvnet_keras.layers.batch_norm import BATCH_NORM

FUSIONS = ("none", "late", "add", "multiply", "layer_multiply", "concat", "residual")
"""What `--config.model.fusion` can be. none: the flow alone goes on; late: a second network sees the frames and the
logits are averaged; residual: the released code's. The others combine features where the flow was computed."""


@keras.saving.register_keras_serializable(package="models")
class Fusion(layers.Layer):
    """Combines features of frames with the flow computed from them.

    The paper names its operations in one word each. Here `multiply` takes the features as they are; `layer_multiply`
    sends the flow through a 3 x 3 convolution and batch norm before; `concat` is followed by a 1 x 1 convolution back
    to as many channels as the network goes on with. `residual` is the released code's: batch norm of the flow, gamma
    starting at zero, plus the features averaged over the frames that the flow has seen, then ReLU.

    Args:
        how: one of `FUSIONS` except "none" and "late".
        frames_consumed: n, by how many steps the flow is shorter.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        features: `[B, T, H, W, C]`.
        flow: `[B, T - n, H, W, C]`; flow t is combined with frame t.
        training: as in Keras.

    Output shape:
        `[B, T - n, H, W, C]`.

    Raises:
        InputError: another `how`.
    """

    def __init__(self, how: str, frames_consumed: int = 1, **kwargs) -> None:
        super().__init__(**kwargs)
        self.frames_consumed = int(frames_consumed)
        self.how = check_choice("how", how, FUSIONS[2:])

    def build(self, features_shape, flow_shape) -> None:
        """Creates the layers that `how` needs."""
        channels = features_shape[-1]
        shared = {"use_bias": False, "kernel_initializer": "he_normal", "dtype": self.dtype_policy}
        self.convolution = self.norm = None
        if self.how == "concat":
            self.convolution = layers.Conv3D(channels, 1, name="convolution", **shared)
            self.convolution.build((*features_shape[:-1], features_shape[-1] + flow_shape[-1]))
        if self.how == "layer_multiply":
            self.convolution = layers.Conv3D(channels, (1, 3, 3), padding="same", name="convolution", **shared)
            self.convolution.build(flow_shape)
        if self.how in ("layer_multiply", "residual"):
            gamma = "zeros" if self.how == "residual" else "ones"
            self.norm = layers.BatchNormalization(
                **BATCH_NORM, gamma_initializer=gamma, name="norm", dtype=self.dtype_policy
            )
            self.norm.build((*flow_shape[:-1], channels))
        self.built = True

    def call(self, features, flow, training=None):
        """`[B, T, H, W, C]` and `[B, T - n, H, W, C]` to `[B, T - n, H, W, C]`."""
        steps = ops.shape(flow)[1]
        if self.how == "residual":
            frames = self.frames_consumed + 1
            seen = sum(features[:, k : k + steps] for k in range(frames)) / frames
            return ops.relu(self.norm(flow, training=training) + seen)
        features = features[:, :steps]
        if self.how == "add":
            return features + flow
        if self.how == "concat":
            return self.convolution(ops.concatenate([features, flow], axis=-1))
        if self.how == "layer_multiply":
            flow = self.norm(self.convolution(flow), training=training)
        return features * flow

    def compute_output_shape(self, features_shape, flow_shape):
        """The shape of the flow."""
        return flow_shape

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "how": self.how, "frames_consumed": self.frames_consumed}
