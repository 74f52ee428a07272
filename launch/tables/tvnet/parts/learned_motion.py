"""Whether a TVNet has moved, and whether its flow is still flow: what training did to it beside the accuracy."""

from pathlib import Path
from typing import cast

import keras
import numpy as np

from launch.evaluators import photometric
from launch.run.data import open_source
from launch.run.model import build_model, load_run
from models import motion_of
from tvnet_keras.layers.tvnet import TVNet


def measure_motion(run: Path) -> dict[str, float]:
    """Measures the TVNet of a finished run against an untrained one.

    Args:
        run: the run's folder.

    Returns:
        `kernels_moved`, the mean absolute difference of the kernels from their start (a kernel starts as -1, 1), and
        `photometric` and `photometric_untrained`, the residuals of the central test clips in grey levels, with
        `photometric_zero`, those of no flow.
    """
    config, model, class_names = load_run(run)
    fresh = build_model(config, len(class_names))
    source = open_source(config, "test")
    learned, start = (photometric.measure(network, source, config).numbers for network in (model, fresh))
    return {
        **learned,
        "photometric_untrained": start["photometric"],
        "kernels_moved": float(np.mean(np.abs(_kernels(model) - _kernels(fresh)))),
    }


def _kernels(model: keras.Model) -> np.ndarray:
    # A network whose flow is live has a Motion layer, which in these tables is TVNet.
    motion = cast(TVNet, motion_of(model))
    return keras.ops.convert_to_numpy(motion.kernels)
