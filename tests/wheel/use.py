"""Uses the installed package as a stranger would; run by another interpreter, which knows nothing of the repository.

python -I use.py FOLDER   where FOLDER holds, for every method, METHOD.keras and METHOD.npz with `clip` and `expected`
"""

import importlib.util
import sys
from pathlib import Path

import keras
import numpy as np

import tvnet_keras

VELOCITY = (1.0, 0.5)


def texture(time: float) -> np.ndarray:
    """`[32, 40, 3]` floats 0..1: waves that move by VELOCITY pixels per frame."""
    y, x = np.mgrid[:32, :40].astype("float32")
    x, y = x - VELOCITY[0] * time, y - VELOCITY[1] * time
    grey = 0.5 + 0.2 * np.sin(0.45 * x + 0.2 * y) + 0.2 * np.cos(0.5 * y - 0.15 * x)
    return np.repeat(grey[..., None], 3, axis=-1)


def clip_of(start: float, frames: int) -> np.ndarray:
    """`[T, 32, 40, 3]` float32."""
    return np.stack([texture(start + t) for t in range(frames)]).astype("float32")


def check_installation() -> None:
    """The package is the installed one, and nothing of the repository is there beside it."""
    assert Path(tvnet_keras.__file__).is_relative_to(sys.prefix), tvnet_keras.__file__
    assert (Path(tvnet_keras.__file__).parent / "py.typed").is_file()
    for name in ("models", "launch", "tests", "ml_collections", "tensorboard"):
        assert importlib.util.find_spec(name) is None, f"{name} can be imported"
    late = [name for name in sys.modules if name.startswith(("tvnet_keras.flow", "tvnet_keras.video", "av."))]
    assert not late, f"import tvnet_keras imports {late}"
    registered = {name: found.__module__ for name, found in keras.saving.get_custom_objects().items()}
    assert all(module.startswith("tvnet_keras.") for module in registered.values()), registered


def check_flow(folder: Path) -> None:
    """TVNet sees how the texture moves; the flow survives its file and can be painted."""
    clip = clip_of(0, 2)
    flow = keras.ops.convert_to_numpy(tvnet_keras.TVNet(iterations=50)(clip[None]))[0, 0]
    np.testing.assert_allclose(np.median(flow[4:-4, 4:-4], axis=(0, 1)), VELOCITY, atol=0.15)
    moved_back = keras.ops.convert_to_numpy(tvnet_keras.warp(clip[1:], flow[None]))[0]
    inside = (slice(4, -4), slice(4, -4))
    assert np.abs(moved_back - clip[0])[inside].mean() < 0.5 * np.abs(clip[1] - clip[0])[inside].mean()
    tvnet_keras.write_flo(folder / "flow.flo", flow)
    np.testing.assert_array_equal(tvnet_keras.read_flo(folder / "flow.flo"), flow)
    assert tvnet_keras.flow_to_colour(flow).shape == (32, 40, 3)


def check_presets() -> None:
    """The presets came along, and a layer starts with their weights."""
    names = tvnet_keras.presets.names()
    assert names
    for name in names:
        layer = tvnet_keras.TVNet.from_preset(name)
        assert np.isfinite(keras.ops.convert_to_numpy(layer(clip_of(0, 2)[None]))).all(), name
        assert (keras.ops.convert_to_numpy(layer.kernels) == tvnet_keras.presets.load(name).weights["kernels"]).all()


def check_fit() -> None:
    """A network with TVNet at its front learns to tell forward from backward."""
    keras.utils.set_random_seed(0)
    forward = np.stack([clip_of(start, 3) for start in range(4)])
    clips, labels = np.concatenate([forward, forward[:, ::-1]]), np.repeat([0, 1], 4)
    network = keras.Sequential(
        [tvnet_keras.TVNet(iterations=5), keras.layers.GlobalAveragePooling3D(), keras.layers.Dense(2)]
    )
    # XLA would take four times as long to compile this as it takes to learn.
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(0.1), loss, jit_compile=False)
    losses = network.fit(clips, labels, epochs=6, batch_size=8, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0], losses


def single_answers(outputs: dict) -> dict:
    """Every output of a network by its name, those of a list with their places."""
    single = {name: value for name, value in outputs.items() if not isinstance(value, list)}
    lists = {name: value for name, value in outputs.items() if isinstance(value, list)}
    return single | {f"{name}_{place}": value for name, values in lists.items() for place, value in enumerate(values)}


def check_files(folder: Path) -> None:
    """Networks that the repository saved answer as they did there; what is saved here goes back."""
    files = sorted(folder.glob("*.keras"))
    assert files
    for file in files:
        network = keras.saving.load_model(file)
        assert type(network).__module__.startswith("tvnet_keras.models."), type(network)
        stored = np.load(file.with_suffix(".npz"))
        for name, answer in single_answers(network(stored["clip"])).items():
            np.testing.assert_allclose(answer, stored[name], atol=1e-4, err_msg=f"{file.name}: {name}")
        (folder / "back").mkdir(exist_ok=True)
        network.save(folder / "back" / file.name)


def check_modules() -> None:
    """Every module imports with what the package requires; the native solver's need numba, which is optional."""
    root = Path(tvnet_keras.__file__).parent
    for file in sorted(root.rglob("*.py")):
        parts = ("tvnet_keras", *file.relative_to(root).with_suffix("").parts)
        if "native" not in parts:
            importlib.import_module(".".join(parts).removesuffix(".__init__"))


if __name__ == "__main__":
    check_installation()
    check_flow(Path(sys.argv[1]))
    check_presets()
    check_fit()
    check_files(Path(sys.argv[1]))
    check_modules()
