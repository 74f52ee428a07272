"""What is compared, by name. Plain Python, so that both environments can import it."""

ELSEWHERE = "needs an environment of its own: make test-legacy"
"""Why these tests are skipped where tensorflow-addons cannot be."""

IMAGES = {"smallest": (1, 2, 2, 1), "odd": (2, 11, 13, 3), "wide": (3, 6, 40, 2)}
"""Shapes `[N, H, W, C]` of the images that are warped."""

TVNETS = {
    "default_1_1_50": {"iterations": 50},
    "default_3_2_10": {"scales": 3, "warps": 2, "iterations": 10},
    "official_1_1_50": {"iterations": 50, "variant": "official"},
    "official_3_2_10": {"scales": 3, "warps": 2, "iterations": 10, "variant": "official"},
}
"""Arguments of the TVNet layers that are saved."""

RATE = 0.05
SLOW = 1 / 255
"""The small network's first learning rate, and its multiplier in the layer called "motion"."""

STEPS = 20
DECAY = 0.9
"""What the running average of the weights keeps of itself at every step."""

LAYERS = {"motion": 6, "classifier": 3}
"""Names and units of the dense layers; a tanh lies between them."""

OPTIMIZERS = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adam": ("Adam", {}),
}
"""Keras's class and its arguments besides the rate."""
