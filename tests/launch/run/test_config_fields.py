"""Every field of the configuration, of whatever method: it explains itself, and refuses what it does not take."""

import dataclasses

import pytest

import models
from launch.run.config import SECTIONS, Config, check, new_config
from launch.run.config_flags import CHOSEN_BY_FLAGS, field_paths
from launch.run.config_help import config_help
from tvnet_keras.choices import module_names
from tvnet_keras.errors import InputError
from tvnet_keras.options import KEY, check_options, kind_of

METHODS = module_names(models)
PATHS = [
    (method, path)
    for method in METHODS
    for path in field_paths(new_config(method, "moving_shapes"))
    if path.startswith("model.") or method == METHODS[0]
]


class Field:
    """A field of a fresh configuration."""

    def __init__(self, method, path):
        self.config = new_config(method, "moving_shapes")
        section, _, self.name = path.rpartition(".")
        self.section = getattr(self.config, section) if section else self.config
        known = {field.name: field for field in dataclasses.fields(self.section)}
        self.option = known[self.name].metadata[KEY]
        self.kind, self.several = kind_of(self.section, self.name)

    @property
    def words(self):
        return [word for word in self.option.allowed if isinstance(word, str) and word]

    @property
    def outside(self):
        """A value just beyond each limit, with the words of the sentence."""
        steps = {"at least": -1, "at most": 1, "above": 0, "below": 0}
        limits = {name: getattr(self.option, name.removeprefix("at ")) for name in steps}
        return {f"{name} {limit}": limit + steps[name] for name, limit in limits.items() if limit is not None}

    def set(self, value):
        setattr(self.section, self.name, (value,) if self.several else value)


def fields(chosen=lambda field: True):
    """Runs a test for every field that is chosen."""
    paths = [(method, path) for method, path in PATHS if chosen(Field(method, path))]
    assert paths
    return pytest.mark.parametrize(("method", "path"), paths, ids=lambda part: part)


@fields()
def test_a_field_says_what_it_means_in_sentences(method, path):
    meaning = Field(method, path).option.meaning
    assert meaning[0].isupper() and meaning.endswith(".") and len(meaning.split()) > 1


def test_every_field_is_an_option():
    for method in METHODS:
        config = new_config(method, "moving_shapes")
        for section in (config, *(getattr(config, name) for name in SECTIONS)):
            plain = {field.name for field in dataclasses.fields(section) if KEY not in field.metadata}
            assert plain == ({*CHOSEN_BY_FLAGS, *SECTIONS} if section is config else set())


@fields()
def test_every_allowed_value_and_every_limit_is_taken(method, path):
    field = Field(method, path)
    limits = [limit for limit in (field.option.least, field.option.most) if limit is not None]
    for value in (*field.option.allowed, *map(field.kind, limits)):
        field.set(value)
        check_options(field.section)


@fields(lambda field: field.outside)
def test_a_value_beyond_a_limit_is_refused_with_the_flag(method, path):
    for words, value in Field(method, path).outside.items():
        field = Field(method, path)
        field.set(field.kind(value))
        with pytest.raises(InputError, match=f"^--config.{path} must be {words}, but is "):
            check(field.config)


@fields(lambda field: field.words)
def test_a_misspelt_word_is_told_the_nearest(method, path):
    field = Field(method, path)
    right = field.words[0]
    field.set(right + "x")
    with pytest.raises(
        InputError, match=f"^--config.{path} is '{right}x', which is not one of .*Did you mean '{right}'"
    ):
        check(field.config)


# What stands in a tuple is brought to its type first, as the flag library hands it over otherwise.
@fields(lambda field: not field.several)
def test_a_value_of_another_type_is_refused_with_the_flag(method, path):
    field = Field(method, path)
    field.set({int: 1.5, float: "fast", str: 3, bool: "yes"}[field.kind])
    with pytest.raises(InputError, match=f"^--config.{path} must be "):
        check(field.config)


@pytest.mark.parametrize("method", METHODS)
def test_help_has_every_field_with_meaning_allowed_values_and_default(method):
    config = new_config(method, "moving_shapes", train={"lr": 0.125})
    entries = entries_of(config_help(config))
    assert list(entries) == [*(path for path in field_paths(config) if "." in path), "seed", "init_from"]
    for path, said in entries.items():
        option = Field(method, path).option
        assert said.startswith(option.meaning)
        for word in option.allowed:
            assert str(word) in said
        for limit in (option.least, option.most, option.above, option.below):
            assert limit is None or option.allowed or f" {limit}" in said
    assert entries["train.lr"].endswith("Default: 0.125.")
    assert entries["data.flip"].endswith("Default: on.")


def test_help_without_a_run_has_all_but_the_options_of_its_method():
    said = config_help(None)
    assert list(entries_of(said)) == [
        *(path for path in field_paths(Config("", "", None)) if path.startswith(("data.", "train.", "eval."))),
        "seed",
        "init_from",
    ]
    assert "--config.model.*: the options of a run's method" in said


def entries_of(text):
    """What `--help` says by the path of the field."""
    entries, path = {}, None
    for line in text.splitlines():
        if line.startswith("  --"):
            path = line.strip().removeprefix("--[no]").removeprefix("--").removeprefix("config.").partition("=")[0]
            entries[path] = ""
        elif line.startswith("      ") and path:
            entries[path] = f"{entries[path]} {line.strip()}".strip()
    return entries
