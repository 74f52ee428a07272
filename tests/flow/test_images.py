"""Image files as phones, cameras and other programs write them."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import av
import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image

from tvnet_keras.errors import InputError
from tvnet_keras.flow.pairs import read_image
from tvnet_keras.flow.pairs.parts.pair import read_image_pair
from tvnet_keras.flow.solvers import make_solver
from tvnet_keras.video.read import LARGEST_PIXELS, probe

# What the stored picture is to the upright one, by EXIF orientation (the standard's table).
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright),
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.fixture(scope="module")
def upright():
    """A smooth picture without any symmetry."""
    return cv2.resize(np.random.default_rng(0).integers(0, 256, (3, 5, 3), np.uint8), (40, 24))


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("png", {}),
        ("jpg", {"quality": 95}),
        ("webp", {"quality": 95}),
        ("tif", {}),
        ("tif", {"compression": "tiff_lzw"}),
    ],
)
@pytest.mark.parametrize("orientation", STORED)
def test_pictures_are_read_upright(tmp_path, upright, orientation, suffix, options):
    path = tmp_path / f"turned.{suffix}"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(np.ascontiguousarray(STORED[orientation](upright))).save(path, exif=exif, **options)
    picture = read_image(path)
    assert picture.shape == upright.shape
    assert np.abs(picture.astype(int) - upright).mean() < 4


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_that_does_not_exist_turns_nothing(tmp_path, upright, orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(upright).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), upright)


@pytest.mark.parametrize("orientation", [2, 6])
def test_the_flow_of_turned_pictures_is_that_of_upright_ones(shared_data, orientation):
    frames = read_image_pair(*(shared_data / f"faults/exif{orientation}{name}.jpg" for name in "ab"))
    assert frames.shape == (2, 48, 80, 3)
    flow = make_solver("dis")(frames)[8:-8, 8:-8]
    np.testing.assert_allclose(np.median(flow, axis=(0, 1)), [2, 0], atol=0.1)


def write_deep(path, bits=16):
    deep = np.random.default_rng(0).integers(0, 2**bits, (6, 8, 3), np.uint16)
    assert cv2.imwrite(str(path), deep)


def write_deep_with_alpha(path):
    assert cv2.imwrite(str(path), np.full((6, 8, 4), 9000, np.uint16))


def write_plain_ppm(path):
    path.write_text("P3\n2 1\n4095\n" + "1000 2000 3000 " * 2 + "\n")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("deep.png", write_deep),
        ("twelve.png", lambda path: write_deep(path, bits=12)),
        ("alpha.png", write_deep_with_alpha),
        ("deep.tif", write_deep),
        ("alpha.tif", write_deep_with_alpha),
        ("deep.ppm", write_deep),
        ("plain.ppm", write_plain_ppm),
    ],
)
def test_colours_of_more_than_eight_bits_are_refused_like_greys(tmp_path, name, write):
    write(tmp_path / name)
    with pytest.raises(InputError) as caught:
        read_image(tmp_path / name)
    bits = 12 if name == "plain.ppm" else 16
    kind = f"(mode {'RGBA' if name.startswith('alpha') else 'RGB'}, {bits} bits a sample)"
    assert str(caught.value) == f"{tmp_path / name} is not an 8-bit image {kind}; convert it to 8 bits."


@pytest.mark.parametrize("name", ["a16.png", "b16.png", "a12.png", "b12.png"])
def test_real_deep_colours_are_refused(shared_data, name):
    with pytest.raises(InputError, match=rf"{name} is not an 8-bit image \(mode RGB, 16 bits a sample\)"):
        read_image(shared_data / "faults" / name)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "ppm", "bmp", "gif"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_pictures_of_eight_bits_and_fewer_are_read(tmp_path, upright, mode, suffix):
    path = tmp_path / f"plain.{suffix}"
    picture = Image.fromarray(upright).convert("L" if mode == "P" and suffix in {"jpg", "ppm", "webp"} else mode)
    picture.save(path)
    difference = read_image(path).astype(int) - np.asarray(picture.convert("RGB"))
    assert np.abs(difference).mean() < 6


def test_whatever_an_image_decoder_throws_is_about_that_file(tmp_path, upright, monkeypatch):
    Image.fromarray(upright).save(tmp_path / "a.png")

    def throws(image):
        raise KeyError("a chunk\nthat nobody knows")

    monkeypatch.setattr("PIL.ImageOps.exif_transpose", throws)
    with pytest.raises(InputError, match=r"The image .*a\.png is damaged .* get it again\.$") as caught:
        read_image(tmp_path / "a.png")
    assert "\n" not in str(caught.value)


def write_png_header(path, width, height):
    """A picture of one grey that claims a size; its pixels are not needed for a verdict."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    content = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)


@pytest.mark.parametrize("side", [6000, 12000, 60000])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path, side):
    path = tmp_path / "large.png"
    write_png_header(path, side, side)
    tracemalloc.start()
    with pytest.raises(InputError, match="more than 33554432( pixels)?; give a smaller picture") as said:
        read_image(path)
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()
    assert side == 60000 or f"has {side} x {side} pixels" in str(said.value)
    assert LARGEST_PIXELS >= 7680 * 4320, "8K is no mistake"


def test_a_film_of_too_many_pixels_is_refused(tmp_path):
    with av.open(str(tmp_path / "large.avi"), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 6000, 6000, "yuvj420p"
        file = io.BytesIO()
        Image.new("L", (6000, 6000)).save(file, "JPEG")
        for number in range(2):
            packet = av.Packet(file.getvalue())
            packet.stream, packet.pts, packet.dts = stream, number, number
            container.mux(packet)
    with pytest.raises(InputError, match="its frames of 6000 x 6000 have more than 33554432 pixels"):
        probe(tmp_path / "large.avi")
