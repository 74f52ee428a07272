"""The sources of Batches that a `DataConfig` describes: videos with or without labels and exact flow, image pairs."""

import sys
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import tensorflow as tf

import launch.experiments
from launch.run.config import Config, DataConfig, dataset_names
from launch.run.pair_source import PairSource
from launch.run.stored_flow import learns_stored_flow, no_flow, reads_flow
from launch.run.video_lists import said_of_validation
from launch.run.video_source import FLOW_FIELDS, VideoSource
from tvnet_keras.choices import check_choice, load_module
from tvnet_keras.errors import InputError
from tvnet_keras.video import datasets
from tvnet_keras.video.listing import class_warnings


class Source(Protocol):
    """One list of a data set: what it offers, and Batches of it.

    It is a frozen dataclass, so that `dataclasses.replace` gives it another configuration.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def config(self) -> Config:
        """The configuration of the run."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in label order; empty without labels."""
        ...

    @property
    def offers(self) -> tuple[str, ...]:
        """The fields of its Batches beside `clip` and `index`."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about files of the data set's folder that are on no list."""
        ...

    @property
    def names(self) -> tuple[tuple[str, int], ...]:
        """`(id, label)` of every sample in list order, label -1 without one."""
        ...

    @property
    def missing(self) -> int:
        """Number of listed samples that are not there."""
        ...

    @property
    def skipped(self) -> tuple[str, ...]:
        """Ids of the samples that were left out because they cannot be read."""
        ...

    @property
    def decoded(self) -> dict[str, Any] | None:
        """What is read instead of the files, such as a cache and its quality; None for the files."""
        ...

    def require_trainable(self, needs: Sequence[str], strategy: tf.distribute.Strategy) -> None:
        """Refuses, before anything is read, settings that training batches cannot have; raises InputError."""
        ...

    def scanned(self, *, skip_unreadable: bool = False) -> "Source":
        """The same list, once everything that must be read before the first step is known to be readable."""
        ...

    def training(
        self, needs: Sequence[str], strategy: tf.distribute.Strategy, start_step: int
    ) -> tf.distribute.DistributedDataset:
        """The endless training batches, from step `start_step` on, that carry what is needed."""
        ...

    def views(self) -> tf.data.Dataset:
        """The views of every sample that `config.eval` asks for, as `video.pipeline.eval_dataset` has them."""
        ...

    def clips(self) -> tf.data.Dataset:
        """The central view of every sample."""
        ...

    def flow_samples(self) -> tf.data.Dataset:
        """Every sample once, with its exact flow, at the size that `config.eval.flow_size` says."""
        ...


PAIR_SETTINGS = ("pairs", "render")
VIDEO_SETTINGS = ("split", "classes", "validation", "portion", "group", "cache", "flow", "windows")
FLOW_SETTINGS = ("interpolation", "unknown")
FLOW_AUGMENTATION = ("rotation", "translation", "zoom")
"""Fields of `config.data` that have a meaning for some Batches only."""


def list_source(config: Config, subset: str, needs: Sequence[str] = ()) -> Source:
    """Reads a list; nothing is decoded.

    Args:
        config: the run's configuration.
        subset: "train" or "test".
        needs: fields that the source's Batches must have.

    Raises:
        InputError: no such data set or list, listed files are missing (`data.missing=error`), the data set lacks a
            field, or a setting has no meaning for its Batches.
    """
    name = check_choice("--config.data.dataset", config.data.dataset, dataset_names())
    # Moving Shapes is both; its videos have their labels and the flow of every step.
    source = VideoSource.listed(config, subset) if name in datasets.names() else PairSource.listed(config, subset)
    if subset == "test" and learns_stored_flow(config):
        # Nobody asks a test for what a solver computed.
        needs = [field for field in needs if field not in FLOW_FIELDS]
    lacking = [field for field in needs if field not in source.offers]
    if lacking == ["flow"] and reads_flow(config):
        raise no_flow(config)
    if lacking:
        offers = ", ".join(source.offers) or "frames alone"
        # Of videos, the flow that a solver computed may be learned.
        stored = ", or --config.data.flow=FOLDER, which launch.prepare --flow=FOLDER writes"
        raise InputError(
            f"--method={config.method} learns from {' and '.join(needs)}, but --config.data.dataset={name} offers "
            f"{offers}: choose another data set, or options of the method that need no {lacking[0]}"
            f"{stored if lacking == ['flow', 'known'] and isinstance(source, VideoSource) else ''}."
        )
    _refuse_ignored(config, source, subset, needs)
    return source


def warn_of_lists(training: Source, test: Source) -> None:
    """Says on stderr which files of the data set are on no list, and which classes make a comparison empty.

    Args:
        training: the list that is learnt from.
        test: the list of the same data set that is tested on, which may be a part of its training list.
    """
    labels = ([label for _, label in source.names] for source in (training, test))
    tested = "validation" if test.config.data.validation else "test"
    for sentence in (*training.notes, *class_warnings(training.class_names, *labels, tested=tested)):
        print(f"warning: {sentence}", file=sys.stderr)


def print_validation(config: Config, training: Source, validation: Source) -> None:
    """Says what a run learns from and is validated on, where that is not the test list.

    Args:
        config: the run's configuration.
        training: the list that is learnt from.
        validation: the list that is validated on.
    """
    said = said_of_validation(config, len(training.names), len(validation.names))
    if said:
        print(said)


def open_source(config: Config, subset: str, needs: Sequence[str] = (), *, skip_unreadable: bool = False) -> Source:
    """As `list_source`, but every file is read once, so that a broken one stops a run before its first step.

    Args:
        config: the run's configuration.
        subset: "train" or "test".
        needs: fields that the source's Batches must have.
        skip_unreadable: drop broken files, naming them, instead of stopping.

    Raises:
        InputError: as `list_source`, or files that are broken or not in `data.cache`.
    """
    return list_source(config, subset, needs).scanned(skip_unreadable=skip_unreadable)


def _refuse_ignored(config: Config, source: Source, subset: str, needs: Sequence[str]) -> None:
    """Refuses settings that would decide nothing: nobody would notice, and a protocol would name them."""
    if isinstance(source, PairSource):
        ignored: dict[str, str] = dict.fromkeys(VIDEO_SETTINGS, "image pairs")
    else:
        ignored = dict.fromkeys(PAIR_SETTINGS, "videos")
        data = config.data
        if not (data.validation or data.portion < 1 or datasets.divides_itself(data.dataset)):
            ignored["group"] = "a data set with lists of its own, of which nothing is kept back"
        stored = learns_stored_flow(config)
        if not (reads_flow(config) or stored):
            ignored["flow"] = f"--method={config.method}, which reads no stored flow with these options"
        if "known" not in source.offers or stored:
            ignored |= dict.fromkeys(FLOW_SETTINGS, "a data set without exact flow")
        if subset == "train" and ("known" not in needs or stored):
            ignored |= dict.fromkeys(FLOW_AUGMENTATION, "training without exact flow")
    default = DataConfig()
    for name, where in ignored.items():
        value = getattr(config.data, name)
        # What an experiment sets for its own data set is nobody's wish for another one.
        if value != getattr(default, name) and value != getattr(_experiment_of(config).data, name):
            raise InputError(f"--config.data.{name}={value} has no meaning for {where}: leave it out.")


def _experiment_of(config: Config) -> Config:
    return load_module(launch.experiments, "--experiment", config.experiment).config(config.method)
