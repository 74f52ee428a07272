"""What the errors of solvers are measured on: pairs of several data sets, read before anything is computed."""

import dataclasses
import tempfile
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from launch.benchmarks.parts.ucf101 import listed_videos
from launch.flow_report.comparison import PHOTOMETRIC, PairProtocol, read_pair
from tvnet_keras.flow import measure, pairs
from tvnet_keras.flow.generated.recipe import Recipe, write_recipe
from tvnet_keras.video.read import count_frames, read_frames
from tvnet_keras.video.sample import even_clips

MOST_PAIRS = 16
"""Largest number of pairs of a data set; they are evenly spaced over its list."""

RECIPE = Recipe(
    pairs=160, height=256, width=320, seed=2018, bound=20.0, objects=8, bend=1.0, noise=3.0, drift=0.05, pictures=""
)
"""Of the generated pairs, of which the test subset is taken: every tenth."""

VIDEOS = (
    "v_ApplyEyeMakeup_g01_c01",
    "v_Archery_g01_c06",
    "v_BaseballPitch_g01_c01",
    "v_Basketball_g01_c04",
    "v_BasketballDunk_g01_c07",
    "v_Biking_g01_c01",
    "v_HeadMassage_g02_c05",
    "v_HorseRace_g01_c02",
    "v_PlayingPiano_g01_c04",
    "v_PlayingViolin_g01_c03",
    "v_Surfing_g01_c05",
    "v_Swing_g01_c05",
    "v_TaiChi_g01_c02",
    "v_WalkingWithDog_g01_c03",
)
"""Clips of UCF101's first test list; the first is that of TVNet's Table 2."""

PAIRS_PER_VIDEO = 3
"""Number of pairs of neighbouring frames of a video: the first, the middle and the last one."""

END_POINT = "mean end-point error of the known vectors, pixels, mean over pairs"


@dataclasses.dataclass(frozen=True)
class PairSet:
    """Pairs of one data set, in memory.

    Attributes:
        name: the name of the set, and of its column.
        pairs: frames uint8 `[2, H, W, 3]`, RGB, and the exact flow `[H, W, 2]`, in pixels, by the pair's name; None in
            place of the flow where it is not known, which it is of all pairs of a set or of none.
    """

    name: str
    pairs: dict[str, tuple[np.ndarray, np.ndarray | None]]

    def error(self, pair: str, flow: np.ndarray) -> float:
        """How wrong a flow is: its end-point error, or its photometric residual where the truth is not known.

        Args:
            pair: the name of the pair.
            flow: `[H, W, 2]`, pixels.

        Raises:
            InputError: no vector of the truth is known.
        """
        frames, truth = self.pairs[pair]
        if truth is None:
            return measure.photometric_residual(frames, flow)
        return measure.mean_end_point_error(flow, truth)

    def protocol(self) -> dict:
        """Which pairs they are and what their error is, as JSON."""
        shapes = [frames.shape for frames, _ in self.pairs.values()]
        known = all(truth is not None for _, truth in self.pairs.values())
        return {
            "error": END_POINT if known else PHOTOMETRIC,
            "unit": "px" if known else "grey levels",
            "pairs": len(self.pairs),
            "sizes": sorted({f"{shape[1]} x {shape[2]}" for shape in shapes}),
        }


def read_sets(roots: Mapping[str, str]) -> tuple[list[PairSet], list[str]]:
    """Reads the sets whose folders are given, and renders the generated one.

    Args:
        roots: the folder of every input by its name, such as "sintel"; empty where there is none.

    Returns:
        The sets in the order of `SETS`, and a sentence on every input without a folder.

    Raises:
        InputError: a folder does not hold what it should, or a file cannot be read.
    """
    sets = []
    for name, (given, of) in SETS.items():
        root = roots.get(given, "")
        if root or not given:
            sets.append(PairSet(name, {pair.name: read_pair(pair, PairProtocol()) for pair in of(root)}))
    missing = [f"No errors on {given}; add --input={given}=FOLDER." for given, root in roots.items() if not root]
    return sets, missing


def _with_truth(dataset: str, root: str, **options: str) -> tuple[pairs.Pair, ...]:
    """Some of the test pairs of a data set, all of them where there are few."""
    listed = pairs.load_subset(dataset, root, "test", **options)
    return tuple(listed[k] for k in np.unique(even_clips(len(listed), 1, MOST_PAIRS)))


def _generated(_: str) -> tuple[pairs.Pair, ...]:
    """Test pairs of `RECIPE`; they lie in no folder."""
    with tempfile.TemporaryDirectory() as folder:
        write_recipe(folder, RECIPE)
        return _with_truth("generated", folder)


def _neighbours(root: str) -> tuple[pairs.Pair, ...]:
    """Pairs of neighbouring frames of every video."""
    return tuple(
        pairs.Pair(f"{video}/{first:05d}", partial(read_frames, path, (first, second)))
        for video, path in listed_videos("--input=ucf101", root, VIDEOS).items()
        for first, second in even_clips(count_frames(path), pairs.FRAMES, PAIRS_PER_VIDEO)
    )


SETS: dict[str, tuple[str, Callable[[str], tuple[pairs.Pair, ...]]]] = {
    "middlebury": ("middlebury", partial(_with_truth, "middlebury")),
    "sintel clean": ("sintel", partial(_with_truth, "sintel", render="clean")),
    "sintel final": ("sintel", partial(_with_truth, "sintel", render="final")),
    "flyingchairs": ("flyingchairs", partial(_with_truth, "flyingchairs")),
    "generated": ("", _generated),
    "ucf101": ("ucf101", _neighbours),
}
"""By the name of a set, the input whose folder holds it, empty for none, and what lists its pairs."""
