"""launch.figure --figure=tvnet_action: the flow of a trained classifier's TVNet, and of one without training."""

import numpy as np
import pytest

from launch.figures import tvnet_action
from launch.run.config import new_config
from launch.run.model import build_model
from tests.textures import moving_clip
from tvnet_keras.errors import InputError
from tvnet_keras.flow.picture import write_video


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("action") / "v_Surfing_g01_c01.avi"
    frames = np.round(255 * moving_clip(4, 96, 128, (1.2, -0.6))[0]).astype("uint8")
    write_video(path, frames, fps=25)
    return str(path)


def a_run(method, **options):
    """What `load_run` gives of a run whose kernels have moved."""
    config = new_config(method, "ucf101", model=options, data={"height": 48, "width": 48})
    model = build_model(config, 3)
    if method == "tvnet":
        kernels = model.motion.kernels
        kernels.assign(kernels * 1.2)
    return lambda folder: (config, model, ("a", "b", "c"))


def test_trained_and_untrained_flow_stand_side_by_side(clip, monkeypatch):
    monkeypatch.setattr(tvnet_action, "load_run", a_run("tvnet", iterations=3))
    picture = tvnet_action.draw(run="any", videos=f"{clip},{clip}", frame="1")
    cells = np.split(picture[:, 4:], np.arange(1, 4) * 324, axis=1)
    assert len(cells) == 4 and picture.shape[0] > 2 * 320
    body = np.s_[40:300, :310]
    assert np.any(cells[2][body] != cells[3][body])


def test_what_cannot_be_drawn_is_one_sentence(clip, monkeypatch):
    monkeypatch.setattr(tvnet_action, "load_run", a_run("rgb"))
    with pytest.raises(InputError, match="has no TVNet: its method is rgb"):
        tvnet_action.draw(run="any", videos=clip)
    monkeypatch.setattr(tvnet_action, "load_run", a_run("tvnet", iterations=3))
    with pytest.raises(InputError, match="frame=first must be a whole number"):
        tvnet_action.draw(run="any", videos=clip, frame="first")
