"""launch.figure --figure=training_curves: numbers along trainings."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from launch.figures import training_curves as figure
from launch.run.logged import logged_numbers
from launch.run.run_folder import LOGS_DIR
from tvnet_keras.errors import InputError

EPE, LOSS = "validation/validation_epe", "train/loss"


@pytest.fixture
def run(tmp_path):
    """Writes the logs of a run and gives its folder."""

    def write(name, numbers, logs=LOGS_DIR):
        folder = tmp_path / name
        with tf.summary.create_file_writer(str(folder / logs)).as_default():
            tf.summary.text("configuration", "a table", step=0)
            tf.summary.histogram("weights", [1.0, 2.0], step=0)
            for tag, points in numbers.items():
                for step, value in points:
                    tf.summary.scalar(tag, value, step=step)
        return str(folder)

    return write


def curves_of(drawn):
    return {
        axes.get_title(): {line.get_label(): line.get_xydata().tolist() for line in axes.lines} for axes in drawn.axes
    }


def test_numbers_come_back_as_they_were_logged_and_texts_do_not(run):
    folder = run("one", {EPE: [(500, 2.5), (1000, 1.5)], LOSS: [(k, float(k)) for k in range(0, 4000, 3)]})
    found = logged_numbers(figure.Path(folder))
    assert found == {EPE: {500: 2.5, 1000: 1.5}, LOSS: {k: float(k) for k in range(0, 4000, 3)}}


def test_a_step_that_was_gone_over_again_counts_once(run):
    assert logged_numbers(figure.Path(run("one", {LOSS: [(1, 3.0), (2, 4.0), (2, 5.0)]})))[LOSS] == {1: 3, 2: 5}


def test_a_folder_without_logs_has_no_numbers(tmp_path):
    assert logged_numbers(tmp_path) == {}


def test_every_number_is_a_panel_and_every_run_that_has_it_a_curve(run):
    one = run("a/seed0", {EPE: [(1, 2.0), (2, 1.0)], LOSS: [(1, 7.0)]})
    other = run("b/seed0", {EPE: [(1, 3.0), (2, float("nan")), (3, 2.5)]})
    assert curves_of(figure.plot(figure.read_curves([one, other]))) == {
        "epe": {"a/seed0": [[1, 2], [2, 1]], "b/seed0": [[1, 3], [3, 2.5]]}
    }
    assert curves_of(figure.plot(figure.read_curves([one, other], [LOSS, EPE]), "log")).keys() == {LOSS, "epe"}
    assert curves_of(figure.plot(figure.read_curves([one], [LOSS]))) == {LOSS: {"seed0": [[1, 7]]}}


def test_the_command_draws_what_a_training_logged(here, run, tmp_path):
    runs = run("a", {EPE: [(1, 2.0), (2, 1.0)]})
    flags = (f"--input=runs={runs}", "--input=scale=log", f"--output={tmp_path}/figure.png")
    outcome = here("figure", "--figure=training_curves", *flags)
    assert outcome.code == 0, outcome.error
    assert np.asarray(Image.open(tmp_path / "figure.png")).shape == (320, 450, 3)


@pytest.mark.parametrize(
    ("numbers", "asked", "said"),
    [
        ({}, {}, "has no logged numbers; name the folder of a run of launch.train"),
        ({LOSS: [(1, 2.0)]}, {}, "were not validated; give --input=numbers"),
        ({LOSS: [(1, 2.0)]}, {"numbers": EPE}, f"{EPE} is in none of the runs. They have: {LOSS}"),
        ({LOSS: [(1, 2.0)]}, {"scale": "cubic"}, "--input=scale is 'cubic', which is not one of linear, log"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(run, one_sentence, numbers, asked, said):
    with pytest.raises(InputError) as error:
        figure.draw(runs=run("a", numbers), **asked)
    assert said in one_sentence(str(error.value))
