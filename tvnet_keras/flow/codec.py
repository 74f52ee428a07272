"""Flow as 8-bit pictures, as TSN stores it: u and v clipped to a bound and scaled to 0..255.

Temporal Segment Networks (Wang et al., ECCV 2016) and what follows them keep flow as grey JPEG pictures with a bound of
20 pixels. A step is `2 * bound / 255`, 0.157 pixels at 20, so that a vector within the bound comes back with an error
of at most half a step in each component, 0.078 pixels. No motion lies between two levels: it comes back as half a step.
"""

import cv2
import numpy as np

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError

BOUND = 20.0
"""Pixels, as in TSN; longer components are clipped."""

LEVELS = 255

FORMATS = ("png", "jpg")
"""PNG keeps every level; JPEG is smaller and loses some."""

QUALITY = 95
"""Of JPEG, what OpenCV and TSN's tools take."""


def require_bound(bound: float) -> None:
    """Refuses a bound that flow cannot have.

    Raises:
        InputError: the bound is not positive, or not finite.
    """
    if not (bound > 0 and np.isfinite(bound)):
        raise InputError(f"The bound of stored flow must be a positive number of pixels. Received: bound={bound}.")


def quantise(flow: np.ndarray, bound: float = BOUND) -> np.ndarray:
    """Clips flow to a bound and rounds it to 8 bits.

    Args:
        flow: float `[..., 2]`, u and v in pixels.
        bound: the longest component that is kept, in pixels.

    Returns:
        uint8 `[..., 2]`.

    Raises:
        InputError: the bound is not positive, or a vector is not finite.

    Example:
        >>> quantise(np.array([[-30.0, 0.0], [20.0, 10.0]])).tolist()
        [[0, 128], [255, 191]]
    """
    require_bound(bound)
    flow = np.asarray(flow, np.float64)
    if not np.isfinite(flow).all():
        raise InputError("Flow with vectors that are not finite cannot be stored; set unknown vectors to 0.")
    levels = (np.clip(flow, -bound, bound) + bound) * (LEVELS / (2 * bound))
    # Halves are rounded up, so that the level of no motion is 128 whatever the machine.
    return np.floor(levels + 0.5).astype(np.uint8)


def dequantise(levels: np.ndarray, bound: float = BOUND) -> np.ndarray:
    """The inverse of `quantise`, up to half a step.

    Args:
        levels: uint8 `[..., 2]`.
        bound: that of `quantise`, in pixels.

    Returns:
        float32 `[..., 2]`, pixels.
    """
    return (np.asarray(levels, np.float32) * np.float32(2 * bound / LEVELS) - np.float32(bound)).astype(np.float32)


def encode(flow: np.ndarray, bound: float = BOUND, form: str = "png", quality: int = QUALITY) -> bytes:
    """One field of flow as the bytes of a grey picture, u above v.

    Args:
        flow: float `[H, W, 2]`, pixels.
        bound: see `quantise`.
        form: one of `FORMATS`.
        quality: that of JPEG, 1 to 100.

    Returns:
        The file's bytes; its picture has the size `[2 H, W]`.

    Raises:
        InputError: an unknown form, a bad bound, vectors that are not finite, or a field too large for the form.
    """
    check_choice("The form of stored flow", form, FORMATS)
    levels = quantise(flow, bound)
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality] if form == "jpg" else [cv2.IMWRITE_PNG_COMPRESSION, 1]
    picture = np.concatenate([levels[..., 0], levels[..., 1]], axis=0)
    whole, content = cv2.imencode(f".{form}", picture, settings)
    if not whole:
        raise InputError(f"A flow field of {flow.shape[1]} x {flow.shape[0]} pixels cannot be stored as {form}.")
    return content.tobytes()


def decode(content: bytes, bound: float = BOUND) -> np.ndarray:
    """The flow that `encode` made a picture of.

    Args:
        content: the picture's bytes, PNG or JPEG.
        bound: that of `encode`, in pixels.

    Returns:
        float32 `[H, W, 2]`, pixels.

    Raises:
        InputError: the bytes are no such picture.
    """
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE) if content else None
    if picture is None or len(picture) % 2:
        raise InputError("The bytes are no picture of stored flow; store the flow again.")
    return dequantise(np.stack(np.split(picture, 2), axis=-1), bound)


def quantisation_error(bound: float = BOUND) -> float:
    """The largest error of a component within the bound that `quantise` makes: half a step, in pixels."""
    return bound / LEVELS
