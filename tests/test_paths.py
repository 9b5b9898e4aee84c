"""JSONPath: what `asl.paths` selects, refuses and writes. Cases in fixtures/expressions/jsonpath*.json."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from asl import paths
from asl.errors import ExpressionError, PathError, StatesError
from asl.values import same

FIXTURES = Path(__file__).parent.parent / "fixtures" / "expressions"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['path']}")
    for file in sorted(FIXTURES.glob("jsonpath*.json"))
    if file.stem != "jsonpath-regex"
    for case in json.loads(file.read_text(encoding="utf-8"))
]


class Scope:
    """A scope with a context object and variables, for expressions outside of a machine."""

    now = 0

    def __init__(self, context=None, variables=None):
        self.variables = variables or {}
        self._context = context or {}

    def context(self):
        return self._context

    def random(self):
        return random.Random(0)


@pytest.mark.parametrize("case", CASES)
def test_case(case):
    scope = Scope(case.get("context"), case.get("variables"))
    if "refused" in case:
        with pytest.raises(ExpressionError) as refusal:
            paths.compile(case["path"])
        assert refusal.value.message == case["refused"]
        return
    path = paths.compile(case["path"])
    if "error" in case:
        with pytest.raises(PathError) as failure:
            path.select(case["given"], scope)
        assert failure.value.message == case["error"]
    else:
        found = path.select(case["given"], scope)
        assert same(found, case["result"]), found
    if "template" in case:
        assert same(path.in_template(case["given"], scope), case["template"])


def test_a_path_says_what_it_reads():
    whole = paths.compile("$")
    assert whole.select is paths.identity and whole.definite
    assert not whole.reads_context and whole.variables == frozenset()
    assert paths.compile("$$.Execution.Id").reads_context
    assert paths.compile("$order.lines[0]").variables == {"order"}


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("$", ()),
        ("$.a", ("a",)),
        ("$.a-b.c", ("a-b", "c")),
        ("$['a.b']", ("a.b",)),
        ('$["a"][0].b', ("a", 0, "b")),
    ],
)
def test_reference_path(text, keys):
    assert paths.reference(text) == keys


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "$$",
        "$$.a",
        "$x.a",
        "$.*",
        "$..a",
        "$.a[*]",
        "$.a[0,1]",
        "$.a[0:1]",
        "$[?(@.a)]",
        "$.a[-1]",
        "$.",
    ],
)
def test_not_a_reference_path(text):
    with pytest.raises(ExpressionError):
        paths.reference(text)


@pytest.mark.parametrize(
    ("value", "keys", "expected"),
    [
        ({"a": 1}, (), "new"),
        ({"a": 1}, ("b",), {"a": 1, "b": "new"}),
        ({"a": 1}, ("a",), {"a": "new"}),
        ({}, ("a", "b", "c"), {"a": {"b": {"c": "new"}}}),
        ({"a": {"x": 1}}, ("a", "b"), {"a": {"x": 1, "b": "new"}}),
        ([{"x": 1}, 2], (0, "y"), [{"x": 1, "y": "new"}, 2]),
        ({"a": [1, 2]}, ("a", 1), {"a": [1, "new"]}),
    ],
)
def test_put(value, keys, expected):
    before = json.dumps(value)
    assert paths.put(value, keys, "new") == expected
    assert json.dumps(value) == before


def test_put_shares_what_it_does_not_change():
    value = {"a": {"b": 1}, "big": {"c": [1, 2, 3]}}
    assert paths.put(value, ("a", "b"), 2)["big"] is value["big"]


@pytest.mark.parametrize(
    ("value", "keys", "cause"),
    [
        ("input1", ("a",), 'Unable to apply ReferencePath $.a to input "input1"'),
        ({"a": 1}, ("a", "b"), 'Unable to apply ReferencePath $.a.b to input {"a":1}'),
        ({"a": [1]}, ("a", 1), 'Unable to apply ReferencePath $.a[1] to input {"a":[1]}'),
        ({"a": {}}, ("a", 0), 'Unable to apply ReferencePath $.a[0] to input {"a":{}}'),
    ],
)
def test_put_where_nothing_can_be_put(value, keys, cause):
    with pytest.raises(StatesError) as failure:
        paths.put(value, keys, None)
    assert (failure.value.error, failure.value.cause) == ("States.ReferencePathConflict", cause)
