"""Formats of an exported model, one per file; adding a file adds `--format=<its name>`.

A module has

`FILES`
    Names of the files and folders that it writes: a folder with anything else in it is no export, and not replaced.
`TAKES_SIZES`
    Whether `--batch`, `--frames` and `--size` mean something to it.
`require()`
    Refuses in a sentence that names the packages, where an optional one is missing; called before anything is loaded.
`write(module, folder, sizes) -> record`
    Writes every answer of a `ServingModule` into a folder that exists. The record is JSON: `written_by`, a package with
    its version, and `answers`, by the name of the output, each with its `input`.
`open_client(folder) -> Client`
    What answers in the user's place, by a runtime of the format: a function of the name of an answer and of what the
    network takes; and its name and version for the record.

Beside the formats lies `parts`, what they share.
"""

import dataclasses
from collections.abc import Callable

import numpy as np


@dataclasses.dataclass(frozen=True)
class Sizes:
    """What is fixed of the clips that an exported model takes; None leaves it to the client.

    Attributes:
        batch: number of clips.
        frames: number of frames T.
        size: (H, W) in pixels.
    """

    batch: int | None = None
    frames: int | None = None
    size: tuple[int, int] | None = None

    def shape(self, field: str) -> tuple[int | None, ...]:
        """The shape of what a network takes: `clip` `[B, T, H, W, 3]`, or `flow` `[B, T - 1, H, W, 2]`."""
        height, width = self.size or (None, None)
        if field == "clip":
            return self.batch, self.frames, height, width, 3
        return self.batch, None if self.frames is None else self.frames - 1, height, width, 2


@dataclasses.dataclass(frozen=True)
class Client:
    """A runtime that has opened an export.

    Attributes:
        name: of the package, with its version.
        ask: a function of the name of an answer, such as `flow`, and of an array that the network takes, which returns
            the answer.
    """

    name: str
    ask: Callable[[str, np.ndarray], np.ndarray]
