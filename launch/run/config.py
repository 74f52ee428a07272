"""The configuration of a run: typed dataclasses, filled by an experiment and overridden by `--config.*` flags."""

import dataclasses
import json
import re
import typing
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import models
from launch.run.batch_memory import require_room
from launch.run.option_errors import option_error
from launch.run.run_record import require_type
from tvnet_keras.choices import load_module
from tvnet_keras.errors import InputError
from tvnet_keras.flow import pairs
from tvnet_keras.flow.augment import FlowRecipe
from tvnet_keras.flow.pairs import sintel
from tvnet_keras.options import check_options, option, same_option
from tvnet_keras.video import datasets
from tvnet_keras.video.recipe import CROP_COUNTS, RANDOM, TEST_CROPS, TRAIN_CROPS, ClipRecipe, MultiView
from tvnet_keras.video.views import DRAWS

SIDE: dict[str, Any] = {"least": 0, "most": 16_384}
"""Limits of lengths in pixels, of which 0 has a meaning of its own."""


def dataset_names() -> tuple[str, ...]:
    """Every data set that `--config.data.dataset` can name: of videos, or of image pairs."""
    return tuple(sorted({*datasets.names(), *pairs.names()}))


def measure_names() -> tuple[str, ...]:
    """Every measure that `--config.eval.measures` can name."""
    # They read configurations themselves.
    from launch import evaluators

    return evaluators.names()


def headline_names() -> tuple[str, ...]:
    """Every number that `--config.train.keep_best` can name; empty for none."""
    from launch import evaluators

    return "", *evaluators.headlines()


@dataclasses.dataclass
class DataConfig:
    """Which videos or image pairs, and how clips are cut from them."""

    dataset: str = option(
        "moving_shapes",
        "Data set: a module of tvnet_keras/video/datasets or tvnet_keras/flow/pairs.",
        choices=dataset_names,
    )
    root: str = option("data/moving_shapes", "Folder of the videos and their lists, or of the image pairs.")
    split: int = option(1, "Split of the data set, where it has several.", least=1)
    classes: tuple[str, ...] = option((), "Only these classes, in this label order; empty takes all.")
    pairs: tuple[str, ...] = option((), "Of a data set of image pairs, only these; empty takes all.")
    render: str = option(
        "", "Render pass of Sintel; empty for clean and for other data sets.", choices=("", *sintel.RENDERS)
    )
    missing: str = option(
        "error",
        "What to do about listed files that are not there: stop (error), or say so and go on (report).",
        choices=("error", "report"),
    )
    validation: float = option(
        0.0,
        "Part of the training list of videos, by whole recordings of every class, that is kept back and tested on "
        "instead of the test list; 0 tests on the test list. A folder with train/, val/ and test/ keeps nothing back "
        "and takes val/.",
        least=0,
        below=1,
    )
    portion: float = option(
        1.0,
        "Part of the training list of videos, or of what the validation leaves of it, that is learnt from, by whole "
        "recordings of every class.",
        above=0,
        most=1,
    )
    group: str = option(
        "",
        "Regular expression that finds the recording of a video in its file's name, by its first group or all that it "
        "finds, so that videos of one recording stay together where videos are divided; empty takes the data set's "
        "own law.",
    )
    short: str = same_option(ClipRecipe, "short")
    frames: int = same_option(ClipRecipe, "frames", default=6)
    segments: int = same_option(ClipRecipe, "segments")
    windows: int = same_option(ClipRecipe, "windows")
    step: int = same_option(ClipRecipe, "step")
    height: int = option(
        64, "Height of a view, in pixels; 0 with a width of 0 takes every image pair at its own size.", **SIDE
    )
    width: int = option(64, "Width of a view, in pixels.", **SIDE)
    resize_short: int = option(
        0, "Short side that frames are resized to before they are cropped, in pixels; 0 keeps their own.", **SIDE
    )
    resize_long: int = option(
        0,
        "Long side that frames are resized to together with resize_short, in pixels, whatever their aspect (Hidden "
        "Two-Stream: 340 with 256); 0 keeps the aspect.",
        **SIDE,
    )
    crop: str = option(
        "corner",
        "What is seen of a training frame: a window of one of crop_ratios in one of crop_places (corner), a window "
        "of the view's size anywhere (random), or the whole frame (none).",
        choices=TRAIN_CROPS,
    )
    crop_ratios: tuple[float, ...] = same_option(ClipRecipe, "crop_ratios")
    crop_places: int = same_option(ClipRecipe, "crop_places")
    test_crop: str = option(
        "center", "What is seen of a test frame: its centre, or the whole frame (none).", choices=TEST_CROPS
    )
    flip: bool = same_option(ClipRecipe, "flip", default=True)
    colour_jitter: float = same_option(ClipRecipe, "colour_jitter")
    rotation: float = same_option(FlowRecipe, "rotation")
    translation: float = same_option(FlowRecipe, "translation")
    zoom: float = same_option(FlowRecipe, "zoom")
    interpolation: str = same_option(FlowRecipe, "interpolation")
    unknown: str = same_option(FlowRecipe, "unknown")
    draw: str = option(
        "epochs",
        "Order of the training samples: each once in every epoch (epochs), or each draw of all (replacement).",
        choices=DRAWS,
    )
    cache: str = option("", "Folder that launch.prepare --cache wrote; empty reads the video files.")
    flow: str = option(
        "",
        "Folder that launch.prepare --flow wrote, for a method that reads stored flow, or that learns it in the place "
        "of an exact one; empty reads none.",
    )
    workers: int = option(0, "Files that are decoded at the same time; 0 takes one per core.", least=0, most=10_000)


@dataclasses.dataclass
class TrainConfig:
    """How the network is optimised."""

    steps: int = option(300, "Updates of the weights.", least=0)
    batch_size: int = option(
        16, "Samples of an update, over all replicas and accumulated pieces.", least=1, most=1_000_000
    )
    accumulate: int = option(
        1,
        "Pieces that a batch is computed in; their gradients are summed, batch normalisation sees one piece.",
        least=1,
    )
    optimizer: str = option("adam", "Rule of the updates.", choices=("sgd", "adam"))
    lr: float = option(1e-3, "Learning rate after the warm-up.", least=0)
    momentum: float = option(0.9, "Momentum of sgd.", least=0)
    weight_decay: float = option(0.0, "Decay of the weights in every update, relative to the learning rate.", least=0)
    schedule: str = option(
        "cosine",
        "How the learning rate falls: not at all, to lr_factor of it at every one of lr_steps, or as a cosine to 0.",
        choices=("constant", "steps", "cosine"),
    )
    lr_steps: tuple[int, ...] = option((), "Steps at which schedule=steps lets the learning rate fall.")
    lr_factor: float = option(
        0.1,
        "Part of the learning rate that is left behind every one of lr_steps (MotionNet halves it, 0.5).",
        above=0,
        most=1,
    )
    warmup: int = option(0, "Steps in which the learning rate rises linearly.", least=0)
    clip_norm: float = option(10.0, "Global norm at which the summed gradient is clipped; 0 never clips.", least=0)
    ema: float = option(
        0.0,
        "Momentum of the running average of the weights that is tested and saved, such as 0.999; 0 keeps none.",
        least=0,
        below=1,
    )
    log_every: int = option(10, "Steps between two lines of the log.", least=1)
    validate_every: int = option(0, "Steps between two validations; 0 validates at the end only.", least=0)
    checkpoint_every: int = option(100, "Steps between two checkpoints.", least=1)
    keep_best: str = option(
        "",
        "Number of the validation, on a part of the training list, that chooses the weights that are kept, tested and "
        "exported: those of the step with the best one; empty takes those of the last step.",
        choices=headline_names,
    )
    patience: int = option(
        0,
        "Validations in a row whose keep_best is no better than before, after which the training ends; 0 goes on to "
        "the last step.",
        least=0,
    )


@dataclasses.dataclass
class EvalConfig:
    """What is measured in a test, and on which views of every video."""

    measures: tuple[str, ...] = option(
        (),
        "Measures: modules of launch/evaluators; empty takes those that the data has the truth for.",
        choices=measure_names,
    )
    clips: int = same_option(MultiView, "clips")
    crops: int = same_option(MultiView, "crops")
    sampling: str = same_option(MultiView, "sampling")
    stride: int = same_option(MultiView, "stride")
    seed: int = same_option(MultiView, "seed")
    flow_size: str = option(
        "own",
        "Frames whose flow is compared with the truth: of their own size, or of the height and width of training.",
        choices=("own", "training"),
    )
    batch_size: int = option(16, "Views that are computed together.", least=1, most=1_000_000)


@dataclasses.dataclass
class Config:
    """Everything that decides what a run computes; saved with it."""

    method: str
    experiment: str
    model: Any  # the method's Options
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    train: TrainConfig = dataclasses.field(default_factory=TrainConfig)
    eval: EvalConfig = dataclasses.field(default_factory=EvalConfig)
    seed: int = option(0, "Seed of the fresh weights and of every random choice.", least=0, most=2**32 - 1)
    init_from: str = option(
        "",
        "Weights to start from: the folder of a run, a .weights.h5 file, or imagenet; several with commas between "
        "them, one after the other; empty starts fresh.",
    )


SECTIONS = ("model", "data", "train", "eval")
"""Fields of a `Config` that are dataclasses of options themselves."""


def method_module(name: str) -> ModuleType:
    """The module of models/ that `--method` names."""
    return load_module(models, "--method", name)


def new_config(
    method: str, experiment: str, *, model_if_known: Mapping[str, Any] | None = None, **sections: Any
) -> Config:
    """A configuration with the method's default options and clip length.

    Args:
        method: `--method`.
        experiment: `--experiment`.
        model_if_known: options to set of methods that have them.
        **sections: `data`, `train`, `eval`, `model`: dictionaries of fields to set.

    Raises:
        InputError: unknown method.
    """
    module = method_module(method)
    known = {field.name for field in dataclasses.fields(module.Options)}
    options = {name: value for name, value in (model_if_known or {}).items() if name in known}
    config = Config(method, experiment, module.Options(**options, **sections.pop("model", {})))
    config.data.frames = least_frames(config)
    for name, fields in sections.items():
        setattr(config, name, dataclasses.replace(getattr(config, name), **fields))
    return config


def least_frames(config: Config) -> int:
    """The shortest clip that the method of a configuration takes.

    Raises:
        InputError: an option that the method refuses.
    """
    try:
        return models.frames_of(method_module(config.method), config.model)
    except ValueError as error:
        raise option_error(error, config) from error


def to_dict(config: Config) -> dict:
    """A JSON-ready dictionary; tuples become lists."""
    return json.loads(json.dumps(dataclasses.asdict(config)))


def from_dict(values: dict) -> Config:
    """The inverse of `to_dict`; fields that are not there have their defaults.

    Raises:
        ValueError: a field is unknown or of another type; the sentence names it.
    """
    config = new_config(values["method"], values["experiment"])
    return dataclasses.replace(
        config,
        seed=values["seed"],
        init_from=values["init_from"],
        **{name: _section(name, getattr(config, name), values[name]) for name in SECTIONS},
    )


def check(config: Config) -> Config:
    """Returns a tidied copy of the configuration.

    Raises:
        InputError: a field holds a word or a number that it cannot; the sentence names the flag.
    """
    sections = {name: _split_tuples(name, getattr(config, name)) for name in SECTIONS}
    config = dataclasses.replace(config, **sections)
    check_options(config, "--config.")
    for name, section in sections.items():
        check_options(section, f"--config.{name}.")
    _check_together(config)
    return config


def _check_together(config: Config) -> None:
    """Refuses values that do not fit each other."""
    data, train, test = config.data, config.train, config.eval
    if train.batch_size % train.accumulate:
        raise InputError(
            f"--config.train.batch_size={train.batch_size} must be a multiple of "
            f"--config.train.accumulate={train.accumulate}."
        )
    _check_schedule(train)
    try:
        re.compile(data.group)
    except re.error as error:
        raise InputError(f"--config.data.group={data.group} is no regular expression: {error}.") from None
    for subset in ("train", "test"):
        require_room(config, subset)
    if test.sampling != RANDOM and test.crops not in CROP_COUNTS:
        *others, most = map(str, CROP_COUNTS)
        raise InputError(
            f"--config.eval.crops must be {', '.join(others)} or {most}, but is {test.crops}; with "
            f"--config.eval.sampling={RANDOM} it may be any number."
        )
    if data.test_crop == "none" and test.crops != 1:
        raise InputError(
            f"--config.eval.crops={test.crops} must be 1 with --config.data.test_crop=none, where a view is the whole "
            "frame: set either."
        )
    if bool(data.height) != bool(data.width):
        raise InputError(
            f"--config.data.height={data.height} and --config.data.width={data.width} must both be 0 "
            "(every pair at its own size), or neither."
        )
    minimum = least_frames(config)
    if data.frames < minimum:
        raise InputError(
            f"--config.data.frames={data.frames} is too short: --method={config.method} needs clips of at "
            f"least {minimum} frames."
        )


def _check_schedule(train: TrainConfig) -> None:
    steps = list(train.lr_steps)
    if train.schedule == "steps" and (not steps or steps != sorted(set(steps)) or steps[0] <= train.warmup):
        raise InputError(
            f"--config.train.schedule=steps needs rising --config.train.lr_steps after the warm-up of {train.warmup} "
            f"steps, such as --config.train.lr_steps={train.steps // 2},{3 * train.steps // 4}, but has {steps}."
        )


def _split_tuples(name: str, section: Any) -> Any:
    """Fields that hold several values, each of the type that the field declares."""
    changed = {}
    for field, kind in typing.get_type_hints(type(section)).items():
        if typing.get_origin(kind) is not tuple:
            continue
        # The flag library hands "A,B" over as one string, and a class called 1 as a number.
        parts = [part.strip() for item in getattr(section, field) for part in str(item).split(",")]
        item_type = typing.get_args(kind)[0]
        try:
            changed[field] = tuple(item_type(part) for part in parts if part)
        except ValueError:
            raise InputError(
                f"--config.{name}.{field}={','.join(parts)} must be values of type {item_type.__name__}."
            ) from None
    return dataclasses.replace(section, **changed)


def _section(name: str, default: Any, values: dict) -> Any:
    kinds, fields = typing.get_type_hints(type(default)), {}
    for field, value in values.items():
        if field not in kinds:
            raise ValueError(f"config.{name}.{field} is unknown")
        kind = kinds[field]
        if typing.get_origin(kind) is tuple:
            require_type(f"config.{name}.{field}", value, list)
            for item in value:
                require_type(f"each of config.{name}.{field}", item, typing.get_args(kind)[0])
            value = tuple(value)
        else:
            require_type(f"config.{name}.{field}", value, kind)
        fields[field] = value
    return dataclasses.replace(default, **fields)
