"""The residual network, written once: blocks of a family's convolutions, cut wherever a method puts something in."""

import dataclasses
from typing import cast

import keras
from keras import layers

from tvnet_keras.errors import InputError
from tvnet_keras.layers.non_local import NonLocal
from tvnet_keras.typing import Shape, Tensor

from ..parts.classifier import classify
from .convolutions import ConvolutionMaker, normalise

BLOCKS = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
"""Number of residual blocks in every stage, by depth; depth 10 is for small machines."""

BOTTLENECK_DEPTHS = (50,)
EXPANSION = 4
"""The last convolution of a bottleneck has so many times the channels of the others."""

PLACES = ("input", "conv1", "block1", "block2", "block3", "block4", "block5")
"""Where a network can be cut. Block 1 ends with the pooling after conv1; block k + 1 is layer k of other code."""

NON_LOCAL_PLACES = PLACES[3:]
"""The places whose stages can have non-local blocks."""

STAGES = ("conv1", "block2", "block3", "block4", "block5")
"""The places where an encoder's stages end, fine to coarse."""

LOGITS = "logits"

RGB_PREFIX = "rgb_"
"""What the names begin with in a second network beside the one with the flow."""


@dataclasses.dataclass(frozen=True)
class ResidualNetwork:
    """A residual network that can be built whole or in parts.

    Args:
        convolutions: how the family convolves.
        num_classes: length of the logits; 0 for a network that ends before them.
        depth: 10, 18, 34 or 50.
        width: number of channels of the first stage; the published networks have 64.
        dropout: dropout rate before the last layer.
        non_local: places, of block2 to block5, whose stages get a non-local block after every second residual block.
        prefix: what the names of all layers begin with, where two networks stand in one model.

    Raises:
        InputError: a depth that the family does not have, or no such place.
    """

    convolutions: ConvolutionMaker
    num_classes: int = 0
    depth: int = 18
    width: int = 64
    dropout: float = 0.0
    non_local: tuple[str, ...] = ()
    prefix: str = ""

    def __post_init__(self) -> None:
        if self.depth not in self.convolutions.depths:
            known = ", ".join(map(str, self.convolutions.depths))
            raise InputError(f"depth={self.depth} is none of {known}, which this backbone has.")
        wrong = [place for place in self.non_local if place not in NON_LOCAL_PLACES]
        if wrong:
            raise InputError(f"non_local={wrong[0]} is none of {', '.join(NON_LOCAL_PLACES)}.")

    def part(
        self, input_shape: Shape, start: str = "input", stop: str = LOGITS, name: str | None = None
    ) -> keras.Model | None:
        """The network from one place to another.

        Args:
            input_shape: `(H, W, C)` or `(T, H, W, C)` at `start`, without the batch.
            start: one of `PLACES`, behind which the part begins.
            stop: a later place, with which it ends, or "logits".
            name: the name of the model.

        Returns:
            A `keras.Model`, or None where nothing lies between the places.
        """
        steps = (*PLACES, LOGITS)
        steps = steps[steps.index(start) + 1 : steps.index(stop) + 1]
        if not steps:
            return None
        inputs = x = cast(Tensor, keras.Input(input_shape))  # Of one shape: no list.
        for step in steps:
            x = self._step(x, step)
        return keras.Model(inputs, x, name=name)

    def stages(self, input_shape: Shape, name: str | None = None) -> keras.Model:
        """The network as an encoder: `models.encoders` says what that is.

        Args:
            input_shape: `(H, W, C)` of the frames or `(T, H, W, C)` of the clips, without the batch.
            name: the name of the model.

        Returns:
            A model whose stage 1 is conv1 and whose stages 2 to 5 are blocks 2 to 5. Every stage halves height and
            width, except stage 2 in families that do not pool after conv1; a border that the first convolution does
            not pad is missing from all of them.
        """
        inputs = x = cast(Tensor, keras.Input(input_shape))  # Of one shape: no list.
        ends = {}
        for place in PLACES[1:]:
            x = ends[place] = self._step(x, place)
        return keras.Model(inputs, {f"stage{n}": ends[place] for n, place in enumerate(STAGES, 1)}, name=name)

    def _step(self, x: Tensor, step: str) -> Tensor:
        if step == "conv1":
            x = self.convolutions.stem(x, self.width, f"{self.prefix}conv1")
            x = normalise(x, f"{self.prefix}conv1")
            return layers.ReLU(name=f"{self.prefix}conv1_relu")(x)
        if step == "block1":
            return self.convolutions.pool(x, f"{self.prefix}pool1")
        if step == LOGITS:
            return classify(x, self.num_classes, self.dropout, prefix=self.prefix)
        return self._stage(x, step)

    def _stage(self, x: Tensor, place: str) -> Tensor:
        stage = PLACES.index(place) - PLACES.index("block1")
        name = f"{self.prefix}layer{stage}"
        bottleneck = self.depth in BOTTLENECK_DEPTHS
        count = BLOCKS[self.depth][stage - 1]
        for block in range(count):
            stride = 2 if block == 0 and stage > 1 else 1
            width, here = self.width * 2 ** (stage - 1), f"{name}_{block}"
            x = (
                self._bottleneck(x, width, stride, block, here)
                if bottleneck
                else self.basic_block(x, width, stride, here)
            )
            if place in self.non_local and (block % 2 or count == 1):
                x = NonLocal(name=f"{name}_{block}_non_local")(x)
        return x

    def basic_block(self, x: Tensor, width: int, stride: int, name: str) -> Tensor:
        """Two convolutions beside a shortcut.

        Args:
            x: a Keras tensor of features.
            width: channels of the result.
            stride: that of the first convolution.
            name: what the names of the layers begin with.
        """
        make, planes = self.convolutions, x.shape[-1]
        shortcut = self._shortcut(x, width, stride, name)
        x = normalise(make.conv3x3(x, width, stride, f"{name}_conv1", planes=planes), f"{name}_conv1")
        x = layers.ReLU(name=f"{name}_relu1")(x)
        x = normalise(make.conv3x3(x, width, 1, f"{name}_conv2", planes=planes, position=1), f"{name}_conv2")
        return layers.ReLU(name=f"{name}_relu2")(layers.add([shortcut, x], name=f"{name}_add"))

    def _bottleneck(self, x: Tensor, width: int, stride: int, block: int, name: str) -> Tensor:
        make, planes = self.convolutions, x.shape[-1]
        shortcut = self._shortcut(x, EXPANSION * width, stride, name)
        x = normalise(make.reduce(x, width, block, f"{name}_conv1"), f"{name}_conv1")
        x = layers.ReLU(name=f"{name}_relu1")(x)
        x = normalise(make.conv3x3(x, width, stride, f"{name}_conv2", planes=planes), f"{name}_conv2")
        x = layers.ReLU(name=f"{name}_relu2")(x)
        x = normalise(make.conv1x1(x, EXPANSION * width, 1, f"{name}_conv3"), f"{name}_conv3")
        return layers.ReLU(name=f"{name}_relu3")(layers.add([shortcut, x], name=f"{name}_add"))

    def _shortcut(self, x: Tensor, channels: int, stride: int, name: str) -> Tensor:
        if stride == 1 and x.shape[-1] == channels:
            return x
        return normalise(self.convolutions.conv1x1(x, channels, stride, f"{name}_shortcut"), f"{name}_shortcut")
