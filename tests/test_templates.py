"""Payload templates: what they make, how they fail, which are refused."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from asl import templates
from asl.errors import ExpressionError, StatesError
from asl.values import Json

ROOT = Path(__file__).parents[1]
CASES = json.loads((ROOT / "fixtures/expressions/templates.json").read_text("utf-8"))


class Scope:
    now = 0

    def __init__(self, case: Mapping[str, Any]) -> None:
        self.variables: Mapping[str, Json] = case.get("variables", {})
        self._context = case.get("context", {})

    def context(self) -> dict[str, Json]:
        return self._context  # type: ignore[no-any-return]

    def random(self) -> random.Random:
        return random.Random(7)


def text(case: Any) -> str:
    return json.dumps(case["template"], ensure_ascii=False)


@pytest.mark.parametrize("case", CASES["values"], ids=text)
def test_value(case: dict[str, Any]) -> None:
    before = json.dumps(case["template"])
    template = templates.compile(case["template"])
    for _ in range(2):  # what is made once must not show in what is made next
        made = template.select(case.get("input"), Scope(case))
        assert json.dumps(made) == json.dumps(case["value"])
    assert template.constant is case.get("constant", False)
    assert template.reads_context is ("context" in case)
    assert template.variables == set(case.get("reads", ()))
    assert json.dumps(case["template"]) == before


@pytest.mark.parametrize("case", CASES["failures"], ids=text)
def test_failure(case: dict[str, Any]) -> None:
    template = templates.compile(case["template"])
    with pytest.raises(StatesError) as caught:
        template.select(case["input"], Scope(case))
    assert (caught.value.error, caught.value.cause) == ("States.Runtime", case["cause"])


@pytest.mark.parametrize("case", CASES["refused"], ids=text)
def test_refused(case: dict[str, Any]) -> None:
    with pytest.raises(ExpressionError) as caught:
        templates.compile(case["template"])
    assert caught.value.message == case["message"]
    assert isinstance(caught.value.__cause__, ExpressionError)  # what is wrong with the expression


def test_constants_are_shared() -> None:
    given = {"constant": {"deep": [1]}, "x.$": "$.x"}
    made = templates.compile(given).select({"x": 1}, Scope({}))
    assert isinstance(made, dict)
    assert made["constant"] is given["constant"]
    assert templates.compile(given["constant"]).select(None, Scope({})) is given["constant"]


@pytest.mark.parametrize("field", ["ErrorPath", "CausePath"])
def test_a_field_that_computes_one_value(field: str) -> None:
    assert templates.expression("$.e", field).select({"e": "E"}, Scope({})) == "E"
    assert templates.expression("States.Format('{}!', $.e)", field).select({"e": "E"}, Scope({})) == "E!"
    with pytest.raises(StatesError) as caught:
        templates.expression("$.ErrorX", field).select({"Error": "error-value"}, Scope({}))
    assert caught.value.cause == (
        f"The JSONPath '$.ErrorX' specified for the field '{field}' could not be found "
        """in the input '{"Error":"error-value"}'"""
    )
    with pytest.raises(ExpressionError, match=f"The value for the field '{field}' must be a valid JSONPath"):
        templates.expression("x", field)
