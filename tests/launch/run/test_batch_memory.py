"""Sizes whose product no memory holds are one sentence before anything is read."""

import pytest

from launch.run import batch_memory
from launch.run.data import list_source
from tvnet_keras.errors import InputError


@pytest.fixture
def small_machine(monkeypatch):
    """A machine of 10 million bytes."""
    monkeypatch.setattr(batch_memory, "memory_bytes", lambda: 10_000_000)


@pytest.mark.parametrize(
    ("subset", "sections", "said"),
    [
        (
            "train",
            {"train": {"batch_size": 4000}},
            "--config.train.batch_size=4000 samples of .*frames=6 frames of 32 x",
        ),
        ("train", {"data": {"segments": 70}}, "batch_size=8 samples of 70 clips of --config.data.frames=6"),
        ("train", {"data": {"frames": 500}}, "frames=500 frames of 32 x 32 pixels take 0.0 GB, and this machine has"),
        ("train", {"data": {"height": 3000}}, "frames of 3000 x 32 pixels"),
        ("test", {"eval": {"batch_size": 4000}}, "--config.eval.batch_size=4000 samples of --config.data.frames=6"),
    ],
)
def test_a_batch_that_no_memory_holds_is_refused(small_machine, tiny, subset, sections, said):
    with pytest.raises(InputError, match=said):
        list_source(tiny(**sections), subset)


def test_pairs_at_their_own_size_and_fitting_batches_are_not_refused(small_machine, tiny):
    for subset in ("train", "test"):
        assert list_source(tiny(), subset).names
        batch_memory.require_room(tiny("tvnet_flow", data={"height": 0, "width": 0, "frames": 2}), subset)


def test_the_memory_of_this_machine_is_known():
    assert 2**28 < batch_memory.memory_bytes() < 2**50
