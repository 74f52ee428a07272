"""Caffe's files of weights, written without Caffe, and the released Hidden Two-Stream networks at any width."""

import struct

import numpy as np

LEVELS = (6, 5, 4, 3, 2)

VGG_CONVOLUTIONS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def varint(value: int) -> bytes:
    """A number from 0 to 2^64 - 1, seven bits a byte."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def field(number: int, content: bytes) -> bytes:
    """A field of bytes with its length."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def whole(number: int, value: int) -> bytes:
    """A field of a whole number."""
    return varint(number << 3) + varint(value)


def blob(array, packed=True, double=False) -> bytes:
    """A BlobProto of today's Caffe."""
    array = np.asarray(array)
    number, letter, wire_type = (8, "d", 1) if double else (5, "f", 5)
    if packed:
        shape = field(1, b"".join(map(varint, array.shape)))
        values = field(number, struct.pack(f"<{array.size}{letter}", *array.flat))
    else:
        shape = b"".join(whole(1, size) for size in array.shape)
        key = varint(number << 3 | wire_type)
        values = b"".join(key + struct.pack(f"<{letter}", value) for value in array.flat)
    return field(7, shape) + values


def legacy_blob(array) -> bytes:
    """A BlobProto of before 2015: four axes, of which the first are 1."""
    shape = (1,) * (4 - np.ndim(array)) + np.shape(array)
    sizes = b"".join(whole(number, size) for number, size in enumerate(shape, start=1))
    return sizes + field(5, np.asarray(array, "<f4").tobytes())


def network(layers, legacy=False, make_blob=None) -> bytes:
    """A NetParameter: `layers` has the blobs of every layer by its name."""
    layer_number, name_number, blobs_number = (2, 4, 6) if legacy else (100, 1, 7)
    make_blob = make_blob or (legacy_blob if legacy else blob)
    # The kind of layer, a number then and a word now, is there to be passed over.
    kind = whole(5, 4) if legacy else field(2, b"Convolution")
    written = field(1, b"hidden")
    for name, blobs in layers.items():
        content = field(name_number, name.encode()) + kind
        written += field(layer_number, content + b"".join(field(blobs_number, make_blob(array)) for array in blobs))
    return written


def layer(random, *shape, out=0):
    """Kernel and bias of a size that keeps activations where they are; `out` is the axis of the outputs."""
    taps = np.prod(shape) / shape[out]
    return [
        random.normal(0, (2 / taps) ** 0.5, shape).astype("float32"),
        random.normal(0, 0.1, shape[out]).astype("float32"),
    ]


def motion_net(width=8, frames=11, seed=0):
    """MotionNet's layers by their released names, with `width` channels in the first, and constants of its losses."""
    random, found, flow = np.random.default_rng(seed), {}, 2 * (frames - 1)
    channels = {1: width, 2: 2 * width, 3: 4 * width, 4: 8 * width, 5: 8 * width, 6: 16 * width}
    seen = 3 * frames
    for level, out in channels.items():
        found[f"conv{level}"] = layer(random, out, seen, 3, 3)
        found[f"conv{level}_1"] = layer(random, out, out, 3, 3)
        seen = out
    for level in LEVELS:
        found[f"FlowScale{level}_0"] = [np.float32([20 / 2 ** (level - 1)])]
        if level < 6:
            up = width * 2 ** (level - 2)
            found[f"deconv{level}"] = layer(random, seen, up, 4, 4, out=1)
            found[f"upsample_flow{level + 1}to{level}"] = layer(random, flow, flow, 4, 4, out=1)
            found[f"smooth_conv{level}"] = layer(random, up, channels[level] + up + flow, 3, 3)
            seen = up
        found[f"conv_pr{level}"] = layer(random, flow, seen, 3, 3)
        found[f"FlowDeltas{level}_0"] = [np.zeros((2, 1, 3, 3), "float32")]
    return found


def vgg16(channels=20, divided_by=16, dense=16, classes=3, ending="_vgg16", seed=1):
    """VGG-16 behind MotionNet by its released names, with fewer channels."""
    random, found, seen = np.random.default_rng(seed), {"predict_flow2_scale20": [np.float32([20])]}, channels
    for number, (out, count) in enumerate(VGG_CONVOLUTIONS, start=1):
        for place in range(1, count + 1):
            found[f"conv{number}_{place}{ending}"] = layer(random, out // divided_by, seen, 3, 3)
            seen = out // divided_by
    for name, inputs, out in (("fc6", 49 * seen, dense), ("fc7", dense, dense), ("fc8", dense, classes)):
        found[name + ending] = layer(random, out, inputs)
    return found
