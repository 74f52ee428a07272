import json

import pytest

import launch.experiments
import models
from launch.run.config import check, from_dict, new_config, to_dict
from tvnet_keras.choices import load_module, module_names
from tvnet_keras.errors import InputError

EXPERIMENTS = module_names(launch.experiments)
METHODS = module_names(models)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_config_survives_json(name):
    config = check(load_module(launch.experiments, "--experiment", name).config("tvnet"))
    config.data.classes, config.train.lr_steps, config.seed = ("b", "a"), (10, 20), 7
    config.data.crop_ratios = (1.0, 0.75)
    again = from_dict(json.loads(json.dumps(to_dict(config))))
    assert again == config
    assert isinstance(again.data.classes, tuple) and isinstance(again.model, type(config.model))


def test_a_config_of_before_the_factor_of_the_steps_falls_to_a_tenth():
    values = to_dict(new_config("tvnet", "x", train={"schedule": "steps", "lr_steps": (10,), "lr_factor": 0.5}))
    del values["train"]["lr_factor"]
    assert from_dict(values).train.lr_factor == 0.1


@pytest.mark.parametrize(
    ("section", "name", "value", "said"),
    [
        ("data", "frames", 5, "--config.data.frames=5 .*at least 6 frames"),
        ("data", "workers", -1, "--config.data.workers must be at least 0, but is -1"),
        ("train", "batch_size", 0, "--config.train.batch_size must be at least 1, but is 0"),
        ("train", "lr", float("inf"), "--config.train.lr must be finite, but is inf"),
        ("train", "lr", float("nan"), "--config.train.lr must be at least 0, but is nan"),
        ("train", "clip_norm", float("nan"), "--config.train.clip_norm must be at least 0, but is nan"),
        ("model", "iterations", 10**9, "--config.model.iterations must be at most 10000, but is 1000000000"),
        ("model", "scales", 10**9, "--config.model.scales must be at most 20"),
        ("eval", "clips", 10**9, "--config.eval.clips must be at most 10000"),
        ("train", "ema", 1.0, "--config.train.ema must be below 1, but is 1.0"),
        ("data", "colour_jitter", 1.5, "--config.data.colour_jitter must be at most 1, but is 1.5"),
        ("data", "crop_ratios", (), r"--config.data.crop_ratios must hold 1 or more values, but is \(\)"),
        ("data", "crop_ratios", (1.0, 1.5), "--config.data.crop_ratios must be at most 1, but is 1.5"),
        ("data", "crop_places", 9, "--config.data.crop_places must be 5 or 13, but is 9"),
        ("data", "rotation", 200.0, "--config.data.rotation must be at most 180, but is 200.0"),
        ("model", "learn", ("u0", "kernel"), "--config.model.learn is 'kernel'.*Did you mean 'kernels'"),
        ("eval", "measures", ("clases",), "--config.eval.measures is 'clases'.*Did you mean 'classes'"),
        ("data", "render", "finl", "--config.data.render is 'finl', which is not one of albedo, clean, final. Did"),
        ("train", "accumulate", 3, "batch_size=16 must be a multiple of --config.train.accumulate=3"),
        ("train", "lr_factor", 0.0, "--config.train.lr_factor must be above 0, but is 0.0"),
        ("train", "lr_factor", 2.0, "--config.train.lr_factor must be at most 1, but is 2.0"),
        ("train", "lr_steps", ("ten",), "--config.train.lr_steps=ten must be .* int"),
        ("eval", "crops", 4, "--config.eval.crops must be 1, 5 or 10, but is 4"),
    ],
)
def test_an_impossible_value_is_refused(section, name, value, said):
    config = new_config("tvnet", "x")
    setattr(getattr(config, section), name, value)
    with pytest.raises(InputError, match=said):
        check(config)


def test_what_the_flag_library_hands_over_is_split():
    config = new_config("tvnet", "x")
    # "A, B" arrives as one string, "1,2" as two numbers.
    config.data.classes, config.model.learn, config.train.lr_steps = ("A, B",), ("u0,kernels",), ("10,20",)
    config.data.crop_ratios = ("1,0.75",)
    checked = check(config)
    assert checked.data.crop_ratios == (1.0, 0.75)
    assert checked.data.classes == ("A", "B")
    assert checked.model.learn == ("u0", "kernels")
    assert checked.train.lr_steps == (10, 20)
    config.data.classes = (1, 2)
    assert check(config).data.classes == ("1", "2")


def test_no_value_is_an_empty_tuple():
    config = new_config("tvnet", "x", model={"learn": ("",)})
    assert check(config).model.learn == ()


def test_unknown_methods_are_refused():
    with pytest.raises(InputError, match="--method is 'tvnett'.*Did you mean 'tvnet'"):
        new_config("tvnett", "x")
