"""Flow solvers by name: what each computes, and what is refused."""

from __future__ import annotations

import sys

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import oracle
from tests.made_preset import NAME, make_preset
from tests.textures import moving_clip
from tvnet_keras import TVNet
from tvnet_keras.errors import InputError
from tvnet_keras.flow.measure import mean_end_point_error
from tvnet_keras.flow.pairs import load
from tvnet_keras.flow.solvers import forms, make_solver, numbers_of, options_of

DIS = ("dis", "dis-ultrafast", "dis-fast", "dis-medium")
EXAMPLES = ("tvnet-2-2-20", "tvl1", "tvl1-2-3-20", *DIS, "deepflow", "farneback", "skimage-tvl1")
MOTION = (1.5, -0.75)


def frames(height: int = 64, width: int = 80) -> np.ndarray:
    """A texture that moves by `MOTION`, uint8 `[2, H, W, 3]`."""
    return np.rint(255 * moving_clip(2, height, width, MOTION)[0]).astype(np.uint8)


@pytest.fixture(scope="module", params=EXAMPLES)
def solver(request):
    if request.param == "skimage-tvl1":
        pytest.importorskip("skimage", reason="needs the optional package scikit-image")
    return make_solver(request.param)


def test_every_form_is_tried_here():
    assert {form.split("-S-")[0] for form in forms()} == {name.split("-2-")[0] for name in EXAMPLES}


def test_every_solver_finds_a_translation(solver):
    flow = solver(frames())
    assert flow.shape == (64, 80, 2) and flow.dtype == np.float32
    np.testing.assert_allclose(np.median(flow[8:-8, 8:-8], axis=(0, 1)), MOTION, atol=0.15)


def test_every_solver_swaps_u_and_v_with_the_axes(solver):
    straight, turned = solver(frames()), solver(frames().transpose(0, 2, 1, 3))
    difference = np.abs(turned.transpose(1, 0, 2)[..., ::-1] - straight)
    assert np.median(difference[8:-8, 8:-8]) < 0.05


def test_every_solver_negates_u_in_a_mirror(solver):
    straight, mirrored = solver(frames()), solver(np.ascontiguousarray(frames()[:, :, ::-1]))
    difference = np.abs(mirrored[:, ::-1] * [-1, 1] - straight)
    assert np.median(difference[8:-8, 8:-8]) < 0.05


def test_every_solvers_flow_there_and_flow_back_cancel(solver):
    there, back = (np.moveaxis(solver(pair), -1, 0) for pair in (frames(), frames()[::-1].copy()))
    left = [one + oracle.warp(other, *there) for one, other in zip(there, back, strict=True)]
    assert np.median(np.hypot(*left)[8:-8, 8:-8]) < 0.1


def test_solvers_take_pairs_of_changing_sizes(solver):
    for height, width in ((64, 80), (48, 50), (64, 80), (47, 65)):
        assert solver(frames(height, width)).shape == (height, width, 2)


@pytest.mark.parametrize("variant", ["default", "official"])
def test_tvnet_is_the_layer(variant):
    pair = frames()
    layer = TVNet(3, 2, 10, variant=variant)
    expected = keras.ops.convert_to_numpy(layer(pair[None]))[0, 0]
    np.testing.assert_allclose(make_solver("tvnet-3-2-10", variant=variant)(pair), expected, atol=2e-3)


@pytest.mark.slow
def test_the_released_codes_error_on_middlebury_comes_out(shared_data):
    solver = make_solver("tvnet-3-1-10", variant="official")
    errors = [
        mean_end_point_error(solver(p.frames()), p.truth()) for p in load("middlebury", shared_data / "middlebury")
    ]
    assert np.mean(errors) == pytest.approx(2.455, abs=0.002)


@pytest.mark.slow
def test_opencvs_tvl1_with_five_scales_on_middlebury(shared_data):
    solver = make_solver("tvl1-5-5-50")
    errors = [
        mean_end_point_error(solver(p.frames()), p.truth()) for p in load("middlebury", shared_data / "middlebury")
    ]
    assert np.mean(errors) == pytest.approx(0.379, abs=0.002)


def test_tvl1_with_numbers_runs_exactly_these_iterations():
    method = cv2.optflow.DualTVL1OpticalFlow_create(
        nscales=1, warps=1, innnerIterations=50, outerIterations=1, epsilon=0, medianFiltering=1
    )
    pair = frames()
    first, second = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in pair)
    assert (make_solver("tvl1-1-1-50")(pair) == method.calc(first, second, None)).all()


def test_the_presets_of_dis_are_opencvs_and_medium_is_the_one_without_a_name():
    pair = frames(96, 128)
    first, second = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in pair)
    flows = {name: make_solver(name)(pair) for name in DIS}
    for name, number in zip(DIS, (2, 0, 1, 2), strict=True):
        assert (flows[name] == cv2.DISOpticalFlow.create(number).calc(first, second, None)).all(), name
    assert (flows["dis-ultrafast"] != flows["dis-fast"]).any() and (flows["dis-fast"] != flows["dis"]).any()


@pytest.mark.parametrize("name", ["dis", "deepflow", "farneback"])
def test_classical_solvers_halve_the_error_of_zero_flow(shared_data, name):
    solver = make_solver(name)
    for pair in load("middlebury", shared_data / "middlebury"):
        if pair.name in ("Dimetrodon", "Venus"):
            truth = pair.truth()
            zero = mean_end_point_error(np.zeros_like(truth), truth)
            assert mean_end_point_error(solver(pair.frames()), truth) < zero / 2


@pytest.fixture(scope="module")
def trained() -> TVNet:
    """A TVNet-1-1-4 whose weights are not the initial ones."""
    layer = TVNet(1, 1, 4)
    layer.build((None, 2, 64, 80, 3))
    rng = np.random.default_rng(0)
    layer.set_weights([w + 0.05 * rng.uniform(size=w.shape) for w in layer.get_weights()])
    return layer


def save(layer: TVNet, path) -> None:
    keras.Sequential([keras.Input((2, 64, 80, 3)), layer]).save_weights(path)


def test_trained_weights_are_found_in_any_model(trained, tmp_path):
    clip = keras.Input((2, 64, 80, 3))
    flow = keras.layers.Dense(3, name="after")(trained(clip))
    for number, model in enumerate((keras.Sequential([keras.Input((2, 64, 80, 3)), trained]), keras.Model(clip, flow))):
        path = tmp_path / f"{number}.weights.h5"
        model.save_weights(path)
        pair = frames()
        expected = keras.ops.convert_to_numpy(trained(pair[None]))[0, 0]
        np.testing.assert_allclose(make_solver("tvnet-1-1-4", weights=path)(pair), expected, atol=1e-3)
    assert np.abs(expected - make_solver("tvnet-1-1-4")(pair)).max() > 0.01


def test_a_learned_image_gradient_is_found_with_the_weights(tmp_path):
    layer = TVNet(1, 1, 4, learn=("u0", "image_gradient"))
    layer.build((None, 2, 64, 80, 3))
    layer.image_gradient.assign(1.5 * layer.image_gradient)
    save(layer, tmp_path / "trained.weights.h5")
    pair = frames()
    expected = keras.ops.convert_to_numpy(layer(pair[None]))[0, 0]
    found = make_solver("tvnet-1-1-4", weights=tmp_path / "trained.weights.h5")(pair)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert np.abs(expected - make_solver("tvnet-1-1-4")(pair)).max() > 0.01


def test_shared_kernels_and_constants_of_every_scale_are_found_with_the_weights(tmp_path):
    layer = TVNet(2, 1, 4, learn=("u0", "lambda"), share=("scales", "iterations"), constants_per="scale")
    layer.build((None, 2, 64, 80, 3))
    layer.kernels.assign(1.02 * layer.kernels)
    layer.scalars[1].assign([0.3, 0.1])
    save(layer, tmp_path / "trained.weights.h5")
    pair = frames()
    expected = keras.ops.convert_to_numpy(layer(pair[None]))[0, 0]
    found = make_solver("tvnet-2-1-4", weights=tmp_path / "trained.weights.h5")(pair)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert np.abs(expected - make_solver("tvnet-2-1-4")(pair)).max() > 0.01
    with pytest.raises(InputError, match="hold 0 networks of the form tvnet-1-1-4"):
        make_solver("tvnet-1-1-4", weights=tmp_path / "trained.weights.h5")


def test_filters_are_found_with_the_weights(tmp_path):
    layer = TVNet(1, 2, 4, median=3, texture=0.7)
    layer.build((None, 2, 64, 80, 3))
    save(layer, tmp_path / "trained.weights.h5")
    pair = frames()
    expected = keras.ops.convert_to_numpy(layer(pair[None]))[0, 0]
    np.testing.assert_allclose(
        make_solver("tvnet-1-2-4", weights=tmp_path / "trained.weights.h5")(pair), expected, atol=1e-3
    )
    assert np.abs(expected - make_solver("tvnet-1-2-4")(pair)).max() > 0.01
    with pytest.raises(InputError, match="neither median nor texture"):
        make_solver("tvnet-1-2-4", weights=tmp_path / "trained.weights.h5", variant="official")


def test_weights_that_do_not_fit_are_refused(trained, tmp_path):
    path = tmp_path / "two.weights.h5"
    save(trained, path)
    with pytest.raises(InputError, match=r"two\.weights\.h5 hold 0 networks of the form tvnet-1-1-5"):
        make_solver("tvnet-1-1-5", weights=path)
    path.write_bytes(b"no weights")
    for weights in (path, tmp_path / "absent.weights.h5"):
        with pytest.raises(InputError, match="cannot be read"):
            make_solver("tvnet-1-1-4", weights=weights)


def test_a_preset_is_asked_for_by_its_numbers_or_by_its_name(tmp_path, monkeypatch):
    layer, pair = make_preset(tmp_path / "presets", monkeypatch), frames()
    expected = keras.ops.convert_to_numpy(layer(pair[None]))[0, 0]
    for weights in ("preset", NAME):
        np.testing.assert_allclose(make_solver("tvnet-2-1-4", weights=weights)(pair), expected, atol=1e-3)
    assert np.abs(expected - make_solver("tvnet-2-1-4")(pair)).max() > 0.01
    with pytest.raises(InputError, match=f"variant of the preset {NAME} is 'default'; leave it out. .*'official'"):
        make_solver("tvnet-2-1-4", weights="preset", variant="official")
    with pytest.raises(InputError, match=f"tvnet-2-1-4-rndom cannot be read; .*, or one of the presets {NAME}"):
        make_solver("tvnet-2-1-4", weights="tvnet-2-1-4-rndom")


def test_a_preset_is_a_solver_by_its_own_name():
    name = "tvnet-5-3-10-generated"
    assert numbers_of(name) == (5, 3, 10) and options_of(name) == ()
    shown = frames()
    np.testing.assert_array_equal(make_solver(name)(shown), make_solver("tvnet-5-3-10", weights=name)(shown))
    with pytest.raises(InputError, match="has no option 'weights'"):
        make_solver(name, weights="preset")


def test_a_name_says_its_numbers():
    assert numbers_of("tvnet-5-1-20") == (5, 1, 20) and numbers_of("deepflow") == ()
    assert len(numbers_of("dis-fast")) == 1  # OpenCV's number of the preset.


class Shift(tf.Module):
    """A model to export: every vector is the mean of both frames' first pixels."""

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, None, 3), tf.uint8, name="clip")])
    def flow(self, clip):
        """Flow of clips."""
        value = tf.reduce_mean(tf.cast(clip[:, :, 0, 0, :2], tf.float32), axis=1)[:, None, None, None]
        shape = tf.shape(clip)
        return {"flow": tf.broadcast_to(value, [shape[0], shape[1] - 1, shape[2], shape[3], 2])}


def test_an_exported_model_is_a_solver(tmp_path):
    module = Shift()
    tf.saved_model.save(module, str(tmp_path / "export"), signatures={"flow": module.flow})
    flow = make_solver(str(tmp_path / "export"))(np.full((2, 5, 6, 3), (3, 4, 5), np.uint8))
    assert flow.shape == (5, 6, 2) and (flow == (3, 4)).all()
    assert options_of(str(tmp_path / "export")) == ()
    tf.saved_model.save(module, str(tmp_path / "other"), signatures={"serving_default": module.flow})
    with pytest.raises(InputError, match=r"no 'flow' signature \(it has: serving_default\)"):
        make_solver(str(tmp_path / "other"))
    (tmp_path / "export" / "saved_model.pb").write_bytes(b"damaged")
    with pytest.raises(InputError, match="cannot be loaded"):
        make_solver(str(tmp_path / "export"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tvnett-1-1-50", "Did you mean 'tvnet'"),
        ("TVL1", "Did you mean 'tvl1'"),
        ("", "which is not one of"),
        ("tvnet", "write tvnet-S-W-I"),
        ("tvnet-1-50", "write tvnet-S-W-I"),
        ("tvnet-0-1-50", "from 1 up"),
        ("tvl1-5", "write tvl1 or tvl1-S-W-I"),
        ("dis-3", "write dis or dis-ultrafast or dis-fast or dis-medium[.]$"),
        ("dis-fast-3", "'dis-fast-3'; write dis or dis-ultrafast or dis-fast or dis-medium[.]$"),
        ("dis-fsat", "Did you mean 'dis-fast'"),
        ("tvnet-5-5-50-generatd", "Did you mean 'tvnet-5-5-50-generated'"),
        ("runs/none/export", "saved_model.pb is missing"),
    ],
)
def test_a_wrong_name_is_told_the_right_one(name, message):
    with pytest.raises(InputError, match=message):
        make_solver(name)


def test_options_belong_to_their_family():
    assert set(options_of("tvnet-1-1-50")) == {"variant", "weights"} and options_of("dis") == ()
    with pytest.raises(InputError, match="'dis' has no option 'variant'"):
        make_solver("dis", variant="official")
    with pytest.raises(InputError, match="Did you mean 'official'"):
        make_solver("tvnet-1-1-5", variant="oficial")


def test_a_missing_package_is_named_with_its_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.registration", None)
    with pytest.raises(InputError, match="pip install scikit-image"):
        make_solver("skimage-tvl1")
    monkeypatch.delattr(cv2, "optflow")
    for name in ("tvl1", "deepflow"):
        with pytest.raises(InputError, match="pip install opencv-contrib-python-headless"):
            make_solver(name)


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 8, 8, 3)), np.zeros((3, 8, 8, 3), np.uint8), np.zeros((2, 8, 8), np.uint8)]
)
def test_other_input_is_refused(wrong):
    with pytest.raises(InputError, match="Received"):
        make_solver("farneback")(wrong)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (5, 5)])
def test_tiny_frames_are_solved_or_refused_in_one_sentence(solver, size):
    noise = np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)
    try:
        assert solver(noise).shape == (*size, 2)
    except InputError as error:
        assert "larger" in str(error) and "\n" not in str(error)


@pytest.mark.parametrize("size", [(1, 9), (9, 1), (1, 64)])
@pytest.mark.parametrize("name", ["tvl1", "tvl1-2-2-5"])
def test_a_single_row_is_refused_whatever_the_memory_beside_it_holds(name, size):
    with pytest.raises(InputError, match="needs 2 x 2.*larger"):
        make_solver(name)(np.zeros((2, *size, 3), np.uint8))


def test_frames_too_small_for_a_method_are_named():
    with pytest.raises(InputError, match="'dis' cannot treat frames of 4 x 5 pixels"):
        make_solver("dis")(np.zeros((2, 5, 4, 3), np.uint8))


def test_a_folder_of_a_solvers_name_is_no_obstacle(tmp_path, monkeypatch):
    (tmp_path / "farneback").mkdir()
    monkeypatch.chdir(tmp_path)
    assert make_solver("farneback")(frames()).shape == (64, 80, 2)


def test_flow_that_is_not_finite_is_refused(tmp_path):
    broken = TVNet(1, 1, 4)
    broken.build((None, 2, 64, 80, 3))
    broken.set_weights([np.full_like(weight, np.nan) for weight in broken.get_weights()])
    save(broken, tmp_path / "nan.weights.h5")
    solver = make_solver("tvnet-1-1-4", weights=tmp_path / "nan.weights.h5")
    with pytest.raises(InputError, match="not finite"):
        solver(frames())
