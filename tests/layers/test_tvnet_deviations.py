"""Where the default variant and the released code differ, on inputs that show it; the page names a test for each."""

import re

import numpy as np
import pytest
import tensorflow as tf

from tests.textures import moving_clip
from tvnet_keras import TVNet
from tvnet_keras.ops import intensity
from tvnet_keras.ops.resize import resize_flow
from tvnet_keras.ops.tvl1 import released

CLIP = np.round(moving_clip(2, 20, 26, (0.8, -0.5)) * 127) * 2
"""Even grey levels 0..254, so that half of them are whole too."""
ROW = re.compile(r"^\|(?!-)(?! step \|)(?P<step>[^|]+)\|.*\|(?P<tests>[^|]+)\|$", re.MULTILINE)


def flow_of(variant, clip):
    return TVNet(1, 1, 5, value_range=(0, 255), variant=variant)(clip).numpy()


def test_gradients_of_the_default_reach_the_frames():
    clip = tf.constant(CLIP, "float32")
    with tf.GradientTape() as tape:
        tape.watch(clip)
        loss = tf.reduce_sum(TVNet(1, 1, 5, value_range=(0, 255))(clip))
    gradient = tape.gradient(loss, clip).numpy()
    assert (np.abs(gradient).max(axis=(0, 2, 3)) > 1e-4).all(), "every channel of both frames"


def test_only_the_released_code_stretches_a_pair_to_the_full_range():
    grey = np.repeat(CLIP[..., :1], 3, axis=-1).astype("float32")
    np.testing.assert_allclose(flow_of("official", grey / 2), flow_of("official", grey), atol=1e-4)
    assert np.abs(flow_of("default", grey / 2) - flow_of("default", grey)).max() > 0.05


def test_only_the_released_smoothing_darkens_the_border():
    white = tf.fill((1, 9, 11), 255.0)
    smoothed = released.smooth(white).numpy()[0]
    assert smoothed[4, 5] == pytest.approx(255, rel=1e-5) and smoothed[0, 0] < 200
    np.testing.assert_allclose(intensity.smooth(white), white, rtol=1e-5)


def test_the_released_flow_is_divided_by_the_zoom_whatever_the_sizes_are():
    # A level of 3 x 4 under one of 5 x 7: the sizes differ by 1.67 and 1.75, the zoom says 2.
    flow = tf.ones((1, 3, 4, 2))
    np.testing.assert_allclose(released.resize_flow_by_zoom(flow, 5, 7, 0.5), np.full((1, 5, 7, 2), 2), rtol=1e-5)
    expected = np.broadcast_to([7 / 4, 5 / 3], (1, 5, 7, 2))
    np.testing.assert_allclose(resize_flow(flow, 5, 7), expected, rtol=1e-5)


def test_every_deviation_of_the_page_names_tests_that_exist(repository):
    page = (repository / "docs/methods/tvnet.md").read_text(encoding="utf-8")
    table = page.split("## Where this layer deviates")[1].split("\n## ")[0]
    rows = list(ROW.finditer(table))
    assert len(rows) >= 13
    sources = [(path.name, path.read_text(encoding="utf-8")) for path in (repository / "tests").rglob("test_*.py")]
    for row in rows:
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", row["tests"])
        assert named, f"{row['step']} names no test"
        for file, test in named:
            found = any(name == file and f"def {test}(" in source for name, source in sources)
            assert found, f"{row['step']}: {file}::{test}"
