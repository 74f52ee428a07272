"""launch.figure --figure=representation_flow_frames: flow of frames beside TV-L1, of videos whose motion is known."""

import numpy as np
import pytest
from PIL import Image

from launch.figures import representation_flow_frames as figure
from models.representation_flow import Options, build
from tests.textures import moving_clip
from tvnet_keras.errors import InputError
from tvnet_keras.flow.picture import write_video

SIZE = (64, 80)
MOTION = (0.8, -0.5)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("figure") / "moved.avi"
    write_video(path, np.round(255 * moving_clip(7, *SIZE, MOTION)[0]).astype("uint8"), fps=25)
    return str(path)


@pytest.fixture
def run(monkeypatch):
    """Makes `--input=run=any` give a tiny network with the options."""

    def give(**options):
        chosen = Options(depth=10, width=8, bottleneck=0, iterations=60, **options)
        model = build(num_classes=2, clip_shape=(4, 32, 32, 3), options=chosen)
        monkeypatch.setattr(figure, "load_run", lambda folder: (None, model, ("a", "b")))

    return give


def clip_of(motion):
    return np.round(255 * moving_clip(3, *SIZE, motion)[0]).astype("uint8")


@pytest.mark.parametrize("trained", [False, True])
def test_the_layer_and_tvl1_see_the_motion_of_the_frames(run, trained):
    run(place="input")
    flows = figure.flows_of(clip_of(MOTION), figure._layer("any" if trained else ""))
    assert list(flows) == [figure.TVL1, figure.OURS, *figure.AGAIN]
    for name in (figure.TVL1, figure.OURS):
        assert flows[name].shape == (*SIZE, 2)
        np.testing.assert_allclose(np.median(flows[name], axis=(0, 1)), MOTION, atol=0.1)


def test_tvl1_of_flow_follows_what_moves_in_a_picture_of_it():
    # A textured square moves over a still ground: in the picture of x motion there is a square, which moves as far.
    ground = clip_of((0.0, 0.0))[0]
    square = clip_of((0.0, 0.0))[1][16:48, 16:48].transpose(1, 0, 2)
    clip = np.stack([ground] * 3)
    for k in range(3):
        clip[k, 16:48, 16 + 2 * k : 48 + 2 * k] = square
    flows = figure.flows_of(clip, figure._layer(""))
    edge = flows[figure.AGAIN[0]][24:40, 44:52, 0]
    assert np.median(flows[figure.TVL1][24:40, 24:40, 0]) == pytest.approx(2, abs=0.2)
    assert np.median(edge) == pytest.approx(2, abs=0.7)


def test_the_command_draws_a_row_for_every_clip(here, video, tmp_path):
    flags = (f"--input=video={video},{video}", "--input=frame=1", "--input=step=2", f"--output={tmp_path}/figure.png")
    outcome = here("figure", "--figure=representation_flow_frames", *flags)
    assert outcome.code == 0, outcome.error
    assert np.asarray(Image.open(tmp_path / "figure.png")).shape[1] >= 6 * 320


def test_wrong_inputs_are_one_sentence(run, video):
    run(place="block1")
    with pytest.raises(InputError, match="--input=run=any computes no representation flow of frames"):
        figure.draw(video=video, run="any")
    for given in ({"frame": "-1"}, {"step": "0"}):
        with pytest.raises(InputError, match="must be a whole number of at least"):
            figure.draw(video=video, **given)
    with pytest.raises(InputError, match=r"moved.avi has 7 frames .*--input=frame=5 on, 2 apart, ends with frame 9"):
        figure.draw(video=video, frame="5")
    with pytest.raises(InputError, match="missing.avi"):
        figure.draw(video="missing.avi")


@pytest.mark.parametrize("flows", ["fof", "fcf"])
def test_of_flow_of_flow_the_flow_that_follows_the_frames_is_shown(run, flows):
    run(place="input", flows=flows)
    flow = figure._layer("any")(clip_of(MOTION))
    assert flow.shape == (*SIZE, 2)
    np.testing.assert_allclose(np.median(flow, axis=(0, 1)), MOTION, atol=0.1)


def test_a_network_of_stored_flow_has_no_flow_of_frames_to_show(run, video):
    run(place="input", motion="stored", flow_fields=1)
    with pytest.raises(InputError, match="--input=run=any computes no representation flow of frames"):
        figure.draw(video=video, run="any")
