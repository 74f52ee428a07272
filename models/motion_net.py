"""MotionNet alone: optical flow that a network learns from videos without labels (Zhu et al., ACCV 2018, section 3.1).

The paper trains it on UCF101 and judges it by the classes that a temporal stream reads from its flow (Tables 2 and 3).
The rows of its ablation by options:

* without the front for small displacements: `small_displacement=false`;
* without convolutions between the deconvolutions: `between=false`;
* without the structural dissimilarity: `ssim_weights=0,0,0,0,0`;
* without smoothness: `smooth_weight=0`.

Guided by the flow of a solver (Table 4): `proxy_weight=1`, with `--config.data.flow`.
"""

import dataclasses
from typing import Any

import keras

from tvnet_keras.layers.motion_net import MotionNet
from tvnet_keras.losses.multiscale import multiscale_end_point_error
from tvnet_keras.options import option
from tvnet_keras.typing import Shape, Tensor

from .parts import motion_net_layer, unsupervised
from .parts.clip_model import ClipModel

FLOW_FIELDS = 10

FRAMES = FLOW_FIELDS + 1

NEEDS = ()


@dataclasses.dataclass
class Options(unsupervised.Options, motion_net_layer.Options):
    """What `--config.model.*` can set for `--method=motion_net`."""

    flow_fields: int = option(
        FLOW_FIELDS,
        "Flow fields that are computed together, from one frame more; 1 is the network of pairs.",
        least=1,
        most=1000,
    )
    proxy_weight: float = option(
        0.0,
        "Weight of the end-point error beside the other terms, where a flow is there to learn: an exact one, or that "
        "of a solver in data.flow.",
        least=0,
    )


@keras.saving.register_keras_serializable(package="models")
class MotionNetFlow(ClipModel):
    """A model that is MotionNet and nothing else.

    Args:
        clip_shape: `(T, H, W, 3)`; each may be None.
        options: `Options`, or the dictionary of their fields.
        **kwargs: `keras.Model` arguments.

    Call arguments:
        clip: `[B, T, H, W, 3]`, integers 0..255 or floats 0..1, T >= 2.
        training: whether dropout and batch norm work as in training.

    Output shape:
        `{"flow": [B, T - 1, H, W, 2], "flows": [[B, T - 1, h, w, 2], ...]}`: the flow of the frames, in their pixels,
        and five flows, fine to coarse, each in pixels of its own resolution.

    Attributes:
        motion: the layer.

    Raises:
        ValueError: the options do not fit each other.
    """

    options_class = Options
    options: Options

    def __init__(self, clip_shape: Shape, options: Options | dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(clip_shape, options, **kwargs)
        chosen = self.options
        unsupervised.check_weights(chosen)
        self.motion = MotionNet(
            chosen.flow_fields + 1,
            chosen.width,
            small_displacement=chosen.small_displacement,
            between=chosen.between,
            name="motion_net",
        )

    def build(self, input_shape: Shape | None = None) -> None:
        """Creates every weight."""
        self.motion.build((None, *self.clip_shape))
        self.built = True

    def call(self, clip: Tensor, training: bool | None = None) -> dict[str, Any]:
        """The flow of clips."""
        flows = self.motion.flows_of(clip, training)
        return {"flow": self.motion.full_size(flows[0], clip), "flows": flows}


def build(*, num_classes: int, clip_shape: Shape, options: Options | None = None) -> keras.Model:
    """A `MotionNetFlow` with all its weights; it names no classes, however many there are."""
    model = MotionNetFlow(clip_shape, options, name="motion_net_flow")
    model.build()
    return model


def needs(options: Options) -> tuple[str, ...]:
    """Nothing; the flow, where it guides the training."""
    return ("flow", "known") if options.proxy_weight else NEEDS


def frames(options: Options) -> int:
    """The frames that enter the network together."""
    return options.flow_fields + 1


def objective(options: Options, batch: dict[str, Tensor], outputs: dict[str, Any]) -> dict[str, Tensor]:
    """The terms of the paper (Eq. 4) per clip `[B]`, and the error of the guide where there is one."""
    terms = unsupervised.unsupervised_terms(options, batch, outputs)
    if options.proxy_weight:
        # The paper does not say how; every resolution counts alike, as for its other terms.
        even = (1.0,) * len(outputs["flows"])
        errors = multiscale_end_point_error(batch["flow"], outputs["flows"], batch["known"], even)
        terms["proxy"] = options.proxy_weight * errors
    return terms


def learning_rates(options: Options) -> dict[str, float]:
    """Nothing: all weights learn at one rate."""
    return {}
