"""While tests run, warnings on lines of our own code are errors, whoever issues them; inside libraries they are not."""

import warnings

import pytest


def warn_in(module, stacklevel=1):
    """Has a line of `module` call something that warns."""
    namespace = {"__name__": module, "warn": warnings.warn}
    exec(f"def call():\n    warn('an old way', DeprecationWarning, stacklevel={stacklevel})", namespace)
    namespace["call"]()


@pytest.mark.parametrize("module", ["tvnet_keras", "tvnet_keras.layers.mine", "models.mine", "launch.run.mine"])
def test_a_warning_of_ours_is_an_error(module):
    with pytest.raises(DeprecationWarning, match="an old way"):
        warn_in(module)


def test_what_a_library_says_of_our_call_is_an_error():
    with pytest.raises(DeprecationWarning, match="an old way"):
        warn_in("library.inside", stacklevel=2)  # on the line of `warn_in` that calls it


@pytest.mark.parametrize("module", ["tensorflow.python.mine", "google.protobuf.mine"])
def test_a_warning_inside_a_library_is_none(module):
    warn_in(module)
