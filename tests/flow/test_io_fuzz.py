"""Whatever bytes a flow file holds, reading it gives flow or one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tvnet_keras.errors import InputError
from tvnet_keras.flow.io import read_flo, read_kitti, write_kitti

READERS = {"flo": read_flo, "png": read_kitti}
BEGINNINGS = {"flo": b"PIEH", "png": b"\x89PNG\r\n\x1a\n"}

every_format = pytest.mark.parametrize("suffix", READERS)


def read_or_refuse(folder: Path, suffix: str, content: bytes) -> np.ndarray | None:
    """The flow that is read, or None after one sentence."""
    path = folder / f"fuzzed.{suffix}"
    path.write_bytes(content)
    try:
        flow = READERS[suffix](path)
    except InputError as error:
        assert "\n" not in str(error) and path.name in str(error)
        return None
    assert flow.dtype == np.float32 and flow.ndim == 3 and flow.shape[-1] == 2 and not np.isnan(flow).any()
    return flow


@pytest.fixture(scope="module")
def real(shared_data, tmp_path_factory) -> dict[str, bytes]:
    """A real file of each format."""
    source = shared_data / "middlebury/other-gt-flow/Venus/flow10.flo"
    png = tmp_path_factory.mktemp("kitti") / "venus.png"
    write_kitti(png, read_flo(source))
    return {"flo": source.read_bytes(), "png": png.read_bytes()}


@every_format
@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200), begun=st.booleans())
def test_random_bytes(tmp_path_factory, suffix, content, begun):
    flow = read_or_refuse(tmp_path_factory.getbasetemp(), suffix, BEGINNINGS[suffix] * begun + content)
    assert flow is None or suffix == "flo"


@every_format
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_real_files_cut_short_or_made_longer_are_refused(tmp_path_factory, real, suffix, data):
    content = real[suffix]
    length = data.draw(st.integers(0, len(content) - 1))
    more = data.draw(st.binary(min_size=1, max_size=40))
    for changed in (content[:length], content + more):
        assert read_or_refuse(tmp_path_factory.getbasetemp(), suffix, changed) is None


@every_format
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_flipped_bits_of_real_files(tmp_path_factory, real, suffix, data):
    changed = bytearray(real[suffix])
    # Half of the flips hit the header, where every byte has a meaning.
    places = st.one_of(st.integers(0, 40), st.integers(0, len(changed) - 1))
    place, bit = data.draw(places), data.draw(st.integers(0, 7))
    changed[place] ^= 1 << bit
    flow = read_or_refuse(tmp_path_factory.getbasetemp(), suffix, bytes(changed))
    assert flow is None or (suffix == "flo" and place >= 12), "a damaged header or picture was read"
