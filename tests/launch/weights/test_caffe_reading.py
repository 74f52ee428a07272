"""Files of Caffe are read whole or refused in one sentence, whatever their bytes are."""

import numpy as np
import pytest

from launch.weights.caffe.reading import read_caffemodel
from launch.weights.caffe.wire import Field, fields, varints
from tests.caffe_files import blob, field, legacy_blob, network, varint, whole
from tvnet_keras.errors import InputError

KERNEL = np.arange(24, dtype="float32").reshape(4, 3, 2, 1) / 7
LAYERS = {"conv1": [KERNEL, np.float32([1, -2, 3, 0.5])], "relu1": [], "fc6": [np.float32([[1.5, 2], [3, 4]])]}


@pytest.fixture
def read(tmp_path):
    """Reads bytes as a file."""

    def of(content):
        path = tmp_path / "net.caffemodel"
        path.write_bytes(content)
        return read_caffemodel(path)

    return of


def assert_same(found, expected):
    assert found.keys() == {name for name, blobs in expected.items() if blobs}
    for name, blobs in found.items():
        for one, other in zip(blobs, expected[name], strict=True):
            assert one.dtype == np.float32
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("double", [True, False])
def test_every_layer_with_weights_is_read(read, packed, double):
    assert_same(read(network(LAYERS, make_blob=lambda array: blob(array, packed, double))), LAYERS)


def test_a_network_of_before_2015_is_read_with_its_four_axes(read):
    found = read(network(LAYERS, legacy=True))
    expected = {"conv1": [KERNEL, LAYERS["conv1"][1].reshape(1, 1, 1, 4)], "fc6": [LAYERS["fc6"][0][None, None]]}
    assert_same(found, expected)


def test_gradients_and_unknown_fields_are_passed_over(read):
    gradients = field(6, bytes(8)) + field(9, bytes(16))
    other = whole(5, 1) + field(8, b"something") + varint(9 << 3 | 5) + bytes(4) + varint(10 << 3 | 1) + bytes(8)
    content = network({"fc": [np.zeros((2, 1))]}, make_blob=lambda array: gradients + blob(array))
    assert_same(read(other + content + other), {"fc": [np.zeros((2, 1))]})


def test_numbers_are_seven_bits_a_byte():
    for value in (0, 1, 127, 128, 300, 2**32, 2**63, 2**64 - 1):
        assert varints(memoryview(varint(value))) == [value]
        assert [*fields(memoryview(whole(3, value)))] == [Field(3, 0, value)]


def test_a_file_is_cut_anywhere(read, tmp_path, one_sentence):
    content, complete = network(LAYERS), 0
    for length in range(len(content)):
        try:
            found = read(content[:length])
        except InputError as error:
            assert f"--weights={tmp_path / 'net.caffemodel'} " in one_sentence(str(error))
        else:
            # Cut between two layers, which nothing in the format tells: the network will miss the rest.
            assert_same(found, {"conv1": LAYERS["conv1"]})
            complete += 1
    # Behind the first layer with weights, and behind the one without.
    assert complete == 2


@pytest.mark.parametrize("legacy", [False, True])
def test_changed_bytes_are_refused_in_a_sentence_or_read(read, one_sentence, legacy):
    random, content = np.random.default_rng(0), network(LAYERS, legacy)
    refused = 0
    for place in range(len(content)):
        for changed in {0, 0xFF, content[place] ^ (1 << int(random.integers(8))), int(random.integers(256))}:
            try:
                read(content[:place] + bytes([changed]) + content[place + 1 :])
            except InputError as error:
                one_sentence(str(error))
                refused += 1
    assert refused > 100


def test_random_bytes_are_refused(read, one_sentence):
    random = np.random.default_rng(1)
    for length in (1, 2, 5, 20, 100, 1000):
        for _ in range(30):
            with pytest.raises(InputError) as refusal:
                read(random.bytes(length))
            one_sentence(str(refusal.value))


def layer(*blobs, name=b"fc"):
    return field(100, field(1, name) + b"".join(field(7, content) for content in blobs))


HUGE = 2**62


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"net.caffemodel is empty \(0 bytes\)"),
        (b'name: "hidden"\ninput: "data"\nlayer {\n  name: "conv1"\n}\n', r"is text, such as .* \(.prototxt\)"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "is an HDF5 file, which is not read"),
        (field(1, b"hidden"), "holds no weights"),
        (network({"data": []}), "holds no weights"),
        (varint(100 << 3 | 2) + varint(HUGE) + b"abc", f"a field of {HUGE} bytes has 3 left"),
        (varint(100 << 3 | 2) + b"\xff" * 11, "a number has more than 10 bytes"),
        (varint(100 << 3 | 2) + b"\xff", "it ends within a number"),
        (b"\x00\x01", "a field has the number 0"),
        (b"\x0b", "a field has the wire type 3, which there is not"),
        (whole(100, 3), "a layer has the wire type 0"),
        (layer(field(7, field(1, varint(3))) + field(5, bytes(8))), r"blob 0 of 'fc' has 2 values, .* shape \(3,\)"),
        (layer(field(7, whole(1, HUGE) + whole(1, 4)) + field(5, bytes(8))), f"2 values, but the shape .{HUGE}, 4"),
        (layer(field(7, whole(1, 0) + whole(1, 2**64 - 1))), "0 values, but the shape"),
        (layer(field(7, whole(1, 1) * 99) + field(5, bytes(4))), r"cannot be read as a .caffemodel \("),
        (layer(field(7, field(1, varint(2))) + field(5, bytes(7))), "buffer size must be a multiple"),
        (
            layer(field(7, whole(1, 1)) + varint(5 << 3 | 1) + bytes(8)),
            "the values of blob 0 of 'fc' has the wire type 1",
        ),
        (layer(field(7, varint(1 << 3 | 5) + bytes(4))), "a size is no whole number"),
        (layer(), "holds no weights"),
        (layer(blob([1.0])) * 2, "two layers with weights are called 'fc'"),
        (layer(blob([1.0]), name=b"\xff"), "can't decode byte"),
        (layer(blob([1.0]), name=b"a\nb"), "a layer's name is no text"),
        (layer(legacy_blob([1.0, 2.0])[:4] + field(5, bytes(4))), r"1 values, but the shape \(1, 1, 0, 0\)"),
    ],
)
def test_what_is_no_caffemodel_is_one_sentence(read, one_sentence, content, said):
    with pytest.raises(InputError, match=said) as refusal:
        read(content)
    one_sentence(str(refusal.value))


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "absent.caffemodel", tmp_path):
        with pytest.raises(InputError, match=f"--weights={path} is not a file; name the weights of a Caffe network"):
            read_caffemodel(path)


def test_numbers_too_large_for_float32_are_infinite_and_warn_nobody(read):
    (found,) = read(layer(blob([1e300], double=True)))["fc"]
    assert np.isinf(found).all()
