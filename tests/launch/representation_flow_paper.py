"""The numbers of Representation Flow's tables, and the full-scale commands of their rows."""

import functools
import shlex

import launch.experiments
import launch.tables
from launch.run.config import Config, check
from launch.tables.representation_flow.parts import full_scale
from tvnet_keras.choices import load_module


def of_columns(numbers, columns):
    """`{row.column: number}` of rows of numbers; the first column has no ending, None is no number."""
    return {
        f"{row}{column}": number
        for row, values in numbers.items()
        for column, number in zip(columns, values, strict=True)
        if number is not None
    }


TINY_AND_HMDB = ("", ".hmdb")

PAPER = {
    "table1": of_columns(
        {
            "none": (55.2, 35.5),
            "flow": (35.4, 37.5),
            "two-stream": (57.6, 41.5),
            "input": (37.4, 40.5),
            "block1": (52.4, 42.6),
            "block2": (57.4, 44.5),
            "block3": (59.4, 45.4),
            "block4": (52.1, 43.5),
            "block5": (50.3, 42.2),
        },
        TINY_AND_HMDB,
    ),
    "table2": of_columns(
        {
            "none": (59.4, 45.4),
            "sobel": (58.5, 43.5),
            "divergence": (60.2, 46.4),
            "constants": (59.9, 46.2),
            "all": (59.2, 46.2),
            "divergence-constants": (60.7, 46.8),
        },
        TINY_AND_HMDB,
    ),
    "table3": of_columns(
        {
            "1": (46.7, 49.5),
            "5": (51.3, 55.4),
            "10": (52.4, 59.4),
            "20": (53.6, 60.7),
            "50": (59.2, 60.9),
            "100": (59.4, 60.7),
        },
        (".fixed", ".learned"),
    ),
    "table4": of_columns(
        {
            "none": (37.4, 52.4, 59.4),
            "late": (61.3, 60.4, 61.5),
            "add": (59.7, 57.2, 56.5),
            "multiply": (58.3, 58.1, 57.8),
            "layer_multiply": (60.1, 61.7, 61.7),
            "concat": (42.4, 48.5, 47.6),
        },
        (".input", ".block1", ".block3"),
    ),
    "table5": {"tvl1-twice": 12.2, "flow": 59.4, "fof": 47.2, "fcf": 62.3, "fcfcf": 56.5},
    "table6": {
        "none": 54.6,
        "tvl1": 37.6,
        "two-stream": 57.5,
        "off": 54.8,
        "input": 38.5,
        "block1": 58.4,
        "block3": 59.7,
    },
    "table7": {
        "none": 53.4,
        "tvl1": 36.3,
        "two-stream": 55.6,
        "off": 53.7,
        "input": 39.2,
        "block1": 57.3,
        "block3": 60.7,
    },
    "table8": of_columns(
        {
            "actionflownet": (51.8, 56.2),
            "mfnet": (52.5, 56.8),
            "tvnet": (39.4, 57.5),
            "off": (55.6, 56.9),
            "ours": (61.1, 65.4),
        },
        TINY_AND_HMDB,
    ),
    "table9": of_columns(
        {
            "2d.rgb": (61.3, 53.4, 59.4, 225),
            "2d.tvl1": (48.2, 57.3, 61.2, 8039),
            "2d.two-stream": (64.5, 62.4, 66.6, 8546),
            "2d.tvnet-rgb": (None, 71.0, None, 785),
            "2d.off-rgb": (None, 57.1, None, 365),
            "2d.off-three-streams": (None, 74.2, None, 9520),
            "2d.flow": (68.5, 73.5, 76.4, 524),
            "2d.fcf": (69.4, 74.4, 77.3, 576),
            "2plus1d.rgb": (74.3, None, 74.5, 471),
            "2plus1d.two-stream": (75.4, None, 78.7, 8623),
            "2plus1d.flow": (75.5, None, 77.1, 622),
            "2plus1d.fcf": (77.1, None, 81.1, 654),
            "2plus1d.fcf-non-local": (77.9, None, 81.1, 865),
            "s3d.rgb": (74.7, None, 75.9, 525),
            "s3d.two-stream": (77.2, None, None, 8886),
            "i3d.rgb": (71.1, 49.8, 74.3, 594),
            "i3d.flow": (63.4, 61.9, 77.3, 8845),
            "i3d.two-stream": (74.2, 66.4, 80.7, 9354),
            "resnet101-non-local": (77.7, None, None, 3750),
        },
        (".kinetics", ".hmdb", ".hmdb-kinetics", ".ms"),
    ),
}
"""The numbers of the paper's tables, written from its pages."""

COUNTS = {"table1": 18, "table2": 12, "table3": 12, "table4": 18, "table5": 5}
COUNTS |= {"table6": 7, "table7": 7, "table8": 10, "table9": 60}

BESIDE = {
    "table1": {"conv1"},
    "table3": {"10.learned.rate-0.01", "10.learned.rate-0.3"},
    "table5": {f"{row}.{kind}" for row in ("flow", "fof", "fcf", "fcfcf") for kind in ("long", "block3", "input")},
    "table7": {"block3.tran", "none.tran"},
}
"""Rows that the paper does not have."""

SAME_COMMAND = BESIDE["table3"] | BESIDE["table5"]
"""Rows of other settings here, such as more steps, which have the same number of the paper."""


def cells_of(table):
    return launch.tables.table_module(table).cells()


def commands_of(tables=PAPER):
    """The parts of every full-scale command, by table and row."""
    return {row: parts for table in tables for row, parts in _commands_of(table).items()}


@functools.cache
def _commands_of(table):
    rows = {(table, each.row): each.full_scale for each in cells_of(f"representation_flow_{table}")}
    return {row: [shlex.split(part) for part in said.split(full_scale.AND)] for row, said in rows.items() if said}


def parts_of(launcher):
    """The distinct parts of all commands that start a launcher."""
    parts = {tuple(part) for parts in commands_of().values() for part in parts}
    return sorted(part[3:] for part in parts if part[2] == f"launch.{launcher}")


def given(words):
    """Flags by name."""
    return dict(word.removeprefix("--").split("=", 1) for word in words if "=" in word)


def config_of(words, **replaced) -> Config:
    """The configuration that the words of `launch.train` describe, with fields replaced by their path."""
    flags = given(words)
    config = load_module(launch.experiments, "--experiment", flags["experiment"]).config(flags["method"])
    fields = {name.removeprefix("config."): value for name, value in flags.items() if name.startswith("config.")}
    for path, value in {**fields, **replaced}.items():
        section, _, name = path.rpartition(".")
        owner = getattr(config, section) if section else config
        kind = type(getattr(owner, name))
        setattr(owner, name, tuple(str(value).split(",")) if kind is tuple and isinstance(value, str) else kind(value))
    return check(config)
