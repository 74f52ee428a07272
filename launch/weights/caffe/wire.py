"""The wire format of Protocol Buffers, as far as Caffe's files of weights use it.

A message is a sequence of fields: a key (the field's number and its wire type in one varint), then a value. No length
is believed before the bytes are there.
"""

from collections.abc import Iterator
from typing import NamedTuple

VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5
"""Wire types; the others are those of groups, which Caffe never had."""

SIZES = {EIGHT_BYTES: 8, FOUR_BYTES: 4}

VARINT_BYTES = 10
"""Longest varint, that of 64 bits."""


class Field(NamedTuple):
    """A field of a message.

    Attributes:
        number: of the field in the message's definition.
        wire_type: one of the wire types.
        value: the number of a varint; otherwise the bytes.
    """

    number: int
    wire_type: int
    value: int | memoryview


def fields(message: memoryview) -> Iterator[Field]:
    """The fields of a message in their order.

    Args:
        message: the bytes of the message, without its length.

    Raises:
        ValueError: these bytes are no message, or not all of one; the text says how.

    Example:
        >>> [(field.number, field.value) for field in fields(memoryview(bytes([0x08, 0x96, 0x01])))]
        [(1, 150)]
    """
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, wire_type = key >> 3, key & 7
        if not number:
            raise ValueError("a field has the number 0")
        if wire_type == VARINT:
            value, place = _varint(message, place)
            yield Field(number, wire_type, value)
            continue
        size = SIZES.get(wire_type)
        if wire_type == BYTES:
            size, place = _varint(message, place)
        if size is None:
            raise ValueError(f"a field has the wire type {wire_type}, which there is not")
        if size > len(message) - place:
            raise ValueError(f"a field of {size} bytes has {len(message) - place} left")
        yield Field(number, wire_type, message[place : place + size])
        place += size


def varints(packed: memoryview) -> list[int]:
    """The numbers of a packed field, from 0 to 2^64 - 1.

    Raises:
        ValueError: the bytes end within a number, or one is too long.
    """
    found, place = [], 0
    while place < len(packed):
        value, place = _varint(packed, place)
        found.append(value)
    return found


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """The number that begins at a place, seven bits a byte, and the place behind it."""
    value = 0
    for count, byte in enumerate(message[place : place + VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * count)
        if not byte & 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, place + count + 1
    if len(message) - place < VARINT_BYTES:
        raise ValueError("it ends within a number")
    raise ValueError(f"a number has more than {VARINT_BYTES} bytes")
