"""The numbers that a training wrote for TensorBoard, read back."""

from pathlib import Path

import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from launch.run.run_folder import LOGS_DIR


def logged_numbers(run: Path) -> dict[str, dict[int, float]]:
    """Every logged number of a run, by its name in TensorBoard and the step.

    Of a step that was logged more than once, because a killed training went over it again, the last number counts.

    Args:
        run: the folder of the run; without logs there are no numbers.

    Returns:
        Such as `{"validation/validation_epe": {500: 2.8, 1000: 1.9}}`.
    """
    folder = run / LOGS_DIR
    if not folder.is_dir():
        return {}
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
    found = {}
    for name in events.Tags()["tensors"]:
        points = {event.step: tf.make_ndarray(event.tensor_proto) for event in events.Tensors(name)}
        if all(value.dtype.kind == "f" and value.ndim == 0 for value in points.values()):
            found[name] = {step: float(value) for step, value in sorted(points.items())}
    return found
