"""The terms of all levels: the oracle's numbers both ways, what is left out, invariances, the gradient of a flow."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import unsupervised_flow_oracle as by_the_letter
from tests.textures import moving_clip
from tvnet_keras.losses.unsupervised_flow import unsupervised_flow_terms

RANDOM = np.random.default_rng(0)
VELOCITY = (2.0, -1.0)
MOVING = moving_clip(3, 48, 64, VELOCITY)
SIZES = ((24, 32), (12, 16), (6, 8), (3, 4))
WEIGHTS = (0.02, 0.04, 0.08, 0.16)


def terms_of(clip, flows, ssim_weights=WEIGHTS, **options):
    terms = unsupervised_flow_terms(clip, flows, ssim_weights=ssim_weights, **options)
    return {name: keras.ops.convert_to_numpy(term) for name, term in terms.items()}


def constant_flows(clip, velocity, sizes=SIZES):
    """A velocity in pixels of the clip, in those of every level."""
    batch, steps, height, width, _ = clip.shape
    return [
        np.broadcast_to(np.float32([velocity[0] * w / width, velocity[1] * h / height]), (batch, steps - 1, h, w, 2))
        for h, w in sizes
    ]


def rough_flows(batch=2, steps=2, scale=1.0):
    return [(scale * RANDOM.normal(size=(batch, steps, h, w, 2))).astype("float32") for h, w in SIZES]


CLIPS = np.concatenate([MOVING, moving_clip(3, 48, 64, (-1.0, 1.5), seed=1)])
# The flow of the first clip leaves the frame far more often than that of the second, so that their masks differ.
FLOWS = [flow * np.float32([8, 1]).reshape(2, 1, 1, 1, 1) for flow in rough_flows()]


def test_the_papers_terms_are_the_oracles_means_of_every_clip():
    expected = by_the_letter.paper_terms(CLIPS, FLOWS, WEIGHTS)
    for name, found in terms_of(CLIPS, FLOWS).items():
        assert found.dtype == "float32"
        np.testing.assert_allclose(found, expected[name], rtol=2e-5, err_msg=name)


def test_the_mean_of_the_released_terms_over_the_batch_is_the_oracles_number_of_the_batch():
    flows = [flow for flow in FLOWS if flow.shape[2] >= 5]  # All that was ever released have a border.
    expected = by_the_letter.released_batch_terms(CLIPS, flows, WEIGHTS[:3])
    for name, found in terms_of(CLIPS, flows, WEIGHTS[:3], normalisation="released").items():
        assert found.mean() == pytest.approx(expected[name], rel=2e-5), name


def test_no_flow_on_still_frames_costs_what_epsilon_costs():
    still = np.repeat(MOVING[:, :1], 3, axis=1)
    terms = terms_of(still, constant_flows(still, (0, 0)))
    assert terms["pixel"] == pytest.approx(4 * 0.001**0.8, rel=1e-5)
    assert terms["smooth"] == pytest.approx(4 * 4 * 0.001**0.6, rel=1e-5)
    np.testing.assert_allclose(terms["ssim"], 0, atol=1e-6)


def test_the_true_flow_costs_less_than_none_where_pixels_are_finer_than_the_texture():
    # Its waves are at least 9 pixels long: at the levels of a quarter of the size and above.
    for k, size in enumerate(SIZES[:2]):
        true, none = (
            terms_of(MOVING, constant_flows(MOVING, velocity, [size]), WEIGHTS[k : k + 1])
            for velocity in (VELOCITY, (0, 0))
        )
        assert true["pixel"] < 0.6 * none["pixel"] and true["ssim"] < 0.3 * none["ssim"]
        np.testing.assert_allclose(true["smooth"], none["smooth"], rtol=1e-5)


def test_a_batch_of_two_is_two_batches_of_one():
    together = terms_of(CLIPS, FLOWS)
    alone = [terms_of(CLIPS[k : k + 1], [flow[k : k + 1] for flow in FLOWS]) for k in range(2)]
    for name, term in together.items():
        np.testing.assert_allclose(term, [float(one[name][0]) for one in alone], rtol=1e-6)


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_of_equal_clips_the_released_numbers_are_known_multiples_of_the_means(batch):
    clip, flows = np.repeat(CLIPS[:1], batch, axis=0), [np.repeat(flow[:1], batch, axis=0) for flow in FLOWS[:2]]
    paper, released = (
        terms_of(clip, flows, (0.01, 0.02), normalisation=name, pixel_weight=1.0) for name in ("paper", "released")
    )
    np.testing.assert_allclose(released["pixel"], paper["pixel"] / batch, rtol=1e-5)
    # The mean over u and v and both directions would be a quarter of the sum; the mask has three colours.
    np.testing.assert_allclose(released["smooth"], paper["smooth"] / (3 * batch), rtol=1e-5)
    parts = [terms_of(clip, flows[k : k + 1], (weight,))["ssim"] for k, weight in enumerate((0.01, 0.02))]
    # Two pairs, three colours, 3 x 4 and 2 x 2 windows.
    np.testing.assert_allclose(released["ssim"], parts[0] * 2 * 3 * 12 + parts[1] * 2 * 3 * 4, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bytes_are_the_floats_that_they_stand_for(dtype):
    frames = np.round(CLIPS * 255).astype("uint8")
    floats, found = terms_of((frames / 255).astype(dtype), FLOWS), terms_of(frames, FLOWS)
    for name in found:
        np.testing.assert_allclose(found[name], floats[name], rtol=1e-4)


def test_weights_weigh_their_terms():
    whole = terms_of(CLIPS, FLOWS)
    weighted = terms_of(CLIPS, FLOWS, tuple(3 * weight for weight in WEIGHTS), pixel_weight=2.0, smooth_weight=0.5)
    for name, factor in (("pixel", 2), ("smooth", 0.5), ("ssim", 3)):
        np.testing.assert_allclose(weighted[name], factor * whole[name], rtol=1e-6)


def test_what_weighs_nothing_is_not_computed(monkeypatch):
    zeros = (0.0,) * len(FLOWS)
    whole = terms_of(CLIPS, FLOWS)

    def never(*_):
        raise AssertionError("a term without weight was computed")

    cases = {
        "photometric_error": ({"pixel_weight": 0}, ["smooth", "ssim"]),
        "smoothness": ({"smooth_weight": 0}, ["pixel", "ssim"]),
        "ssim_error": ({"ssim_weights": zeros}, ["pixel", "smooth"]),
        "reconstruct": ({"ssim_weights": zeros, "pixel_weight": 0}, ["smooth"]),
    }
    for function, (weights, left) in cases.items():
        with monkeypatch.context() as patch:
            patch.setattr(f"tvnet_keras.losses.unsupervised_flow.{function}", never)
            terms = terms_of(CLIPS, FLOWS, **weights)
        assert list(terms) == left
        for name in left:
            np.testing.assert_array_equal(terms[name], whole[name])


def test_a_level_may_lack_its_ssim():
    only = terms_of(CLIPS, FLOWS, (0.0, 0.0, 0.08, 0.0))["ssim"]
    np.testing.assert_allclose(only, terms_of(CLIPS, FLOWS[2:3], (0.08,))["ssim"], rtol=1e-6)


@pytest.mark.parametrize("levels", [1, 3])
def test_every_level_has_a_weight(levels):
    with pytest.raises(ValueError, match=rf"Received: {levels} flows, ssim_weights=\(0.01, 0.02, 0.04, 0.08, 0.16\)"):
        unsupervised_flow_terms(CLIPS, FLOWS[:levels])


@pytest.mark.parametrize("shape", [(2, 3, 6, 8, 2), (1, 2, 6, 8, 2), (2, 2, 6, 8, 3), (2, 6, 8, 2)])
def test_flows_that_are_not_of_the_clip_are_refused_in_a_sentence(shape):
    with pytest.raises(ValueError, match=rf"T - 1.*Received: .*{re.escape(str(shape))}"):
        unsupervised_flow_terms(CLIPS, [np.zeros(shape, "float32")], ssim_weights=(0.1,))


@pytest.mark.parametrize(("jit_compile", "normalisation"), [(False, "paper"), (True, "released")])
def test_graph_and_compiled_equal_eager(jit_compile, normalisation):
    options = {"ssim_weights": WEIGHTS[1:2], "normalisation": normalisation}
    function = tf.function(lambda clip, flow: unsupervised_flow_terms(clip, [flow], **options), jit_compile=jit_compile)
    found = function(tf.constant(CLIPS), tf.constant(FLOWS[1]))
    for name, term in terms_of(CLIPS, FLOWS[1:2], **options).items():
        np.testing.assert_allclose(found[name], term, rtol=1e-4)


def test_sizes_that_are_known_at_run_time_only_have_the_same_terms():
    function = tf.function(
        lambda clip, flow: unsupervised_flow_terms(clip, [flow], ssim_weights=WEIGHTS[2:3]),
        input_signature=[tf.TensorSpec((None, None, None, None, channels)) for channels in (3, 2)],
    )
    found = function(tf.constant(CLIPS), tf.constant(FLOWS[2]))
    for name, term in terms_of(CLIPS, FLOWS[2:3], WEIGHTS[2:3]).items():
        np.testing.assert_allclose(found[name], term, rtol=1e-5)


def gradients(flows, **options):
    flows = [tf.constant(flow) for flow in flows]
    with tf.GradientTape() as tape:
        for flow in flows:
            tape.watch(flow)
        terms = unsupervised_flow_terms(CLIPS, flows, ssim_weights=WEIGHTS, **options)
        total = tf.add_n(list(terms.values()))
    return total, tape.gradient(total, flows)


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e6])
@pytest.mark.parametrize("normalisation", ["paper", "released"])
def test_terms_and_gradients_are_finite_for_no_flow_and_for_a_huge_one(scale, normalisation):
    total, found = gradients(rough_flows(scale=scale), normalisation=normalisation)
    assert np.isfinite(total).all()
    for gradient in found:
        assert np.isfinite(gradient).all() and (scale == 0 or np.any(gradient))


def test_half_precision_is_computed_in_float32():
    flows = [flow.astype("float16") for flow in FLOWS]
    found, expected = terms_of(CLIPS, flows), terms_of(CLIPS, [flow.astype("float32") for flow in flows])
    for name, term in expected.items():
        np.testing.assert_array_equal(found[name], term)


@pytest.mark.parametrize("normalisation", ["paper", "released"])
def test_the_gradient_leads_to_the_true_flow(normalisation):
    # One displacement for all, in pixels of the clip, descended from coarse structures to fine ones together.
    displacement, optimizer = tf.Variable([0.0, 0.0]), keras.optimizers.Adam(0.1)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            flows = [displacement * tf.constant([w / 64, h / 48]) + tf.zeros((1, 2, h, w, 2)) for h, w in SIZES[:2]]
            terms = unsupervised_flow_terms(MOVING, flows, ssim_weights=WEIGHTS[:2], normalisation=normalisation)
            cost = tf.add_n(list(terms.values()))
        optimizer.apply([tape.gradient(cost, displacement)], [displacement])

    optimizer.build([displacement])
    for _ in range(60):
        step()
    np.testing.assert_allclose(displacement, VELOCITY, atol=0.25)
