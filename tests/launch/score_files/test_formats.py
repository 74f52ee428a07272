"""Score files of others, joined to a test list by name or by row, and the accuracies measured of published ones."""

import numpy as np
import pytest
from scipy.io import savemat

from launch.score_files import TestList, read_scores, test_list
from tvnet_keras.errors import InputError
from tvnet_keras.scoring.report import top_k

LISTED = TestList({"b": 1, "a": 0, "c": 2}, ("climb", "climb_stairs", "run"), 2)
VALUES = np.array([[0.1, 0.9, 0.0], [0.8, 0.1, 0.1], [0.2, 0.2, 0.6]])


def official():
    return LISTED


def write_idt(path, names=("a", "b", "c"), classes=(2, 1, 3), values=VALUES):
    names = np.array([*names], dtype=object).reshape(-1, 1)
    savemat(path, {"scores_idt": values, "vn_idt": names, "gt_idt": np.array(classes, "uint8").reshape(-1, 1)})
    return str(path)


def test_decision_values_are_joined_by_name_and_classes_put_in_the_order_of_the_list(tmp_path):
    # The file counts climb_stairs as its first class; the list has it second.
    scores = read_scores(write_idt(tmp_path / "idt.mat"), official)
    assert scores.class_names == LISTED.class_names and scores.header["split"] == 2
    assert dict(zip(scores.video_id, scores.label, strict=True)) == LISTED.labels
    np.testing.assert_allclose(scores.logits, VALUES[:, [1, 0, 2]], rtol=1e-6)
    assert top_k(scores) == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"names": ("a", "b", "x")}, "differ by 2 videos, such as c"),
        ({"classes": (2, 2, 3)}, "other classes"),
        ({"classes": (1, 0, 2)}, "other classes"),
        ({"values": VALUES[:, :2]}, r"shape \(3, 2\).* 3 classes"),
    ],
)
def test_decision_values_of_another_list_are_refused(tmp_path, change, sentence):
    with pytest.raises(InputError, match=sentence):
        read_scores(write_idt(tmp_path / "idt.mat", **change), official)


def test_rows_without_names_are_those_of_the_list(tmp_path):
    savemat(tmp_path / "rows.mat", {"hidden_prediction": VALUES})
    scores = read_scores(str(tmp_path / "rows.mat"), official)
    assert (
        scores.video_id == ("b", "a", "c") and scores.label.tolist() == [1, 0, 2] and scores.header["kind"] == "hidden"
    )
    savemat(tmp_path / "short.mat", {"hidden_prediction": VALUES[:2]})
    with pytest.raises(InputError, match=r"shape \(2, 3\).*3 videos of 3"):
        read_scores(str(tmp_path / "short.mat"), official)


def test_what_is_no_file_of_scores_is_one_sentence(tmp_path):
    savemat(tmp_path / "other.mat", {"x": VALUES, "y": VALUES})
    (tmp_path / "scores.txt").write_text("1 2 3")
    whole = (tmp_path / "other.mat").read_bytes()
    for name in ("other.mat", "scores.txt"):
        with pytest.raises(InputError, match="none of the known formats of scores: hidden_two_stream, idt, npz"):
            read_scores(str(tmp_path / name), official)
    with pytest.raises(InputError, match="no scores file"):
        read_scores(str(tmp_path / "absent.mat"), official)
    for length in (0, 3, 130, len(whole) - 7):
        (tmp_path / "cut.mat").write_bytes(whole[:length])
        with pytest.raises(InputError, match="cut.mat (is not a whole|has none)"):
            read_scores(str(tmp_path / "cut.mat"), official)


@pytest.mark.parametrize("split", [1, 2, 3])
@pytest.mark.parametrize(
    ("dataset", "videos", "name", "accuracies"),
    [
        ("ucf101", 101, "ucf", (0.8361, 0.8559, 0.8428)),
        ("hmdb51", 51, "hmdb", (0.5673, 0.5719, 0.5778)),
    ],
)
def test_dense_trajectories_have_their_measured_accuracies(shared_data, dataset, videos, name, accuracies, split):
    listed = test_list(dataset, str(shared_data / "compact" / dataset), split)
    scores = read_scores(str(shared_data / f"scores/idt/{name}_idt_split{split}.mat"), lambda: listed)
    assert len(scores.class_names) == videos and round(top_k(scores), 4) == accuracies[split - 1]
