"""Recipes: how clips are taken of videos and how views are cut of their frames, made once and carried whole."""

import dataclasses
from dataclasses import dataclass

from tvnet_keras.errors import InputError
from tvnet_keras.options import check_options, explained, option
from tvnet_keras.video.resize import as_pair
from tvnet_keras.video.sample import SHORT_POLICIES

TRAIN_CROPS = ("corner", "random", "none")
TEST_CROPS = ("center", "none")
CROP_COUNTS = (1, 5, 10)
RANDOM = "random"
"""The sampling of test clips, and of the windows that they are seen in, by chance and a seed."""
CROP_RATIOS = (1.0, 0.875, 0.75, 0.66)
"""TSN's sizes of a corner crop of RGB frames, as parts of the short side."""
CROP_PLACES = (5, 13)


@explained
@dataclass(frozen=True)
class ViewRecipe:
    """How views are cut of frames.

    Attributes:
        size: (height, width) of the view, in pixels; None leaves the frames as large as they are.

    Raises:
        InputError: an option out of range, or a crop of frames that keep their own size.
    """

    size: tuple[int, int] | None
    crop: str = option(
        "none",
        "Which part of the frame is seen: in training corner (a window of one of crop_ratios in one of crop_places) or "
        "random (a window of the view's size anywhere), in a test center, in both none (the whole frame, whatever its "
        "aspect).",
        choices=tuple(dict.fromkeys((*TRAIN_CROPS, *TEST_CROPS))),
    )
    resize_short: int | None = option(
        None,
        "Short side that the frame is resized to before it is cropped, in pixels, but never smaller than the view for "
        "random and center. None leaves the frame; for random and center it then just covers the view.",
        least=1,
    )
    flip: bool = option(False, "Whether half of the training clips are mirrored, where the data set allows it.")
    colour_jitter: float = option(
        0.0, "Strength of the random changes of brightness, contrast, saturation and hue in training.", least=0, most=1
    )
    _: dataclasses.KW_ONLY
    resize_long: int | None = option(
        None,
        "Long side that the frame is resized to together with resize_short, in pixels, whatever its aspect (TSN and "
        "Hidden Two-Stream: 340 with 256). None keeps the aspect.",
        least=1,
    )
    crop_ratios: tuple[float, ...] = option(
        CROP_RATIOS,
        "Sizes of the window of crop=corner as parts of the frame's short side; height and width are drawn apart, but "
        "are the same or neighbours in this list (TSN takes 1,0.875,0.75 for flow).",
        above=0,
        most=1,
        fewest=1,
    )
    crop_places: int = option(
        CROP_PLACES[0],
        "Places of the window of crop=corner: the corners and the centre (5), or also the middles of the sides and "
        "half-way from the centre to each corner (13, as TSN's code).",
        choices=CROP_PLACES,
    )

    def __post_init__(self) -> None:
        check_options(self)
        if self.size is not None:
            object.__setattr__(self, "size", as_pair(self.size))
        elif self.crop != "none" or self.resize_short is not None:
            received = f"crop={self.crop!r}, resize_short={self.resize_short}"
            raise InputError(f"Frames of their own size are not cropped or resized; give a size. Received: {received}")
        if self.resize_long is not None and (self.resize_short is None or self.resize_long < self.resize_short):
            received = f"resize_short={self.resize_short}, resize_long={self.resize_long}"
            raise InputError(f"resize_long goes with a resize_short that is no longer. Received: {received}")

    @property
    def random(self) -> bool:
        """Whether two training views of the same frames may differ."""
        return self.crop in ("random", "corner") or self.flip or self.colour_jitter > 0


@explained
@dataclass(frozen=True, kw_only=True)
class ClipRecipe(ViewRecipe):
    """How clips are taken of videos.

    Example:
        >>> ClipRecipe((112, 112), crop="corner", flip=True, frames=16).segments
        1

    Raises:
        InputError: an option out of range, or no size: clips are stacked.
    """

    frames: int = option(dataclasses.MISSING, "Frames of a clip.", least=1, most=10_000)
    segments: int = option(
        1,
        "Clips of a video in training, one in each of as many equal parts of it; their logits are averaged (TSN).",
        least=1,
        most=10_000,
    )
    windows: int = option(
        0,
        "Evenly spaced clips of a video that training draws from, such as those whose flow is stored; 0 draws clips "
        "that start anywhere.",
        least=0,
        most=10_000,
    )
    step: int = option(1, "Distance of neighbouring frames of a clip, in frames of the video.", least=1, most=10_000)
    short: str = option(
        "loop",
        "What a video shorter than a clip does: it starts again (loop), repeats its last frame (clamp), or is refused "
        "(error).",
        choices=SHORT_POLICIES,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size is None:
            raise InputError("Clips are stacked, so that their views have one size; give a size. Received: size=None")
        if 0 < self.windows < self.segments:
            raise InputError(
                f"{self.segments} segments cannot be drawn from windows={self.windows}; take more windows."
            )

    @property
    def clip_shape(self) -> tuple[int, ...]:
        """`(T, H, W, 3)` of a clip."""
        height, width = self.size or (0, 0)
        return self.frames, height, width, 3

    @property
    def flow_shape(self) -> tuple[int, ...]:
        """`(T-1, H, W, 2)` of a clip's flow."""
        return self.frames - 1, *self.clip_shape[1:3], 2


@explained
@dataclass(frozen=True)
class MultiView:
    """Which clips and crops of a video are scored in a test, their logits averaged.

    Raises:
        InputError: an option out of range.
    """

    clips: int = option(1, "Clips of a video; dense sampling takes all that fit instead.", least=1, most=10_000)
    crops: int = option(
        1,
        "Views of a clip: 1 is the centre, 5 has the corners too, 10 also their mirror images; with random sampling, "
        "any number of windows anywhere.",
        least=1,
        most=10_000,
    )
    sampling: str = option(
        "even",
        "Which clips: as many as asked for, evenly spaced from the first to the last (even), or from the first on at a "
        "distance that is rounded down (floor; Hidden Two-Stream takes 25); one every stride (dense); or as many as "
        "asked for that start anywhere, seen in windows that lie anywhere (random; ActionFlowNet takes 64 windows of "
        "one).",
        choices=("even", "floor", "dense", RANDOM),
    )
    stride: int = option(1, "Distance between the starts of dense clips, in frames of the video.", least=1, most=10_000)
    seed: int = option(0, "Seed of the clips and windows of random sampling.", least=0, most=2**32 - 1)

    def __post_init__(self) -> None:
        check_options(self)
        if self.sampling != RANDOM and self.crops not in CROP_COUNTS:
            raise InputError(f"crops={self.crops} is for random sampling; take 1, 5 or 10 views of a clip.")
