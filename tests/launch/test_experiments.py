"""Every experiment of launch/experiments/, found by listing the folder, keeps the contract that its package states."""

import ast
import inspect
import re

import pytest

import launch.experiments
import models
from launch.experiments import folder
from launch.run.config import check, method_module
from launch.run.selection import require_selectable
from tvnet_keras.choices import load_module, module_names

METHODS = module_names(models)


@pytest.fixture(params=module_names(launch.experiments))
def name(request):
    return request.param


@pytest.fixture
def experiment(name):
    return load_module(launch.experiments, "--experiment", name)


def branches_on(source, word):
    """Lines of a source whose course depends on a name."""
    conditions = [
        node.subject if isinstance(node, ast.Match) else node if isinstance(node, ast.Compare) else node.test
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Match | ast.Compare)
    ]
    named = [part for condition in conditions for part in ast.walk(condition) if isinstance(part, ast.Name)]
    return sorted({part.lineno for part in named if part.id == word})


def test_an_experiment_gives_a_valid_config_for_every_method(name, experiment):
    for method in METHODS:
        config = check(experiment.config(method))
        require_selectable(config)
        assert (config.method, config.experiment) == (method, name)
        assert config.data.frames >= models.frames_of(method_module(method), config.model)


def test_an_experiment_says_what_it_sets_without_asking_for_the_method(experiment):
    assert branches_on(inspect.getsource(experiment), "method") == []


def test_a_branch_on_the_method_would_be_seen():
    assert branches_on("if method == 'rgb':\n    x = 1\ny = 2 if method else 3\nz = method in ('rgb',)", "method") == [
        1,
        3,
        4,
    ]


def test_options_of_an_experiment_belong_to_methods_that_have_them(experiment):
    for method, options in vars(experiment).get("OPTIONS", {}).items():
        chosen = vars(experiment.config(method).model)
        assert {option: chosen[option] for option in options} == dict(options)


def test_an_experiment_says_its_command(name, experiment):
    said = re.search(rf"python -m launch.train --method=(\w+) --experiment={name}\b", experiment.__doc__)
    assert said and said[1] in METHODS


def test_a_flow_network_of_the_own_videos_forgets_the_statistics_of_photographs():
    # What is left of them is what a test takes: with 0.99, 80 steps kept 45 %, and the network was at chance.
    config = folder.config("tvnet")
    momentum = config.model.norm_momentum
    assert 0 < momentum**config.train.steps < 1e-3
    assert momentum**config.train.validate_every < 0.2
