"""`--config.init_from`: starting from a run, a weight file or ImageNet."""

import warnings
from pathlib import Path

import keras
import numpy as np

import models.backbones
from launch.config import Config, method_module
from launch.run_folder import RUN_FILE, WEIGHTS_FILE, read, read_config
from tvnet_keras.choices import load_module
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
        InputError: no run, or an unfinished one.
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
    try:
        model.load_weights(weights)
    except (ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{weights} does not fit the network that {folder / RUN_FILE} describes: {reason}") from error
    return config, model, class_names


def initialise(model: keras.Model, config: Config) -> str:
    """Loads `config.init_from` into the model.

    Weights whose shapes differ, such as those of a classifier for other classes, keep their fresh values.

    Returns:
        One sentence that says what was loaded.

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
    before = [keras.ops.convert_to_numpy(weight) for weight in model.weights]
    with warnings.catch_warnings():
        # What does not fit is counted below.
        warnings.simplefilter("ignore")
        try:
            model.load_weights(path, skip_mismatch=True)
        except (ValueError, OSError) as error:
            raise InputError(f"--config.init_from={config.init_from} cannot be read as weights: {error}") from None
    changed = sum(
        not np.array_equal(old, keras.ops.convert_to_numpy(new)) for old, new in zip(before, model.weights, strict=True)
    )
    if not changed:
        raise InputError(
            f"No weight of --config.init_from={config.init_from} fits this model; check method and options."
        )
    return f"Started from {path}: {changed} of {len(before)} weights changed."


def _from_imagenet(model: keras.Model, config: Config) -> str:
    if not hasattr(model, "classifier"):
        raise InputError(
            f"--config.init_from=imagenet does not know --method={config.method}'s networks; "
            "convert PyTorch's weights of the same backbone with launch.convert."
        )
    name = config.model.backbone
    backbone = load_module(models.backbones, "--config.model.backbone", name)
    if not hasattr(backbone, "imagenet"):
        raise InputError(f"Keras has no ImageNet weights for --config.model.backbone={name}; inception_v3 has.")
    try:
        source = backbone.imagenet()
    except Exception as error:  # Keras raises a bare Exception when a download fails.
        raise InputError(f"The ImageNet weights of {name} could not be downloaded: {error}") from error
    copied = transfer_images(source, model.classifier.layer)
    return f"Started from ImageNet: {copied} weights copied into {name}."


def transfer_images(source: keras.Model, target: keras.Model) -> int:
    """Copies an RGB network's weights into one for other channels, layer by layer in order.

    The first convolution is averaged over RGB and repeated (cross-modality initialisation, Wang et al. 2016). The
    target's layers after the last one of the source (the classifier) are left alone.

    Returns:
        The number of weights copied.

    Raises:
        InputError: the networks do not have the same layers.
    """
    copied = 0
    for from_layer, to_layer in zip(_weighted(source), _weighted(target), strict=False):
        if len(from_layer.weights) != len(to_layer.weights):
            raise InputError(
                f"Layer {from_layer.name} has no equal in the network: {to_layer.name} stands in its place."
            )
        values = [
            _adapt(keras.ops.convert_to_numpy(a), tuple(b.shape))
            for a, b in zip(from_layer.weights, to_layer.weights, strict=True)
        ]
        to_layer.set_weights(values)
        copied += len(values)
    return copied


def _weighted(network: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in network.layers if layer.weights]


def _adapt(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if value.shape == shape:
        return value
    same_but_input = len(shape) == 4 and value.shape[:2] == shape[:2] and value.shape[3] == shape[3]
    if not same_but_input:
        raise InputError(f"Weights of shape {value.shape} do not fit {shape}: the networks differ.")
    return np.repeat(value.mean(axis=2, keepdims=True), shape[2], axis=2)
