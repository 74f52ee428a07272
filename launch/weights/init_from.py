"""Starting a training from a run, a weight file or ImageNet weights (`--config.init_from`)."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from launch.run.config import Config
from launch.run.run_folder import RUN_FILE, WEIGHTS_FILE, read
from launch.weights.by_name import Match, match, names_of, weight_values
from launch.weights.files import read_weights
from models import classifier_of, encoders
from models.parts.fine_tuning import IMAGE_KERNEL_RANK
from models.parts.input_scaling import AUTO, UNIT
from tvnet_keras.choices import module_names
from tvnet_keras.errors import InputError

IMAGENET = "imagenet"

RGB_CHANNELS = 3


def with_scaling_of_weights(config: Config) -> Config:
    """The configuration with the range of frames that its ImageNet weights expect, where it leaves the range open."""
    if IMAGENET not in sources_of(config) or _scaling(config.model) != AUTO:
        return config
    if config.model.backbone not in module_names(encoders):
        return config  # `initialise` will say that there are no such weights.
    scaling = encoders.scaling_of(config.model.backbone) or AUTO
    return dataclasses.replace(config, model=dataclasses.replace(config.model, scaling=scaling))


def sources_of(config: Config) -> tuple[str, ...]:
    """What a configuration starts from, one after the other."""
    return tuple(config.init_from.split(",")) if config.init_from else ()


def initialise(model: keras.Model, config: Config) -> str:
    """Puts the weights of `config.init_from` into those of the same names and shapes; all others stay fresh.

    Where several sources have a weight, the last one's is taken. The first convolution of an image network takes that
    of an RGB network, however many channels it has (`over_channels`).

    Returns:
        A text that says which weights were taken and, by layers, which were not; empty where there is no source.

    Raises:
        InputError: there is no such run or file, none of its weights fits, they were trained on frames of another range
            and the configuration does not say which range it wants, or a part of the model that is frozen would keep
            fresh weights.
    """
    said, given = [], set()
    for source in sources_of(config):
        text, taken = _from_source(model, config, source)
        said.append(text)
        given.update(taken)
    _require_frozen(model, config, given)
    return "\n".join(said)


def _require_frozen(model: keras.Model, config: Config, given: set[str]) -> None:
    """Refuses a network that keeps weights which nothing has trained."""
    for option, part in getattr(model, "frozen_networks", {}).items():
        names = names_of(model, part)
        missing = [name for name in names if name not in given]
        if missing:
            raise InputError(
                f"--config.model.{option} keeps a network as it is, but {len(missing)} of its {len(names)} weights, "
                f"such as {missing[0]}, do not come from --config.init_from={config.init_from}: name a run of the "
                "same sizes."
            )


def _from_source(model: keras.Model, config: Config, named: str) -> tuple[str, list[str]]:
    """What is said of a source, and the names of the weights taken."""
    if not named:
        raise InputError(f"--config.init_from={config.init_from} has an empty name in it: take a comma out.")
    if named == IMAGENET:
        return _from_imagenet(model, config)
    source = Path(named)
    path = source / WEIGHTS_FILE if source.is_dir() else source
    if not path.is_file():
        raise InputError(f"--config.init_from={named} is neither a finished run, nor a .weights.h5 file, nor imagenet.")
    _check_scaling(source, config)
    found = match(model, read_weights(path), over_channels(model))
    if not found.taken:
        raise InputError(
            f"No weight of --config.init_from={named} fits this model: {found.difference()}; check method and options."
        )
    found.apply()
    return f"Started from {path}: {found.report()}{_averaged(found)}", found.taken


def _check_scaling(source: Path, config: Config) -> None:
    """Refuses a run's weights that expect another range of frames than 0..1, if the configuration names no range."""
    if _scaling(config.model) != AUTO or not (source / RUN_FILE).is_file():
        return
    theirs = read(source)["config"]["model"].get("scaling", AUTO)
    if theirs not in (AUTO, UNIT):
        raise InputError(
            f"--config.init_from={source} was trained on frames scaled as {theirs!r}: add --config.model.scaling="
            f"{theirs}, or {UNIT} to leave them in 0..1."
        )


def _scaling(options: object) -> str | None:
    return vars(options).get("scaling")


def _from_imagenet(model: keras.Model, config: Config) -> tuple[str, list[str]]:
    classifier = classifier_of(model)
    if classifier is None:
        raise InputError(
            f"With --config.model.backbone={config.model.backbone}, --config.init_from=imagenet does not know "
            f"--method={config.method}'s networks; "
            "convert PyTorch's weights of the same backbone with launch.convert."
        )
    name = config.model.backbone
    imagenet = encoders.imagenet_of(name)
    if imagenet is None:
        known = ", ".join(other for other in module_names(encoders) if encoders.imagenet_of(other))
        raise InputError(f"There are no ImageNet weights for --config.model.backbone={name}, but for {known}.")
    try:
        source = imagenet()
    except InputError:
        raise
    except Exception as error:  # Keras raises a bare Exception when a download fails.
        raise InputError(f"The ImageNet weights of {name} could not be downloaded: {error}") from error
    found = transfer_images(source, classifier.layer)
    return f"Started from ImageNet: {len(found.taken)} weights copied into {name}.{_averaged(found)}", found.taken


def transfer_images(source: keras.Model, target: keras.Model) -> Match:
    """Copies an RGB network's weights into those of the same names in a network for any number of channels.

    Layers that only the target has (the classifier) are left alone.

    Args:
        source: the RGB network.
        target: the network that is changed.

    Returns:
        The match, applied.

    Raises:
        InputError: the target lacks a weight of the source, or has it in another shape; the target is unchanged.
    """
    found = match(target, weight_values(source), over_channels(target))
    if found.unused:
        raise InputError(f"{found.unused[0]} has no equal in the network {target.name}, so the networks differ.")
    if found.reshaped:
        raise InputError(f"The networks differ: {found.difference()}.")
    found.apply()
    return found


def over_channels(model: keras.Model) -> Callable[[str, np.ndarray, tuple[int, ...]], np.ndarray]:
    """A `fit` for `match` by which RGB weights start a network on images of any number of channels.

    If nothing but the number of input channels differs, the kernel `[..., 3, O]` of the first convolution is averaged
    over RGB and repeated (cross-modality initialisation, Wang et al. 2016). No other weight is touched.

    Args:
        model: an image network, or a model with one.
    """
    classifier = classifier_of(model)
    first = _first_kernel(model if classifier is None else classifier.layer)

    def fit(name: str, value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        rgb = (*shape[:-2], RGB_CHANNELS, *shape[-1:])
        if name == first and value.shape == rgb != shape:
            return np.repeat(value.mean(axis=-2, keepdims=True), shape[-2], axis=-2)
        return value

    return fit


def _first_kernel(network: keras.Model) -> str | None:
    """The name of the first convolution's kernel; layers stand in the order in which data passes them."""
    return next((name for name, value in weight_values(network).items() if value.ndim >= IMAGE_KERNEL_RANK), None)


def _averaged(found: Match) -> str:
    return "".join(f"\n  mean over RGB, repeated for the channels here: {name}" for name in found.fitted)
