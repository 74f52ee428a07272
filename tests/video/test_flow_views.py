"""Flow beside frames: it is cut, scaled and mirrored with them, so that it leads every frame of a view to the next."""

import itertools

import cv2
import numpy as np
import pytest
import tensorflow as tf

from tests.flow.test_augment import HEIGHT, MOTION, WIDTH, affine_field, pattern
from tests.video.batches import eval_batches, train_batches
from tvnet_keras.errors import InputError
from tvnet_keras.flow.between import flow_between
from tvnet_keras.video import FrameSource, Video, VideoList, ViewRecipe, pipeline
from tvnet_keras.video.augment import test_flow_views as flow_views_of
from tvnet_keras.video.augment import test_views as views_of
from tvnet_keras.video.resize import resize_half_pixel_antialiased

FRAMES = 9
VIDEOS = VideoList((Video("a.avi", 0, "a"), Video("b.avi", 1, "b")), ("left", "right"), flip=(1, 0))
"""A mirrored video has the other label, which so says which samples are mirrored."""


def moving_video(seed):
    """A pattern that moves by MOTION from frame to frame, uint8 `[FRAMES, HEIGHT, WIDTH, 3]`."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    points = np.stack([x + 40 * seed, y, np.ones_like(x)], -1) - (40 * seed, 0, 0)
    step = np.linalg.inv(np.eye(3) + np.vstack([MOTION, np.zeros(3)]))
    came = [points @ np.linalg.matrix_power(step, number).T for number in range(FRAMES)]
    return np.rint([pattern(part[..., 0] + 40 * seed, part[..., 1]) for part in came]).astype("uint8")


class InMemory:
    """Stands in for a cache of decoded videos.

    Args:
        short_side: the frames are as small as this, in pixels; None leaves them.
    """

    def __init__(self, short_side=None):
        scale = 1 if short_side is None else short_side / HEIGHT
        size = (round(HEIGHT * scale), round(WIDTH * scale))
        self.clips = {name: resize_half_pixel_antialiased(moving_video(seed), size) for seed, name in enumerate("ab")}

    def count_frames(self, name):
        return FRAMES

    def read_frames(self, name, numbers):
        return self.clips[name][np.ravel(numbers)]


CACHE = InMemory()


def flow_between_frames(video, first, last):
    """The flow of the videos, composed of that of single steps."""
    step = affine_field(MOTION, HEIGHT, WIDTH)
    return flow_between(lambda numbers: np.stack([step] * len(numbers)), first, last)


def taken(batches, count):
    return [{name: value.numpy() for name, value in batch.items()} for batch in itertools.islice(batches, count)]


def explained(clip, flow):
    """What is left of the differences between neighbouring frames once the second is warped back; most of all steps."""
    height, width = flow.shape[1:3]
    left = []
    for (first, second), step in zip(itertools.pairwise(clip.astype("float32")), flow, strict=True):
        x, y = (
            (step + np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1)).astype("float32").transpose(2, 0, 1)
        )
        inside = (x >= 1) & (x <= width - 2) & (y >= 1) & (y <= height - 2)
        assert inside.mean() > 0.5
        left.append(np.abs(cv2.remap(second, x, y, cv2.INTER_LINEAR) - first)[inside].mean())
    return max(left)


def still(clip):
    """The mean difference between neighbouring frames, least of all steps."""
    return np.abs(np.diff(clip.astype(float), axis=0)).mean(axis=(1, 2, 3)).min()


TRAINING = {
    "whole": {"size": (HEIGHT, WIDTH), "crop": "none"},
    "shrunk unevenly": {"size": (45, 42), "crop": "none"},
    "enlarged": {"size": (80, 90), "crop": "none"},
    "corner": {"size": (40, 44), "crop": "corner"},
    "corner of a resized frame": {"size": (40, 44), "crop": "corner", "resize_short": 50},
    "random": {"size": (36, 44), "crop": "random"},
    "random of an enlarged frame": {"size": (40, 48), "crop": "random", "resize_short": 90},
    "two steps": {"size": (40, 48), "crop": "random", "step": 2, "frames": 3},
    "segments": {"size": (40, 48), "crop": "corner", "segments": 3},
    "windows": {"size": (40, 48), "crop": "corner", "windows": 3},
    "segments of windows": {"size": (40, 48), "crop": "random", "windows": 4, "segments": 2, "step": 2, "frames": 3},
    "colours": {"size": (40, 48), "crop": "corner", "colour_jitter": 0.3},
}


@pytest.mark.parametrize("settings", TRAINING.values(), ids=TRAINING)
def test_the_flow_of_a_training_view_explains_its_frames(settings):
    settings = {"frames": 4, "batch_size": 6, "seed": 0, "cache": CACHE, "flow": flow_between_frames, **settings}
    mirrored = set()
    for batch in taken(train_batches(VIDEOS, **settings), 1):
        mirrored |= set((batch["label"] != batch["index"]).tolist())
        clips, flows = (batch[name].reshape(-1, *batch[name].shape[-4:]) for name in ("clip", "flow"))
        assert flows.dtype == np.float32 and flows.shape == (len(clips), clips.shape[1] - 1, *clips.shape[2:4], 2)
        for clip, flow in zip(clips, flows, strict=True):
            # Bilinear interpolation, and 8 bits.
            assert explained(clip, flow) < 1.5 < 5 < still(clip)
    assert mirrored == {True, False}


def test_flow_that_is_not_mirrored_with_its_frames_is_seen():
    settings = {"frames": 4, "batch_size": 8, "seed": 0, "size": (40, 48), "crop": "random"}
    (batch,) = taken(train_batches(VIDEOS, cache=CACHE, flow=flow_between_frames, **settings), 1)
    for clip, flow in zip(batch["clip"], batch["flow"], strict=True):
        for wrong in (-flow, flow[:, :, ::-1] * np.float32([-1, 1]), flow[..., ::-1], 1.5 * flow):
            assert explained(clip, np.ascontiguousarray(wrong)) > 2


@pytest.mark.parametrize("segments", [1, 2])
def test_the_other_fields_are_those_without_flow(segments):
    settings = {"frames": 4, "batch_size": 4, "seed": 3, "size": (40, 48), "segments": segments, "colour_jitter": 0.2}
    plain = taken(train_batches(VIDEOS, cache=CACHE, **settings), 3)
    both = taken(train_batches(VIDEOS, cache=CACHE, flow=flow_between_frames, **settings), 3)
    for one, other in zip(plain, both, strict=True):
        assert set(other) - set(one) == {"flow"}
        for name, value in one.items():
            np.testing.assert_array_equal(value, other[name])


@pytest.mark.parametrize("segments", [1, 2])
def test_shapes_are_static(segments):
    settings = {"frames": 4, "batch_size": 4, "seed": 3, "size": (40, 48), "segments": segments}
    spec = train_batches(VIDEOS, cache=CACHE, flow=flow_between_frames, **settings).element_spec
    clips = (4, 2) if segments == 2 else (4,)
    assert spec["flow"] == tf.TensorSpec((*clips, 3, 40, 48, 2), tf.float32)
    test = {"frames": 4, "batch_size": 4, "size": (40, 48), "cache": CACHE, "flow": flow_between_frames}
    assert eval_batches(VIDEOS, **test).element_spec["flow"] == tf.TensorSpec((None, 3, 40, 48, 2), tf.float32)


def test_windows_draw_the_clips_whose_flow_is_stored():
    # 9 frames have 3 windows of 4: from frame 0, 3 (2.5 rounded up) and 5.
    settings = {"frames": 4, "batch_size": 8, "seed": 1, "size": (HEIGHT, WIDTH), "crop": "none", "flip": False}
    seen = set()
    for batch in taken(train_batches(VIDEOS, cache=CACHE, windows=3, **settings), 5):
        for clip, index in zip(batch["clip"], batch["index"], strict=True):
            frames = CACHE.clips["ab"[index]]
            (start,) = (k for k in range(FRAMES) if np.array_equal(clip, frames[k : k + 4]))
            seen.add(start)
    assert seen == {0, 3, 5}


EVALUATION = {
    "centre": {},
    "centre of an enlarged frame": {"resize_short": 80},
    "whole": {"crop": "none", "size": (50, 90)},
    "five crops of two clips": {"crops": 5, "clips": 2},
    "ten crops": {"crops": 10, "resize_short": 50},
    "dense": {"sampling": "dense", "stride": 2},
    "floored": {"sampling": "floor", "clips": 3, "crops": 10},
    "two steps": {"step": 2, "frames": 3, "clips": 3},
}


@pytest.mark.parametrize("settings", EVALUATION.values(), ids=EVALUATION)
def test_the_flow_of_a_test_view_explains_its_frames(settings):
    settings = {"frames": 4, "batch_size": 7, "size": (40, 48), "cache": CACHE, **settings}
    plain = taken(eval_batches(VIDEOS, **settings), 99)
    batches = taken(eval_batches(VIDEOS, flow=flow_between_frames, **settings), 99)
    for one, batch in zip(plain, batches, strict=True):
        for name, value in one.items():
            np.testing.assert_array_equal(value, batch[name])
        for clip, flow in zip(batch["clip"], batch["flow"], strict=True):
            assert explained(clip, flow) < 1.5 < 5 < still(clip)


def test_views_that_come_in_pieces_are_the_same(monkeypatch):
    settings = {"frames": 4, "batch_size": 5, "size": (40, 48), "sampling": "dense", "crops": 5}
    whole = taken(eval_batches(VIDEOS, cache=CACHE, flow=flow_between_frames, **settings), 99)
    monkeypatch.setattr(pipeline, "PIECE_BYTES", 1)
    pieces = taken(eval_batches(VIDEOS, cache=CACHE, flow=flow_between_frames, **settings), 99)
    for one, other in zip(whole, pieces, strict=True):
        for name, value in one.items():
            np.testing.assert_array_equal(value, other[name])


@pytest.mark.parametrize("settings", [{"crop": "none"}, {"crop": "corner"}, {"crop": "random", "resize_short": 48}])
def test_flow_of_another_size_than_the_cached_frames_goes_with_them(settings):
    settings = {"frames": 4, "batch_size": 4, "size": (36, 44), **settings}
    small = InMemory(short_side=48)
    (batch,) = taken(train_batches(VIDEOS, seed=2, cache=small, flow=flow_between_frames, **settings), 1)
    tested = {**settings, "crop": "none" if settings["crop"] == "none" else "center", "resize_short": 48}
    (test,) = taken(eval_batches(VIDEOS, cache=small, flow=flow_between_frames, **tested), 99)
    for part in (batch, test):
        for clip, flow in zip(part["clip"], part["flow"], strict=True):
            assert explained(clip, flow) < 1.5 < 5 < still(clip)


@pytest.mark.parametrize("crops", [1, 5, 10])
@pytest.mark.parametrize(("size", "resize_short"), [((40, 48), None), ((40, 40), 75), ((70, 50), None)])
def test_views_of_flow_lie_where_those_of_the_frames_do(crops, size, resize_short):
    recipe = ViewRecipe(size, "center", resize_short)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    views, mirrored = views_of(np.stack([x, y, 0 * x], -1)[None].astype("uint8"), recipe, crops)
    flow = flow_views_of(np.stack([x, y], -1)[None].astype("float32"), recipe, crops)
    assert flow.shape == (crops, 1, *size, 2)
    places = views[:, 0, 3:-3, 3:-3, :2].astype(float)
    for place, seen, flipped in zip(places, flow[:, 0, 3:-3, 3:-3], mirrored, strict=True):
        seen = seen * np.float32([-1 if flipped else 1, 1])
        scale = max(size[0] / HEIGHT, size[1] / WIDTH) if resize_short is None else resize_short / HEIGHT
        # Bytes are rounded; the sides of a resized frame are, too.
        np.testing.assert_allclose(seen / scale, place, atol=1.2)


def test_a_source_without_flow_has_none_to_read():
    source = FrameSource(VIDEOS, cache=CACHE)
    assert not source.has_flow and FrameSource(VIDEOS, cache=CACHE, flow=flow_between_frames).has_flow
    with pytest.raises(ValueError, match="no flow"):
        source.read_flow(0, np.array([0]), np.array([1]))


def test_more_segments_than_windows_are_refused():
    settings = {"frames": 4, "batch_size": 4, "seed": 1, "size": (40, 48), "cache": CACHE}
    with pytest.raises(InputError, match=r"3 segments cannot be drawn from windows=2; take more windows"):
        train_batches(VIDEOS, segments=3, windows=2, **settings)
    train_batches(VIDEOS, segments=3, windows=3, **settings)
