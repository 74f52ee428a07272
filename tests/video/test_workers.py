import os

import pytest
import tensorflow as tf

from tests.video.batches import eval_batches, train_batches
from tvnet_keras.flow.augment import FlowRecipe
from tvnet_keras.flow.pairs import Pair
from tvnet_keras.flow.pipeline import eval_dataset as eval_flow
from tvnet_keras.flow.pipeline import train_dataset as train_flow
from tvnet_keras.flow.sources import PairSource
from tvnet_keras.video import scan as scan_module
from tvnet_keras.video.scan import scan
from tvnet_keras.video.workers import workers_of


def test_a_worker_per_core_that_the_process_may_run_on(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 2, 5}, raising=False)
    assert workers_of() == workers_of(None) == workers_of(0) == 3
    assert workers_of(7) == 7
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert workers_of() == 5


@pytest.fixture
def calls(monkeypatch):
    """How many calls each dataset made since makes at the same time."""
    asked = []
    mapped = tf.data.Dataset.map

    def noting(self, function, num_parallel_calls=None, **options):
        if num_parallel_calls is not None:
            asked.append(num_parallel_calls)
        return mapped(self, function, num_parallel_calls=num_parallel_calls, **options)

    monkeypatch.setattr(tf.data.Dataset, "map", noting)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(3), raising=False)
    return asked


@pytest.mark.parametrize(("given", "expected"), [(None, 3), (5, 5)])
def test_every_pipeline_has_one_worker_per_core_or_as_many_as_asked(small_set, small_counts, calls, given, expected):
    clips = {"counts": small_counts, "frames": 3, "size": 8, "batch_size": 2, "parallel": given}
    train_batches(small_set, seed=0, **clips)
    eval_batches(small_set, **clips)
    pairs, recipe = PairSource([Pair("a", None, truth=lambda: None)]), FlowRecipe((8, 8))
    train_flow(pairs, recipe, batch_size=2, seed=0, parallel=given)
    eval_flow(pairs, recipe, parallel=given)
    assert calls == [expected] * 4


def test_a_scan_has_one_worker_per_core(small_set, monkeypatch):
    asked = []

    class Pool(scan_module.ThreadPoolExecutor):
        def __init__(self, workers):
            asked.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(scan_module, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(3), raising=False)
    scan(small_set.videos)
    assert asked == [3]
