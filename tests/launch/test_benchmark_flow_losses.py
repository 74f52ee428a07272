"""The balance of the terms: which of them depend on the batch, and that a good flow lowers them."""

import pytest

from launch.benchmarks import flow_losses
from tests.textures import moving_clip
from tvnet_keras.errors import InputError
from tvnet_keras.flow.picture import write_video


@pytest.fixture
def small(monkeypatch):
    for name, value in {"VIDEOS": 2, "BATCHES": (1, 2), "FRAMES": 3, "HEIGHT": 72, "WIDTH": 80, "SIZE": 64}.items():
        monkeypatch.setattr(flow_losses, name, value)
    monkeypatch.setattr(flow_losses, "LEVELS", (32, 16, 8, 4, 2))


def test_only_the_released_means_are_divided_by_the_batch(small, tmp_path):
    for number in range(3):
        clip = moving_clip(3, 72, 80, (1.5, 0.5 * number))
        write_video(tmp_path / f"inner/{number}.avi", (255 * clip[0]).astype("uint8"), fps=10)
    rows = {(row["flow"], row["normalisation"], row["batch"]): row for row in flow_losses.run(str(tmp_path))["rows"]}
    assert len(rows) == 8
    for flow in ("none", "dis"):
        one, two = (rows[flow, "paper", batch] for batch in (1, 2))
        assert two["pixel"] == pytest.approx(one["pixel"]) and two["ssim"] == pytest.approx(one["ssim"])
        one, two = (rows[flow, "released", batch] for batch in (1, 2))
        assert two["pixel"] == pytest.approx(one["pixel"] / 2, rel=0.1) and two["ssim"] == pytest.approx(one["ssim"])
    for rule in ("paper", "released"):
        assert rows["dis", rule, 2]["pixel"] < 0.7 * rows["none", rule, 2]["pixel"]


def test_too_few_videos_are_one_sentence(small, tmp_path):
    with pytest.raises(InputError, match="has 0 videos .* but 2 are needed"):
        flow_losses.run(str(tmp_path))
