"""A loop that every backend compiles and differentiates by itself."""

from collections.abc import Callable

import keras
from keras import ops


def differentiable_loop(step: Callable, state: tuple, times: int) -> tuple:
    """Applies `step` to `state` a fixed number of times; the graph holds one application.

    The gradient is derived by the backend and keeps the state of every turn. The loop of `ops.tvl1.solver` has no such
    cost, because its adjoint is written by hand.

    Args:
        step: function of a tuple of tensors to a tuple of tensors of the same shapes.
        state: the tuple of tensors before the first application.
        times: number of applications.

    Returns:
        The tuple of tensors after the last application.
    """
    if keras.backend.backend() != "tensorflow":
        return ops.fori_loop(0, times, lambda _, carry: step(carry), state)
    # TensorFlow cannot differentiate a compiled `fori_loop`, and JAX cannot differentiate a `while_loop`.
    counted = ops.while_loop(
        lambda turn, *_: turn < times,
        lambda turn, *carry: (turn + 1, *step(carry)),
        (ops.convert_to_tensor(0), *state),
        maximum_iterations=times,
    )
    return tuple(counted[1:])
