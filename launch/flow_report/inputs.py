"""What flow is computed by and of: solvers and image pairs, as users name them on the command line."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from launch.flow_report.pictures import FRAME, TRUTH
from launch.run.run_folder import WEIGHTS_FILE
from launch.weights.checksum import require_whole
from tvnet_keras import presets
from tvnet_keras.choices import check_choice
from tvnet_keras.entries import files_below
from tvnet_keras.errors import InputError
from tvnet_keras.flow import pairs, solvers
from tvnet_keras.flow.solvers.parts import saved_model


def make_solvers(names: Sequence[str], **options: str | None) -> dict[str, solvers.Solver]:
    """Solvers by the labels that files and tables use; each is given those of the options that it has.

    Args:
        names: names of solvers, as `tvnet_keras.flow.solvers.make_solver` takes them.
        **options: `variant` and `weights`; None where the user set none.

    Raises:
        InputError: there is no name, one is unknown or is given twice, or none of the solvers has an option.
    """
    own = options_of(names, **options)
    made: dict[str, solvers.Solver] = {}
    for name in names:
        label = Path(name).resolve().name
        if label in (*made, FRAME, TRUTH):
            raise InputError(f"--solver={','.join(names)}: two would write to the folder {label!r}; run them apart.")
        made[label] = solvers.make_solver(name, **own[name])
    return made


def options_of(names: Sequence[str], **options: str | None) -> dict[str, dict[str, str]]:
    """The options of every solver; each is given those that it has.

    Args:
        names: names of solvers.
        **options: `variant` and `weights`, a preset, a file or a run's folder; None where the user set none.

    Raises:
        InputError: there is no name, one is unknown, the weights are damaged or of no preset of a solver, or none of
            the solvers has an option.
    """
    if not names:
        raise InputError(f"--solver= is empty; name one of {', '.join(solvers.forms())}.")
    given = {key: value for key, value in options.items() if value is not None}
    unused = set(given).difference(*(solvers.options_of(name) for name in names))
    if unused:
        flag = min(unused)
        raise InputError(f"--{flag}={options[flag]} belongs to none of --solver={','.join(names)}; leave it out.")
    own = {name: {key: given[key] for key in solvers.options_of(name) if key in given} for name in names}
    for name, chosen in own.items():
        if "weights" in chosen:
            chosen["weights"] = _weights(chosen["weights"], name)
    return own


def _weights(given: str, solver: str) -> str:
    """The preset, or the whole weight file, that `--weights` names for a solver."""
    try:
        preset = presets.name_of(given, solvers.numbers_of(solver))
    except InputError as error:
        # A library error begins with its argument, if that is to blame.
        raise InputError(f"--{error}" if str(error).startswith("weights=") else str(error)) from error
    if preset is not None:
        return preset
    file = str(Path(given) / WEIGHTS_FILE) if Path(given).is_dir() else given
    if Path(file).is_file():
        require_whole(Path(file))
    return file


def weights_record(names: Sequence[str], weights: str | None) -> str | None:
    """The weights as `metrics.json` records them: the word preset as the presets that it stands for.

    Args:
        names: names of solvers, which `make_solvers` takes with these weights.
        weights: those that the user named, None without.
    """
    if weights != presets.ANY:
        return weights
    own = options_of(names, weights=weights).values()
    return ", ".join(dict.fromkeys(options["weights"] for options in own if "weights" in options))


def solver_record(name: str, options: dict[str, str]) -> dict[str, str]:
    """What decides the flow of a solver, as JSON: name, options, and a checksum of its weights in place of their file.

    Args:
        name: of the solver.
        options: those of `options_of`.
    """
    if name in presets.names():
        return solver_record(presets.load(name).solver, {"weights": name})
    record = {"solver": Path(name).resolve().name if saved_model.is_export(name) else name}
    record |= {key: value for key, value in options.items() if key != "weights"}
    if "weights" in options:
        record |= _weights_record(options["weights"])
    if saved_model.is_export(name):
        record["weights_sha256"] = _sha256(files_below(name))
    return record


def _weights_record(weights: str) -> dict[str, str]:
    if weights in presets.names():
        # The card may say more another day.
        return {"preset": weights, "weights_sha256": presets.load(weights).fingerprint}
    return {"weights_sha256": _sha256([Path(weights)])}


def _sha256(files: Sequence[Path]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()


def list_pairs(dataset: str, data_dir: str, render: str | None) -> tuple[pairs.Pair, ...]:
    """The pairs of a data set.

    Args:
        dataset: the name of a data set.
        data_dir: the folder of the data set.
        render: the render pass of Sintel; None for other data sets.

    Raises:
        InputError: the pairs cannot be read.
    """
    options = {} if render is None else {"render": render}
    if set(options) - set(pairs.options_of(dataset)):
        raise InputError(f"--render={render} does not belong to --dataset={dataset}; leave it out.")
    if not data_dir:
        raise InputError(f"--dataset={dataset} needs --data_dir=FOLDER.")
    return pairs.load(dataset, data_dir, **options)


def choose_pairs(listed: tuple[pairs.Pair, ...], names: Sequence[str]) -> tuple[pairs.Pair, ...]:
    """The pairs of these names, in this order; all of them where no name is given.

    Raises:
        InputError: a name is unknown.
    """
    by_name = {pair.name: pair for pair in listed}
    return tuple(by_name[check_choice("--pairs", name, tuple(by_name))] for name in names) or listed
