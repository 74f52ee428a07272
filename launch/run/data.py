"""From a `DataConfig` to sources of Batches: labelled or unlabelled videos, videos with exact flow, pairs with flow."""

import sys
from collections.abc import Sequence
from typing import Protocol

import tensorflow as tf

import launch.experiments
from launch.run.config import Config, DataConfig, dataset_names
from launch.run.pair_source import PairSource
from launch.run.video_source import VideoSource
from tvnet_keras.choices import check_choice, load_module
from tvnet_keras.errors import InputError
from tvnet_keras.video import datasets
from tvnet_keras.video.listing import class_warnings


class Source(Protocol):
    """One list of a data set. What it offers, and Batches of it.

    Attributes:
        class_names: in label order; empty without labels.
        offers: the fields of its Batches beside `clip` and `index`.
        notes: sentences about what of the data set's folder is on no list.
        names: `(id, label)` of every sample in list order, label -1 without one.
        missing: how many listed samples are not there.
        skipped: ids of those that were left out because they cannot be read.
        decoded: what is read instead of the files, such as a cache and its quality; None for the files.
    """

    class_names: tuple[str, ...]
    offers: tuple[str, ...]
    notes: tuple[str, ...]
    names: tuple[tuple[str, int], ...]
    missing: int
    skipped: tuple[str, ...]
    decoded: dict | None

    def require_trainable(self, needs: Sequence[str], strategy: tf.distribute.Strategy) -> None:
        """Refuses, before anything is read, settings that training batches cannot have; raises InputError."""

    def scanned(self, *, skip_unreadable: bool = False) -> "Source":
        """The same once everything that must be read before the first step is known to be readable."""

    def training(
        self, needs: Sequence[str], strategy: tf.distribute.Strategy, start_step: int
    ) -> tf.distribute.DistributedDataset:
        """The endless training batches, from step `start_step` on, that carry what is needed."""

    def views(self) -> tf.data.Dataset:
        """The views of every sample that `config.eval` asks for, as `video.pipeline.eval_dataset` has them."""

    def clips(self) -> tf.data.Dataset:
        """The central view of every sample."""

    def flow_samples(self) -> tf.data.Dataset:
        """Every sample once, with its exact flow, at the size that `config.eval.flow_size` says."""


OF_PAIRS = ("pairs", "render")
OF_VIDEOS = ("split", "classes", "cache")
OF_FLOW = ("interpolation", "unknown")
OF_FLOW_IN_TRAINING = ("rotation", "translation", "zoom")
"""Fields of `config.data` that only some Batches know."""


def list_source(config: Config, subset: str, needs: Sequence[str] = ()) -> Source:
    """Reads a list; nothing is decoded.

    Args:
        config: the run's configuration.
        subset: "train" or "test".
        needs: fields that its Batches must have.

    Raises:
        InputError: no such data set or list, listed files are missing (`data.missing=error`), the data set lacks a
            field, or a setting has no meaning for its Batches.
    """
    name = check_choice("--config.data.dataset", config.data.dataset, dataset_names())
    # Moving Shapes is both; its videos have their labels and the flow of every step.
    source = VideoSource.listed(config, subset) if name in datasets.names() else PairSource.listed(config, subset)
    lacking = [field for field in needs if field not in source.offers]
    if lacking:
        offers = ", ".join(source.offers) or "frames alone"
        raise InputError(
            f"--method={config.method} learns from {' and '.join(needs)}, but --config.data.dataset={name} offers "
            f"{offers}: choose another data set, or options of the method that need no {lacking[0]}."
        )
    _refuse_ignored(config, source, subset, needs)
    return source


def warn_of_lists(training: Source, test: Source) -> None:
    """Says on stderr what of the data set's folder is on no list, and which classes make a comparison empty.

    Args:
        training: what is learnt from.
        test: what is tested on, of the same data set.
    """
    labels = ([label for _, label in source.names] for source in (training, test))
    for sentence in (*training.notes, *class_warnings(training.class_names, *labels)):
        print(f"warning: {sentence}", file=sys.stderr)


def open_source(config: Config, subset: str, needs: Sequence[str] = (), *, skip_unreadable: bool = False) -> Source:
    """`list_source`, read once, so that a broken file stops a run before its first step.

    Args:
        config: the run's configuration.
        subset: "train" or "test".
        needs: fields that its Batches must have.
        skip_unreadable: drop broken files, naming them, instead of stopping.

    Raises:
        InputError: as `list_source`, or files that are broken or not in `data.cache`.
    """
    return list_source(config, subset, needs).scanned(skip_unreadable=skip_unreadable)


def _refuse_ignored(config: Config, source: Source, subset: str, needs: Sequence[str]) -> None:
    """A setting that would be passed over without a word is a number in a protocol that decided nothing."""
    if isinstance(source, PairSource):
        ignored = dict.fromkeys(OF_VIDEOS, "image pairs")
    else:
        ignored = dict.fromkeys(OF_PAIRS, "videos")
        if "flow" not in source.offers:
            ignored |= dict.fromkeys(OF_FLOW, "a data set without exact flow")
        if subset == "train" and "flow" not in needs:
            ignored |= dict.fromkeys(OF_FLOW_IN_TRAINING, "training without exact flow")
    default = DataConfig()
    for name, where in ignored.items():
        value = getattr(config.data, name)
        # What an experiment sets for its own data set is nobody's wish for another one.
        if value != getattr(default, name) and value != getattr(_experiment_of(config).data, name):
            raise InputError(f"--config.data.{name}={value} has no meaning for {where}: leave it out.")


def _experiment_of(config: Config) -> Config:
    return load_module(launch.experiments, "--experiment", config.experiment).config(config.method)
