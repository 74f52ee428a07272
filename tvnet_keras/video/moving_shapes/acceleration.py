"""Draws the motions of Moving Shapes II, whose class is how the velocity changes.

Every clip has a mean velocity, of which the objects are first behind and then ahead, or the other way round, along it
(speed) or across it (direction), by a share of it:

| class | the change is | in the order |
|---|---|---|
| SpeedUp, SlowDown | along | rising, falling |
| Pulsate | along | up and down, two periods from a random phase |
| TurnLeft, TurnRight | to the left | rising, falling |
| Weave | to the left | up and down, two periods from a random phase |

Why neither one frame nor one flow tells the class
--------------------------------------------------
1. A *group* is one scene with one mean velocity, one share and one phase, rendered under all six classes; frame T // 2
   is the same picture under all of them, and positions are uniform on a torus at every frame.
2. The changes of a clip sum up to zero: its mean flow is the same under all classes of its group. (The mean of the
   speed is a tenth larger in turns, as an arc is longer than its chord; to know it exactly is worth three points above
   a sixth.)
3. Directions are uniform, so that the velocity of any one step has the mean zero in every class. Its length cannot be
   alike at a given step, for who speeds up is slower at first than on the average: the exact first speed tells 46 %.
   But
4. the three classes along have the same velocities, each once, in another order, and so have the three across. Whoever
   looks at single steps in any order, as does a network that averages over time what it finds in the flow of each,
   tells at most along from across: a third of the clips. The change from one step to the next tells them all.
"""

import numpy as np

from tvnet_keras.video.moving_shapes.render import Motion
from tvnet_keras.video.moving_shapes.scene import REFERENCE_SIDE

ALONG, ACROSS = "along", "across"
RISING, FALLING, SWINGING = "rising", "falling", "swinging"

_CHANGES = {
    "SpeedUp": (ALONG, RISING),
    "SlowDown": (ALONG, FALLING),
    "Pulsate": (ALONG, SWINGING),
    "TurnLeft": (ACROSS, RISING),
    "TurnRight": (ACROSS, FALLING),
    "Weave": (ACROSS, SWINGING),
}
CLASS_NAMES = tuple(_CHANGES)

SPEED = (0.8, 1.3)  # of the mean velocity, pixels per frame at the side REFERENCE_SIDE
SHARE = (0.6, 0.8)  # of it, by which the velocity differs from it at most
PERIODS = 2  # of a swing within the clip
LEAST_FRAMES = 4 * PERIODS + 1
"""Frames of a clip in which every half of a swing has two steps."""


def draw_motion(name: str, rng: np.random.Generator, size: tuple[int, int], frames: int) -> Motion:
    """Draws the mean velocity of a scene and returns the motion that a class makes of it.

    The same number of draws is taken for every class: from equal generators all classes get equal velocities, in an
    order of their own.

    Args:
        name: the class, one of `CLASS_NAMES`.
        rng: the generator.
        size: (H, W) in pixels.
        frames: number of frames of the clip, from `LEAST_FRAMES` up.

    Example:
        >>> motion = draw_motion("SpeedUp", np.random.default_rng(0), (64, 64), frames=16)
        >>> len(motion.changes)
        15
    """
    speed = rng.uniform(*SPEED) * min(size) / REFERENCE_SIDE
    heading, share, phase = rng.uniform(0, 2 * np.pi), rng.uniform(*SHARE), rng.uniform(0, 2 * np.pi)
    forward = np.array([np.cos(heading), np.sin(heading)])
    # y points down: left of (1, 0) is (0, -1).
    left = np.array([forward[1], -forward[0]])
    axis, order = _CHANGES[name]
    changes = share * speed * np.outer(_ordered(order, frames - 1, phase), forward if axis == ALONG else left)
    return Motion((speed * forward[0], speed * forward[1]), changes=tuple((x, y) for x, y in changes.tolist()))


def _ordered(order: str, steps: int, phase: float) -> np.ndarray:
    """Evenly spaced values from -1 to 1 `[steps]`, each once."""
    rising = np.linspace(-1, 1, steps)
    if order == SWINGING:
        swing = np.sin(2 * np.pi * PERIODS * np.arange(steps) / steps + phase)
        return rising[np.argsort(np.argsort(swing))]
    return rising if order == RISING else -rising
