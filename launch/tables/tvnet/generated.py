"""What makes a TVNet that was learned on generated pairs better on pairs and videos that it has never seen.

`--data_dir` is a folder with the folders `ucf101` (the pictures that layers are cut from are frames of its first
*training* list; the residual is that of its test list), and `sintel`, `flyingchairs` and `middlebury`, of which any may
be absent. None of the pairs of these is ever trained on. The first number is the mean end-point error of generated
pairs of another seed, cut from the same pictures, the second that of pairs of procedural textures; settings were chosen
by Sintel. `small-...` rows have 5 scales, 3 warps and 10 iterations and differ from `small-preset` in what their name
says.
"""

from launch.tables import Cell
from launch.tables.tvnet.parts.unseen_pairs import PROCEDURAL, Learning, learning_cell

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
        learning_cell("small-with-kernels", Learning(SMALL, steps=STEPS, options=WITH_KERNELS), seeds=three),
        learning_cell(
            "large-with-kernels", Learning(LARGE, steps=STEPS, options=WITH_KERNELS), seeds=three, minutes=12
        ),
        learning_cell("small-longer", Learning(SMALL, steps=5 * STEPS), minutes=8),
        learning_cell("small-procedural", Learning(SMALL, PROCEDURAL, STEPS)),
        *(learning_cell(f"small-{row}", Learning(SMALL, steps=STEPS, options=change)) for row, change in CHANGES),
    )


WITH_KERNELS = {"learn": ("kernels", "tau", "lambda", "theta"), "kernels_rate": 0.2}

CHANGES = (
    ("energy-0.3", {"energy_weight": 0.3}),
    ("without-median", {"median": 0}),
    ("epe", {"loss": "epe"}),
    ("theta-0.3", {"theta": 0.3}),
    ("constants-of-network", {"constants_per": "network"}),
    ("with-kernels-and-energy-1", {**WITH_KERNELS, "energy_weight": 1.0}),
    ("with-kernels-at-full-rate", {**WITH_KERNELS, "kernels_rate": 1.0}),
    ("with-kernels-and-epe", {**WITH_KERNELS, "loss": "epe"}),
    ("with-kernels-shared", {**WITH_KERNELS, "share": ("iterations",)}),
    ("kernels-alone", {**WITH_KERNELS, "learn": ("kernels",)}),
)
"""By the end of a row's name, the options that differ."""
