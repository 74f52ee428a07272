"""How many iterations, with the flow's parameters learned and not: the rows of Table 3, whatever the data set."""

LEARN = {"fixed": (), "learned": ("divergence", "tau", "lambda", "theta")}
"""What of the flow is learned, by the second half of a row's name."""

ITERATIONS = {
    10: (52.4, 59.4),
    1: (46.7, 49.5),
    20: (53.6, 60.7),
    100: (59.4, 60.7),
    5: (51.3, 55.4),
    50: (59.2, 60.9),
}
"""By number of iterations: the paper's accuracy on Tiny-Kinetics, in percent, fixed and learned."""


def paper_of(row: str) -> float:
    """The paper's number of a row, such as `10.learned`.

    Args:
        row: iterations and a word of `LEARN`, with a point between.
    """
    iterations, name = row.split(".")
    return ITERATIONS[int(iterations)][tuple(LEARN).index(name)]


def iterated(row: str) -> dict:
    """The options of a row's network.

    Args:
        row: as in `paper_of`.
    """
    iterations, name = row.split(".")
    return {"iterations": int(iterations), "learn": LEARN[name]}
