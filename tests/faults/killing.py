"""Kills launchers at any moment, and compares what the same command makes of it in the end with a run left in peace."""

import io
import json
import random
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import tensorflow as tf

from tests.launch.start import begin, start

TIMES = {"date", "minutes", "seconds", "seconds_per_pair", "command", "first_step_s"}
"""Fields that tell when, how fast and into which folder a command worked; everything else must come out equal."""

UNCOMPARED = ("events.out.tfevents", "fingerprint.pb", "saved_model.pb", "ckpt-", "checkpoint", "variables.data")
"""Beginnings of file names: logs of a time, and serialised graphs and checkpoints whose order of bytes is not ours.

What `variables.data` of a SavedModel holds is compared under the name of its index.
"""


@dataclass(frozen=True)
class Journey:
    """A launcher's command.

    Args:
        module: of launch/.
        arguments: the flags; `{out}` stands for the folder that it writes to.
    """

    module: str
    arguments: tuple[str, ...]

    def into(self, folder: Path) -> list[str]:
        """The arguments for an output folder."""
        return [argument.format(out=folder) for argument in self.arguments]


def finish(journey: Journey, folder: Path, logs: Path) -> float:
    """Runs the command to its end and returns its seconds."""
    logs.mkdir(parents=True, exist_ok=True)
    since = time.monotonic()
    code, out, error = start(journey.module, journey.into(folder), logs)
    assert code == 0, f"exit code {code}\n{out}\n{error}"
    return time.monotonic() - since


def kill(journey: Journey, folder: Path, logs: Path, after: float) -> bool:
    """Starts the command, kills it after some seconds, and tells whether it was still at work."""
    logs.mkdir(parents=True, exist_ok=True)
    process = begin(journey.module, journey.into(folder), logs)
    process.join(after)
    was_alive = process.is_alive()
    process.kill()
    process.join()
    return was_alive


def moments(seed: int, seconds: float, count: int) -> list[float]:
    """When to kill: spread over the time that the command takes, its last moments included."""
    generator = random.Random(seed)
    return [seconds * (number + generator.random()) / count for number in generator.sample(range(count), count)]


def content(folder: Path) -> dict[str, object]:
    """What a folder holds, by relative path; raises where a file with a final name is not whole."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): _parsed(path)
        for path in files
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and not path.name.startswith(UNCOMPARED)
    }


def _parsed(path: Path) -> object:
    data = path.read_bytes()
    if path.suffix == ".json":
        return _without_times(json.loads(data))
    if path.suffix in (".npz", ".keras"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: _member(archive.read(name), name) for name in sorted(archive.namelist())}
    if path.suffix == ".index":
        reader = tf.train.load_checkpoint(str(path.with_suffix("")))
        names = set(reader.get_variable_to_shape_map()) - {"_CHECKPOINTABLE_OBJECT_GRAPH"}
        # Keras numbers the variables of an export in another order in every process.
        return sorted(np.asarray(reader.get_tensor(name)).tobytes() for name in names)
    return _arrays(data) if path.suffix == ".h5" else data


def _member(data: bytes, name: str) -> object:
    if name.endswith(".h5"):
        return _arrays(data)
    return b"" if name == "metadata.json" else data  # the day on which a model was saved


def _arrays(data: bytes) -> dict[str, bytes]:
    """HDF5 stores times; the arrays are what counts."""
    found: dict[str, bytes] = {}
    with h5py.File(io.BytesIO(data), "r") as file:
        file.visititems(
            lambda name, item: (
                found.update({name: np.asarray(item).tobytes()}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found


def _without_times(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_times(part) for name, part in value.items() if name not in TIMES}
    return [_without_times(part) for part in value] if isinstance(value, list) else value
