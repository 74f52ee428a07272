"""The model that a configuration describes, with fresh weights or with those of a finished run."""

import dataclasses
from pathlib import Path

import keras

from launch.run.config import Config, method_module
from launch.run.option_errors import option_error
from launch.run.run_folder import RUN_FILE, WEIGHTS_FILE, read, read_config
from launch.weights.by_name import match
from launch.weights.files import read_weights
from models.parts.tvnet_layer import settled_by_preset
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
        raise option_error(error, config) from error


def with_preset(config: Config) -> Config:
    """The configuration with the options that belong to its preset, so that a run's record has them.

    Raises:
        InputError: there is no such preset, or an option contradicts it.
    """
    try:
        return dataclasses.replace(config, model=settled_by_preset(config.model))
    except ValueError as error:
        raise option_error(error, config) from error


def load_run(folder: Path, config: Config | None = None) -> tuple[Config, keras.Model, tuple[str, ...]]:
    """A finished run's configuration, model with its weights, and class names.

    Args:
        folder: the folder that `launch.train` wrote.
        config: the run's configuration with overrides; None takes it as it was trained.

    Raises:
        InputError: no run, an unfinished one, or one whose weights are not exactly those of its network.
    """
    folder = Path(folder)
    config = config or read_config(folder)
    run = read(folder)
    class_names, weights = run.get("class_names"), folder / WEIGHTS_FILE
    # What an earlier end left are not the weights of a run that goes on.
    goes_on = "extended" in run and "steps" not in run["results"]
    # A network of flow alone has an empty list of classes, an unfinished run has none.
    if class_names is None or goes_on or not weights.is_file():
        raise InputError(f"The run in {folder} has not finished training: run its launch.train command again first.")
    class_names = tuple(class_names)
    model = build_model(config, len(class_names))
    load_weights(model, weights, folder / RUN_FILE)
    return config, model, class_names


def load_weights(model: keras.Model, weights: Path, described: Path) -> None:
    """Puts the weights of a file, which must be exactly those of a run's network, into it.

    Args:
        model: the network.
        weights: the file.
        described: the file that describes the network.

    Raises:
        InputError: the file is damaged, or has other weights.
    """
    found = match(model, read_weights(weights))
    if found.difference():
        raise InputError(f"{weights} does not fit the network that {described} describes: {found.difference()}.")
    found.apply()
