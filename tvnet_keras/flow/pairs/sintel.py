"""MPI-Sintel's training pairs (Butler et al., ECCV 2012): consecutive frames with a flow file.

Vectors that the authors' `invalid` masks mark are unknown.
"""

import os
import re
from functools import partial
from pathlib import Path

import numpy as np

from tvnet_keras.choices import check_choice
from tvnet_keras.entries import matching
from tvnet_keras.errors import InputError
from tvnet_keras.flow.io import UNKNOWN, read_flo
from tvnet_keras.flow.pairs.parts.pair import Pair, existing, image_pair, read_image, require

RENDERS = ("clean", "final", "albedo")


def load(root: str | os.PathLike[str], *, render: str = "clean") -> tuple[Pair, ...]:
    """Lists the pairs of the training scenes.

    Args:
        root: the folder of `training`.
        render: the render pass: "clean", "final" or "albedo".

    Raises:
        InputError: the render pass is unknown, there are no pairs, or a frame is missing.
    """
    check_choice("The render pass of Sintel", render, RENDERS)
    training = Path(root) / "training"
    pairs = []
    for flow in matching(training, "flow/*/frame_*.flo"):
        scene, number = flow.parent.name, re.fullmatch(r"frame_(\d+)", flow.stem)
        if number:
            frames = training / render / scene
            first = existing(frames / f"{flow.stem}.png")
            second = existing(frames / f"frame_{int(number[1]) + 1:0{len(number[1])}d}.png")
            invalid = training / "invalid" / scene / f"{flow.stem}.png"
            pairs.append(image_pair(f"{scene}/{flow.stem}", first, second, partial(_truth, flow, invalid)))
    return require(root, f"training/flow/SCENE/frame_NNNN.flo and training/{render}/SCENE/frame_NNNN.png", pairs)


def _truth(flow: Path, invalid: Path) -> np.ndarray:
    truth = read_flo(flow)
    if invalid.is_file():
        mask = read_image(invalid)[..., 0] > 0
        if mask.shape != truth.shape[:2]:
            raise InputError(f"{invalid} and {flow} differ in size; get them again.")
        truth[mask] = UNKNOWN
    return truth
