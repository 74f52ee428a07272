"""`--config.init_from`: starting from a run, a weight file or ImageNet."""

from pathlib import Path

import keras
import numpy as np

from launch.config import Config, method_module
from launch.run_folder import RUN_FILE, WEIGHTS_FILE, read, read_config
from launch.weight_files import read_weights
from launch.weights_by_name import match, weight_values
from models import classifier_of, encoders
from tvnet_keras.errors import InputError


def build_model(config: Config, num_classes: int) -> keras.Model:
    """The model that a configuration describes, with fresh weights.

    Raises:
        InputError: an option that the method refuses.
    """
    data = config.data
    try:
        return method_module(config.method).build(
            num_classes=num_classes,
            clip_shape=(data.frames, data.height or None, data.width or None, 3),
            options=config.model,
        )
    except ValueError as error:
        raise InputError(f"--config.model does not describe a network: {error}") from error


def load_run(folder: Path, config: Config | None = None) -> tuple[Config, keras.Model, tuple[str, ...]]:
    """A finished run's configuration, model with its weights, and class names.

    Args:
        folder: what `launch.train` wrote.
        config: overrides of the run's configuration; None takes its own.

    Raises:
        InputError: no run, an unfinished one, or one whose weights are not exactly those of its network.
    """
    folder = Path(folder)
    config = config or read_config(folder)
    class_names = read(folder).get("class_names")
    weights = folder / WEIGHTS_FILE
    # A network of flow alone has an empty list of classes, an unfinished run has none.
    if class_names is None or not weights.is_file():
        raise InputError(f"The run in {folder} has not finished training: run its launch.train command again first.")
    class_names = tuple(class_names)
    model = build_model(config, len(class_names))
    found = match(model, read_weights(weights))
    if found.difference():
        raise InputError(
            f"{weights} does not fit the network that {folder / RUN_FILE} describes: {found.difference()}."
        )
    found.apply()
    return config, model, class_names


def initialise(model: keras.Model, config: Config) -> str:
    """Puts the weights of `config.init_from` into the model's of the same names and shapes; the others stay fresh.

    Returns:
        What was taken and, layer by layer, what was not.

    Raises:
        InputError: no such run or file, or none of its weights fits.
    """
    if config.init_from == "imagenet":
        return _from_imagenet(model, config)
    source = Path(config.init_from)
    path = source / WEIGHTS_FILE if source.is_dir() else source
    if not path.is_file():
        raise InputError(
            f"--config.init_from={config.init_from} is neither a finished run, nor a .weights.h5 file, nor imagenet."
        )
    found = match(model, read_weights(path))
    if not found.taken:
        raise InputError(
            f"No weight of --config.init_from={config.init_from} fits this model: {found.difference()}; check method "
            "and options."
        )
    found.apply()
    return f"Started from {path}: {found.report()}"


def _from_imagenet(model: keras.Model, config: Config) -> str:
    classifier = classifier_of(model)
    if classifier is None:
        raise InputError(
            f"--config.init_from=imagenet does not know --method={config.method}'s networks; "
            "convert PyTorch's weights of the same backbone with launch.convert."
        )
    name = config.model.backbone
    imagenet = encoders.imagenet_of(name)
    if imagenet is None:
        raise InputError(f"Keras has no ImageNet weights for --config.model.backbone={name}; inception_v3 has.")
    try:
        source = imagenet()
    except Exception as error:  # Keras raises a bare Exception when a download fails.
        raise InputError(f"The ImageNet weights of {name} could not be downloaded: {error}") from error
    copied = transfer_images(source, classifier.layer)
    return f"Started from ImageNet: {copied} weights copied into {name}."


def transfer_images(source: keras.Model, target: keras.Model) -> int:
    """Copies an RGB network's weights into the same-named ones of a network for other channels.

    The first convolution is averaged over RGB and repeated (cross-modality initialisation, Wang et al. 2016). Layers
    that only the target has (the classifier) are left alone.

    Returns:
        The number of weights copied.

    Raises:
        InputError: the target does not have all the weights of the source; it is unchanged.
    """
    found = match(target, weight_values(source), _over_channels)
    if found.unused:
        raise InputError(f"{found.unused[0]} has no equal in the network {target.name}, so the networks differ.")
    if found.reshaped:
        raise InputError(f"The networks differ: {found.difference()}.")
    found.apply()
    return len(found.taken)


def _over_channels(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A kernel `[h, w, C, O]` averaged over its input channels and repeated for as many as the network has."""
    if len(shape) == value.ndim == 4 and value.shape[2] != shape[2]:
        return np.repeat(value.mean(axis=2, keepdims=True), shape[2], axis=2)
    return value
