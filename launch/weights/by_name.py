"""Weights are found by the names of their layers, never by their position.

The name of a weight is made of the names of the layers around its layer, of its layer and of itself:
`conv1_conv/kernel`, `flow/flow_1/reduce/kernel`. Models and wrappers (PerStep) only hold layers and are left out: a
network has the same names whole, cut into parts or applied to every step.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from tvnet_keras.layers.stored_by_name import OPTION
from tvnet_keras.typing import Tensor

LISTED = 10
"""Largest number of layers that a line of the report names."""


def named_layers(network: keras.Layer) -> dict[str, keras.Layer]:
    """The layers that have weights of their own, by name.

    Args:
        network: a model or layer, with its weights.

    Raises:
        ValueError: two layers of one name.
    """
    found: dict[str, keras.Layer] = {}
    for name, layer in _walk(network, (), set()):
        if _own_weights(layer):
            if name in found:
                raise ValueError(f"Layers with weights need names of their own. Received: two called {name!r}")
            found[name] = layer
    return found


def weight_names(network: keras.Layer) -> list[str]:
    """The names of all weights of a model."""
    return [f"{name}/{own}" for name, layer in named_layers(network).items() for own in _own_weights(layer)]


def names_of(network: keras.Layer, part: keras.Layer) -> list[str]:
    """The names that the weights of a part of a model have in the whole of it.

    Args:
        network: the model, with its weights.
        part: a layer in it.
    """
    own = {id(weight) for weight in part.weights}
    return [
        f"{name}/{word}"
        for name, layer in named_layers(network).items()
        for word, (_, weight) in _own_weights(layer).items()
        if id(weight) in own
    ]


def weight_values(network: keras.Layer) -> dict[str, np.ndarray]:
    """The weights of a model, by name."""
    return {
        f"{name}/{own}": keras.ops.convert_to_numpy(weight)
        for name, layer in named_layers(network).items()
        for own, (_, weight) in _own_weights(layer).items()
    }


@dataclass
class Match:
    """What a source has for a model; nothing is changed before `apply`.

    Attributes:
        taken: names of the model's weights that the source has.
        left: names of the model's weights that the source does not have.
        reshaped: names of the model's weights that the source has in another shape, each with both shapes in words.
        fitted: names of the taken weights that were brought into the shape that the model has.
        unused: names of the source's weights that the model does not have.
        stores: the layers that change, each with the variables that it will load.
    """

    taken: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    reshaped: dict[str, str] = field(default_factory=dict)
    fitted: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    stores: list[tuple[keras.Layer, dict[str, Any]]] = field(default_factory=list, repr=False)

    def apply(self) -> None:
        """Puts what was taken into the model."""
        for layer, store in self.stores:
            layer.load_own_variables(store)

    def difference(self) -> str:
        """The first thing in which source and model differ, for the end of a sentence; empty where they do not."""
        if self.reshaped:
            return "{} is {}".format(*next(iter(self.reshaped.items())))
        if self.left:
            return f"the network's {self.left[0]} is not in it"
        return f"the network has no {self.unused[0]}" if self.unused else ""

    def report(self) -> str:
        """A line with the numbers, and one for every group of layers that are not as in the source."""
        total = len(self.taken) + len(self.left) + len(self.reshaped)
        lines = [f"{len(self.taken)} of {total} weights taken by the names of their layers."]
        for said, names in (
            ("left as they were", self.left),
            ("of another shape there, left as well", self.reshaped),
            ("not used of the source", self.unused),
        ):
            if names:
                lines.append(f"  {said}: {len(names)} in {_layers(names)}")
        return "\n".join(lines)


def match(
    network: keras.Layer,
    values: dict[str, np.ndarray],
    fit: Callable[[str, np.ndarray, tuple[int, ...]], np.ndarray] | None = None,
) -> Match:
    """Finds the weights of a model in a source, by name.

    A layer may know what to do with a weight of another shape, such as TVNet with its u0 of another grid: it is asked.

    Args:
        network: a model, with its weights.
        values: weights by name, from `launch.weights.files.read_weights`, `weight_values` or
            `launch.weights.torch.names.renamed`. Where a file numbers the weights of a layer, the numbers are
            understood if the layer has as many weights.
        fit: a function of a weight's name, the value and the weight's shape that may bring the value into that shape;
            None leaves all values as they are.

    Returns:
        The match, to be looked at, reported and applied.
    """
    found, sources = Match(), _by_layer(values)
    for layer_name, layer in named_layers(network).items():
        there = sources.pop(layer_name, {})
        _match_layer(found, layer_name, layer, there, fit or _unchanged)
        found.unused += [f"{layer_name}/{own}" for own in there]
    found.unused += [f"{layer_name}/{own}" for layer_name, there in sources.items() for own in there]
    return found


def _match_layer(
    found: Match, layer_name: str, layer: keras.Layer, there: dict[str, np.ndarray], fit: Callable[..., np.ndarray]
) -> None:
    """Adds one layer to the match, and takes its weights out of `there`."""
    own = _own_weights(layer)
    _name_numbers(there, tuple(own))
    present = dict(own.values())
    store = dict(present)
    for weight_name, (key, weight) in own.items():
        name, shape = f"{layer_name}/{weight_name}", tuple(weight.shape)
        if weight_name not in there:
            found.left.append(name)
            continue
        value = there.pop(weight_name)
        fitted = fit(name, value, shape)
        if fitted.shape == shape or _adapts(layer, present, key, fitted):
            store[key] = fitted
            found.taken.append(name)
            if fitted is not value:
                found.fitted.append(name)
        else:
            found.reshaped[name] = f"{value.shape} there and {shape} in the network"
    if any(store[key] is not present[key] for key in store):
        found.stores.append((layer, store))


def _unchanged(name: str, value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return value


def _adapts(layer: keras.Layer, present: dict, key: str, value: np.ndarray) -> bool:
    """Whether the layer itself brings a value into the shape of its weight; the weight keeps what it has."""
    # A copy, as some layers store their variables themselves.
    present = {name: np.array(keras.ops.convert_to_numpy(weight)) for name, weight in present.items()}
    try:
        layer.load_own_variables({**present, key: value})
    except (ValueError, IndexError):
        return False
    finally:
        layer.load_own_variables(present)
    return True


def _name_numbers(there: dict, names: tuple[str, ...]) -> None:
    """Gives the weights that a file numbered their names, in the layer's order."""
    if set(there) == {str(number) for number in range(len(names))}:
        for number, name in enumerate(names):
            there[name] = there.pop(str(number))


def _own_weights(layer: keras.Layer) -> dict[str, tuple[str, Tensor]]:
    """A layer's own weights by their names, each with the key under which the layer stores it."""
    store: dict[str, Tensor] = {}
    layer.save_own_variables(store)
    # Keras numbers them in the order of `weights`, which begins with the layer's own.
    return {
        layer.weights[int(key)].name if key.isdigit() else key: (key, weight)
        for key, weight in store.items()
        if not key.startswith(OPTION)
    }


def _walk(layer: keras.Layer, around: tuple[str, ...], seen: set[int]) -> Iterator[tuple[str, keras.Layer]]:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    yield "/".join((*around, layer.name)), layer
    inside = around if isinstance(layer, keras.Model | keras.layers.Wrapper) else (*around, layer.name)
    for inner in layer._flatten_layers(include_self=False, recursive=False):
        yield from _walk(inner, inside, seen)


def _by_layer(values: dict[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    layers: dict[str, dict[str, np.ndarray]] = {}
    for name, value in values.items():
        layer_name, _, own = name.rpartition("/")
        if not own.startswith(OPTION):
            layers.setdefault(layer_name, {})[own] = value
    return layers


def _layers(names: Iterable[str]) -> str:
    """The names of the first layers to which weights belong, and the number of the others."""
    layers = list(dict.fromkeys(name.rpartition("/")[0] for name in names))
    more = len(layers) - LISTED
    return ", ".join(layers[:LISTED]) + (f" and {more} more layers" if more > 0 else "")
