"""launch.figure: TVNet's figure of a generated pair and video, with weights as launch.reproduce writes them."""

import cv2
import keras
import numpy as np
import pytest
from PIL import Image

from launch.figures import tvnet_preset
from tests.made_preset import make_preset
from tests.textures import moving_clip
from tvnet_keras import TVNet
from tvnet_keras.flow.io import write_flo
from tvnet_keras.flow.picture import write_video

SIZE = (96, 128)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A pair in Middlebury's layout, a video in UCF101's, and the weights of a network that nobody trained."""
    root = tmp_path_factory.mktemp("figure")
    frames = np.round(255 * moving_clip(4, *SIZE, (1.2, -0.6))[0]).astype("uint8")
    pair = root / "middlebury/other-data/Moved"
    pair.mkdir(parents=True)
    for number, frame in zip((10, 11), frames, strict=False):
        cv2.imwrite(str(pair / f"frame{number}.png"), frame[..., ::-1])
    write_flo(root / "middlebury/other-gt-flow/Moved/flow10.flo", np.full((*SIZE, 2), (1.2, -0.6), "float32"))
    write_video(root / "Surfing/v_Surfing_g01_c01.avi", frames, fps=25)
    layer = TVNet(1, 1, 4, variant="official", u0_size=(12, 16))
    layer.build((None, 2, *SIZE, 3))
    clip = keras.Input((2, None, None, 3), dtype="uint8")
    keras.Model(clip, layer(clip)).save_weights(root / "tvnet.weights.h5")
    given = {"middlebury": root / "middlebury", "video": root / "Surfing/v_Surfing_g01_c01.avi", "pair": "Moved"}
    return {**given, "weights": root / "tvnet.weights.h5", "frame": "1", "solver": "tvnet-1-1-4"}


def flags_of(inputs):
    return [f"--input={name}={value}" for name, value in inputs.items()]


@pytest.mark.slow
def test_the_figure_has_a_row_per_source_and_weights_decide_what_trained_shows(launcher, inputs, tmp_path):
    outcome = launcher("figure", "--figure=tvnet", *flags_of(inputs), f"--output={tmp_path}/figure.png")
    assert outcome.code == 0, outcome.error
    picture = np.asarray(Image.open(tmp_path / "figure.png"))
    assert picture.shape[1] > 5 * 320 and picture.shape[0] > 2 * 240
    cells = np.split(picture[:, 4:], np.arange(1, 5) * 324, axis=1)
    body = np.s_[40:-30, :310]
    np.testing.assert_array_equal(cells[3][body], cells[4][body])
    assert np.any(cells[2][body] != cells[3][body])


def test_wrong_inputs_are_one_sentence(launcher, inputs, tmp_path):
    def sentence(**changed):
        given = {name: value for name, value in {**inputs, **changed}.items() if value}
        return launcher("figure", *flags_of(given), f"--output={tmp_path}/figure.png").sentence()

    assert "--input=weights=... is required" in sentence(weights=None)
    assert "Did you mean 'video'" in sentence(vdeo="clip.avi")
    assert "--input=frame=3 must be from 0 to 2" in sentence(frame="3")
    assert "networks of the form tvnet-1-1-5" in sentence(solver="tvnet-1-1-5")
    assert not (tmp_path / "figure.png").exists()


def test_a_preset_is_shown_beside_the_untrained_network_of_its_numbers(inputs, tmp_path, monkeypatch):
    untouched = TVNet(1, 1, 4, learn=(), u0_size=(1, 1))
    untouched.build((None, 2, None, None, 3))
    given = {"middlebury": str(inputs["middlebury"]), "video": str(inputs["video"]), "pairs": "Moved", "frame": "1"}
    make_preset(tmp_path, monkeypatch, "tvnet-1-1-4-untouched", untouched)
    picture = tvnet_preset.draw(preset="tvnet-1-1-4-untouched", **given)
    cells = np.split(picture[:, 4:], np.arange(1, 5) * 324, axis=1)
    body = np.s_[40:-30, :310]
    np.testing.assert_array_equal(cells[3][body], cells[4][body])
    untouched.kernels.assign(1.2 * untouched.kernels)
    make_preset(tmp_path / "other", monkeypatch, "tvnet-1-1-4-touched", untouched)
    changed = tvnet_preset.draw(preset="tvnet-1-1-4-touched", **given)[:, 4:]
    assert np.any(np.split(changed, np.arange(1, 5) * 324, axis=1)[4][body] != cells[4][body])
