"""The network of flow that was learned on generated pairs: a number of its own, and the start of others."""

import dataclasses
from pathlib import Path

from launch.experiments import action_flow_net_pairs
from launch.run.config import Config, check
from launch.run.run_folder import has_begun, read
from launch.tables.parts.generated_pairs import DATASET, generated_pairs
from launch.tables.parts.stored import run_folder_of, weights_file
from launch.train import train

TABLE, ROW = "action_flow_net_flow", "generated"

STEPS = 3000


def config_of(root: str) -> Config:
    """The training on generated pairs of the default recipe, which are read as files: rendering takes longer.

    Args:
        root: the folder of the pairs.
    """
    base = action_flow_net_pairs.config("action_flow_net")
    return dataclasses.replace(
        base,
        data=dataclasses.replace(base.data, dataset=DATASET, root=root),
        train=dataclasses.replace(base.train, steps=STEPS, validate_every=500),
    )


def train_generated(weights_dir: Path, seed: int = 0) -> Path:
    """Trains the network, unless it is there.

    Args:
        weights_dir: the folder of what all tables train.
        seed: the seed of the training.

    Returns:
        The folder of its run.
    """
    folder = run_folder_of(weights_file(weights_dir, TABLE, ROW, seed))
    if has_begun(folder) and "steps" in read(folder).get("results", {}):
        return folder
    root = generated_pairs(weights_dir)
    train(check(dataclasses.replace(config_of(str(root)), seed=seed)), folder)
    return folder
