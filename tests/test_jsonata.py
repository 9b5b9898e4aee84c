"""JSONata: values, errors, refusals and limits as the service has them, and what an expression reads."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from asl import jsonata
from asl.jsonata import limits
from asl.values import Json

CASES = json.loads((Path(__file__).parents[1] / "fixtures/expressions/jsonata.json").read_text("utf-8"))


class Scope:
    """A scope of fixed time, whose randomness is one generator."""

    now = 1_700_000_000_123

    def __init__(self, variables: Mapping[str, Json] | None = None) -> None:
        self.variables: Mapping[str, Json] = variables or {}
        self._generator = random.Random(7)

    def context(self) -> dict[str, Json]:
        return {}

    def random(self) -> random.Random:
        return self._generator


def evaluate(text: str, variables: Mapping[str, Json] | None = None) -> Any:
    scope = Scope(variables)
    return jsonata.compile(text).evaluate(bindings=scope.variables, scope=scope)


def sentence(text: str, variables: Mapping[str, Json] | None = None) -> str:
    with pytest.raises(jsonata.JsonataError) as caught:
        evaluate(text, variables)
    return caught.value.sentence()


def expression(case: dict[str, Any]) -> str:
    return str(case["expression"])


@pytest.mark.parametrize("case", CASES["values"], ids=expression)
def test_value(case: dict[str, Any]) -> None:
    found = evaluate(case["expression"], case.get("variables"))
    assert json.dumps(found) == json.dumps(case["value"])


@pytest.mark.parametrize("case", CASES["nothing"], ids=expression)
def test_nothing(case: dict[str, Any]) -> None:
    assert evaluate(case["expression"], case.get("variables")) is jsonata.UNDEFINED


@pytest.mark.parametrize("case", CASES["errors"], ids=expression)
def test_error(case: dict[str, Any]) -> None:
    assert sentence(case["expression"], case.get("variables")) == case["sentence"]


@pytest.mark.parametrize("case", CASES["refused"], ids=expression)
def test_refused(case: dict[str, Any]) -> None:
    assert jsonata.check(case["expression"]) == [tuple(problem) for problem in case["problems"]]


@pytest.mark.parametrize("text", CASES["phone"]["refused"])
def test_top_level_reference_is_refused(text: str) -> None:
    message = "Reference to 'phone' at the top level is not supported."
    assert jsonata.check(text) == [("UNSUPPORTED_JSONATA_EXPRESSION", message)]


@pytest.mark.parametrize("text", CASES["phone"]["accepted"])
def test_anchored_reference_is_accepted(text: str) -> None:
    assert jsonata.check(text) == []


@pytest.mark.parametrize("case", CASES["reads"], ids=expression)
def test_reads(case: dict[str, Any]) -> None:
    compiled = jsonata.compile(case["expression"])
    assert (sorted(compiled.variables), sorted(compiled.states_fields)) == (case["variables"], case["fields"])


def test_time_and_randomness_are_the_scope_s() -> None:
    assert evaluate("$now()") == "2023-11-14T22:13:20.123Z"
    assert evaluate("$millis()") == Scope.now
    assert evaluate("$random()") == random.Random(7).random()
    assert evaluate("$uuid() = $uuid()") is False
    assert evaluate("$uuid()") == evaluate("$uuid()")


def test_errors_point_at_their_token() -> None:
    for text, token in (("1 + 'a' * 2", "*"), ("$a := [1, $nothing()]", "("), ("'a' ? (1 > true)", ">")):
        with pytest.raises(jsonata.JsonataError) as caught:
            evaluate(text)
        assert caught.value.position == text.index(token)
    with pytest.raises(jsonata.JsonataError) as caught:
        jsonata.compile("$a + [1, 2)")
    assert caught.value.position == 10


# ── limits ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "good, bad",
    [
        ("1" + "+1" * 99, "1" + "+1" * 100),
        ("(" * 99 + "1" + ")" * 99, "(" * 100 + "1" + ")" * 100),
        ("[" * 99 + "1" + "]" * 99, "[" * 100 + "1" + "]" * 100),
        ("1" + "~>$string" * 99, "1" + "~>$string" * 100),
        *[
            tuple(f"($f := function($x){{ $x <= 0 ? 0 : 1 + $f($x-1) }}; $f({n}))" for n in (31, 32)),
        ],
    ],
    ids=["terms", "parentheses", "brackets", "chain", "recursion"],
)
def test_depth_is_the_service_s(good: str, bad: str) -> None:
    """Measured: evaluation nests 100 deep, whatever the nesting is made of."""
    assert evaluate(good) is not jsonata.UNDEFINED
    assert "Stack overflow error" in sentence(bad)


@pytest.mark.parametrize(
    "text",
    [
        "1" + "+1" * 5000,
        "(" * 5000 + "1" + ")" * 5000,
        "[" * 3000,
        "$a" + ".b" * 5000,
        "$not(" * 1000 + "1" + ")" * 1000,
        "true ? " * 1000 + "1",
        "-" * 3000 + "1",
        "function(){" * 500 + "1" + "}" * 500,
    ],
    ids=lambda text: text[:12],
)
def test_deep_expressions_never_overflow_python(text: str) -> None:
    try:
        evaluate(text)
    except jsonata.JsonataError as error:
        assert "Stack overflow" in error.message or error.code


def test_memory_is_the_service_s() -> None:
    """Measured: 873,782 numbers and 2^22 characters fit, one number more and 2^23 characters do not."""
    doubling = "($f := function($s, $n){ $n = 0 ? $s : $f($s & $s, $n - 1) }; $length($f('x', %d)))"
    assert evaluate("[1..873782] ~> $count()") == 873_782
    assert evaluate(doubling % 22) == 2**22
    for text in ("$sum([1..873783])", doubling % 23, "$pad('', 7000000)", "$range(1, 900000, 1)"):
        assert "memory limit exceeded" in sentence(text)


def test_pad_adds_no_more_than_the_service_lets_it() -> None:
    """Measured by others, September 2026: 262,144 characters, not bytes, of padding; strings may grow in other ways."""
    assert "memory limit exceeded" in sentence("$pad('', 262145, 'x')")
    for text in (
        "$pad('', 131072, 'x') & $pad('', 131073, 'x')",
        "$pad($pad('', 131072, 'x'), 262145, 'x')",
        "$join([$pad('', 131072, 'x'), $pad('', 131073, 'x')])",
    ):
        assert evaluate(f"$length({text})") == 262_145
    for chars in ("é", "xy"):
        assert evaluate(f"$length($pad('', 262144, '{chars}'))") == 262_144


@pytest.mark.parametrize(
    "text",
    [
        "($f := function(){ $f() }; $f())",
        "$map([1..800000], function($a){ $map([1..800000], function($b){ $a + $b }) })",
        "$contains($pad('', 5000, 'a'), /^(a+)+$/) and $contains($pad('', 5000, 'a') & 'b', /^(a+)+$/)",
        "$contains($pad('', 200000, 'a'), /a*a*a*b/)",
        "$sort([1..200000], function($a, $b){ $a < $b })",
        "$reduce([1..800000], function($a, $b){ $append($a, $b) })",
        "[1..1000].(  [1..1000].( [1..1000].($) ) )",
        "$formatNumber(0, '0e0')",
        "$map([1..20000], function($x){ $distinct([1..20000].[$]) })",
    ],
)
def test_runaway_expressions_end(text: str) -> None:
    """The error is what ends them: without it some would run for days, some for ever."""
    assert "Expression evaluation" in sentence(text)


def test_limits_hold_in_a_thread() -> None:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(sentence("($f := function(){ $f() }; $f())")))
    thread.start()
    thread.join()
    assert found == [
        "threw an error during evaluation: Expression evaluation timeout: Check for infinite loop"
    ]


def test_work_counts_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit falls on the same turn of a loop in every run: it is counted, not timed."""
    monkeypatch.setattr(limits, "FUEL", 50_000)
    text = "($f := function($n){ $n = $most ? $n : $f($n + 1) }; $f(0))"

    def fits(most: int) -> bool:
        try:
            return bool(evaluate(text, {"most": most}))
        except jsonata.JsonataError:
            return False

    low, high = 1, 100_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    assert fits(low) and not fits(low + 1)
    assert fits(low) and not fits(low + 1)


def test_values_are_not_changed() -> None:
    data: dict[str, Any] = {"a": [{"b": 1}], "e": []}
    for text in (
        "$x ~> |a|{'c': 2}, 'b'|",
        "$append($x.a, 1)",
        "$sort($x.a, function($a, $b){false})",
        "$x.e{'k': 1}",
    ):
        evaluate(text, {"x": data})
        assert data == {"a": [{"b": 1}], "e": []}


def test_results_are_plain_json() -> None:
    def plain(value: Any) -> bool:
        if isinstance(value, list):
            return type(value) is list and all(map(plain, value))
        if isinstance(value, dict):
            return type(value) is dict and all(map(plain, value.values()))
        return type(value) in (str, int, float, bool, type(None))

    data = {"x": [{"a": [1, 2], "b": "p"}, {"a": [3], "b": "q"}]}
    for text in (
        "$x.a",
        "$x.[a, b]",
        "{'k': $x.a[]}",
        "$map($x, function($v){ $v.a })",
        "[[$x.a]]",
        "$x{b: a[]}",
    ):
        assert plain(evaluate(text, data)), text
