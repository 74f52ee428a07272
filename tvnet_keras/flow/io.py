"""Reading and writing flow in files: Middlebury's .flo and KITTI's PNG.

A .flo file is the float 202021.25, the width and the height as int32, then u and v of every pixel as float32, row by
row, all little-endian (https://vision.middlebury.edu/flow/code/flow-code/README.txt).

A KITTI PNG has three channels of 16 bits: 64 u + 2^15, 64 v + 2^15, and whether the vector is known (readme.txt of the
development kit, https://www.cvlibs.net/datasets/kitti/eval_flow.php).

Example:
    >>> flow = np.full((4, 6, 2), 1.5, "float32")
    >>> write_flo("pair.flo", flow)
    >>> bool((read_flo("pair.flo") == flow).all())
    True
    >>> flow[0] = UNKNOWN
    >>> write_kitti("pair.png", flow)
    >>> known = known_vectors(read_kitti("pair.png"))
    >>> int(known.sum()), known.size
    (18, 24)
"""

import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np

from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError

MAGIC = 202021.25
LARGEST_SIDE = 99_999  # what the official reader takes for a sensible width or height
UNKNOWN_ABOVE = 1e9  # a component beyond this marks a vector that is not known
UNKNOWN = 1e10  # what both components of such a vector are set to
KITTI_STEPS = 64  # steps of a KITTI PNG per pixel
KITTI_ZERO = 2**15  # the step that stands for no motion
_HEADER = struct.Struct("<fii")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_16_BIT_RGB = (16, 2)
_DEFLATE_AT_MOST = 1032  # bytes that one compressed byte can stand for


def known_vectors(flow: np.ndarray) -> np.ndarray:
    """Tells which flow vectors are known.

    Args:
        flow: `[..., 2]`, pixels.

    Returns:
        bool `[...]`: neither component is NaN or larger than 1e9 in size.
    """
    # A tenth of the time of `np.all` over an axis of two.
    return (np.abs(flow[..., 0]) <= UNKNOWN_ABOVE) & (np.abs(flow[..., 1]) <= UNKNOWN_ABOVE)


def read_flo(path: str | os.PathLike[str]) -> np.ndarray:
    """Reads a .flo file.

    Args:
        path: the file.

    Returns:
        Flow, float32 `[H, W, 2]`, pixels: channel 0 = u, + right; channel 1 = v, + down; unknown vectors are kept
        as the file has them (see `known_vectors`).

    Raises:
        InputError: the file is missing, no .flo, too short, too long, of an absurd size or holds NaN.
    """
    content = _read(path)
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
        path: the file to write.
        flow: `[H, W, 2]`, pixels, stored as float32.

    Raises:
        InputError: the flow has another shape or holds NaN, or the file cannot be written.
    """
    flow = _check_flow(path, flow, ".flo file")
    height, width = flow.shape[:2]
    with atomic_path(path) as partial:
        partial.write_bytes(_HEADER.pack(MAGIC, width, height) + np.ascontiguousarray(flow, "<f4").tobytes())


def read_kitti(path: str | os.PathLike[str]) -> np.ndarray:
    """Reads a KITTI PNG.

    Args:
        path: the file.

    Returns:
        Flow, float32 `[H, W, 2]`, pixels: channel 0 = u, + right; channel 1 = v, + down; both components of unknown
        vectors are 1e10 (see `known_vectors`).

    Raises:
        InputError: the file is missing, no PNG of three channels with 16 bits, damaged, too long or of an absurd size.
    """
    content = _read(path)
    _check_png(path, content)
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        picture = None
    if picture is None or picture.dtype != np.uint16 or picture.ndim != 3 or picture.shape[-1] != 3:
        raise InputError(f"{path} cannot be decoded as a PNG of three channels with 16 bits; get it again.")
    known, v, u = np.moveaxis(picture, -1, 0)
    flow = (np.stack([u, v], axis=-1).astype(np.float32) - KITTI_ZERO) / KITTI_STEPS
    flow[known == 0] = UNKNOWN
    return flow


def write_kitti(path: str | os.PathLike[str], flow: np.ndarray) -> None:
    """Writes a KITTI PNG, whole or not at all; components are rounded to 1/64 pixel.

    Args:
        path: the file to write.
        flow: `[H, W, 2]`, pixels, -512..511.98; vectors beyond 1e9 are marked as unknown.

    Raises:
        InputError: the flow has another shape, holds NaN or is too long for the format, or the file cannot be written.
    """
    flow = _check_flow(path, flow, "KITTI PNG")
    known = known_vectors(flow)
    steps = np.rint(np.where(known[..., None], flow, 0).astype(np.float64) * KITTI_STEPS) + KITTI_ZERO
    if steps.min() < 0 or steps.max() > np.iinfo(np.uint16).max:
        longest = np.abs(flow[known]).max()
        raise InputError(
            f"A KITTI PNG holds -512..511.98 pixels; the flow for {path} has {longest:g}: write a .flo file."
        )
    steps[~known] = 0
    u, v = np.moveaxis(steps.astype(np.uint16), -1, 0)
    whole, encoded = cv2.imencode(".png", np.stack([known.astype(np.uint16), v, u], axis=-1))
    if not whole:
        raise InputError(f"The flow for {path} cannot be stored as a PNG; write a .flo file.")
    with atomic_path(path) as partial:
        partial.write_bytes(encoded.tobytes())


def _read(path: str | os.PathLike[str]) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read the flow file {path} ({error.strerror}); check the path.") from error


def _check_flow(path: str | os.PathLike[str], flow: np.ndarray, kind: str) -> np.ndarray:
    flow = np.asarray(flow)
    if flow.ndim != 3 or flow.shape[-1] != 2 or not all(0 < side <= LARGEST_SIDE for side in flow.shape[:2]):
        raise InputError(f"A {kind} takes one flow field [H, W, 2]. Received for {path}: shape={flow.shape}.")
    if np.isnan(flow).any():
        raise InputError(f"The flow for {path} holds NaN; mark unknown vectors by 1e10.")
    return flow


def _check_png(path: str | os.PathLike[str], content: bytes) -> None:
    """Sees that a PNG is whole, ends where it should and is of the right kind, before a decoder trusts its header.

    Decoders differ in what they let pass, ask for as much memory as the header claims and print their own messages.
    """
    if not content.startswith(_PNG_SIGNATURE):
        raise InputError(f"{path} is not a PNG; give a KITTI flow file.")
    place, kind = len(_PNG_SIGNATURE), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", content, place) if place + 12 <= len(content) else (len(content), b"")
        end = place + 12 + length
        if end > len(content):
            raise InputError(f"{path} is cut short; get it again.")
        if zlib.crc32(content[place + 4 : end - 4]) != int.from_bytes(content[end - 4 : end], "big"):
            raise InputError(f"{path} is damaged: a checksum is wrong; get it again.")
        if place == len(_PNG_SIGNATURE):
            _check_png_header(path, kind, content[place + 8 : end - 4], len(content))
        place = end
    if place != len(content):
        raise InputError(f"{path} is too long: {len(content) - place} bytes follow the picture; get it again.")


def _check_png_header(path: str | os.PathLike[str], kind: bytes, header: bytes, size: int) -> None:
    if kind != b"IHDR" or len(header) != 13:
        raise InputError(f"{path} is a PNG without a header; get it again.")
    width, height, bits, colour = struct.unpack_from(">IIBB", header)
    if (bits, colour) != _PNG_16_BIT_RGB:
        raise InputError(f"{path} is not a PNG of three channels with 16 bits; give a KITTI flow file.")
    possible = 6 * width * height <= _DEFLATE_AT_MOST * size
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE and possible):
        raise InputError(f"{path} claims an absurd size of {width} x {height} pixels; get the file again.")
