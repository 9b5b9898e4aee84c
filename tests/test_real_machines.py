"""Machines that people run, run to their end with answers made from their definitions."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import asl
from tests import real_machines
from tests.generated import Answers, definitions

INVALID = 27
"""So many of 430 are refused: `asl validate` says why."""

EXPLAINED = 2
"""So many of the others read what their own definition took away before: `python -m tests.real_machines` says what."""


@pytest.mark.skipif(not real_machines.SHARED.is_dir(), reason="there is no ../shared/definitions/real")
def test_every_valid_definition_runs_to_an_end() -> None:
    ends = list(real_machines.every())
    counts = Counter(ended.end for ended in ends)
    assert counts["invalid"] <= INVALID
    others = [ended for ended in ends if ended.end not in (*real_machines.EXPECTED, "invalid")]
    assert not [ended for ended in others if not ended.explanation]
    assert len(others) <= EXPLAINED


def _ended(definition: dict[str, Any]) -> tuple[asl.Result, Answers]:
    """Run a machine as often as there is something to learn."""
    machine, answers = asl.load(definition), Answers(definition)
    for _ in range(20):
        result = machine.run(answers.input(), tasks=answers, quotas=asl.Quotas(events=500))
        if result.status == "SUCCEEDED" or not answers.learn(result, machine):
            break
    return result, answers


TASK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work"}


def test_answers_learn_what_is_read_of_them() -> None:
    check = {"Variable": "$.job.status", "StringEquals": "DONE", "Next": "Each"}
    each = {"StartAt": "One", "States": {"One": {"Type": "Wait", "SecondsPath": "$.pause", "End": True}}}
    result, _ = _ended(
        {
            "StartAt": "Get",
            "States": {
                "Get": {**TASK, "InputPath": "$.order", "ResultPath": "$.job", "Next": "Is it done?"},
                "Is it done?": {"Type": "Choice", "Choices": [check], "Default": "Get"},
                "Each": {"Type": "Map", "ItemsPath": "$.job.parts", "ItemProcessor": each, "Next": "Say"},
                "Say": {
                    "Type": "Pass",
                    "Parameters": {
                        "text.$": "States.Format('{}', $$.Execution.Input.name)",
                        "third.$": "States.ArrayGetItem(States.StringSplit($[0].key, '/'), 2)",
                    },
                    "End": True,
                },
            },
        }
    )
    assert result.status == "SUCCEEDED", result.cause
    [get, *_] = [visit for visit in result.visits if visit.state == "Get"]
    assert {"order", "name"} <= set(get.input)
    job = [visit for visit in result.visits if visit.state == "Get"][-1].output["job"]
    assert job["status"] == "DONE"
    assert [part["pause"] for part in job["parts"]] == [1, 1]
    assert job["parts"][0]["key"].count("/") > 1
    assert result.output["third"] == "text"


def test_answers_learn_what_jsonata_reads_of_them() -> None:
    result, _ = _ended(
        {
            "QueryLanguage": "JSONata",
            "StartAt": "Get",
            "States": {
                "Get": {
                    **TASK,
                    "Assign": {
                        "total": "{% $sum($states.result.lines.(price * count)) %}",
                        "until": "{% $toMillis($states.result.until) %}",
                        "inner": "{% $parse($states.result.body).id %}",
                        "names": "{% $map($states.input.people, function($p) { $uppercase($p.name) }) %}",
                        "last": "{% $split($states.input.arn, ':')[3] %}",
                    },
                    "Next": "Each",
                },
                "Each": {
                    "Type": "Map",
                    "Items": "{% $states.input.rows %}",
                    "ItemProcessor": {
                        "StartAt": "One",
                        "States": {"One": {"Type": "Pass", "Output": "{% $states.input.id %}", "End": True}},
                    },
                    "Output": "{% $names %}",
                    "End": True,
                },
            },
        }
    )
    assert result.status == "SUCCEEDED", result.cause
    assert all(name.startswith("TEXT") for name in result.output)


def test_what_the_definition_took_away_no_answer_can_give() -> None:
    result, answers = _ended(
        {
            "StartAt": "Get",
            "States": {
                "Get": {**TASK, "ResultSelector": {"sum.$": "$.sum"}, "Next": "Say"},
                "Say": {"Type": "Pass", "Parameters": {"of.$": "$.name"}, "End": True},
            },
        }
    )
    assert result.status == "FAILED"
    assert answers.unmade == ["'Say' reads $.name"]


def test_placeholders_have_values_that_fit_their_places() -> None:
    text = """{"Resource": "${work}", "Retry": ${retries}, "MaxAttempts": ${most}, "Comment": "${said}",
        "Condition": "{% ${on} = true %}"}"""
    assert definitions(text) == {
        "work": "arn:aws:lambda:us-east-1:123456789012:function:text",
        "retries": "[]",
        "most": "1",
        "said": "text",
        "on": "1",
    }
