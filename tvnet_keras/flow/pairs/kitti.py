"""KITTI's training pairs of 2015 (Menze & Geiger, CVPR 2015) and of 2012 (Geiger et al., CVPR 2012).

The layout is that of the development kits: `training/flow_occ/NNNNNN_10.png` is the flow from `NNNNNN_10.png` to
`NNNNNN_11.png`, which lie in `training/image_2` (2015), `colored_0` or, without colours, `image_0` (2012). One pair
alone may also lie in the folder as `frame1.png`, `frame2.png` and `flow_gt.png`.

Most vectors are unknown: the laser did not measure them. Those of pixels that become hidden may be known.
"""

import os
from functools import partial
from pathlib import Path

from tvnet_keras.entries import matching
from tvnet_keras.flow.io import read_kitti
from tvnet_keras.flow.pairs.parts.pair import Pair, existing, image_pair, require

IMAGE_FOLDERS = ("image_2", "colored_0", "image_0")
"""Folders of the left camera's frames; the first that is there is read."""

ALONE = ("frame1.png", "frame2.png", "flow_gt.png")
"""Frames and flow of one pair alone."""


def load(root: str | os.PathLike[str]) -> tuple[Pair, ...]:
    """Lists the pairs that have a flow.

    Args:
        root: the folder of `training`, or of one pair alone.

    Raises:
        InputError: there are no pairs, or a frame is missing.
    """
    root, pairs = Path(root), []
    training = root / "training"
    folders = [training / name for name in IMAGE_FOLDERS]
    images = next((folder for folder in folders if folder.is_dir()), folders[0])
    for truth in matching(training, "flow_occ/*_10.png"):
        name = truth.stem.removesuffix("_10")
        first, second = (existing(images / f"{name}_{number}.png") for number in (10, 11))
        pairs.append(image_pair(name, first, second, partial(read_kitti, truth)))
    first, second, truth = (root / name for name in ALONE)
    if truth.is_file():
        pairs.append(image_pair(first.stem, existing(first), existing(second), partial(read_kitti, truth)))
    layout = "training/flow_occ/NNNNNN_10.png and training/image_2/NNNNNN_10.png, NNNNNN_11.png (2012: colored_0)"
    return require(root, f"{layout}, or {', '.join(ALONE)}", pairs)
