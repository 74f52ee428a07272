"""What a network sees in the place of frames where flow was stored: stacks of it, or of TV-L1's flow of that flow."""

from typing import Any

import keras
from keras import layers, ops

from tvnet_keras.choices import check_choice
from tvnet_keras.layers.arguments import positive_int
from tvnet_keras.layers.flow_image import FlowImage
from tvnet_keras.layers.sliding_windows import SlidingWindows
from tvnet_keras.layers.tvnet import TVNet
from tvnet_keras.typing import Shape, Tensor

STORED = "stored"
TWICE = "stored_twice"
STORED_MOTIONS = (STORED, TWICE)
"""Stored flow as it is, and TV-L1 of its pictures: flow of flow."""

FLOW_CHANNELS = 2

STACK_STEP = 2
"""Steps between the stacks that are seen of a clip: of sixteen frames, ten fields from 0, 2 and 4 on, as released."""

SCALES = WARPS = 5
ITERATIONS = 10
"""TV-L1 of flow pictures: the scales and warps of stored TV-L1, and as many iterations as this project stores."""


@keras.saving.register_keras_serializable(package="models")
class StoredMotion(layers.Layer):
    """Flow as pictures between -1 and 1, and optionally TV-L1's flow of these pictures, in stacks.

    Flow of flow: the two components of stored flow are grey pictures, as they are stored, and TV-L1 with fixed
    constants follows each from one step to the next. Its two fields are four channels. The paper does not say what
    TV-L1, which takes grey pictures, was given of a flow; here nothing of it is lost.

    Args:
        motion: one of `STORED_MOTIONS`.
        fields: number of steps in a stack. Of several, every second stack is given.
        bound: largest displacement, in pixels per frame; larger ones are clipped to it.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        flow: a Flow `[B, T, H, W, 2]`.

    Output shape:
        `[B, T', H, W, C * fields]`, C = 2 for flow and 4 for flow of flow; T' is the number of stacks.

    Raises:
        InputError: `motion` is another word.
        ValueError: `fields` or `bound` is out of range, or there are fewer steps than a stack takes.

    Example:
        >>> tuple(StoredMotion("stored", fields=10)(np.zeros((1, 15, 32, 32, 2))).shape)
        (1, 3, 32, 32, 20)

    Reference:
        Piergiovanni & Ryoo, "Representation Flow for Action Recognition", CVPR 2019, Tables 1 and 5.
    """

    def __init__(self, motion: str, fields: int = 1, bound: float = 20.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = check_choice("motion", motion, STORED_MOTIONS)
        self.fields = positive_int("fields", fields)
        self.flow_image = FlowImage(bound, name="flow_image")
        self.windows = SlidingWindows(fields, name="windows")
        self.tvl1: TVNet | None = None
        if motion == TWICE:
            self.tvl1 = TVNet(SCALES, WARPS, ITERATIONS, value_range=(-1.0, 1.0), learn=(), name="tvl1")

    def build(self, flow_shape: Shape) -> None:
        """Creates the constants of TV-L1, none of which is trained."""
        if self.tvl1 is not None:
            self.tvl1.build((*flow_shape[:-1], 1))
        self.built = True

    def call(self, flow: Tensor) -> Tensor:
        """`[B, T, H, W, 2]` to `[B, T', H, W, C * fields]`."""
        if flow.shape[-1] != FLOW_CHANNELS:
            raise ValueError(f"The model takes flow [B, T, H, W, 2]. Received: {tuple(flow.shape)}")
        steps = self.flow_image(flow)
        if self.tvl1 is not None:
            again = [self.tvl1(steps[..., k : k + 1]) for k in range(FLOW_CHANNELS)]
            steps = self.flow_image(ops.concatenate(again, axis=-1))
        return self.windows(steps)[:, :: self._step]

    def compute_output_shape(self, flow_shape: Shape) -> Shape:
        """`[B, T, H, W, 2]` to `[B, T', H, W, C * fields]`."""
        batch, time, height, width, channels = flow_shape
        if self.tvl1 is not None:
            time, channels = None if time is None else time - 1, FLOW_CHANNELS * channels
        batch, stacks, *rest = self.windows.compute_output_shape((batch, time, height, width, channels))
        return batch, None if stacks is None else -(-stacks // self._step), *rest

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"motion": self.kind, "fields": self.fields, "bound": self.flow_image.bound}
        return {**super().get_config(), **own}

    @property
    def _step(self) -> int:
        return STACK_STEP if self.fields > 1 else 1


def frames_of_stack(motion: str, fields: int) -> int:
    """The number of frames that one stack is of.

    Args:
        motion: one of `STORED_MOTIONS`.
        fields: number of steps in a stack.
    """
    return fields + (2 if motion == TWICE else 1)
