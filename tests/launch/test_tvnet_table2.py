"""TVNet's Table 2 on a tiny video: what its command writes, and what each of its numbers is."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from launch.benchmarks.parts import classical, rounds
from launch.tables.tvnet import table2
from launch.tables.tvnet.table2 import cells
from tests import oracle
from tvnet_keras.errors import InputError
from tvnet_keras.flow import codec
from tvnet_keras.flow.solvers import make_solver
from tvnet_keras.scoring.result import load_results
from tvnet_keras.video.read import read_frames

FIELDS_OF_UCF101 = 2_486_290 - 13_320
FLOW = (1.5, -0.5)


@pytest.fixture(scope="module")
def frames(ucf101):
    return read_frames(next(ucf101.glob("UCF-101/*/*.avi")))


def cell_of(row):
    return next(cell for cell in cells() if cell.row == row)


@pytest.fixture
def in_known_time(monkeypatch):
    """Every solver takes 50 ms and finds `FLOW`, by a clock that only solvers move."""
    now = SimpleNamespace(seconds=0.0)

    def takes(seconds, answer):
        now.seconds += seconds
        return answer

    found = np.float32(FLOW)
    monkeypatch.setattr(rounds, "time", SimpleNamespace(perf_counter=lambda: now.seconds))
    monkeypatch.setattr(classical, "yardstick", lambda pair: lambda: takes(0.1, None))
    monkeypatch.setattr(
        table2.solvers,
        "make_solver",
        lambda name: lambda pair: takes(0.05, np.broadcast_to(found, (*pair.shape[1:3], 2))),
    )


def test_the_numbers_of_a_row_are_what_they_say(ucf101, frames, in_known_time, tmp_path, capsys):
    measured = cell_of("dis-fast").run(str(ucf101), 0, tmp_path)
    field = np.broadcast_to(np.float32(FLOW), (32, 32, 2))
    pairs = [frames[k : k + 2] for k in range(7)]
    expected = {
        "photometric": np.mean([oracle.photometric_residual(pair, field) for pair in pairs]),
        "photometric_zero": np.mean([oracle.photometric_residual(pair, 0 * field) for pair in pairs]),
        "fps": 20.0,
        "ms_per_pair": 50.0,
        "lowest": 50.0,
        "highest": 50.0,
        "yardstick_ms": 100.0,
        "trainable": 0,
        "parameters": 0,
        "kernels": 0,
        "float_bytes": 32 * 32 * 2 * 4,
        "ucf101_float_gb": 32 * 32 * 2 * 4 * FIELDS_OF_UCF101 / 1e9,
    }
    for form in ("png", "jpg"):
        size = len(codec.encode(field, form=form))
        expected |= {f"{form}_bytes": size, f"ucf101_{form}_gb": size * FIELDS_OF_UCF101 / 1e9}
    assert measured.numbers == pytest.approx(expected, rel=1e-5)
    protocol = measured.protocol
    assert (protocol["frames"], protocol["pairs"], protocol["size"], protocol["passes"]) == (8, 7, [32, 32], 5)
    assert protocol["stored"]["ucf101"]["frames"] - protocol["stored"]["ucf101"]["videos"] == FIELDS_OF_UCF101
    assert "took 100.0 ms" in capsys.readouterr().out


def test_a_field_of_ucf101_as_floats_costs_what_the_page_says():
    gigabytes = 240 * 320 * 2 * 4 * FIELDS_OF_UCF101 / 1e9
    assert f"{gigabytes:.0f} GB" in table2.__doc__


@pytest.mark.parametrize(
    ("row", "u0", "kernels"),
    [
        ("tvnet-1-1-50", 240 * 320 * 2, 50 * 8 * 2),
        ("tvnet-1-1-50.official", 240 * 320 * 2, 50 * 8 * 2),
        ("tvnet-5-5-50", 15 * 20 * 2, 5 * 5 * 50 * 8 * 2),
    ],
)
def test_parameters_are_counted_in_the_layer(row, u0, kernels):
    counts = table2._counts(cell_of(row).network, (240, 320))
    assert counts == {"kernels": kernels, "trainable": u0 + kernels, "parameters": u0 + kernels + 3}


def test_pairs_in_batches_have_the_flow_of_pairs_alone(frames):
    # Ten steps and four.
    clip = np.concatenate([frames, frames[-2::-1]])
    alone, together = (
        list(make()(clip)) for make in (lambda: table2._pair_by_pair("tvnet-1-1-50"), table2._in_batches)
    )
    assert len(alone) == len(together) == 14
    np.testing.assert_allclose(together, alone, atol=1e-3)


def test_every_row_has_the_numbers_of_the_paper():
    numbers = {
        cell.row: (cell.paper, *(column.paper for column in cell.columns if column.paper is not None))
        for cell in cells()
        if cell.paper is not None
    }
    assert numbers == {
        "dis-fast": (1.29, 9.23),
        "deepflow": (1.33, 0.69),
        "flownet2": (1.32, 4.53, 1e5),
        "tvl1-5-5-50": (0.86, 6.67),
        "tvnet-1-1-50": (0.93, 12, 1e2),
    }
    assert [cell.row for cell in cells() if cell.run is None] == ["flownet2"]
    for cell in cells():
        if "solver" in cell.config:
            make_solver(cell.config["solver"])


def test_the_command_writes_results_and_a_page_with_the_columns(launcher, ucf101, tmp_path):
    root = tmp_path / "results"
    folders = (f"--data_dir={ucf101}", f"--results_dir={root}", f"--weights_dir={tmp_path / 'weights'}")
    outcome = launcher("reproduce", "--table=tvnet_table2", "--rows=dis-*fast", *folders)
    assert outcome.code == 0, outcome.error
    found = {result.row: result for result in load_results(root)}
    assert set(found) == {"dis-ultrafast", "dis-fast"}
    result = found["dis-fast"]
    assert result.protocol["video"] == "v_ApplyEyeMakeup_g01_c01" and result.config == {"solver": "dis-fast"}
    text = (tmp_path / "tables/tvnet.md").read_text()
    headings = "| frames/s, paper | frames/s | trainable | parameters, paper | parameters | kernels | JPEG bytes |"
    assert headings in text
    line = next(line for line in text.splitlines() if line.startswith("| dis-fast |"))
    assert line.startswith(f"| dis-fast | 1.29 | {result.number('photometric'):.3f} |")
    assert f"| 9.23 | {result.number('fps'):.2f} | 0 |  | 0 | 0 | {result.number('jpg_bytes'):,.0f} |" in line
    assert "| flownet2 | 1.32 |  |  |  | 0 | 4.53 |  |  | 100,000 |" in text


def test_a_folder_without_the_video_is_refused_in_a_sentence(ucf101, tmp_path):
    for name in ("classInd.txt", "testlist01.txt"):
        shutil.copy(ucf101 / name, tmp_path)
    (tmp_path / "UCF-101/ApplyEyeMakeup").mkdir(parents=True)
    with pytest.raises(InputError, match="lacks the video v_ApplyEyeMakeup_g01_c01 of UCF101; put it"):
        cell_of("dis-fast").run(str(tmp_path), 0, tmp_path)
