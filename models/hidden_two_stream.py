"""Hidden Two-Stream's temporal stream (Zhu et al., ACCV 2018): MotionNet in front of an image network.

Table 2, UCF101, split 1: (a) 83.8 %, (b) 84.0, (c) 84.9 alone, and 87.5, 88.0, 89.8 with an RGB stream at 1.5 : 1. Its
ways of training by options, each from a run of `--method=motion_net`:

* (a) MotionNet keeps its weights: `motion_frozen=true`, `losses=class`;
* (b) MotionNet learns from the classes alone: `losses=class`;
* (c) and goes on learning to be flow: both losses.

Any other Motion layer may stand in its place (`motion`), as MotionNet may in `--method=tvnet`.
"""

import dataclasses
from typing import Any

import keras

from tvnet_keras.layers.motion_net import MotionNet
from tvnet_keras.losses.unsupervised_flow import SSIM_WEIGHTS
from tvnet_keras.options import option, same_option
from tvnet_keras.typing import Shape, Tensor

from .parts import temporal_stream, unsupervised
from .parts.clip_classifier import cross_entropy

FLOW_FIELDS = 10

FRAMES = FLOW_FIELDS + 1

NEEDS = ("label",)

CLASS, FLOW = "class", "flow"
LOSSES = (CLASS, FLOW)

MOTION_NET = "motion_net"


@dataclasses.dataclass
class Options(unsupervised.Options, temporal_stream.Options):
    """What `--config.model.*` can set for `--method=hidden_two_stream`."""

    motion: str = same_option(temporal_stream.Options, "motion", default=MOTION_NET)
    flow_fields: int = same_option(temporal_stream.Options, "flow_fields", default=FLOW_FIELDS)
    motion_rate: float = same_option(temporal_stream.Options, "motion_rate", default=1e-3)
    ssim_weights: tuple[float, ...] = same_option(
        unsupervised.Options, "ssim_weights", default=tuple(weight / 10 for weight in SSIM_WEIGHTS)
    )
    losses: tuple[str, ...] = option(
        LOSSES, "What is learned: the classes, or also the flow, without labels.", choices=LOSSES, fewest=1
    )


@keras.saving.register_keras_serializable(package="models")
class HiddenTwoStream(temporal_stream.TemporalStream):
    """The temporal stream on the flow of MotionNet, which goes on learning to be flow.

    Output shape:
        That of `TemporalStream`; where the flow is learned also `flows`, `[[B, T - 1, h, w, 2], ...]`, fine to coarse,
        each in pixels of its own resolution.

    Raises:
        ValueError: the options do not fit each other.
    """

    options_class = Options
    options: Options

    def __init__(
        self, num_classes: int, clip_shape: Shape, options: Options | dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(num_classes, clip_shape, options, **kwargs)
        _check_together(self.options)

    def motion_in(self, clip: Tensor) -> tuple[Tensor, dict[str, Any]]:
        """The motion that the classifier sees in clips, and what of it the model answers with."""
        layer = self.motion_layer
        if FLOW not in self.options.losses or not isinstance(layer, MotionNet):
            return super().motion_in(clip)
        flows = layer.flows_of(clip)
        flow = layer.full_size(flows[0], clip)
        return flow, {"flow": flow, "flows": flows}


def _check_together(options: Options) -> None:
    """Refuses options that contradict each other."""
    unsupervised.check_weights(options)
    if CLASS not in options.losses:
        raise ValueError(
            "losses=flow has no classes: the method motion_net learns MotionNet alone. Received: "
            f"losses={','.join(options.losses)}"
        )
    if FLOW not in options.losses:
        return
    if options.motion != MOTION_NET:
        raise ValueError(
            f"losses=class,flow is for motion={MOTION_NET}, but motion={options.motion}: take losses=class."
        )
    if options.motion_frozen:
        raise ValueError("motion_frozen=true leaves no flow to learn: take losses=class. Received: losses=class,flow")


def build(*, num_classes: int, clip_shape: Shape, options: Options | None = None) -> keras.Model:
    """A `HiddenTwoStream` with all its weights."""
    model = HiddenTwoStream(num_classes, clip_shape, options, name="hidden_two_stream")
    model.build()
    return model


def needs(options: Options) -> tuple[str, ...]:
    """The label, and the flow where it is stored."""
    return temporal_stream.needs_of(options)


def frames(options: Options) -> int:
    """The number of frames that one stack of flow fields takes."""
    return temporal_stream.frames_of(options)


def objective(options: Options, batch: dict[str, Tensor], outputs: dict[str, Any]) -> dict[str, Tensor]:
    """Cross-entropy, and the terms of MotionNet where the flow is learned, per clip `[B]`."""
    terms = {"class": cross_entropy(batch["label"], outputs["logits"])}
    if FLOW in options.losses:
        terms |= unsupervised.unsupervised_terms(options, batch, outputs)
    return terms


def learning_rates(options: Options) -> dict[str, float]:
    """The rate of the motion layer; empty where none of its weights is trained."""
    return temporal_stream.learning_rates(options)
