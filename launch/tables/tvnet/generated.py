"""What makes a TVNet that was learned on generated pairs better on pairs and videos that it has never seen.

`--data_dir` is a folder with the folders `ucf101` (the pictures that layers are cut from are frames of its first
*training* list; the residual is that of its test list), and `sintel`, `flyingchairs` and `middlebury`, of which any may
be absent. None of the pairs of these is ever trained on. The first number is the mean end-point error of generated
pairs of another seed, cut from the same pictures, the second that of pairs of procedural textures; settings were chosen
by Sintel. `small-...` rows have 5 scales, 3 warps and 10 iterations and differ from `small-preset` in what their name
says.
"""

from typing import Any

from launch.tables import Cell
from launch.tables.tvnet.parts.unseen_pairs import PROCEDURAL, Learning, learning_cell

DATA_SET = "ucf101 and pairs"

SMALL, LARGE = (5, 3, 10), (5, 5, 50)
STEPS = 200

UNTRAINED = {"theta": 0.3, "median": 0}
"""The layer's defaults, where the experiment sets others."""

SETTING = ""


def cells() -> tuple[Cell, ...]:
    """The untrained networks, the ones that became presets, then one change at a time."""
    three = (0, 1, 2)
    return (
        learning_cell("small-untrained", Learning(SMALL, options=UNTRAINED)),
        learning_cell("small-untrained-median", Learning(SMALL, options={"theta": 0.3})),
        learning_cell("small-start", Learning(SMALL)),
        learning_cell("large-untrained", Learning(LARGE, options=UNTRAINED)),
        learning_cell("large-untrained-median", Learning(LARGE, options={"theta": 0.3})),
        learning_cell("large-start", Learning(LARGE)),
        learning_cell("small-preset", Learning(SMALL, steps=STEPS), seeds=three),
        learning_cell("large-preset", Learning(LARGE, steps=STEPS), seeds=three, minutes=12),
        learning_cell("small-whole-gradient", _whole(SMALL), seeds=three),
        learning_cell("large-whole-gradient", _whole(LARGE), seeds=three, minutes=12),
        learning_cell("small-with-kernels", _whole(SMALL, **WITH_KERNELS), seeds=three),
        learning_cell("large-with-kernels", _whole(LARGE, **WITH_KERNELS), seeds=three, minutes=12),
        learning_cell("small-with-kernels-and-energy-1", _whole(SMALL, **WITH_KERNELS, energy_weight=1.0)),
        learning_cell("large-median-5", Learning(LARGE, steps=STEPS, options={"median": 5}), minutes=12),
        learning_cell("large-without-median", Learning(LARGE, steps=STEPS, options={"median": 0}), minutes=12),
        learning_cell("small-longer", Learning(SMALL, steps=5 * STEPS), minutes=8),
        learning_cell("small-procedural", Learning(SMALL, PROCEDURAL, STEPS)),
        *(learning_cell(f"small-{row}", Learning(SMALL, steps=STEPS, options=change)) for row, change in CHANGES),
    )


def _whole(network: tuple[int, int, int], **options: Any) -> Learning:
    """The training as it was first tried: the gradient goes through the warps, and bears a third of the rate."""
    return Learning(network, steps=STEPS, options={"detach_warps": False, **options}, training={"lr": 2e-3})


WITH_KERNELS = {"learn": ("kernels", "tau", "lambda", "theta"), "kernels_rate": 0.2}

CHANGES = (
    ("energy-0.3", {"energy_weight": 0.3}),
    ("without-median", {"median": 0}),
    ("epe", {"loss": "epe"}),
    ("theta-0.3", {"theta": 0.3}),
    ("constants-of-network", {"constants_per": "network"}),
    ("detached-with-kernels", WITH_KERNELS),
    ("detached-with-kernels-at-full-rate", {**WITH_KERNELS, "kernels_rate": 1.0}),
    ("detached-with-kernels-shared", {**WITH_KERNELS, "share": ("iterations",)}),
    ("kernels-alone", {**WITH_KERNELS, "learn": ("kernels",)}),
)
"""By the end of a row's name, the options that differ."""
