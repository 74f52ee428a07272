import pytest

from launch import benchmark
from launch.benchmarks import export


@pytest.mark.slow
def test_the_suite_says_what_new_shapes_cost_an_export(monkeypatch, capsys):
    small = {"SHAPES": {"first of all": (1, 2, 16, 20), "length": (1, 4, 16, 20)}, "ITERATIONS": 2, "REPEATS": 2}
    for name, value in small.items():
        monkeypatch.setattr(export, name, value)
    result = export.run("")
    assert [(row["run"], row["new"]) for row in result["rows"]] == [
        (way, new) for way in ("as exported", "in XLA") for new in small["SHAPES"]
    ]
    for row in result["rows"]:
        assert row["first_s"] > 0 < row["next_s"] and row["beyond_s"] == pytest.approx(row["first_s"] - row["next_s"])
    benchmark.print_rows(result["rows"])
    assert "1 x 4 x 16 x 20" in capsys.readouterr().out
