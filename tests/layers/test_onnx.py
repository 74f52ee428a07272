"""TVNet in ONNX Runtime, which has nothing of TensorFlow's."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.textures import moving_clip
from tvnet_keras import TVNet

pytest.importorskip("tf2onnx", reason="needs tf2onnx (requirements-dev.txt)")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs onnxruntime (requirements-dev.txt)")

CLIP = moving_clip(3, 32, 40, (0.7, 0.4)).astype("float32")


def ways():
    """Options of the layer and how it is written; all but the first are slow."""
    for options in ({}, {"variant": "official"}, {"scales": 2}, {"median": 5, "texture": 0.9}):
        for way in ("keras", "tf2onnx"):
            slow = () if not options and way == "keras" else pytest.mark.slow
            yield pytest.param(options, way, id=f"{options} {way}", marks=slow)


@pytest.mark.parametrize(("options", "way"), list(ways()))
def test_onnx_runtime_gives_the_flow(options, way, tmp_path):
    import tf2onnx

    layer = TVNet(iterations=3, u0_size=(8, 10), **options)
    clip = keras.Input(CLIP.shape[1:])
    model = keras.Model(clip, layer(clip))
    expected, path = model(CLIP), str(tmp_path / "flow.onnx")
    if way == "keras":
        model.export(path, format="onnx", verbose=False)
    else:
        tf2onnx.convert.from_function(tf.function(model), [tf.TensorSpec(CLIP.shape)], output_path=path)
    session = onnxruntime.InferenceSession(path)
    (flow,) = session.run(None, {session.get_inputs()[0].name: CLIP})
    assert np.abs(expected).mean() > 0.1
    np.testing.assert_allclose(flow, expected, atol=1e-4)
