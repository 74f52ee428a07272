"""How the features of frames and their flow are brought together (Representation Flow, Fig. 4 and Table 4)."""

from typing import Any, cast

import keras
from keras import layers, ops

from tvnet_keras.choices import check_choice
from tvnet_keras.layers.batch_norm import BATCH_NORM
from tvnet_keras.typing import Shape, Tensor

FEATURE_FUSIONS = ("none", "late", "add", "multiply", "layer_multiply", "concat", "residual", "residual_frame")
"""The words that `--config.model.fusion` can be. With none the flow alone goes on. With late a second network sees the
frames, the logits of both are averaged, and both are trained jointly on that mean: the paper's late fusion averages two
networks that were trained apart, as `launch.fuse` does. The others combine features where the flow was computed
(`FeatureFusion`); residual and residual_frame are the operations of the two releases."""


@keras.saving.register_keras_serializable(package="models", name="Fusion")  # the name in saved models
class FeatureFusion(layers.Layer):
    """Combines features of frames with the flow computed from them.

    The paper names each operation by one word only. Here `multiply` takes features and flow as they are;
    `layer_multiply` first sends the flow through a 3 x 3 convolution and batch norm; `concat` is followed by a 1 x 1
    convolution back to as many channels as the network goes on with. `residual` is the operation of the first release:
    batch norm of the flow, whose gamma starts at zero, plus the features averaged over the frames that the flow has
    seen, then ReLU. That of the second, `residual_frame`, adds the features of frame t alone, and its gamma starts at
    one.

    Args:
        how: one of `FEATURE_FUSIONS` except "none" and "late".
        frames_consumed: n, the number of steps by which the flow is shorter than the features.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        features: `[B, T, H, W, C]`.
        flow: `[B, T - n, H, W, C]`; flow t is combined with frame t.
        training: whether dropout and batch norm work as in training.

    Output shape:
        `[B, T - n, H, W, C]`.

    Raises:
        InputError: `how` is another word.
    """

    def __init__(self, how: str, frames_consumed: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.frames_consumed = int(frames_consumed)
        self.how = check_choice("how", how, FEATURE_FUSIONS[2:])

    def build(self, features_shape: Shape, flow_shape: Shape) -> None:
        """Creates the layers that `how` needs."""
        channels = features_shape[-1]
        shared = {"use_bias": False, "kernel_initializer": "he_normal", "dtype": self.dtype_policy}
        self.convolution: layers.Conv3D | None = None
        self.norm: layers.BatchNormalization | None = None
        if self.how == "concat":
            self.convolution = layers.Conv3D(channels, 1, name="convolution", **shared)
            self.convolution.build((*features_shape[:-1], features_shape[-1] + flow_shape[-1]))
        if self.how == "layer_multiply":
            self.convolution = layers.Conv3D(channels, (1, 3, 3), padding="same", name="convolution", **shared)
            self.convolution.build(flow_shape)
        if self.how in ("layer_multiply", "residual", "residual_frame"):
            gamma = "zeros" if self.how == "residual" else "ones"
            self.norm = layers.BatchNormalization(
                **BATCH_NORM, gamma_initializer=gamma, name="norm", dtype=self.dtype_policy
            )
            self.norm.build((*flow_shape[:-1], channels))
        self.built = True

    def call(self, features: Tensor, flow: Tensor, training: bool | None = None) -> Tensor:
        """`[B, T, H, W, C]` and `[B, T - n, H, W, C]` to `[B, T - n, H, W, C]`."""
        steps = ops.shape(flow)[1]
        if self.how == "residual":
            frames = self.frames_consumed + 1
            seen = sum(features[:, k : k + steps] for k in range(frames)) / frames
            return ops.relu(cast(layers.BatchNormalization, self.norm)(flow, training=training) + seen)
        features = features[:, :steps]
        if self.how == "residual_frame":
            return ops.relu(cast(layers.BatchNormalization, self.norm)(flow, training=training) + features)
        if self.how == "add":
            return features + flow
        if self.how == "concat":
            return cast(layers.Conv3D, self.convolution)(ops.concatenate([features, flow], axis=-1))
        if self.how == "layer_multiply":
            flow = cast(layers.BatchNormalization, self.norm)(
                cast(layers.Conv3D, self.convolution)(flow), training=training
            )
        return features * flow

    def compute_output_shape(self, features_shape: Shape, flow_shape: Shape) -> Shape:
        """The shape of the flow."""
        return flow_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "how": self.how, "frames_consumed": self.frames_consumed}
