"""How many files are worked on at the same time."""

from __future__ import annotations

import os


def workers_of(asked: int | None = None) -> int:
    """The number of workers: as many as asked for, else one per core that this process may run on.

    Args:
        asked: 1 or more; None or 0 asks for nothing.
    """
    if asked:
        return asked
    # A batch system or a container may lend a process fewer cores than the machine has; not every system can tell.
    allowed = vars(os).get("sched_getaffinity")
    return len(allowed(0)) if allowed else os.cpu_count() or 1
