"""Our grey conversion is tensorflow-io's, given its coefficients."""

import numpy as np
import pytest

from tests.legacy.cases import ELSEWHERE

tfio = pytest.importorskip("tensorflow_io", reason=ELSEWHERE)


def test_equals_tensorflow_io_given_its_coefficients(ours):
    case = ours("grey")
    theirs = tfio.experimental.color.rgb_to_grayscale(case["frames"])[..., 0]
    np.testing.assert_allclose(case["grey"], theirs, atol=1e-6)


def test_our_own_coefficients_are_others(ours):
    case = ours("grey")
    theirs = tfio.experimental.color.rgb_to_grayscale(case["frames"])[..., 0]
    assert np.abs(case["grey with our weights"] - theirs).max() > 0.05
