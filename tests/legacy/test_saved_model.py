"""What TVNet and `launch.export` save loads in TensorFlow 2.15, without Keras 3, and gives the same numbers."""

import numpy as np
import pytest
import tensorflow as tf

from tests.legacy.cases import ELSEWHERE, TVNETS

pytest.importorskip("tensorflow_addons", reason=ELSEWHERE)


def test_this_is_the_old_tensorflow():
    assert tf.__version__.startswith("2.15.")


@pytest.mark.parametrize("name", TVNETS)
def test_a_saved_tvnet_layer_gives_the_same_flow(name, ours, handed_over):
    case = ours("layers")
    signature = tf.saved_model.load(str(handed_over / "layers" / name)).signatures["serving_default"]
    flow = signature(clip=tf.constant(case["clip"]))["flow"]
    assert np.abs(case[name]).mean() > 0.1
    np.testing.assert_allclose(flow, case[name], atol=1e-4)


@pytest.mark.parametrize(
    ("signature", "answer"), [("serving_default", "probabilities"), ("flow", "flow")], ids=["classes", "flow"]
)
def test_an_exported_run_gives_the_same_answers(signature, answer, ours, handed_over):
    case = ours("run")
    loaded = tf.saved_model.load(str(handed_over / "run" / "export"))
    # Two versions of TensorFlow round differently: after ten iterations by 1e-5 pixels in one vector of ten thousand.
    np.testing.assert_allclose(
        loaded.signatures[signature](clip=tf.constant(case["clip"]))[answer], case[answer], atol=2e-5
    )
