"""Representation flow inside a residual network (Piergiovanni & Ryoo, CVPR 2019): motion of features, learned.

The paper claims 60.7 % on Tiny-Kinetics for a 2D network with the flow after block 3 (Table 3: 20 iterations, learned)
and 62.3 % for flow-conv-flow (Table 5). `docs/methods/representation_flow.md` lists what differs here.
"""

import dataclasses
from typing import Any

import keras

from tvnet_keras.errors import InputError
from tvnet_keras.layers.flow_of_flow import FlowOfFlow
from tvnet_keras.layers.per_step import PerStep
from tvnet_keras.layers.representation_flow import LEARNABLE, RepresentationFlow
from tvnet_keras.layers.unit_range import UnitRange
from tvnet_keras.ops.representation.variants import VARIANTS
from tvnet_keras.options import option
from tvnet_keras.typing import Shape, Tensor

from .motion.representation_flow import parameter_rates
from .parts.clip_classifier import ClipClassifier, cross_entropy
from .parts.feature_fusion import FEATURE_FUSIONS, FeatureFusion
from .parts.feature_picture import side_by_side
from .parts.input_scaling import MEAN_AND_DEVIATION, input_scaling
from .parts.residual import residual_part
from .parts.stored_motion import FLOW_CHANNELS, STORED_MOTIONS, StoredMotion, frames_of_stack
from .resnets import families
from .resnets.network import BLOCKS, NON_LOCAL_PLACES, PLACES, RGB_PREFIX

FRAMES = 4
"""Enough for the flow of the flow of a flow in a network that keeps the clip's length; the paper has 16 or 32."""

NEEDS = ("label",)

FRAMES_SEEN = "none"
"""The word of `--config.model.motion` for a network that sees the frames themselves."""

FLOW_STACKS = {"flow": (1, False), "fof": (2, False), "fcf": (2, True), "fcfcf": (3, True)}
"""By the word of `--config.model.flows`: the number of flow layers in a row, and whether convolutions separate them."""


@dataclasses.dataclass
class Options:
    """What `--config.model.*` can set for `--method=representation_flow`."""

    backbone: str = option(
        "resnet2d", "Family of residual networks: a module of models/resnets/families.", choices=families
    )
    depth: int = option(18, "Layers of the network.", choices=tuple(BLOCKS))
    width: int = option(64, "Channels of the first stage.", least=1, most=512)
    dropout: float = option(0.5, "Rate before the last layer.", least=0, most=1)
    scaling: str = option("released", "Range of the frames.", choices=tuple(MEAN_AND_DEVIATION))
    non_local: tuple[str, ...] = option((), "Stages with non-local blocks.", choices=NON_LOCAL_PLACES)
    motion: str = option(
        FRAMES_SEEN,
        "What the network sees in the place of the frames (none): stored flow (stored), or TV-L1's flow of that "
        "(stored_twice).",
        choices=(FRAMES_SEEN, *STORED_MOTIONS),
    )
    flow_fields: int = option(
        1,
        "Fields of stored flow that are stacked; ten for a network of single frames, as released.",
        least=1,
        most=10_000,
    )
    flow_bound: float = option(20.0, "Stored displacements beyond it are clipped, in pixels.", above=0)
    place: str = option(
        "block3",
        "Where the flow is computed; none computes no flow and is the RGB baseline.",
        choices=("none", *PLACES),
    )
    fusion: str = option(
        "none",
        "How the features of the frames join those of their flow; none leaves them out. late trains a second network, "
        "of the frames, jointly; the paper trains the two apart and averages their scores.",
        choices=FEATURE_FUSIONS,
    )
    flows: str = option(
        "flow",
        "One flow, the flow of the flow (fof), or with convolutions between (fcf, fcfcf).",
        choices=tuple(FLOW_STACKS),
    )
    bottleneck: int = option(32, "Channels whose flow is computed; 0 takes all.", least=0, most=4096)
    iterations: int = option(10, "TV-L1 iterations of every flow.", least=1, most=10_000)
    learn: tuple[str, ...] = option(
        ("divergence", "tau", "lambda", "theta"), "Weights of the flow layers that are trained.", choices=LEARNABLE
    )
    variant: str = option(
        "default",
        "Formulae of the flow layers: this project's, the paper's, or those of either released code.",
        choices=tuple(VARIANTS),
    )
    motion_rate: float = option(
        0.01, "Learning rate of the flow layers' parameters relative to the network's.", least=0
    )


@keras.saving.register_keras_serializable(package="models")
class RepresentationFlowClassifier(ClipClassifier):
    """A residual network whose later blocks see the flow of its earlier blocks' features.

    A 2D network sees frame by frame and its logits are averaged over time; the others see the clip.

    Call arguments:
        clip: `[B, T, H, W, 3]`, integers 0..255 or floats 0..1. With stored motion a Flow `[B, T-1, H, W, 2]` instead.
        training: whether dropout and batch norm work as in training.

    Output shape:
        `{"logits": [B, num_classes], "feature_flow": [B, T - n, h, 4 w, 2]}`. The picture shows the flow of the first
        four channels side by side, in pixels of the features that it was computed from; `place="none"` has no picture.
        n is the number of flow layers, T is the number of steps that the network has left of the clip's frames.

    Attributes:
        input_field: the field of a Batch that the model takes, "clip" or "flow".

    Raises:
        InputError: an option has a value that does not exist, or clips are too short for the flow at its place.
    """

    options_class = Options
    options: Options

    def __init__(
        self, num_classes: int, clip_shape: Shape, options: Options | dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(num_classes, clip_shape, options, **kwargs)
        chosen = self.options
        place = "input" if chosen.place == "none" else chosen.place
        self.unit_range = UnitRange(name="unit_range")
        self.scaling = input_scaling(chosen.scaling)
        self.input_field = "clip" if chosen.motion == FRAMES_SEEN else "flow"
        self.stored = self._stored_motion()
        self.seen_shape = self._seen_shape()
        self.before = self._part(self.seen_shape, stop=place, name="before")
        self.features_shape = self._features_shape()
        self.after = self._part(self.features_shape, start=place, name="after")
        self.flow = self.restore = self.fusion = self.rgb = None
        if chosen.place == "none":
            return
        self.flow = _flow_layer(chosen)
        self._check_length(self.flow.frames_consumed)
        # The paper's flow layer ends with this convolution, from flow back to features. Here it is a layer of its own,
        # so that the flow itself can be shown. It is 1 x 1 in the second release.
        size = VARIANTS[chosen.variant].restore_size
        convolution = keras.layers.Conv2D(
            self.features_shape[-1],
            size,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name="restore",
        )
        self.restore = PerStep(convolution, name="restore_per_step")
        if chosen.fusion == "late":
            self.rgb = self._part(self.seen_shape, prefix=RGB_PREFIX, name="rgb")
        elif chosen.fusion != "none":
            self.fusion = FeatureFusion(chosen.fusion, self.flow.frames_consumed, name="fusion")

    def build(self, input_shape: Shape | None = None) -> None:
        """Creates every weight."""
        if self.stored is not None:
            self.stored.build(self._flow_shape)
        if self.flow is not None and self.restore is not None:
            features_shape = (None, *self.features_shape)
            self.flow.build(features_shape)
            flow_shape = self.flow.compute_output_shape(features_shape)
            self.restore.build(flow_shape)
            if self.fusion is not None:
                self.fusion.build(features_shape, self.restore.compute_output_shape(flow_shape))
        self.built = True

    def call(self, clip: Tensor, training: bool | None = None) -> dict[str, Tensor]:
        """The logits of clips, or of stored flow, and the flow of features that was seen in them."""
        frames = self.scaling(self.unit_range(clip)) if self.stored is None else self.stored(clip)
        if self.flow is None or self.restore is None:
            return {"logits": self.logits_of(self.after, frames, training)}
        features = frames if self.before is None else self.before(frames, training=training)
        flow = self.flow(features)
        seen = self.restore(flow)
        if self.fusion is not None:
            seen = self.fusion(features, seen, training=training)
        logits = self.logits_of(self.after, seen, training)
        if self.rgb is not None:
            logits = (logits + self.logits_of(self.rgb, frames, training)) / 2
        return {"logits": logits, "feature_flow": side_by_side(flow)}

    def _part(self, shape: Shape, **places: str) -> keras.layers.Layer | None:
        return residual_part(self.options, self.num_classes, shape, **places)

    def _features_shape(self) -> Shape:
        if self.before is None:
            return self.seen_shape
        return tuple(self.before.compute_output_shape((None, *self.seen_shape))[1:])

    def _stored_motion(self) -> StoredMotion | None:
        chosen = self.options
        if chosen.motion == FRAMES_SEEN:
            return None
        return StoredMotion(chosen.motion, chosen.flow_fields, chosen.flow_bound, name="stored_motion")

    @property
    def _flow_shape(self) -> Shape:
        """The shape of the flow of a clip's steps."""
        time, height, width, _ = self.clip_shape
        return None, None if time is None else time - 1, height, width, FLOW_CHANNELS

    def _seen_shape(self) -> Shape:
        """The shape of what the network sees: a clip, or stacks of flow."""
        if self.stored is None:
            return self.clip_shape
        return tuple(self.stored.compute_output_shape(self._flow_shape)[1:])

    def _check_length(self, consumed: int) -> None:
        steps = self.features_shape[0]
        if steps is not None and steps <= consumed:
            raise InputError(
                f"frames={self.clip_shape[0]} leaves {steps} steps at place={self.options.place}, "
                f"where flows={self.options.flows} needs {consumed + 1}."
            )


def _flow_layer(options: Options) -> RepresentationFlow | FlowOfFlow:
    flows, convolve = FLOW_STACKS[options.flows]
    shared = {"bottleneck": options.bottleneck or None, "iterations": options.iterations, "learn": options.learn}
    shared |= {"variant": options.variant, "output": "flow", "name": "flow"}
    return RepresentationFlow(**shared) if flows == 1 else FlowOfFlow(flows, convolve, **shared)


def build(*, num_classes: int, clip_shape: Shape, options: Options | None = None) -> keras.Model:
    """A `RepresentationFlowClassifier` with all its weights."""
    model = RepresentationFlowClassifier(num_classes, clip_shape, options, name="representation_flow_classifier")
    model.build()
    return model


def needs(options: Options) -> tuple[str, ...]:
    """The label, and the flow where it is stored."""
    return NEEDS if options.motion == FRAMES_SEEN else (*NEEDS, "flow")


def frames(options: Options) -> int:
    """The least number of frames: those of the longest flow of flow, or of one stack of stored flow."""
    if options.motion == FRAMES_SEEN:
        return FRAMES
    return max(FRAMES, frames_of_stack(options.motion, options.flow_fields))


def objective(options: Options, batch: dict[str, Tensor], outputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Cross-entropy per clip `[B]`."""
    return {"class": cross_entropy(batch["label"], outputs["logits"])}


def learning_rates(options: Options) -> dict[str, float]:
    """The rate of the flow layers' parameters, not of their convolutions; empty where none of them is learned."""
    if not options.learn or options.place == "none":
        return {}
    return parameter_rates(options.motion_rate)
