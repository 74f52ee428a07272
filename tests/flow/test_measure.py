"""End-point error, photometric residual and resized truth."""

from __future__ import annotations

import numpy as np
import pytest

from tests import oracle
from tvnet_keras.errors import InputError
from tvnet_keras.flow import measure
from tvnet_keras.flow.io import UNKNOWN, known_vectors, read_flo
from tvnet_keras.flow.pairs import load


def constant(u: float, v: float, height: int = 8, width: int = 12) -> np.ndarray:
    return np.broadcast_to(np.array([u, v], np.float32), (height, width, 2)).copy()


def test_end_point_error_is_the_mean_distance_of_known_vectors():
    truth = constant(1, 2)
    truth[:4] = UNKNOWN
    truth[0, 0] = np.nan
    assert measure.mean_end_point_error(constant(4, 6), truth) == pytest.approx(5.0)
    assert measure.mean_end_point_error(constant(1, 2), truth) == 0


def test_nothing_to_compare_with_is_one_sentence():
    with pytest.raises(InputError, match="No vector"):
        measure.mean_end_point_error(constant(0, 0), constant(UNKNOWN, 0))
    with pytest.raises(InputError, match="compare equal sizes"):
        measure.mean_end_point_error(constant(0, 0), constant(0, 0, height=9))


def test_residual_of_the_exact_translation_is_what_leaves_the_frame():
    first = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    second = np.roll(first, (1, 3), axis=(0, 1))
    frames = np.stack([first, second])
    grey = first @ np.array([0.299, 0.587, 0.114])
    assert measure.photometric_residual(frames, constant(0, 0, 20, 30)) == pytest.approx(
        np.abs(second @ np.array([0.299, 0.587, 0.114]) - grey).mean(), rel=1e-5
    )
    # Pixels that stay inside are explained exactly, so the rest is in the last 3 columns and the last row.
    outside = 1 - (19 * 27) / (20 * 30)
    assert measure.photometric_residual(frames, constant(3, 1, 20, 30)) < 128 * outside
    assert measure.photometric_residual(np.stack([first, first]), constant(0, 0, 20, 30)) == 0


def test_the_residual_of_any_flow_is_the_oracles():
    random = np.random.default_rng(1)
    frames, flow = random.integers(0, 256, (2, 9, 13, 3), np.uint8), random.normal(0, 3, (9, 13, 2))
    expected = oracle.photometric_residual(frames, flow)
    assert measure.photometric_residual(frames, flow.astype("float32")) == pytest.approx(expected, rel=1e-5)


def test_unknown_vectors_become_zero_and_others_stay():
    truth = constant(1, 2)
    truth[0, 0], truth[1, 1] = UNKNOWN, np.nan
    zero = measure.unknown_as_zero(truth)
    assert (zero[0, 0] == 0).all() and (zero[1, 1] == 0).all() and (zero[2:] == truth[2:]).all()


def test_resized_truth_scales_u_by_width_and_v_by_height():
    resized = measure.resize_truth_half_pixel_bilinear(constant(1, 2, 8, 12), (16, 6))
    assert resized.shape == (16, 6, 2)
    np.testing.assert_allclose(resized, constant(0.5, 4, 16, 6), rtol=1e-6)


def test_what_an_unknown_vector_reaches_is_unknown():
    truth = constant(1, 1, 8, 8)
    truth[3, 3] = UNKNOWN
    resized = measure.resize_truth_half_pixel_bilinear(truth, (16, 16))
    known = known_vectors(resized)
    np.testing.assert_allclose(resized[known], 2, rtol=1e-6)
    assert 4 <= (~known).sum() <= 16 and not known[6:8, 6:8].any()


def test_zero_flow_under_the_released_protocol(shared_data):
    # Measured with the released code's script: 240 x 240, scaled vectors, unknown ones counted as zero.
    errors = []
    for pair in load("middlebury", shared_data / "middlebury"):
        truth = measure.resize_truth_half_pixel_bilinear(measure.unknown_as_zero(pair.truth()), (240, 240))
        errors.append(measure.mean_end_point_error(np.zeros_like(truth), truth))
    assert np.mean(errors) == pytest.approx(1.859, abs=1e-3)


def test_real_truth_explains_a_real_pair(shared_data):
    pair = next(pair for pair in load("middlebury", shared_data / "middlebury") if pair.name == "Urban2")
    truth = read_flo(shared_data / "middlebury/other-gt-flow/Urban2/flow10.flo")
    still = measure.photometric_residual(pair.frames(), np.zeros_like(truth))
    assert measure.photometric_residual(pair.frames(), truth) < 0.35 * still
    assert measure.photometric_residual(pair.frames(), -truth) > still


def test_errors_come_out_in_every_convention():
    truth = np.stack([constant(100, 0), constant(0, 0)])
    flow = truth.copy()
    # Errors of the first image: 4 px, which is less than 5 % of 100; of the second: 0, 2, 4 and 6 px by columns.
    flow[0, ..., 1] += 4
    flow[1, ..., 0] += np.repeat([0, 2, 4, 6], 3)
    errors = measure.EndPointErrors()
    errors.add(flow, truth)
    assert errors.numbers() == pytest.approx(
        {
            "epe": 3.5,
            "epe_pixel": 3.5,
            "outliers_1px": 7 / 8,
            "outliers_3px": 6 / 8,
            "outliers_5px": 1 / 8,
            "fl_all": 2 / 8,
            "images": 2,
            "pixels": 2 * 96,
        }
    )


def test_an_error_at_the_limit_is_no_outlier():
    errors = measure.EndPointErrors()
    errors.add(np.stack([constant(1, 0), constant(3, 0), constant(0, 5)]), np.zeros((3, 8, 12, 2)))
    numbers = errors.numbers()
    assert numbers["outliers_1px"] == pytest.approx(2 / 3)
    assert numbers["outliers_3px"] == numbers["fl_all"] == pytest.approx(1 / 3)
    assert numbers["outliers_5px"] == 0


def test_images_weigh_the_same_and_so_do_pixels():
    truth = np.zeros((2, 8, 12, 2), np.float32)
    flow = np.stack([constant(2, 0), constant(0, 6)])
    known = np.zeros((2, 8, 12))
    known[0, 0, 0] = 1
    known[1, :3, 0] = 1
    errors = measure.EndPointErrors()
    errors.add(flow, truth, known)
    numbers = errors.numbers()
    assert (numbers["epe"], numbers["epe_pixel"]) == (4, 5)
    assert (numbers["images"], numbers["pixels"]) == (2, 4)


def test_pieces_are_the_whole_and_axes_before_the_picture_are_images():
    rng = np.random.default_rng(0)
    flow, truth = rng.normal(0, 4, (2, 2, 3, 8, 12, 2)).astype(np.float32)
    known = rng.random(flow.shape[:-1]) < 0.8
    whole, pieces = measure.EndPointErrors(), measure.EndPointErrors()
    whole.add(flow, truth, known)
    for k in np.ndindex(2, 3):
        pieces.add(flow[k], truth[k], known[k])
    assert whole.numbers() == pytest.approx(pieces.numbers())
    assert whole.numbers()["images"] == 6
    distance = np.sqrt(((flow - truth) ** 2).sum(-1))
    assert whole.numbers()["epe_pixel"] == pytest.approx(distance[known].mean(), rel=1e-6)


def test_an_image_without_a_known_vector_does_not_count():
    errors = measure.EndPointErrors()
    with pytest.raises(InputError, match="No vector"):
        errors.numbers()
    errors.add(constant(9, 9), constant(UNKNOWN, 0))
    errors.add(constant(9, 9), constant(0, 0), np.zeros((8, 12), bool))
    with pytest.raises(InputError, match="No vector"):
        errors.numbers()
    errors.add(constant(3, 4), constant(0, 0))
    assert errors.numbers()["epe"] == 5 and errors.numbers()["images"] == 1


def test_a_flow_that_is_not_a_number_is_an_outlier_and_shows():
    flow = constant(0, 0)
    flow[0, 0] = np.nan
    errors = measure.EndPointErrors()
    errors.add(flow, constant(0, 0))
    numbers = errors.numbers()
    assert np.isnan(numbers["epe"])
    assert numbers["outliers_5px"] == numbers["fl_all"] == pytest.approx(1 / 96)


def test_fields_that_do_not_fit_together_are_refused():
    errors = measure.EndPointErrors()
    with pytest.raises(InputError, match="compare equal sizes"):
        errors.add(constant(0, 0), constant(0, 0, height=9))
    with pytest.raises(InputError, match="known"):
        errors.add(constant(0, 0), constant(0, 0), np.ones((12, 8), bool))
