"""Reading and writing KITTI's flow PNGs."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tvnet_keras.errors import InputError
from tvnet_keras.flow.io import UNKNOWN, known_vectors, read_kitti, write_kitti

steps = st.integers(-(2**15), 2**15 - 1)
sizes = st.tuples(st.integers(1, 6), st.integers(1, 6))


@settings(max_examples=40, deadline=None)
@given(data=st.data(), size=sizes)
def test_sixty_fourths_of_a_pixel_come_back_exactly(tmp_path_factory, data, size):
    flow = data.draw(hnp.arrays(np.int32, (*size, 2), elements=steps)).astype(np.float32) / 64
    known = data.draw(hnp.arrays(bool, size))
    flow[~known] = UNKNOWN
    path = tmp_path_factory.getbasetemp() / "round_trip.png"
    write_kitti(path, flow)
    back = read_kitti(path)
    assert back.dtype == np.float32 and back.tobytes() == flow.tobytes()
    assert (known_vectors(back) == known).all()


def test_other_values_are_rounded_to_the_nearest_step(tmp_path):
    flow = np.random.default_rng(0).uniform(-500, 500, (9, 7, 2))
    write_kitti(tmp_path / "flow.png", flow)
    error = np.abs(read_kitti(tmp_path / "flow.png") - flow)
    assert 1 / 256 < error.max() <= 1 / 128 + 1e-4


def test_the_file_is_laid_out_as_the_development_kit_says(tmp_path):
    flow = np.zeros((2, 3, 2), np.float32)
    flow[0, 1] = (1.0, -2.0)
    flow[1, 2] = UNKNOWN
    write_kitti(tmp_path / "flow.png", flow)
    red, green, blue = np.moveaxis(cv2.imread(str(tmp_path / "flow.png"), cv2.IMREAD_UNCHANGED)[..., ::-1], -1, 0)
    assert red.dtype == np.uint16
    assert (red[0, 1], green[0, 1], blue[0, 1]) == (2**15 + 64, 2**15 - 128, 1)
    assert (red[0, 0], green[0, 0], blue[0, 0]) == (2**15, 2**15, 1)
    assert (red[1, 2], green[1, 2], blue[1, 2]) == (0, 0, 0)


@pytest.fixture
def whole(tmp_path) -> bytes:
    write_kitti(tmp_path / "whole.png", np.random.default_rng(0).normal(size=(6, 5, 2)))
    return (tmp_path / "whole.png").read_bytes()


def refused(tmp_path, content: bytes) -> str:
    """The one sentence that a file of this content is refused with."""
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_kitti(path)
    assert "bad.png" in str(caught.value) and "\n" not in str(caught.value)
    return str(caught.value)


def test_no_truncation_passes(tmp_path, whole):
    for length in range(len(whole)):
        assert "cut short" in refused(tmp_path, whole[:length]) or length < 8


def test_no_flipped_bit_passes(tmp_path, whole):
    rng = np.random.default_rng(0)
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.integers(8)
        refused(tmp_path, bytes(damaged))


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, bits: int = 16, colour: int = 2, pixels: bytes = b"") -> bytes:
    """A PNG whose checksums are right, whatever else is wrong."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a PNG"),
        (b"P6 1 1 255 abc", "not a PNG"),
        (png(0, 3), "absurd size"),
        (png(4, 2**31 - 1), "absurd size"),
        (png(60_000, 60_000), "absurd size"),
        (png(2, 2, bits=8), "three channels with 16 bits"),
        (png(2, 2, colour=0), "three channels with 16 bits"),
        (png(2, 2, pixels=zlib.compress(bytes(5))), "cannot be decoded"),
        (png(2, 2, pixels=b"no deflate stream"), "cannot be decoded"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), "without a header"),
    ],
)
def test_a_malformed_file_is_refused_with_its_reason(tmp_path, content, message):
    assert message in refused(tmp_path, content)


def test_bytes_after_the_picture_are_refused(tmp_path, whole):
    assert "too long: 3 bytes follow" in refused(tmp_path, whole + b"abc")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.png"):
        read_kitti(tmp_path / "absent.png")


@pytest.mark.parametrize(
    ("flow", "message"),
    [
        (np.zeros((3, 4)), "shape"),
        (np.zeros((0, 4, 2)), "shape"),
        (np.full((2, 2, 2), np.nan), "NaN"),
        (np.full((2, 2, 2), 512.0), "holds -512..511.98"),
        (np.full((2, 2, 2), -513.0), "has 513"),
    ],
)
def test_flow_that_does_not_fit_is_not_written(tmp_path, flow, message):
    with pytest.raises(InputError, match=message):
        write_kitti(tmp_path / "bad.png", flow)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_opencv_does_not_write_is_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(cv2, "imencode", lambda *given: (False, np.zeros(0, np.uint8)))
    with pytest.raises(InputError, match="cannot be stored as a PNG; write a .flo file"):
        write_kitti(tmp_path / "flow.png", np.zeros((2, 2, 2)))
    assert not list(tmp_path.iterdir())
