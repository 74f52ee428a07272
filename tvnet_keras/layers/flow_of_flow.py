"""Flow of flow: the motion of motion, by representation flow layers that follow one another."""

from typing import Any

import keras
from keras import layers

from tvnet_keras.choices import check_choice
from tvnet_keras.layers.arguments import positive_int
from tvnet_keras.layers.motion_layer import MotionLayer
from tvnet_keras.layers.per_step import PerStep
from tvnet_keras.layers.representation_flow import OUTPUTS, RepresentationFlow
from tvnet_keras.typing import Shape, Tensor


@keras.saving.register_keras_serializable(package="tvnet_keras")
class FlowOfFlow(layers.Layer, MotionLayer):
    """Representation flow computed again on its own result, so that every flow sees one frame more.

    `flows=2, convolve=False` is the paper's FoF (flow, flow), `flows=2` its FcF (flow, 3 x 3 convolution, flow) and
    `flows=3` its FcFcF. The convolutions smooth the flow and turn directions into values that can be followed.
    Between two flows the raw flow is handed on; each layer reduces it to its own `bottleneck` channels again.
    Layers behind the last flow, such as the released network's batch norm and residual, belong to the model.

    It is a motion layer: output t belongs to frames t to t + `flows`. From the rest of its clip only the range of each
    flow's input enters, as in `RepresentationFlow`.

    `SOLVER_VERSION` 2: raised together with that of `RepresentationFlow`.

    Args:
        flows: number of flows that follow one another; at least 2.
        convolve: whether a 3 x 3 convolution stands between two flows.
        bottleneck: channels C' of every flow; None for all channels of its input, which doubles them with every flow.
        iterations: TV-L1 iterations of every flow.
        learn: names of the trainable weights of every flow, as in `RepresentationFlow`.
        variant: variant of every flow, as in `RepresentationFlow`, without the batch norm and residual of
            "released_v2".
        output: "features", or "flow" for the flows of the last layer.
        normalize: whether the input of every flow is scaled to the solver's range.
        filters: channels of the features returned; None for as many as the input has.
        mode: how the iterations are executed, as in `TVNet`.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        clip: `[B, T, H, W, C]`, T > `flows`, with values of any range.

    Input shape:
        `[B, T, H, W, C]`; T, H and W may be unknown until run time.

    Output shape:
        `[B, T - flows, H, W, filters]`, or `[B, T - flows, H, W, 2 C']`, float32, for the flow.

    Raises:
        ValueError: an argument is out of its range, or the clip has too few frames.

    Example:
        >>> tuple(FlowOfFlow(bottleneck=8)(np.random.rand(1, 4, 28, 28, 64)).shape)
        (1, 2, 28, 28, 64)

    Reference:
        Piergiovanni and Ryoo, "Representation Flow for Action Recognition", CVPR 2019, Fig. 6 and Table 5.
    """

    SOLVER_VERSION = 2

    # The arguments of RepresentationFlow are written out, so that help and configurations show them.
    def __init__(
        self,
        flows: int = 2,
        convolve: bool = True,
        bottleneck: int | None = 32,
        iterations: int = 20,
        learn: tuple[str, ...] = ("divergence", "tau", "lambda", "theta"),
        variant: str = "default",
        *,
        output: str = "features",
        normalize: bool = True,
        filters: int | None = None,
        mode: str = "auto",
        **kwargs: Any,
    ) -> None:
        # As in RepresentationFlow everything is float32 up to the last flow; only what follows obeys the policy.
        super().__init__(autocast=False, **kwargs)
        self.flows = positive_int("flows", flows)
        if self.flows < 2:
            raise ValueError(f"flows must be at least 2; for one use RepresentationFlow. Received: flows={flows}")
        self.convolve = bool(convolve)
        self.filters = None if filters is None else positive_int("filters", filters)
        self.output_kind = check_choice("output", output, OUTPUTS)
        self.every_flow = {
            "bottleneck": None if bottleneck is None else positive_int("bottleneck", bottleneck),
            "iterations": positive_int("iterations", iterations),
            "learn": learn,
            "variant": variant,
            "normalize": normalize,
            "mode": mode,
        }
        # Tuples, here and in `build`: `tf.train.Checkpoint` passes over what a Keras layer keeps in a list.
        self.inner = tuple(self._flow(number, output="flow") for number in range(1, self.flows))

    @property
    def frames_consumed(self) -> int:
        """One frame per flow."""
        return self.flows

    def build(self, input_shape: Shape) -> None:
        """Creates the last flow and the convolutions between all of them, and builds them in order."""
        self._check_clip(input_shape)
        filters = self.filters or input_shape[-1]
        last = self._flow(self.flows, output=self.output_kind, filters=filters, residual=False)
        sequence = []
        for number, flow in enumerate(self.inner, start=1):
            sequence.append(flow)
            if self.convolve:
                channels = 2 * (flow.bottleneck or 2 ** (number - 1) * input_shape[-1])
                sequence.append(self._convolution(number, channels))
        self.sequence = (*sequence, last)
        shape = input_shape
        for layer in self.sequence:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    def call(self, clip: Tensor) -> Tensor:
        """`[B, T, H, W, C] -> [B, T - flows, H, W, filters or 2 C']`."""
        self._check_clip(clip.shape)
        for layer in self.sequence:
            clip = layer(clip)
        return clip

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """`[B, T, H, W, C] -> [B, T - flows, H, W, filters or 2 C']`."""
        self._check_clip(input_shape)
        batch, time, height, width, channels = input_shape
        bottleneck = self.every_flow["bottleneck"]
        filters = self.filters or channels
        if self.output_kind == "flow":
            filters = 2 * bottleneck if bottleneck else 2**self.flows * channels
        return batch, None if time is None else time - self.flows, height, width, filters

    def compute_output_spec(self, clip: Tensor) -> keras.KerasTensor:
        """Flows are float32 under every policy."""
        dtype = "float32" if self.output_kind == "flow" else self.compute_dtype
        return keras.KerasTensor(self.compute_output_shape(clip.shape), dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"flows": self.flows, "convolve": self.convolve, "filters": self.filters, "output": self.output_kind}
        return {**super().get_config(), **own, **self.every_flow}

    def _flow(self, number: int, **arguments: Any) -> RepresentationFlow:
        return RepresentationFlow(**self.every_flow, **arguments, name=f"flow_{number}", dtype=self.dtype_policy)

    def _convolution(self, number: int, channels: int) -> PerStep:
        convolution = layers.Conv2D(
            channels,
            3,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"convolution_{number}",
            dtype="float32",
        )
        return PerStep(convolution, name=f"convolution_{number}", dtype="float32")

    def _check_clip(self, shape: Shape) -> None:
        shape = tuple(shape)
        if len(shape) != 5:
            raise ValueError(f"FlowOfFlow needs a clip [B, T, H, W, C]. Received: shape={shape}")
        if shape[1] is not None and shape[1] <= self.flows:
            raise ValueError(
                f"{self.flows} flows, one upon the other, need at least {self.flows + 1} frames. "
                f"Received: shape={shape}"
            )
