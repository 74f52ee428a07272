"""Image pairs with exact flow as a source of Batches."""

import dataclasses
import functools
from collections.abc import Sequence

import tensorflow as tf

from launch.run.config import Config
from launch.run.recipes import flow_recipe, test_flow_recipe
from launch.run.sharded_batches import sharded_batches
from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.flow import pairs, pipeline, sources


@dataclasses.dataclass(frozen=True)
class PairSource:
    """A list of pairs; see `launch.run.data.Source`.

    Attributes:
        config: of the run.
        pairs: the list; every one has its exact flow.
    """

    config: Config
    pairs: tuple[pairs.Pair, ...]

    class_names = ()
    notes = ()
    offers = ("flow", "known")
    missing = 0
    skipped = ()
    decoded = None

    @classmethod
    def listed(cls, config: Config, subset: str) -> "PairSource":
        """Lists the pairs of a subset, where the data set divides its own; else all of them are both.

        Raises:
            InputError: no pairs, an unknown one in `data.pairs`, or an option that is of another data set.
        """
        data = config.data
        options = {"render": data.render} if data.render else {}
        if options and "render" not in pairs.options_of(data.dataset):
            raise InputError(
                f"--config.data.render={data.render} does not belong to --config.data.dataset={data.dataset}: set "
                "--config.data.render= to nothing."
            )
        listed = pairs.load_subset(data.dataset, data.root, subset, **options)
        if data.pairs:
            by_name = {pair.name: pair for pair in pairs.load(data.dataset, data.root, **options)}
            listed = tuple(by_name[check_choice("--config.data.pairs", name, tuple(by_name))] for name in data.pairs)
        return cls(config, listed)

    @property
    def names(self) -> tuple[tuple[str, int], ...]:
        """Names of the pairs, without labels."""
        return tuple((pair.name, -1) for pair in self.pairs)

    def require_trainable(self, needs: Sequence[str], strategy: tf.distribute.Strategy) -> None:
        """Refuses longer clips, and several devices or pieces for pairs of several sizes.

        Raises:
            InputError: either is asked for.
        """
        data, train = self.config.data, self.config.train
        if data.frames != pairs.FRAMES:
            raise InputError(
                f"--config.data.dataset={data.dataset} has clips of {pairs.FRAMES} frames, not of "
                f"--config.data.frames={data.frames}: choose another data set, or a method that learns from pairs."
            )
        if not data.height and (strategy.num_replicas_in_sync > 1 or train.accumulate > 1):
            raise InputError(
                "Pairs at their own size (--config.data.height=0) are computed one by one: use one device and "
                f"--config.train.accumulate=1. Received: {strategy.num_replicas_in_sync} devices, "
                f"accumulate={train.accumulate}."
            )

    def scanned(self, *, skip_unreadable: bool = False) -> "PairSource":
        """Itself: every file's presence was checked with the list, and pairs are read as they are drawn."""
        return self

    def training(
        self, needs: Sequence[str], strategy: tf.distribute.Strategy, start_step: int
    ) -> tf.distribute.DistributedDataset:
        """The endless training batches, sharded before reading over input pipelines."""
        config = self.config
        source, recipe = sources.PairSource(self.pairs), flow_recipe(config.data)
        make = functools.partial(pipeline.train_dataset, source, recipe, multiple=config.train.accumulate)
        return sharded_batches(config, strategy, start_step, make)

    def views(self) -> tf.data.Dataset:
        """Pairs are not scored by class.

        Raises:
            InputError: always.
        """
        raise InputError(f"--config.data.dataset={self.config.data.dataset} has no classes to score.")

    def clips(self) -> tf.data.Dataset:
        """The pairs themselves."""
        return self.flow_samples()

    def flow_samples(self) -> tf.data.Dataset:
        """Every pair once, at its own size or at the training size."""
        return pipeline.eval_dataset(
            sources.PairSource(self.pairs), test_flow_recipe(self.config), parallel=self.config.data.workers or None
        )
