"""The display matrix of a video frame: how a player turns and mirrors the stored picture to show it upright."""

import av
import numpy as np
from av.sidedata.sidedata import Type


def _nameless(kind: type[Type], value: int) -> Type:
    """A member for a kind of side data that FFmpeg knows and PyAV's enumeration lacks, such as EXIF in PyAV 18."""
    member = object.__new__(kind)
    member._name_, member._value_ = f"UNKNOWN_{value}", value
    return member


# Otherwise no side data could be asked for of a frame that has some of such a kind.
Type._missing_ = classmethod(_nameless)  # pyright: ignore[reportAttributeAccessIssue]  # typeshed: any object


def display_matrix(frame: av.VideoFrame) -> np.ndarray | None:
    """The 2x2 part of a frame's display matrix, or None where the picture is shown as stored.

    Args:
        frame: a decoded frame.

    Returns:
        int `[[a, b], [c, d]]` with entries -1, 0 or 1: the stored pixel (x, y) is shown at
        (a x + c y, b x + d y), x right and y down. A matrix that is no quarter turn or mirror is ignored.
    """
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return None
    matrix = np.sign(np.frombuffer(data, "<i4").reshape(3, 3)[:2, :2]).astype(int)
    return matrix if np.array_equal(matrix @ matrix.T, np.eye(2, dtype=int)) else None


def rotation(matrix: np.ndarray | None) -> int:
    """Clockwise degrees (0, 90, 180, 270) of a display matrix; a mirror image counts as the turn after it."""
    if matrix is None:
        return 0
    (a, b), (_, _) = matrix
    return {(1, 0): 0, (0, 1): 90, (-1, 0): 180, (0, -1): 270}[(int(a), int(b))]


def orient(picture: np.ndarray, matrix: np.ndarray | None) -> np.ndarray:
    """Turns and mirrors a stored picture as its display matrix says.

    Args:
        picture: `[H, W, C]`.
        matrix: the frame's matrix, from `display_matrix`; None leaves the picture as it is.

    Returns:
        `[H, W, C]` or `[W, H, C]`, contiguous.
    """
    if matrix is None:
        return picture
    (a, b), (c, d) = matrix
    transposed = b != 0
    if transposed:
        picture = picture.swapaxes(0, 1)
    mirror_x, mirror_y = (c < 0, b < 0) if transposed else (a < 0, d < 0)
    return np.ascontiguousarray(picture[:: -1 if mirror_y else 1, :: -1 if mirror_x else 1])
