"""Views of frames together with their exact flow: one geometric map moves the pixels, the vectors and what is known.

Frames are uint8 `[T, H, W, 3]`, flow float32 `[T-1, H, W, 2]` in pixels, known bool `[T-1, H, W]`. Pixel centres lie at
half pixels, as in `cv2.resize`. Crops, flips and colours are those of `video.augment`, drawn in the same order.

Flow is always interpolated bilinearly, also where the frames are filtered: that is exact for affine motion, which a
filter over parts of pixels is not, and fewer vectors touch an unknown one.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from tvnet_keras.flow.sampling import sample_affine
from tvnet_keras.options import option
from tvnet_keras.video.augment import (
    Window,
    central_window,
    draw_window,
    flip_clip,
    jitter_colours,
)
from tvnet_keras.video.recipe import ViewRecipe
from tvnet_keras.video.resize import resize_half_pixel_antialiased, resize_half_pixel_bilinear

INTERPOLATIONS = {"area": resize_half_pixel_antialiased, "linear": resize_half_pixel_bilinear}
Sample = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Frames, flow, known."""


@dataclass(frozen=True)
class FlowRecipe(ViewRecipe):
    """How views are taken of frames with flow. Each field says what it means.

    Raises:
        InputError: an option out of range, or a crop of frames that keep their own size.
    """

    rotation: float = option(
        0.0, "Training views are turned about their centre by up to so many degrees, either way.", least=0, most=180
    )
    translation: float = option(
        0.0, "Training views are shifted by up to this fraction of each side, either way.", least=0, most=1
    )
    zoom: float = option(
        0.0, "Training views are scaled about their centre by 1 / (1 + zoom) to 1 + zoom, log-uniformly.", least=0
    )
    interpolation: str = option(
        "area",
        "How frames are resized: area filters where they shrink, as the video pipeline; linear never filters, as the "
        "released TVNet.",
        choices=tuple(INTERPOLATIONS),
    )
    unknown: str = option(
        "masked",
        "What unknown vectors of the exact flow are: left out (masked), or known to be no motion (zero).",
        choices=("masked", "zero"),
    )

    @property
    def random(self) -> bool:
        """Whether two training views of the same frames may differ."""
        return super().random or self.moves

    @property
    def moves(self) -> bool:
        """Whether training views are turned, shifted or zoomed."""
        return max(self.rotation, self.translation, self.zoom) > 0


def train_view(
    frames: np.ndarray, flow: np.ndarray, known: np.ndarray, recipe: FlowRecipe, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """One random view for training.

    A vector is unknown where its interpolation touches an unknown one or leaves the frame; unknown vectors are 0.

    Args:
        frames: uint8 `[T, H, W, 3]`.
        flow: float32 `[T-1, H, W, 2]`, pixels; any value where it is not known.
        known: bool `[T-1, H, W]`.
        recipe: what is drawn, and from how wide a range.
        rng: source of every choice.

    Returns:
        uint8 `[T, height, width, 3]`, float32 `[T-1, height, width, 2]` in pixels of the view, bool
        `[T-1, height, width]`, and whether the view is mirrored.

    Raises:
        InputError: a crop that is not for training.
    """
    own = frames.shape[1:3]
    size = recipe.size or own
    window = draw_window(own, recipe, rng)
    flipped = bool(recipe.flip and rng.random() < 0.5)
    sample = _masked(frames, flow, known, recipe)
    if recipe.moves:
        sample = _moved(sample, _mirror(window, flipped) @ _scaling(own, window), size, recipe, rng)
    else:
        sample = _cut(sample, window, flipped, recipe)
    frames, flow, known = sample
    if recipe.colour_jitter > 0:
        frames = jitter_colours(frames, recipe.colour_jitter, rng)
    return frames, flow, known, flipped


def test_view(frames: np.ndarray, flow: np.ndarray, known: np.ndarray, recipe: FlowRecipe) -> Sample:
    """The view of a test: what a recipe draws at random is left out.

    Args:
        frames: uint8 `[T, H, W, 3]`.
        flow: float32 `[T-1, H, W, 2]`, pixels; any value where it is not known.
        known: bool `[T-1, H, W]`.
        recipe: with the crop "center" or "none".

    Returns:
        Frames, flow and known as from `train_view`.

    Raises:
        InputError: a crop that is not for tests.
    """
    window = central_window(frames.shape[1:3], recipe)
    return _cut(_masked(frames, flow, known, recipe), window, False, recipe)


# The name is for readers; without this line pytest would take an imported `test_view` for a test.
test_view.__test__ = False


def _masked(frames: np.ndarray, flow: np.ndarray, known: np.ndarray, recipe: FlowRecipe) -> Sample:
    """With unknown vectors at zero, so that nothing huge is ever multiplied."""
    flow = np.where(known[..., None], flow, np.float32(0))
    return frames, flow, np.ones_like(known) if recipe.unknown == "zero" else known


def _cut(sample: Sample, window: Window, flipped: bool, recipe: FlowRecipe) -> Sample:
    """The view by whole pixels and resizing, as the video pipeline takes it."""
    frames, flow, known = sample
    own = frames.shape[1:3]
    frames, flow = (
        window.cut(frames, INTERPOLATIONS[recipe.interpolation]),
        window.cut(flow, resize_half_pixel_bilinear),
    )
    # By the unknown: a sum of zeros is exactly zero, a sum of weights is not exactly one.
    known = window.cut((~known).astype(np.float32), resize_half_pixel_bilinear) == 0
    if flipped:
        frames, flow, known = flip_clip(frames), flip_clip(flow), flip_clip(known[..., None])[..., 0]
    vectors = (_mirror(window, flipped) @ _scaling(own, window))[:2, :2]
    return np.ascontiguousarray(frames), *_transformed(flow, known, vectors)


def _moved(
    sample: Sample, to_view: np.ndarray, size: tuple[int, int], recipe: FlowRecipe, rng: np.random.Generator
) -> Sample:
    """The view turned, shifted and zoomed at random, sampled from the whole frame so that no border is lost."""
    frames, flow, known = sample
    own = frames.shape[1:3]
    to_view = _draw_motion(size, recipe, rng) @ to_view
    from_view = np.linalg.inv(to_view)
    fields = np.concatenate([flow, ~known[..., None]], axis=-1, dtype=np.float32)
    fields, inside = sample_affine(fields, from_view, size)
    flow, touched = fields[..., :2], fields[..., 2]
    if recipe.interpolation == "area":
        # Shrunk first, with a filter; sampling between the pixels then neither shrinks nor aliases.
        scale = np.sqrt((to_view[:2, :2] ** 2).sum(axis=0))[::-1]
        height, width = (max(1, round(side * min(1.0, by))) for side, by in zip(own, scale, strict=True))
        shrunk = (height, width)
        frames = resize_half_pixel_antialiased(frames, shrunk)
        from_view = _diagonal(shrunk[1] / own[1], shrunk[0] / own[0]) @ from_view
    frames, _ = sample_affine(frames, from_view, size)
    frames = np.rint(frames).astype(np.uint8)
    return frames, *_transformed(flow, inside & (touched < 1e-4), to_view[:2, :2])


def _draw_motion(size: tuple[int, int], recipe: FlowRecipe, rng: np.random.Generator) -> np.ndarray:
    """The random part of the map, from the view to the view; `[3, 3]`, (x, y, 1)."""
    angle = np.deg2rad(rng.uniform(-recipe.rotation, recipe.rotation))
    across, down = rng.uniform(-recipe.translation, recipe.translation, 2)
    scale = np.exp(rng.uniform(-1, 1) * np.log1p(recipe.zoom))
    height, width = size
    turn = _diagonal(scale, scale)
    turn[:2, :2] = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return _shift(width / 2 + across * width, height / 2 + down * height) @ turn @ _shift(-width / 2, -height / 2)


def _scaling(own: tuple[int, int], window: Window) -> np.ndarray:
    """From the frame to the window's view: two scalings and a shift between them."""
    (high, wide), (top, left) = window.window, window.corner
    resized = _diagonal(window.resized[1] / own[1], window.resized[0] / own[0])
    return _diagonal(window.size[1] / wide, window.size[0] / high) @ _shift(-left, -top) @ resized


def _mirror(window: Window, flipped: bool) -> np.ndarray:
    return _shift(window.size[1], 0) @ _diagonal(-1, 1) if flipped else np.eye(3)


def _shift(x: float, y: float) -> np.ndarray:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def _diagonal(x: float, y: float) -> np.ndarray:
    return np.diag([x, y, 1.0])


def _transformed(flow: np.ndarray, known: np.ndarray, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The flow with its vectors mapped by a `[2, 2]` matrix and unknown ones at zero, and what is known."""
    mapped = cv2.transform(flow.reshape(-1, *flow.shape[-2:]), vectors).reshape(flow.shape)
    return np.where(known[..., None], mapped, np.float32(0)), known
