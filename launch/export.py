"""Writes a trained model for other programs: probabilities or flow of uint8 clips, in one or several formats.

    python -m launch.export --run=runs/tvnet --output_dir=export
    python -m launch.export --run=runs/tvnet --output_dir=export --format=savedmodel,onnx,litert

A SavedModel runs with TensorFlow alone. It has the signature `serving_default(clip) -> probabilities [B, K]`, which
brings the frames to the training size as the test pipeline does, and, for methods with a motion layer,
`flow(clip) -> flow [B, T - 1, H, W, 2]`, which works at the clip's own size. For a method without classes the latter is
the `serving_default`, too. A network of stored flow takes `serving_default(flow)`, float32 `[B, T - 1, H, W, 2]` in
pixels. ONNX and LiteRT have a file for each: `probabilities.onnx`, `flow.onnx`, `probabilities.tflite`, `flow.tflite`.

Every format is asked by a client of its own about a clip of the run's test list (or `--clip`), and must answer as Keras
does. The differences, sizes and versions are in `export.json`; docs/exporting.md has the clients.
"""

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from absl import flags

import launch.exporters
from launch.exporters import Sizes
from launch.exporters.parts.comparison import compared
from launch.exporters.parts.place import CLASSES_FILE, RECORD_FILE, naming, replaceable, replacing
from launch.exporters.parts.real_clip import RealClip, find_clip
from launch.exporters.parts.serving_module import ServingModule
from launch.run import app, environment
from launch.run.image_size import parse_size
from launch.run.model import load_run
from launch.run.run_folder import place_in, required_config
from tvnet_keras.choices import listed, load_module, module_names
from tvnet_keras.errors import InputError
from tvnet_keras.one_writer import only_writer

RUN = flags.DEFINE_string("run", "", "The folder that launch.train wrote.", **app.SHARED_FLAG)
OUTPUT_DIR = flags.DEFINE_string("output_dir", "", "The export's folder (default: <run>/export).", **app.SHARED_FLAG)
FORMAT = flags.DEFINE_list(
    "format", ["savedmodel"], f"Formats: modules of launch/exporters/ ({listed(launch.exporters)})."
)
BATCH = flags.DEFINE_integer("batch", 0, "ONNX and LiteRT: clips at a time; 0 takes any number.", lower_bound=0)
FRAMES = flags.DEFINE_integer(
    "frames", 0, "ONNX and LiteRT: frames of a clip; 0 takes any number.", lower_bound=0, **app.SHARED_FLAG
)
SIZE = flags.DEFINE_list(
    "size", [], "ONNX and LiteRT: HEIGHT,WIDTH of the frames, in pixels (default: any).", **app.SHARED_FLAG
)
CLIP = flags.DEFINE_string("clip", "", "A video to compare with Keras on (default: the first of the run's test list).")
TOLERANCE = flags.DEFINE_float(
    "tolerance", 1e-4, "Largest difference from Keras: of probabilities, or of flow in pixels.", lower_bound=0
)


@dataclasses.dataclass(frozen=True)
class Request:
    """What is exported.

    Attributes:
        formats: modules of `launch.exporters` by name.
        sizes: what is fixed, in formats that can.
        clip: a video to compare with Keras on; empty takes one of the run's test list.
        tolerance: largest difference from Keras.
    """

    formats: Sequence[str] = ("savedmodel",)
    sizes: Sizes = Sizes()
    clip: str = ""
    tolerance: float = 1e-4

    def modules(self) -> dict[str, ModuleType]:
        """The formats.

        Raises:
            InputError: there is none, one is unknown or lacks a package, or sizes are fixed that none of them takes.
        """
        if not self.formats:
            raise InputError(f"--format= is empty; name one of {listed(launch.exporters)}.")
        modules = {name: load_module(launch.exporters, "--format", name) for name in self.formats}
        if self.sizes != Sizes() and not any(module.TAKES_SIZES for module in modules.values()):
            raise InputError(
                f"--batch, --frames and --size mean nothing to --format={','.join(self.formats)}, which takes any; "
                "leave them out."
            )
        for module in modules.values():
            module.require()
        return modules

    def require_frames(self, least: int) -> None:
        """Refuses clips of fewer frames than a network needs.

        Raises:
            InputError: the frames are fixed at fewer.
        """
        if self.sizes.frames is not None and self.sizes.frames < least:
            raise InputError(f"--frames={self.sizes.frames} is too short: the network needs {least} or more.")


SAVED_MODEL = Request()
"""A SavedModel of any sizes."""


def main() -> None:
    """Reads the flags and exports."""
    required_config("run", RUN.value)
    run = Path(RUN.value)
    sizes = Sizes(BATCH.value or None, FRAMES.value or None, parse_size(SIZE.value))
    request = Request(FORMAT.value, sizes, CLIP.value, TOLERANCE.value)
    folder = place_in(run, OUTPUT_DIR.value, "export")
    record = json.loads((export(run, folder, request) / RECORD_FILE).read_text())
    print(f"written: {folder}")
    for name, written in record["formats"].items():
        for output, about in written["answers"].items():
            print(f"{name}: {output} of {written['client']}, within {about['difference']:.1e} of Keras's")


def export(run: Path, folder: Path, request: Request = SAVED_MODEL) -> Path:
    """Exports the model of a run, replacing an earlier export.

    Args:
        run: the run's folder.
        folder: where to.
        request: in which formats.

    Returns:
        The folder.

    Raises:
        InputError: the run is unfinished, the request cannot be met, the folder holds something else, is written by
            another process or cannot be written, or an answer is not Keras's; the folder is unchanged.
    """
    every = [load_module(launch.exporters, "--format", name) for name in module_names(launch.exporters)]
    target = replaceable(folder, [file for module in every for file in module.FILES])
    formats = request.modules()
    with naming(folder):
        target.parent.mkdir(parents=True, exist_ok=True)
    with only_writer(target, beside=True):
        config, model, class_names = load_run(run)
        module = ServingModule(model, config)
        request.require_frames(module.least_frames)
        clip = find_clip(request.clip, config, request.sizes.frames or max(config.data.frames, module.least_frames))
        # A network of flow may have learned on videos that have classes.
        names = class_names if module.names_classes else ()
        with replacing(folder, target) as partial:
            with naming(folder):
                records = write_formats(formats, module, request.sizes, partial)
                (partial / CLASSES_FILE).write_text("\n".join(names) + "\n")
            found = compare_formats(formats, module, records, clip, request.tolerance, partial)
            record = {"method": config.method, "formats": found, "clip": clip.name, "tolerance": request.tolerance}
            record |= {"commit": environment.git_commit(), "versions": environment.versions()}
            with naming(folder):
                (partial / RECORD_FILE).write_text(json.dumps(record, indent=2) + "\n")
    return folder


def write_formats(
    formats: dict[str, ModuleType], module: ServingModule, sizes: Sizes, folder: Path
) -> dict[str, dict[str, Any]]:
    """Writes formats into a folder that exists, and returns what each says of it."""
    records = {}
    for name, exporter in formats.items():
        print(f"{name}: writing", file=sys.stderr, flush=True)
        records[name] = exporter.write(module, folder, sizes)
    return records


def compare_formats(
    formats: dict[str, ModuleType],
    module: ServingModule,
    records: dict[str, dict[str, Any]],
    clip: RealClip,
    tolerance: float,
    folder: Path,
) -> dict[str, dict[str, Any]]:
    """The records of formats that lie in a folder, once each was found to answer as Keras does.

    Raises:
        InputError: a format has another answer than Keras gives.
    """
    found = {}
    for name, exporter in formats.items():
        print(f"{name}: comparing its answers with Keras's", file=sys.stderr, flush=True)
        found[name] = compared(name, records[name], exporter.open_client(folder), module, clip, tolerance)
    return found


if __name__ == "__main__":
    app.run(main)
