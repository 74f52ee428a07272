"""A preset, its file, and the names by which presets are asked for."""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tvnet_keras.atomic import atomic_path
from tvnet_keras.choices import check_choice
from tvnet_keras.entries import matching
from tvnet_keras.errors import InputError
from tvnet_keras.npz import read_arrays

FOLDER = Path(__file__).parent
"""Where the presets lie."""

ANY = "preset"
"""The word that stands for the one preset of a TVNet's numbers."""

NUMBERS = ("scales", "warps", "iterations")
"""The arguments that name a TVNet: `tvnet-S-W-I`."""

_HEADER = "header"
_MOST_BYTES = 2**24
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


@dataclass(frozen=True, eq=False)
class Preset:
    """A trained TVNet, which is checked when it is made.

    Args:
        name: small letters, digits, points and hyphens; it names the file.
        config: the constructor's arguments, a JSON object with at least the `NUMBERS`.
        weights: float32 arrays by the names of the layer's weights, all but u0.
        card: what a user should know of the weights, a JSON object.

    Raises:
        InputError: a field has the wrong type, or a weight is not finite.

    Example:
        >>> weights = {"kernels": np.zeros((1, 1, 2, 8, 2), "float32")}
        >>> preset = Preset("tvnet-1-1-2-zero", {"scales": 1, "warps": 1, "iterations": 2}, weights, {})
        >>> preset.solver, preset.fingerprint[:8]
        ('tvnet-1-1-2', 'c5c74573')
    """

    name: str
    config: Mapping[str, Any]
    weights: Mapping[str, np.ndarray]
    card: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name) or self.name == ANY:
            raise InputError(
                f"name of a preset must be small letters, digits, points and hyphens, and not {ANY!r}. Received: "
                f"name={self.name!r}."
            )
        for field in ("config", "card"):
            object.__setattr__(self, field, _json_object(field, getattr(self, field)))
        lacking = [number for number in NUMBERS if not isinstance(self.config.get(number), int)]
        if lacking:
            raise InputError(f"config of the preset {self.name} lacks {lacking[0]}, a whole number.")
        # Copies, which a training that goes on cannot reach.
        weights = {name: np.array(value) for name, value in self.weights.items()}
        object.__setattr__(self, "weights", weights)
        for name, value in weights.items():
            if value.dtype != np.float32 or not np.isfinite(value).all():
                raise InputError(f"{name} of the preset {self.name} must be finite float32 numbers.")

    @property
    def solver(self) -> str:
        """The TVNet that it is a preset of, such as "tvnet-5-5-50"."""
        return "-".join(["tvnet", *(str(self.config[number]) for number in NUMBERS)])

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that decides the flow: arguments and weights, not the card."""
        digest = hashlib.sha256(json.dumps(self.config, sort_keys=True).encode())
        for name in sorted(self.weights):
            value = self.weights[name]
            digest.update(f"{name} {value.shape}".encode() + np.ascontiguousarray(value).tobytes())
        return digest.hexdigest()


def names() -> tuple[str, ...]:
    """The presets that there are, in alphabetical order."""
    return tuple(path.stem for path in matching(FOLDER, "*.npz"))


def load(name: str) -> Preset:
    """Reads a preset.

    Raises:
        InputError: there is no such preset (the sentence names those that there are), or its file is damaged.
    """
    path = _path(check_choice("The preset", name, names()))
    try:
        arrays = read_arrays(path, most_bytes=_MOST_BYTES)
        header = json.loads(str(arrays.pop(_HEADER)))
        preset = Preset(name, header["config"], arrays, header["card"])
        # The archive does not notice an array that is gone.
        if preset.fingerprint != header["fingerprint"]:
            raise ValueError("its fingerprint is another")
        return preset
    except Exception as error:  # A damaged archive raises whatever its bytes lead the reader to.
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise InputError(f"{path} is not a whole preset ({reason}); install the package again.") from error


def save(preset: Preset, *, replace: bool = False) -> Path:
    """Writes a preset, whole or not at all.

    Args:
        preset: the preset.
        replace: whether a preset of this name may be replaced.

    Returns:
        The file.

    Raises:
        InputError: there is one of this name, or the file cannot be written.
    """
    path = _path(preset.name)
    if path.exists() and not replace:
        raise InputError(f"There is a preset {preset.name} already: {path}; choose another name or set replace.")
    header = {"config": preset.config, "card": preset.card, "fingerprint": preset.fingerprint}
    arrays: dict[str, Any] = {_HEADER: np.array(json.dumps(header)), **preset.weights}
    with atomic_path(path) as partial:
        np.savez_compressed(partial, **arrays)
    return path


def name_of(weights: str | os.PathLike[str], numbers: Sequence[int]) -> str | None:
    """The preset that a word stands for where the weights of a TVNet are asked for.

    Args:
        weights: "preset", for the one preset of these numbers, or the name of a preset; or a file.
        numbers: scales, warps and iterations of the TVNet.

    Returns:
        The preset's name; None if the word is none of these, and so a file.

    Raises:
        InputError: there is no preset of these numbers or are several, or the named one is of other numbers.
    """
    word, known = str(weights), names()
    if word != ANY and word not in known:
        return None
    solver = "-".join(["tvnet", *map(str, numbers)])
    presets = [load(name) for name in (known if word == ANY else (word,))]
    fitting = [preset.name for preset in presets if preset.solver == solver]
    if not fitting:
        listed = ", ".join(f"{preset.name} of {preset.solver}" for preset in presets) or "none at all"
        raise InputError(f"weights={word} finds no preset of {solver}; there is {listed}.")
    if len(fitting) > 1:
        raise InputError(f"weights={word} finds {len(fitting)} presets of {solver}; name one of {', '.join(fitting)}.")
    return fitting[0]


def _path(name: str) -> Path:
    return FOLDER / f"{name}.npz"


def _json_object(field: str, value: Any) -> dict[str, Any]:
    try:
        if not isinstance(value, Mapping):
            raise TypeError(f"it is {type(value).__name__}")
        # A copy, which later changes by the caller cannot reach; NaN is no JSON.
        return json.loads(json.dumps(dict(value), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{field} of a preset must be a JSON object ({error}).") from error
