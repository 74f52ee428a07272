"""Learning rates per group of weights, for momentum and for Adam.

Under Adam, scaling the gradients of a group would change nothing, because Adam divides them by their size.
"""

import numbers
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras

from tvnet_keras.typing import Dimension, Tensor

# The mixin stands before one of Keras's optimizers.
_Optimizer = keras.optimizers.Optimizer if TYPE_CHECKING else object


class RateGroups(_Optimizer):
    """A mixin that multiplies the learning rate of weights whose path matches a pattern.

    Weight decay follows the rate of the group, as it does in Caffe and PyTorch, so that weights of the rate 0 stay as
    they are; `exclude_from_weight_decay(var_names=[pattern])` takes a group out of the decay, where a pattern is looked
    for as those of the rates are.

    Args:
        rates: `{pattern: multiplier}`; a weight has the multiplier of the first regular expression that is found in its
            Keras path (`variable.path`), and 1 where none is found.
        summed: whether the gradients are already summed over the replicas of a `tf.distribute` strategy. A training
            step that clips the sum hands over summed gradients; Keras's own optimizers sum whatever they are given.
        **kwargs: arguments of the optimizer.

    Raises:
        ValueError: the rates are no dictionary of regular expressions and multipliers, a multiplier is negative, or
            (when the optimizer is built) a pattern matches no weight.
    """

    def __init__(self, *args: Any, rates: dict[str, float] | None = None, summed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.summed = bool(summed)
        self.rates = _checked({} if rates is None else rates)
        self._undecayed: tuple[str, ...] = ()

    def exclude_from_weight_decay(
        self, var_list: Sequence[keras.Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Takes weights out of the decay; it must be called before the optimizer is built.

        Keras looks for `var_names` in the name that a backend gives to its variable, which has no path under JAX and
        ends in ":0" under TensorFlow: a pattern of a path that ends in `$` would be found nowhere. Here they are looked
        for in Keras paths.

        Args:
            var_list: weights.
            var_names: regular expressions; a weight does not decay if one is found in its path.
        """
        super().exclude_from_weight_decay(var_list)
        self._undecayed = tuple(var_names or ())

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Creates the optimizer's state and looks up the multiplier of every weight."""
        super().build(variables)
        self._multipliers = [self.multiplier(variable.path) for variable in variables]
        self._decays = [not any(re.search(name, variable.path) for name in self._undecayed) for variable in variables]
        for pattern in self.rates:
            if not any(re.search(pattern, variable.path) for variable in variables):
                raise ValueError(
                    f"No weight matches the pattern of a learning rate. Received: rates={self.rates}, pattern="
                    f"{pattern!r}, weights={[variable.path for variable in variables]}"
                )

    def multiplier(self, path: str) -> float:
        """The multiplier of the weight with this path."""
        return next((rate for pattern, rate in self.rates.items() if re.search(pattern, path)), 1.0)

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Dimension) -> None:
        """Updates one weight at the rate of its group."""
        # TensorFlow hands over its own variable, which has no Keras path: the index finds the group.
        rate = learning_rate * self._multipliers[self._get_variable_index(variable)]
        if self.weight_decay and self._use_weight_decay(variable):
            decay = keras.ops.cast(rate * self.weight_decay, variable.dtype)
            self.assign_sub(variable, variable * decay)
        super().update_step(gradient, variable, rate)

    def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
        """Nothing: Keras's hook would decay all weights at one rate; `update_step` has done it."""

    def _use_weight_decay(self, variable: Tensor) -> bool:
        # Keras's hook, as above of the backend's own variable; there is no public one.
        return self._decays[self._get_variable_index(variable)] and super()._use_weight_decay(variable)

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        # Keras's hook on TensorFlow, called in every replica; it has no public one.
        return grads_and_vars if self.summed else super()._all_reduce_sum_gradients(grads_and_vars)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "rates": self.rates, "summed": self.summed}


def _checked(rates: Any) -> dict[str, float]:
    """The multipliers by their patterns, if they are that."""
    if not isinstance(rates, Mapping) or not all(isinstance(pattern, str) for pattern in rates):
        raise ValueError(f"rates must be a dictionary {{pattern: multiplier}}. Received: rates={rates!r}")
    for pattern, multiplier in rates.items():
        if not isinstance(multiplier, numbers.Real) or not float(multiplier) >= 0:
            raise ValueError(f"Multipliers of learning rates must be numbers, none negative. Received: rates={rates}")
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression ({error}). Received: rates={rates}") from None
    return dict(rates)


@keras.saving.register_keras_serializable(package="tvnet_keras")
class GroupedSGD(RateGroups, keras.optimizers.SGD):
    """`keras.optimizers.SGD` with a learning rate per group of weights.

    A weight learns at the learning rate times the multiplier of the first pattern of `rates`, a regular expression,
    that is found in its Keras path (`variable.path`, such as "tvnet/kernels"). `RateGroups` has all arguments.

    Example:
        >>> optimizer = GroupedSGD(0.01, rates={"tvnet/": 1 / 255, "bias": 2.0})
        >>> [optimizer.multiplier(path) for path in ("logits/kernel", "logits/bias")]
        [1.0, 2.0]
    """


@keras.saving.register_keras_serializable(package="tvnet_keras")
class GroupedAdam(RateGroups, keras.optimizers.Adam):
    """`keras.optimizers.Adam` with a learning rate per group of weights.

    A weight learns at the learning rate times the multiplier of the first pattern of `rates`, a regular expression,
    that is found in its Keras path (`variable.path`, such as "tvnet/kernels"). `RateGroups` has all arguments.

    Example:
        >>> optimizer = GroupedAdam(0.01, rates={"tvnet/": 1 / 255, "bias": 2.0})
        >>> [optimizer.multiplier(path) for path in ("logits/kernel", "logits/bias")]
        [1.0, 2.0]
    """
