"""Middlebury's training pairs (Baker et al., IJCV 2011): frame10, frame11 and flow10.flo.

Vectors with a component beyond 1e9 are unknown.
"""

import os
from functools import partial
from pathlib import Path

from tvnet_keras.entries import matching
from tvnet_keras.flow.io import read_flo
from tvnet_keras.flow.pairs.parts.pair import Pair, existing, image_pair, require


def load(root: str | os.PathLike[str]) -> tuple[Pair, ...]:
    """Lists the pairs that have a ground truth; the other sequences of `other-data` are left out.

    Args:
        root: the folder of `other-data` and `other-gt-flow`.

    Raises:
        InputError: there are no pairs, or a frame is missing.
    """
    pairs = []
    for truth in matching(root, "other-gt-flow/*/flow10.flo"):
        name = truth.parent.name
        first, second = (existing(Path(root) / "other-data" / name / f"frame{k}.png") for k in (10, 11))
        pairs.append(image_pair(name, first, second, partial(read_flo, truth)))
    return require(root, "other-gt-flow/NAME/flow10.flo and other-data/NAME/frame10.png, frame11.png", pairs)
