"""What flow tells at the size of the features: the linear classifier, what it sees, and the rows of the table."""

import numpy as np

from launch.tables.parts.computing import reproduce
from launch.tables.parts.stored import results_of
from launch.tables.representation_flow import sizes


def test_means_are_those_of_the_parts_of_the_grid():
    flow = np.zeros((1, 2, 9, 8, 2))
    flow[0, 0, :2, :2] = (4.0, -2.0)  # The upper left of 4 x 4 parts, in one of two steps; the last row is cut.
    flow[0, :, 8] = 100.0
    means, magnitudes = sizes.grid_means(flow).reshape(2, 4, 4, 2)
    assert (means[0, 0] == (2.0, -1.0)).all() and (magnitudes[0, 0] == (2.0, 1.0)).all()
    assert not means[0, 1:].any() and not means[1:].any()
    assert sizes.grid_means(flow[:, :, :2, :3]).shape == (1, 2 * 2 * 3 * 2)


def test_the_classifier_is_ridge_regression_on_standardised_features():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    train = rng.normal(size=(60, 5)) * (1, 10, 100, 1, 1) + 7
    train[:, 1] += 60 * (labels == 1)
    train[:, 2] += 900 * (labels == 2)
    assert (sizes.linear_classifier(train, labels, train) == labels).mean() > 0.95
    # The same by gradient: at the solution the derivative of the squared error and the penalty is zero.
    known = (train - train.mean(0)) / train.std(0)
    design = np.vstack([np.c_[known, np.ones(60)], np.c_[np.sqrt(sizes.RIDGE) * np.eye(5), np.zeros(5)]])
    target = np.vstack([np.eye(3)[labels], np.zeros((5, 3))])
    coefficients = np.linalg.lstsq(design, target, rcond=None)[0]
    asked = rng.normal(size=(200, 5)) * (1, 30, 500, 1, 1) + 7
    scores = np.c_[(asked - train.mean(0)) / train.std(0), np.ones(200)] @ coefficients
    assert (sizes.linear_classifier(train, labels, asked) == scores.argmax(1)).all()


def test_rows_are_measured_and_a_larger_image_tells_more(shapes, tmp_path):
    cells = [cell for cell in sizes.cells() if cell.row in ("flow.32", "flow.2", "fof.2")]
    reproduce(cells, "sizes", str(shapes), (0,), tmp_path / "results", tmp_path / "weights")
    found = {row: results[0].numbers for row, results in results_of("sizes", tmp_path / "results").items()}
    assert found["flow.32"]["top1"] > found["flow.2"]["top1"]
    assert all(one["length"] > 0 and 0 <= one["train_accuracy"] <= 1 for one in found.values())


def test_flow_of_an_image_that_rests_is_zero_at_every_order():
    layers = [sizes._flow_layer() for _ in range(2)]
    flow = np.repeat(np.random.default_rng(0).uniform(0, 255, (1, 1, 16, 16, 1)), 4, axis=1).astype("float32")
    for layer in layers:
        flow = np.asarray(layer(flow))
        assert not flow.any()
