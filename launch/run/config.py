"""The configuration of a run: typed dataclasses, filled by an experiment and overridden by `--config.*` flags."""

import dataclasses
import math
import typing
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import models
from launch.run.batch_memory import require_room
from launch.run.option_errors import option_error
from launch.run.run_record import require_type
from tvnet_keras.choices import check_choice, load_module
from tvnet_keras.errors import InputError

CHOICES = {
    "data.missing": ("error", "report"),
    "data.short": ("loop", "clamp", "error"),
    "data.crop": ("corner", "random", "none"),
    "data.test_crop": ("center", "none"),
    "data.draw": ("epochs", "replacement"),
    "data.interpolation": ("area", "linear"),
    "data.unknown": ("masked", "zero"),
    "eval.sampling": ("even", "dense"),
    "eval.flow_size": ("own", "training"),
    "train.optimizer": ("sgd", "adam"),
    "train.schedule": ("constant", "steps", "cosine"),
}
"""Fields that hold one of a few words."""

LEAST = {
    "data": dict.fromkeys(("frames", "segments", "step", "split"), 1)
    | dict.fromkeys(("height", "width", "workers", "resize_short", "colour_jitter"), 0)
    | dict.fromkeys(("rotation", "translation", "zoom"), 0),
    "train": dict.fromkeys(("batch_size", "accumulate", "log_every", "checkpoint_every"), 1)
    | dict.fromkeys(("steps", "lr", "momentum", "weight_decay", "warmup", "clip_norm", "validate_every", "ema"), 0),
    "eval": {"clips": 1, "stride": 1, "batch_size": 1},
}
"""Smallest values of the fields that are numbers."""

MOST = {
    "data": dict.fromkeys(("frames", "segments", "step", "workers"), 10_000)
    | dict.fromkeys(("height", "width", "resize_short"), 16_384),
    "train": {"batch_size": 1_000_000},
    "eval": {"clips": 10_000, "stride": 10_000, "batch_size": 1_000_000},
    # A TVNet has weights of its own for every iteration of every warp of every scale.
    "model": {
        "scales": 20,
        "warps": 100,
        "iterations": 10_000,
        "flow_fields": 10_000,
        "bottleneck": 4096,
        "width": 512,
    },
}
"""Largest values of the fields that decide how much memory or time is taken before anybody can look."""


@dataclasses.dataclass
class DataConfig:
    """Which videos or image pairs, and how clips are cut from them."""

    dataset: str = "moving_shapes"  # a module of tvnet_keras/video/datasets or tvnet_keras/flow/pairs
    root: str = "data/moving_shapes"  # folder of the videos and their lists, or of the pairs
    split: int = 1
    classes: tuple[str, ...] = ()  # keep these, in this label order; () keeps all
    pairs: tuple[str, ...] = ()  # of a data set of image pairs, keep these; () keeps all
    render: str = ""  # Sintel's render pass: clean, final or albedo; empty for the others
    missing: str = "error"  # what to do about listed files that are not there: error, or report and go on
    short: str = "loop"  # what a video shorter than a clip does: loop, clamp (repeat the last frame), error
    frames: int = 6
    segments: int = 1  # TSN: clips per video in training, their logits averaged
    step: int = 1  # distance of neighbouring frames of a clip
    height: int = 64  # 0 with width=0: every image pair at its own size
    width: int = 64
    resize_short: int = 0  # short side before cropping, pixels; 0 keeps the video's own
    crop: str = "corner"  # training crop: corner (with scale jitter), random, none (the whole frame)
    test_crop: str = "center"  # center, or none (the whole frame)
    flip: bool = True  # mirror half of the training clips, if the data set allows it
    colour_jitter: float = 0.0
    rotation: float = 0.0  # degrees, drawn from both signs; like translation and zoom for batches that carry flow
    translation: float = 0.0  # of the window, as a fraction of its side, drawn from both signs
    zoom: float = 0.0  # scale drawn between 1 / (1 + zoom) and 1 + zoom
    interpolation: str = "area"  # of batches that carry flow: area (filtered where it shrinks), linear
    unknown: str = "masked"  # vectors of a truth that are not known: masked, or zero (they count as no motion)
    draw: str = "epochs"  # order of the training samples: epochs, or replacement (each draw of all)
    cache: str = ""  # folder written by launch.prepare --cache; empty reads the video files
    workers: int = 0  # files decoded at the same time; 0 takes one per core


@dataclasses.dataclass
class TrainConfig:
    """Optimisation."""

    steps: int = 300
    batch_size: int = 16  # clips per update, over all replicas and accumulated pieces
    accumulate: int = 1  # pieces that a batch is computed in; gradients are summed, batch norm sees one piece
    optimizer: str = "adam"
    lr: float = 1e-3
    momentum: float = 0.9
    weight_decay: float = 0.0
    schedule: str = "cosine"
    lr_steps: tuple[int, ...] = ()  # schedule=steps: the rate falls to a tenth at these steps
    warmup: int = 0  # steps of linear warm-up
    clip_norm: float = 10.0  # global norm at which the summed gradient is clipped; 0 never clips
    ema: float = 0.0  # momentum of the running average of weights that is tested and saved; 0 keeps none
    log_every: int = 10
    validate_every: int = 0  # steps; 0 validates at the end only
    checkpoint_every: int = 100


@dataclasses.dataclass
class EvalConfig:
    """Test protocol: `clips` evenly spaced clips times `crops` views of each, logits averaged."""

    measures: tuple[str, ...] = ()  # modules of launch/evaluators; () takes those that the data has the truth for
    clips: int = 1  # per video, evenly spaced; dense sampling takes all that fit
    crops: int = 1  # 1 centre, 5 with the corners, 10 with mirror images
    sampling: str = "even"  # even, or dense: a clip every `stride` frames
    stride: int = 1  # frames between the starts of dense clips
    flow_size: str = "own"  # frames whose flow is compared with the truth: own size, or training's height and width
    batch_size: int = 16


@dataclasses.dataclass
class Config:
    """Everything that decides what a run computes; saved with it."""

    method: str
    experiment: str
    model: Any  # the method's Options
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    train: TrainConfig = dataclasses.field(default_factory=TrainConfig)
    eval: EvalConfig = dataclasses.field(default_factory=EvalConfig)
    seed: int = 0
    init_from: str = ""  # a run's folder, a .weights.h5 file, or imagenet


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
    return _plain(dataclasses.asdict(config))


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
        **{name: _section(name, getattr(config, name), values[name]) for name in ("model", "data", "train", "eval")},
    )


def check(config: Config) -> Config:
    """Returns a tidied copy of the configuration.

    Raises:
        InputError: a field holds a word or a number that it cannot; the sentence names the flag.
    """
    for path, allowed in CHOICES.items():
        section, name = path.split(".")
        check_choice(f"--config.{path}", getattr(getattr(config, section), name), allowed)
    config = dataclasses.replace(
        config, **{name: _split_tuples(name, getattr(config, name)) for name in ("model", "data", "train", "eval")}
    )
    _check_numbers(config)
    return config


def _check_numbers(config: Config) -> None:
    for section, fields in LEAST.items():
        for name, least in fields.items():
            value = getattr(getattr(config, section), name)
            # Written so that NaN is refused too.
            if not value >= least:
                raise InputError(f"--config.{section}.{name} must be at least {least}, but is {value}.")
            if value == math.inf:
                raise InputError(f"--config.{section}.{name} must be finite, but is {value}.")
    for section, fields in MOST.items():
        for name, most in fields.items():
            value = getattr(getattr(config, section), name, 0)
            if value > most:
                raise InputError(f"--config.{section}.{name} must be at most {most}, but is {value}.")
    if not 0 <= config.seed < 2**32:
        raise InputError(f"--config.seed must be from 0 to {2**32 - 1}, but is {config.seed}.")
    if config.train.batch_size % config.train.accumulate:
        raise InputError(
            f"--config.train.batch_size={config.train.batch_size} must be a multiple of "
            f"--config.train.accumulate={config.train.accumulate}."
        )
    if not config.train.ema < 1:
        raise InputError(f"--config.train.ema must be below 1, such as 0.999, but is {config.train.ema}.")
    _check_schedule(config.train)
    for subset in ("train", "test"):
        require_room(config, subset)
    if config.eval.crops not in (1, 5, 10):
        raise InputError(f"--config.eval.crops must be 1, 5 or 10, but is {config.eval.crops}.")
    if bool(config.data.height) != bool(config.data.width):
        raise InputError(
            f"--config.data.height={config.data.height} and --config.data.width={config.data.width} must both be 0 "
            "(every pair at its own size), or neither."
        )
    minimum = least_frames(config)
    if config.data.frames < minimum:
        raise InputError(
            f"--config.data.frames={config.data.frames} is too short: --method={config.method} needs clips of at "
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


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
