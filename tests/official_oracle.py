"""The released TVNet in float64, written from its published behaviour and sharing nothing with `tvnet_keras`.

It is what `variant="official"` would give without rounding, so that the rounding of float32 can be measured, in the
flow and in its gradients: plain TensorFlow operations, which a tape differentiates in float64 too. The threshold step
is the paper's three cases.
"""

import math

import numpy as np
import tensorflow as tf

EPSILON = 1e-12
SMOOTHING = [[0.219833, 0.110656, 0.013860], [0.110656, 0.055700, 0.006976], [0.013860, 0.006976, 0.000874]]
"""A quarter of the symmetric 5 x 5 kernel, from its centre to its corner."""
ITERATION_SHAPES = ((6, None, None), (3, None, None), (8, 2), (3,))


def prepare(clip: np.ndarray) -> list[tf.Tensor]:
    """`[2, H, W, 3]`, R, G, B in 0..255 -> both smoothed grey frames `[H, W]`: floor, joint min-max, zero padding."""
    grey = np.floor(clip.astype(float) @ [0.299, 0.587, 0.114])
    low, high = grey.min(), grey.max()
    grey = 255 * (grey - low) / (high - low) if high > low else grey
    height, width = grey.shape[1:]
    padded = np.pad(grey, ((0, 0), (2, 2), (2, 2)))
    parts = [
        SMOOTHING[abs(i - 2)][abs(j - 2)] * padded[:, i : i + height, j : j + width] for i in range(5) for j in range(5)
    ]
    return list(tf.unstack(tf.constant(sum(parts))))


def flow(first, second, kernels, u0, constants=(0.25, 0.15, 0.3), zoom: float = 0.5, central=None) -> tf.Tensor:
    """Flow from the first smoothed grey frame to the second, differentiable in all arguments.

    Args:
        first: `[H, W]`, float64.
        second: the same.
        kernels: `[S, W, I, 8, 2]`; level 0 is the finest.
        u0: `[h, w, 2]`, at the size of the coarsest level.
        constants: tau, lambda, theta.
        zoom: size ratio of neighbouring levels.
        central: kernels of the image gradient, `[S, 2, 3]`, which the release does not train; None for its own.

    Returns:
        `[H, W, 2]`.
    """
    height, width = first.shape
    central = tf.constant([[[-0.5, 0, 0.5]] * 2] * kernels.shape[0], "float64") if central is None else central
    limit = 1 + math.log(math.hypot(height, width) / 4) / math.log(1 / zoom)
    u, v = tf.unstack(u0, axis=-1)
    for level in reversed(range(min(kernels.shape[0], int(limit)))):
        size = [int(length * zoom**level + 0.5) for length in (height, width)]
        if u.shape != size:
            u, v = (resize(field, *size) / zoom for field in (u, v))
        images = resize(first, *size), resize(second, *size)
        u, v = _solve_level(*images, u, v, kernels[level], constants, central[level])
    return tf.stack([u, v], axis=-1)


def _solve_level(first, second, u, v, kernels, constants, central):
    gx, gy = _central(second, central[0], axis=1), _central(second, central[1], axis=0)
    state = tf.stack([u, v, *[tf.zeros_like(first)] * 4])
    for taps in tf.unstack(kernels):
        u, v = state[0], state[1]
        warped, dx, dy = (warp(image, u, v) for image in (second, gx, gy))
        data = tf.stack([warped - dx * u - dy * v - first, dx, dy])
        for kernel in tf.unstack(taps):
            state = _iterate(state, data, kernel, tf.constant(constants, "float64"))
    return state[0], state[1]


# One graph for all sizes: 1250 iterations of TVNet-5-5-50, each of sixty operations, are slow one by one.
@tf.function(input_signature=[tf.TensorSpec(shape, "float64") for shape in ITERATION_SHAPES])
def _iterate(state, data, k, constants):
    u, v, *p = tf.unstack(state)
    tau, lambda_, theta = tf.unstack(constants)
    u, v = _threshold(u, v, *tf.unstack(data), lambda_ * theta)
    u = u + theta * (_backward(p[0], k[0], 1) + _backward(p[1], k[1], 0))
    v = v + theta * (_backward(p[2], k[2], 1) + _backward(p[3], k[3], 0))
    return tf.stack([u, v, *_dual(p[:2], u, k[4:6], tau / theta), *_dual(p[2:], v, k[6:8], tau / theta)])


def _threshold(u, v, constant, dx, dy, limit):
    rho = constant + dx * u + dy * v
    square = dx**2 + dy**2 + EPSILON
    step = tf.where(rho < -limit * square, limit, tf.where(rho > limit * square, -limit, -rho / square))
    return u + step * dx, v + step * dy


def _dual(p, field, k, rate):
    fx, fy = _forward(field, k[0], 1), _forward(field, k[1], 0)
    length = tf.sqrt(fx**2 + fy**2 + EPSILON)
    return [(q + rate * f) / (1 + rate * length) for q, f in zip(p, (fx, fy), strict=True)]


def _forward(field, taps, axis):
    """Two-tap difference to the right or down, zero in the last column or row."""
    near, far = (field[:, :-1], field[:, 1:]) if axis else (field[:-1], field[1:])
    return tf.pad(taps[0] * near + taps[1] * far, [[0, 0], [0, 1]] if axis else [[0, 1], [0, 0]])


def _backward(field, taps, axis):
    """Two-tap difference to the left or up, zero before the first column or row."""
    before = tf.pad(field[:, :-1], [[0, 0], [1, 0]]) if axis else tf.pad(field[:-1], [[1, 0], [0, 0]])
    return taps[0] * before + taps[1] * field


def _central(image, taps, axis):
    """Central difference for taps -1/2, 0, 1/2, half of the one-sided difference at the borders."""
    image = image if axis else tf.transpose(image)
    padded = tf.concat([image[:, :1], image, image[:, -1:]], axis=1)
    difference = taps[0] * padded[:, :-2] + taps[1] * image + taps[2] * padded[:, 2:]
    return difference if axis else tf.transpose(difference)


def warp(image, u, v):
    """`image` at `x + u (W - 1) / W`, `y + v (H - 1) / H`: 0 left of it and above, extrapolated right and below."""
    height, width = image.shape
    y, x = np.mgrid[:height, :width].astype(float)
    return _sample(image, x + u * ((width - 1) / width), y + v * ((height - 1) / height))


def resize(image, height: int, width: int):
    """Bilinear on an align-corners grid."""
    rows, columns = (np.linspace(0, n - 1, m) for n, m in zip(image.shape, (height, width), strict=True))
    y, x = np.meshgrid(rows, columns, indexing="ij")
    return _sample(image, tf.constant(x), tf.constant(y))


def _sample(image, x, y):
    x0, x1 = _corners(x, image.shape[1])
    y0, y1 = _corners(y, image.shape[0])

    def at(row, column):
        return tf.gather_nd(image, tf.cast(tf.stack([row, column], axis=-1), "int32"))

    upper = (x1 - x) * at(y0, x0) + (x - x0) * at(y0, x1)
    lower = (x1 - x) * at(y1, x0) + (x - x0) * at(y1, x1)
    return (y1 - y) * upper + (y - y0) * lower


def _corners(position, length: int):
    """The clamped corners; left of the image both are 0, so that both weights cancel."""
    lower = tf.floor(position)
    return tf.clip_by_value(lower, 0, length - 2), tf.clip_by_value(lower + 1, 0, length - 1)
