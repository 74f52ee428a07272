"""A network takes all of the weights that another framework's file has for it, or none."""

from collections.abc import Set

from launch.weights.by_name import Match
from tvnet_keras.errors import InputError


def apply_whole(found: Match, network: Set[str], source: str, options: str) -> tuple[int, int]:
    """Puts a match into its model, if the file and the network have the same weights.

    Args:
        found: the match of the file's weights with those of the model.
        network: names of the model's weights that the file must have.
        source: the file's name, for errors.
        options: the flags that decide which network it is, in words, for errors.

    Returns:
        The number of the model's weights that were set, and of those that were left alone.

    Raises:
        InputError: a weight of the network is not in the file, one of the file is not in the network, or one has
            another shape; the model is unchanged.
    """
    missing, left = sorted(network & set(found.left)), sorted(found.unused)
    if missing or left:
        which = f"the network's {missing[0]} is not in it" if missing else f"the network has no {left[0]}"
        which += f" ({len(missing)} missing, {len(left)} left over)"
    else:
        which = found.difference() if found.reshaped else ""
    if which:
        raise InputError(f"--weights={source} does not fit: {which}; check {options}.")
    found.apply()
    return len(found.taken), len(found.left)
