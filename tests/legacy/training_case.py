"""The optimizers that both environments train the same small network with. Plain Python: either can import it."""

RATE = 0.05
SLOW = 1 / 255
"""Multiplier of the learning rate of the layer called "motion"."""

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
