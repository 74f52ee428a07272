"""Flow of flow is representation flow layers one upon the other, and sees one more frame for each."""

import keras
import numpy as np
import pytest

from tests.convolutions import same_padded
from tests.examples import LayerExample
from tests.textures import moving_clip
from tvnet_keras import FlowOfFlow, RepresentationFlow

EXAMPLE = LayerExample(lambda: FlowOfFlow(2, True, 2, 2, learn=("divergence",)), (2, 4, 9, 11, 3))
CLIP = moving_clip(4, 10, 12, (0.7, -0.4))


@pytest.mark.parametrize(
    ("flows", "convolve", "kinds"),
    [
        (2, False, ["flow_1", "flow_2"]),
        (2, True, ["flow_1", "convolution_1", "flow_2"]),
        (3, True, ["flow_1", "convolution_1", "flow_2", "convolution_2", "flow_3"]),
    ],
    ids=["FoF", "FcF", "FcFcF"],
)
def test_the_papers_arrangements(flows, convolve, kinds):
    layer = FlowOfFlow(flows, convolve, bottleneck=2, iterations=3)
    output = layer(CLIP)
    assert [inner.name for inner in layer.sequence] == kinds
    assert layer.frames_consumed == flows
    assert tuple(output.shape) == layer.compute_output_shape(CLIP.shape) == (1, 4 - flows, 10, 12, 3)
    np.testing.assert_allclose(output, by_hand(layer, CLIP, flows), atol=1e-4)


def by_hand(layer, values, flows):
    """Layers of one's own with the weights of the layer inside, one upon the other."""
    for inner in layer.sequence:
        weights = inner.get_weights()
        if inner.name.startswith("convolution"):
            values = same_padded(values, weights[0])
            continue
        last = {"output": "features", "filters": 3} if inner.name == f"flow_{flows}" else {"output": "flow"}
        flow = RepresentationFlow(2, 3, **last)
        flow.build(values.shape)
        flow.set_weights(weights)
        values = keras.ops.convert_to_numpy(flow(values))
    return values


def test_without_convolution_the_second_flow_is_that_of_the_first():
    first, second = (RepresentationFlow(None, 4, output="flow") for _ in range(2))
    layer = FlowOfFlow(2, False, None, 4, output="flow")
    output = layer(CLIP)
    assert tuple(output.shape) == layer.compute_output_shape(CLIP.shape) == (1, 2, 10, 12, 12)
    np.testing.assert_array_equal(output, second(first(CLIP)))


def test_weights_are_those_of_the_released_network():
    # 1 x 1, flow, 3 x 3, 1 x 1, flow, 3 x 3, all convolutions without bias; 512 kernel taps per released flow layer.
    layer = FlowOfFlow(2, True, 32, 10, variant="released_v1")
    layer.build((None, 4, 28, 28, 128))
    flow = 32 * (2 * 3 + 2 * 2 + 2 * 2) + 3
    assert layer.count_params() == 128 * 32 + flow + 9 * 64 * 64 + 64 * 32 + flow + 9 * 64 * 128


def test_output_t_sees_its_own_frames_only():
    layer = FlowOfFlow(2, True, None, 5, normalize=False)
    clip = 255 * moving_clip(5, 10, 12, (0.7, -0.4))
    output = np.asarray(layer(clip))
    for changed in range(5):
        other = clip.copy()
        other[:, changed] = other[:, changed, ::-1]
        difference = np.abs(np.asarray(layer(other)) - output).max(axis=(0, 2, 3, 4))
        for t in range(3):
            assert difference[t] > 1e-3 if t <= changed <= t + 2 else difference[t] == 0


@pytest.mark.parametrize("flows", [2, 3])
def test_too_short_a_clip_is_refused(flows):
    layer = FlowOfFlow(flows, bottleneck=2, iterations=2)
    with pytest.raises(ValueError, match=f"{flows} flows.* at least {flows + 1} frames.*{flows}, 10, 12, 3"):
        layer(CLIP[:, :flows])
    layer(CLIP)
    with pytest.raises(ValueError, match=f"at least {flows + 1} frames"):
        layer(CLIP[:, :flows])


@pytest.mark.parametrize(("arguments", "message"), [({"flows": 1}, "flows=1"), ({"iterations": 0}, "iterations=0")])
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        FlowOfFlow(**arguments)
