import pytest

from launch import benchmark
from launch.benchmarks import action_flow_net


@pytest.mark.slow
def test_the_suite_times_every_path_in_both_batches(monkeypatch, capsys):
    for name, value in {"SIZE": 32, "CLASSES": 3, "BATCHES": (1, 2)}.items():
        monkeypatch.setattr(action_flow_net, name, value)
    result = action_flow_net.run("")
    names = ("action path", "action and flow", "stacked", "classifier of flow", "TV-L1 + classifier")
    assert {(row["computed"], row["batch"]) for row in result["rows"]} >= {(name, k) for name in names for k in (1, 2)}
    for row in result["rows"]:
        assert row["lowest"] <= row["ms_per_pair"] <= row["highest"]
        assert (row["computed"] == "action path") <= (row["to_action"] == 1)
    benchmark.print_rows(result["rows"])
    assert "action and flow" in capsys.readouterr().out
