"""Sizes: measured, remembered, bounded by the definition; and the quota that they are for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import asl
from asl.dataflow.growth import of_pass
from asl.quotas import Gauge
from asl.values import size, to_json

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([1e22, 1e-7, 12345678.5, 0.0001, 100.0, 9999999.5, 0.001, 5e-324])
    | st.text(max_size=30)
    | st.sampled_from(["0.0001", "3e+22", '"\\\n', "\ud800", "x" * 2000])
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=4), inner, max_size=6),
    max_leaves=30,
)


def bytes_of(value: Any) -> int:
    """The size by the rule, part by part: what `to_json` has a faster way to."""
    if isinstance(value, dict):
        return 1 + max(1, sum(2 + bytes_of(key) + bytes_of(item) for key, item in value.items()))
    if isinstance(value, list):
        return 1 + max(1, sum(1 + bytes_of(item) for item in value))
    return len(to_json(value).encode("utf-8", "surrogatepass"))


@given(DOCUMENTS)
def test_a_size_is_the_sum_of_its_parts(value: Any) -> None:
    assert size(value) == bytes_of(value)


@given(st.lists(DOCUMENTS, max_size=4))
def test_a_gauge_that_knows_parts_gives_the_same_sizes(values: list[Any]) -> None:
    gauge = Gauge()
    for value in values:
        for document in (value, {"part": value}, {"a": {"b": {"part": value}}, "c": [value]}):
            assert gauge(document) == bytes_of(document)


INPUT = {"a": {"b": [{"c": "é" * 50}, 2]}, "list": [1, 2, 3], "n": -2147483647, "t": "x"}

PASSES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a part": {"InputPath": "$.a.b[0]"},
    "an empty object": {"InputPath": None},
    "a constant": {"Result": {"k": [1.5, "é"]}},
    "a constant at new keys": {"Result": 1, "ResultPath": "$.x['y z'].é.w"},
    "a constant that is dropped": {"Result": "x" * 100, "ResultPath": None},
    "a part of the output": {"Result": "x", "ResultPath": "$.a.new", "OutputPath": "$.a"},
    "the input twice": {"Parameters": {"one.$": "$", "two": [{"deep.$": "$.a"}]}, "ResultPath": "$.twice"},
    "parts that overlap": {
        "Parameters": {"a.$": "$.a", "b.$": "$.a.b", "c.$": "$.a.b[0]", "d.$": "$.a.b[-2].c"}
    },
    "parts that do not": {"Parameters": {"a.$": "$.a", "l.$": "$.list", "n.$": "$.n", "t.$": "$['t']"}},
    "the same twice": {"Parameters": {"a.$": "$.a", "b.$": "$['a']"}, "InputPath": "$"},
    "null past the end": {"Parameters": {"v.$": "$.list[9]"}},
    "a number": {"Parameters": {"v.$": "States.MathAdd($.n, -1)"}},
    "a hash": {"Parameters": {"v.$": "States.Hash($.t, 'SHA-512')", "u.$": "States.UUID()"}},
    "brief ones": {
        "Parameters": {"v.$": "States.ArrayLength($.list)", "w.$": "States.ArrayContains($.list, 1)"}
    },
}


@pytest.mark.parametrize("state", PASSES.values(), ids=list(PASSES))
def test_no_output_is_larger_than_the_definition_says(state: dict[str, Any]) -> None:
    growth = of_pass(state)
    assert growth is not None
    document: Any = {"StartAt": "P", "States": {"P": {"Type": "Pass", **state, "End": True}}}
    result = asl.load(document).run(INPUT)
    assert result.status == "SUCCEEDED"
    assert size(result.output) <= growth[0] * size(INPUT) + growth[1]


def test_parts_that_do_not_overlap_are_the_input_once() -> None:
    assert of_pass(PASSES["parts that do not"])[0] == 1  # type: ignore[index]
    assert of_pass(PASSES["parts that overlap"])[0] == 4  # type: ignore[index]


@pytest.mark.parametrize(
    "state",
    [
        {"InputPath": "$$.Execution"},
        {"InputPath": "$.a[*]"},
        {"InputPath": "$variable"},
        {"Parameters": {"v.$": "$.list.length()"}},
        {"Parameters": {"v.$": "$$.Execution.Input"}},
        {"Parameters": {"v.$": "$..b"}},
        {"Parameters": {"v.$": "States.ArrayRange(1, 1000, 1)"}},
        {"Parameters": {"v": [{"w.$": "States.Format('{}{}', $.a, $.a)"}]}, "ResultPath": "$.x"},
    ],
    ids=str,
)
def test_what_may_be_larger_than_the_input_is_measured(state: dict[str, Any]) -> None:
    assert of_pass(state) is None


@pytest.mark.parametrize("over", [0, 1])
def test_the_quota_is_exact_however_the_size_was_come_by(over: int) -> None:
    # Each Pass writes the input's text once more; the bound runs ahead of the size, which decides.
    text = "x" * 1000
    document: Any = {"StartAt": "A", "States": {}}
    for name, following in (("A", "B"), ("B", "C"), ("C", None)):
        parameters = {"t.$": "$.t", f"{name}.$": "$.t"}
        then = {"Next": following} if following else {"End": True}
        document["States"][name] = {"Type": "Pass", "Parameters": parameters, **then}
    last = {"t": text, "C": text}
    result = asl.load(document).run({"t": text}, quotas=asl.Quotas(payload=size(last) - over))
    if over:
        assert (result.status, result.error) == ("FAILED", "States.DataLimitExceeded")
    else:
        assert result.output == last


def test_an_item_from_elsewhere_than_the_input_is_measured_too() -> None:
    document: Any = {
        "StartAt": "Narrow",
        "States": {
            "Narrow": {"Type": "Pass", "Result": {}, "Next": "Each"},
            "Each": {
                "Type": "Map",
                "ItemsPath": "$$.Execution.Input.items",
                "ItemProcessor": {
                    "StartAt": "P",
                    "States": {"P": {"Type": "Pass", "Result": "y" * 50, "ResultPath": "$.new", "End": True}},
                },
                "End": True,
            },
        },
    }
    given = {"items": [{"t": "x" * 1000}]}
    result = asl.load(document).run(given, quotas=asl.Quotas(payload=size(given)))
    assert (result.status, result.error) == ("FAILED", "States.DataLimitExceeded")


def test_what_output_path_takes_from_elsewhere_is_measured() -> None:
    machine = asl.load({"StartAt": "P", "States": {"P": {"Type": "Pass", "OutputPath": "$$", "End": True}}})
    assert machine.run(quotas=asl.Quotas(payload=400)).error == "States.DataLimitExceeded"


def test_the_keys_of_result_path_count() -> None:
    call = {
        "Type": "Task",
        "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f",
        "ResultPath": "$.a_key_that_takes_its_forty_bytes_or_so",
        "End": True,
    }
    machine = asl.load({"StartAt": "Call", "States": {"Call": call}})
    document = {"filler": "y" * 4970}
    assert size(document) < 5000 < size(document) + len("a_key_that_takes_its_forty_bytes_or_so")
    result = machine.run(document, tasks=lambda payload: 1, quotas=asl.Quotas(payload=5000))
    assert result.error == "States.DataLimitExceeded"
