import dataclasses
import inspect

import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.options import check_options, explained, kind_of, option, options_of, same_option
from tvnet_keras.video import ClipRecipe, MultiView, ViewRecipe


@dataclasses.dataclass
class Made:
    solver: str = option("dis", "The solver.", choices=("dis", "tvl1"))
    warps: int = option(1, "Warps.", least=1, most=9)
    rate: float = option(0.5, "Rate.", above=0, below=1)
    learn: tuple[str, ...] = option((), "What is learned.", choices=lambda: ("tau", "theta"))
    crops: int = option(1, "Crops.", choices=(1, 5, 10))
    short: int | None = option(None, "Short side.", least=1)
    flip: bool = option(True, "Whether it is mirrored.")
    ratios: tuple[float, ...] = option((1.0,), "Ratios.", above=0, fewest=1)
    free: float = 0.0


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"solver": "tvl"}, "solver is 'tvl', which is not one of dis, tvl1. Did you mean 'tvl1'?"),
        ({"solver": 3}, "solver must be a word, but is 3."),
        ({"warps": 0}, "warps must be at least 1, but is 0."),
        ({"warps": 10}, "warps must be at most 9, but is 10."),
        ({"warps": 1.5}, "warps must be a whole number, but is 1.5."),
        ({"warps": float("inf")}, "warps must be a whole number, but is inf."),
        ({"warps": True}, "warps must be a whole number, but is True."),
        ({"rate": 0}, "rate must be above 0, but is 0."),
        ({"rate": 1.0}, "rate must be below 1, but is 1.0."),
        ({"rate": float("nan")}, "rate must be above 0, but is nan."),
        ({"learn": "tau"}, "learn must be a tuple, but is 'tau'."),
        ({"learn": ("tau", "teta")}, "learn is 'teta', which is not one of tau, theta. Did you mean 'theta'?"),
        ({"ratios": ()}, "ratios must hold 1 or more values, but is ()."),
        ({"ratios": (1, 0)}, "ratios must be above 0, but is 0."),
        ({"crops": 4}, "crops must be 1, 5 or 10, but is 4."),
        ({"short": 0}, "short must be at least 1, but is 0."),
        ({"flip": 1}, "flip must be True or False, but is 1."),
    ],
)
def test_what_an_option_does_not_take_is_refused_by_its_name(value, said):
    with pytest.raises(InputError) as refusal:
        check_options(Made(**value))
    assert str(refusal.value) == said
    with pytest.raises(InputError, match="^--config.model."):
        check_options(Made(**value), "--config.model.")


def test_what_it_takes_passes_and_fields_that_are_no_options_are_left_alone():
    check_options(Made())
    check_options(Made(warps=9.0, rate=0.9, learn=["tau"], crops=10, short=1, free=float("nan")))
    assert "free" not in options_of(Made)


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_numbers_are_finite_without_limits_too(value):
    with pytest.raises(InputError, match="must be finite"):
        check_options(dataclasses.make_dataclass("Any", [("rate", float, option(value, "Rate."))])())


def test_the_same_option_has_one_description_and_its_own_default():
    @dataclasses.dataclass
    class Other:
        warps: int = same_option(Made, "warps", default=3)
        rate: float = same_option(Made, "rate")

    assert (Other().warps, Other().rate) == (3, 0.5)
    assert options_of(Other)["warps"] is options_of(Made)["warps"]


def test_the_kind_of_a_field_is_that_of_its_values():
    kinds = {name: kind_of(Made, name) for name in options_of(Made)}
    assert kinds["learn"] == (str, True) and kinds["short"] == (int, False) and kinds["flip"] == (bool, False)


def test_help_says_what_every_option_means():
    @explained
    @dataclasses.dataclass
    class Explained:
        """A few options."""

        warps: int = option(1, "Warps of a level.", least=1)
        name: str = "without a meaning"

    assert inspect.getdoc(Explained) == "A few options.\n\nOptions:\n    warps: Warps of a level."
    for recipe in (ViewRecipe, ClipRecipe, MultiView):
        said = " ".join((inspect.getdoc(recipe) or "").split())
        assert all(f"{name}: {described.meaning}" in said for name, described in options_of(recipe).items())
