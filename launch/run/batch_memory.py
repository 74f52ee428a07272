"""Batches that are larger than the memory of the machine are refused before anything is read."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tvnet_keras.errors import InputError

if TYPE_CHECKING:
    from launch.run.config import Config


def require_room(config: Config, subset: str) -> None:
    """Refuses a batch of frames, uint8, that alone is larger than the memory.

    Args:
        config: the run's configuration.
        subset: "train" or "test", whose batches are meant.

    Raises:
        InputError: the batch is larger; the sentence names the flags that decide its size.
    """
    data = config.data
    section, segments = ("train", data.segments) if subset == "train" else ("eval", 1)
    batch = getattr(config, section).batch_size
    needed, held = batch * segments * data.frames * data.height * data.width * 3, memory_bytes()
    if needed > held:
        clips = f"--config.{section}.batch_size={batch} samples" + (f" of {segments} clips" if segments > 1 else "")
        raise InputError(
            f"{clips} of --config.data.frames={data.frames} frames of {data.height} x {data.width} pixels take "
            f"{needed / 1e9:.1f} GB, and this machine has {held / 1e9:.1f} GB of memory: make one of them smaller."
        )


def memory_bytes() -> int:
    """The memory of the machine, in bytes; more than any batch takes where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf.
        return sys.maxsize
