"""Choice rules: what makes them hold, what makes them fail, what is refused."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl import rules
from asl.errors import ExpressionError, StatesError
from asl.values import Json

ROOT = Path(__file__).parents[1]
CASES = json.loads((ROOT / "fixtures/expressions/rules.json").read_text("utf-8"))
RECORDED = ROOT.parent / "shared/conformance/cases/execution"


class Scope:
    now = 0
    variables: Mapping[str, Json] = {"guess": "the guess"}

    def context(self) -> dict[str, Json]:
        return {"Execution": {"Input": {"limit": 3}}}

    def random(self) -> random.Random:
        raise AssertionError("no rule draws")


def text(case: Any) -> str:
    return json.dumps(case.get("rule", case), ensure_ascii=False)


@pytest.mark.parametrize("case", CASES["holds"], ids=text)
def test_whether_a_rule_holds(case: dict[str, Any]) -> None:
    test = rules.compile(case["rule"]).test
    for expected in (True, False):
        for value in case[str(expected).lower()]:
            assert test({"v": value}, Scope()) is expected, value


@pytest.mark.parametrize("case", CASES["failures"], ids=text)
def test_a_path_that_leads_nowhere_fails_the_state(case: dict[str, Any]) -> None:
    with pytest.raises(StatesError) as caught:
        rules.compile(case["rule"]).test(case["input"], Scope())
    assert (caught.value.error, caught.value.cause) == ("States.Runtime", case["cause"])


@pytest.mark.parametrize("rule", CASES["refused"], ids=text)
def test_what_is_no_rule_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ExpressionError):
        rules.compile(rule)


def test_a_rule_that_decided_leaves_the_others_unread() -> None:
    rule = {"Or": [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.b", "NumericEquals": 1}]}
    assert rules.compile(rule).test({"a": 1}, Scope())


def test_what_a_rule_reads_is_known() -> None:
    rule = rules.compile(
        {
            "And": [
                {"Variable": "$$.Execution.Id", "StringEqualsPath": "$wanted.id"},
                {"Not": {"Variable": "$.n", "IsNull": True}},
            ],
            "Next": "X",
        }
    )
    assert [(place, path.text) for place, path in rule.operands] == [
        ("/And[0]/Variable", "$$.Execution.Id"),
        ("/And[0]/StringEqualsPath", "$wanted.id"),
        ("/And[1]/Not/Variable", "$.n"),
    ]
    assert rule.reads_context
    assert rule.variables == {"wanted"}


@given(st.text("ab*\\"), st.text("ab*\\", max_size=6))
def test_a_pattern_matches_as_a_regular_expression_would(value: str, pattern: str) -> None:
    import re

    expression = re.sub(
        r"\\([\\*])|(\*)|(.)",
        lambda found: ".*" if found[2] else re.escape(found[1] or found[3]),
        pattern,
    )
    test = rules.compile({"Variable": "$", "StringMatches": pattern}).test
    assert test(value, Scope()) == bool(re.fullmatch(expression, value))


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded cases are not beside the repository")
def test_recorded_choice_tables() -> None:
    failing, count = [], 0
    for path in sorted(RECORDED.glob("*.json")):
        recording = path.read_text("utf-8")
        if '"choice-table"' not in recording:
            continue
        case = json.loads(recording)
        state = case["definition"]["States"]["CheckValues"]
        matched = next(
            (rule for rule in state["Choices"] if rules.compile(rule).test(case["input"], Scope())), None
        )
        following = case["definition"]["States"][matched["Next"] if matched else state["Default"]]
        count += 1
        if following["Result"] != case["expected"]["output"]:
            failing.append(path.stem)
    assert not failing
    assert count >= 340
