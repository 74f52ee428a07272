"""TVNet's kernels and constants learned on generated pairs, to be better on frames that it has never seen.

The pairs are layers cut from pictures, which move, turn, zoom and bend. The surfaces of real pictures, smooth in
places, matter: `docs/methods/tvnet.md` says what was tried and what it gave.

    python -m launch.prepare --generate_pairs=data/pairs --pictures=my_pictures --drift=0.01 --noise=2
    python -m launch.train --method=tvnet_flow --experiment=generated --config.data.root=data/pairs
    python -m launch.evaluate --run=runs/generated-tvnet_flow --config.data.dataset=sintel --config.data.root=sintel
"""

from launch.run.config import Config, new_config

OPTIONS = {
    "tvnet_flow": {
        "scales": 5,
        "warps": 5,
        "iterations": 50,
        "theta": 0.5,
        # Without u0: a map of where things move is of the training pairs, not of others.
        "learn": ("kernels", "tau", "lambda", "theta"),
        "u0_size": (1, 1),
        "constants_per": "scale",
        "loss": "robust",
    }
}
"""Options of the methods that have them."""


def config(method: str) -> Config:
    """Windows of 192 x 192, 800 steps of four."""
    return new_config(
        method,
        "generated",
        model_if_known=OPTIONS.get(method, {}),
        data={
            "dataset": "generated",
            "root": "data/pairs",
            "height": 192,
            "width": 192,
            "crop": "random",
        },
        train={"steps": 800, "batch_size": 4, "lr": 3e-3, "warmup": 20, "checkpoint_every": 50},
    )
