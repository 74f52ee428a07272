"""Numbers among the inputs of figures."""

from tvnet_keras.errors import InputError


def whole_number(name: str, value: str, least: int) -> int:
    """The number that an input gives.

    Args:
        name: the input's name.
        value: what stands behind it.
        least: the least number that it may be.

    Raises:
        InputError: it is no whole number, or less.

    Example:
        >>> whole_number("step", "2", least=1)
        2
    """
    if not value.isdecimal() or int(value) < least:
        raise InputError(f"--input={name}={value} must be a whole number of at least {least}.")
    return int(value)
