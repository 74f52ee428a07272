"""The commands of Representation Flow's own numbers: every one trains in a folder of its own and is measured after it.

Parts of a command stand with `&&` between them, in the order in which they are started. What several rows share, such
as the RGB network of a two-stream row, stands in each of them: a finished training is not begun again.
"""

import shlex
from typing import Any

from launch.experiments import (
    representation_flow,
    representation_flow_final,
    representation_flow_hmdb51,
    representation_flow_lowres_hmdb51,
)

METHOD = "representation_flow"

STUDY, LOWRES_HMDB, FINAL, HMDB = (
    module.__name__.rpartition(".")[2]
    for module in (
        representation_flow,
        representation_flow_lowres_hmdb51,
        representation_flow_final,
        representation_flow_hmdb51,
    )
)
"""The experiments by what they train: the studies on Tiny-Kinetics and on HMDB51 of low resolution, and the final
networks on Kinetics and on HMDB51."""

DATA = {
    STUDY: ("tiny_kinetics", "tiny-kinetics"),
    LOWRES_HMDB: ("hmdb51", "hmdb51"),
    FINAL: ("kinetics", "kinetics"),
    HMDB: ("hmdb51", "hmdb51"),
}
"""By experiment: the data set, and the folder that the commands name."""

BATCH_OF_CLIP_NETWORKS = 24
"""Clips of a step for 3D and (2+1)D networks; those of single frames have 32."""

SCHEDULES = {
    STUDY: representation_flow.SCHEDULE,
    LOWRES_HMDB: representation_flow_lowres_hmdb51.SCHEDULE,
    FINAL: representation_flow_final.SCHEDULE,
    HMDB: representation_flow_hmdb51.SCHEDULE,
}

IMAGENET = {18: "resnet18-f37072fd.pth", 34: "resnet34-b627a593.pth", 50: "resnet50-0676ba61.pth"}
"""torchvision's files of ImageNet weights, by depth."""

AND = " && "

RULE = "average"
"""The paper averages final predictions (Section 2), which are softmax probabilities."""

STACK = 10
"""Fields of flow that a network of single frames sees at once."""


def folder_of(table: str, row: str) -> str:
    """The folder of a row's run.

    Args:
        table: the table's name, such as "representation_flow_table1".
        row: the row's name.
    """
    return f"runs/{table}/{row}"


def chained(*commands: str) -> str:
    """Several commands as one, each started where the one before has succeeded; what two of them share stands once."""
    return AND.join(dict.fromkeys(part for command in commands for part in command.split(AND)))


def command(
    folder: str,
    model: dict[str, Any],
    experiment: str = STUDY,
    *,
    method: str = METHOD,
    init_from: str = "",
    clips: bool = False,
    **overrides: Any,
) -> str:
    """The command that trains a network of the paper, and measures it.

    Args:
        folder: the run's.
        model: options of the network, beside those that the experiment sets.
        experiment: a key of `DATA`.
        method: `--method`.
        init_from: what the training starts from; empty for fresh weights.
        clips: whether it is a 3D or (2+1)D network, whose batch is smaller: as many epochs are more steps.
        **overrides: other fields by their path, such as `**{"data.height": 224}`.
    """
    fields = {f"model.{name}": value for name, value in model.items()} | {"data.root": DATA[experiment][1]}
    if clips:
        schedule = SCHEDULES[experiment].fields(BATCH_OF_CLIP_NETWORKS)
        fields |= {f"train.{name}": value for name, value in schedule.items()}
    if init_from:
        fields["init_from"] = init_from
    start = [f"--method={method}", f"--experiment={experiment}", f"--output_dir={folder}"]
    skipping = _skipping(experiment)
    return chained(
        _launch("train", *start, *_overridden({**fields, **overrides}), *skipping),
        _launch("evaluate", f"--run={folder}", *skipping),
    )


def flow_command(folder: str, model: dict[str, Any], experiment: str = STUDY, **options: Any) -> str:
    """The command of a network that sees stored TV-L1, with OpenCV's five scales and five warps, which it stores first.

    Args:
        folder: the run's.
        model: options of the network, beside the experiment's; `flow_fields` of one that sees single frames.
        experiment: a key of `DATA`.
        **options: of `command`.
    """
    stored, seen = stored_tvl1(experiment)
    chosen = {"place": "none", "motion": "stored", **model}
    return chained(stored, command(folder, chosen, experiment, **seen, **options))


def stored_tvl1(experiment: str) -> tuple[str, dict[str, str]]:
    """The command that stores the TV-L1 of an experiment's videos, and the fields by which a training reads it.

    Args:
        experiment: a key of `DATA`.
    """
    dataset, root = DATA[experiment]
    store = f"flow/{root}-tvl1"
    words = [f"--flow={store}", "--solver=tvl1", f"--dataset={dataset}", f"--data_dir={root}", *_skipping(experiment)]
    # A clip that starts again has no stored flow from its last frame to its first.
    return _launch("prepare", *words), {"data.flow": store, "data.short": "clamp"}


def late_command(folder: str, rgb: str, flow: str, runs: tuple[str, ...]) -> str:
    """The command of two networks that were trained apart and whose predictions are averaged.

    Args:
        folder: where the fused scores go.
        rgb: the command of the network of frames.
        flow: that of the network of motion.
        runs: the folders of their runs, in this order.
    """
    scores = ",".join(f"{run}/evaluation/scores.npz" for run in runs)
    return chained(rgb, flow, _launch("fuse", f"--scores={scores}", f"--rule={RULE}", f"--output_dir={folder}"))


def imagenet_command(depth: int, backbone: str, method: str = METHOD) -> tuple[str, dict[str, str]]:
    """The command that brings torchvision's ImageNet weights into a network, inflated where it sees clips.

    Args:
        depth: layers of the network.
        backbone: its family.
        method: this paper's, or "rgb" for the image network of another one.

    Returns:
        The command, and the fields by which a training starts from what it writes.
    """
    file = f"weights/{backbone}-{depth}.weights.h5" if method == METHOD else f"weights/{backbone}.weights.h5"
    own = {"model.depth": depth, "model.place": "none"} if method == METHOD else {}
    options = {"model.backbone": backbone, "model.scaling": "imagenet", **own}
    words = [f"--weights={IMAGENET[depth]}", f"--output={file}", f"--method={method}", f"--experiment={STUDY}"]
    return _launch("convert", "--from=torch", *words, *_overridden(options)), {"init_from": file}


def _skipping(experiment: str) -> tuple[str, ...]:
    """The flag for videos that YouTube no longer has whole, of which HMDB51 has none."""
    return ("--skip_unreadable",) if DATA[experiment][0] != "hmdb51" else ()


def _launch(launcher: str, *words: str) -> str:
    return shlex.join(["python", "-m", f"launch.{launcher}", *words])


def _overridden(fields: dict[str, Any]) -> list[str]:
    return [f"--config.{path}={_written(value)}" for path, value in fields.items()]


def _written(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
