"""A training that is interrupted in the middle, as by Ctrl-C."""

import pytest

from launch.run.config import Config
from launch.run.monitor import Monitor
from launch.train import train


def interrupted(config: Config, folder, steps: int, **options) -> None:
    """Trains until `steps` are done and reported, and no further."""
    report = Monitor.step

    def step(self, number, metrics):
        report(self, number, metrics)
        if number == steps:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Monitor, "step", step)
        train(config, folder, **options)
