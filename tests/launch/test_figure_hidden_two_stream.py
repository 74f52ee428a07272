"""launch.figure --figure=hidden_two_stream: x and y motion of TV-L1 and of MotionNets in grey, on one scale a row."""

import numpy as np
import pytest

from launch.figures import hidden_two_stream as figure
from launch.flow_report.pictures import CAPTION_HEIGHT, CELL_WIDTH, Sheet
from launch.run.config import new_config
from launch.run.model import build_model
from tests.textures import moving_clip
from tvnet_keras.errors import InputError
from tvnet_keras.flow.picture import GAP, write_video

MOTION = (1.5, -1.0)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("figure") / "v_Surfing_g01_c01.avi"
    write_video(path, np.round(255 * moving_clip(6, 64, 96, MOTION)[0]).astype("uint8"), fps=25)
    return str(path)


@pytest.fixture
def runs(monkeypatch):
    """Runs of tiny networks by their folders; the MotionNets answer with a flow that their folder's name says."""

    def load(folder):
        method = folder.parts[0]
        options = {"motion_net": {"width": 2, "flow_fields": 2}, "tvnet": {"iterations": 2}}.get(method)
        options = options or {"motion_width": 2, "flow_fields": 3, "backbone": "small"}
        config = new_config(method, "ucf101", model=options, data={"height": 64, "width": 64})
        model = build_model(config, 3)
        if method != "tvnet":
            convolution = model.motion.decoder._layer("flow", 2)
            convolution.kernel.assign(np.zeros(convolution.kernel.shape))
            flow = np.float32([float(word) for word in folder.name.split("_")]) / 20
            convolution.bias.assign(np.tile(flow, model.motion.frames - 1))
        return config, model, ("a", "b", "c")

    monkeypatch.setattr(figure, "load_run", load)


def cells_of(picture, count):
    """The columns of a sheet."""
    assert picture.shape[1] == GAP + count * (CELL_WIDTH + GAP)
    return [picture[:, GAP + k * (CELL_WIDTH + GAP) :][:, :CELL_WIDTH] for k in range(count)]


def test_every_flow_has_a_cell_of_x_and_one_of_y_on_the_scale_of_its_row(runs, clip):
    picture = figure.draw(runs="motion_net/1.5_-1,hidden_two_stream/0_3", videos=f"{clip},{clip}", frame="1")
    cells = cells_of(picture, 7)
    # In the middle of the first row's picture; captions and borders are elsewhere.
    middle = [cell[120:240, 100:220].astype(float).mean() for cell in cells]
    bound = 3.0  # that of the longest flow, which is the same everywhere
    expected = [127.5 * (1 + value / bound) for value in (*MOTION, *MOTION, 0, 3)]
    np.testing.assert_allclose(middle[3:], expected[2:], atol=1)
    # TV-L1 is measured, not set.
    np.testing.assert_allclose(middle[1:3], expected[:2], atol=15)
    for cell in cells[1:]:
        assert (cell[120:240, 100:220].std(axis=-1) == 0).all(), "grey"
    # The second row is of the same clip.
    row = CELL_WIDTH + CAPTION_HEIGHT + GAP
    np.testing.assert_array_equal(picture[-row:], picture[-2 * row : -row])


def test_a_row_is_scaled_by_its_longest_flow_and_shows_both_frames_in_one():
    sheet, captions = Sheet([figure.FRAMES, "a, x", "a, y", "b, x", "b, y"]), []
    inner = sheet.add_pictures
    sheet.add_pictures = lambda pictures, words: (captions.append((pictures, words)), inner(pictures, words))[1]
    pair = np.stack([np.full((8, 8, 3), 100, np.uint8), np.full((8, 8, 3), 201, np.uint8)])
    flow = np.zeros((8, 8, 2), np.float32)
    figure.add_row(sheet, "clip", pair, {"a": flow + (3.0, 0.0), "b": flow + (0.0, -4.0)})
    ((pictures, words),) = captions
    bounds = dict.fromkeys(sheet.titles[1:], "black -4.0 px, white +4.0 px")
    assert words == {figure.FRAMES: "clip", **bounds}
    values = {title: np.unique(picture).tolist() for title, picture in pictures.items()}
    assert values == {figure.FRAMES: [150], "a, x": [223], "a, y": [128], "b, x": [128], "b, y": [0]}


def test_a_motion_net_sees_a_whole_stack_from_the_first_frame_on(runs, clip, monkeypatch):
    seen = []
    inner = figure._first_step
    monkeypatch.setattr(figure, "_first_step", lambda layer, frames: (seen.append(frames), inner(layer, frames))[1])
    titles = []
    monkeypatch.setattr(figure, "Sheet", lambda names: (titles.extend(names), Sheet(names))[1])
    figure.draw(runs="motion_net/0_1,hidden_two_stream/0_1", videos=clip, frame="2", solver="dis")
    # Of three and of four frames; what a network does not take is cut off.
    assert [len(frames) for frames in seen] == [4, 4]
    # Folders of one name have their whole paths.
    runs_of = ("dis", "motion_net/0_1", "hidden_two_stream/0_1")
    assert titles == [figure.FRAMES, *(f"{name}, {axis}" for name in runs_of for axis in "xy")]


def test_what_cannot_be_drawn_is_one_sentence(runs, clip):
    with pytest.raises(InputError, match="--input=runs=tvnet/0_0 has no MotionNet: its method is tvnet"):
        figure.draw(runs="tvnet/0_0", videos=clip)
    with pytest.raises(InputError, match="frame=first must be a whole number of at least 0"):
        figure.draw(runs="motion_net/0_0", videos=clip, frame="first")
    with pytest.raises(InputError, match="has 6 frames .* ends with frame 6"):
        figure.draw(runs="motion_net/0_0", videos=clip, frame="4")


def test_the_command_draws_of_finished_runs_alone(here, clip, tmp_path):
    flags = ("--figure=hidden_two_stream", f"--input=videos={clip}", f"--output={tmp_path}/figure.png")
    assert "--input=runs=... is required" in here("figure", *flags).sentence()
    outcome = here("figure", *flags, f"--input=runs={tmp_path}/none")
    assert str(tmp_path / "none") in outcome.sentence()
    assert not (tmp_path / "figure.png").exists()
