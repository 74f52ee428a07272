"""Representation Flow of one pair of feature maps in float64 NumPy, literal, sharing nothing with `tvnet_keras`.

Piergiovanni and Ryoo, CVPR 2019, Algorithm 1. The variants differ in three operators only: the derivatives of the
second frame, the derivatives of the flow, and the divergence.
"""

from collections.abc import Callable

import numpy as np

from tests import oracle

SOBEL_X = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], float)
"""As printed in Eq. 8 and 10, where it is convolved with; the y kernel is its transpose."""


def flow(first, second, gradient, divergence: Callable, flow_gradient: Callable, constants, iterations: int):
    """Algorithm 1 on fields of any shape.

    Args:
        first: the first frame.
        second: the second frame.
        gradient: `(gx, gy)` of the second frame.
        divergence: `(px, py)` to a field.
        flow_gradient: a field to `(ux, uy)`.
        constants: tau, lambda, theta.
        iterations: how many.

    Returns:
        `(u, v)`.
    """
    tau, lambda_, theta = constants
    u, v, p11, p12, p21, p22 = np.zeros((6, *first.shape))
    for _ in range(iterations):
        u, v = oracle.threshold(u, v, second - first, *gradient, lambda_ * theta)
        u, v = u + theta * divergence(p11, p12), v + theta * divergence(p21, p22)
        (p11, p12), (p21, p22) = (
            _dual(p, flow_gradient(field), tau / theta) for p, field in (((p11, p12), u), ((p21, p22), v))
        )
    return u, v


def _dual(p, gradient, rate):
    norm = np.sqrt(gradient[0] ** 2 + gradient[1] ** 2 + oracle.EPSILON)
    return tuple((part + rate * slope) / (1 + rate * norm) for part, slope in zip(p, gradient, strict=True))


def convolved(image, kernel, border: str):
    """True 3 x 3 convolution: the kernel is turned round. `border` is numpy's pad mode."""
    padded, (height, width) = np.pad(image, 1, mode=border), image.shape
    return sum(kernel[1 - i, 1 - j] * padded[1 + i : 1 + i + height, 1 + j : 1 + j + width] for i, j in _NEIGHBOURS)


_NEIGHBOURS = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]


def mixed(field, weights):
    """`[C, H, W]` to as many channels; `weights` is `[in, out]`."""
    return np.einsum("ihw,io->ohw", field, weights)


def dense_flow_gradient(field, kernels):
    """Second released version: both "derivatives" point down, every channel's from all. `kernels` `[2, taps, C, C]`."""
    result = []
    for near, far in kernels:
        slope = np.zeros_like(field)
        slope[:, :-1] = mixed(field, near)[:, :-1] + mixed(field, far)[:, 1:]
        result.append(slope)
    return result


def dense_divergence(px, py, kernels):
    """Second released version: both differences point up."""
    result = np.zeros_like(px)
    for field, (far, near) in zip((px, py), kernels, strict=True):
        result += mixed(field, near)
        result[:, 1:] += mixed(field, far)[:, :-1]
    return result


def dense_image_gradient(first, second, kernels):
    """Second released version: three taps across and down, borders from the first frame alone."""
    gx, gy = np.zeros((2, *first.shape))
    for tap in range(3):
        width, height = second.shape[2] - 2, second.shape[1] - 2
        gx[:, :, 1:-1] += mixed(second, kernels[0, tap])[:, :, tap : tap + width]
        gy[:, 1:-1] += mixed(second, kernels[1, tap])[:, tap : tap + height]
    gx[:, :, 0], gx[:, :, -1] = (first[:, :, 1] - first[:, :, 0]) / 2, (first[:, :, -1] - first[:, :, -2]) / 2
    gy[:, 0], gy[:, -1] = (first[:, 1] - first[:, 0]) / 2, (first[:, -1] - first[:, -2]) / 2
    return gx, gy
