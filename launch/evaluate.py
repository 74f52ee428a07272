"""Measures a trained run on test data: accuracies, end-point errors and residuals, with their whole protocol.

python -m launch.evaluate --run=runs/tvnet
python -m launch.evaluate --run=runs/tvnet --config.eval.clips=25 --config.data.test_crop=center --config.eval.crops=10
python -m launch.evaluate --run=runs/flow --config.data.dataset=sintel --config.data.root=sintel
"""

import dataclasses
import json
from pathlib import Path

from absl import flags

from launch import evaluators
from launch.evaluators import Measurement, flow
from launch.flow_report.pictures import write_picture
from launch.run import app, config_flags, environment, run_folder
from launch.run.config import Config, to_dict
from launch.run.data import Source, list_source
from launch.run.model import build_model, load_run
from launch.run.model_outputs import output_names
from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.layers.motion_layer import solver_versions
from tvnet_keras.one_writer import only_writer
from tvnet_keras.scoring import report
from tvnet_keras.scoring.result import Result, save_result
from tvnet_keras.scoring.scores import save_scores

RESULTS_DIR = Path("docs/results")

SHOWN_AT_MOST = 3
"""Largest number of entries of a list that are printed; `metrics.json` has them all."""

RUN = flags.DEFINE_string("run", "", "The folder that launch.train wrote.", **app.SHARED_FLAG)
OUTPUT_DIR = flags.DEFINE_string(
    "output_dir", "", "The folder to write to (default: <run>/evaluation).", **app.SHARED_FLAG
)
RESULT = flags.DEFINE_string("result", "", "TABLE/ROW: also write docs/results/TABLE/ROW-seed<k>.json.")
SKIP_UNREADABLE = flags.DEFINE_bool(
    "skip_unreadable", False, "Go on without videos that cannot be read, naming them.", **app.SHARED_FLAG
)


def main() -> None:
    """Reads the flags, evaluates and prints the table."""
    config = config_flags.parsed_config()
    folder = run_folder.place_in(Path(RUN.value), OUTPUT_DIR.value, "evaluation")
    if RESULT.value:
        split_result_name(RESULT.value)
    measured = evaluate(config, Path(RUN.value), folder, skip_unreadable=SKIP_UNREADABLE.value)
    print("\n".join(lines_of(metrics_of(measured))))
    print(f"written: {folder}/metrics.json" + (", scores.npz, confusion.png" if measured.scores else ""))
    if RESULT.value:
        print(f"written: {write_result(RESULT.value, config, measured)}")


def evaluate(config: Config, run: Path, folder: Path, *, skip_unreadable: bool = False) -> Measurement:
    """Measures the weights of a run on the test data of a configuration.

    Writes `metrics.json` to `folder`, and for a classifier `scores.npz` (the Scores contract) and `confusion.png`.

    Args:
        config: the run's configuration, with overrides.
        run: the run's folder.
        folder: the folder to write to.
        skip_unreadable: whether to leave out videos that cannot be read, instead of stopping.

    Returns:
        All numbers and their protocol; with `epe_untrained` where a Motion layer's flow is compared with the exact one.

    Raises:
        InputError: the run is unfinished or has other classes, the data is bad, nothing can be measured, or another
            process writes the folder.
    """
    with only_writer(folder):
        return _evaluate(config, run, folder, skip_unreadable)


def _evaluate(config: Config, run: Path, folder: Path, skip_unreadable: bool) -> Measurement:
    config, model, class_names = load_run(run, config)
    source = list_source(config, "test")
    offers = _known_offers(config, source, class_names, run)
    measures = evaluators.choose_measures(config, model, output_names(model, config.data), offers)
    source = source.scanned(skip_unreadable=skip_unreadable)
    found = [measure.measure(model, source, config) for measure in measures]
    numbers = {name: value for part in found for name, value in part.numbers.items()}
    if flow in measures:
        numbers |= flow.measure_untrained(model, build_model(config, len(class_names)), source, config)
    protocol = {name: value for part in found for name, value in part.protocol.items()} | _provenance(run)
    scores = next((part.scores for part in found if part.scores), None)
    if scores is not None:
        header = {**scores.header, "commit": environment.git_commit(), **_provenance(run)}
        scores = dataclasses.replace(scores, header=header)
    measured = Measurement(numbers, protocol, scores, solver_versions(model))
    _write(measured, folder)
    return measured


def for_testing(config: Config) -> Config:
    """The configuration of a run as `launch.evaluate` takes it where no flag says otherwise.

    A run whose weights were chosen on the validation is measured on the test list: on the validation, which chose the
    luckiest step, it would look better than it is.

    Args:
        config: the run's configuration.
    """
    if not config.train.keep_best:
        return config
    return dataclasses.replace(config, data=dataclasses.replace(config.data, validation=0.0))


def metrics_of(measured: Measurement) -> dict:
    """Numbers and protocol in one dictionary, as `metrics.json` has them."""
    return {**measured.numbers, **measured.protocol}


def lines_of(metrics: dict, prefix: str = "") -> list[str]:
    """Numbers and protocol for the console: a short line for each, with the first entries of long lists.

    Args:
        metrics: the dictionary of `metrics_of`.
        prefix: what the names begin with, where the dictionary stands in another one.
    """
    lines = []
    for name, value in metrics.items():
        if isinstance(value, dict) and any(isinstance(part, dict) for part in value.values()):
            lines += lines_of(value, f"{prefix}{name}.")
        else:
            lines.append(f"{prefix + name:24} {_shown(value)}")
    return lines


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    if isinstance(value, list) and len(value) > SHOWN_AT_MOST:
        return f"{len(value)}: {', '.join(map(str, value[:SHOWN_AT_MOST]))}, ..."
    return f"{value:.6g}" if isinstance(value, float) else str(value) or "-"


def write_result(name: str, config: Config, measured: Measurement) -> Path:
    """Writes the Result file of an evaluation, `docs/results/<table>/<row>-seed<k>.json`.

    Args:
        name: `TABLE/ROW`.
        config: the run's configuration.
        measured: the measurement that `evaluate` returned.

    Returns:
        The file.

    Raises:
        InputError: the name is not of that form.
    """
    table, row = split_result_name(name)
    result = Result(
        table=table,
        row=row,
        seed=config.seed,
        config=to_dict(config),
        protocol=measured.protocol,
        commit=environment.git_commit() or "unknown",
        machine={**environment.machine(), **environment.versions()},
        numbers=measured.numbers,
        solver_versions=measured.solver_versions,
    )
    return save_result(RESULTS_DIR, result)


def split_result_name(name: str) -> tuple[str, str]:
    """Table and row of `--result=TABLE/ROW`.

    Raises:
        InputError: the name is not of that form.
    """
    table, slash, row = name.partition("/")
    if not (table and slash and row):
        raise InputError(f"--result={name} must be TABLE/ROW, such as my_clips/tvnet.")
    return table, row


def _known_offers(config: Config, source: Source, class_names: tuple[str, ...], run: Path) -> tuple[str, ...]:
    """The fields that a source offers to a network of these classes.

    Raises:
        InputError: the source has labels of other classes, and a measure may ask for them.
    """
    same = source.class_names == class_names
    # A network without classes, such as one of flow alone, has nothing to say of labels.
    asked = class_names and source.class_names and (not config.eval.measures or "classes" in config.eval.measures)
    if asked and not same:
        raise InputError(
            f"--run={run} was trained on the classes {', '.join(class_names[:5])}, ...; the data has "
            f"{', '.join(source.class_names[:5])}, ...: set --config.data.classes, or --config.eval.measures to what "
            "needs no labels."
        )
    return tuple(name for name in source.offers if same or name != "label")


def _provenance(run: Path) -> dict:
    """The weights, and the code of their training and of this evaluation, as a protocol has them."""
    trained = run_folder.read(run)
    return {
        "weights_sha256": run_folder.weights_sha256(run),
        "training": {name: trained[name] for name in ("commit", "versions", "extended") if name in trained},
        "evaluation": {"commit": environment.git_commit(), "versions": environment.versions()},
    }


def _write(measured: Measurement, folder: Path) -> None:
    if measured.scores is not None:
        save_scores(folder / "scores.npz", measured.scores)
        write_picture(folder / "confusion.png", report.confusion_picture(measured.scores))
    with atomic_path(folder / "metrics.json") as partial:
        partial.write_text(json.dumps(metrics_of(measured), indent=2) + "\n")


if __name__ == "__main__":
    app.run(main, parser=config_flags.parser(lambda: for_testing(run_folder.required_config("run", RUN.value))))
