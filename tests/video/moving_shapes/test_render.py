"""The renderer and the random draws of Moving Shapes against what must hold exactly."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tvnet_keras.video.moving_shapes.render import SHAPES, Layer, Motion, Scene, radius_for_area, render
from tvnet_keras.video.moving_shapes.scene import CLASS_NAMES, LOOK_NAMES, draw_motion, draw_scene

SIZE = (64, 64)


def plain(value: float) -> np.ndarray:
    return np.full((64, 64, 3), value, np.float32)


def one_object(shape: str = "Disc", radius: float = 15.0, centre: tuple[float, float] = (31.0, 33.0)) -> Scene:
    return Scene(plain(0), (0.0, 0.0), (Layer(shape, plain(255), centre, radius, 0.3),))


def test_static_scene_stands_still_and_has_zero_flow():
    scene = draw_scene(np.random.default_rng(1), SIZE)
    video, flow = render(Scene(scene.background, (0.0, 0.0), scene.layers), Motion(), 4, SIZE)
    assert (video == video[0]).all()
    assert (flow == 0).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_shape_covers_the_asked_area(shape):
    video, _ = render(one_object(shape, radius_for_area(shape, 800.0)), Motion(), 3, SIZE)
    assert video[1, ..., 0].sum() / 255 == pytest.approx(800, rel=0.04)


def test_whole_pixel_translation_on_the_torus_is_a_roll_of_the_picture():
    scene = draw_scene(np.random.default_rng(2), SIZE)
    video, flow = render(Scene(scene.background, (2.0, -3.0), scene.layers), Motion((2.0, -3.0)), 5, SIZE)
    difference = np.abs(np.roll(video[0].astype(int), (-12, 8), axis=(0, 1)) - video[4])
    assert difference.max() <= 2  # rounding of sub-pixel phases
    assert (flow == (2.0, -3.0)).all()


def test_rotation_is_clockwise_on_screen_and_turns_about_the_centre():
    _, flow = render(one_object(), Motion(rotation=0.1), 2, SIZE)
    y, x = np.mgrid[:64, :64] - np.array([33.0, 31.0])[:, None, None]
    inside = np.hypot(x, y) < 13
    expected = np.stack([x * np.cos(0.1) - y * np.sin(0.1) - x, x * np.sin(0.1) + y * np.cos(0.1) - y], -1)
    np.testing.assert_allclose(flow[0][inside], expected[inside], atol=1e-5)
    assert flow[0, 33, 41, 1] > 0, "right of the centre goes down"
    assert (flow[0][np.hypot(x, y) > 17] == 0).all()


def test_zoom_grows_the_object_by_the_rate():
    video, flow = render(one_object(), Motion(zoom=np.log(1.05)), 3, SIZE)
    areas = video[..., 0].sum((1, 2)) / 255
    np.testing.assert_allclose(areas[1:] / areas[:-1], 1.05**2, rtol=0.01)
    assert flow[0, 33, 41, 0] == pytest.approx(0.05 * 10, abs=1e-5)
    assert flow[0, 33, 41, 1] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_flow_carries_each_frame_onto_the_next(name):
    y, x = np.mgrid[:64, :64].astype(np.float32)
    errors = []
    for index in range(8):
        rng = np.random.default_rng([11, index])
        video, flow = render(draw_scene(rng, SIZE), draw_motion(name, rng, SIZE), 2, SIZE)
        to_x, to_y = x + flow[0, ..., 0], y + flow[0, ..., 1]
        warped = cv2.remap(video[1].astype(np.float32), to_x, to_y, cv2.INTER_CUBIC)
        inside = (np.minimum(to_x, to_y) > 2) & (np.maximum(to_x, to_y) < 61)
        errors.append(np.abs(warped - video[0]).mean(-1)[inside])
    assert np.median(np.concatenate(errors)) < 1.3
    assert np.mean(np.concatenate(errors) > 8) < 0.12  # object edges and what they uncover


def test_front_layer_gives_the_flow_where_two_overlap():
    background = Layer("Square", plain(100), (30.0, 30.0), 25.0, 0.0)
    front = Layer("Disc", plain(200), (30.0, 30.0), 10.0, 0.0)
    _, flow = render(Scene(plain(0), (0.3, 0.1), (background, front)), Motion(zoom=0.1), 2, SIZE)
    np.testing.assert_allclose(flow[0, 30, 36], [6 * np.expm1(0.1), 0], atol=1e-4)
    np.testing.assert_allclose(flow[0, 0, 60], [0.3, 0.1], atol=1e-6)


def test_position_on_the_torus_does_not_drift_out_of_uniform():
    """Objects that leave come back: the covered area is the same in every frame of a translation."""
    video, _ = render(one_object(centre=(60.0, 5.0)), Motion((3.1, -1.7)), 20, SIZE)
    areas = video[..., 0].sum((1, 2)) / 255
    np.testing.assert_allclose(areas, areas[0], rtol=0.005)


def test_motions_have_the_stated_rates_and_are_opposite_in_pairs():
    motions = {name: draw_motion(name, np.random.default_rng(7), SIZE) for name in CLASS_NAMES}
    speeds = {name: np.hypot(*motion.velocity) for name, motion in motions.items() if name.startswith("Move")}
    assert np.ptp(list(speeds.values())) < 1e-9 and 1.0 <= speeds["MoveUp"] <= 1.8
    for one, other in (("MoveUp", "MoveDown"), ("MoveUpLeft", "MoveDownRight"), ("MoveUpRight", "MoveDownLeft")):
        np.testing.assert_allclose(motions[one].velocity, -np.array(motions[other].velocity))
    assert motions["MoveUpLeft"].velocity[0] < 0 and motions["MoveUpLeft"].velocity[1] < 0
    assert 3 <= np.degrees(motions["RotateClockwise"].rotation) <= 5
    assert motions["RotateClockwise"].rotation == -motions["RotateCounterclockwise"].rotation
    assert 1.03 <= np.exp(motions["ZoomIn"].zoom) <= 1.05
    assert motions["ZoomIn"].zoom == -motions["ZoomOut"].zoom


def test_speeds_grow_with_the_frame():
    small, large = (draw_motion("MoveRight", np.random.default_rng(7), (side, side)) for side in (64, 128))
    assert large.velocity[0] == pytest.approx(2 * small.velocity[0])


def test_look_fixes_shape_and_hue():
    for look in LOOK_NAMES:
        scene = draw_scene(np.random.default_rng(3), SIZE, look=look)
        assert all(look.endswith(layer.shape) for layer in scene.layers)
    red = draw_scene(np.random.default_rng(3), SIZE, look="RedDisc").layers[0].texture.mean((0, 1))
    assert red[0] > 1.5 * max(red[1:])


def test_knowing_the_exact_size_at_a_random_frame_is_worth_little():
    """The best use of the size there is: a zoom changes its distribution by little (see the scene module's text)."""
    rng = np.random.default_rng(0)
    scenes = [draw_scene(np.random.default_rng([5, index]), (32, 32)) for index in range(1500)]
    sizes = np.array([np.log(np.mean([layer.radius for layer in scene.layers])) for scene in scenes])
    bins = np.linspace(sizes.min() - 0.25, sizes.max() + 0.25, 16)
    still = np.tile(sizes, 40)
    zooming = still + np.log(1.04) * rng.uniform(-4.5, 4.5, still.shape)
    still, zooming = (np.histogram(values, bins)[0] / len(values) for values in (still, zooming))
    # Ten classes share one distribution, two the other: the best guess gains 1/12 of what one exceeds the other by.
    assert np.maximum(zooming - still, 0).sum() / 12 < 0.01
