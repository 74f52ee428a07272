"""The decoder of FlowNet-S: from the stages of an encoder to flow at the resolution of every one of them."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

import keras
from keras import layers, ops

from tvnet_keras.choices import check_choice
from tvnet_keras.layers.arguments import positive, positive_int
from tvnet_keras.typing import Shape, Tensor

BLOCKS = ("plain", "none")
"""What stands behind the concatenation at every level: a 3 x 3 convolution, or nothing."""

LEAK = 0.1
"""Slope of the leaky ReLU for negative values."""

FLOW_CHANNELS = 2


@keras.saving.register_keras_serializable(package="tvnet_keras")
class FlowDecoder(layers.Layer):
    """Flow at several resolutions, each from the one half as fine and from the encoder's features.

    The coarsest flow is a 3 x 3 convolution of the last stage. At every finer level the features from below and the
    flow from below are each enlarged by a learned 4 x 4 deconvolution of stride 2 and stand beside the encoder's
    features of that level (the skip connection); a block brings the three together, and a 3 x 3 convolution of it is
    the flow. Where a stage has an odd size, the last row or column of what was enlarged is cut off.

    Args:
        filters: channels of the deconvolution, and of the block behind it, at every level but the coarsest, fine to
            coarse; one fewer than there are stages.
        strides: pixels of the image that one pixel of each stage stands for, fine to coarse.
        block: one of `BLOCKS`.
        fields: flow fields at every pixel: 1 for a pair of frames, ten for eleven frames.
        flow_scale: the displacement in pixels of the image that an output of 1 of the last convolution means, so that
            its weights have the size of any others.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        stages: a list of features `[N, h, w, C]`, fine to coarse, each half as high and wide as the one before, rounded
            up.
        training: whether batch statistics are used and learned, as in Keras.

    Output shape:
        A list of `[N, h, w, 2 * fields]`, fine to coarse, float32, in pixels of its own resolution.

    Raises:
        ValueError: the numbers of filters, strides and stages do not fit each other, or one is out of its range.
        InputError: there is no such block.

    Example:
        >>> decoder = FlowDecoder(filters=(8, 16), strides=(4, 8, 16))
        >>> flows = decoder([np.zeros((1, side, side, 12), "float32") for side in (14, 7, 4)])
        >>> [tuple(flow.shape) for flow in flows]
        [(1, 14, 14, 2), (1, 7, 7, 2), (1, 4, 4, 2)]

    Reference:
        Dosovitskiy et al., "FlowNet: Learning Optical Flow with Convolutional Networks", ICCV 2015, section 3; with
        `block="plain"` in Zhu et al., "Hidden Two-Stream Convolutional Networks", ACCV 2018, Table 1.
    """

    blocks: ClassVar[tuple[str, ...]] = BLOCKS

    def __init__(
        self,
        filters: Sequence[int],
        strides: Sequence[int],
        block: str = "plain",
        fields: int = 1,
        flow_scale: float = 20.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = tuple(positive_int("filters", number) for number in filters)
        self.strides = tuple(positive_int("strides", number) for number in strides)
        if len(self.strides) != len(self.filters) + 1:
            raise ValueError(
                "There are filters for every stage but the coarsest. Received: "
                f"filters={self.filters}, strides={self.strides}"
            )
        self.block = check_choice("block", block, self.blocks)
        self.fields = positive_int("fields", fields)
        self.flow_scale = positive("flow_scale", flow_scale)

    def build(self, stages_shapes: Sequence[Shape]) -> None:
        """Creates the layers of every level, from the coarsest on."""
        if len(stages_shapes) != len(self.strides):
            raise ValueError(f"The decoder takes {len(self.strides)} stages. Received: {len(stages_shapes)}")
        channels = [cast(int, shape[-1]) for shape in stages_shapes]
        below = channels[-1]
        self._add(self._flow_layer(self.strides[-1], below))
        for filters, stride, skip in zip(self.filters[::-1], self.strides[-2::-1], channels[-2::-1], strict=True):
            self._add(_enlarging(filters, f"deconv_{stride}", below, self.dtype_policy))
            self._add(_enlarging(self._channels, f"up_flow_{stride}", self._channels, self.dtype_policy))
            joined = skip + filters + self._channels
            self._add(self.block_layer(f"refine_{stride}", filters, joined))
            below = joined if self.block == "none" else filters
            self._add(self._flow_layer(stride, below))
        self.built = True

    def _add(self, layer: layers.Layer) -> None:
        # An attribute for each: TensorFlow's checkpoints do not see the layers of a list.
        setattr(self, f"_{layer.name}", layer)

    def _layer(self, kind: str, stride: int) -> layers.Layer:
        """The layer of a kind, "deconv", "up_flow", "refine" or "flow", at the level of a stride."""
        return getattr(self, f"_{kind}_{stride}")

    @property
    def _channels(self) -> int:
        return FLOW_CHANNELS * self.fields

    def _flow_layer(self, stride: int, channels: int) -> layers.Layer:
        # Small weights, so that a fresh network begins near zero flow. Keras's annotation knows words only.
        small: Any = keras.initializers.RandomNormal(stddev=0.01)
        layer = layers.Conv2D(
            self._channels,
            3,
            padding="same",
            kernel_initializer=small,
            name=f"flow_{stride}",
            dtype="float32",
        )
        layer.build((None, None, None, channels))
        return layer

    def block_layer(self, name: str, filters: int, channels: int) -> layers.Layer:
        """A new layer that brings the features of one level together.

        Args:
            name: its name.
            filters: channels of its output.
            channels: channels of what it takes.
        """
        if self.block == "none":
            return layers.Identity(name=name)
        layer = layers.Conv2D(
            filters, 3, padding="same", kernel_initializer="he_normal", name=name, dtype=self.dtype_policy
        )
        layer.build((None, None, None, channels))
        return layer

    def call(self, stages: Sequence[Tensor], training: bool | None = None) -> list[Tensor]:
        """The flows, fine to coarse."""
        x = stages[-1]
        raw = [self._layer("flow", self.strides[-1])(x)]
        for skip, stride in zip(stages[-2::-1], self.strides[-2::-1], strict=True):
            up = keras.activations.leaky_relu(_cut(self._layer("deconv", stride)(x), skip), negative_slope=LEAK)
            up_flow = _cut(self._layer("up_flow", stride)(ops.cast(raw[-1], self.compute_dtype)), skip)
            x = self._layer("refine", stride)(ops.concatenate([skip, up, up_flow], axis=-1), training=training)
            raw.append(self._layer("flow", stride)(x))
        scales = [self.flow_scale / stride for stride in self.strides]
        return [scale * flow for scale, flow in zip(scales, raw[::-1], strict=True)]

    def compute_output_shape(self, stages_shapes: Sequence[Shape]) -> list[Shape]:
        """`[N, h, w, 2 * fields]` of every stage."""
        return [(*shape[:-1], self._channels) for shape in stages_shapes]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "strides": self.strides,
            "block": self.block,
            "fields": self.fields,
            "flow_scale": self.flow_scale,
        }


def _enlarging(filters: int, name: str, channels: int, dtype: Any) -> layers.Layer:
    """A deconvolution that doubles height and width."""
    layer = layers.Conv2DTranspose(
        filters, 4, strides=2, padding="same", kernel_initializer="he_normal", name=name, dtype=dtype
    )
    layer.build((None, None, None, channels))
    return layer


def _cut(enlarged: Tensor, skip: Tensor) -> Tensor:
    """What was enlarged from a size that was rounded up, at the size of the skip connection."""
    height, width = ops.shape(skip)[1:3]
    return enlarged[:, :height, :width]
