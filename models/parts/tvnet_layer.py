"""The TVNet of a method: untrained as its options say, or from a preset that settles them."""

import dataclasses
from typing import Any

from tvnet_keras import presets
from tvnet_keras.errors import InputError
from tvnet_keras.layers.from_preset import OVERRIDABLE
from tvnet_keras.layers.shared_kernels import AXES
from tvnet_keras.layers.tvnet import CONSTANTS_PER, TVNet
from tvnet_keras.ops.median import SIZES
from tvnet_keras.options import option


def preset_names() -> tuple[str, ...]:
    """Every word that the option `preset` takes."""
    return ("", *presets.names())


@dataclasses.dataclass
class Options:
    """What every method with a TVNet offers; all but the preset are arguments of the layer."""

    tau: float = option(0.25, "Step of TVNet's dual update; where it is learned, its start.", above=0)
    lambda_: float = option(0.15, "Weight of TVNet's brightness term; where it is learned, its start.", above=0)
    theta: float = option(0.3, "Coupling of TVNet's u and v; where it is learned, its start.", above=0)
    share: tuple[str, ...] = option(
        (), "Axes along which TVNet's kernels are one weight; empty gives every iteration its own.", choices=AXES
    )
    constants_per: str = option(
        "network",
        "What has its own tau, lambda and theta of TVNet: the network, or every scale.",
        choices=CONSTANTS_PER,
    )
    median: int = option(
        0,
        "Side of the window of a median filter on TVNet's flow after every warp: 3 or 5; 0 for none.",
        choices=(0, *SIZES),
    )
    texture: float = option(
        0.0,
        "Share of their structure (what a wide Gaussian leaves of them) that TVNet's frames lose, against changes of "
        "the light; 0.95 is usual.",
        least=0,
        most=1,
    )
    detach_warps: bool = option(
        False,
        "Whether no gradient goes through the flow by which TVNet warps frames; through many warps it explodes.",
    )
    preset: str = option(
        "",
        "Preset whose weights TVNet starts from, which also sets scales, warps and whatever else its weights belong "
        "to; empty starts untrained.",
        choices=preset_names,
    )


def settled_by_preset(options: Any) -> Any:
    """The options of a method, with those that belong to the weights of its preset set as the preset says.

    Args:
        options: options of a method; those without a preset, or with an empty one, are returned as they are.

    Raises:
        InputError: there is no such preset, or an option is neither at its default nor as the preset says.
    """
    name = vars(options).get("preset", "")
    if not name:
        return options
    config, settled = presets.load(name).config, {}
    for field in dataclasses.fields(options):
        if field.name not in config or field.name in OVERRIDABLE:
            continue
        value, needed = getattr(options, field.name), config[field.name]
        # Files keep tuples as lists.
        needed = tuple(needed) if isinstance(needed, list) else needed
        if value not in (field.default, needed):
            raise InputError(
                f"{field.name}={value} does not belong to the preset {name}, whose weights need {needed}; leave it out."
            )
        settled[field.name] = needed
    return dataclasses.replace(options, **settled)


def make_tvnet(options: Any, **arguments: Any) -> TVNet:
    """A TVNet, or with the option `preset` the preset.

    Args:
        options: options of a method, `Options` among them.
        **arguments: of TVNet, beside those; of these a preset leaves what does not belong to its weights.

    Raises:
        InputError: an option does not belong to the preset.
    """
    if not options.preset:
        own = (field.name for field in dataclasses.fields(Options) if field.name != "preset")
        return TVNet(**{name: getattr(options, name) for name in own}, **arguments)
    settled_by_preset(options)
    chosen = {"detach_warps": options.detach_warps, **arguments}
    return TVNet.from_preset(options.preset, **{key: chosen[key] for key in OVERRIDABLE if key in chosen})
