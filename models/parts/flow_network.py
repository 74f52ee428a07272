"""FlowNet-S with residual blocks: an encoder of two stacked frames and a decoder of flow, on every pair of a clip."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from tvnet_keras.choices import check_choice
from tvnet_keras.layers.arguments import check_clip, positive_int
from tvnet_keras.layers.parts.flow_decoder import FLOW_CHANNELS
from tvnet_keras.layers.unit_range import UnitRange
from tvnet_keras.ops.frame_pairs import frame_pairs
from tvnet_keras.ops.resize import resize_flow_by, resize_half_pixel_in_float32
from tvnet_keras.typing import Shape, Tensor

from ..resnets.families import resnet2d
from ..resnets.network import ResidualNetwork
from .input_scaling import MEAN_AND_DEVIATION, input_scaling
from .residual_flow_decoder import RESIDUAL, ResidualFlowDecoder

STRIDES = (4, 8, 16, 32)
"""Of the encoder's stages that have a flow, fine to coarse: the first convolution's, of stride 2, has none."""

PAIR_CHANNELS = 6
"""Two RGB frames."""


@keras.saving.register_keras_serializable(package="models")
class FlowNetwork(layers.Layer):
    """Optical flow of every pair of neighbouring frames, by a residual network that learns it.

    It is a motion layer. Its parts are there for networks that share them: `stages_of` gives the encoder's features of
    the pairs, `flows_of` the flow of such features at every resolution.

    Args:
        depth: layers of the residual network: 10, 18, 34 or 50.
        width: channels of its first stage.
        decoder: whether there is a decoder; without one the layer is its encoder alone and has no flow.
        decoder_filters: channels of the decoder at the strides 4, 8 and 16; None takes those of the encoder's stages.
        block: what stands at every level of the decoder; see `ResidualFlowDecoder`.
        flow_scale: the displacement in pixels that an output of 1 of the last convolutions means.
        scaling: the range in which the frames enter, one of `models.parts.input_scaling`.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        clip: `[B, T, H, W, 3]`, integers 0..255 or floats 0..1, T >= 2.
        training: whether batch statistics are used and learned, as in Keras.

    Input shape:
        `[B, T, H, W, 3]`; T, H and W may be unknown until run time.

    Output shape:
        `[B, T - 1, H, W, 2]`, float32, in pixels: the finest flow, of a quarter of the height and width, enlarged
        bilinearly with its vectors.

    Raises:
        ValueError: an argument is out of its range, or a clip has one frame only.
        InputError: no such block, range or depth.

    Example:
        >>> tuple(FlowNetwork(depth=10, width=8)(np.zeros((1, 3, 32, 48, 3), "uint8")).shape)
        (1, 2, 32, 48, 2)

    Reference:
        Ng et al., "ActionFlowNet: Learning Motion Representation for Action Recognition", WACV 2018, section 3.1.
    """

    frames_consumed = 1

    def __init__(
        self,
        depth: int = 18,
        width: int = 64,
        *,
        decoder: bool = True,
        decoder_filters: Sequence[int] | None = None,
        block: str = RESIDUAL,
        flow_scale: float = 20.0,
        scaling: str = "imagenet",
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        self.depth, self.width = positive_int("depth", depth), positive_int("width", width)
        self.decoder_filters = None if decoder_filters is None else tuple(decoder_filters)
        self.block, self.flow_scale = block, flow_scale
        self.scaling = check_choice("scaling", scaling, tuple(MEAN_AND_DEVIATION))
        self.unit_range = UnitRange(name="unit_range")
        self.input_scaling = input_scaling(scaling)
        network = ResidualNetwork(resnet2d.Convolutions(), depth=self.depth, width=self.width)
        self.encoder = network.stages((None, None, PAIR_CHANNELS), name="encoder")
        self.decoder: ResidualFlowDecoder | None = None
        if decoder:
            shapes = self._stages_shapes()
            filters = self.decoder_filters or tuple(shape[-1] for shape in shapes[:-1])
            self.decoder = ResidualFlowDecoder(filters, STRIDES, block, flow_scale=flow_scale, name="decoder")
            self.decoder.build(shapes)

    def _stages_shapes(self) -> list[Shape]:
        outputs: Any = self.encoder.output
        return [tuple(outputs[name].shape) for name in self._stage_names]

    @property
    def _stage_names(self) -> list[str]:
        return [f"stage{number}" for number in range(2, 2 + len(STRIDES))]

    @property
    def features(self) -> int:
        """Number of channels of the encoder's last stage."""
        return self._stages_shapes()[-1][-1]

    def build(self, input_shape: Shape | None = None) -> None:
        """The constructor has created every weight."""
        self.built = True

    def stages_of(self, clip: Tensor, training: bool | None = None) -> list[Tensor]:
        """The encoder's stages of stride 4 to 32 for every pair, `[B * (T - 1), h, w, C]`, fine to coarse."""
        check_clip(type(self).__name__, clip.shape)
        frames = self.input_scaling(self.unit_range(clip))
        pairs = ops.concatenate(frame_pairs(frames), axis=-1)
        stages = self.encoder(pairs, training=training)
        return [stages[name] for name in self._stage_names]

    def flows_of(self, stages: Sequence[Tensor], training: bool | None = None) -> list[Tensor]:
        """The flow of every pair at the strides 4 to 32, `[B * (T - 1), h, w, 2]`, pixels of their own resolution."""
        if self.decoder is None:
            raise ValueError("There is no flow without a decoder: make the layer with decoder=True.")
        return self.decoder(stages, training=training)

    def call(self, clip: Tensor, training: bool | None = None) -> Tensor:
        """The flow of clips at their own size."""
        return self.full_size(self.flows_of(self.stages_of(clip, training), training)[0], clip)

    @staticmethod
    def full_size(flow: Tensor, clip: Tensor) -> Tensor:
        """Flow of pairs at the size of the frames.

        Args:
            flow: `[B * (T - 1), h, w, 2]`, in pixels of its own resolution.
            clip: `[B, T, H, W, 3]`, whose pairs they are.

        Returns:
            `[B, T - 1, H, W, 2]`, in pixels of the frames.
        """
        steps, height, width = (ops.shape(clip)[axis] for axis in (1, 2, 3))
        enlarged = resize_flow_by(resize_half_pixel_in_float32, flow, height, width)
        return ops.reshape(enlarged, (-1, steps - 1, height, width, FLOW_CHANNELS))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """`[B, T, H, W, 3] -> [B, T - 1, H, W, 2]`."""
        batch, time, height, width, _ = input_shape
        return batch, None if time is None else time - 1, height, width, FLOW_CHANNELS

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "depth": self.depth,
            "width": self.width,
            "decoder": self.decoder is not None,
            "decoder_filters": self.decoder_filters,
            "block": self.block,
            "flow_scale": self.flow_scale,
            "scaling": self.scaling,
        }
