"""ActionFlowNet on videos of UCF101 and JHMDB: the setting of every row, and the commands of the paper's."""

import dataclasses
from functools import partial
from pathlib import Path

from launch.experiments import action_flow_net_ucf101
from launch.run.config import Config
from launch.tables.action_flow_net.parts.networks import GENERATED_ROW, METHOD, Setting
from launch.tables.parts.video_sets import SHARED, DataSet, flow_folder, prepare
from tvnet_keras.flow.store import FlowFormat

SOLVER = "tvnet-5-5-50-generated"
"""Whose flow is learned in the place of EpicFlow's."""

FORM = FlowFormat("png", bound=10.0, windows=16, window=1)
"""Sixteen pairs of every video, evenly spaced; frames of 128 pixels' short side move by less than ten pixels."""

FLOW_STEPS = 800
"""Of the network of flow, which begins with what it learned on generated pairs."""

SETTING = """
Here: a ResNet-18 of half the paper's width on pairs of 112 x 112, corner crops and flips, for classes colour jitter of
0.2; batch 32, Adam 0.001 with cosine decay, 50 steps of warm-up; the same number of steps for every row (the paper:
80,000). `flow` is the network of flow that others start from, trained for 800 steps and shared by all seeds; its
number is the residual of the test clips in grey levels. It starts from the one of `action_flow_net_flow`, on generated
pairs, for from fresh weights it learned within 500 steps that no flow is the safest one. The flow that is learned is
TVNet-5-5-50's with its preset, of sixteen pairs of every training video, 8 bits. Tested as in the paper, on 64 random
windows of one random pair of every video.
"""


def setting_of(table: str, data: DataSet) -> Setting:
    """The setting of a table on the first split of a data set.

    Args:
        table: the name of the table.
        data: the data set.
    """
    base = action_flow_net_ucf101.config(METHOD)
    config = dataclasses.replace(
        base,
        data=dataclasses.replace(base.data, **data.fields()),
        train=dataclasses.replace(base.train, steps=data.steps, validate_every=0, log_every=100),
    )
    stored = {"flow": str(flow_folder(data, SOLVER, SHARED, FORM)), "windows": FORM.windows}
    return Setting(
        table, config, partial(_prepare, data), with_flow=stored, flow_start=GENERATED_ROW, flow_steps=FLOW_STEPS
    )


def _prepare(data: DataSet, config: Config, data_dir: Path, folder: Path) -> Config:
    return prepare(data, SOLVER if config.data.flow else "", config, data_dir, folder, FORM)


def full_scale(dataset: str, root: str) -> dict[str, str]:
    """The paper's own trainings on a data set, by row.

    Args:
        dataset: "ucf101" or "hmdb51".
        root: the folder that the commands name.
    """
    start = f"python -m launch.train --method=action_flow_net --experiment=action_flow_net_{dataset}"
    sizes = (
        f"--config.data.root={root} --config.model.width=64 --config.data.height=224 --config.data.width=224 "
        "--config.data.resize_short=256 --config.train.steps=80000 --config.train.lr=0.0003 "
        "--config.train.schedule=constant"
    )
    stored, alone = f"--config.data.flow=flow/{dataset}", "--config.model.losses=class"
    stacked = "--config.model.structure=stacked"
    frozen = "--config.model.flow_network=frozen"
    rows = {
        "flow": ("", f"{stored} --config.model.losses=flow --config.data.colour_jitter=0"),
        "scratch": ("", alone),
        "fine-tune": ("ucf101-flow", alone),
        "stacked": ("ucf101-flow", f"{alone} {stacked} {frozen}"),
        "stacked-generated": ("chairs-flow", f"{alone} {stacked} {frozen}"),
        "stacked-full-size": ("ucf101-flow", f"{alone} {stacked}_full_size {frozen}"),
        "stacked-end-to-end": ("ucf101-flow", f"{alone} {stacked}"),
        "actionflownet": ("ucf101-flow", stored),
        "actionflownet-generated": ("chairs-flow", stored),
    }
    commands = {}
    for row, (begun, options) in rows.items():
        # On HMDB51 every network starts from the one of UCF101.
        init_from = begun if dataset == "ucf101" else f"ucf101-{row}"
        from_run = f"--config.init_from=runs/{init_from} " if init_from else ""
        commands[row] = f"{start} --output_dir=runs/{dataset}-{row} {from_run}{options} {sizes}"
    return commands | {
        "flow-generated": "python -m launch.train --method=action_flow_net --experiment=action_flow_net_pairs "
        "--output_dir=runs/chairs-flow --config.data.dataset=flyingchairs --config.data.root=FlyingChairs_release "
        "--config.data.height=224 --config.data.width=224 --config.data.resize_short=384 --config.data.zoom=1.0 "
        "--config.data.colour_jitter=0 --config.model.width=64 --config.train.steps=80000 "
        "--config.train.lr=0.0003 --config.train.schedule=constant",
        "imagenet": f"python -m launch.train --method=rgb --experiment={dataset} --config.model.backbone=resnet18 "
        "--config.init_from=resnet18.weights.h5 --config.model.scaling=imagenet "
        f"--output_dir=runs/{dataset}-imagenet --config.data.root={root} --config.data.height=224 "
        "--config.data.width=224 --config.data.resize_short=256 --config.train.steps=80000 --config.train.lr=0.0003 "
        "--config.train.schedule=constant",
    }
