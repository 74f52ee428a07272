"""Runs of the training loop whose network is one weight, which every step raises by one: they take milliseconds."""

import itertools

import keras
import tensorflow as tf

from launch.run import run_folder
from launch.run.checkpoints import Checkpoints
from launch.run.monitor import Monitor
from launch.run.selection import Selection
from launch.run.training_loop import TrainingLoop
from launch.weights.files import read_weights


def run(config, folder):
    """Does what `launch.train.train` does with a real network, and returns the results."""
    run_folder.write(folder, run_folder.claim(folder, config))
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, "relu", False, "zeros", name="one")])
    optimizer = keras.optimizers.SGD()
    optimizer.build(model.trainable_variables)
    selection = Selection(folder, config) if config.train.keep_best else None
    state = {"selection": selection.stored} if selection else {}
    checkpoints = Checkpoints(folder, model, optimizer, **state)
    start = checkpoints.restore()
    if selection:
        selection.restored(start)
    monitor = Monitor(folder, config.train, optimizer, {}, start)
    loop = TrainingLoop(config, model, optimizer, checkpoints, monitor, None, [], selection)
    last = loop.run(Step(model), itertools.repeat({}), start, profile=False)
    return run_folder.add_results(folder, **loop.finish(last))["results"]


class Step:
    """An update that raises the weight by one."""

    strategy = None

    def __init__(self, model):
        self.weight = model.weights[0]

    def __call__(self, batch):
        self.weight.assign_add([[1.0]])
        return {"loss": tf.constant(float(self.weight.numpy()[0, 0]))}


def steps_of_weights(folder):
    """The number of steps that the exported weights have taken."""
    (value,) = read_weights(folder / run_folder.WEIGHTS_FILE).values()
    return float(value[0, 0])
