"""Reading the weights of a network from a `.caffemodel`, without Caffe and without Protocol Buffers' own library."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from launch.weights.caffe.wire import BYTES, EIGHT_BYTES, FOUR_BYTES, VARINT, Field, fields, varints
from tvnet_keras.errors import InputError

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"

TEXT_BYTES = 256
"""Bytes at the beginning of a file that tell text: a network's weights are not all printable for so long."""

# Numbers of fields in caffe.proto. Of layers: how those of today and those before 2015 number their name and blobs.
LAYERS = {100: (1, 7), 2: (4, 6)}
SHAPE, DATA, DOUBLE_DATA = 7, 5, 8
DIMENSION = 1
LEGACY_SHAPE = (1, 2, 3, 4)


def read_caffemodel(path: Path) -> dict[str, list[np.ndarray]]:
    """The blobs of the layers that have any, by the names of the layers.

    Args:
        path: a `.caffemodel`, of today's Caffe or of one before 2015, whose blobs all have four axes.

    Returns:
        `{layer: [weights, bias]}`, float32, with Caffe's order of axes.

    Raises:
        InputError: there is no such file, it is of another kind or damaged, or it holds no weights.
    """
    if not path.is_file():
        raise InputError(f"--weights={path} is not a file; name the weights of a Caffe network (.caffemodel).")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"--weights={path} cannot be read: {error.strerror}.") from error
    _require_no_other_kind(content, path)
    try:
        layers = _layers(memoryview(content))
    except ValueError as error:
        raise InputError(f"--weights={path} cannot be read as a .caffemodel ({error}); get the file again.") from error
    if not layers:
        raise InputError(f"--weights={path} holds no weights; name the .caffemodel that a training wrote.")
    return layers


def _require_no_other_kind(content: bytes, path: Path) -> None:
    if not content:
        raise InputError(f"--weights={path} is empty (0 bytes); get the file again.")
    if content.startswith(HDF5_MAGIC):
        raise InputError(f"--weights={path} is an HDF5 file, which is not read; save the network as a .caffemodel.")
    beginning = content[:TEXT_BYTES]
    if all(32 <= byte < 127 or byte in b"\t\n\r" for byte in beginning):
        raise InputError(
            f"--weights={path} is text, such as a network's description (.prototxt); name its .caffemodel, which holds "
            "the weights."
        )


def _layers(network: memoryview) -> dict[str, list[np.ndarray]]:
    found: dict[str, list[np.ndarray]] = {}
    for field in fields(network):
        if field.number not in LAYERS:
            continue
        name, blobs = _layer(_bytes(field, "a layer"), *LAYERS[field.number])
        # A layer of the training and one of the test may share a name, but not if they learn.
        if blobs and name in found:
            raise ValueError(f"two layers with weights are called {name!r}")
        if blobs:
            found[name] = blobs
    return found


def _layer(layer: memoryview, name_number: int, blobs_number: int) -> tuple[str, list[np.ndarray]]:
    """The name and the blobs of a layer."""
    name, blobs = "", []
    for field in fields(layer):
        if field.number == name_number:
            name = bytes(_bytes(field, "a layer's name")).decode()
            if not name.isprintable():
                raise ValueError("a layer's name is no text")
        elif field.number == blobs_number:
            blobs.append(_bytes(field, "a blob"))
    return name, [_blob(blob, f"blob {number} of {name!r}") for number, blob in enumerate(blobs)]


def _blob(blob: memoryview, what: str) -> np.ndarray:
    pieces: dict[int, list[memoryview]] = {DATA: [], DOUBLE_DATA: []}
    shape: list[int] | None = None
    legacy: dict[int, int] = {}
    for field in fields(blob):
        if field.number == SHAPE:
            shape = [size for inner in fields(_bytes(field, "a shape")) for size in _sizes(inner)]
        elif field.number in pieces:
            single = FOUR_BYTES if field.number == DATA else EIGHT_BYTES
            pieces[field.number].append(_bytes(field, f"the values of {what}", (BYTES, single)))
        elif field.number in LEGACY_SHAPE:
            legacy |= dict.fromkeys([field.number], _size(field))
    if shape is None:
        shape = [legacy.get(number, 0) for number in LEGACY_SHAPE] if legacy else []
    kind = (DOUBLE_DATA, "<f8") if pieces[DOUBLE_DATA] else (DATA, "<f4")
    return _array(b"".join(pieces[kind[0]]), kind[1], shape, what)


def _array(content: bytes, kind: str, shape: Sequence[int], what: str) -> np.ndarray:
    values = np.frombuffer(content, kind)
    # Before NumPy sees the shape: no size of it is believed. Those of no values could be any.
    if not values.size or math.prod(shape) != values.size:
        raise ValueError(f"{what} has {values.size} values, but the shape {tuple(shape)}")
    with np.errstate(over="ignore"):
        return values.astype(np.float32, copy=False).reshape(shape)


def _sizes(field: Field) -> list[int]:
    """The sizes in a field of a shape: all of them where they are packed, otherwise one."""
    if field.number != DIMENSION:
        return []
    return varints(_bytes(field, "a shape")) if field.wire_type == BYTES else [_size(field)]


def _size(field: Field) -> int:
    if field.wire_type != VARINT or not isinstance(field.value, int):
        raise ValueError("a size is no whole number")
    return field.value


def _bytes(field: Field, what: str, wire_types: Sequence[int] = (BYTES,)) -> memoryview:
    if field.wire_type not in wire_types or isinstance(field.value, int):
        raise ValueError(f"{what} has the wire type {field.wire_type}")
    return field.value
