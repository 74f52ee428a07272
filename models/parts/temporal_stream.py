"""The temporal stream of a two-stream network: motion, stacked over a few steps, seen by an image network."""

from tvnet_keras.layers.flow_image import FlowImage
from tvnet_keras.layers.sliding_windows import SlidingWindows

from ..motion import motion_module
from .clip_classifier import ClipClassifier
from .feature_picture import side_by_side


class TemporalStream(ClipClassifier):
    """A Motion layer -> flow images -> stacks of fields -> image classifier; logits are the mean over stacks.

    Args:
        num_classes: length of the logits.
        clip_shape: `(T, H, W, 3)`; T may be None.
        options: with `motion`, a module of `models.motion`, and what that reads; `flow_fields`, how many are stacked;
            `flow_bound`, beyond which motion is clipped; `backbone`, a module of `models.encoders`; `dropout`.
        **kwargs: `keras.Model` arguments.

    Call arguments:
        clip: `[B, T, H, W, 3]`, integers 0..255 or floats 0..1, with T at least `frames_of(options)`. Longer clips are
            scored in sliding windows.
        training: as in Keras.

    Output shape:
        `{"logits": [B, num_classes], "flow": [B, T - n, H, W, 2]}`, or without `flow` and with the picture
        `feature_flow`, `[B, T - n, H, 4 W, 2]`, where the motion is no Flow of the frames.

    Attributes:
        motion_layer: the Motion layer, whatever it gives.
        motion: the same layer where its output is a Flow of the frames, otherwise None.

    Raises:
        ValueError: a clip of fewer frames, or less than one field.
    """

    def __init__(self, num_classes: int, clip_shape: tuple, options=None, **kwargs) -> None:
        super().__init__(num_classes, clip_shape, options, **kwargs)
        chosen = self.options
        source = motion_module(chosen.motion)
        fields = int(chosen.flow_fields)
        self.motion_layer = source.make(chosen)
        self.motion = self.motion_layer if source.IS_FLOW else None
        self.flow_image = FlowImage(chosen.flow_bound, name="flow_image")
        self.windows = SlidingWindows(fields, name="windows")
        channels = self.motion_layer.compute_output_shape((None, *self.clip_shape))[-1]
        self.classifier = self.make_classifier(channels=fields * channels)

    def build(self, input_shape=None) -> None:
        """Creates every weight for clips of `clip_shape`."""
        self.motion_layer.build((None, *self.clip_shape))
        self.built = True

    def call(self, clip, training=None):
        """Clips to logits and flow."""
        least = frames_of(self.options)
        if clip.shape[1] is not None and clip.shape[1] < least:
            raise ValueError(
                f"A stack of {self.windows.length} flow fields takes {least} frames. Received: {clip.shape[1]}"
            )
        flow = self.motion_layer(clip)
        stacks = self.windows(self.flow_image(flow))
        logits = self.logits_of(self.classifier, stacks, training)
        shown = {"feature_flow": side_by_side(flow)} if self.motion is None else {"flow": flow}
        return {"logits": logits, **shown}


def frames_of(options) -> int:
    """The frames of one stack: `flow_fields` and those that the motion layer consumes."""
    return options.flow_fields + motion_module(options.motion).FRAMES_CONSUMED
