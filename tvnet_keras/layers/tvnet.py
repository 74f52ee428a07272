"""TVNet: TV-L1 optical flow unrolled into a trainable layer."""

import warnings
from collections.abc import Callable
from typing import Any, Literal, cast

import keras
import numpy as np
from keras import ops

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.layers.arguments import (
    check_clip,
    fraction,
    grid_size,
    inner_fraction,
    learnable,
    number_among,
    ordered_range,
    positive,
    positive_int,
)
from tvnet_keras.layers.from_preset import FromPreset
from tvnet_keras.layers.motion_layer import MotionLayer
from tvnet_keras.layers.shared_kernels import checked_axes, shared_shape, shared_values
from tvnet_keras.layers.solver_constants import add_constants, fitted_constant, stack_constants
from tvnet_keras.layers.stored_by_name import StoredByName
from tvnet_keras.ops.compilation import compiles_for_cpu
from tvnet_keras.ops.differentiable import once_differentiable
from tvnet_keras.ops.gradients import CENTRAL_TAPS, FORWARD_TAPS
from tvnet_keras.ops.median import SIZES
from tvnet_keras.ops.native import MODES
from tvnet_keras.ops.pyramid import level_size, scale_limit
from tvnet_keras.ops.resize import resize_flow, resize_flow_by
from tvnet_keras.ops.tracing import xla_compiles
from tvnet_keras.ops.tvl1.solver import Steps, steps_of
from tvnet_keras.ops.tvl1.variants import VARIANTS
from tvnet_keras.ops.value_check import check_values
from tvnet_keras.typing import Dimension, Shape, Tensor

LEARNABLE = ("u0", "kernels", "image_gradient", "tau", "lambda", "theta")
"""The weights by name. Those of `IF_LEARNED` are there where they are learned only, the others always."""

CONSTANTS_PER = ("network", "scale")
"""What has a tau, a lambda and a theta of its own."""

STORED_OPTIONS = ("median", "texture")
"""What else the flow depends on and no weight shows. Files have those that are on."""

IF_LEARNED = ("image_gradient",)
"""A fixed image gradient is faster, and old files have no weight for it."""

SLOW_TO_COMPILE = 3
"""The number of warps, over all levels, from which XLA compiles for 10 s and more on a CPU."""

SECONDS_TO_COMPILE = 3
"""What XLA takes for every warp with its gradient, on a core that has nothing else to do."""


@keras.saving.register_keras_serializable(package="tvnet_keras")
class TVNet(FromPreset, StoredByName, keras.layers.Layer, MotionLayer):
    """Optical flow between neighbouring frames by the unrolled TV-L1 iterations of TVNet.

    Untrained it is a TV-L1 solver with fixed numbers of scales, warps and iterations (TVNet-S-W-I of the paper);
    trained, its initial flow `u0` and the two-tap kernels of every iteration adapt to the loss behind it, and on
    request the kernels of the image gradient (w_c of the paper's Eq. 7, which its released code does not train).
    It is a motion layer: output t is the flow from frame t to frame t + 1, and nothing else of the clip enters it.

    The frames are turned to grey, scaled to 0..255 (TV-L1's constants belong to that range) and smoothed inside.
    It is differentiable once: a gradient of its gradient is refused.
    The layer always computes in float32: under mixed precision float16 would round its epsilons to zero.
    `SOLVER_VERSION` 1: as first written.

    Args:
        scales: pyramid levels S, at least 1. Small images use fewer (`ops.pyramid.scale_limit`).
        warps: number W of warps of the second frame at every level.
        iterations: number I of TV-L1 iterations after each warp.
        value_range: `(low, high)` that *float* input spans; integer input always means 0..255. A clip of another range
            is worth one warning: a model casts integers to the dtype of its `keras.Input`, float32 by default.
        tau: step of the dual update.
        lambda_: weight of the brightness term.
        theta: coupling of u and v.
        zoom: size ratio of neighbouring pyramid levels.
        learn: names of the trainable weights, out of "u0", "kernels", "image_gradient", "tau", "lambda", "theta"; `()`
            for none. With "image_gradient" the layer has one weight more, three taps for x and for y at every scale,
            and warps take backend operations in every mode.
        u0_size: `(height, width)` of the grid on which the initial flow u0 is kept; by default the size of the
            coarsest level of the input it is built with. At other input sizes u0 is resized (align-corners) and its
            vectors scaled, so that a trained u0 transfers to any size.
        share: out of "scales", "warps" and "iterations": the kernels are the same along these axes, and their weight is
            1 long there. Files hold them repeated, so that they are those of any TVNet-S-W-I.
        constants_per: "network", or "scale" for a tau, a lambda and a theta of every scale, `[S]`. Files with one of
            each are loaded as the same for every scale.
        median: side of the window, 3 or 5, of the median filter through which u and v go after the iterations of every
            warp, the last one too; 0 for none.
        texture: share, 0 to 1, of the structure that is taken away from the frames of every pyramid level, so that slow
            changes of the light matter less; 0.95 is usual, 0 for none. Structure is the frame smoothed by a Gaussian
            of 4 pixels of that level (`ops.tvl1.frames.without_structure`).
        detach_warps: whether no gradient goes through the flow by which the second frame is warped, only through the
            flow that the iterations go on from (as in Teed & Deng's RAFT). The flow itself is the same. Through many
            warps the whole gradient explodes.
        variant: "default", or "official", which reproduces the released code to its last rounding
            (`docs/methods/tvnet.md` lists where they differ) and has neither median nor texture.
        mode: how the iterations are executed: "auto" (the fastest valid way), "portable" (backend operations only)
            or "native" (CPU kernels through numba); the flow is the same (`ops.tvl1.solver.steps_of`).
        **kwargs: `keras.layers.Layer` arguments; `dtype` can only be float32.

    Call arguments:
        clip: `[B, T, H, W, C]`, C = 1 or 3 (R, G, B), T >= 2; integers 0..255 or floats within `value_range`.

    Input shape:
        `[B, T, H, W, C]`; T, H and W may be unknown until run time (then give `u0_size`).

    Output shape:
        `[B, T - 1, H, W, 2]`, float32: u (+ right) and v (+ down) in pixels per frame at the clip's resolution.

    Raises:
        ValueError: an argument is out of its range, or the clip has one frame only or another number of channels.
        InputError: `mode="native"` where the kernels cannot be used.

    Example:
        >>> flow = TVNet(iterations=50)(np.random.rand(1, 6, 64, 64, 3))
        >>> tuple(flow.shape)
        (1, 5, 64, 64, 2)

    Reference:
        Fan et al., "End-to-End Learning of Motion Representation for Video Understanding", CVPR 2018, Algorithm 1.
        Deviations from the paper and from its released code: `docs/methods/tvnet.md`.
    """

    frames_consumed = 1
    SOLVER_VERSION = 1

    def __init__(
        self,
        scales: int = 1,
        warps: int = 1,
        iterations: int = 50,
        *,
        value_range: tuple[float, float] = (0.0, 1.0),
        tau: float = 0.25,
        lambda_: float = 0.15,
        theta: float = 0.3,
        zoom: float = 0.5,
        learn: tuple[str, ...] = ("u0", "kernels"),
        u0_size: tuple[int, int] | None = None,
        share: tuple[str, ...] = (),
        constants_per: str = "network",
        median: Literal[0, 3, 5] = 0,
        texture: float = 0.0,
        detach_warps: bool = False,
        variant: str = "default",
        mode: str = "auto",
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        if self.dtype_policy.compute_dtype != "float32":
            raise ValueError(f"TVNet computes in float32 only. Received: dtype={self.dtype_policy.name}")
        self.scales = positive_int("scales", scales)
        self.warps = positive_int("warps", warps)
        self.iterations = positive_int("iterations", iterations)
        self.value_range = ordered_range(value_range)
        self.tau, self.lambda_, self.theta = (
            positive(name, value) for name, value in (("tau", tau), ("lambda_", lambda_), ("theta", theta))
        )
        self.zoom = inner_fraction("zoom", zoom)
        self.learn = learnable(learn, LEARNABLE)
        self.u0_size = None if u0_size is None else grid_size(u0_size)
        self.share = checked_axes(share)
        self.constants_per = check_choice("constants_per", constants_per, CONSTANTS_PER)
        self.median, self.texture = number_among("median", median, (0, *SIZES)), fraction("texture", texture)
        self.variant = check_choice("variant", variant, tuple(VARIANTS))
        if self.variant == "official" and (self.median or self.texture):
            raise InputError(
                f'variant="official" has neither median nor texture, which the released code lacks; leave them out or '
                f"take another variant. Received: median={self.median}, texture={self.texture}"
            )
        self.detach_warps = bool(detach_warps)
        self.mode = check_choice("mode", mode, MODES)
        self._announced = False

    def build(self, input_shape: Shape) -> None:
        """Creates the weights.

        They are u0, the kernels `[S, W, I, 8, 2]` (as in `ops.tvl1.formulae.iteration`; 1 for S, W or I where they are
        shared), the three constants, scalars or `[S]`, and, if it is learned, the image gradient `[S, 2, 3]` (as in
        `ops.gradients.central_gradient`). Scale 0 is the finest.
        """
        _check_clip(input_shape)
        if self.u0_size is None:
            self.u0_size = self._coarsest_size(*input_shape[2:4])
        self.u0 = self.add_weight(
            name="u0", shape=(*self.u0_size, 2), initializer="zeros", trainable="u0" in self.learn
        )
        self.kernels = self.add_weight(
            name="kernels",
            shape=shared_shape(self.share, self._kernels_shape),
            initializer=_filled_with(FORWARD_TAPS),
            trainable="kernels" in self.learn,
        )
        self.scalars = add_constants(self, (self.scales,) if self.constants_per == "scale" else ())
        self.image_gradient = None
        if "image_gradient" in self.learn:
            self.image_gradient = self.add_weight(
                name="image_gradient", shape=(self.scales, 2, 3), initializer=_filled_with(CENTRAL_TAPS)
            )
        self._require_all_of_preset()

    def call(self, clip: Tensor) -> Tensor:
        """Flow between neighbouring frames: `[B, T, H, W, C] -> [B, T - 1, H, W, 2]`."""
        _check_clip(clip.shape)
        check_values(self, clip, self.value_range, "give the layer the value_range of the frames")
        if keras.backend.is_float_dtype(clip.dtype):
            clip = once_differentiable(clip)
        batch, time, height, width = ops.shape(clip)[:4]
        self._announce_compilation()
        steps = steps_of(self.mode)
        first, second = VARIANTS[self.variant].prepare(clip, self.value_range, steps)
        return ops.reshape(self._flow(first, second, steps), (batch, time - 1, height, width, 2))

    def _announce_compilation(self) -> None:
        solved = self.scales * self.warps
        if solved < SLOW_TO_COMPILE or self._announced or not (xla_compiles() and compiles_for_cpu()):
            return
        self._announced = True
        warnings.warn(
            f"{self.name}: jit_compile=True has XLA compile {self.scales} scales x {self.warps} warps as one program: "
            f"about {SECONDS_TO_COMPILE * solved} s on a CPU, and again for every other number of clips or frames and "
            "every other size; without it nothing has to be compiled for so long.",
            stacklevel=2,
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """`[B, T, H, W, C] -> [B, T - 1, H, W, 2]`."""
        # While a model is put together Keras asks for this only, not for `call`.
        _check_clip(input_shape)
        batch, time, height, width, _ = input_shape
        return batch, None if time is None else time - 1, height, width, 2

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; `u0_size` is the built one, so that weights fit whatever size comes next."""
        names = ("scales", "warps", "iterations", "value_range", "tau", "lambda_", "theta", "zoom")
        names += ("learn", "u0_size", "share", "constants_per", "median", "texture", "detach_warps", "variant", "mode")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def load_own_variables(self, store: Any) -> None:
        """Loads what `save_own_variables` stored; without a stored image gradient it becomes the central difference.

        Raises:
            ValueError: an image gradient is stored, and this layer does not learn one.
        """
        stored = {name: store[name] for name in store.keys()}  # noqa: SIM118 - Keras's stores are no dictionaries.
        if self.image_gradient is None:
            if "image_gradient" in stored:
                raise ValueError(
                    f"{self.name}: the weights are of a TVNet that learned its image gradient; name it in learn, and "
                    f"set trainable = False if it shall stay as it is. Received: learn={self.learn}"
                )
        else:
            stored.setdefault("image_gradient", np.broadcast_to(CENTRAL_TAPS, self.image_gradient.shape))
        super().load_own_variables(stored)

    @property
    def _kernels_shape(self) -> tuple[int, ...]:
        """The shape of the kernels of every iteration."""
        return self.scales, self.warps, self.iterations, 8, 2

    def _stored(self, weight: keras.Variable) -> np.ndarray:
        """Kernels are stored as those of every iteration, whether they are shared or not."""
        value = super()._stored(weight)
        return np.broadcast_to(value, self._kernels_shape) if weight is self.kernels else value

    def _stored_options(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in STORED_OPTIONS if getattr(self, name)}

    def _fitted(self, weight: keras.Variable, value: np.ndarray) -> Any:
        """A stored u0 of another grid is resized and its vectors scaled; what is shared is stored repeated."""
        if weight is self.u0 and value.shape != weight.shape:
            return resize_flow(ops.convert_to_tensor(value)[None], *self.u0.shape[:2])[0]
        if weight is self.kernels and value.shape == self._kernels_shape:
            return shared_values(self.name, self.share, value)
        if any(weight is constant for constant in self.scalars):
            return fitted_constant(self.name, weight, value, self.scales)
        return value

    def _stored_weights(self) -> tuple[keras.Variable, ...]:
        # Kernels first: if they do not fit, nothing has been loaded yet.
        learned = () if self.image_gradient is None else (self.image_gradient,)
        return (self.kernels, *self.scalars, *learned, self.u0)

    def _coarsest_size(self, height: int | None, width: int | None) -> tuple[int, int]:
        if height is None or width is None:
            raise ValueError(
                "TVNet built with an unknown height or width needs u0_size=(height, width), the grid of its initial "
                f"flow. Received: height={height}, width={width}, u0_size=None"
            )
        size = self._level_size(self._coarsest_level(height, width), height, width)
        return cast(tuple[int, int], size)

    def _coarsest_level(self, height: Dimension, width: Dimension) -> Dimension:
        """The first level solved: `scales - 1`, or less where the image is too small for so many."""
        if self.scales == 1:
            return 0  # Whatever the size: an exported graph needs no branch for it.
        limit = scale_limit(height, width, self.zoom)
        return min(self.scales, limit) - 1 if isinstance(limit, int) else ops.minimum(self.scales, limit) - 1

    def _level_size(self, level: Dimension, height: Dimension, width: Dimension) -> tuple[Dimension, Dimension]:
        return level_size(height, level, self.zoom), level_size(width, level, self.zoom)

    def _flow(self, first: Tensor, second: Tensor, steps: Steps) -> Tensor:
        """Coarse to fine over the pyramid: `[N, H, W]` twice in, `[N, H, W, 2]` out."""
        height, width = ops.shape(first)[1:3]
        coarsest = self._coarsest_level(height, width)
        size = self._level_size(coarsest, height, width)
        start = resize_flow_by(steps.resize, once_differentiable(self.u0[None]), *size)
        flow = ops.broadcast_to(start, (ops.shape(first)[0], *ops.shape(start)[1:]))
        for level in reversed(range(self.scales)):
            if isinstance(coarsest, int):
                flow = self._solve_level(level, first, second, flow, steps) if level <= coarsest else flow
            else:
                flow = ops.cond(
                    level <= coarsest,
                    lambda flow=flow, level=level: self._solve_level(level, first, second, flow, steps),
                    lambda flow=flow: flow,
                )
            if level:
                flow = self._enlarge_flow(flow, level, coarsest, height, width, steps)
        return flow

    def _enlarge_flow(
        self, flow: Tensor, level: int, coarsest: Dimension, height: Dimension, width: Dimension, steps: Steps
    ) -> Tensor:
        """The flow of `level` on the next finer one; levels that a small image skips leave it alone."""
        size = self._level_size(level - 1, height, width)
        enlarge = VARIANTS[self.variant].enlarge_flow
        if isinstance(coarsest, int):
            return enlarge(flow, *size, self.zoom, steps) if level <= coarsest else flow
        return ops.cond(level <= coarsest, lambda: enlarge(flow, *size, self.zoom, steps), lambda: flow)

    def _solve_level(self, level: int, first: Tensor, second: Tensor, flow: Tensor, steps: Steps) -> Tensor:
        variant = VARIANTS[self.variant]
        first, second = (variant.at_level(frames, level, self.zoom, self.texture, steps) for frames in (first, second))
        kernels, constants = map(once_differentiable, (self._kernels_of(level), self._constants_of(level)))
        taps = None if self.image_gradient is None else once_differentiable(self.image_gradient[level])
        between = self.median, self.detach_warps
        return variant.solve_level(first, second, flow, kernels, constants, steps, taps, *between)

    def _kernels_of(self, level: int) -> Tensor:
        """The kernels of every iteration of every warp of a level, `[W, I, 8, 2]`."""
        if not self.share:
            return self.kernels[level]
        return ops.broadcast_to(self.kernels[0 if "scales" in self.share else level], self._kernels_shape[1:])

    def _constants_of(self, level: int) -> Tensor:
        constants = stack_constants(self.scalars)
        return constants if self.constants_per == "network" else constants[:, level]


def _filled_with(taps: tuple[float, ...]) -> Callable[..., Tensor]:
    """The initializer of a weight that holds `taps` in every place of its other axes."""
    # Not `broadcast_to`: on Torch its result shares one place in memory and cannot be assigned to.
    return lambda shape, dtype=None: ops.zeros(shape, dtype) + ops.convert_to_tensor(taps, dtype)


def _check_clip(shape: Shape) -> None:
    check_clip("TVNet", shape)
    if shape[-1] not in (1, 3):
        raise ValueError(f"TVNet needs 1 or 3 channels (R, G, B). Received: shape={tuple(shape)}")
