"""TVNet's constants learned on generated pairs, to be better on frames that it has never seen.

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
        # Neither u0, a map of where things move in the training pairs, nor the kernels, which fit these pairs too.
        "learn": ("tau", "lambda", "theta"),
        "u0_size": (1, 1),
        "constants_per": "scale",
        "loss": "robust",
        "median": 3,
        # The whole gradient explodes on the way through 25 warps: then chance decides what a step does.
        "detach_warps": True,
    }
}
"""Options of the methods that have them."""


def config(method: str) -> Config:
    """Windows of 160 x 192, 200 steps of four: more of them fit the generated pairs better and real ones worse."""
    return new_config(
        method,
        "generated",
        model_if_known=OPTIONS.get(method, {}),
        data={
            "dataset": "generated",
            "root": "data/pairs",
            "height": 160,
            "width": 192,
            "crop": "random",
        },
        train={"steps": 200, "batch_size": 4, "lr": 6e-3, "clip_norm": 1.0, "checkpoint_every": 50},
    )
