"""A loop that every backend compiles and differentiates by itself."""

from collections.abc import Callable

import keras
from keras import ops


def differentiable_loop(step: Callable, state: tuple, times: int) -> tuple:
    """Applies `step` to `state` a fixed number of times; the graph holds one of them.

    The gradient is the backend's own and keeps the state of every turn; `ops.tvl1.solver` is a loop without that cost.

    Args:
        step: tuple of tensors to a tuple of the same shapes.
        state: the tuple to start with.
        times: how often.
    """
    if keras.backend.backend() != "tensorflow":
        return ops.fori_loop(0, times, lambda _, carry: step(carry), state)
    # TensorFlow cannot differentiate a compiled `fori_loop`; JAX in turn no `while_loop`.
    counted = ops.while_loop(
        lambda turn, *_: turn < times,
        lambda turn, *carry: (turn + 1, *step(carry)),
        (ops.convert_to_tensor(0), *state),
        maximum_iterations=times,
    )
    return tuple(counted[1:])
