"""Image pairs in the layouts of Middlebury, FlyingChairs, Sintel and KITTI: textures that move as the flow says."""

from pathlib import Path

import cv2
import numpy as np

from tests.textures import moving_clip
from tvnet_keras.flow.io import UNKNOWN, write_flo, write_kitti

MOTIONS = {"First": (24, 32, (1.5, -0.6)), "Second": (31, 40, (1.9, -0.8)), "Third": (24, 32, (-0.8, 1.2))}
"""Height, width and velocity of the pairs."""


def write_pairs(root: Path, names=tuple(MOTIONS)) -> Path:
    """Writes some of the pairs in Middlebury's layout; the lower half of each flow is unknown."""
    for name in names:
        frames, flow = _pair(name)
        flow[len(flow) // 2 :] = UNKNOWN
        for number, frame in zip((10, 11), frames, strict=True):
            _write_picture(root / "other-data" / name / f"frame{number}.png", frame)
        write_flo(root / "other-gt-flow" / name / "flow10.flo", flow)
    return root


def write_chairs(root: Path, names=tuple(MOTIONS)) -> Path:
    """Writes some of the pairs in FlyingChairs' layout, `00001`, `00002`, ..., with every vector known."""
    for number, name in enumerate(names, 1):
        frames, flow = _pair(name)
        for which, frame in zip((1, 2), frames, strict=True):
            _write_picture(root / f"{number:05d}_img{which}.ppm", frame)
        write_flo(root / f"{number:05d}_flow.flo", flow)
    return root


def write_sintel(root: Path, names=tuple(MOTIONS)) -> Path:
    """Writes some of the pairs as scenes in Sintel's layout; the pass `final` is half as bright as `clean`."""
    for name in names:
        frames, flow = _pair(name)
        for number, frame in zip((1, 2), frames, strict=True):
            _write_picture(root / "training/clean" / name / f"frame_{number:04d}.png", frame)
            _write_picture(root / "training/final" / name / f"frame_{number:04d}.png", frame // 2)
        write_flo(root / "training/flow" / name / "frame_0001.flo", flow)
    return root


def write_kitti_pairs(root: Path, names=tuple(MOTIONS), images="image_2") -> Path:
    """Writes some of the pairs in KITTI's layout, `000000`, `000001`, ...; the upper half of each flow is unknown."""
    for number, name in enumerate(names):
        frames, flow = _pair(name)
        flow[: len(flow) // 2] = UNKNOWN
        for which, frame in zip((10, 11), frames, strict=True):
            _write_picture(root / "training" / images / f"{number:06d}_{which}.png", frame)
        (root / "training/flow_occ").mkdir(parents=True, exist_ok=True)
        write_kitti(root / f"training/flow_occ/{number:06d}_10.png", flow)
    return root


def _pair(name: str) -> tuple[np.ndarray, np.ndarray]:
    height, width, velocity = MOTIONS[name]
    frames = np.round(255 * moving_clip(2, height, width, velocity)[0]).astype("uint8")
    return frames, np.broadcast_to(np.float32(velocity), (height, width, 2)).copy()


def _write_picture(path: Path, frame: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), frame[..., ::-1])
