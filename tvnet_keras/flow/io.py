"""Middlebury's .flo files.

A file is the float 202021.25, the width and the height as int32, then u and v of every pixel as float32, row by row,
all little-endian (https://vision.middlebury.edu/flow/code/flow-code/README.txt).
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np

from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError

MAGIC = 202021.25
LARGEST_SIDE = 99_999  # what the official reader takes for a sensible width or height
UNKNOWN_ABOVE = 1e9  # a component beyond this marks a vector that is not known
_HEADER = struct.Struct("<fii")


def known_vectors(flow: np.ndarray) -> np.ndarray:
    """Tells which flow vectors are known.

    Args:
        flow: `[..., 2]`, pixels.

    Returns:
        bool `[...]`: neither component is NaN or larger than 1e9 in size.
    """
    return np.all(np.abs(flow) <= UNKNOWN_ABOVE, axis=-1)


def read_flo(path: str | os.PathLike[str]) -> np.ndarray:
    """Reads a .flo file.

    Args:
        path: The file.

    Returns:
        Flow, float32 `[H, W, 2]`, pixels: channel 0 = u, + right; channel 1 = v, + down; unknown vectors are kept
        as the file has them (see `known_vectors`).

    Raises:
        InputError: The file is missing, no .flo, too short, too long, of an absurd size or holds NaN.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read the flow file {path} ({error.strerror}); check the path.") from error
    if len(content) < _HEADER.size:
        raise InputError(f"{path} has {len(content)} bytes, too few for a .flo file's header; get it again.")
    magic, width, height = _HEADER.unpack_from(content)
    if magic != MAGIC:
        raise InputError(f"{path} is not a .flo file: it begins with {magic:g} instead of {MAGIC}; give another file.")
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        raise InputError(f"{path} claims an absurd size of {width} x {height} pixels; get the file again.")
    expected = _HEADER.size + 8 * width * height
    if len(content) != expected:
        wrong = "is cut short" if len(content) < expected else "is too long"
        raise InputError(
            f"{path} {wrong}: {len(content)} bytes where {width} x {height} pixels need {expected}; get it again."
        )
    flow = np.frombuffer(content, "<f4", offset=_HEADER.size).reshape(height, width, 2).astype(np.float32)
    if np.isnan(flow).any():
        raise InputError(f"{path} holds NaN in {int(np.isnan(flow).any(-1).sum())} vectors; mark unknown ones by 1e10.")
    return flow


def write_flo(path: str | os.PathLike[str], flow: np.ndarray) -> None:
    """Writes a .flo file, whole or not at all.

    Args:
        path: Where to write.
        flow: `[H, W, 2]`, pixels, stored as float32.

    Raises:
        InputError: The flow has another shape or holds NaN, or the file can't be written.
    """
    flow = np.asarray(flow)
    if flow.ndim != 3 or flow.shape[-1] != 2 or not all(0 < side <= LARGEST_SIDE for side in flow.shape[:2]):
        raise InputError(f"A .flo file takes one flow field [H, W, 2]. Received for {path}: shape={flow.shape}.")
    if np.isnan(flow).any():
        raise InputError(f"The flow for {path} holds NaN; mark unknown vectors by 1e10.")
    height, width = flow.shape[:2]
    with atomic_path(path) as partial:
        partial.write_bytes(_HEADER.pack(MAGIC, width, height) + np.ascontiguousarray(flow, "<f4").tobytes())
