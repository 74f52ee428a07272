"""Reading and writing .flo files."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tvnet_keras.errors import InputError
from tvnet_keras.flow.io import known_vectors, read_flo, write_flo

components = st.floats(width=32, allow_nan=False, allow_infinity=False)
flows = st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(
    lambda size: hnp.arrays(np.float32, (*size, 2), elements=components)
)


@settings(max_examples=40, deadline=None)
@given(flow=flows)
def test_round_trip_is_exact(tmp_path_factory, flow):
    path = tmp_path_factory.getbasetemp() / "round_trip.flo"
    write_flo(path, flow)
    back = read_flo(path)
    assert back.dtype == np.float32 and back.shape == flow.shape
    assert back.tobytes() == flow.tobytes()


def test_opencv_reads_what_is_written_and_the_other_way_round(tmp_path):
    flow = np.random.default_rng(0).normal(size=(5, 9, 2)).astype(np.float32)
    write_flo(tmp_path / "ours.flo", flow)
    assert (cv2.readOpticalFlow(str(tmp_path / "ours.flo")) == flow).all()
    cv2.writeOpticalFlow(str(tmp_path / "theirs.flo"), flow)
    assert (read_flo(tmp_path / "theirs.flo") == flow).all()


@pytest.mark.parametrize(
    ("name", "size", "valid", "largest"),
    [("Grove2", (480, 640), 1.0, 4.01), ("Hydrangea", (388, 584), 0.9343, 11.01), ("Urban2", (480, 640), 1.0, 21.32)],
)
def test_middlebury_truth(shared_data, tmp_path, name, size, valid, largest):
    source = shared_data / f"middlebury/other-gt-flow/{name}/flow10.flo"
    flow = read_flo(source)
    known = known_vectors(flow)
    assert flow.shape == (*size, 2)
    assert known.mean() == pytest.approx(valid, abs=5e-5)
    assert np.abs(flow[known]).max() == pytest.approx(largest, abs=0.006)
    write_flo(tmp_path / "copy.flo", flow)
    assert (tmp_path / "copy.flo").read_bytes() == source.read_bytes()


def header(magic: float = 202021.25, width: int = 2, height: int = 3) -> bytes:
    return struct.pack("<fii", magic, width, height)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "too few"),
        (header()[:11], "too few"),
        (header(magic=1.0) + bytes(48), "not a .flo file"),
        (header(width=0), "absurd size"),
        (header(height=-3), "absurd size"),
        (header(width=2_000_000_000) + bytes(48), "absurd size"),
        (header() + bytes(47), "cut short"),
        (header() + bytes(49), "too long"),
        (header() + np.array([np.nan, *range(11)], "<f4").tobytes(), "NaN in 1 vectors"),
    ],
)
def test_bad_file_is_refused_in_one_sentence(tmp_path, content, message):
    path = tmp_path / "bad.flo"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_flo(path)
    assert "bad.flo" in str(caught.value) and "\n" not in str(caught.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.flo"):
        read_flo(tmp_path / "absent.flo")


@pytest.mark.parametrize(
    "flow", [np.zeros((3, 4)), np.zeros((3, 4, 3)), np.zeros((0, 4, 2)), np.full((2, 2, 2), np.nan)]
)
def test_bad_flow_is_not_written(tmp_path, flow):
    with pytest.raises(InputError, match=r"bad\.flo"):
        write_flo(tmp_path / "bad.flo", flow)
    assert list(tmp_path.iterdir()) == []


def test_unwritable_place_is_one_sentence(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="Cannot write"):
        write_flo(tmp_path / "file" / "a.flo", np.zeros((2, 2, 2)))


def test_known_vectors():
    flow = np.array([[0, 0], [np.nan, 0], [0, 2e9], [-1e10, 0], [np.inf, 0], [1e9, -1e9]])
    assert known_vectors(flow).tolist() == [True, False, False, False, False, True]
