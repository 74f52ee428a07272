"""What this project's code gives, written as files for an environment that cannot import it.

    python -m tests.legacy.hand_over FOLDER

runs in the project's own environment. Inputs travel with the outputs, because NumPy's generators may change with its
version.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from launch.export import export
from launch.run.config import check, new_config
from launch.train import train
from tests.legacy.cases import DECAY, IMAGES, LAYERS, OPTIMIZERS, RATE, SLOW, STEPS, TVNETS
from tests.textures import moving_clip
from tvnet_keras import GroupedAdam, GroupedSGD, TVNet
from tvnet_keras.ops import intensity
from tvnet_keras.ops.warp import warp
from tvnet_keras.video.moving_shapes.writer import write_dataset

TENSORFLOW_IO_GREY = (0.2125, 0.7154, 0.0721)
"""ITU-R BT.709 luma, as tensorflow-io rounds it."""

CLIP = tf.TensorSpec((None, None, None, None, 3), tf.uint8, name="clip")


def warped() -> dict[str, np.ndarray]:
    """Images, flows, warped images, and the gradients of a weighted sum of them."""
    random, results = np.random.default_rng(0), {}
    for name, shape in IMAGES.items():
        images, weights = random.normal(size=(2, *shape)).astype("float32")
        # Displacements as large as the image: many positions lie outside.
        flow = random.normal(0, shape[1] / 2, (*shape[:3], 2)).astype("float32")
        arguments = tf.constant(images), tf.constant(flow)
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            result = warp(*arguments)
            total = tf.reduce_sum(weights * result)
        gradients = tape.gradient(total, arguments)
        case = {"images": images, "flow": flow, "weights": weights, "warped": result}
        case |= dict(zip(("images_gradient", "flow_gradient"), gradients, strict=True))
        results |= {f"{name} {key}": np.asarray(value) for key, value in case.items()}
    return results


def grey() -> dict[str, np.ndarray]:
    """Colour frames and their grey, with tensorflow-io's coefficients in place of ours."""
    frames = np.random.default_rng(1).uniform(size=(2, 9, 7, 3)).astype("float32")
    with mock.patch.object(intensity, "GREY_WEIGHTS", TENSORFLOW_IO_GREY):
        given = intensity.to_grey(frames)
    return {"frames": frames, "grey": np.asarray(given), "grey with our weights": np.asarray(intensity.to_grey(frames))}


def trained() -> dict[str, np.ndarray]:
    """Weights of a small network after training with every optimizer, per group and averaged."""
    random = np.random.default_rng(2)
    data = {"x": random.normal(size=(16, 4)), "y": random.normal(size=(16, LAYERS["classifier"]))}
    data = {key: value.astype("float32") for key, value in data.items()}
    start = [weight.numpy() for weight in _network().weights]
    results = data | {f"start {k}": weight for k, weight in enumerate(start)}
    for name, (kind, arguments) in OPTIMIZERS.items():
        make = {"SGD": GroupedSGD, "Adam": GroupedAdam}[kind]
        grouped = make(RATE, rates={"motion": SLOW}, **arguments)
        averaged = make(RATE, use_ema=True, ema_momentum=DECAY, **arguments)
        for key, optimizer in {"grouped": grouped, "averaged": averaged}.items():
            network = _network()
            network.set_weights(start)
            _train(network, optimizer, **data)
            optimizer.finalize_variable_values(network.trainable_variables)
            results |= {f"{name} {key} {k}": weight for k, weight in enumerate(network.get_weights())}
    return results


def _network() -> keras.Model:
    keras.utils.set_random_seed(3)
    (first, units), (last, classes) = LAYERS.items()
    layers = [
        keras.layers.Dense(units, activation="tanh", name=first),
        keras.layers.Dense(classes, name=last),
    ]
    return keras.Sequential([keras.Input((4,)), *layers])


def _train(network: keras.Model, optimizer: keras.optimizers.Optimizer, x: np.ndarray, y: np.ndarray) -> None:
    weights = network.trainable_variables
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((network(x) - y) ** 2)
        optimizer.apply(tape.gradient(loss, [weight.value for weight in weights]), weights)


def saved_layers(folder: Path) -> dict[str, np.ndarray]:
    """Saves a TVNet layer of every kind to `folder`; returns a clip and each layer's flow of it."""
    clip = _uint8(moving_clip(3, 48, 64, velocity=(0.7, -0.4)))
    results = {"clip": clip}
    for name, arguments in TVNETS.items():
        layer = TVNet(mode="portable", u0_size=(12, 16), **arguments)
        results[name] = np.asarray(layer(clip))
        _save(layer, folder / name)
    return results


def _save(layer: keras.Layer, folder: Path) -> None:
    module = tf.Module()
    module.layer = layer
    module.flow = tf.function(_flow_of(layer), input_signature=[CLIP])
    tf.saved_model.save(module, str(folder), signatures=module.flow)


def _flow_of(layer: keras.Layer) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    return lambda clip: {"flow": layer(clip)}


def exported_run(folder: Path) -> dict[str, np.ndarray]:
    """Trains for two steps and exports to `folder / "export"`; returns a clip and the export's answers here."""
    root = write_dataset(folder / "shapes", train_groups=1, test_groups=1, frames=8, size=(32, 32))
    data = {"root": str(root), "height": 32, "width": 32, "crop": "none", "test_crop": "none"}
    steps = {"steps": 2, "batch_size": 4, "schedule": "constant"}
    run = folder / "run"
    options = {"iterations": 10, "flow_bound": 4.0}
    train(check(new_config("tvnet", "moving_shapes", model=options, data=data, train=steps)), run)
    export(run, folder / "export")
    # Larger and longer than in training: the export resizes inside, and scores windows of six frames.
    clip = _uint8(moving_clip(7, 40, 56, velocity=(0.7, -0.4)))
    signatures = tf.saved_model.load(str(folder / "export")).signatures
    answers = (signature(clip=tf.constant(clip)) for signature in signatures.values())
    return {"clip": clip} | {key: np.asarray(value) for answer in answers for key, value in answer.items()}


def _uint8(frames: np.ndarray) -> np.ndarray:
    return np.round(255 * frames).astype("uint8")


def main(folder: Path) -> None:
    """Writes everything to `folder`."""
    arrays = {
        "warp": warped(),
        "grey": grey(),
        "optimizers": trained(),
        "layers": saved_layers(folder / "layers"),
        "run": exported_run(folder / "run"),
    }
    for name, content in arrays.items():
        np.savez(folder / f"{name}.npz", **content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
