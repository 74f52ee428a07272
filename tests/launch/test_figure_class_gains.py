"""launch.figure --figure=class_gains: two scores files of the same videos as sorted bars."""

import numpy as np
import pytest
from PIL import Image

from launch.figures import class_gains
from tvnet_keras.errors import InputError
from tvnet_keras.scoring.gains import class_gains as gains_of
from tvnet_keras.scoring.gains import gains_picture
from tvnet_keras.scoring.scores import HEADER_KEYS, Scores, load_scores, save_scores

HEADER = dict.fromkeys(HEADER_KEYS, "x") | {"clips": 1, "crops": 1, "seed": 0}


def save(path, labels, answers, names=("run", "walk", "jump")):
    ids = [f"v{number}" for number in range(len(labels))]
    save_scores(path, Scores(ids, np.array(labels), names, np.eye(len(names))[answers], HEADER))
    return str(path)


@pytest.fixture
def files(tmp_path):
    labels = [0, 0, 1, 1, 2]
    return save(tmp_path / "a.npz", labels, [0, 1, 1, 1, 0]), save(tmp_path / "b.npz", labels, [0, 0, 1, 2, 2])


def test_the_figure_is_drawn_of_two_scores_files(here, files, tmp_path):
    inputs = [f"--input=before={files[0]}", f"--input=after={files[1]}"]
    outcome = here("figure", "--figure=class_gains", *inputs, f"--output={tmp_path}/gains.png")
    assert outcome.code == 0, outcome.error
    gains = gains_of(*map(load_scores, files))
    expected = gains_picture(gains, "top-1 60.0 % to 80.0 % of 5 videos")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "gains.png")), expected)


def test_other_videos_are_refused_unless_what_is_common_is_asked_for(files, tmp_path):
    fewer = save(tmp_path / "fewer.npz", [0, 0, 1], [0, 0, 1])
    with pytest.raises(InputError, match="not of the same videos and classes; --input=videos=common takes"):
        class_gains.draw(before=files[0], after=fewer)
    picture = class_gains.draw(before=files[0], after=fewer, videos="common")
    assert picture.shape[0] < class_gains.draw(before=files[0], after=files[1]).shape[0]
    with pytest.raises(InputError, match="--input=videos is 'some'"):
        class_gains.draw(before=files[0], after=fewer, videos="some")
