"""TV-L1 / TVNet for one pair of frames in float64 NumPy, written from the paper and sharing nothing with `tvnet_keras`.

Fan et al., CVPR 2018, Algorithm 1, in the project's default variant: grey without floor, frames at 0..255, smoothing
with replicated edges, pixel-exact clamped warp, u0 on a grid of its own. Slow and literal on purpose: the threshold
step is the paper's three cases, resizing is `np.interp`, one pixel's kernel sum is one line.
"""

import math

import numpy as np

EPSILON = 1e-12
INITIAL_TAPS = np.tile([-1.0, 1.0], (8, 1))


def luma(frame: np.ndarray) -> np.ndarray:
    """`[H, W, 3]`, R, G, B -> `[H, W]` in the same range."""
    return 0.299 * frame[..., 0] + 0.587 * frame[..., 1] + 0.114 * frame[..., 2]


def smoothed_grey(frame: np.ndarray) -> np.ndarray:
    """`[H, W, 3]` in 0..255, R, G, B -> `[H, W]`: luma, then 5x5 Gaussian, sigma 0.8, replicated edges."""
    grey = luma(frame)
    # The share of the Gaussian that falls on each pixel, as in the release (0.219833 in the middle), not samples of it.
    below = np.array([(1 + math.erf((edge - 2.5) / (0.8 * math.sqrt(2)))) / 2 for edge in range(6)])
    kernel = np.outer(np.diff(below), np.diff(below))
    kernel /= kernel.sum()
    padded = np.pad(grey, 2, mode="edge")
    height, width = grey.shape
    return sum(kernel[i, j] * padded[i : i + height, j : j + width] for i in range(5) for j in range(5))


def image_gradient(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Central differences; half of the one-sided difference at the borders."""
    gx, gy = np.gradient(image, axis=1), np.gradient(image, axis=0)
    gx[:, [0, -1]] /= 2
    gy[[0, -1]] /= 2
    return gx, gy


def weighted_gradient(image: np.ndarray, taps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlation of rows and columns with three taps each, `[2, 3]`; the border pixels stand beyond the border."""
    height, width = image.shape
    padded = np.pad(image, 1, mode="edge")
    gx = sum(taps[0, k] * padded[1:-1, k : k + width] for k in range(3))
    gy = sum(taps[1, k] * padded[k : k + height, 1:-1] for k in range(3))
    return gx, gy


def warp(image: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """`image` at `(x + u, y + v)`, bilinear, positions clamped to the image."""
    height, width = image.shape
    y, x = np.mgrid[:height, :width].astype(float)
    x, y = np.clip(x + u, 0, width - 1), np.clip(y + v, 0, height - 1)
    left, top = np.minimum(x.astype(int), max(width - 2, 0)), np.minimum(y.astype(int), max(height - 2, 0))
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    a, b = x - left, y - top
    above = image[top, left] * (1 - a) + image[top, right] * a
    below = image[bottom, left] * (1 - a) + image[bottom, right] * a
    return above * (1 - b) + below * b


def photometric_residual(frames: np.ndarray, flow: np.ndarray) -> float:
    """Mean `|I2(x + flow) - I1(x)|` of the luma of two frames `[2, H, W, 3]` in 0..255, with flow `[H, W, 2]`."""
    first, second = (luma(frame.astype(float)) for frame in frames)
    return float(np.abs(warp(second, *np.moveaxis(flow, -1, 0)) - first).mean())


def tvl1_energy(clip: np.ndarray, flow: np.ndarray, data_weight: float = 0.15) -> float:
    """Eq. 1 of the paper, a mean over pixels and steps: clip `[T, H, W, C]` in 0..255, flow `[T - 1, H, W, 2]`."""
    energy = 0.0
    for first, second, field in zip(clip[:-1], clip[1:], flow, strict=True):
        u, v = np.moveaxis(field, -1, 0)
        moved = np.stack([warp(channel, u, v) for channel in np.moveaxis(second, -1, 0)], axis=-1)
        variation = [slope for part in (u, v) for slope in forward_difference(part, (-1, 1), (-1, 1))]
        energy += data_weight * np.abs(moved - first).mean() + sum(np.abs(slope).mean() for slope in variation)
    return energy / len(flow)


def median_filter(field: np.ndarray, size: int) -> np.ndarray:
    """The median of the window around every pixel, with replicated edges."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(field, size // 2, mode="edge"), (size, size))
    return np.median(windows, axis=(-2, -1))


def textured(image: np.ndarray, share: float) -> np.ndarray:
    """`image` less a share of what a Gaussian of 4 pixels, cut off at 12, leaves of it, with replicated edges."""
    below = np.array([(1 + math.erf((edge - 12.5) / (4 * math.sqrt(2)))) / 2 for edge in range(26)])
    weights = np.diff(below) / np.diff(below).sum()
    padded = np.pad(image, 12, mode="edge")
    for axis in (0, 1):
        padded = np.apply_along_axis(np.convolve, axis, padded, weights, "valid")
    return image - share * padded


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear on an align-corners grid."""
    rows = np.linspace(0, image.shape[0] - 1, height)
    columns = np.linspace(0, image.shape[1] - 1, width)
    wide = np.array([np.interp(columns, np.arange(image.shape[1]), row) for row in image])
    return np.array([np.interp(rows, np.arange(image.shape[0]), column) for column in wide.T]).T


def threshold(u, v, rho_c, gx, gy, limit):
    """The three cases of the paper: the data term is too negative, too positive, or can be made zero."""
    rho = rho_c + gx * u + gy * v
    square = gx**2 + gy**2 + EPSILON
    low, high = rho < -limit * square, rho > limit * square
    step = np.where(low, limit, np.where(high, -limit, -rho / square))
    return u + step * gx, v + step * gy


def forward_difference(field, taps_x, taps_y):
    """Two-tap differences to the right and down, zero in the last column and row."""
    x, y = np.zeros_like(field), np.zeros_like(field)
    x[:, :-1] = taps_x[0] * field[:, :-1] + taps_x[1] * field[:, 1:]
    y[:-1] = taps_y[0] * field[:-1] + taps_y[1] * field[1:]
    return x, y


def divergence(px, py, taps_x, taps_y):
    """Two-tap differences to the left and up, zero before the first column and row."""
    result = taps_x[1] * px + taps_y[1] * py
    result[:, 1:] += taps_x[0] * px[:, :-1]
    result[1:] += taps_y[0] * py[:-1]
    return result


def iterate(state, data, taps, constants):
    """One iteration on `[H, W]` fields: state (u, v, p11, p12, p21, p22), data (rho_c, gx, gy), taps `[8, 2]`."""
    u, v, p11, p12, p21, p22 = state
    tau, lambda_, theta = constants
    u, v = threshold(u, v, *data, lambda_ * theta)
    u = u + theta * divergence(p11, p12, taps[0], taps[1])
    v = v + theta * divergence(p21, p22, taps[2], taps[3])
    ux, uy = forward_difference(u, taps[4], taps[5])
    vx, vy = forward_difference(v, taps[6], taps[7])
    shrink_u = 1 + tau / theta * np.sqrt(ux**2 + uy**2 + EPSILON)
    shrink_v = 1 + tau / theta * np.sqrt(vx**2 + vy**2 + EPSILON)
    p11, p12 = (p11 + tau / theta * ux) / shrink_u, (p12 + tau / theta * uy) / shrink_u
    p21, p22 = (p21 + tau / theta * vx) / shrink_v, (p22 + tau / theta * vy) / shrink_v
    return u, v, p11, p12, p21, p22


def solve(state, data, taps, constants):
    """All iterations of one warp: taps `[I, 8, 2]`, constants tau, lambda, theta. Returns the last state."""
    for kernel in taps:
        state = iterate(state, data, kernel, constants)
    return state


def tvnet(
    frame1: np.ndarray,
    frame2: np.ndarray,
    kernels: np.ndarray,
    u0: np.ndarray,
    constants: tuple | np.ndarray = (0.25, 0.15, 0.3),
    zoom: float = 0.5,
    central: np.ndarray | None = None,
    median: int = 0,
    texture: float = 0.0,
    held: dict | None = None,
) -> np.ndarray:
    """Flow from `frame1` to `frame2`.

    Args:
        frame1: `[H, W, 3]`, R, G, B in 0..255.
        frame2: the same.
        kernels: `[S, W, I, 8, 2]`; S, W and I are read off its shape, level 0 is the finest.
        u0: initial flow `[h, w, 2]` in pixels of its own grid.
        constants: tau, lambda, theta: numbers, or of every scale, `[3, S]`.
        zoom: size ratio of neighbouring levels.
        central: kernels of the image gradient, `[S, 2, 3]`; None for central differences.
        median: side of the window of the filter after every warp's iterations; 0 for none.
        texture: share of every level's structure that is taken away.
        held: the flow at which the data term of every warp is taken, by level and warp; those that are not there yet
            are put there. None takes the flow of the moment.

    Returns:
        `[H, W, 2]`.
    """
    images = [smoothed_grey(np.asarray(frame, float)) for frame in (frame1, frame2)]
    height, width = images[0].shape
    limit = 1 + np.log(np.sqrt(height**2 + width**2) / 4) / np.log(1 / zoom)
    flow = np.asarray(u0, float)
    constants = np.broadcast_to(np.reshape(np.asarray(constants, float), (3, -1)), (3, len(kernels)))
    for level in reversed(range(min(len(kernels), max(1, int(limit))))):
        size = max(1, int(height * zoom**level + 0.5)), max(1, int(width * zoom**level + 0.5))
        u = resize(flow[..., 0], *size) * size[1] / flow.shape[1]
        v = resize(flow[..., 1], *size) * size[0] / flow.shape[0]
        first, second = (textured(resize(image, *size), texture) for image in images)
        gradient = image_gradient(second) if central is None else weighted_gradient(second, central[level])
        own = {} if held is None else held.setdefault(level, {})
        flow = _solve_level(first, second, gradient, u, v, kernels[level], constants[:, level], median, own)
    return flow


def _solve_level(first, second, gradient, u, v, kernels, constants, median, held):
    gx, gy = gradient
    state = (u, v, *np.zeros((4, *first.shape)))
    for number, taps in enumerate(kernels):
        u, v = held.setdefault(number, state[:2])
        warped, warped_gx, warped_gy = (warp(image, u, v) for image in (second, gx, gy))
        rho_c = warped - warped_gx * u - warped_gy * v - first
        state = solve(state, (rho_c, warped_gx, warped_gy), taps, constants)
        if median:
            state = (*(median_filter(field, median) for field in state[:2]), *state[2:])
    return np.stack(state[:2], axis=-1)
