"""Views of a clip: crops, flips and colour changes, always the same for every frame of the clip.

Clips are uint8 `[T, H, W, 3]`, RGB 0..255. What is drawn, and from how wide a range, is in a `recipe.ViewRecipe`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.video.crop_places import five_places, thirteen_places
from tvnet_keras.video.recipe import CROP_COUNTS, CROP_PLACES, CROP_RATIOS, TEST_CROPS, TRAIN_CROPS, ViewRecipe
from tvnet_keras.video.resize import (
    Size,
    as_pair,
    resize_half_pixel_antialiased,
    resize_half_pixel_bilinear,
)

# Width and height of a corner crop may differ by one place in the list of its ratios (TSN).
MAX_DISTORTION = 1
# Largest turn of the colour circle at strength 1, in degrees.
HUE_DEGREES = 36.0
GREY = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Window:
    """Where a view lies in a frame: the frame is resized, a window is cut out of it and resized to the view.

    Attributes:
        resized: size of the whole frame before the window is cut, in pixels.
        corner: (top, left) of the window, in pixels of the resized frame.
        window: size of the window, in pixels of the resized frame.
        size: of the view, in pixels.
    """

    resized: tuple[int, int]
    corner: tuple[int, int]
    window: tuple[int, int]
    size: tuple[int, int]

    def cut(
        self, frames: np.ndarray, resize_by: Callable[[np.ndarray, tuple[int, int]], np.ndarray] | None = None
    ) -> np.ndarray:
        """The window of every frame.

        Args:
            frames: `[T, H, W, ...]`.
            resize_by: how a size is changed; None takes `resize_half_pixel_antialiased`.

        Returns:
            `[T, height, width, ...]`, perhaps a part of `frames` itself.
        """
        resize_by = resize_by or resize_half_pixel_antialiased
        (top, left), (high, wide) = self.corner, self.window
        return resize_by(resize_by(frames, self.resized)[:, top : top + high, left : left + wide], self.size)


def draw_window(frame_size: tuple[int, int], recipe: ViewRecipe, rng: np.random.Generator) -> Window:
    """Where a random view for training lies.

    Args:
        frame_size: (height, width) of the frames, in pixels.
        recipe: size, crop with its ratios and places, and short side.
        rng: source of every choice.

    Raises:
        InputError: a crop that is not for training.
    """
    size = recipe.size or frame_size
    check_choice("crop", recipe.crop, TRAIN_CROPS)
    if recipe.crop == "corner":
        resized = _short_side_size(frame_size, recipe.resize_short, recipe.resize_long)
        return _corner_window(resized, size, recipe.crop_ratios, recipe.crop_places, rng)
    if recipe.crop == "random":
        return random_window(_cover_size(frame_size, size, recipe), recipe, rng)
    return Window(frame_size, (0, 0), frame_size, size)


def central_window(frame_size: tuple[int, int], recipe: ViewRecipe) -> Window:
    """Where the one view of a test lies.

    Args:
        frame_size: (height, width) of the frames, in pixels.
        recipe: size, crop and short side.

    Raises:
        InputError: a crop that is not for tests.
    """
    size = recipe.size or frame_size
    check_choice("crop", recipe.crop, TEST_CROPS)
    if recipe.crop == "none":
        return Window(frame_size, (0, 0), frame_size, size)
    covering = _cover_size(frame_size, size, recipe)
    return Window(covering, ((covering[0] - size[0]) // 2, (covering[1] - size[1]) // 2), size, size)


def train_view(frames: np.ndarray, recipe: ViewRecipe, rng: np.random.Generator) -> tuple[np.ndarray, bool]:
    """One random view of a clip for training.

    Args:
        frames: uint8 `[T, H, W, 3]`.
        recipe: what is drawn.
        rng: source of every choice.

    Returns:
        uint8 `[T, height, width, 3]`, and whether the view is mirrored.

    Raises:
        InputError: a crop that is not for training.
    """
    drawn = draw_view(frames.shape[1:3], recipe, rng)
    view = drawn.of_frames(frames)
    if recipe.colour_jitter > 0:
        view = jitter_colours(view, recipe.colour_jitter, rng)
    return view, drawn.flipped


@dataclass(frozen=True)
class View:
    """What of frames and of their flow a network is shown.

    Attributes:
        window: where it lies in the frame.
        flipped: whether it is mirrored left to right.
    """

    window: Window
    flipped: bool = False

    def of_frames(self, frames: np.ndarray) -> np.ndarray:
        """uint8 `[T, H, W, 3] -> [T, height, width, 3]`."""
        view = self.window.cut(frames)
        return np.ascontiguousarray(flip_clip(view) if self.flipped else view)

    def of_flow(self, flow: np.ndarray) -> np.ndarray:
        """float32 `[T, H, W, 2]`, pixels, to `[T, height, width, 2]`, pixels of the view.

        Vectors are interpolated bilinearly, as in `flow.augment`.
        """
        own, window = flow.shape[1:3], self.window
        down, across = (window.resized[axis] / own[axis] * window.size[axis] / window.window[axis] for axis in (0, 1))
        view = window.cut(flow, resize_half_pixel_bilinear) * np.array([across, down], np.float32)
        return np.ascontiguousarray(flip_flow(view) if self.flipped else view)


def draw_view(frame_size: tuple[int, int], recipe: ViewRecipe, rng: np.random.Generator) -> View:
    """Where a random view for training lies, and whether it is mirrored.

    Args:
        frame_size: (height, width) of the frames, in pixels.
        recipe: what is drawn.
        rng: source of every choice.

    Raises:
        InputError: a crop that is not for training.
    """
    window = draw_window(frame_size, recipe, rng)
    return View(window, bool(recipe.flip and rng.random() < 0.5))


def test_views(frames: np.ndarray, recipe: ViewRecipe, crops: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The fixed views of a clip that are scored and averaged in a test.

    Args:
        frames: uint8 `[T, H, W, 3]`.
        recipe: with the crop "center", or "none" for one view of the whole frame; what it draws at random is left out.
        crops: 1 (centre), 5 (four corners, then the centre) or 10 (those five, then the same mirrored).

    Returns:
        uint8 `[V, T, height, width, 3]` and bool `[V]`: which views are mirrored.

    Raises:
        InputError: a crop that is not for tests, or another number of them.
    """
    own = frames.shape[1:3]
    require_test_crops(crops, recipe.crop)
    if crops == 1:
        return central_window(own, recipe).cut(frames)[None], mirrored_views(crops)
    height, width = size = recipe.size or own
    covering = resize_half_pixel_antialiased(frames, _cover_size(own, size, recipe))
    places = five_places(covering.shape[1] - height, covering.shape[2] - width)
    views = np.stack([covering[:, top : top + height, left : left + width] for top, left in places])
    if crops == 10:
        views = np.concatenate([views, flip_clip(views)])
    return views, mirrored_views(crops)


def test_flow_views(flow: np.ndarray, recipe: ViewRecipe, crops: int = 1) -> np.ndarray:
    """The flow of the views that `test_views` cuts of the frames.

    Args:
        flow: float32 `[T, H, W, 2]`, pixels.
        recipe: as for `test_views`.
        crops: 1, 5 or 10.

    Returns:
        float32 `[V, T, height, width, 2]`, pixels of the views.
    """
    own = flow.shape[1:3]
    windows = [central_window(own, recipe)]
    if crops > 1:
        size = recipe.size or own
        covering = _cover_size(own, size, recipe)
        places = five_places(covering[0] - size[0], covering[1] - size[1])
        windows = [Window(covering, place, size, size) for place in places] * (crops // len(places))
    views = [View(window, mirrored) for window, mirrored in zip(windows, mirrored_views(crops), strict=True)]
    return np.stack([view.of_flow(flow) for view in views])


def mirrored_views(crops: int) -> np.ndarray:
    """Which of the views of `test_views` are mirrored, bool `[crops]`."""
    return np.arange(crops) >= 5


def cover(frames: np.ndarray, recipe: ViewRecipe) -> np.ndarray:
    """Frames at the size that the windows of a test are cut from.

    Args:
        frames: uint8 `[T, H, W, 3]`.
        recipe: size and short side.

    Returns:
        uint8 `[T, height, width, 3]`, at least as large as the view.
    """
    own = frames.shape[1:3]
    return resize_half_pixel_antialiased(frames, _cover_size(own, recipe.size or own, recipe))


def random_window(covering: tuple[int, int], recipe: ViewRecipe, rng: np.random.Generator) -> Window:
    """A window of the view's size anywhere in frames that were resized to cover it.

    Args:
        covering: (height, width) of those frames, in pixels.
        recipe: size of the view.
        rng: source of the place.
    """
    size = recipe.size or covering
    top, left = (int(rng.integers(whole - part + 1)) for whole, part in zip(covering, size, strict=True))
    return Window(covering, (top, left), size, size)


# The names are for readers; without this line pytest would take what a test imports for a test.
test_views.__test__ = test_flow_views.__test__ = False


def require_test_crops(crops: int, crop: str) -> None:
    """Refuses an unknown test protocol.

    Args:
        crops: views of a clip.
        crop: where they are.

    Raises:
        InputError: no such protocol.
    """
    check_choice("crop", crop, TEST_CROPS)
    if crops not in CROP_COUNTS or (crop == "none" and crops != 1):
        allowed = "1" if crop == "none" else "1, 5 or 10"
        raise InputError(f"crops must be {allowed} where crop is {crop!r}. Received: crops={crops}")


def corner_crop(
    frames: np.ndarray,
    size: Size,
    rng: np.random.Generator,
    ratios: Sequence[float] = CROP_RATIOS,
    places: int = CROP_PLACES[0],
) -> np.ndarray:
    """Corner crop with scale jitter, resized (TSN; Wang et al. 2016, section 3.2).

    Height and width are each one of `ratios` of the short side, at most `MAX_DISTORTION` places apart in that list.

    Args:
        frames: uint8 `[T, H, W, 3]`.
        size: of the result, in pixels.
        rng: source of scale and place.
        ratios: sizes of the window as parts of the short side.
        places: 5, the four corners and the centre, or 13 of TSN's code: also the middles of the sides and the places
            half-way from the centre to each corner.

    Returns:
        uint8 `[T, height, width, 3]`.
    """
    return _corner_window(frames.shape[1:3], as_pair(size), ratios, places, rng).cut(frames)


def flip_clip(frames: np.ndarray) -> np.ndarray:
    """Mirrors `[..., H, W, C]` left to right."""
    return np.ascontiguousarray(frames[..., ::-1, :])


def flip_flow(flow: np.ndarray) -> np.ndarray:
    """Mirrors a flow `[..., H, W, 2]` left to right: the picture is mirrored and u changes its sign."""
    return flip_clip(flow) * np.array([-1, 1], flow.dtype)


def jitter_colours(frames: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Changes brightness, contrast, saturation and hue, the same way in every frame.

    All four are affine in RGB, so they are one 3x4 matrix: brightness, contrast (about the clip's mean grey) and
    saturation are scaled by factors drawn from `[1 - strength, 1 + strength]`, hue is turned in the YIQ plane by up
    to `strength * HUE_DEGREES`.

    Args:
        frames: uint8 `[T, H, W, 3]`.
        strength: 0 (nothing) to 1.
        rng: source of the four amounts.

    Returns:
        uint8 `[T, H, W, 3]`.
    """
    brightness, contrast, saturation = rng.uniform(max(0.0, 1 - strength), 1 + strength, 3)
    angle = np.deg2rad(rng.uniform(-strength, strength) * HUE_DEGREES)
    to_yiq = np.array([GREY, [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    chroma = saturation * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = np.eye(3)
    turn[1:, 1:] = chroma
    colours = np.linalg.inv(to_yiq) @ turn @ to_yiq
    mean_grey = float(frames.mean(axis=(0, 1, 2)) @ GREY)
    affine = np.column_stack([brightness * contrast * colours, np.full(3, brightness * (1 - contrast) * mean_grey)])
    frame_count, height, width, _ = frames.shape
    # One tall picture: a call per clip instead of one per frame.
    tall = np.ascontiguousarray(frames).reshape(frame_count * height, width, 3)
    return cv2.transform(tall, affine).reshape(frames.shape)


def resize_short_side(frames: np.ndarray, short_side: int | None) -> np.ndarray:
    """Resizes every frame so that its short side is `short_side` pixels; None leaves it.

    Args:
        frames: uint8 `[T, H, W, 3]`.
        short_side: in pixels, or None.

    Returns:
        uint8 `[T, height, width, 3]`, same aspect.
    """
    return resize_half_pixel_antialiased(frames, _short_side_size(frames.shape[1:3], short_side))


def _short_side_size(
    frame_size: tuple[int, int], short_side: int | None, long_side: int | None = None
) -> tuple[int, int]:
    if short_side is None:
        return frame_size
    height, width = _with_aspect(frame_size, short_side, long_side)
    scale = short_side / min(height, width)
    return round(height * scale), round(width * scale)


def _cover_size(frame_size: tuple[int, int], size: tuple[int, int], recipe: ViewRecipe) -> tuple[int, int]:
    """With the recipe's aspect, to its short side or to the smallest frame that `size` fits into."""
    short_side = recipe.resize_short
    height, width = _with_aspect(frame_size, short_side, recipe.resize_long)
    least = max(size[0] / height, size[1] / width)
    scale = least if short_side is None else max(least, short_side / min(height, width))
    # Rounding must not leave the frame one pixel short of the window.
    return max(round(height * scale), size[0]), max(round(width * scale), size[1])


def _with_aspect(frame_size: tuple[int, int], short_side: int | None, long_side: int | None) -> tuple[int, int]:
    """A size of the aspect that the resized frame has: the frame's own, unless both sides are given."""
    if short_side is None or long_side is None:
        return frame_size
    height, width = frame_size
    return (short_side, long_side) if height <= width else (long_side, short_side)


def _corner_window(
    frame_size: tuple[int, int],
    size: tuple[int, int],
    ratios: Sequence[float],
    places: int,
    rng: np.random.Generator,
) -> Window:
    short = min(frame_size)
    sides = [max(int(short * ratio), 1) for ratio in ratios]
    shapes = [
        (high, wide) for i, high in enumerate(sides) for j, wide in enumerate(sides) if abs(i - j) <= MAX_DISTORTION
    ]
    window = shapes[rng.integers(len(shapes))]
    room = frame_size[0] - window[0], frame_size[1] - window[1]
    corners = five_places(*room) if places == 5 else thirteen_places(*room)
    return Window(frame_size, corners[rng.integers(len(corners))], window, size)
