"""Runs layers, losses and training on the backend in KERAS_BACKEND and stores what came out, for comparison.

    KERAS_BACKEND=jax python -m tests.backends.compute OUT.npz [REFERENCE.npz]

Every case is a function that returns named arrays. What a case raises is stored too, as `<case>/error`: one broken
case does not hide the others. Random initial weights differ between backends, so they are read from REFERENCE.
"""

import sys
import tempfile
import traceback
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from tests.backends.derivatives import value_and_gradients
from tests.layers import test_every_layer as layers
from tests.losses import test_every_loss as losses
from tests.made_preset import NAME, make_preset
from tests.textures import moving_clip
from tvnet_keras import FlowImage, GroupedSGD, TVNet
from tvnet_keras.errors import InputError
from tvnet_keras.layers.tvnet import LEARNABLE
from tvnet_keras.losses.normalisation import NORMALISATIONS
from tvnet_keras.losses.unsupervised_flow import unsupervised_flow_terms
from tvnet_keras.ops.differentiable import differentiable
from tvnet_keras.ops.tvl1.solver import solve

CLIP = moving_clip(3, 33, 47, (0.8, -0.5))
TVNETS = [(variant, size) for variant in ("default", "official") for size in ((1, 1, 10), (2, 2, 5))]


def noise(shape, seed: int = 0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def gradients_of(layer, inputs):
    """The output of a built layer, and gradients of a random projection of it: of the input and of every weight."""
    fixed = [variable.value for variable in layer.non_trainable_variables]
    weight_of_each = noise(layer.compute_output_shape(inputs.shape))

    def projection(x, *weights):
        output = layer.stateless_call(list(weights), fixed, x)[0]
        return ops.sum(ops.convert_to_tensor(weight_of_each) * output), output

    weights = [ops.convert_to_numpy(variable) for variable in layer.trainable_variables]
    (_, output), gradients = value_and_gradients(projection, [inputs, *weights])
    names = ["input"] + [f"{k} {variable.name}" for k, variable in enumerate(layer.trainable_variables)]
    return {"output": output} | dict(zip((f"gradient of {name}" for name in names), gradients, strict=True))


def tvnet(variant: str, size: tuple[int, int, int], u0: float):
    """TVNet with everything trainable, its initial flow random with standard deviation `u0`."""
    layer = TVNet(*size, variant=variant, learn=LEARNABLE, mode="portable")
    layer.build(CLIP.shape)
    # With some starts the gradient of tau or of the image gradient is a sum that nearly cancels, to a rest of rounding.
    layer.u0.assign(np.float32(u0) * noise(layer.u0.shape, seed=4))
    return gradients_of(layer, CLIP)


def tvnet_options():
    """TVNet with all of its options that are off by default."""
    # In a larger window the rounding of a backend lets another pixel be the median, whose gradient is another.
    options = {"share": ("warps",), "constants_per": "scale", "median": 3, "texture": 0.9, "detach_warps": True}
    layer = TVNet(1, 2, 5, learn=LEARNABLE, mode="portable", **options)
    layer.build(CLIP.shape)
    layer.u0.assign(np.float32(0.3) * noise(layer.u0.shape))
    return gradients_of(layer, CLIP)


def every_layer(layer_class, reference):
    inputs = layers.example_input(layer_class)
    # With some weights the gradient of Representation Flow's tau is a sum over all pixels that nearly cancels: rounding
    # the input's last digit changes it by 2e-4 of itself on TensorFlow alone; with these by 2e-5.
    keras.utils.set_random_seed(1)
    layer = layers.described(layer_class).make()
    layer.build(inputs.shape)
    name = f"layer {layer_class.__name__}"
    if reference:
        layer.set_weights([reference[f"{name}/weight {k}"] for k in range(len(layer.weights))])
    weights = {f"weight {k}": ops.convert_to_numpy(weight) for k, weight in enumerate(layer.weights)}
    return weights | gradients_of(layer, inputs)


def rounded_flow_image():
    """FlowImage with its options that are off by default, on flow that lies well within its levels, and on none."""
    levels = np.random.default_rng(0).integers(-150, 150, (1, 3, 6, 7, 2)) + 0.25
    levels[0, 0] = 0
    layer = FlowImage(3, quantised=True, output_range="eight_bit")
    layer.build(levels.shape)
    return gradients_of(layer, np.float32(levels * 6 / 255))


def every_loss(loss_class):
    description = losses.described(loss_class)
    prediction = description.perfect + 0.3 * noise(description.perfect.shape)
    loss = description.make()
    (value, _), gradients = value_and_gradients(lambda y: (loss(description.target, y), y), [prediction])
    return {"value": value, "gradient": gradients[0]}


def unsupervised_flow(normalisation: str):
    """The terms of a clip's flow at two levels, and gradients of both flows, some of whose vectors leave the frame."""
    flows = [2 * noise((1, 2, *size, 2), seed) for seed, size in enumerate(((16, 23), (8, 11)))]

    def total(*levels):
        terms = unsupervised_flow_terms(CLIP, levels, ssim_weights=(0.5, 1.0), normalisation=normalisation)
        values = ops.stack([terms[name][0] for name in ("pixel", "smooth", "ssim")])
        return ops.sum(values), values

    (_, values), gradients = value_and_gradients(total, flows)
    return {"terms": values, "gradient of the fine flow": gradients[0], "gradient of the coarse flow": gradients[1]}


def fit():
    """Losses and weights of a few steps of Keras's own loop, compiled where it compiles, with rates per group."""
    inputs = keras.Input(CLIP.shape[1:])
    layer = TVNet(1, 1, 5)
    model = keras.Model(inputs, layer(inputs))
    model.compile(GroupedSGD(0.5, rates={"kernels": 0.01}), loss="mse")
    truth = np.broadcast_to(np.float32([0.8, -0.5]), (1, 2, 33, 47, 2))
    history = model.fit(CLIP, truth, epochs=3, verbose=0).history["loss"]
    return {"losses": np.array(history), "u0": layer.u0, "kernels": layer.kernels}


def compiled_step(variant: str):
    """TVNet's flow and gradients with and without `jax.jit` around all of it."""
    import jax

    layer = TVNet(2, 1, 5, variant=variant)
    layer.build(CLIP.shape)
    layer.u0.assign(np.float32(0.3) * noise(layer.u0.shape))
    fixed = [variable.value for variable in layer.non_trainable_variables]

    def loss(weights, clip):
        flow = layer.stateless_call(weights, fixed, clip)[0]
        return ops.mean(flow**2) + ops.mean(flow), flow

    step = jax.value_and_grad(loss, has_aux=True)
    weights = [variable.value for variable in layer.trainable_variables]
    results = {}
    for name, function in (("plain", step), ("compiled", jax.jit(step))):
        (_, flow), gradients = function(weights, CLIP)
        results |= {f"{name} flow": flow, f"{name} u0": gradients[0], f"{name} kernels": gradients[1]}
    return results


def preset():
    """Flow and kernels of a layer from a preset, beside those of the layer that the preset was made from."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        made = make_preset(Path(folder), patch)
        layer = TVNet.from_preset(NAME)
        return {"flow": layer(CLIP), "kernels": layer.kernels, "made flow": made(CLIP), "made kernels": made.kernels}


def raised(function) -> np.ndarray:
    """Type and sentence of the error that `function` raises; empty if it raises none."""
    try:
        function()
    except Exception as error:
        return np.array(f"{type(error).__name__}: {error}")
    return np.array("")


def forced_errors():
    """What a user sees of a mistake in the solver's arguments, its forward pass and its backward pass."""

    def broken(*arguments):
        raise ZeroDivisionError("forced")

    def differentiate(function):
        def total(x):
            values = function(x)
            return ops.sum(values), values

        return value_and_gradients(total, [np.ones(3, "float32")])

    shapes = (6, 1, 8, 9), (3, 1, 7, 9), (4, 8, 2), (3,)
    mismatched = [ops.convert_to_tensor(noise(shape)) for shape in shapes]
    bad_forward = differentiable(broken, lambda x, upstream: (upstream,))
    bad_backward = differentiable(lambda x: 2 * x, broken)
    return {
        "wrong shape": raised(lambda: solve(*mismatched, "portable")),
        "forward": raised(lambda: differentiate(bad_forward)),
        "backward": raised(lambda: differentiate(bad_backward)),
    }


def native_refused():
    try:
        TVNet(iterations=2, mode="native")(CLIP)
    except InputError as error:
        return {"sentence": np.array(str(error))}
    return {"sentence": np.array("")}


def cases(reference):
    for variant, size in TVNETS:
        yield f"tvnet {variant} {size}", lambda variant=variant, size=size: tvnet(variant, size, 0.3)
    # Without initial flow every position lies on a pixel and the outermost ones on the limit where they are clamped.
    yield "tvnet default without u0", lambda: tvnet("default", (1, 1, 10), 0.0)
    yield "tvnet with options", tvnet_options
    for layer_class in layers.found_layers():
        yield f"layer {layer_class.__name__}", lambda layer_class=layer_class: every_layer(layer_class, reference)
    for loss_class in losses.found_losses():
        yield f"loss {loss_class.__name__}", lambda loss_class=loss_class: every_loss(loss_class)
    yield "rounded flow image", rounded_flow_image
    yield "fit", fit
    yield "preset", preset
    for normalisation in NORMALISATIONS:
        yield f"unsupervised {normalisation}", lambda normalisation=normalisation: unsupervised_flow(normalisation)
    yield "forced errors", forced_errors
    if keras.backend.backend() != "tensorflow":
        yield "native", native_refused
    if keras.backend.backend() == "jax":
        yield "jit default", lambda: compiled_step("default")
        yield "jit official", lambda: compiled_step("official")


def main(out: str, reference: str | None = None) -> None:
    """Computes every case and writes `<case>/<name>` arrays."""
    known = dict(np.load(reference)) if reference else {}
    results = {}
    for case, compute in cases(known):
        try:
            arrays = compute()
        except Exception:
            arrays = {"error": np.array(traceback.format_exc())}
        for name, array in arrays.items():
            results[f"{case}/{name}"] = array if isinstance(array, np.ndarray) else ops.convert_to_numpy(array)
    np.savez(out, **results)


if __name__ == "__main__":
    main(*sys.argv[1:])
