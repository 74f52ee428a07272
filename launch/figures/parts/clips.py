"""The clips that the inputs of figures name."""

import numpy as np

from tvnet_keras.errors import InputError
from tvnet_keras.video.read import VideoError, read_frames


def clip_at(path: str, frame: int, count: int, step: int = 1) -> np.ndarray:
    """Frames of a video, from the one that the input `frame` names on.

    Args:
        path: the video.
        frame: number of the first one.
        count: how many.
        step: the input `step`, the distance of neighbouring ones.

    Returns:
        uint8 `[count, H, W, 3]`, RGB.

    Raises:
        InputError: the video cannot be read, or ends before the last one.
    """
    wanted = range(frame, frame + count * step, step)
    try:
        return read_frames(path, wanted)
    except VideoError as error:
        if not error.frames:
            raise
        raise InputError(
            f"{path} has {error.frames} frames that can be read, and a clip of {count} from --input=frame={frame} on, "
            f"{step} apart, ends with frame {wanted[-1]}: begin sooner, or give a longer video."
        ) from None
