"""The temporal stream of a two-stream network: motion, stacked over a few steps, seen by an image network."""

from typing import Any, Protocol

from tvnet_keras.layers.flow_image import FlowImage
from tvnet_keras.layers.sliding_windows import SlidingWindows
from tvnet_keras.typing import Shape, Tensor

from ..motion import field_of, motion_module
from .clip_classifier import ClipClassifier
from .feature_picture import side_by_side
from .fine_tuning import first_conv_rates

FLOW_CHANNELS = 2


class Options(Protocol):
    """What of a method's options decides how many frames a stack takes."""

    motion: str
    flow_fields: int


class TemporalStream(ClipClassifier):
    """A Motion layer -> flow images -> stacks of fields -> image classifier; logits are the mean over stacks.

    Args:
        num_classes: length of the logits.
        clip_shape: `(T, H, W, 3)`; T may be None.
        options: options with `motion`, the name of a module of `models.motion`, and what that module reads;
            `flow_fields`, the number of stacked fields; `flow_bound`, the largest motion, in pixels, that is not
            clipped; `backbone`, the name of a module of `models.encoders`; `dropout`; those of
            `models.parts.fine_tuning`.
        **kwargs: `keras.Model` arguments.

    Call arguments:
        clip: `[B, T, H, W, 3]`, integers 0..255 or floats 0..1, with T at least `frames_of(options)`. Longer clips are
            scored in sliding windows. With a motion that reads stored flow, a Flow `[B, T-1, H, W, 2]` instead.
        training: whether dropout and batch norm work as in training.

    Output shape:
        `{"logits": [B, num_classes], "flow": [B, T - n, H, W, 2]}`. Where the motion is no Flow of the frames, the
        picture `feature_flow`, `[B, T - n, H, C W, 2]` with C of at most 4 channels, stands in place of `flow`. Flow
        that was stored is not given back.

    Attributes:
        motion_layer: the Motion layer, whether its output is a Flow of the frames or not.
        motion: the same layer where its output is a Flow of the frames, otherwise None.
        input_field: the field of a Batch that the model takes, "clip" or "flow".

    Raises:
        ValueError: a clip has fewer frames than one stack takes, it is no flow where flow is taken, or `flow_fields` is
            less than one.
    """

    def __init__(self, num_classes: int, clip_shape: Shape, options: Any = None, **kwargs: Any) -> None:
        super().__init__(num_classes, clip_shape, options, **kwargs)
        chosen = self.options
        source = motion_module(chosen.motion)
        fields = int(chosen.flow_fields)
        self.motion_layer = source.make(chosen)
        self.motion = self.motion_layer if source.IS_FLOW else None
        self.input_field = field_of(chosen.motion)
        self.flow_image = FlowImage(chosen.flow_bound, name="flow_image")
        self.windows = SlidingWindows(fields, name="windows")
        channels = self.motion_layer.compute_output_shape(self._taken_shape)[-1]
        self.classifier = self.make_classifier(channels=fields * channels)

    @property
    def network_rates(self) -> dict[str, float]:
        """The rate of the first convolution of the image network: `models` says what that is."""
        return first_conv_rates(self.classifier, self.options.first_conv_rate)

    def build(self, input_shape: Shape | None = None) -> None:
        """Creates every weight for clips of `clip_shape`."""
        self.motion_layer.build(self._taken_shape)
        self.built = True

    @property
    def _taken_shape(self) -> Shape:
        """The shape of what the model takes: a clip, or the flow of its steps."""
        time, height, width, channels = self.clip_shape
        if self.input_field == "clip":
            return None, time, height, width, channels
        return None, None if time is None else time - 1, height, width, FLOW_CHANNELS

    def call(self, clip: Tensor, training: bool | None = None) -> dict[str, Tensor]:
        """The logits of clips, and the motion that was seen in them."""
        if self.input_field != "clip" and clip.shape[-1] != FLOW_CHANNELS:
            raise ValueError(f"The model takes flow [B, T-1, H, W, 2]. Received: {tuple(clip.shape)}")
        # Stored flow has a step less than the frames that it was computed from.
        least = frames_of(self.options) - (self.input_field != "clip")
        if clip.shape[1] is not None and clip.shape[1] < least:
            raise ValueError(
                f"A stack of {self.windows.length} flow fields takes {least} "
                f"{'frames' if self.input_field == 'clip' else 'steps'}. Received: {clip.shape[1]}"
            )
        flow = self.motion_layer(clip)
        stacks = self.windows(self.flow_image(flow))
        logits = self.logits_of(self.classifier, stacks, training)
        if self.input_field != "clip":
            return {"logits": logits}
        shown = {"feature_flow": side_by_side(flow)} if self.motion is None else {"flow": flow}
        return {"logits": logits, **shown}


def frames_of(options: Options) -> int:
    """The number of frames of one stack: `flow_fields` and those that the motion layer consumes."""
    return options.flow_fields + motion_module(options.motion).FRAMES_CONSUMED
