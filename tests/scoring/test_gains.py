"""Gains against counting by hand."""

import csv
import dataclasses

import numpy as np
import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.scoring.gains import class_gains, gains_picture, save_gains
from tvnet_keras.scoring.scores import Scores

HEADER = {"kind": "rgb", "experiment": "x", "split": 1, "clips": 1, "crops": 1, "commit": "", "seed": 0}
HEADER |= {"weights_sha256": ""}


def answering(labels, answers, names=("a", "b", "c", "d")):
    return Scores([f"v{n}" for n in range(len(labels))], np.array(labels), names, np.eye(len(names))[answers], HEADER)


def test_gains_are_counted_by_class_and_sorted():
    labels = [0, 0, 1, 1, 2]
    gains = class_gains(answering(labels, [0, 1, 1, 1, 0]), answering(labels, [0, 0, 1, 2, 2]))
    assert [tuple(row) for row in gains] == [("c", 1, 0.0, 1.0), ("a", 2, 0.5, 1.0), ("b", 2, 1.0, 0.5)]
    assert [row.gain for row in gains] == [1.0, 0.5, -0.5]


def test_gains_of_other_videos_are_refused():
    with pytest.raises(InputError, match="same videos"):
        class_gains(answering([0, 1], [0, 1]), answering([0], [0]))
    with pytest.raises(InputError, match="same videos and classes"):
        class_gains(answering([0], [0]), answering([0], [0], names=("a", "x", "c", "d")))


def test_the_table_and_the_picture_have_every_class(tmp_path):
    gains = class_gains(answering([0, 1], [0, 0]), answering([0, 1], [1, 1]))
    save_gains(tmp_path / "gains.csv", gains)
    rows = list(csv.reader((tmp_path / "gains.csv").read_text().splitlines()))
    assert rows[1:] == [["b", "1", "0.0000", "1.0000", "1.0000"], ["a", "1", "1.0000", "0.0000", "-1.0000"]]
    picture = gains_picture(gains)
    green, red = (np.all(picture == colour, axis=-1).sum() for colour in ((44, 160, 44), (214, 39, 40)))
    # One class gains as much as the other loses.
    assert green > 1000 and abs(int(green) - int(red)) < 0.05 * green


def test_a_label_that_one_evaluation_knows_counts_in_both():
    labels, before = np.array([0, 0, 1]), answering([0, 0, 1], [1, 0, 1])
    for unknown in ([-1, 0, 1], [0, 0, -1]):
        after = dataclasses.replace(answering(labels, [0, 0, 1]), label=np.array(unknown))
        # Videos are joined by their names, not by their places.
        turned = dataclasses.replace(
            after, video_id=after.video_id[::-1], label=after.label[::-1], logits=after.logits[::-1]
        )
        for other in (after, turned):
            assert [tuple(row) for row in class_gains(before, other)] == [("a", 2, 0.5, 1.0), ("b", 1, 1.0, 1.0)]
            assert [row.gain for row in class_gains(other, before)] == [0.0, -0.5]
    with pytest.raises(InputError, match="v1 has two labels"):
        class_gains(before, answering([0, 1, 1], [0, 0, 0]))


def test_a_title_stands_above_the_bars():
    gains = class_gains(answering([0, 1], [0, 0]), answering([0, 1], [1, 1]))
    short, long = (
        int((gains_picture(gains, title)[:20] < 128).sum()) for title in ("$5", "top-1 $5 % to 7 % of 2 videos")
    )
    assert 0 < 3 * short < long
