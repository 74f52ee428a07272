"""launch.figure: flows of features and flow of flow, of a generated video whose motion is known."""

import numpy as np
import pytest

from launch.figures import representation_flow as figure
from models.representation_flow import Options, build
from tests.textures import moving_clip
from tvnet_keras.errors import InputError
from tvnet_keras.flow.colour import flow_to_colour
from tvnet_keras.flow.picture import write_video

SIZE = (48, 64)
MOTION = (0.8, -0.5)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("figure") / "moved.avi"
    write_video(path, np.round(255 * moving_clip(9, *SIZE, MOTION)[0]).astype("uint8"), fps=25)
    return str(path)


@pytest.fixture
def run(monkeypatch):
    """Makes `--input=run=any` give a tiny network with the options."""

    def give(frames=4, **options):
        chosen = Options(**{"depth": 10, "width": 8, "bottleneck": 3, **options})
        model = build(num_classes=2, clip_shape=(frames, 32, 32, 3), options=chosen)
        monkeypatch.setattr(figure, "load_run", lambda folder: (None, model, ("a", "b")))
        return model

    return give


def test_the_flow_of_the_frames_themselves_is_their_motion(run, video):
    model = run(place="input", bottleneck=0, iterations=60)
    compute, trained = figure._levels(model, True)
    flow, again = compute(figure._clip(video, 2, 1, model))
    assert flow.shape == (3, 32, 32, 2) and again.shape == (6, 32, 32, 2) and trained == (True, False)
    # Frames of 48 x 64 are shrunk to 32 x 43 and cropped.
    np.testing.assert_allclose(np.median(flow, axis=(0, 1, 2)), np.multiply(MOTION, 2 / 3), atol=0.1)


@pytest.mark.parametrize("flows", ["fof", "fcf"])
def test_flow_of_flow_is_that_of_the_network(run, video, flows):
    model = run(place="input", flows=flows, iterations=3)
    compute, trained = figure._levels(model, True)
    clip = figure._clip(video, 0, 2, model)
    expected = np.asarray(model.flow(model.scaling(model.unit_range(clip[None]))))[0, 0]
    np.testing.assert_allclose(
        np.concatenate(np.moveaxis(compute(clip)[1], 3, 0)), expected.transpose(2, 0, 1), atol=1e-4
    )
    assert trained == (True, True)


def test_every_clip_has_a_row_and_the_headings_tell_what_is_trained(run, video, monkeypatch):
    sheets = []

    class Sheet(figure.Sheet):
        def picture(self, headings):
            sheets.append((self.rows, headings))
            return super().picture(headings)

    monkeypatch.setattr(figure, "Sheet", Sheet)
    monkeypatch.setattr(figure, "UNTRAINED_CLIP", (4, 32, 32, 3))
    model = run(place="block1", flows="flow", iterations=3)
    drawn = figure.draw(video=video, run="any", frame="1", step="1")
    untrained = figure.draw(video=video, frame="1", step="1")
    assert drawn.shape == untrained.shape and drawn.dtype == np.uint8
    (rows, words), (_, untrained_words) = sheets
    assert len(rows) == 1 and len(rows[0]) == 1 + 2 * figure.CHANNELS + 1
    assert set(words.values()) == {"flow, trained", "flow of flow, untrained"}
    assert set(untrained_words.values()) == {"flow, untrained", "flow of flow, untrained"}
    # The first cell of flow: the strongest channel, at its own scale.
    flow = figure._levels(model, True)[0](figure._clip(video, 1, 1, model))[0]
    strongest = flow[np.linalg.norm(flow, axis=-1).mean(axis=(1, 2)).argmax()]
    longest = np.percentile(np.linalg.norm(strongest, axis=-1), 99)
    # Cells of 320 pixels show 8 x 8 vectors.
    np.testing.assert_array_equal(rows[0][1][20:320:40, 20:320:40], flow_to_colour(strongest / longest, 1.0))


def test_wrong_inputs_are_one_sentence(run, video):
    run(place="none")
    with pytest.raises(InputError, match="--input=run=any has no representation flow"):
        figure.draw(video=video, run="any")
    run(place="block1", motion="stored", flow_fields=1)
    with pytest.raises(InputError, match="--input=run=any has no representation flow of frames.*motion=stored"):
        figure.draw(video=video, run="any")
    run(place="input")
    for given in ({"frame": "-1"}, {"step": "0"}, {"frame": "two"}):
        with pytest.raises(InputError, match="must be a whole number of at least"):
            figure.draw(video=video, run="any", **given)
    with pytest.raises(InputError, match=r"has 9 frames .*--input=frame=8 on, 2 apart, ends with frame 14: begin"):
        figure.draw(video=video, run="any", frame="8")


def test_a_3d_network_that_leaves_too_few_steps_for_flow_of_flow_is_refused_in_a_sentence(run, video):
    run(place="block1", backbone="resnet3d_inflated", iterations=2)
    said = "resnet3d_inflated leaves 2 of its 4 frames at place=block1, and flow of flow needs 3; give a run with more"
    with pytest.raises(InputError, match=said):
        figure.draw(video=video, run="any")
    run(place="block1", backbone="resnet3d_inflated", iterations=2, frames=6)
    assert figure.draw(video=video, run="any", frame="0", step="1").ndim == 3


def test_the_same_command_draws_the_same_picture(launcher, video, tmp_path):
    flags = ["--figure=representation_flow", f"--input=video={video}", "--input=frame=0", "--input=step=1"]
    for name in ("first", "second"):
        assert launcher("figure", *flags, f"--output={tmp_path / name}.png").code == 0
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
