"""`--profile`: the graph of the step and a profile of a few steps, for TensorBoard."""

from pathlib import Path

import tensorflow as tf

from launch.run.run_folder import LOGS_DIR

GRAPH_STEP = 1
"""The step whose graph is written: the first one, which traces it."""

FIRST, LAST = 5, 10
"""First and last of the steps that are profiled: after tracing, and few, for a profile of many is too large to read."""


class Profiler:
    """Profiles some steps of a run; to be called before and after each. It does nothing where it is not enabled.

    Args:
        folder: the run's folder; the profile goes to its logs.
        writer: the run's TensorBoard file, to which the graph is written.
        enabled: whether the run is profiled (`--profile`).
    """

    def __init__(self, folder: Path, writer: tf.summary.SummaryWriter, enabled: bool) -> None:
        self.logs, self.writer, self.enabled = folder / LOGS_DIR, writer, enabled
        self.running = False

    def before(self, step: int) -> None:
        """Begins the graph or the profile, if it is their turn.

        Args:
            step: the number of the coming step, counted from the start of this process.
        """
        if not self.enabled:
            return
        if step == GRAPH_STEP:
            tf.summary.trace_on(graph=True, profiler=False)
        elif step == FIRST:
            tf.profiler.experimental.start(str(self.logs))
            self.running = True

    def after(self, step: int) -> None:
        """Writes the graph or ends the profile, if it is their turn.

        Args:
            step: the number of the step that is done, counted from the start of this process.
        """
        if self.enabled and step == GRAPH_STEP:
            with self.writer.as_default(step):
                tf.summary.trace_export("step")
            self.writer.flush()
        if step == LAST:
            self.close()

    def close(self) -> None:
        """Ends a profile that is still running, for a run of fewer steps."""
        if self.running:
            tf.profiler.experimental.stop()
            self.running = False
