"""Stores what every motion layer gives today, one file per layer and `SOLVER_VERSION`; stored files are never changed.

python -m tests.layers.store_solver_outputs
"""

import inspect
from pathlib import Path

import keras
import numpy as np

import tvnet_keras.layers
from tests.discovery import classes_of
from tests.textures import moving_clip
from tvnet_keras.atomic import atomic_path
from tvnet_keras.layers.motion_layer import MotionLayer
from tvnet_keras.ops.native import MODES

FOLDER = Path(__file__).with_name("solver_outputs")
COMMAND = "python -m tests.layers.store_solver_outputs"
TOLERANCE = 5e-5
"""Pixels, or features of that order. Native and portable differ by a third of it."""

BORDER = 8
"""Columns of the clip without any texture."""

ROUNDING = 8e-5
"""Of their values: slopes of about half the size that Representation Flow takes for rounding, 0.01 of 255 greys."""


def motion_layers() -> list[type]:
    """Every motion layer of the package."""
    found = classes_of(tvnet_keras.layers, MotionLayer)
    return [layer_class for layer_class in found if layer_class is not MotionLayer]


def modes(layer_class: type) -> tuple[str, ...]:
    """How the layer's iterations can be executed; empty where there is no choice."""
    return MODES if "mode" in inspect.signature(layer_class).parameters else ()


def file_name(layer_class: type, version: int) -> str:
    """The file of a layer's version, such as `tvnet-v1.npz`."""
    return f"{layer_class.__module__.rpartition('.')[2]}-v{version}.npz"


def new_clip() -> np.ndarray:
    """`[1, 3, 16, 20, 3]` float16 in 0..1: a moving texture beside a border that is black but for rounding."""
    clip = moving_clip(3, 16, 20, (0.6, -0.3))
    clip[..., :BORDER, :] = ROUNDING * np.random.RandomState(0).uniform(size=clip[..., :BORDER, :].shape)
    return clip.astype("float16")


def outputs(layer_class: type, clip: np.ndarray, **arguments) -> np.ndarray:
    """What the layer gives for a clip with its default arguments, but for `arguments`.

    The kernels of its convolutions are drawn by NumPy's frozen generator: Keras may draw others tomorrow.
    """
    layer = layer_class(**arguments)
    layer.build(clip.shape)
    random = np.random.RandomState(0)
    for weight in layer.weights:
        if weight.name == "kernel":
            weight.assign(random.normal(size=weight.shape) * np.sqrt(2 / np.prod(weight.shape[:-1])))
    return keras.ops.convert_to_numpy(layer(clip.astype("float32")))


def store(layer_class: type, folder: Path) -> Path | None:
    """Writes the file of a layer's present version; None if it is there and today's outputs are those.

    Raises:
        ValueError: it is there and holds other outputs.
    """
    path = folder / file_name(layer_class, layer_class.SOLVER_VERSION)
    if path.is_file():
        check(layer_class, path)
        return None
    clip = new_clip()
    with atomic_path(path) as partial, open(partial, "wb") as file:
        np.savez_compressed(file, clip=clip, outputs=outputs(layer_class, clip))
    return path


def check(layer_class: type, path: Path, **arguments) -> None:
    """Compares what a layer gives today with a stored file.

    Raises:
        ValueError: it is something else, or nothing is stored.
    """
    if not path.is_file():
        raise ValueError(f"{layer_class.__name__} has no {path.name}: store its outputs with `{COMMAND}`")
    with np.load(path) as stored:
        today, then = outputs(layer_class, stored["clip"], **arguments), stored["outputs"]
    # A network of random kernels answers with many pixels, which rounding moves as many times as far.
    if today.shape == then.shape and np.abs(today - then).max() <= TOLERANCE * max(1.0, np.abs(then).max()):
        return
    apart = np.abs(today - then).max() if today.shape == then.shape else f"{today.shape}, not {then.shape}"
    raise ValueError(
        f"{layer_class.__name__}: outputs changed ({apart} from {path.name}): raise SOLVER_VERSION and store new "
        f"outputs with `{COMMAND}`"
    )


def main() -> None:
    """Stores what is missing."""
    for layer_class in motion_layers():
        path = store(layer_class, FOLDER)
        print(f"{layer_class.__name__} {layer_class.SOLVER_VERSION}: {f'written: {path}' if path else 'unchanged'}")


if __name__ == "__main__":
    main()
