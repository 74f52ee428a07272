"""TVNet learned on generated pairs, and its error on what it has never seen."""

import dataclasses
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import keras

from launch.evaluators import Measurement, flow, photometric
from launch.experiments import generated
from launch.flow_report.pictures import write_picture
from launch.run.config import Config, check, to_dict
from launch.run.data import open_source
from launch.run.model import build_model, load_run
from launch.run.progress import progress
from launch.tables import Cell, Column
from launch.tables.parts.stored import run_folder_of
from launch.train import train
from tvnet_keras.errors import InputError
from tvnet_keras.flow.generated.recipe import Recipe, write_recipe
from tvnet_keras.layers.tvnet import TVNet
from tvnet_keras.video.datasets import ucf101
from tvnet_keras.video.read import count_frames, read_frames

PROCEDURAL = Recipe(pairs=1000)
"""The default recipe: procedural textures, brightness that drifts by up to 5 %."""

PICTURES = dataclasses.replace(PROCEDURAL, noise=2.0, drift=0.01, pictures="pictures")
"""Layers cut from pictures, with little drift; the folder of the pictures is put in when they are there."""

HELD_OUT = {
    "epe": dataclasses.replace(PICTURES, pairs=160, seed=2018),
    "procedural": dataclasses.replace(PROCEDURAL, pairs=160, seed=2018),
}
"""By the name of a number, the recipe of generated pairs that are never learned; every tenth is tested."""

VIDEOS = {"dataset": "ucf101", "frames": 2, "height": 240, "width": 320, "missing": "report"}

UNSEEN = {
    "sintel": ({"dataset": "sintel", "render": "final"}, flow, "epe"),
    "flyingchairs": ({"dataset": "flyingchairs"}, flow, "epe"),
    "middlebury": ({"dataset": "middlebury"}, flow, "epe"),
    "ucf101": (VIDEOS, photometric, "photometric"),
}
"""By the name of a folder in `--data_dir` and of a number: fields of `config.data`, the measure and its number."""

COLUMNS = (
    Column("procedural", "procedural", ".2f"),
    Column("Sintel", "sintel", ".2f"),
    Column("FlyingChairs", "flyingchairs", ".2f"),
    Column("Middlebury", "middlebury", ".3f"),
    Column("residual, UCF101", "ucf101", ".3f"),
)


@dataclasses.dataclass(frozen=True)
class Learning:
    """How a TVNet is made and trained.

    Attributes:
        network: scales, warps and iterations.
        recipe: of the pairs that are learned.
        steps: of the training; 0 measures the network untrained.
        options: fields of `config.model` beside those of the experiment.
        training: fields of `config.train`, likewise.
    """

    network: tuple[int, int, int]
    recipe: Recipe = PICTURES
    steps: int = 0
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    training: dict[str, Any] = dataclasses.field(default_factory=dict)

    def config(self, root: str, seed: int = 0) -> Config:
        """The configuration for the pairs of a folder."""
        base = generated.config("tvnet_flow")
        scales, warps, iterations = self.network
        options = {"scales": scales, "warps": warps, "iterations": iterations, **self.options}
        return dataclasses.replace(
            base,
            seed=seed,
            model=dataclasses.replace(base.model, **options),
            data=dataclasses.replace(base.data, root=root),
            train=dataclasses.replace(base.train, steps=self.steps, **self.training),
        )


def learning_cell(row: str, learning: Learning, *, seeds: tuple[int, ...] = (0,), minutes: float = 4.0) -> Cell:
    """A cell whose number is the end-point error on generated pairs kept back, and on what `UNSEEN` names.

    Args:
        row: the cell's name.
        learning: what is trained.
        seeds: the seeds of the trainings.
        minutes: time that one training takes on two CPU cores, about.
    """
    return Cell(
        row=row,
        paper=None,
        number="epe",
        config={**to_dict(learning.config("pairs")), "recipe": dataclasses.asdict(learning.recipe)},
        protocol={"steps": learning.steps},
        run=partial(_run, learning),
        network=TVNet,
        minutes=minutes if learning.steps else 0.5,
        seeds=seeds,
        comparable=False,
        columns=COLUMNS,
    )


def _run(learning: Learning, data_dir: str, seed: int, weights: Path) -> Measurement:
    pictures = _pictures(Path(data_dir), weights.parent)
    config = check(learning.config(str(_pairs(learning.recipe, pictures)), seed))
    if learning.steps:
        folder = run_folder_of(weights)
        train(config, folder)
        config, model, _ = load_run(folder)
    else:
        model = build_model(config, 0)
    data = {name: {"dataset": "generated", "root": str(_pairs(recipe, pictures))} for name, recipe in HELD_OUT.items()}
    measured = {name: _measured(model, config, fields, flow, "epe") for name, fields in data.items()}
    for name, (fields, measure, number) in UNSEEN.items():
        place = Path(data_dir) / name
        if place.is_dir():
            measured[name] = _measured(model, config, {**fields, "root": str(place)}, measure, number)
    protocols = {name: protocol for name, (_, protocol) in measured.items()}
    return Measurement({name: number for name, (number, _) in measured.items()}, {"sets": protocols})


def _pairs(recipe: Recipe, pictures: Path) -> Path:
    """A folder with a recipe, whose pictures are those of a folder."""
    kind = "pictures" if recipe.pictures else "procedural"
    root = pictures.with_name(f"{kind}-pairs-{recipe.pairs}-seed{recipe.seed}")
    write_recipe(root, dataclasses.replace(recipe, pictures=str(pictures) if recipe.pictures else ""))
    return root


def _measured(
    model: keras.Model, config: Config, data: dict[str, Any], measure: ModuleType, number: str
) -> tuple[float, dict]:
    """A number of a measure, and its protocol."""
    config = check(dataclasses.replace(config, data=dataclasses.replace(config.data, **{"render": "", **data})))
    found = measure.measure(model, open_source(config, "test"), config)
    return found.numbers[number], found.protocol


def _pictures(data_dir: Path, folder: Path) -> Path:
    """A folder with the middle frame of every video of UCF101's first training list.

    Raises:
        InputError: `data_dir` holds no videos of the list.
    """
    place, videos = folder / "pictures", ucf101.load(data_dir / "ucf101", subset="train").videos
    if not videos:
        raise InputError(f"{data_dir}/ucf101 has no video of UCF101's first training list; give its folder.")
    with progress("taking pictures from", "videos") as show:
        for number, video in enumerate(videos, 1):
            picture = place / f"{Path(video.path).stem}.png"
            if not picture.is_file():
                write_picture(picture, read_frames(video.path, (count_frames(video.path) // 2,))[0])
            show(number, len(videos))
    return place
