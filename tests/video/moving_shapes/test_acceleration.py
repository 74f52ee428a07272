"""Moving Shapes II: the change of the velocity tells the class; a frame, a mean and a first velocity do not."""

import json

import cv2
import numpy as np
import pytest

from tests.video.moving_shapes.test_writer import decode
from tvnet_keras.errors import InputError
from tvnet_keras.video import datasets
from tvnet_keras.video.moving_shapes.acceleration import CLASS_NAMES, draw_motion
from tvnet_keras.video.moving_shapes.render import render
from tvnet_keras.video.moving_shapes.scene import draw_scene
from tvnet_keras.video.moving_shapes.writer import exact_flow, write_dataset

FRAMES, SIZE, GROUPS = 16, (64, 64), 200
ALONG, ACROSS = slice(0, 3), slice(3, 6)
CHANCE = 1 / len(CLASS_NAMES)


@pytest.fixture(scope="module")
def velocities():
    """Of every group and class, the velocity of every step: `[groups, classes, T - 1, 2]`."""
    found = np.empty((GROUPS, len(CLASS_NAMES), FRAMES - 1, 2))
    for group in range(GROUPS):
        for label, name in enumerate(CLASS_NAMES):
            motion = draw_motion(name, np.random.default_rng([0, group]), SIZE, FRAMES)
            found[group, label] = np.array(motion.velocity) + motion.changes
    return found


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("shapes"), train_groups=2, test_groups=1, motions="acceleration")


def nearest_mean(train, test):
    """Share of the test features `[groups, classes, D]` that are nearest to the mean of their class."""
    means = train.mean(axis=0)
    distances = np.linalg.norm(test[:, :, None] - means, axis=-1)
    return np.mean(distances.argmin(axis=-1) == np.arange(len(CLASS_NAMES)))


def linear(train, test):
    """The same of a linear classifier, fitted by least squares."""

    def features(x):
        return np.concatenate([x.reshape(-1, x.shape[-1]), np.ones((x.shape[0] * x.shape[1], 1))], axis=1)

    targets = np.tile(np.eye(len(CLASS_NAMES)), (len(train), 1))
    answers = features(test) @ np.linalg.lstsq(features(train), targets, rcond=None)[0]
    return np.mean(answers.argmax(axis=1) == np.tile(np.arange(len(CLASS_NAMES)), len(test)))


def accuracy(classifier, features):
    half = GROUPS // 2
    return classifier(features[:half], features[half:])


def positions(velocities):
    """Where the first object is in a random frame, as points on circles, for the frame is a torus: `[..., 4]`."""
    way = np.concatenate([np.zeros((*velocities.shape[:2], 1, 2)), velocities.cumsum(axis=2)], axis=2)
    way -= way[:, :, FRAMES // 2, None]
    frames = np.random.default_rng(1).integers(0, FRAMES, velocities.shape[:2])
    start = [draw_scene(np.random.default_rng([0, group]), (32, 32)).layers[0].centre for group in range(GROUPS)]
    place = np.array(start)[:, None] * 2 + np.take_along_axis(way, frames[..., None, None], axis=2)[:, :, 0]
    return np.concatenate([np.cos(place * 2 * np.pi / 64), np.sin(place * 2 * np.pi / 64)], axis=-1)


def changes(velocities):
    """The mean change of the velocity per step, and its mean size, along the way and to its left: `[..., 4]`."""
    mean = velocities.mean(axis=2, keepdims=True)
    forward = mean / np.linalg.norm(mean, axis=-1, keepdims=True)
    left = np.stack([forward[..., 1], -forward[..., 0]], axis=-1)
    change = np.diff(velocities, axis=2)
    parts = np.stack([(change * axis).sum(-1) for axis in (forward, left)], axis=-1)
    return np.concatenate([parts.mean(axis=2), np.abs(parts).mean(axis=2)], axis=-1)


@pytest.mark.parametrize("classifier", [nearest_mean, linear])
def test_the_change_of_the_velocity_tells_the_class_and_nothing_else_does(velocities, classifier):
    untold = {
        "mean velocity": velocities.mean(axis=2),
        "mean speed": np.linalg.norm(velocities.mean(axis=2), axis=-1, keepdims=True),
        "first velocity": velocities[:, :, 0],
        "last velocity": velocities[:, :, -1],
        "place in one frame": positions(velocities),
    }
    deviation = np.sqrt(CHANCE * (1 - CHANCE) / (GROUPS // 2 * len(CLASS_NAMES)))
    for name, features in untold.items():
        assert abs(accuracy(classifier, features) - CHANCE) < 3 * deviation, name
    assert accuracy(classifier, changes(velocities)) > 0.99


def test_speeds_tell_no_more_than_is_said_of_them(velocities):
    speed = np.linalg.norm(velocities, axis=-1)
    # An arc is longer than its chord, and who speeds up is slower at first: neither can be otherwise.
    assert accuracy(nearest_mean, speed.mean(axis=-1, keepdims=True)) < CHANCE + 0.06
    assert accuracy(nearest_mean, speed[..., :1]) < 0.5


def test_all_classes_of_a_group_have_one_mean_velocity_within_the_stated_speeds(velocities):
    mean = velocities.mean(axis=2)
    np.testing.assert_allclose(mean, np.broadcast_to(mean[:, :1], mean.shape), atol=1e-12)
    speed = np.linalg.norm(mean[:, 0], axis=-1)
    assert 0.8 <= speed.min() < 0.85 and 1.25 < speed.max() <= 1.3
    assert np.linalg.norm(velocities, axis=-1).max() < 1.3 * 1.8


@pytest.mark.parametrize("part", [ALONG, ACROSS], ids=["along", "across"])
def test_classes_of_one_axis_have_the_same_velocities_in_another_order(velocities, part):
    first, *others = np.moveaxis(velocities[:, part], 1, 0)
    # In the order of one projection, in which no two steps of a clip are alike.
    axis = np.array([0.6, 0.8])
    expected = np.take_along_axis(first, (first @ axis).argsort(axis=1)[..., None], axis=1)
    for other in others:
        assert np.abs(other - first).max() > 0.5
        ordered = np.take_along_axis(other, (other @ axis).argsort(axis=1)[..., None], axis=1)
        np.testing.assert_allclose(ordered, expected, atol=1e-9)


def test_names_say_what_is_seen(velocities):
    speed = np.linalg.norm(velocities, axis=-1)
    names = {name: label for label, name in enumerate(CLASS_NAMES)}
    assert (np.diff(speed[:, names["SpeedUp"]], axis=1) > 0).all()
    assert (np.diff(speed[:, names["SlowDown"]], axis=1) < 0).all()
    before, after = velocities[:, :, :-1], velocities[:, :, 1:]
    # Positive: clockwise on the screen, where y points down.
    turn = before[..., 0] * after[..., 1] - before[..., 1] * after[..., 0]
    assert (turn[:, names["TurnLeft"]] < 0).all() and (turn[:, names["TurnRight"]] > 0).all()
    np.testing.assert_allclose(turn[:, ALONG], 0, atol=1e-12)
    for name, values in (("Pulsate", np.diff(speed, axis=2)), ("Weave", turn)):
        signs = np.sign(values[:, names[name]])
        assert ((np.diff(signs, axis=1) != 0).sum(axis=1) >= 3).all(), name


def test_exact_flow_is_the_velocity_of_every_step_and_carries_each_frame_onto_the_next(shapes):
    y, x = np.mgrid[:64, :64].astype(np.float32)
    for name in CLASS_NAMES:
        path = shapes / f"videos/{name}/v_{name}_g02_c01.avi"
        rng = np.random.default_rng([0, 2])
        draw_scene(rng, SIZE)
        motion = draw_motion(name, rng, SIZE, FRAMES)
        video = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in decode(path)]).astype(np.float32)
        flow = exact_flow(path)
        assert flow.shape == (FRAMES - 1, 64, 64, 2) and video.shape == (FRAMES, 64, 64)
        left = []
        for step, (frame, following) in enumerate(zip(video[:-1], video[1:], strict=True)):
            moving = np.abs(flow[step] - np.add(motion.velocity, motion.changes[step])).max(axis=-1) < 1e-5
            assert 0.1 < moving.mean() < 0.95
            # All else is the background, which drifts steadily.
            assert np.ptp(flow[step][~moving], axis=0).max() < 1e-5
            to = np.stack([x, y], axis=-1) + flow[step]
            warped = cv2.remap(following, to[..., 0], to[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
            left.append(np.median(np.abs(warped - frame)))
        assert np.mean(left) < 3, name  # grey levels: what the codec and the interpolation leave


def test_the_middle_frame_of_a_group_is_the_same_under_all_motions(shapes):
    stack = np.stack([decode(shapes / f"videos/{name}/v_{name}_g03_c01.avi") for name in CLASS_NAMES])
    assert (stack[:, FRAMES // 2] == stack[0, FRAMES // 2]).all()
    assert (stack[1:, 0] != stack[0, 0]).any(axis=(1, 2, 3)).all()


def test_a_detour_that_is_none_changes_nothing():
    scene = draw_scene(np.random.default_rng(3), SIZE)
    motion = draw_motion("SpeedUp", np.random.default_rng(3), SIZE, 9)
    steady = render(scene, type(motion)(motion.velocity), 9, SIZE)
    still = render(scene, type(motion)(motion.velocity, changes=((0.0, 0.0),) * 8), 9, SIZE)
    for one, other in zip(steady, still, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_folder_says_which_set_it_is(shapes):
    videos = datasets.load("moving_shapes", shapes, subset="train")
    assert videos.class_names == CLASS_NAMES and len(videos.videos) == 2 * len(CLASS_NAMES)
    # In a mirror, left turns are right turns.
    assert videos.flip == (0, 1, 2, 4, 3, 5)
    assert datasets.recordings_of("moving_shapes")(videos.videos[0].video_id, "SpeedUp") == "g01"
    assert json.loads((shapes / "moving_shapes.json").read_text())["motions"] == "acceleration"
    with pytest.raises(InputError, match="made otherwise"):
        write_dataset(shapes, train_groups=2, test_groups=1, frames=FRAMES)


def test_a_set_of_steady_motions_says_what_it_said_before_there_were_others(tmp_path):
    write_dataset(tmp_path, train_groups=1, test_groups=1, frames=2, size=(32, 32))
    said = {"version": 1, "label": "motion", "seed": 0, "train_groups": 1, "test_groups": 1, "frames": 2}
    assert (tmp_path / "moving_shapes.json").read_text() == json.dumps({**said, "size": [32, 32]}, indent=2) + "\n"


def test_looks_may_accelerate_too(tmp_path):
    root = write_dataset(
        tmp_path, train_groups=1, test_groups=1, frames=9, size=(32, 32), label="look", motions="acceleration"
    )
    flow = exact_flow(next((root / "videos/RedDisc").iterdir()))
    assert np.ptp(np.abs(flow).max(axis=(1, 2)), axis=0).max() > 0.1


@pytest.mark.parametrize(("arguments", "said"), [({"motions": "fast"}, "motions"), ({"frames": 8}, "at least 9 with")])
def test_bad_arguments_are_named(tmp_path, arguments, said):
    with pytest.raises(InputError, match=said):
        write_dataset(tmp_path / "set", **{"motions": "acceleration", **arguments})
    assert not (tmp_path / "set").exists()
