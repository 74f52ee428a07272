"""What one evaluation gains over another, class by class, as in ActionFlowNet's Figure 4: bars, the largest gain first.

--input=before=FILE           the scores.npz that launch.evaluate wrote of the one run, such as fine-tuned without flow
--input=after=FILE            that of the other run, such as trained together with flow
--input=videos=all|common     refuse evaluations of other videos or classes (all, the default), or take what both have

A class without videos has no bar. The title has the top-1 accuracy of both over all videos.
"""

from pathlib import Path

import numpy as np

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.scoring import score_fusion
from tvnet_keras.scoring.gains import class_gains, gains_picture
from tvnet_keras.scoring.scores import load_scores

ALL, COMMON = "all", "common"


def draw(*, before: str, after: str, videos: str = ALL) -> np.ndarray:
    """Draws a bar per class; the module's docstring has the inputs.

    Returns:
        uint8 `[H, W, 3]`, RGB.

    Raises:
        InputError: a file cannot be read, or the evaluations are not of the same videos and classes.
    """
    check_choice("--input=videos", videos, (ALL, COMMON))
    one, other = load_scores(Path(before)), load_scores(Path(after))
    if videos == COMMON:
        one, other = score_fusion.restrict([one, other])
    elif one.class_names != other.class_names or set(one.video_id) != set(other.video_id):
        raise InputError(
            f"--input=before={before} and --input=after={after} are not of the same videos and classes; "
            f"--input=videos={COMMON} takes what both have."
        )
    gains = class_gains(one, other)
    count = sum(row.videos for row in gains)
    old = 100 * sum(row.videos * row.before for row in gains) / count
    new = 100 * sum(row.videos * row.after for row in gains) / count
    return gains_picture(gains, f"top-1 {old:.1f} % to {new:.1f} % of {count} videos")
