"""The networks of Representation Flow's Table 5, for every data set that it is computed on."""

ROWS = {
    "fcf": (62.3, {"flows": "fcf"}),
    "flow": (59.4, {"flows": "flow"}),
    "fof": (47.2, {"flows": "fof"}),
    "fcfcf": (56.5, {"flows": "fcfcf"}),
}
"""By row: accuracy on Tiny-Kinetics, in percent, and the options of the network."""

TWICE = "tvl1-twice"
"""The row of TV-L1 of TV-L1's flow, in which there is no layer of this method."""

TWICE_PAPER = 12.2

SMALL = {"place": "conv1"}
"""Options for frames of 64 x 64: their 8 x 8 features after block 3 are too few for flow of flow."""


def small(model: dict) -> dict:
    """The options of a row's network for small frames; what `model` sets itself stays."""
    return {**SMALL, **model}
