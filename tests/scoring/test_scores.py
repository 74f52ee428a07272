"""The Scores contract: what is checked, and that a file gives back what was put in."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tvnet_keras.errors import InputError
from tvnet_keras.scoring.scores import HEADER_KEYS, Scores, load_scores, save_scores

HEADER = {
    "kind": "tvnet",
    "experiment": "moving_shapes",
    "split": "test1",
    "clips": 25,
    "crops": 10,
    "commit": "abc123",
    "seed": 0,
    "weights_sha256": "00ff",
}
FIELDS = {
    "video_id": ["a", "b", "c"],
    "label": np.array([0, 1, -1]),
    "class_names": ["Archery", "Surfing"],
    "logits": np.array([[1.0, 0.0], [0.5, 2.0], [0.0, 0.0]], np.float32),
    "header": HEADER,
}

names = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@st.composite
def scores(draw) -> Scores:
    video_id = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    class_names = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
    return Scores(
        video_id=video_id,
        label=draw(hnp.arrays(np.int64, len(video_id), elements=st.integers(-1, len(class_names) - 1))),
        class_names=class_names,
        logits=draw(hnp.arrays(np.float32, (len(video_id), len(class_names)), elements=finite)),
        header=HEADER | {"seed": draw(st.integers()), "note": draw(st.text())},
    )


@settings(max_examples=40, deadline=None)
@given(original=scores())
def test_round_trip_is_exact(tmp_path_factory, original):
    path = tmp_path_factory.getbasetemp() / "round_trip.npz"
    save_scores(path, original)
    back = load_scores(path)
    assert back.video_id == original.video_id and back.class_names == original.class_names
    assert back.header == original.header
    assert back.label.dtype == np.int64 and (back.label == original.label).all()
    assert back.logits.dtype == np.float32 and back.logits.tobytes() == original.logits.tobytes()


def test_file_has_the_contracts_fields_without_pickles(tmp_path):
    save_scores(tmp_path / "run/scores.npz", Scores(**FIELDS))
    with np.load(tmp_path / "run/scores.npz", allow_pickle=False) as file:
        assert sorted(file.files) == ["class_names", "header", "label", "logits", "video_id"]
        assert not any(file[name].dtype.hasobject for name in file.files)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["scores.npz"]


def test_header_is_a_copy():
    header = dict(HEADER)
    made = Scores(**FIELDS | {"header": header})
    header["split"] = "other"
    assert made.header["split"] == "test1"


def test_probabilities_are_the_softmax_even_of_huge_logits():
    made = Scores(**FIELDS | {"logits": np.array([[1e4, 0.0], [0.0, np.log(3.0)], [-5e3, -5e3]])})
    np.testing.assert_allclose(made.probabilities(), [[1, 0], [0.25, 0.75], [0.5, 0.5]], rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"video_id": ["a", "b", "b"]}, "twice: b"),
        ({"video_id": ["a", "", "b"]}, "empty name at place 1"),
        ({"video_id": []}, "video_id"),
        ({"video_id": [1, 2, 3]}, "video_id"),
        ({"class_names": ["Archery", "Archery"]}, "twice: Archery"),
        ({"class_names": ["Archery"]}, r"\(3, 1\)"),
        ({"label": np.array([0, 1])}, "one per video"),
        ({"label": np.array([0.0, 1.0, 1.0])}, "whole numbers"),
        ({"label": np.array([0, 2, 1])}, "Received: 2"),
        ({"label": np.array([0, -2, 1])}, "Received: -2"),
        ({"logits": np.zeros((2, 3))}, r"Received: float64 \(2, 3\)"),
        ({"logits": np.array([[0, np.nan], [np.inf, 0], [0, 0]])}, "not finite for 2 videos"),
        ({"logits": np.full((3, 2), 1e300)}, "not finite for 3 videos"),
        ({"logits": np.zeros((3, 2), bool)}, "bool"),
        ({"header": HEADER | {"clips": 0}}, "clips=0"),
        ({"header": HEADER | {"crops": "10"}}, "crops='10'"),
        ({"header": HEADER | {"note": np.float32(1)}}, "no JSON"),
        ({"header": HEADER | {"note": float("nan")}}, "no JSON"),
        ({"header": "text"}, "JSON object"),
        ({"header": HEADER | {"kind": 3}}, "kind=3"),
        ({"header": HEADER | {"experiment": None}}, "experiment=None"),
        ({"header": HEADER | {"split": {"a": 1}}}, "split="),
        ({"header": HEADER | {"split": 1.5}}, "split=1.5"),
        ({"header": HEADER | {"seed": True}}, "seed=True"),
        ({"header": HEADER | {"commit": ["a", 1]}}, "commit="),
        ({"header": HEADER | {"weights_sha256": []}}, "weights_sha256="),
        ({"header": HEADER | {"clips": [25, 0]}}, "clips="),
        *(({"header": {k: v for k, v in HEADER.items() if k != key}}, f"lacks {key}") for key in HEADER_KEYS),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(change, message):
    with pytest.raises(InputError, match=message) as caught:
        Scores(**FIELDS | change)
    assert "\n" not in str(caught.value)


def test_malformed_files_are_refused_and_named(tmp_path):
    path = tmp_path / "scores.npz"
    save_scores(path, Scores(**FIELDS))
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        stored = archive.getinfo("logits.npy")
    flipped = bytearray(whole)
    flipped[stored.header_offset + 60 + stored.compress_size // 2] ^= 0xFF  # within the compressed logits
    for content in (b"", b"text", whole[:100], whole[:-30], bytes(flipped)):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"scores\.npz"):
            load_scores(path)


def test_a_file_with_any_byte_turned_is_refused_or_gives_what_was_put_in(tmp_path):
    path = tmp_path / "scores.npz"
    save_scores(path, Scores(**FIELDS))
    whole, refused = path.read_bytes(), 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            back = load_scores(path)
        except InputError as error:
            assert str(path) in str(error) and "\n" not in str(error)
            refused += 1
        else:
            assert back.logits.tobytes() == Scores(**FIELDS).logits.tobytes() and back.label.tolist() == [0, 1, -1]
            assert (back.video_id, back.class_names, back.header) == (("a", "b", "c"), ("Archery", "Surfing"), HEADER)
    assert refused > len(whole) / 2


def npy(described: dict, content: bytes) -> bytes:
    """An array's file that claims what it wants to."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"fortran_order": False, **described})
    return stream.getvalue() + content


BYTES = np.array(FIELDS["logits"]).tobytes()
INVALID = np.array([0x110000] * 3, "<u4").tobytes()


@pytest.mark.parametrize(
    ("field", "entry", "said"),
    [
        ("logits", npy({"descr": "<f4", "shape": (10**12, 2)}, BYTES), "scores file"),
        ("logits", npy({"descr": "<f4", "shape": (2**62, 2**62)}, BYTES), "scores file"),
        ("logits", npy({"descr": "<f2", "shape": (3, 2)}, BYTES), r"claims the shape \(3, 2\) of float16"),
        ("logits", npy({"descr": "<f4", "shape": (3, 1)}, BYTES), r"claims the shape \(3, 1\) of float32"),
        ("logits", npy({"descr": "<f8", "shape": (3, 2)}, BYTES), "scores file"),
        ("logits", npy({"descr": "<M8[s]", "shape": (3, 1)}, BYTES), "logits of scores must be numbers"),
        ("logits", npy({"descr": [("a", "<f4"), ("b", "<f4")], "shape": (3,)}, BYTES), "logits of scores must be"),
        ("logits", npy({"descr": "|O", "shape": (3, 2)}, b""), "scores file"),
        ("video_id", npy({"descr": "<U0", "shape": (10**12,)}, b""), "claims the shape"),
        ("video_id", npy({"descr": "<U1000000000", "shape": (3,)}, b"abc"), "scores file"),
        ("video_id", npy({"descr": "<U1", "shape": (3,)}, INVALID), "video_id of scores has a name that is no text"),
        ("video_id", npy({"descr": "<f4", "shape": (3,)}, bytes(12)), "video_id of scores must be a list"),
        ("label", npy({"descr": "<i8", "shape": ()}, bytes(8)), "one per video"),
        ("label", npy({"descr": "<u8", "shape": (3,)}, b"\xff" * 24), "must be -1 or 0 to 1"),
        ("header", npy({"descr": "<U1", "shape": (3,)}, bytes(12)), "scores file"),
        ("header", npy({"descr": "<U99999", "shape": ()}, ("[" * 99999).encode("utf-32-le")), "scores file"),
        ("header", npy({"descr": "<U2", "shape": ()}, "[]".encode("utf-32-le")), "JSON object"),
        ("header", b"", "scores file"),
    ],
)
def test_a_file_that_lies_about_an_array_is_refused(tmp_path, field, entry, said):
    path = tmp_path / "scores.npz"
    save_scores(path, Scores(**FIELDS))
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**entries, f"{field}.npy": entry}.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match=said) as caught:
        load_scores(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_small_file_that_claims_to_be_a_large_one_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "scores.npz"
    save_scores(path, Scores(**FIELDS))
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, 2**32 - 2)
    path.write_bytes(content)
    with pytest.raises(InputError, match="more than the 4294967296"):
        load_scores(path)


def test_a_field_that_is_there_twice_is_refused(tmp_path):
    path = tmp_path / "scores.npz"
    save_scores(path, Scores(**FIELDS))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("label.npy", archive.read("label.npy"))
    with pytest.raises(InputError, match="unknown: label, label"):
        load_scores(path)


def test_files_with_other_fields_are_refused(tmp_path):
    path = tmp_path / "scores.npz"
    with pytest.raises(InputError, match="There is no scores file"):
        load_scores(path)
    stored = {"video_id": np.array(["a"]), "label": np.array([0]), "class_names": np.array(["A"])}
    stored |= {"logits": np.zeros((1, 1), np.float32), "header": np.array('{"kind": "x"}')}
    np.savez(path, **stored)
    with pytest.raises(InputError, match="lacks experiment"):
        load_scores(path)
    np.savez(path, **stored | {"extra": np.zeros(1)})
    with pytest.raises(InputError, match="unknown: extra"):
        load_scores(path)
    np.savez(path, **{name: array for name, array in stored.items() if name != "label"})
    with pytest.raises(InputError, match="missing: label"):
        load_scores(path)
    np.savez(path, **stored | {"header": np.array("{")})
    with pytest.raises(InputError, match="whole scores file"):
        load_scores(path)
    np.savez(path, **stored | {"video_id": np.array(["a"], object)})
    with pytest.raises(InputError, match="scores file"):
        load_scores(path)
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(InputError, match="single array"):
        load_scores(path)


def test_unwritable_place_or_suffix_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="Cannot write"):
        save_scores(tmp_path / "file/scores.npz", Scores(**FIELDS))
    with pytest.raises(InputError, match=r"ends in \.npz"):
        save_scores(tmp_path / "scores.json", Scores(**FIELDS))
