"""JAX and Torch compute what TensorFlow computes: flow, gradients, layers, losses, training; and errors stay errors."""

import importlib.util

import numpy as np
import pytest

from tests.backends.conftest import OTHERS, run
from tests.layers.test_every_layer import found_layers
from tests.losses.test_every_loss import found_losses
from tvnet_keras.losses.normalisation import NORMALISATIONS

if not any(map(importlib.util.find_spec, OTHERS)):
    pytest.skip("needs jax or torch (`make test-backends` installs them)", allow_module_level=True)

TVNETS = [f"tvnet {variant} {size}" for variant in ("default", "official") for size in ("(1, 1, 10)", "(2, 2, 5)")]
TOLERANCE = 1e-4
"""Largest difference between backends, relative to the norm."""


def case(results, name):
    """The arrays of one case; the traceback, where computing it failed."""
    arrays = {key.removeprefix(f"{name}/"): array for key, array in results.items() if key.startswith(f"{name}/")}
    assert arrays, f"nothing was computed for {name!r}"
    assert "error" not in arrays, str(arrays["error"])
    return arrays


def assert_near(got, expected, name, tolerance=TOLERANCE):
    assert got.shape == expected.shape and np.isfinite(got).all(), name
    # A gradient may be zero everywhere, as that of the frames in the official variant, which floors them.
    assert np.linalg.norm(got - expected) <= tolerance * np.linalg.norm(expected), name


def assert_equals_tensorflow(computed, reference, name):
    expected = case(reference[0], name)
    got = case(computed, name)
    assert got.keys() == expected.keys()
    for key, array in expected.items():
        assert_near(got[key], array, f"{name}: {key}")


@pytest.mark.parametrize("name", [*TVNETS, "tvnet default without u0", "tvnet with options"])
def test_tvnet_and_all_its_gradients(computed, reference, name):
    # The flow; gradients of frames, u0, kernels, tau, lambda, theta, image gradient.
    assert len(case(reference[0], name)) == 8
    assert_equals_tensorflow(computed, reference, name)


@pytest.mark.parametrize("layer", [layer.__name__ for layer in found_layers()])
def test_every_layer(computed, reference, layer):
    assert_equals_tensorflow(computed, reference, f"layer {layer}")


def test_rounded_flow_and_the_gradient_past_the_rounding(computed, reference):
    assert np.unique(case(computed, "rounded flow image")["output"] % 1) == 0
    assert_equals_tensorflow(computed, reference, "rounded flow image")


@pytest.mark.parametrize("loss", [loss.__name__ for loss in found_losses()])
def test_every_loss(computed, reference, loss):
    assert_equals_tensorflow(computed, reference, f"loss {loss}")


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_unsupervised_flow_terms_and_their_gradients(computed, reference, normalisation):
    assert_equals_tensorflow(computed, reference, f"unsupervised {normalisation}")


def test_fit_with_rates_per_group(computed, reference):
    losses = case(computed, "fit")["losses"]
    assert losses[-1] < losses[0]
    assert_equals_tensorflow(computed, reference, "fit")


def test_a_layer_from_a_preset_is_the_layer_that_it_was_made_from(computed, reference):
    arrays = case(computed, "preset")
    for name in ("flow", "kernels"):
        np.testing.assert_array_equal(arrays[name], arrays[f"made {name}"])
    assert_near(arrays["flow"], case(reference[0], "preset")["made flow"], "flow")


@pytest.mark.parametrize("variant", ["default", "official"])
def test_compiled_equals_plain(computed, backend, variant):
    if backend != "jax":
        pytest.skip("only JAX compiles the whole step; on Torch the layer runs eagerly")
    arrays = case(computed, f"jit {variant}")
    for name in ("flow", "u0", "kernels"):
        # Compiled as a whole, products and sums are rounded together, which moves a few pixels over a threshold.
        assert_near(arrays[f"compiled {name}"], arrays[f"plain {name}"], name, tolerance=1e-3)


def test_a_failing_solver_raises_instead_of_giving_nan(computed):
    errors = case(computed, "forced errors")
    assert str(errors["forward"]) == str(errors["backward"]) == "ZeroDivisionError: forced"
    assert "7" in str(errors["wrong shape"]) and "8" in str(errors["wrong shape"])


def test_native_mode_names_the_backend(computed, backend):
    assert f"cannot be used with the Keras backend '{backend}'" in str(case(computed, "native")["sentence"])


def test_the_package_is_imported_without_tensorflow(repository, backend):
    program = "import sys, tvnet_keras; print(sorted({'tensorflow', 'numba', 'av'} & set(sys.modules)))"
    assert run(repository, backend, "-c", program).strip() == "[]"
