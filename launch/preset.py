"""Makes a preset of the package from a trained TVNet, and the page of all presets from their cards.

    python -m launch.preset --run=runs/generated --name=tvnet-5-5-50-generated
    python -m launch.preset --name=tvnet-5-5-50-generated --limits="Flow of more than 20 pixels is lost."
    python -m launch.preset --page

The run may be of `--method=tvnet_flow` or of any other with a TVNet in it that has learned no initial flow. The first
command writes `tvnet_keras/presets/NAME.npz`, whose card says how it was trained; the second adds to the card of a
preset that is there: limits, and with --result the numbers of committed Result files. All of them write
docs/presets.md, from the cards alone.
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from absl import flags

from launch.run import app, run_folder, run_lists
from launch.run.model import load_run
from models import motion_of
from tvnet_keras import presets
from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.layers.motion_layer import current_versions, solver_versions
from tvnet_keras.layers.tvnet import TVNet
from tvnet_keras.scoring.result import STALE_MARK, load_results

RUN = flags.DEFINE_string("run", "", "The folder that launch.train wrote.", **app.SHARED_FLAG)
NAME = flags.DEFINE_string("name", "", "The preset's name, such as tvnet-5-5-50-generated.")
REPLACE = flags.DEFINE_bool("replace", False, "Replace a preset of this name.")
LIMITS = flags.DEFINE_string("limits", None, "Where the preset is not to be used, in sentences, for its card.")
RESULT = flags.DEFINE_string(
    "result",
    "",
    "Result files, docs/results/TABLE/ROW-seed0.json, separated by commas, whose numbers the card takes.",
    **app.SHARED_FLAG,
)
PAGE_ONLY = flags.DEFINE_bool("page", False, "Write docs/presets.md and nothing else.")

PAGE = Path("docs/presets.md")

START = """# Presets

Written by `python -m launch.preset --page` from the cards in the files of `tvnet_keras/presets`.

A preset is a TVNet with trained weights that the package carries. `tvnet_keras.TVNet.from_preset(NAME)` is the layer;
with `--weights=preset` the solvers of `launch.flow` and `launch.prepare` have them; with `--config.model.preset=NAME` a
training starts from them. The initial flow is no part of a preset, so that it suits every size. What stands here is
from the cards in the files; `tvnet_keras.presets.load(NAME).card` has all of it."""


def main() -> None:
    """Reads the flags; makes or completes a preset, and writes the page."""
    if PAGE_ONLY.value == bool(NAME.value):
        raise InputError("Give --name=NAME, with --run=RUN to make a new preset, or --page alone.")
    if NAME.value:
        if RUN.value and NAME.value in presets.names() and not REPLACE.value:
            raise InputError(f"--name={NAME.value} is a preset already; choose another name, or give --replace.")
        made = preset_of(Path(RUN.value), NAME.value) if RUN.value else presets.load(NAME.value)
        files = [file for file in RESULT.value.split(",") if file]
        card = {**made.card, "measured": {**made.card.get("measured", {}), **measured(files)}}
        if LIMITS.value is not None:
            card["limits"] = LIMITS.value
        made = presets.Preset(made.name, made.config, made.weights, card)
        print(f"written: {presets.save(made, replace=True)}")
    print(f"written: {write_page(PAGE)}")


def preset_of(run: Path, name: str) -> presets.Preset:
    """The trained TVNet of a run as a preset.

    Args:
        run: the run's folder.
        name: of the preset; it begins with that of its solver, such as tvnet-5-5-50.

    Raises:
        InputError: the run is unfinished, has no TVNet or one that learned an initial flow, or the name does not fit.
    """
    config, model, _ = load_run(run)
    layer = motion_of(model)
    if not isinstance(layer, TVNet):
        raise InputError(f"--run={run} has no TVNet: it is of --method={config.method}; train --method=tvnet_flow.")
    try:
        preset = layer.to_preset(name, card_of(run, solver_versions(layer)))
    except InputError as error:
        raise InputError(f"--run={run} --name={name} make no preset: {error}") from error
    if not name.startswith(f"{preset.solver}-"):
        raise InputError(f"--name={name} must begin with {preset.solver}-, as --run={run} has trained that.")
    return preset


def card_of(run: Path, versions: Mapping[str, int]) -> dict[str, Any]:
    """What is known of a run's training, without the folders of the machine that it was made on.

    Args:
        run: the run's folder.
        versions: `SOLVER_VERSION` of its motion layer.
    """
    record = run_folder.read(run)
    program, *words = shlex.split(record["command"])
    kept = {key: record[key] for key in ("seed", "results", "commit", "versions", "machine")}
    return {
        # The interpreter may be called by its version.
        "command": shlex.join(["python" if program.startswith("python") else program, *map(_without_folder, words)]),
        "samples": len(run_lists.read(run).get("train samples", ())),
        "config": _without_folders(record["config"]),
        **kept,
        "solver_versions": dict(versions),
        "measured": {},
        "limits": "",
    }


def measured(files: list[str]) -> dict[str, Any]:
    """The numbers of Result files with what they mean, by table, row and seed.

    Raises:
        InputError: a file is no Result.
    """
    found = {}
    for file in map(Path, files):
        root = file.parents[1] if len(file.parents) > 2 else Path()
        results = {root / result.file_name: result for result in load_results(root)}
        if file not in results:
            raise InputError(f"--result={file} is no file of a Result; give one of docs/results/TABLE/ROW-seed0.json.")
        result = results[file]
        found[result.file_name.removesuffix(".json")] = {
            "numbers": dict(result.numbers),
            "protocol": _without_folders(result.protocol),
        }
    return found


def write_page(page: Path) -> Path:
    """Writes the page of all presets.

    Returns:
        The page.
    """
    parts = [START, *(_card_text(presets.load(name)) for name in presets.names())]
    if len(parts) == 1:
        parts.append("There is no preset yet.")
    with atomic_path(page) as partial:
        partial.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return page


def _card_text(preset: presets.Preset) -> str:
    """What the page says of a preset."""
    card, current = preset.card, current_versions()
    count = sum(weight.size for weight in preset.weights.values())
    stale = any(current.get(name) != version for name, version in card.get("solver_versions", {}).items())
    arguments = ", ".join(f"{key}={value!r}" for key, value in preset.config.items())
    rows = {
        "network": f"{preset.solver}: {arguments}",
        "numbers in it": f"{count:,}",
        **(_training(card) if "config" in card else {}),
        **{name: _listed(entry["numbers"]) for name, entry in card.get("measured", {}).items()},
        "limits": card.get("limits", ""),
    }
    lines = [f"## {preset.name}{f' {STALE_MARK}' if stale else ''}", "", "| | |", "|---|---|"]
    lines += [f"| {key} | {_cell(value)} |" for key, value in rows.items() if value]
    if stale:
        lines += ["", f"{STALE_MARK} trained with other mathematics than today's: train it again."]
    return "\n".join(lines)


def _training(card: Mapping[str, Any]) -> dict[str, str]:
    """What the page says of the run that a preset was made from."""
    data, training = card["config"]["data"], card["config"]["train"]
    return {
        "trained on": f"{card['samples']} samples of {data['dataset']}, {data['height']} x {data['width']}",
        "training": f"{training['steps']} steps of {training['batch_size']}, seed {card['seed']}",
        "command": f"`{card['command']}`",
        "commit": card["commit"],
        "versions": _listed(card["versions"]),
        "end of the training": _listed(card["results"]),
    }


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {f'{value:.4g}' if isinstance(value, float) else value}" for key, value in values.items())


def _without_folders(value: Any) -> Any:
    """JSON with the last part alone of every absolute path."""
    if isinstance(value, Mapping):
        return {key: _without_folders(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_folders(inner) for inner in value]
    return _without_folder(value) if isinstance(value, str) else value


def _without_folder(word: str) -> str:
    flag, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
    return flag + equals + (Path(value).name if value.startswith("/") else value)


if __name__ == "__main__":
    app.run(main)
