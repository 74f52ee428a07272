"""MotionNet: a network that learns optical flow without labels."""

import dataclasses
from typing import Any

import keras
from keras import layers, ops

from tvnet_keras.layers.arguments import check_clip, positive_int
from tvnet_keras.layers.motion_layer import MotionLayer
from tvnet_keras.layers.parts.flow_decoder import FLOW_CHANNELS, LEAK, FlowDecoder
from tvnet_keras.layers.unit_range import UnitRange
from tvnet_keras.ops.frame_pairs import fold_time
from tvnet_keras.ops.resize import resize_flow_by, resize_half_pixel_in_float32
from tvnet_keras.typing import Dimension, Shape, Tensor

MEANS = (123.0, 117.0, 104.0)
"""Of R, G and B over ImageNet, 0..255, as the released network subtracts them."""

FLOW_SCALE = 20.0
"""Pixels of the frames that an output of 1 means; FlowNet's."""

GREY_LEVELS = 255.0

COLOURS = 3


@dataclasses.dataclass(frozen=True)
class Convolution:
    """A convolution of the contracting part.

    Attributes:
        name: the paper's.
        filters: channels at the published width of 64.
        kernel: its height and width.
        stride: its stride.
    """

    name: str
    filters: int
    kernel: int = 3
    stride: int = 1


PUBLISHED_WIDTH = 64

SMALL_FRONT = (
    Convolution("conv1", 64),
    Convolution("conv1_1", 64),
    Convolution("conv2", 128, stride=2),
    Convolution("conv2_1", 128),
    Convolution("conv3", 256, stride=2),
)
"""The beginning for small displacements, FlowNet2-SD's with a stride of 1 in the first convolution."""

LARGE_FRONT = (
    Convolution("conv1", 64, kernel=7, stride=2),
    Convolution("conv2", 128, kernel=5, stride=2),
    Convolution("conv3", 256, kernel=5, stride=2),
)
"""FlowNet-S's beginning. The paper's ablation says no more than "a larger kernel size and stride"."""

REST = (
    Convolution("conv3_1", 256),
    Convolution("conv4", 512, stride=2),
    Convolution("conv4_1", 512),
    Convolution("conv5", 512, stride=2),
    Convolution("conv5_1", 512),
    Convolution("conv6", 1024, stride=2),
    Convolution("conv6_1", 1024),
)

DECODER_FILTERS = (64, 128, 256, 512)
"""Of the deconvolutions and of the convolutions behind them, fine to coarse, at the published width."""


@keras.saving.register_keras_serializable(package="tvnet_keras")
class MotionNet(MotionLayer, layers.Layer):
    """Optical flow of all neighbouring frames of a stack at once, by a network that is trained without labels.

    A stack of `frames` frames enters as one image of `3 * frames` channels, and its `frames - 1` flows leave as one of
    twice as many. A longer clip is cut into stacks that share a frame; the last one ends with the clip, and what it
    sees once more is taken from the one before. A shorter clip goes on with its last frame. The losses of
    `tvnet_keras.losses.unsupervised_flow` train the layer.

    `SOLVER_VERSION` 1: as first written.

    Args:
        frames: the frames of a stack: 11 in the paper, 2 for a network of pairs.
        width: channels of the first convolution; all others follow. The published network has 64 and 42.3 million
            weights.
        small_displacement: whether the first convolutions are 3 x 3, the first of stride 1; otherwise they are
            FlowNet-S's, 7 x 7 and 5 x 5 with strides of 2, and every flow is half as fine.
        between: whether a convolution stands between two deconvolutions, which smooths the flow.
        dtype: policy of the convolutions, such as "mixed_float16"; None takes Keras's. The flow is float32.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        clip: `[B, T, H, W, 3]`, integers 0..255 or floats 0..1, T >= 2.
        training: changes nothing; nothing here works otherwise in training.

    Input shape:
        `[B, T, H, W, 3]`; T, H and W may be unknown until run time.

    Output shape:
        `[B, T - 1, H, W, 2]`, float32, in pixels: the finest flow, enlarged bilinearly with its vectors.

    Raises:
        ValueError: an argument is out of its range, frames are no RGB, or a clip has one frame only.

    Example:
        >>> layer = MotionNet(frames=6, width=8)
        >>> tuple(layer(np.zeros((1, 6, 32, 48, 3), "uint8")).shape)
        (1, 5, 32, 48, 2)
        >>> [tuple(flow.shape[2:4]) for flow in layer.flows_of(np.zeros((1, 6, 32, 48, 3), "uint8"))]
        [(16, 24), (8, 12), (4, 6), (2, 3), (1, 2)]

    Reference:
        Zhu et al., "Hidden Two-Stream Convolutional Networks for Action Recognition", ACCV 2018, section 3.1, Table 1.
    """

    frames_consumed = 1

    SOLVER_VERSION = 1

    def __init__(
        self,
        frames: int = 2,
        width: int = PUBLISHED_WIDTH,
        *,
        small_displacement: bool = True,
        between: bool = True,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        # Frames and flow are float32 under every policy; the convolutions cast what they take.
        super().__init__(**{**kwargs, "autocast": False, "dtype": "float32"})
        self.convolution_policy = keras.dtype_policies.get(dtype or keras.config.dtype_policy())
        self.frames, self.width = positive_int("frames", frames), positive_int("width", width)
        if self.frames < 2:
            raise ValueError(f"A stack has at least two frames. Received: frames={frames}")
        self.small_displacement, self.between = bool(small_displacement), bool(between)
        self.convolutions = (*(SMALL_FRONT if small_displacement else LARGE_FRONT), *REST)
        self.unit_range = UnitRange(name="unit_range")

    @property
    def strides(self) -> tuple[int, ...]:
        """Pixels of the frames that a pixel of each flow stands for, fine to coarse."""
        finest = 2 if self.small_displacement else 4
        return tuple(finest * 2**level for level in range(len(DECODER_FILTERS) + 1))

    def build(self, input_shape: Shape) -> None:
        """Creates every weight."""
        check_clip(type(self).__name__, input_shape)
        if input_shape[-1] != COLOURS:
            raise ValueError(f"MotionNet takes RGB frames [B, T, H, W, 3]. Received: shape={tuple(input_shape)}")
        channels, stages = COLOURS * self.frames, []
        for convolution in self.convolutions:
            layer = self._new_convolution(convolution)
            layer.build((None, None, None, channels))
            # An attribute for each: TensorFlow's checkpoints do not see the layers of a list.
            setattr(self, f"_{convolution.name}", layer)
            channels = layer.filters
            if convolution.name in self._stage_names:
                stages.append((None, None, None, channels))
        self.decoder = FlowDecoder(
            [self._channels(filters) for filters in DECODER_FILTERS],
            self.strides,
            "plain" if self.between else "none",
            fields=self.frames - 1,
            flow_scale=FLOW_SCALE,
            name="decoder",
            dtype=self.convolution_policy,
        )
        self.decoder.build(stages)
        self.built = True

    def _channels(self, published: int) -> int:
        return max(1, round(published * self.width / PUBLISHED_WIDTH))

    def _new_convolution(self, convolution: Convolution) -> layers.Conv2D:
        return layers.Conv2D(
            self._channels(convolution.filters),
            convolution.kernel,
            strides=convolution.stride,
            kernel_initializer="he_normal",
            name=convolution.name,
            dtype=self.convolution_policy,
        )

    @property
    def _stage_names(self) -> tuple[str, ...]:
        """The last convolution of every level that has a flow, fine to coarse."""
        finest = "conv2_1" if self.small_displacement else "conv2"
        return finest, "conv3_1", "conv4_1", "conv5_1", "conv6_1"

    def flows_of(self, clip: Tensor, training: bool | None = None) -> list[Tensor]:
        """The flow of a clip at five resolutions.

        Args:
            clip: `[B, T, H, W, 3]`, as in a call.
            training: as in a call.

        Returns:
            `[B, T - 1, h, w, 2]`, fine to coarse, float32, each in pixels of its own resolution.
        """
        check_clip(type(self).__name__, clip.shape)
        if not self.built:
            self.build(clip.shape)
        steps = ops.shape(clip)[1] - 1
        stacks, place = self._stacks(self._scaled(clip))
        return [self._of_clips(flow, steps, place) for flow in self.decoder(self._stages_of(stacks), training=training)]

    def call(self, clip: Tensor, training: bool | None = None) -> Tensor:
        """The flow of a clip at its own size."""
        return self.full_size(self.flows_of(clip, training)[0], clip)

    @staticmethod
    def full_size(flow: Tensor, clip: Tensor) -> Tensor:
        """A flow of `flows_of`, `[B, T - 1, h, w, 2]`, at the size of the frames and in their pixels."""
        steps, height, width = (ops.shape(clip)[axis] for axis in (1, 2, 3))
        enlarged = resize_flow_by(resize_half_pixel_in_float32, fold_time(flow), height, width)
        return ops.reshape(enlarged, (-1, steps - 1, height, width, FLOW_CHANNELS))

    def _scaled(self, clip: Tensor) -> Tensor:
        means = ops.convert_to_tensor([mean / GREY_LEVELS for mean in MEANS], "float32")
        return self.unit_range(clip) - means

    def _stacks(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """The stacks of clips as images, and the place of every step among the steps of all stacks of its clip."""
        total, fields = ops.shape(frames)[1], self.frames - 1
        count = (total - 2) // fields + 1
        # The last stack ends with the clip, unless the clip is shorter.
        starts = ops.maximum(ops.minimum(fields * ops.arange(count), total - self.frames), 0)
        indices = ops.minimum(ops.expand_dims(starts, 1) + ops.arange(self.frames), total - 1)
        stacks = ops.take(frames, indices, axis=1)  # [B, count, frames, H, W, 3]
        stacks = fold_time(ops.moveaxis(stacks, 2, 4))
        height, width = ops.shape(frames)[2:4]
        steps = ops.arange(total - 1)
        stack = steps // fields
        place = stack * fields + steps - ops.take(starts, stack, axis=0)
        return ops.reshape(stacks, (-1, height, width, self.frames * COLOURS)), place

    def _stages_of(self, images: Tensor) -> list[Tensor]:
        x, stages = images, []
        for convolution in self.convolutions:
            layer = getattr(self, f"_{convolution.name}")
            # The same on both sides, as in Caffe: Keras's own padding is not where a stride skips pixels.
            side = (convolution.kernel - 1) // 2
            padded = ops.pad(ops.cast(x, layer.compute_dtype), ((0, 0), (side, side), (side, side), (0, 0)))
            x = keras.activations.leaky_relu(layer(padded), negative_slope=LEAK)
            if convolution.name in self._stage_names:
                stages.append(x)
        return stages

    def _of_clips(self, flow: Tensor, steps: Dimension, place: Tensor) -> Tensor:
        """Fields of stacks, `[B * count, h, w, 2 * fields]`, as the steps of clips."""
        height, width = ops.shape(flow)[1:3]
        fields = self.frames - 1
        flow = ops.moveaxis(ops.reshape(flow, (-1, height, width, fields, FLOW_CHANNELS)), 3, 1)
        count = (steps - 1) // fields + 1
        flow = ops.reshape(flow, (-1, count * fields, height, width, FLOW_CHANNELS))
        return ops.take(flow, place, axis=1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """`[B, T, H, W, 3] -> [B, T - 1, H, W, 2]`."""
        check_clip(type(self).__name__, input_shape)
        batch, time, height, width, _ = input_shape
        return batch, None if time is None else time - 1, height, width, FLOW_CHANNELS

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "frames": self.frames,
            "width": self.width,
            "small_displacement": self.small_displacement,
            "between": self.between,
            "dtype": keras.dtype_policies.serialize(self.convolution_policy),
        }
