"""ActionFlowNet (Ng et al., WACV 2018): one network that sees flow in two frames and names the action.

No code was released. What the paper leaves open is an option here, and `docs/methods/action_flow_net.md` says how each
was decided. The rows of the paper's Table 1 by options:

* Scratch: `losses=class`.
* FlowNet, which the others start from: `losses=flow`.
* Fine-tune: `losses=class`, `--config.init_from=` a FlowNet's run.
* ActionFlowNet: both losses, from a FlowNet's run.
* Stacked: `structure=stacked`, `losses=class`, `flow_network=frozen`, from a FlowNet's run.
"""

import dataclasses
from typing import Any, cast

import keras
from keras import ops

from tvnet_keras.layers.parts.flow_decoder import FLOW_CHANNELS
from tvnet_keras.losses.multiscale import multiscale_end_point_error
from tvnet_keras.ops.frame_pairs import fold_time
from tvnet_keras.options import option
from tvnet_keras.typing import Shape, Tensor

from .parts.classifier import classify
from .parts.clip_classifier import ClipClassifier, cross_entropy
from .parts.flow_network import STRIDES, FlowNetwork
from .parts.input_scaling import MEAN_AND_DEVIATION
from .parts.residual_flow_decoder import BLOCKS
from .resnets.families import resnet2d
from .resnets.network import BLOCKS as DEPTHS
from .resnets.network import ResidualNetwork

FRAMES = 2

NEEDS = ("label", "flow", "known")

CLASS, FLOW = "class", "flow"
LOSSES = (CLASS, FLOW)

JOINT, STACKED, STACKED_FULL_SIZE = "joint", "stacked", "stacked_full_size"

TRAINED, FROZEN = "trained", "frozen"

STACKED_PREFIX = "stacked_"
"""What the names of the second network's layers begin with: the first has the same ones."""


@dataclasses.dataclass
class Options:
    """What `--config.model.*` can set for `--method=action_flow_net`."""

    structure: str = option(
        JOINT,
        "Where the classes are read: from the encoder that the flow is decoded from (joint), by a second network from "
        "the flow of a quarter of the size (stacked), or by one from that flow enlarged to the size of the frames "
        "(stacked_full_size).",
        choices=(JOINT, STACKED, STACKED_FULL_SIZE),
    )
    losses: tuple[str, ...] = option(
        LOSSES, "What is learned: the classes, the flow, or both.", choices=LOSSES, fewest=1
    )
    flow_network: str = option(
        TRAINED,
        "Whether the network of frames learns (trained), or keeps its weights and statistics as they are (frozen) "
        "below a stacked classifier.",
        choices=(TRAINED, FROZEN),
    )
    depth: int = option(18, "Layers of the residual networks.", choices=tuple(DEPTHS))
    width: int = option(64, "Channels of their first stage.", least=1, most=512)
    decoder_filters: tuple[int, ...] = option(
        (), "Channels of the decoder at the strides 4, 8 and 16; empty takes those of the encoder's stages.", least=1
    )
    decoder_block: str = option(
        "residual",
        "What brings the features of a level of the decoder together: a residual block, a plain convolution or none.",
        choices=BLOCKS,
    )
    dropout: float = option(0.5, "Rate before the last layer.", least=0, most=1)
    flow_scale: float = option(20.0, "Displacement in pixels that an output of 1 of the decoder means.", above=0)
    level_weights: tuple[float, ...] = option(
        (1.0, 1.0, 1.0, 2.0), "Weights alpha of the flow's errors at the strides 4, 8, 16 and 32.", least=0
    )
    flow_weight: float = option(1.0, "Weight lambda of the flow's error beside the class loss.", least=0)
    scaling: str = option("imagenet", "Range of the frames.", choices=tuple(MEAN_AND_DEVIATION))


@keras.saving.register_keras_serializable(package="models")
class ActionFlowNet(ClipClassifier):
    """A network of frame pairs with an output of classes, of flow, or of both.

    Args:
        num_classes: length of the logits.
        clip_shape: `(T, H, W, 3)`; T, H and W may be None.
        options: `Options`, or the dictionary of their fields.
        **kwargs: `keras.Model` arguments.

    Call arguments:
        clip: `[B, T, H, W, 3]`, integers 0..255 or floats 0..1, T >= 2. The logits of longer clips are the mean over
            their pairs.
        training: whether dropout and batch norm work as in training.

    Output shape:
        `{"logits": [B, num_classes], "flow": [B, T - 1, H, W, 2], "flows": [[B, T - 1, h, w, 2], ...]}`: the flow of
        the frames, and flow at the strides 4 to 32, each in pixels of its own resolution. Logits are there where the
        classes are learned, the flow where it is learned or a second network sees it, the flows where it is learned.

    Attributes:
        network: the network of frames.
        motion: the same where it has a decoder, otherwise None.

    Raises:
        InputError: an option has a value that does not exist.
        ValueError: options that do not fit each other.
    """

    options_class = Options
    options: Options

    def __init__(
        self, num_classes: int, clip_shape: Shape, options: Options | dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(num_classes, clip_shape, options, **kwargs)
        chosen = self.options
        _check_together(chosen)
        stacked = chosen.structure != JOINT
        has_flow = stacked or FLOW in chosen.losses
        self.network = FlowNetwork(
            chosen.depth,
            chosen.width,
            decoder=has_flow,
            decoder_filters=chosen.decoder_filters or None,
            block=chosen.decoder_block,
            flow_scale=chosen.flow_scale,
            scaling=chosen.scaling,
            name="flow_network",
        )
        self.network.trainable = chosen.flow_network == TRAINED
        self.motion = self.network if has_flow else None
        self.head: keras.Model | None = None
        if CLASS in chosen.losses:
            self.head = self._stacked_network() if stacked else self._joint_head()

    def _joint_head(self) -> keras.Model:
        features = cast(Tensor, keras.Input((None, None, self.network.features)))
        return keras.Model(features, classify(features, self.num_classes, self.options.dropout), name="head")

    def _stacked_network(self) -> keras.Model | None:
        chosen = self.options
        network = ResidualNetwork(
            resnet2d.Convolutions(),
            self.num_classes,
            chosen.depth,
            chosen.width,
            chosen.dropout,
            prefix=STACKED_PREFIX,
        )
        # Without the first convolution and the pooling, a quarter of the size is where the first block begins.
        start = "block1" if chosen.structure == STACKED else "input"
        return network.part((None, None, FLOW_CHANNELS), start=start, name="stacked")

    @property
    def frozen_networks(self) -> dict[str, keras.Layer]:
        """The network of flow where it keeps its weights, by the option that freezes it."""
        return {"flow_network=frozen": self.network} if self.options.flow_network == FROZEN else {}

    def build(self, input_shape: Shape | None = None) -> None:
        """The constructor has created every weight."""
        self.network.build()
        self.built = True

    def call(self, clip: Tensor, training: bool | None = None) -> dict[str, Any]:
        """The logits and the flow of clips."""
        chosen, network = self.options, self.network
        # Keras freezes the statistics of a frozen layer that is called as a whole; here its parts are called.
        learns = training and chosen.flow_network == TRAINED
        stages = network.stages_of(clip, learns)
        steps = ops.shape(clip)[1] - 1
        outputs: dict[str, Any] = {}
        seen = stages[-1]
        if self.motion is not None:
            flows = network.flows_of(stages, learns)
            outputs["flow"] = network.full_size(flows[0], clip)
            if FLOW in chosen.losses:
                outputs["flows"] = [_of_clips(flow, steps) for flow in flows]
            if chosen.structure == STACKED:
                seen = flows[0]
            elif chosen.structure == STACKED_FULL_SIZE:
                seen = fold_time(outputs["flow"])
        if self.head is not None:
            outputs["logits"] = self.consensus(_of_clips(self.head(seen, training=training), steps))
        return outputs


def _of_clips(values: Tensor, steps: Any) -> Tensor:
    """`[B * steps, ...]` to `[B, steps, ...]`."""
    return ops.reshape(values, (-1, steps, *ops.shape(values)[1:]))


def _check_together(options: Options) -> None:
    """Refuses options that contradict each other."""
    frozen = options.flow_network == FROZEN
    if frozen and (options.structure == JOINT or FLOW in options.losses):
        raise ValueError(
            "flow_network=frozen is for a stacked classifier that learns the classes alone. Received: "
            f"structure={options.structure}, losses={','.join(options.losses)}"
        )
    if options.structure != JOINT and CLASS not in options.losses:
        raise ValueError(
            f"structure={options.structure} puts a classifier on the flow, but losses={','.join(options.losses)} has "
            "no classes: take structure=joint to learn flow alone."
        )
    for name, length in (("level_weights", len(STRIDES)), ("decoder_filters", len(STRIDES) - 1)):
        values = getattr(options, name)
        if values and len(values) != length:
            raise ValueError(f"{name} are {length} numbers, fine to coarse. Received: {name}={values}")
    if not any(options.level_weights):
        raise ValueError(f"One of level_weights must be above 0. Received: level_weights={options.level_weights}")


def build(*, num_classes: int, clip_shape: Shape, options: Options | None = None) -> keras.Model:
    """An `ActionFlowNet` with all its weights."""
    model = ActionFlowNet(num_classes, clip_shape, options, name="action_flow_net")
    model.build()
    return model


def needs(options: Options) -> tuple[str, ...]:
    """The label and the flow, as far as they are learned."""
    return ("label",) * (CLASS in options.losses) + ("flow", "known") * (FLOW in options.losses)


def objective(options: Options, batch: dict[str, Tensor], outputs: dict[str, Any]) -> dict[str, Tensor]:
    """Multi-task loss of the paper (Eq. 3): cross-entropy plus lambda times the errors of the flow, per clip `[B]`."""
    terms = {}
    if CLASS in options.losses:
        terms["class"] = cross_entropy(batch["label"], outputs["logits"])
    if FLOW in options.losses:
        errors = multiscale_end_point_error(batch["flow"], outputs["flows"], batch["known"], options.level_weights)
        terms["flow"] = options.flow_weight * errors
    return terms


def learning_rates(options: Options) -> dict[str, float]:
    """Nothing: all weights learn at one rate."""
    return {}
