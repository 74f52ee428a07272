"""The line of what nothing outdoes."""

from collections.abc import Sequence


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Which points nothing outdoes: no other is at least as good in both coordinates; of equal points the first.

    Args:
        points: pairs of costs, such as time and error.

    Returns:
        The places of the points in the list, by growing first coordinate.

    Example:
        >>> pareto_front([(3.0, 1.0), (1.0, 2.0), (2.0, 3.0), (4.0, 1.0)])
        [1, 0]
    """
    front: list[int] = []
    for place in sorted(range(len(points)), key=lambda place: points[place]):
        if not front or points[place][1] < points[front[-1]][1]:
            front.append(place)
    return front


def front_line(points: Sequence[tuple[float, float]], until: float) -> list[tuple[float, float]]:
    """The corners of the line that says which second cost can be had for which first one.

    Args:
        points: pairs of costs, such as time and error.
        until: the first cost at which the line ends.

    Returns:
        The corners, each step parallel to an axis.

    Example:
        >>> front_line([(1.0, 2.0), (3.0, 1.0), (4.0, 1.5)], until=5.0)
        [(1.0, 2.0), (3.0, 2.0), (3.0, 1.0), (5.0, 1.0)]
    """
    front = [points[place] for place in pareto_front(points)]
    ends = [*(first for first, _ in front[1:]), until]
    return [corner for point, end in zip(front, ends, strict=True) for corner in (point, (end, point[1]))]
