"""TVNet alone: optical flow of frame pairs, learned from exact flow or from the frames themselves.

Fan et al., CVPR 2018, section 5.1 and Table 1: mean end-point error 0.35 on Middlebury with TVNet-50 trained on its
eight pairs, 2.93 untrained. `docs/methods/tvnet.md` lists what differs here.
"""

import dataclasses
from typing import Any, cast

import keras

from tvnet_keras.layers.tvnet import LEARNABLE
from tvnet_keras.losses.endpoint import mean_end_point_error, robust_end_point_error
from tvnet_keras.losses.tvl1_energy import tvl1_energy
from tvnet_keras.ops.tvl1.variants import VARIANTS
from tvnet_keras.options import option, same_option
from tvnet_keras.typing import Shape, Tensor

from .parts import tvnet_layer
from .parts.clip_model import ClipModel

FRAMES = 2

NEEDS = ("flow", "known")


@dataclasses.dataclass
class Options:
    """What `--config.model.*` can set for `--method=tvnet_flow`."""

    preset: str = same_option(tvnet_layer.Options, "preset")
    # A TVNet has weights of its own for every iteration of every warp of every scale.
    scales: int = option(1, "Scales of the image pyramid.", least=1, most=20)
    warps: int = option(1, "Warps on every scale.", least=1, most=100)
    iterations: int = option(50, "TV-L1 iterations of every warp.", least=1, most=10_000)
    learn: tuple[str, ...] = option(("u0", "kernels"), "Weights that are trained.", choices=LEARNABLE)
    u0_size: tuple[int, ...] = option(
        (), "Height and width of the grid of the initial flow; empty takes the coarsest scale's.", least=1
    )
    variant: str = option(
        "default", "Formulae of the solver; official reproduces the released code.", choices=tuple(VARIANTS)
    )
    tau: float = same_option(tvnet_layer.Options, "tau")
    lambda_: float = same_option(tvnet_layer.Options, "lambda_")
    theta: float = same_option(tvnet_layer.Options, "theta")
    share: tuple[str, ...] = same_option(tvnet_layer.Options, "share")
    constants_per: str = same_option(tvnet_layer.Options, "constants_per")
    median: int = same_option(tvnet_layer.Options, "median")
    texture: float = same_option(tvnet_layer.Options, "texture")
    detach_warps: bool = same_option(tvnet_layer.Options, "detach_warps")
    loss: str = option(
        "epe",
        "What is minimised: the mean end-point error of the known vectors (epe), that error to the power of 0.4, to "
        "which far vectors matter less (robust), or the energy of TV-L1, without truth.",
        choices=("epe", "robust", "energy"),
    )
    energy_weight: float = option(
        0.0, "Weight of the energy of TV-L1 beside the error, so that the flow also explains the frames.", least=0
    )
    kernels_rate: float = option(
        1.0, "Multiple of the learning rate with which the kernels learn; the constants decide more.", above=0
    )


@keras.saving.register_keras_serializable(package="models")
class TVNetFlow(ClipModel):
    """A model that is TVNet and nothing else.

    Args:
        clip_shape: `(T, H, W, 3)`; H and W may be None, then `options.u0_size` is needed.
        options: `Options`, or the dictionary of their fields.
        **kwargs: `keras.Model` arguments.

    Call arguments:
        clip: `[B, T, H, W, 3]`, integers 0..255 or floats 0..1.
        training: whether dropout and batch norm work as in training.

    Output shape:
        `{"flow": [B, T - 1, H, W, 2]}`, in pixels.
    """

    options_class = Options
    options: Options

    def __init__(self, clip_shape: Shape, options: Options | dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(clip_shape, options, **kwargs)
        chosen = self.options
        self.motion = tvnet_layer.make_tvnet(
            chosen,
            scales=chosen.scales,
            warps=chosen.warps,
            iterations=chosen.iterations,
            learn=chosen.learn,
            # The layer refuses another length than two.
            u0_size=cast(
                "tuple[int, int] | None",
                None if isinstance(chosen.u0_size, tuple) and not chosen.u0_size else chosen.u0_size,
            ),
            variant=chosen.variant,
            name="tvnet",
        )

    def build(self, input_shape: Shape | None = None) -> None:
        """Creates every weight for clips of `clip_shape`."""
        self.motion.build((None, *self.clip_shape))
        self.built = True

    def call(self, clip: Tensor, training: bool | None = None) -> dict[str, Tensor]:
        """The flow of clips."""
        return {"flow": self.motion(clip)}


def build(*, num_classes: int, clip_shape: Shape, options: Options | None = None) -> keras.Model:
    """A `TVNetFlow` with all its weights; it names no classes, however many there are."""
    model = TVNetFlow(clip_shape, options, name="tvnet_flow")
    model.build()
    return model


def needs(options: Options) -> tuple[str, ...]:
    """The exact flow; nothing where the energy is minimised."""
    return () if options.loss == "energy" else NEEDS


def objective(options: Options, batch: dict[str, Tensor], outputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """End-point error, its robust form or TV-L1 energy per clip `[B]`; with `energy_weight` also that energy."""
    terms = {}
    if options.loss == "epe":
        terms["end_point_error"] = mean_end_point_error(batch["flow"], outputs["flow"], batch["known"])
    elif options.loss == "robust":
        terms["robust_error"] = robust_end_point_error(batch["flow"], outputs["flow"], batch["known"])
    weight = 1.0 if options.loss == "energy" else options.energy_weight
    return {**terms, "energy": weight * tvl1_energy(batch["clip"], outputs["flow"])} if weight else terms


def learning_rates(options: Options) -> dict[str, float]:
    """`kernels_rate` for the kernels, the common rate for all else; empty where no weight is trained.

    All of them are a solver's, and named here so that none of them decays.
    """
    slower = options.kernels_rate != 1 and "kernels" in options.learn
    kernels = {"(^|/)tvnet/kernels": options.kernels_rate} if slower else {}
    return {**kernels, "(^|/)tvnet/": 1.0} if options.learn else {}
