"""Where in the network the flow is computed, nothing of it learned: the rows of Table 1, whatever the data set."""

PLACES = {
    "block3": (59.4, 45.4),
    "none": (55.2, 35.5),
    "input": (37.4, 40.5),
    "block1": (52.4, 42.6),
    "block2": (57.4, 44.5),
    "block4": (52.1, 43.5),
    "block5": (50.3, 42.2),
    "conv1": (None, None),
}
"""By place: the paper's accuracy on Tiny-Kinetics and on HMDB51 of low resolution, in percent. The paper has no number
for conv1."""


FLOW_CNN = (35.4, 37.5)
"""The same of the network that sees TV-L1."""

TWO_STREAM = (57.6, 41.5)


def placed(place: str, iterations: int) -> dict:
    """The options of a row's network; at the input, the flow is that of the colour channels themselves.

    Args:
        place: where the flow is computed; none is the network without flow.
        iterations: of the flow.
    """
    options = {"place": place, "iterations": iterations, "learn": ()}
    return {**options, "bottleneck": 0} if place == "input" else options
