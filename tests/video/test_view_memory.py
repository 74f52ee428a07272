"""The views of a test and a cache take a bounded amount of memory, however long a video, however many its clips."""

import tracemalloc

import numpy as np
import pytest

from tests.video.batches import eval_batches
from tvnet_keras.video import ClipRecipe, MultiView, VideoList, pipeline, write_cache
from tvnet_keras.video.listing import Video
from tvnet_keras.video.sample import dense_clips, dense_count
from tvnet_keras.video.views import EvalViews, FrameSource

FRAMES = 90


@pytest.fixture(scope="module")
def large(write_video, tmp_path_factory):
    """One video of 90 frames of 360 x 480 pixels: 47 MB when it is decoded."""
    path = write_video(tmp_path_factory.mktemp("large") / "a.avi", FRAMES, size=(360, 480))
    return VideoList((Video(str(path), 0, "a"),), ("a",)), {str(path): FRAMES}


def views_of(videos, **options):
    settings = {"frames": 8, "size": (24, 24), "batch_size": 5, **options}
    batches = list(eval_batches(videos, **settings).as_numpy_iterator())
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


@pytest.mark.parametrize(
    "options", [{"sampling": "dense", "stride": 2}, {"clips": 7, "crops": 10}, {"clips": 4, "sampling": "floor"}]
)
@pytest.mark.parametrize("cached", [False, True])
def test_pieces_are_the_whole(small_set, small_counts, tmp_path, monkeypatch, options, cached):
    source = {"cache": write_cache(small_set, tmp_path)} if cached else {"counts": small_counts}
    whole = views_of(small_set, **source, **options)
    sizes = []
    make = EvalViews.__call__
    monkeypatch.setattr(EvalViews, "__call__", lambda *args: sizes.append(len((made := make(*args))[0])) or made)
    # Three clips of so many crops.
    monkeypatch.setattr(pipeline, "PIECE_BYTES", 3 * options.get("crops", 1) * 8 * 24 * 24 * 3)
    pieces = views_of(small_set, **source, **options)
    assert max(sizes) == 3 * options.get("crops", 1) and sum(sizes) == len(whole["index"])
    for name, values in whole.items():
        np.testing.assert_array_equal(pieces[name], values)


def test_a_piece_of_less_than_a_clip_is_a_clip(small_set, small_counts, monkeypatch):
    whole = views_of(small_set, counts=small_counts, clips=2)
    monkeypatch.setattr(pipeline, "PIECE_BYTES", 1)
    np.testing.assert_array_equal(views_of(small_set, counts=small_counts, clips=2)["clip"], whole["clip"])


@pytest.mark.parametrize("crops", [1, 10])
@pytest.mark.parametrize("cached", [False, True])
def test_only_views_lie_in_memory_together(large, tmp_path, crops, cached):
    videos, counts = large
    cache = write_cache(videos, tmp_path) if cached else None
    recipe = ClipRecipe((24, 24), "center", frames=8)
    chosen = MultiView(sampling="dense", stride=4, crops=crops)
    views = EvalViews(FrameSource(videos, counts, cache), recipe, chosen, at_once=1000)
    tracemalloc.start()
    clips, _, _ = views(0, 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(clips) == 21 * crops
    # The decoded video alone is 47 MB; the views are 0.3 MB for every crop.
    assert peak < 8 * 2**20 + 4 * clips.nbytes


@pytest.mark.parametrize("short_side", [None, 24])
def test_a_cache_is_written_frame_by_frame(large, tmp_path, short_side):
    tracemalloc.start()
    write_cache(large[0], tmp_path, short_side=short_side)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 2**20


@pytest.mark.parametrize("stride", [1, 3, 7])
@pytest.mark.parametrize("count", [1, 5, 16, 17, 40])
def test_dense_clips_are_counted_without_making_them(count, stride):
    for frames, step in ((4, 1), (4, 5), (1, 1)):
        assert dense_count(count, frames, stride, step) == len(dense_clips(count, frames, stride, step))
