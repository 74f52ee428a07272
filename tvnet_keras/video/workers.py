"""The number of files that are worked on at the same time."""

import os


def workers_of(asked: int | None = None) -> int:
    """The number of workers: as many as are asked for, or else one per core that this process may run on.

    Args:
        asked: the number asked for; None or 0 asks for none in particular.
    """
    if asked:
        return asked
    # A batch system or a container may lend a process fewer cores than the machine has; not every system can tell.
    allowed = vars(os).get("sched_getaffinity")
    return len(allowed(0)) if allowed else os.cpu_count() or 1
