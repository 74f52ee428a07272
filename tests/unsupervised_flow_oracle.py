"""Hidden Two-Stream's unsupervised losses in float64 NumPy, window by window and term by term.

Zhu et al., ACCV 2018, Eq. 1 to 4, with the released constants. Slow and literal; shares nothing with `tvnet_keras`.
Everything is of one clip: frames `[T, h, w, C]`, flow `[T - 1, h, w, 2]`.
"""

import math

import numpy as np

from tests import oracle


def normalised(clip):
    """RGB frames in 0..1: means subtracted, then Caffe's normalisation over the three channels."""
    x = clip.astype(float) - np.array([123, 117, 104]) / 255
    return x / (1 + (x**2).sum(-1, keepdims=True) / 9) ** 0.7


def shrunk(frames, height, width):
    """Means over blocks; the sizes divide."""
    steps, old_height, old_width, channels = frames.shape
    blocks = frames.reshape(steps, height, old_height // height, width, old_width // width, channels)
    return blocks.mean((2, 4))


def penalty(x, alpha, scale=1.0):
    return ((scale * x) ** 2 + 0.001**2) ** alpha


def border(height, width):
    """1 inside of a border of a tenth of each side, rounded to the nearest pixel, halves up."""
    mask = np.zeros((height, width))
    rows, columns = (math.floor(side / 10 + 0.5) for side in (height, width))
    mask[rows : height - rows, columns : width - columns] = 1
    return mask


def reconstructed(frames, flow):
    """`frames[t + 1]` at `x + flow[t]`, and where that lies inside the frame."""
    _, height, width, channels = frames.shape
    y, x = np.mgrid[:height, :width]
    images, seen = [], []
    for frame, (u, v) in zip(frames[1:], np.moveaxis(flow, -1, 1), strict=True):
        images.append(np.stack([oracle.warp(frame[..., c], u, v) for c in range(channels)], axis=-1))
        seen.append((x + u >= 0) & (x + u <= width - 1) & (y + v >= 0) & (y + v <= height - 1))
    return np.array(images), np.array(seen)


def pixel_sum_and_count(frames, flow):
    images, seen = reconstructed(frames, flow)
    mask = np.repeat((seen * border(*flow.shape[1:3]))[..., None], frames.shape[-1], axis=-1)
    return (penalty(frames[:-1] - images, 0.4, 255) * mask).sum(), mask.sum()


def smooth_sums_and_counts(flow):
    """Of u_x, u_y, v_x, v_y, one after the other."""
    mask = border(*flow.shape[1:3])
    result = []
    for component in (flow[..., 0], flow[..., 1]):
        right, down = component[:, :, 1:] - component[:, :, :-1], component[:, 1:] - component[:, :-1]
        result.append(((penalty(right, 0.3) * mask[:, :-1]).sum(), len(flow) * mask[:, :-1].sum()))
        result.append(((penalty(down, 0.3) * mask[:-1]).sum(), len(flow) * mask[:-1].sum()))
    return result


def ssim_windows(first, second):
    """SSIM of two images `[h, w, C]`, `[windows, windows, C]`."""
    # The share of the Gaussian that falls on each pixel of a window.
    below = np.array([(1 + math.erf((edge - 4) / (8 / 6 * math.sqrt(2)))) / 2 for edge in range(9)])
    gaussian = np.outer(np.diff(below), np.diff(below))
    height, width, channels = first.shape
    result = np.empty((math.ceil(height / 8), math.ceil(width / 8), channels))
    for row, column, channel in np.ndindex(result.shape):
        window = np.s_[8 * row : 8 * row + 8, 8 * column : 8 * column + 8, channel]
        x, y = first[window], second[window]
        weights = gaussian[: x.shape[0], : x.shape[1]] / gaussian[: x.shape[0], : x.shape[1]].sum()
        mean_x, mean_y = (weights * x).sum(), (weights * y).sum()
        variances = (weights * x * x).sum() - mean_x**2 + (weights * y * y).sum() - mean_y**2
        covariance = (weights * x * y).sum() - mean_x * mean_y
        light = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
        result[row, column, channel] = light * (2 * covariance + 1e-3) / (variances + 1e-3)
    return result


def ssim_errors(frames, flow):
    """`1 - SSIM` of every pair, window and channel."""
    images, _ = reconstructed(frames, flow)
    return np.array([1 - ssim_windows(*pair) for pair in zip(frames[:-1], images, strict=True)])


def paper_terms(clips, flows, ssim_weights):
    """Means of each clip; `clips` `[B, T, H, W, 3]` in 0..1, `flows` a list of `[B, T - 1, h, w, 2]`."""
    terms = {"pixel": np.zeros(len(clips)), "smooth": np.zeros(len(clips)), "ssim": np.zeros(len(clips))}
    for level, weight in zip(flows, ssim_weights, strict=True):
        for b, (clip, flow) in enumerate(zip(clips, level, strict=True)):
            frames = shrunk(normalised(clip), *flow.shape[1:3])
            total, count = pixel_sum_and_count(frames, flow)
            terms["pixel"][b] += total / max(count, 1)
            terms["smooth"][b] += sum(total / max(count, 1) for total, count in smooth_sums_and_counts(flow))
            terms["ssim"][b] += weight * ssim_errors(frames, flow).mean()
    return terms


def released_batch_terms(clips, flows, ssim_weights):
    """The released numbers of a whole batch: one for each term."""
    batch, terms = len(clips), {"pixel": 0.0, "smooth": 0.0, "ssim": 0.0}
    for level, weight in zip(flows, ssim_weights, strict=True):
        frames = [shrunk(normalised(clip), *level.shape[2:4]) for clip in clips]
        pixel = [pixel_sum_and_count(*pair) for pair in zip(frames, level, strict=True)]
        terms["pixel"] += sum(total for total, _ in pixel) / (batch * sum(count for _, count in pixel))
        # The losses of u and v take the frames' mask: three colours per pair.
        mask = 3 * batch * level.shape[1] * border(*level.shape[2:4]).sum()
        for component in (slice(0, 2), slice(2, 4)):
            total = sum(total for flow in level for total, _ in smooth_sums_and_counts(flow)[component])
            terms["smooth"] += total / (batch * mask)
        terms["ssim"] += weight * sum(ssim_errors(*pair).sum() for pair in zip(frames, level, strict=True)) / batch
    return terms
