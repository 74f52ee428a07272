"""FlyingChairs (Dosovitskiy et al., ICCV 2015), under its official names or those of FlowNet2's sample."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from tvnet_keras.flow.io import read_flo
from tvnet_keras.flow.pairs._pair import Pair, existing, image_pair, require

ENDINGS = {
    "_flow.flo": ("_img1.ppm", "_img2.ppm"),
    "-gt.flo": ("-img0.ppm", "-img1.ppm"),
}
"""Ending of the flow file: endings of the frames."""


def load(root: str | os.PathLike[str]) -> tuple[Pair, ...]:
    """Lists the pairs.

    Args:
        root: the folder of the files, or the one that holds them in `data`.

    Raises:
        InputError: no pairs, or a frame that is missing.
    """
    pairs = []
    for folder in (Path(root), Path(root) / "data"):
        for ending, frames in ENDINGS.items():
            for flow in folder.glob(f"*{ending}"):
                name = flow.name.removesuffix(ending)
                first, second = (existing(folder / f"{name}{frame}") for frame in frames)
                pairs.append(image_pair(name, first, second, partial(read_flo, flow)))
    return require(root, "NNNNN_img1.ppm, NNNNN_img2.ppm, NNNNN_flow.flo", pairs)
