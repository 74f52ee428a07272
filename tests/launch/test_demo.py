import json

import pytest

from launch.demo import demo, stages


def test_every_stage_is_a_launcher_and_methods_share_their_budget(tmp_path):
    commands = stages(tmp_path, (2, 1), ["--config.train.steps=3"])
    assert all(command[0].startswith("launch.") for command in commands.values())
    trainings = [command for name, command in commands.items() if name.startswith("train")]
    assert len(trainings) == 4
    assert all("--config.train.steps=3" in command for command in trainings)
    # The twin is trained by the very command of the RGB baseline, but for its data and folder.
    own = {f"--config.data.root={tmp_path / 'data/look'}", f"--output_dir={tmp_path / 'rgb_look'}"}
    assert set(commands["train rgb on twin"]) - set(commands["train rgb"]) == own


@pytest.mark.slow
def test_a_small_demo_leaves_its_summary_pictures_and_export(tmp_path):
    folder = tmp_path / "demo"
    demo(folder, (6, 2), ["--config.train.steps=20"])
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["rgb"]["top1"] == pytest.approx(1 / 12, abs=0.1)
    assert summary["tvnet"]["top1"] > 2 / 12
    for run in ("flow", "tvnet"):
        # Learning shows on clips that were held back, by more than a twentieth after a tenth of the steps.
        assert summary[run]["epe"] < 0.95 * summary[run]["epe_untrained"] < 0.5 * summary[run]["epe_zero"]
    assert summary["tvnet"]["videos"] == 24
    assert {"generate", "train tvnet", "export", "total"} <= set(summary["seconds"])
    assert (folder / "flow.png").is_file()
    assert (folder / "export/saved_model.pb").is_file()
    assert list((folder / "flow_videos").glob("*.gif"))
