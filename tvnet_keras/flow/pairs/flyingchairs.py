"""FlyingChairs (Dosovitskiy et al., ICCV 2015), under its official names or those of FlowNet2's sample.

`FlyingChairs_train_val.txt`, the official list, divides the pairs where it lies in the root or beside it: line n is 1
if pair n is for training and 2 if it is for validation. Without it all pairs serve for both.
"""

import os
from functools import partial
from pathlib import Path

from tvnet_keras.entries import matching
from tvnet_keras.errors import InputError
from tvnet_keras.flow.io import read_flo
from tvnet_keras.flow.pairs.parts.pair import Pair, existing, image_pair, require

ENDINGS = {
    "_flow.flo": ("_img1.ppm", "_img2.ppm"),
    "-gt.flo": ("-img0.ppm", "-img1.ppm"),
}
"""Endings of the two frames by the ending of the flow file."""

LIST_FILE = "FlyingChairs_train_val.txt"
CODE_OF_SUBSET = {"train": "1", "test": "2"}
"""What the official list writes for the pairs of each subset."""


def load(root: str | os.PathLike[str]) -> tuple[Pair, ...]:
    """Lists the pairs.

    Args:
        root: the folder of the files, or the folder that holds them in `data`.

    Raises:
        InputError: there are no pairs, or a frame is missing.
    """
    pairs = []
    for folder in (Path(root), Path(root) / "data"):
        for ending, frames in ENDINGS.items():
            for flow in matching(folder, f"*{ending}"):
                name = flow.name.removesuffix(ending)
                first, second = (existing(folder / f"{name}{frame}") for frame in frames)
                pairs.append(image_pair(name, first, second, partial(read_flo, flow)))
    return require(root, "NNNNN_img1.ppm, NNNNN_img2.ppm, NNNNN_flow.flo", pairs)


def divide(root: str | os.PathLike[str], pairs: tuple[Pair, ...], subset: str) -> tuple[Pair, ...]:
    """The pairs of a subset by the official list; all of them without it.

    Args:
        root: the data set's folder, in which or beside which the list may lie.
        pairs: all pairs.
        subset: "train", or "test" for the validation part.

    Raises:
        InputError: the list is too short for the pairs, or holds something other than 1 and 2.
    """
    # The list is a download of its own: it comes to lie beside the unpacked folder.
    places = (Path(root) / LIST_FILE, Path(root).resolve().parent / LIST_FILE)
    path = next((path for path in places if path.is_file()), None)
    if path is None:
        return pairs
    codes = path.read_text(encoding="utf-8-sig", errors="replace").split()
    wrong = sorted(set(codes) - set(CODE_OF_SUBSET.values()))
    if wrong or any(not pair.name.isdecimal() or not 0 < int(pair.name) <= len(codes) for pair in pairs):
        reason = f"it holds {wrong[0]!r}" if wrong else f"its {len(codes)} lines do not name every pair"
        raise InputError(f"{path} is not the official list of these pairs ({reason}); get it again or take it away.")
    return tuple(pair for pair in pairs if codes[int(pair.name) - 1] == CODE_OF_SUBSET[subset])
