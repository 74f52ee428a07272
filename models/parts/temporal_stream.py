"""The temporal stream of a two-stream network: motion, stacked over a few steps, seen by an image network."""

import dataclasses
from typing import Any

import keras

from tvnet_keras.errors import InputError
from tvnet_keras.layers.flow_image import OUTPUT_RANGES, FlowImage
from tvnet_keras.layers.representation_flow import LEARNABLE as REPRESENTATION_LEARNABLE
from tvnet_keras.layers.sliding_windows import SlidingWindows
from tvnet_keras.layers.tvnet import LEARNABLE
from tvnet_keras.options import option, same_option
from tvnet_keras.typing import Shape, Tensor

from .. import encoders
from .. import motion as motion_layers
from ..motion import field_of, motion_module, network_rates_of
from . import fine_tuning, motion_net_layer, tvnet_layer
from .clip_classifier import ClipClassifier
from .feature_picture import side_by_side
from .fine_tuning import first_conv_rates

FLOW_CHANNELS = 2

FLOW_FIELDS = 5
"""Flow fields stacked for the classifier (two channels each)."""


@dataclasses.dataclass
class Options:
    """What every method with a temporal stream offers: the stream, and what the motion layers in front of it read."""

    backbone: str = option("small", "Image network: a module of models/encoders.", choices=encoders)
    dropout: float = option(0.5, "Rate before the last layer.", least=0, most=1)
    batch_norm: str = same_option(fine_tuning.Options, "batch_norm")
    first_conv_rate: float = same_option(fine_tuning.Options, "first_conv_rate")
    norm_momentum: float = same_option(fine_tuning.Options, "norm_momentum")
    motion: str = option("tvnet", "Motion layer on the frames: a module of models/motion.", choices=motion_layers)
    flow_fields: int = option(FLOW_FIELDS, "Flow fields that are stacked for the classifier.", least=1, most=10_000)
    preset: str = same_option(tvnet_layer.Options, "preset")
    # A TVNet has weights of its own for every iteration of every warp of every scale.
    scales: int = option(1, "Scales of the image pyramid, for motion=tvnet.", least=1, most=20)
    warps: int = option(1, "Warps on every scale, for motion=tvnet.", least=1, most=100)
    iterations: int = option(50, "TV-L1 iterations of every warp.", least=1, most=10_000)
    learn: tuple[str, ...] = option(("u0", "kernels"), "Weights that are trained, for motion=tvnet.", choices=LEARNABLE)
    tau: float = same_option(tvnet_layer.Options, "tau")
    lambda_: float = same_option(tvnet_layer.Options, "lambda_")
    theta: float = same_option(tvnet_layer.Options, "theta")
    share: tuple[str, ...] = same_option(tvnet_layer.Options, "share")
    constants_per: str = same_option(tvnet_layer.Options, "constants_per")
    median: int = same_option(tvnet_layer.Options, "median")
    texture: float = same_option(tvnet_layer.Options, "texture")
    detach_warps: bool = same_option(tvnet_layer.Options, "detach_warps")
    bottleneck: int = option(
        0,
        "Mixtures of red, green and blue whose flow is computed, for motion=representation_flow; 0 takes the colours.",
        least=0,
        most=4096,
    )
    representation_learn: tuple[str, ...] = option(
        ("divergence", "tau", "lambda", "theta"),
        "Weights that are trained, for motion=representation_flow.",
        choices=REPRESENTATION_LEARNABLE,
    )
    flow_bound: float = option(20.0, "Displacements beyond it are clipped for the classifier, in pixels.", above=0)
    quantised: bool = option(
        False,
        "Whether the flow is rounded to 256 levels for the classifier, as Hidden Two-Stream's paper says; the gradient "
        "passes as if it were not. The released network does not round.",
    )
    flow_range: str = option(
        "unit",
        "Range in which the classifier sees the flow: -1..1 (unit), or 0..255 minus 128, as VGG-16 (eight_bit).",
        choices=OUTPUT_RANGES,
    )
    motion_width: int = same_option(motion_net_layer.Options, "width")
    small_displacement: bool = same_option(motion_net_layer.Options, "small_displacement")
    between: bool = same_option(motion_net_layer.Options, "between")
    motion_rate: float = option(
        1 / 255, "Learning rate of the motion layer relative to the classifier's (paper, section 5.2).", least=0
    )
    motion_frozen: bool = option(False, "Whether the motion layer keeps its weights as they are.")


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
        InputError: there is a preset, and the motion is not TVNet's.
    """

    def __init__(self, num_classes: int, clip_shape: Shape, options: Any = None, **kwargs: Any) -> None:
        super().__init__(num_classes, clip_shape, options, **kwargs)
        chosen = self.options
        if chosen.preset and chosen.motion != "tvnet":
            raise InputError(f"preset={chosen.preset} is of motion=tvnet, but motion={chosen.motion}; leave it out.")
        source = motion_module(chosen.motion)
        fields = int(chosen.flow_fields)
        self.motion_layer = source.make(chosen)
        self.motion = self.motion_layer if source.IS_FLOW else None
        self.input_field = field_of(chosen.motion)
        self.flow_image = FlowImage(
            chosen.flow_bound, quantised=chosen.quantised, output_range=chosen.flow_range, name="flow_image"
        )
        self.windows = SlidingWindows(fields, name="windows")
        channels = self.motion_layer.compute_output_shape(self._taken_shape)[-1]
        self.classifier = self.make_classifier(channels=fields * channels)

    @property
    def frozen_networks(self) -> dict[str, keras.Layer]:
        """A motion layer that is a network and keeps its weights, by the option that freezes it."""
        frozen = self.options.motion_frozen and network_rates_of(self.options)
        return {"motion_frozen=true": self.motion_layer} if frozen else {}

    @property
    def network_rates(self) -> dict[str, float]:
        """The rates of a motion layer that is a network, and of the first convolution of the image network."""
        chosen = self.options
        motion = {} if chosen.motion_frozen else network_rates_of(chosen)
        return {**motion, **first_conv_rates(self.classifier, chosen.first_conv_rate)}

    def build(self, input_shape: Shape | None = None) -> None:
        """Creates every weight for clips of `clip_shape`."""
        self.motion_layer.build(self._taken_shape)
        if self.options.motion_frozen:
            # Only now: the layers that a motion layer makes as it is built would not know of it.
            self.motion_layer.trainable = False
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
        motion, outputs = self.motion_in(clip)
        stacks = self.windows(self.flow_image(motion))
        return {"logits": self.logits_of(self.classifier, stacks, training), **outputs}

    def motion_in(self, clip: Tensor) -> tuple[Tensor, dict[str, Any]]:
        """The motion that the classifier sees in clips, and what of it the model answers with."""
        motion = self.motion_layer(clip)
        if self.input_field != "clip":
            return motion, {}
        return motion, {"feature_flow": side_by_side(motion)} if self.motion is None else {"flow": motion}


def needs_of(options: Options) -> tuple[str, ...]:
    """The label, and the flow where it is stored."""
    field = field_of(options.motion)
    return ("label",) if field == "clip" else ("label", field)


def learning_rates(options: Options) -> dict[str, float]:
    """The rate of a motion layer that is a solver; empty where none of its weights is trained."""
    return {} if options.motion_frozen else motion_module(options.motion).learning_rates(options)


def frames_of(options: Options) -> int:
    """The number of frames of one stack: `flow_fields` and those that the motion layer consumes."""
    return options.flow_fields + motion_module(options.motion).FRAMES_CONSUMED
