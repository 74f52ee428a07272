"""Measures of a model on the samples of a source, one kind per file; adding a file adds a name for
`--config.eval.measures`. The measures are the same in training, in `launch.evaluate` and in `launch.reproduce`.

A module has

`NEEDS`
    Fields of a Batch, beside `clip`, that the source must offer.
`HEADLINES`
    Names of the numbers that stand on the console and in the curves of a training.
`HIGHER_IS_BETTER`
    Whether a larger one of these is a better one.
`applies(model, outputs) -> bool`
    Whether a model whose outputs have these names can be measured in this way.
`measure(model, source, config) -> Measurement`
    The numbers, and the protocol that they belong to: every setting that can change them.
"""

import dataclasses
import sys
from types import ModuleType
from typing import Any

import keras

from launch.run.config import Config
from tvnet_keras.choices import load_module, module_names
from tvnet_keras.errors import InputError
from tvnet_keras.scoring.scores import Scores


@dataclasses.dataclass(frozen=True)
class Measurement:
    """What a measure found.

    Attributes:
        numbers: the results by name.
        protocol: what the results mean, as JSON.
        scores: the scores of every video, where the measure is about classes.
        solver_versions: the versions of the motion layers that were measured, as a Result records them.
    """

    numbers: dict[str, float]
    protocol: dict[str, Any]
    scores: Scores | None = None
    solver_versions: dict[str, int] = dataclasses.field(default_factory=dict)


def names() -> tuple[str, ...]:
    """The measures that exist."""
    return module_names(sys.modules[__name__])


def headlines() -> dict[str, bool]:
    """The headlines of every measure, and whether a larger number is a better one."""
    modules = [load_module(sys.modules[__name__], "The measure", name) for name in names()]
    return {headline: module.HIGHER_IS_BETTER for module in modules for headline in module.HEADLINES}


def choose_measures(
    config: Config, model: keras.Model, outputs: tuple[str, ...], offers: tuple[str, ...]
) -> list[ModuleType]:
    """The measures that `eval.measures` asks for, or else all those for which the data has the truth.

    Where the data has no truth, the measures that need none are taken.

    Args:
        config: the run's configuration.
        model: the model to be measured.
        outputs: names of the model's outputs.
        offers: fields that the source's Batches have.

    Raises:
        InputError: a measure that is asked for does not exist or cannot be taken here, or none can be taken.
    """
    asked = config.eval.measures
    here = sys.modules[__name__]
    modules = [load_module(here, "--config.eval.measures", name) for name in asked or names()]
    fitting = [module for module in modules if module.applies(model, outputs) and set(module.NEEDS) <= set(offers)]
    if asked and len(fitting) < len(modules):
        wrong = next(module for module in modules if module not in fitting).__name__.rpartition(".")[2]
        raise InputError(
            f"--config.eval.measures={wrong} cannot be taken of --method={config.method}, which answers "
            f"{' and '.join(outputs)}, on --config.data.dataset={config.data.dataset}, which offers "
            f"{' and '.join(offers) or 'frames alone'}."
        )
    with_truth = [module for module in fitting if module.NEEDS]
    if not fitting:
        raise InputError(
            f"Nothing can be measured of --method={config.method} on --config.data.dataset={config.data.dataset}: it "
            f"answers {' and '.join(outputs)}, and the data offers {' and '.join(offers) or 'frames alone'}."
        )
    return fitting if asked else with_truth or fitting
