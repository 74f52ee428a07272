"""What a run wrote for TensorBoard."""

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def tensorboard(folder) -> EventAccumulator:
    """The events of a run's folder."""
    accumulator = EventAccumulator(str(folder / "logs"), size_guidance={"tensors": 0})
    return accumulator.Reload()
