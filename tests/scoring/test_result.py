"""The Result contract: what is checked, and that files give back what was put in."""

from __future__ import annotations

import functools
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tvnet_keras.errors import InputError
from tvnet_keras.scoring.result import Result, load_results, save_result

FIELDS = {
    "table": "moving_shapes",
    "row": "tvnet",
    "seed": 0,
    "config": {"train": {"steps": 100, "lr": 0.01}},
    "protocol": {"split": 1, "clips": 25, "crops": 10},
    "commit": "abc123",
    "machine": {"cpu": "x86", "cores": 2},
    "numbers": {"top1": 0.9, "videos": 300},
}

file_names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,12}", fullmatch=True)
keys = st.text(min_size=1, max_size=8)
finite = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
results = st.builds(
    Result,
    table=file_names,
    row=file_names,
    seed=st.integers(0, 10**6),
    config=st.dictionaries(keys, json_values, max_size=3),
    protocol=st.dictionaries(keys, json_values, min_size=1, max_size=3),
    commit=st.text(min_size=1, max_size=8),
    machine=st.dictionaries(keys, json_values, min_size=1, max_size=3),
    numbers=st.dictionaries(keys, finite | st.integers(-(10**9), 10**9), min_size=1, max_size=4),
    solver_versions=st.none() | st.dictionaries(keys, st.integers(1, 10**6), max_size=2),
)


@settings(max_examples=40, deadline=None)
@given(original=results)
def test_round_trip_is_exact(tmp_path_factory, original):
    root = tmp_path_factory.mktemp("results", numbered=True)
    save_result(root, original)
    assert load_results(root) == (original,)


def test_files_are_named_after_row_and_seed_and_loaded_in_order(tmp_path):
    made = [Result(**FIELDS | change) for change in ({"seed": 10}, {"seed": 2}, {"row": "rgb"}, {"table": "a"})]
    paths = [save_result(tmp_path / "results", result) for result in made]
    assert paths[0] == tmp_path / "results/moving_shapes/tvnet-seed10.json"
    loaded = load_results(tmp_path / "results")
    assert [result.file_name for result in loaded] == [
        "a/tvnet-seed0.json",
        "moving_shapes/rgb-seed0.json",
        "moving_shapes/tvnet-seed2.json",
        "moving_shapes/tvnet-seed10.json",
    ]
    assert loaded[1] == made[2]


def test_saving_again_replaces(tmp_path):
    save_result(tmp_path, Result(**FIELDS))
    better = Result(**FIELDS | {"numbers": {"top1": 0.95}})
    save_result(tmp_path, better)
    assert load_results(tmp_path) == (better,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"table": ""}, "table="),
        ({"table": "../elsewhere"}, "table="),
        ({"row": "a/b"}, "row="),
        ({"row": ".hidden"}, "row="),
        ({"row": "two\n"}, "row="),
        ({"row": 3}, "row=3"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 1.0}, "seed=1.0"),
        ({"seed": True}, "seed=True"),
        ({"commit": ""}, "commit="),
        ({"config": [1]}, "config"),
        ({"config": {"lr": float("inf")}}, "config"),
        ({"config": {"model": object()}}, "config"),
        ({"config": {1: 2}}, "config"),
        ({"protocol": {}}, "protocol"),
        ({"machine": "my laptop"}, "machine"),
        ({"numbers": {}}, "numbers"),
        ({"numbers": {"top1": float("nan")}}, "numbers"),
        ({"numbers": {"top1": "0.9"}}, "top1='0.9'"),
        ({"numbers": {"top1": True}}, "top1=True"),
        ({"numbers": {"per_class": [0.5]}}, "per_class"),
        ({"numbers": {"top1": 10**400}}, "finite numbers"),
        ({"config": {"deep": functools.reduce(lambda inner, _: [inner], range(99999), [])}}, "finite JSON"),
        ({"solver_versions": 1}, "solver_versions"),
        ({"solver_versions": {"TVNet": 0}}, "TVNet=0"),
        ({"solver_versions": {"TVNet": 1.0}}, "TVNet=1.0"),
        ({"solver_versions": {"TVNet": True}}, "TVNet=True"),
    ],
)
def test_what_breaks_the_schema_is_refused_in_one_sentence(change, message):
    with pytest.raises(InputError, match=message) as caught:
        Result(**FIELDS | change)
    assert "\n" not in str(caught.value).replace("two\n", "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "readable result"),
        ("[1, 2]", "no JSON object"),
        (json.dumps(FIELDS | {"top1": 0.9}), "unknown keys: top1"),
        (json.dumps({key: value for key, value in FIELDS.items() if key != "commit"}), "missing keys: commit"),
        (json.dumps(FIELDS | {"numbers": {"top1": float("nan")}}), "valid result: numbers"),
        (json.dumps(FIELDS | {"seed": "0"}), "valid result: seed"),
        ("[" * 99999, "readable result"),
        (json.dumps(FIELDS)[:-1] + ', "seed": 1}', "readable result .*seed is in it twice"),
        (json.dumps(FIELDS).replace('"videos": 300', '"top1": 0.1'), "readable result .*top1 is in it twice"),
        (json.dumps(FIELDS | {"numbers": {"top1": 10**400}}), "valid result: numbers"),
        (json.dumps(FIELDS | {"config": [1]}), "valid result: config"),
        (json.dumps(FIELDS | {"machine": None}), "valid result: machine"),
        (json.dumps(FIELDS | {"protocol": "test1"}), "valid result: protocol"),
        (json.dumps(FIELDS | {"table": {"a": 1}}), "valid result: table"),
        (json.dumps(FIELDS | {"row": ["tvnet"]}), "valid result: row"),
        (json.dumps(FIELDS | {"commit": 7}), "valid result: commit"),
        (json.dumps(FIELDS | {"seed": 4}), r"holds the result of moving_shapes/tvnet-seed4\.json"),
    ],
)
def test_bad_files_are_refused_and_named(tmp_path, content, message):
    path = tmp_path / "moving_shapes/tvnet-seed0.json"
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        load_results(tmp_path)
    assert "tvnet-seed0.json" in str(caught.value)


def test_what_is_no_file_of_a_sensible_size_is_refused_without_being_read(tmp_path):
    path = tmp_path / "moving_shapes/tvnet-seed0.json"
    path.mkdir(parents=True)
    with pytest.raises(InputError, match=r"tvnet-seed0\.json is not a readable result"):
        load_results(tmp_path)
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(InputError, match=r"tvnet-seed0\.json is not a readable result"):
        load_results(tmp_path)
    path.unlink()
    with path.open("wb") as file:
        file.truncate(2**42)
    with pytest.raises(InputError, match=r"tvnet-seed0\.json is not a readable result \(no file of at most"):
        load_results(tmp_path)


def test_a_number_is_given_by_its_name_and_a_share_is_one():
    result = Result(**FIELDS | {"numbers": {"top1": 0.9, "epe": 3, "negative": -0.1}})
    assert result.number("top1", share=True) == 0.9 and isinstance(result.number("epe"), float)
    with pytest.raises(InputError, match=r"moving_shapes/tvnet-seed0\.json has no number top5"):
        result.number("top5")
    for name in ("epe", "negative"):
        with pytest.raises(InputError, match=rf"tvnet-seed0\.json has {name}=.*no share from 0 to 1"):
            result.number(name, share=True)


def test_missing_folder_and_unwritable_place_are_refused(tmp_path):
    with pytest.raises(InputError, match="no folder of results"):
        load_results(tmp_path / "absent")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Cannot write"):
        save_result(tmp_path / "file", Result(**FIELDS))


def test_a_file_from_before_solver_versions_loads_and_is_stale(tmp_path):
    path = tmp_path / "moving_shapes/tvnet-seed0.json"
    path.parent.mkdir()
    path.write_text(json.dumps(FIELDS))
    (result,) = load_results(tmp_path)
    assert result == Result(**FIELDS) and result.solver_versions is None
    assert result.is_stale({"TVNet": 1}) and result.is_stale({})


@pytest.mark.parametrize(
    ("versions", "stale"),
    [
        ({}, False),
        ({"TVNet": 2}, False),
        ({"TVNet": 1}, True),
        ({"TVNet": 3}, True),
        ({"TVNet": 2, "FlowOfFlow": 1}, True),
        ({"A layer of one's own": 1}, False),
    ],
)
def test_a_result_of_other_mathematics_than_todays_is_stale(versions, stale):
    assert Result(**FIELDS, solver_versions=versions).is_stale({"TVNet": 2, "FlowOfFlow": 2}) is stale
