"""The public names and their arguments change only where it is meant."""

import inspect
import re

import keras
import pytest

import tvnet_keras
import tvnet_keras.layers
import tvnet_keras.losses
import tvnet_keras.optimizers
from tests.api_surface import COMMAND, PACKAGES, differences, stored, surface
from tests.discovery import classes_of


def test_public_names_are_called_as_the_file_says():
    found = differences(stored(), surface())
    assert not found, "\n".join([*found, f"If this is meant, run {COMMAND} and commit the file."])


def test_every_difference_is_told():
    kept = {"a": "(x)", "b": "(x, y=1)", "c": ": value"}
    found = {"b": "(x, y=2)", "c": ": value", "d": "()"}
    assert differences(kept, found) == ["gone: a(x)", "new: d()", "changed: b(x, y=1) is now b(x, y=2)"]
    assert not differences(kept, kept)


def test_the_file_holds_no_addresses():
    assert not [text for text in surface().values() if re.search(r" at 0x[0-9a-f]+", text)]


@pytest.mark.parametrize("package", PACKAGES)
def test_names_are_public_once_and_in_order(package):
    names = __import__(package, fromlist=["__all__"]).__all__
    assert names == sorted(set(names))


@pytest.mark.parametrize(
    ("package", "base"),
    [
        (tvnet_keras.layers, keras.Layer),
        (tvnet_keras.losses, keras.losses.Loss),
        (tvnet_keras.optimizers, keras.optimizers.Optimizer),
    ],
)
def test_whatever_can_be_saved_is_public(package, base):
    """So that `import tvnet_keras` registers it."""
    concrete = [
        found for found in classes_of(package, base) if keras.saving.get_registered_name(found) != found.__name__
    ]
    assert concrete
    for found in concrete:
        assert getattr(tvnet_keras, found.__name__) is found and found.__name__ in tvnet_keras.__all__


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'wrap'"):
        _ = tvnet_keras.wrap
    assert set(tvnet_keras.__all__) <= set(dir(tvnet_keras))
    assert inspect.isfunction(tvnet_keras.read_flo)
