"""The flow half of ActionFlowNet: a network of flow that was learned on generated pairs, on pairs that it has not seen.

`--data_dir` is a folder with the folders `sintel` and `flyingchairs`, of which any may be absent; none of their pairs
is ever trained on. The first number is the mean end-point error of the pairs that the default generated set keeps for
tests, at the size of the training; `own size` is that of the same pairs, and the other columns of their data sets, at
the frames' own size. `of no flow` is the error of zero flow beside each.
"""

import dataclasses
from pathlib import Path

from launch.evaluators import Measurement, flow
from launch.run.config import check, to_dict
from launch.run.data import open_source
from launch.run.logged import logged_numbers
from launch.run.model import load_run
from launch.tables import Cell, Column
from launch.tables.action_flow_net.parts.generated import ROW, STEPS, config_of, train_generated
from launch.tables.action_flow_net.parts.videos import full_scale
from launch.tables.parts.generated_pairs import FOLDER
from tvnet_keras.flow.generated.recipe import Recipe, write_recipe

DATA_SET = "pairs"

SETTING = """
Here: a ResNet-18 of half the paper's width with its decoder, 128 x 128 windows of generated pairs of the default recipe
(900 to learn from, 100 to test, up to 20 pixels fast) that are turned, shifted, zoomed and mirrored; 3000 steps of 16,
Adam 0.001 with cosine decay.
"""

VALIDATION = "validation/validation_epe"
"""What `launch.train` calls the error in its logs."""

SETS = {
    "epe": ({"dataset": "generated"}, "training"),
    "generated": ({"dataset": "generated"}, "own"),
    "flyingchairs": ({"dataset": "flyingchairs"}, "own"),
    "flyingchairs_small": ({"dataset": "flyingchairs"}, "training"),
    "sintel": ({"dataset": "sintel", "render": "final"}, "own"),
}
"""By the name of a number, fields of `config.data` and the size at which the frames are seen."""

COLUMNS = (
    ("epe", "", "of no flow"),
    ("generated", "own size", "of no flow there"),
    ("flyingchairs_small", "FlyingChairs, small", "of no flow, FlyingChairs small"),
    ("flyingchairs", "FlyingChairs", "of no flow, FlyingChairs"),
    ("sintel", "Sintel", "of no flow, Sintel"),
)


def cells() -> tuple[Cell, ...]:
    """The network of flow."""
    config = config_of("pairs")
    columns = [
        Column(heading, name, ".2f")
        for number, here, still in COLUMNS
        for heading, name in ((here, number), (still, f"{number}_zero"))
        if heading
    ]
    return (
        Cell(
            ROW,
            None,
            "epe",
            to_dict(config),
            {"steps": STEPS},
            _run,
            minutes=30,
            comparable=False,
            full_scale=full_scale("ucf101", "UCF-101")["flow-generated"],
            columns=tuple(columns),
        ),
    )


def _run(data_dir: str, seed: int, weights: Path) -> Measurement:
    folder = train_generated(weights.parent.parent, seed)
    config, model, _ = load_run(folder)
    recipe = weights.parent.parent / f"{FOLDER}-recipe"
    write_recipe(recipe, Recipe())
    roots = {"generated": recipe, "flyingchairs": Path(data_dir) / "flyingchairs", "sintel": Path(data_dir) / "sintel"}
    numbers, protocols = {}, {}
    for name, (data, size) in SETS.items():
        root = roots[data["dataset"]]
        if root.is_dir():
            seen = check(
                dataclasses.replace(
                    config,
                    data=dataclasses.replace(config.data, root=str(root), **data),
                    eval=dataclasses.replace(config.eval, flow_size=size),
                )
            )
            found = flow.measure(model, open_source(seen, "test"), seen)
            numbers |= {name: found.numbers["epe"], f"{name}_zero": found.numbers["epe_zero"]}
            protocols[name] = found.protocol
    return Measurement(numbers, {"sets": protocols, "validation_by_step": _curve(folder)})


def _curve(run: Path) -> dict[str, float]:
    """The end-point error of the validations along a training, by step."""
    return {str(step): value for step, value in logged_numbers(run).get(VALIDATION, {}).items()}
