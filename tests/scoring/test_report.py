"""Accuracies against counting by hand, and against the numbers measured of published scores."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.scoring.report import (
    accuracy_interval,
    confusion_matrix,
    confusion_picture,
    mean_class_accuracy,
    per_class_table,
    top1_numbers,
    top_k,
)
from tvnet_keras.scoring.score_fusion import fuse
from tvnet_keras.scoring.scores import Scores

HEADER = {"kind": "rgb", "experiment": "x", "split": "test1", "clips": 1, "crops": 1}
HEADER |= {"commit": "abc", "seed": 0, "weights_sha256": "1"}


def answering(labels: list[int], answers: list[int], classes: int = 3) -> Scores:
    """Scores that give each video the answer, then the next class, and so on."""
    logits = -((np.arange(classes)[None] - np.array(answers)[:, None]) % classes)
    names = [f"class{index}" for index in range(classes)]
    return Scores([f"v{index}" for index in range(len(labels))], np.array(labels), names, logits, HEADER)


def test_top_k_counts_by_hand():
    scores = answering([0, 1, 2, 0], [0, 0, 2, 1])
    assert top_k(scores, 1) == 0.5
    assert top_k(scores, 2) == 0.75  # answer 0 has 1 as its second choice; answer 1 has 2
    assert top_k(scores, 3) == 1.0


def test_constant_scores_earn_chance_at_every_k():
    scores = Scores([f"v{index}" for index in range(12)], np.arange(12) % 4, list("abcd"), np.zeros((12, 4)), HEADER)
    assert [top_k(scores, k) for k in (1, 2, 3, 4)] == [0.25, 0.5, 0.75, 1.0]


def test_unknown_labels_do_not_count():
    assert top_k(answering([0, -1, 1], [0, 0, 2])) == 0.5
    for measure in (top_k, mean_class_accuracy, confusion_matrix, per_class_table, confusion_picture):
        with pytest.raises(InputError, match="known label"):
            measure(answering([-1, -1], [0, 1]))


@pytest.mark.parametrize("k", [0, 4, -1])
def test_k_out_of_range_is_refused(k):
    with pytest.raises(InputError, match=f"k={k}"):
        top_k(answering([0], [0]), k)


def test_confusion_matrix_has_truth_in_rows():
    scores = answering([0, 0, 0, 1, -1], [0, 2, 2, 1, 0])
    assert confusion_matrix(scores).tolist() == [[1, 0, 2], [0, 1, 0], [0, 0, 0]]
    assert mean_class_accuracy(scores) == pytest.approx((1 / 3 + 1) / 2)
    assert top_k(scores) == 0.5


def test_per_class_table():
    first, second = per_class_table(answering([0, 0, 0, 1], [0, 2, 2, 1]))
    assert (first.class_name, first.videos, first.correct, first.confused_with) == ("class0", 3, 1, "class2")
    assert first.accuracy == pytest.approx(1 / 3)
    assert (second.class_name, second.accuracy, second.confused_with) == ("class1", 1.0, "")


def test_interval_is_wilsons():
    # Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for correct, videos, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert accuracy_interval(correct, videos) == pytest.approx((low, high), abs=6e-5)


def test_top1_is_recorded_with_the_interval_of_the_videos_that_have_a_label():
    labels = [0] * 81 + [1] * 182 + [-1] * 50
    found = top1_numbers(answering(labels, [0] * len(labels)))
    assert found == pytest.approx({"top1": 81 / 263, "top1_low": 0.2553, "top1_high": 0.3662}, abs=6e-5)


def test_interval_holds_the_truth_nineteen_times_in_twenty():
    draws = np.random.default_rng(0).binomial(300, 0.7, size=2000)
    holds = [low <= 0.7 <= high for low, high in (accuracy_interval(int(correct), 300) for correct in draws)]
    assert 0.93 < np.mean(holds) < 0.97


@pytest.mark.parametrize(("correct", "videos"), [(0, 0), (-1, 3), (4, 3)])
def test_impossible_counts_are_refused(correct, videos):
    with pytest.raises(InputError, match=f"videos={videos}"):
        accuracy_interval(correct, videos)


@pytest.mark.parametrize("classes", [3, 12, 101])
def test_confusion_picture_grows_with_the_classes(classes):
    picture = confusion_picture(answering(list(range(classes)), list(range(classes)), classes))
    assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3
    assert min(picture.shape[:2]) > 12 * classes
    yellow = (picture[..., 0] > 240) & (picture[..., 1] > 220) & (picture[..., 2] < 60)
    assert yellow.sum() > 20 * classes, "the diagonal of a perfect answer is bright"


def read_matrix(path: Path) -> np.ndarray:
    """The first double matrix of a MATLAB 5 file (compressed element, then flags, dimensions, name, data)."""
    content = path.read_bytes()
    _, size = struct.unpack_from("<II", content, 128)
    element, place, parts = zlib.decompress(content[136 : 136 + size]), 8, []
    while place < len(element):
        kind, size = struct.unpack_from("<II", element, place)
        if kind >> 16:  # a small element keeps its size and data in its own header
            kind, size, place = kind & 0xFFFF, kind >> 16, place - 4
        parts.append((kind, element[place + 8 : place + 8 + size]))
        place += 8 + (size + 7) // 8 * 8 if size > 4 or place % 8 == 0 else 12
    (_, _), (_, dimensions), (_, _), (kind, data) = parts[:4]
    values = np.frombuffer(data, {7: "<f4", 9: "<f8"}[kind])
    return values.reshape(np.frombuffer(dimensions, "<i4"), order="F")


@pytest.fixture(scope="module")
def published(shared_data) -> dict[str, Scores]:
    """Hidden two-stream networks on UCF101 split 1, prepared as the authors' late fusion does."""
    lists = shared_data / "ucf101/splits"
    names = [line.split()[1] for line in (lists / "classInd.txt").read_text().splitlines() if line.strip()]
    listed = [line.strip() for line in (lists / "testlist01.txt").read_text().splitlines() if line.strip()]
    labels = np.array([names.index(line.split("/")[0]) for line in listed])
    video_id = [Path(line).stem for line in listed]
    scores = {}
    for stream in ("spatial_quality100", "temporal_hidden", "temporal_tvl1"):
        matrix = read_matrix(shared_data / f"reference/hidden_two_stream/{stream}_split01.mat")
        matrix = matrix if matrix.shape[0] == len(labels) else matrix.T
        shares = np.maximum(matrix, 0)
        scores[stream] = Scores(video_id, labels, names, shares / shares.sum(axis=1, keepdims=True), HEADER)
    return scores


def test_published_scores_give_the_measured_accuracies(published):
    correct = {stream: round(top_k(scores) * 3783) for stream, scores in published.items()}
    assert correct == {"spatial_quality100": 3063, "temporal_hidden": 3180, "temporal_tvl1": 3246}


@pytest.mark.parametrize(("stream", "correct"), [("temporal_hidden", 3367), ("temporal_tvl1", 3454)])
def test_published_fusion_gives_the_measured_accuracy_in_any_order(published, stream, correct):
    temporal = published[stream]
    order = np.random.default_rng(0).permutation(len(temporal.video_id))
    ids = [temporal.video_id[index] for index in order]
    shuffled = Scores(ids, temporal.label[order], temporal.class_names, temporal.logits[order], temporal.header)
    fused = fuse([published["spatial_quality100"], shuffled], [1, 1.5])
    assert round(top_k(fused) * 3783) == pytest.approx(correct, abs=1)  # single precision may flip a tie
