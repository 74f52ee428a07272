"""Fusion joins by video id and refuses what does not belong together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tvnet_keras.errors import InputError
from tvnet_keras.scoring.score_fusion import RULES, SPACES, fuse, restrict
from tvnet_keras.scoring.scores import Scores

HEADER = {"kind": "rgb", "experiment": "rgb", "split": "test1", "clips": 1, "crops": 1}
HEADER |= {"commit": "abc", "seed": 0, "weights_sha256": "1"}
CLASSES = ("Archery", "Surfing", "TaiChi")


def made(seed: int, count: int = 6, **change) -> Scores:
    rng = np.random.default_rng(seed)
    fields = {
        "video_id": [f"v{index}" for index in range(count)],
        "label": np.arange(count) % 3,
        "class_names": CLASSES,
        "logits": rng.normal(size=(count, 3)),
        "header": HEADER | {"experiment": f"run{seed}", "seed": seed},
    }
    return Scores(**fields | change)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(float) - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def reordered(scores: Scores, order: np.ndarray) -> Scores:
    ids = [scores.video_id[index] for index in order]
    return Scores(ids, scores.label[order], scores.class_names, scores.logits[order], scores.header)


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(range(6)), space=st.sampled_from(sorted(SPACES)), weight=st.floats(0, 10))
def test_order_of_rows_does_not_matter(order, space, weight):
    one, two = made(1), made(2)
    straight = fuse([one, two], [1, weight], space=space)
    mixed = fuse([one, reordered(two, np.array(order))], [1, weight], space=space)
    assert mixed.video_id == straight.video_id == one.video_id
    assert (mixed.logits == straight.logits).all() and (mixed.label == straight.label).all()


def test_logits_are_the_weighted_mean():
    one, two = made(1), made(2)
    np.testing.assert_allclose(fuse([one, two]).logits, (one.logits + two.logits) / 2, rtol=1e-6)
    fused = fuse([one, two], [1, 3]).logits
    np.testing.assert_allclose(fused, one.logits / 4 + 3 * two.logits / 4, rtol=1e-5, atol=1e-6)
    assert (fuse([one, two], [2, 6]).logits == fused).all()
    assert (fuse([one, two], [1, 0]).logits == one.logits).all()


def test_softmax_space_averages_probabilities():
    one, two = made(1), made(2)
    fused = fuse([one, two], [1, 3], space="softmax")
    np.testing.assert_allclose(softmax(fused.logits), softmax(one.logits) / 4 + 3 * softmax(two.logits) / 4, rtol=1e-5)
    sure = made(3, logits=np.tile([1e4, 0.0, 0.0], (6, 1)))
    assert np.isfinite(fuse([sure], space="softmax").logits).all()


def test_one_alone_is_itself():
    one = made(1)
    np.testing.assert_allclose(softmax(fuse([one], space="softmax").logits), softmax(one.logits), rtol=1e-5)
    assert (fuse([one]).logits == one.logits).all()


def test_header_tells_where_it_comes_from():
    header = fuse([made(1), made(2)], [1, 3]).header
    assert header["kind"] == "fusion" and header["experiment"] == "run1+run2"
    assert header["split"] == "test1" and header["clips"] == 1 and header["seed"] == [1, 2]
    assert header["weights"] == [0.25, 0.75] and header["space"] == "logits"
    assert [inner["experiment"] for inner in header["inputs"]] == ["run1", "run2"]
    nested = fuse([fuse([made(1), made(2)]), made(3)]).header
    assert nested["seed"] == [1, 2, 3]


def test_labels_known_to_either_are_kept():
    one = made(1, label=np.array([0, -1, 2, -1, 1, 2]))
    two = made(2, label=np.array([0, 1, -1, -1, 1, 2]))
    assert fuse([one, two]).label.tolist() == [0, 1, 2, -1, 1, 2]
    with pytest.raises(InputError, match="label v0 as 'Surfing' where others say 'Archery'"):
        fuse([one, made(2, label=np.array([1, 1, 2, 0, 1, 2]))])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"class_names": ("Archery", "Swing", "TaiChi")}, "class 1 is 'Surfing' against 'Swing'"),
        ({"class_names": ("Surfing", "Archery", "TaiChi")}, "class 0 is 'Archery' against 'Surfing'"),
        ({"class_names": CLASSES[:2], "logits": np.zeros((6, 2)), "label": np.zeros(6, int)}, "3 against 2 classes"),
        ({"header": HEADER | {"split": "test2"}}, "'test1' against 'test2'"),
        ({"video_id": ["v0", "v1", "v2", "x", "y", "z"]}, r"3 videos of scores 1 .*\(v3, v4, v5\)"),
        ({"count": 5}, r"1 videos of scores 1 are not in scores 2 \(v5\)"),
        ({"count": 11}, r"5 videos of scores 2 are not in scores 1 \(v6, v7, v8, \.\.\.\)"),
    ],
)
def test_what_does_not_belong_together_is_refused(other, message):
    with pytest.raises(InputError, match=message):
        fuse([made(1), made(2, **other)])


@pytest.mark.parametrize("weights", [[1], [1, 2, 3], [0, 0], [1, -1], [1, float("nan")], [1, float("inf")]])
def test_bad_weights_are_refused(weights):
    with pytest.raises(InputError, match="weights"):
        fuse([made(1), made(2)], weights)


def test_nothing_and_unknown_space_are_refused():
    with pytest.raises(InputError, match="nothing to fuse"):
        fuse([])
    with pytest.raises(InputError, match="softmax"):
        fuse([made(1)], space="softmx")


def test_log_softmax_multiplies_probabilities():
    one, two = made(1), made(2)
    fused = fuse([one, two], [1, 1], space="log_softmax")
    product = np.sqrt(one.probabilities() * two.probabilities())
    np.testing.assert_allclose(fused.probabilities(), product / product.sum(axis=1, keepdims=True), rtol=1e-5)


def test_shares_are_those_of_the_released_matlab_code():
    one = made(1, count=2, logits=np.array([[3.0, -1, 1], [-1, -2, -3]]))
    two = made(2, count=2, logits=np.array([[0.0, 4, -9], [2, 0, 0]]))
    fused = fuse([one, two], [1, 1.5], space="shares").probabilities()
    # By hand: rows (3, 0, 1) / 4 and (0, 1, 0); nothing is positive in (-1, -2, -3), which then says nothing.
    expected = [[0.3, 0.6, 0.1], [0.4 / 3 + 0.6, 0.4 / 3, 0.4 / 3]]
    np.testing.assert_allclose(fused, expected, rtol=1e-5)


def test_l2_divides_every_row_by_its_length():
    one = made(1, count=2, logits=np.array([[3.0, 0, 4], [0, 0, 0]]))
    two = made(2, count=2, logits=np.array([[0.0, 2, 0], [0, -5, 0]]))
    np.testing.assert_allclose(fuse([one, two], space="l2").logits, [[0.3, 0.5, 0.4], [0, -0.5, 0]], rtol=1e-6)
    for factor in (1e-3, 1e3):
        scaled = made(2, count=2, logits=factor * two.logits)
        np.testing.assert_allclose(fuse([one, scaled], space="l2").logits, fuse([one, two], space="l2").logits)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_fuses_two_streams(rule):
    one, two = made(1), made(2)
    fused = fuse([one, two], rule.weights, space=rule.space)
    shares = np.array(rule.weights or (1, 1)) / sum(rule.weights or (1, 1))
    np.testing.assert_allclose(fused.header["weights"], shares)


def test_restricting_takes_what_all_have_by_name():
    whole = made(1, count=9)
    part = Scores(
        ("v7", "v4", "new", "v1"),
        np.array([0, 0, 1, 0]),
        ("Surfing", "Boxing"),
        np.arange(8.0).reshape(4, 2),
        HEADER,
    )
    one, two = restrict([whole, part])
    assert one.video_id == two.video_id == ("v7", "v4", "v1") and one.class_names == two.class_names == ("Surfing",)
    np.testing.assert_array_equal(one.logits, whole.logits[[7, 4, 1]][:, [1]])
    np.testing.assert_array_equal(two.logits, [[0], [2], [6]])
    assert one.label.tolist() == two.label.tolist() == [0, 0, 0]
    assert one.header["restricted"] == {"videos": [9, 3], "classes": [3, 1]}
    assert two.header["restricted"] == {"videos": [4, 3], "classes": [2, 1]}
    fuse([one, two])
    with pytest.raises(InputError, match="class names"):
        fuse([whole, part])


def test_restricting_refuses_what_has_nothing_in_common():
    one = made(1)
    with pytest.raises(InputError, match="no video in common"):
        restrict([one, made(2, video_id=list("abcdef"))])
    with pytest.raises(InputError, match="no class in common"):
        restrict([one, made(2, class_names=("a", "b", "c"))])
    # The video v0 is of the class Archery, which the second evaluation does not know.
    with pytest.raises(InputError, match="v0 is of the class 'Archery'"):
        restrict([one, made(2, class_names=("Boxing", "Surfing", "TaiChi"))])


def test_restricting_keeps_unknown_labels_unknown():
    one = made(1, label=np.array([-1, 1, 2, -1, 1, 2]))
    assert restrict([one, made(2)])[0].label.tolist() == [-1, 1, 2, -1, 1, 2]
