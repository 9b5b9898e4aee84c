"""JSON values: equality, text and size as the service has them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl.quotas import Gauge
from asl.values import number_text, same, size, to_json, type_name

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=30,
)


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (1, True, False),
        (0, False, False),
        (1, 1.0, True),
        ([1], [True], False),
        ({"a": [0]}, {"a": [False]}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ([], {}, False),
        (None, False, False),
        ("1", 1, False),
    ],
)
def test_equality_knows_true_from_one(a: Any, b: Any, equal: bool) -> None:
    assert same(a, b) is equal
    assert same(b, a) is equal


# java.lang.Double.toString, from its documentation: decimal notation from 10^-3 up to 10^7.
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (100.0, "100.0"),
        (0.001, "0.001"),
        (0.00012, "1.2E-4"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (12345678.5, "1.23456785E7"),
        (-1.5e300, "-1.5E300"),
    ],
)
def test_doubles_are_written_as_java_writes_them(value: float, text: str) -> None:
    assert number_text(value) == text
    assert to_json([value]) == f"[{text}]"


def test_text_is_compact_and_keeps_characters() -> None:
    assert to_json({"a": [1, 'é\n"', None, True, 2.5], "b": {}}) == '{"a":[1,"é\\n\\"",null,true,2.5],"b":{}}'


@given(json_values)
def test_text_reads_back_as_the_same_value(value: Any) -> None:
    assert same(json.loads(to_json(value)), value)


@given(json_values)
def test_the_gauge_measures_what_the_text_has(value: Any) -> None:
    gauge = Gauge()
    assert gauge(value) == size(value) == gauge(value)
    assert gauge([value, value]) == size([value, value])


def test_size_counts_bytes_of_utf_8() -> None:
    assert (size("é"), size("€"), size("😀"), size("\x01")) == (4, 5, 6, 8)


def test_a_lone_surrogate_does_not_crash() -> None:
    assert size("\ud800") == 5
    assert type_name("\ud800") == "string"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"),
        (True, "boolean"),
        (1, "number"),
        (1.5, "number"),
        ("", "string"),
        ([], "array"),
        ({}, "object"),
    ],
)
def test_types_are_named_as_in_messages(value: Any, name: str) -> None:
    assert type_name(value) == name
