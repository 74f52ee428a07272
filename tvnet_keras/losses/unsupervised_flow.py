"""The unsupervised losses of flow at several resolutions, by which Hidden Two-Stream's MotionNet is trained."""

from collections.abc import Sequence

from keras import ops

from tvnet_keras.losses.photometric import photometric_error, reconstruct
from tvnet_keras.losses.smoothness import smoothness
from tvnet_keras.losses.ssim import ssim_error
from tvnet_keras.ops.frame_pairs import fold_time
from tvnet_keras.ops.local_normalisation import normalised_frames
from tvnet_keras.ops.resize import resize_half_pixel_antialiased
from tvnet_keras.typing import Dimension, Tensor

SSIM_WEIGHTS = (0.01, 0.02, 0.04, 0.08, 0.16)
"""Of the released configuration, fine to coarse; a tenth of them while classes are learned beside the flow."""


def unsupervised_flow_terms(
    clip: Tensor,
    flows: Sequence[Tensor],
    *,
    pixel_weight: float = 1.0,
    smooth_weight: float = 1.0,
    ssim_weights: Sequence[float] = SSIM_WEIGHTS,
    normalisation: str = "paper",
) -> dict[str, Tensor]:
    """What a clip says about its flow, at every resolution: the terms of Zhu et al. 2018, Eq. 4, weighted.

    At every level the flow takes the first frame of each pair back from the second (`losses.photometric`,
    `losses.ssim`) and should be smooth (`losses.smoothness`). Frames are normalised at their own size
    (`ops.local_normalisation`) and then brought to the level's by means over areas. (The released code does so in this
    order too, but weighs with triangles on an align-corners grid, where a pixel of the level is not the middle of its
    area.)

    Args:
        clip: `[B, T, H, W, 3]`, R, G, B; integers, which mean 0..255, or floats within 0..1.
        flows: fine to coarse, flows `[B, T - 1, h, w, 2]`, each in pixels of its own resolution.
        pixel_weight: lambda_1, of the photometric term of every level.
        smooth_weight: lambda_2, of the smoothness of every level; the paper refers to another one, the released code
            has 1.
        ssim_weights: lambda_3 of every level, in the order of `flows`.
        normalisation: "paper" for means over what is valid of each clip, "released" for numbers whose mean over the
            batch is that of the released code, with quite another balance (`losses.normalisation`).

    Returns:
        `{"pixel": [B], "smooth": [B], "ssim": [B]}`, float32, sums over levels. A term without any weight is left out,
        and not computed.

    Raises:
        ValueError: clip and flows do not fit together, or there is not one SSIM weight for every flow.
        InputError: there is no such normalisation.

    Example:
        >>> clip = np.random.default_rng(0).random((2, 4, 16, 16, 3)).astype("float32")
        >>> flows = [np.zeros((2, 3, side, side, 2), "float32") for side in (8, 4)]
        >>> terms = unsupervised_flow_terms(clip, flows, ssim_weights=(0.08, 0.16))
        >>> {name: tuple(term.shape) for name, term in terms.items()}
        {'pixel': (2,), 'smooth': (2,), 'ssim': (2,)}
        >>> list(unsupervised_flow_terms(clip, flows, smooth_weight=0, ssim_weights=(0, 0)))
        ['pixel']
    """
    _check(clip, flows, ssim_weights)
    frames, terms = normalised_frames(clip), {}
    for flow, ssim_weight in zip(flows, ssim_weights, strict=True):
        flow = ops.cast(flow, "float32")
        level = {}
        if smooth_weight:
            level["smooth"] = smooth_weight * smoothness(flow, normalisation)
        if pixel_weight or ssim_weight:
            first, reconstruction, seen = reconstruct(_shrink(frames, *ops.shape(flow)[2:4]), flow)
            if pixel_weight:
                level["pixel"] = pixel_weight * photometric_error(first, reconstruction, seen, normalisation)
            if ssim_weight:
                level["ssim"] = ssim_weight * ssim_error(first, reconstruction, normalisation)
        terms = terms | {name: terms[name] + term if name in terms else term for name, term in level.items()}
    return {name: terms[name] for name in ("pixel", "smooth", "ssim") if name in terms}


def _shrink(frames: Tensor, height: Dimension, width: Dimension) -> Tensor:
    """Frames `[B, T, H, W, C]` as `[B, T, height, width, C]`."""
    batch, steps, _, _, channels = ops.shape(frames)
    small = resize_half_pixel_antialiased(fold_time(frames), height, width)
    return ops.reshape(small, (batch, steps, height, width, channels))


def _check(clip: Tensor, flows: Sequence[Tensor], ssim_weights: Sequence[float]) -> None:
    if len(flows) != len(ssim_weights):
        raise ValueError(
            f"Every flow has an SSIM weight, which may be 0. Received: {len(flows)} flows, "
            f"ssim_weights={tuple(ssim_weights)}"
        )
    batch, frames = (*clip.shape, None, None)[:2]
    for flow in flows:
        shape = tuple(flow.shape)
        needed = (batch, None if frames is None else frames - 1, None, None, 2)
        pairs = zip(needed, shape, strict=False)
        if len(clip.shape) != 5 or len(shape) != 5 or any(None not in pair and pair[0] != pair[1] for pair in pairs):
            raise ValueError(
                "unsupervised_flow_terms needs a clip [B, T, H, W, 3] and flows [B, T - 1, h, w, 2]. "
                f"Received: clip.shape={tuple(clip.shape)}, flow.shape={shape}"
            )
