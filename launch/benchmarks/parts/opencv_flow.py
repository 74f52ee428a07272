"""Flow of a video in a few lines of OpenCV, as a script of its own: what anybody would write without this project.

    python launch/benchmarks/parts/opencv_flow.py VIDEO TARGET

TARGET is a video to write, or a folder for a PNG of every pair. It does without the errors, the common scale of all
colours and the resuming of launch.flow.
"""

import sys
from pathlib import Path

import cv2
import numpy as np


def write_flow(video: str, target: str) -> None:
    """Writes the flow of a video by DIS as hue and brightness."""
    capture = cv2.VideoCapture(video)
    found, frame = capture.read()
    grey, dis = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    size, rate = frame.shape[1::-1], capture.get(cv2.CAP_PROP_FPS)
    fourcc = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(target, fourcc, rate, size) if Path(target).suffix else None
    hsv, number = np.full_like(frame, 255), 0
    while (found := capture.read())[0]:
        before, grey = grey, cv2.cvtColor(found[1], cv2.COLOR_BGR2GRAY)
        length, angle = cv2.cartToPolar(*cv2.split(dis.calc(before, grey, None)), angleInDegrees=True)  # pyright: ignore
        hsv[..., 0], hsv[..., 2] = angle / 2, cv2.normalize(length, length, 0, 255, cv2.NORM_MINMAX)
        colours = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
        if writer is None:
            Path(f"{target}/{number:05d}.png").write_bytes(cv2.imencode(".png", colours)[1].tobytes())
        else:
            writer.write(colours)
        number += 1


if __name__ == "__main__":
    write_flow(*sys.argv[1:])
