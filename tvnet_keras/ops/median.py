"""The median filter of fields, as a network of minima and maxima.

A network is a list of pairs of wires: of each pair the smaller value goes to the first wire, the larger to the second.
The columns of all windows are sorted first, which neighbouring windows share. `window_network` does the rest.
"""

import functools
from collections.abc import Callable, Sequence

from keras import ops

from tvnet_keras.ops.borders import replicate
from tvnet_keras.ops.differentiable import differentiable, once_differentiable
from tvnet_keras.typing import Tensor

SIZES = (3, 5)
"""Sides of the windows that there are."""

Network = list[tuple[int, int]]

_AXES = (-1, 1, 1), (1, -1, 1), (1, 1, -1)


def median_filter(fields: Tensor, size: int) -> Tensor:
    """The median of the window around every pixel; the border pixel stands for every one beyond it.

    The gradient goes to the pixel whose value it is: of equal ones to the first, row by row. A pixel that is not a
    number stays so. It is differentiable once.

    Args:
        fields: float tensor `[N, H, W]`.
        size: side of the window, odd.

    Returns:
        `[N, H, W]`.

    Example:
        >>> ops.convert_to_numpy(median_filter(np.array([[[1.0, 9.0, 2.0, 3.0]]]), 3))[0, 0].tolist()
        [1.0, 2.0, 3.0, 3.0]
    """
    return _filter(size)(once_differentiable(fields))


@functools.cache
def _filter(size: int) -> Callable[[Tensor], Tensor]:
    return differentiable(functools.partial(_medians, size=size), functools.partial(_pull_back, size=size))


def sorting_network(wires: Sequence[int]) -> Network:
    """Batcher's odd-even merge sort: afterwards the values on these wires rise from the first to the last.

    Args:
        wires: any number of wires.
    """
    count, network, block = len(wires), [], 1
    while block < count:
        stride = block
        while stride:
            for start in range(stride % block, count - stride, 2 * stride):
                for place in range(start, min(start + stride, count - stride)):
                    # Pairs across two blocks that are merged later are left out.
                    if place // (2 * block) == (place + stride) // (2 * block):
                        network.append((wires[place], wires[place + stride]))
            stride //= 2
        block *= 2
    return network


@functools.cache
def window_network(size: int) -> tuple[Network, int]:
    """The network from the sorted columns of a window to its median.

    Once the rows are sorted too, which leaves the columns sorted, the value in row i and column j is the largest of
    (i + 1) (j + 1) values and the smallest of (size - i) (size - j). Where either is more than half of the window, it
    is not the median. These places lie opposite each other, as many below the median as above, so that the median of
    the others is that of all.

    Args:
        size: side of the window, odd. The value in row i and column j is on wire `i * size + j`.

    Returns:
        The network without the pairs that do not matter to the median, and the wire of the median.
    """
    places = [(row, column) for row in range(size) for column in range(size)]
    most = size * size // 2 + 1
    near = [
        row * size + column
        for row, column in places
        if (row + 1) * (column + 1) <= most and (size - row) * (size - column) <= most
    ]
    rows = [pair for row in range(size) for pair in sorting_network(range(row * size, (row + 1) * size))]
    median = near[len(near) // 2]
    needed, network = {median}, []
    for pair in reversed(rows + sorting_network(near)):
        if needed.intersection(pair):
            needed.update(pair)
            network.append(pair)
    return network[::-1], median


def _medians(fields: Tensor, size: int) -> Tensor:
    height, width = ops.shape(fields)[1:]
    padded = _padded(fields, size // 2)
    rows = _through(sorting_network(range(size)), [padded[:, k : k + height] for k in range(size)])
    network, median = window_network(size)
    wires = _through(network, [row[:, :, k : k + width] for row in rows for k in range(size)])
    # Not every backend's minimum of a number and of what is none is none.
    return ops.where(ops.isnan(fields), fields, wires[median])


def _through(network: Network, wires: list[Tensor]) -> list[Tensor]:
    for first, second in network:
        pair = wires[first], wires[second]
        wires[first], wires[second] = ops.minimum(*pair), ops.maximum(*pair)
    return wires


def _padded(fields: Tensor, radius: int) -> Tensor:
    return replicate(replicate(fields, radius, 1), radius, 2)


def _pull_back(fields: Tensor, upstream: Tensor, size: int) -> Tensor:
    medians, radius = _medians(fields, size), size // 2
    images, height, width = ops.shape(fields)
    padded = _padded(fields, radius)
    # Where no pixel of the window is the median, it is none itself.
    chosen = (size * size // 2) * ops.ones_like(medians, "int32")
    for number in reversed(range(size * size)):
        row, column = divmod(number, size)
        chosen = ops.where(padded[:, row : row + height, column : column + width] == medians, number, chosen)
    image, y, x = (ops.reshape(ops.arange(n), shape) for n, shape in zip((images, height, width), _AXES, strict=True))
    row = chosen // size
    y, x = ops.clip(y + row - radius, 0, height - 1), ops.clip(x + chosen - size * row - radius, 0, width - 1)
    places = (image * height + y) * width + x
    bar = ops.segment_sum(ops.reshape(upstream, (-1,)), ops.reshape(places, (-1,)), images * height * width)
    return ops.reshape(bar, ops.shape(fields))
