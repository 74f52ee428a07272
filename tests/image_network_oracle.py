"""BN-Inception and VGG-16 in float64 NumPy, as PyTorch's files mean them: their names, their axes, Caffe's poolings."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

HALVING = ("3c", "4e")
"""The blocks of BN-Inception whose last convolutions have stride 2."""

VGG_POOLED = (2, 7, 14, 21, 28)
"""The convolutions of VGG-16 (`features.<number>`) behind whose rectifier is a pooling."""


def convolution(state, name, x, stride=1, padding=0):
    """`[N, I, H, W] -> [N, O, h, w]`."""
    kernel = state[f"{name}.weight"].astype("float64")
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(x, kernel.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    found = np.tensordot(windows, kernel, axes=((1, 4, 5), (1, 2, 3)))
    return np.moveaxis(found, -1, 1) + state[f"{name}.bias"][:, None, None]


def normalised(state, name, x):
    """Batch normalisation with its running statistics."""
    gamma, beta, mean, variance = (
        state[f"{name}.{parameter}"].astype("float64").reshape(-1, 1, 1)
        for parameter in ("weight", "bias", "running_mean", "running_var")
    )
    return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta


def pooled(x, how, size, stride=1, padding=0):
    """Windows of `size` positions reduced by `how`; the last one may stick out (Caffe's and PyTorch's ceil mode)."""
    around = (padding, padding + stride - 1)
    x = np.pad(x, ((0, 0), (0, 0), around, around), constant_values=-np.inf if how is np.max else 0)
    return how(sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride], axis=(4, 5))


def bn_inception(state, images):
    """The logits of images `[N, 3, H, W]`: blue, green, red in 0..255 minus the means; H, W multiples of 32."""

    def layer(name, x, stride=1):
        padding = state[f"{name}.weight"].shape[-1] // 2
        return np.maximum(normalised(state, f"{name}_bn", convolution(state, name, x, stride, padding)), 0)

    x = pooled(layer("conv1_7x7_s2", images, 2), np.max, 3, 2)
    x = pooled(layer("conv2_3x3", layer("conv2_3x3_reduce", x)), np.max, 3, 2)
    for number in ("3a", "3b", "3c", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
        block, stride = f"inception_{number}", 2 if number in HALVING else 1
        triple = layer(f"{block}_3x3", layer(f"{block}_3x3_reduce", x), stride)
        double = layer(f"{block}_double_3x3_1", layer(f"{block}_double_3x3_reduce", x))
        double = layer(f"{block}_double_3x3_2", double, stride)
        if stride == 2:
            x = np.concatenate([triple, double, pooled(x, np.max, 3, 2)], axis=1)
            continue
        around = pooled(x, np.max if number == "5b" else np.mean, 3, 1, 1)
        x = np.concatenate([layer(f"{block}_1x1", x), triple, double, layer(f"{block}_pool_proj", around)], axis=1)
    return x.mean(axis=(2, 3)) @ state["last_linear.weight"].T + state["last_linear.bias"]


def vgg16(state, images):
    """The logits of images `[N, 3, 224, 224]`."""
    x = images
    for number in sorted(int(name.split(".")[1]) for name in state if name.startswith("features") and "bias" in name):
        x = np.maximum(convolution(state, f"features.{number}", x, 1, 1), 0)
        x = pooled(x, np.max, 2, 2) if number in VGG_POOLED else x
    x = x.reshape(len(x), -1)
    for number in (0, 3, 6):
        x = x @ state[f"classifier.{number}.weight"].T.astype("float64") + state[f"classifier.{number}.bias"]
        x = x if number == 6 else np.maximum(x, 0)
    return x
