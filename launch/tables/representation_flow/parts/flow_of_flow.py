"""The networks of Representation Flow's Table 5, for every data set that it is computed on."""

ROWS = {
    "fcf": (62.3, {"flows": "fcf"}),
    "flow": (59.4, {"flows": "flow"}),
    "fof": (47.2, {"flows": "fof"}),
    "fcfcf": (56.5, {"flows": "fcfcf"}),
    "tvl1-twice": (12.2, {"flows": "fof", "place": "input", "bottleneck": 0, "learn": ()}),
}
"""Accuracy on Tiny-Kinetics and the network; TV-L1 twice is our solver, nothing learned, on the frames' colours."""

SMALL = {"place": "conv1"}
"""Where the flow is computed on frames of 64 x 64: the 8 x 8 features after block 3 are too few for flow of flow."""


def small(model: dict) -> dict:
    """The network of a row for small frames."""
    return {**SMALL, **model}
