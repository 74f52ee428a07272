"""Image pairs in Middlebury's layout, of textures that move as their flow files say."""

from pathlib import Path

import cv2
import numpy as np

from tests.textures import moving_clip
from tvnet_keras.flow.io import UNKNOWN, write_flo

MOTIONS = {"First": (24, 32, (1.5, -0.6)), "Second": (31, 40, (1.9, -0.8)), "Third": (24, 32, (-0.8, 1.2))}
"""Height, width and velocity of the pairs."""


def write_pairs(root: Path, names=tuple(MOTIONS)) -> Path:
    """Writes some of the pairs; the lower half of each flow is unknown."""
    for name in names:
        height, width, velocity = MOTIONS[name]
        frames = np.round(255 * moving_clip(2, height, width, velocity)[0]).astype("uint8")
        folder = root / "other-data" / name
        folder.mkdir(parents=True)
        for number, frame in zip((10, 11), frames, strict=True):
            cv2.imwrite(str(folder / f"frame{number}.png"), frame[..., ::-1])
        flow = np.full((height, width, 2), UNKNOWN, np.float32)
        flow[: height // 2] = velocity
        write_flo(root / "other-gt-flow" / name / "flow10.flo", flow)
    return root
