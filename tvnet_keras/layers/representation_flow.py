"""Representation Flow: TV-L1's iterations on the features of a network, learned together with the network."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.layers.arguments import check_clip, learnable, positive, positive_int
from tvnet_keras.layers.batch_norm import BATCH_NORM
from tvnet_keras.layers.motion_layer import MotionLayer
from tvnet_keras.layers.solver_constants import add_constants, stack_constants
from tvnet_keras.layers.stored_by_name import StoredByName
from tvnet_keras.ops.empty_batch import at_least_one
from tvnet_keras.ops.representation.variants import VARIANTS
from tvnet_keras.typing import Shape, Tensor

LEARNABLE = ("sobel", "divergence", "tau", "lambda", "theta")
OUTPUTS = ("features", "flow")

_TRAINED_AS = {"image_gradient": "sobel", "divergence": "divergence", "flow_gradient": "divergence"}


@keras.saving.register_keras_serializable(package="tvnet_keras")
class RepresentationFlow(StoredByName, layers.Layer, MotionLayer):
    """Optical flow of every channel of a clip's features, between neighbouring frames.

    The features are reduced to a few channels by a 1 x 1 convolution and scaled to 0..255, the range of TV-L1's
    constants: in every example the smallest value over all frames and channels becomes 0 and the largest 255; an
    example without differences is not stretched. Every channel is then treated as a grey image of its own whose flow
    is found by TV-L1's iterations, from rest and without warps. A 3 x 3 convolution leads from the flows, u of every
    channel and then v of every channel, to features again.

    It is a motion layer: output t belongs to frames t and t + 1. From the rest of its clip, but never from another
    example, only the range enters (not with `normalize=False`); the released variants scale the whole batch at once.
    Everything up to the flow is computed in float32 always, because the iterations amplify what float16 rounds off;
    only what follows obeys the dtype policy. The variants "default" and "released_v1" are differentiable once: a
    gradient of their gradient is refused.

    `SOLVER_VERSION` 2: the default variant ignores slopes that are rounding, whose gradients swamped all others in
    version 1.

    Args:
        bottleneck: channels C' whose flow is computed; None for the channels of the input, without a convolution.
        iterations: number of TV-L1 iterations; all of them share their kernels.
        learn: names of the trainable weights: "sobel" (kernels of the image gradient), "divergence" (kernels of the
            divergence, and in the released variants of the flow's gradient too), "tau", "lambda" and "theta".
        variant: "default": Sobel / 8, forward differences of the flow, divergence = -adjoint, one kernel of each kind
            for all channels. "paper": the printed equations to the letter; not a flow in pixels. "released_v1",
            "released_v2": the authors' code. `docs/methods/representation_flow.md` has the table.
        output: "features", or "flow" for the flows as they come out of the iterations, without the last convolution.
        normalize: whether features are scaled; without scaling they should lie in 0..255 already.
        filters: channels of the features returned; None for as many as the input has.
        residual: whether the features are batch-normalised, added to the features of frame t and rectified; None for
            the variant's own choice (only "released_v2" does it).
        mode: how the iterations are executed, as in `TVNet`; "paper" and "released_v2" have no native kernels.
        tau: initial step of the dual update.
        lambda_: initial weight of the brightness term.
        theta: initial coupling of u and v.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        clip: `[B, T, H, W, C]`, T >= 2, with values of any range; integers are taken as the numbers they are.
        training: whether batch statistics are used and learned, as in Keras; it matters with `residual` only.

    Input shape:
        `[B, T, H, W, C]`; T, H and W may be unknown until run time.

    Output shape:
        `[B, T - 1, H, W, filters]`, or `[B, T - 1, H, W, 2 C']`, float32, in pixels per frame, for the flow.

    Raises:
        ValueError: an argument is out of its range, or the clip has one frame only.
        InputError: the features are too small for a released variant.

    Example:
        >>> tuple(RepresentationFlow(bottleneck=8)(np.random.rand(1, 4, 28, 28, 64)).shape)
        (1, 3, 28, 28, 64)

    Reference:
        Piergiovanni and Ryoo, "Representation Flow for Action Recognition", CVPR 2019, section 3.2.
    """

    frames_consumed = 1
    SOLVER_VERSION = 2

    def __init__(
        self,
        bottleneck: int | None = 32,
        iterations: int = 20,
        learn: tuple[str, ...] = ("divergence", "tau", "lambda", "theta"),
        variant: str = "default",
        *,
        output: str = "features",
        normalize: bool = True,
        filters: int | None = None,
        residual: bool | None = None,
        mode: str = "auto",
        tau: float = 0.25,
        lambda_: float = 0.15,
        theta: float = 0.3,
        **kwargs: Any,
    ) -> None:
        # A float32 clip is not rounded before its flow is computed; the convolution behind the flow casts for itself.
        super().__init__(autocast=False, **kwargs)
        self.bottleneck = None if bottleneck is None else positive_int("bottleneck", bottleneck)
        self.iterations = positive_int("iterations", iterations)
        self.learn = learnable(learn, LEARNABLE)
        self.variant = check_choice("variant", variant, tuple(VARIANTS))
        self.output_kind = check_choice("output", output, OUTPUTS)
        self.normalize = bool(normalize)
        self.filters = None if filters is None else positive_int("filters", filters)
        self.residual = residual
        self.mode = check_choice(f"mode of variant {variant!r}", mode, VARIANTS[variant].modes)
        self.tau, self.lambda_, self.theta = (
            positive(name, value) for name, value in (("tau", tau), ("lambda_", lambda_), ("theta", theta))
        )

    def build(self, input_shape: Shape) -> None:
        """Creates the convolutions, the kernels by which the variant differentiates, and the three constants."""
        self._check_clip(input_shape)
        channels = self.bottleneck or input_shape[-1]
        if self.bottleneck:
            self.reduce = layers.Dense(
                self.bottleneck, use_bias=False, kernel_initializer="he_normal", name="reduce", dtype="float32"
            )
            self.reduce.build(input_shape)
        # A tuple, because `tf.train.Checkpoint` passes over what a Keras layer keeps in a dictionary.
        self._kernels = tuple(
            self.add_weight(
                name=name,
                shape=initial.shape,
                dtype="float32",
                autocast=False,
                initializer=_constant(initial),
                trainable=_TRAINED_AS[name] in self.learn,
            )
            for name, initial in VARIANTS[self.variant].kernels(channels).items()
        )
        self.constants = add_constants(self)
        if self.output_kind == "features":
            self._build_restore(input_shape[-1], channels)
        self.built = True

    def _build_restore(self, input_channels: int, channels: int) -> None:
        filters = self.filters or input_channels
        self.restore = layers.Conv2D(
            filters,
            VARIANTS[self.variant].restore_size,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name="restore",
            dtype=self.dtype_policy,
        )
        self.restore.build((None, None, None, 2 * channels))
        if self._adds_frames():
            if filters != input_channels:
                raise ValueError(f"residual needs filters equal to the {input_channels} channels. Received: {filters=}")
            self.norm = layers.BatchNormalization(**BATCH_NORM, name="norm", dtype=self.dtype_policy)
            self.norm.build((None, None, None, None, filters))

    @property
    def kernels(self) -> dict:
        """The weights by which the variant differentiates, by name."""
        return {kernel.name: kernel for kernel in self._kernels}

    def call(self, clip: Tensor, training: bool | None = None) -> Tensor:
        """`[B, T, H, W, C] -> [B, T - 1, H, W, filters]`, or the flows `[B, T - 1, H, W, 2 C']`."""
        self._check_clip(clip.shape)
        return self._features_or_flow(at_least_one(clip), training)[: ops.shape(clip)[0]]

    def _features_or_flow(self, clip: Tensor, training: bool | None) -> Tensor:
        features = ops.cast(clip, "float32")
        if self.bottleneck:
            features = self.reduce(features)
        variant = VARIANTS[self.variant]
        if self.normalize:
            features = variant.normalise(features)
        kernels = {name: ops.convert_to_tensor(kernel) for name, kernel in self.kernels.items()}
        flow = variant.flow(features, kernels, stack_constants(self.constants), self.iterations, self.mode)
        if self.output_kind == "flow":
            return flow
        shape = ops.shape(flow)
        restored = self.restore(ops.reshape(flow, (-1, *shape[2:])))
        restored = ops.reshape(restored, (*shape[:-1], restored.shape[-1]))
        if not self._adds_frames():
            return restored
        return ops.relu(ops.cast(clip[:, :-1], restored.dtype) + self.norm(restored, training=training))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """`[B, T, H, W, C] -> [B, T - 1, H, W, filters or 2 C']`."""
        self._check_clip(input_shape)
        batch, time, height, width, channels = input_shape
        filters = self.filters or channels
        if self.output_kind == "flow":
            filters = 2 * (self.bottleneck or channels)
        return batch, None if time is None else time - 1, height, width, filters

    def compute_output_spec(self, clip: Tensor, training: bool | None = None) -> keras.KerasTensor:
        """Flows are float32 under every policy."""
        dtype = "float32" if self.output_kind == "flow" else self.compute_dtype
        return keras.KerasTensor(self.compute_output_shape(clip.shape), dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        names = ("bottleneck", "iterations", "learn", "variant", "normalize", "filters", "residual", "mode")
        names += ("tau", "lambda_", "theta")
        own = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **own, "output": self.output_kind}

    def _stored_weights(self) -> tuple[keras.Variable, ...]:
        return (*self._kernels, *self.constants)

    def _adds_frames(self) -> bool:
        return VARIANTS[self.variant].residual if self.residual is None else self.residual

    def _check_clip(self, shape: Shape) -> None:
        shape = tuple(shape)
        check_clip("RepresentationFlow", shape)
        if shape[-1] is None:
            raise ValueError(f"RepresentationFlow needs a known number of channels. Received: shape={shape}")
        least = VARIANTS[self.variant].least_size
        if any(side is not None and side < least for side in shape[2:4]):
            raise InputError(
                f"variant={self.variant} needs features of at least {least} x {least} pixels and gets "
                f"{shape[2]} x {shape[3]}: give larger frames, or compute the flow earlier in the network."
            )


def _constant(initial: np.ndarray) -> Callable[..., Tensor]:
    return lambda shape, dtype=None: ops.convert_to_tensor(initial, dtype)
