import keras
import numpy as np
import pytest

from launch.run.config import new_config
from launch.run.model import build_model
from launch.weights.by_name import match, weight_values
from launch.weights.files import read_weights
from models import tvnet_flow
from tvnet_keras import TVNet
from tvnet_keras.errors import InputError
from tvnet_keras.optimizers.grouped import GroupedAdam


def make(u0_size):
    options = tvnet_flow.Options(iterations=1, u0_size=u0_size)
    return tvnet_flow.build(num_classes=0, clip_shape=(2, 24, 31, 3), options=options)


@pytest.mark.parametrize("u0_size", [(12, 16), [12, 16], np.array([12, 16]), (12.0, 16.0)], ids=str)
def test_the_grid_of_the_initial_flow_is_that_of_the_option(u0_size):
    assert make(u0_size).motion.u0.shape == (12, 16, 2)


def test_without_the_option_the_grid_is_the_coarsest_levels():
    assert make(()).motion.u0.shape == (24, 31, 2)


NONSENSE = [0, 5, -3, "24,31", b"ab", {3: 4, 5: 6}, {3, 4}, (0, 3), (-1, 3), (2.5, 3), (3,), (3, 4, 5), (True, 3)]


@pytest.mark.parametrize("u0_size", [*NONSENSE, (10**6, 10**6), (1e300, 3)], ids=str)
def test_a_grid_of_nonsense_is_refused_by_argument_and_by_flag(u0_size):
    with pytest.raises(ValueError, match="^u0_size must .*Received: u0_size="):
        TVNet(u0_size=u0_size)
    config = new_config("tvnet_flow", "middlebury")
    config.model.u0_size = u0_size
    with pytest.raises(InputError, match="^--config.model.u0_size must "):
        build_model(config, 0)


def test_options_are_no_weights_and_another_network_starts_from_them(tmp_path):
    trained = shared(median=5, texture=0.5)
    trained.save_weights(tmp_path / "trained.weights.h5")
    values = read_weights(tmp_path / "trained.weights.h5")
    assert {name for name in values if name.startswith("tvnet/option.")} == {
        "tvnet/option.median",
        "tvnet/option.texture",
    }
    for other in (shared(), trained):
        found = match(other, values)
        assert not found.difference() and len(found.taken) == len(other.weights) == 5


def test_the_official_variant_refuses_what_the_release_has_not_and_names_the_flag():
    config = new_config("tvnet_flow", "middlebury", model={"variant": "official", "median": 3})
    with pytest.raises(InputError, match='^--config.model.variant="official" has neither median nor texture'):
        build_model(config, 0)


def shared(*axes, **options):
    """A small network whose kernels are the same along some axes."""
    chosen = tvnet_flow.Options(scales=2, warps=2, iterations=2, share=axes, **options)
    return tvnet_flow.build(num_classes=0, clip_shape=(2, 24, 31, 3), options=chosen)


def test_a_network_starts_from_one_with_fewer_weights_and_the_other_way_round_only_where_nothing_is_lost():
    source = shared("scales", "iterations")
    source.motion.kernels.assign(1.1 * source.motion.kernels)
    target = shared(constants_per="scale")
    found = match(target, weight_values(source))
    found.apply()
    assert not found.difference()
    np.testing.assert_array_equal(target.motion.kernels, np.broadcast_to(source.motion.kernels, (2, 2, 2, 8, 2)))
    assert [constant.shape for constant in target.motion.scalars] == [(2,)] * 3
    again = shared("iterations")
    match(again, weight_values(target)).apply()
    np.testing.assert_array_equal(again.motion.kernels[:1], source.motion.kernels)
    target.motion.kernels.assign(target.motion.kernels * np.random.default_rng(0).uniform(size=(2, 2, 2, 8, 2)))
    with pytest.raises(InputError, match="differ from one of the iterations to the next"):
        match(again, weight_values(target)).apply()


def learned(**options):
    """A small network and the losses of a batch under its options."""
    chosen = tvnet_flow.Options(iterations=1, **options)
    model = tvnet_flow.build(num_classes=0, clip_shape=(2, 24, 31, 3), options=chosen)
    batch = {"clip": np.zeros((1, 2, 24, 31, 3), "uint8")}
    batch["clip"][:, 1] = 10
    batch |= {"flow": np.zeros((1, 1, 24, 31, 2), "float32"), "known": np.ones((1, 1, 24, 31), "float32")}
    outputs = {"flow": np.full((1, 1, 24, 31, 2), (3, 4), "float32")}
    return model, tvnet_flow.objective(chosen, batch, outputs)


def test_the_robust_loss_is_minimised_on_demand_and_needs_the_truth():
    assert {name: float(value[0]) for name, value in learned(loss="robust")[1].items()} == {
        "robust_error": pytest.approx(5.01**0.4)
    }
    assert tvnet_flow.needs(tvnet_flow.Options(loss="robust")) == ("flow", "known")


def test_the_energy_may_be_minimised_alone_or_beside_the_error():
    alone, beside = learned(loss="energy", energy_weight=9.0)[1], learned(loss="robust", energy_weight=0.2)[1]
    assert {name: float(value[0]) for name, value in alone.items()} == {"energy": pytest.approx(0.15 * 10)}
    assert set(beside) == {"robust_error", "energy"}
    assert float(beside["energy"][0]) == pytest.approx(0.2 * 0.15 * 10)


def test_constants_start_as_the_options_say():
    model, _ = learned(tau=0.2, lambda_=0.1, theta=0.5)
    assert [float(constant) for constant in model.motion.scalars] == pytest.approx([0.2, 0.1, 0.5])


def test_kernels_may_learn_more_slowly_than_the_constants():
    model, _ = learned(kernels_rate=0.1, learn=("kernels", "theta"))
    optimizer = GroupedAdam(1.0, rates=tvnet_flow.learning_rates(model.options))
    before = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_variables]
    optimizer.apply([np.ones(weight.shape, "float32") for weight in before], model.trainable_variables)
    moved = {
        weight.name: np.abs(keras.ops.convert_to_numpy(weight) - start).max()
        for weight, start in zip(model.trainable_variables, before, strict=True)
    }
    assert moved["kernels"] == pytest.approx(0.1, rel=1e-3) and moved["theta"] > 0.2
    # All weights are a solver's, which are named that they do not decay.
    assert tvnet_flow.learning_rates(tvnet_flow.Options(kernels_rate=0.1, learn=("theta",))) == {"(^|/)tvnet/": 1.0}
    assert tvnet_flow.learning_rates(tvnet_flow.Options()) == {"(^|/)tvnet/": 1.0}
    assert tvnet_flow.learning_rates(tvnet_flow.Options(learn=())) == {}
