"""Intrinsic functions: their values, their failures, and the invocations that are refused."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl import intrinsics, templates
from asl.errors import ExpressionError, StatesError
from asl.intrinsics.grammar import NESTING
from asl.values import Json

ROOT = Path(__file__).parents[1]
CASES = json.loads((ROOT / "fixtures/expressions/intrinsics.json").read_text("utf-8"))
RECORDED = ROOT.parent / "shared/conformance/cases/execution"


class Scope:
    """A scope of given variables and context, whose randomness is one generator."""

    now = 0

    def __init__(self, case: Mapping[str, Any]) -> None:
        self.variables: Mapping[str, Json] = case.get("variables", {})
        self._context = case.get("context", {})
        self._generator = random.Random(7)

    def context(self) -> dict[str, Json]:
        return self._context  # type: ignore[no-any-return]

    def random(self) -> random.Random:
        return self._generator


def evaluate(expression: str, value: Json = None, scope: Scope | None = None) -> Json:
    return intrinsics.compile(expression).select(value, scope or Scope({}))


def expression(case: dict[str, Any]) -> str:
    return str(case["expression"])


@pytest.mark.parametrize("case", CASES["values"], ids=expression)
def test_value(case: dict[str, Any]) -> None:
    found = evaluate(case["expression"], case.get("input"), Scope(case))
    assert json.dumps(found, sort_keys=True) == json.dumps(case["value"], sort_keys=True)


@pytest.mark.parametrize("case", CASES["failures"], ids=expression)
def test_failure(case: dict[str, Any]) -> None:
    with pytest.raises(StatesError) as caught:
        evaluate(case["expression"], case.get("input"), Scope(case))
    assert caught.value.error == "States.Runtime"
    assert caught.value.cause == case["cause"]


@pytest.mark.parametrize("case", CASES["refused"], ids=expression)
def test_refused(case: dict[str, Any]) -> None:
    with pytest.raises(ExpressionError) as caught:
        intrinsics.compile(case["expression"])
    if case["position"] is not None:
        assert caught.value.position == case["position"]


def test_ten_levels_are_enough() -> None:
    nested = "States.Array(" * NESTING + "1" + ")" * NESTING
    assert evaluate(nested) == [[[[[[[[[[1]]]]]]]]]]
    with pytest.raises(ExpressionError, match="deeper than 10"):
        intrinsics.compile(f"States.Array({nested})")


@pytest.mark.parametrize("name", ["Base64Encode($)", "Base64Decode($)", "Hash($, 'MD5')"])
@pytest.mark.parametrize(
    ("text", "fits"), [("a" * 10_000, True), ("a" * 10_001, False), ("😀" * 5_001, False)]
)
def test_ten_thousand_characters_are_the_limit(name: str, text: str, fits: bool) -> None:
    if fits:
        assert isinstance(evaluate(f"States.{name}", text), str)
    else:
        with pytest.raises(StatesError, match="Invalid arguments in States"):
            evaluate(f"States.{name}", text)


@pytest.mark.parametrize("call", ["States.UUID()", "States.UUID( )", "States.UUID('x', $)"])
def test_uuid_is_of_version_4_and_comes_from_the_scope(call: str) -> None:
    first, again = evaluate(call), evaluate(call)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", str(first))
    assert first == again
    scope = Scope({})
    assert evaluate(call, None, scope) != evaluate(call, None, scope)


def test_random_numbers_are_within_their_bounds_whose_fractions_are_cut_off() -> None:
    scope = Scope({})
    drawn = {evaluate("States.MathRandom($.a, $.b)", {"a": 1.6, "b": 5.4}, scope) for _ in range(200)}
    assert drawn == {1, 2, 3, 4}


def test_what_an_invocation_reads_is_known() -> None:
    call = intrinsics.compile("States.Format('{}{}{}', $$.Execution.Id, $a.b, States.ArrayLength($c))")
    assert call.reads_context
    assert call.variables == {"a", "c"}
    assert not call.constant


def test_calls_of_constants_are_done_once() -> None:
    call = intrinsics.compile("States.ArrayRange(1, 3, 1)")
    assert call.constant
    assert call.select(None, Scope({})) is call.select(None, Scope({}))
    assert not intrinsics.compile("States.UUID()").constant


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


@given(st.lists(json_values, max_size=12))
def test_unique_keeps_every_value_once(values: list[Json]) -> None:
    kept = evaluate("States.ArrayUnique($)", [*values, *values])
    assert isinstance(kept, list)
    texts = [json.dumps(value, sort_keys=True) for value in kept]
    assert sorted(texts) == sorted({json.dumps(value, sort_keys=True) for value in values})


@given(json_values)
def test_json_text_round_trips(value: Json) -> None:
    if json.dumps(value).find("Infinity") < 0:
        assert evaluate("States.StringToJson(States.JsonToString($))", value) == value


@given(st.text(max_size=200).filter(lambda text: text.isprintable()))
def test_base64_round_trips(text: str) -> None:
    assert evaluate("States.Base64Decode(States.Base64Encode($))", text) == text


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    for expression in (text, f"States.Format({text})", f"States.Array('{text}')"):
        try:
            intrinsics.compile(expression)
        except ExpressionError as error:
            assert error.position is None or 0 <= error.position <= len(expression)


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded cases are not beside the repository")
def test_recorded_pass_states() -> None:
    """Every recorded machine of one Pass state whose Parameters, and nothing else, call functions."""
    wrong, count = [], 0
    for path in sorted(RECORDED.glob("*.json")):
        recording = path.read_text("utf-8")
        if '"intrinsic:' not in recording:
            continue
        case = json.loads(recording)
        state, *others = case["definition"]["States"].values()
        if others or set(state) != {"Type", "Parameters", "End"} or case["expected"]["status"] != "SUCCEEDED":
            continue
        placeholders = case["normalised"]["bindings"]
        name = placeholders.get("<ArnPart_0idx>", "")
        scope = Scope({"context": {"StateMachine": {"Name": name}}})
        made = templates.compile(state["Parameters"]).select(case["input"], scope)
        count += 1
        if not _as_recorded(case["expected"]["output"], made, placeholders):
            wrong.append(path.stem)
    assert not wrong
    assert count >= 90


def _as_recorded(recorded: Any, made: Any, placeholders: Mapping[str, Any]) -> bool:
    if isinstance(recorded, dict):
        return set(recorded) == set(made) and all(
            _as_recorded(recorded[key], made[key], placeholders) for key in recorded
        )
    if recorded == "RandomNumberGenerated":
        return isinstance(made, int)
    if recorded == "generated-uuid":
        return isinstance(made, str) and len(made) == 36
    return json.dumps(placeholders.get(str(recorded), recorded)) == json.dumps(made)
