"""Histories as the service shows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import asl
from tests.machines import machine, task


def history() -> asl.History:
    states = {
        "A": {"Type": "Pass", "Assign": {"x": [1], "y": "é"}, "Next": "T"},
        "T": task(TimeoutSeconds=9, Next="W"),
        "W": {"Type": "Wait", "Seconds": 1, "Next": "M"},
        "M": {"Type": "Map", "ItemProcessor": machine("I", I={"Type": "Pass"})},
    }
    result = asl.load(machine("A", **states)).run({"a": 'quo"te'}, tasks=lambda payload: [1.5, None])
    assert result.status == "SUCCEEDED"
    return result.history


def test_the_quick_text_is_that_of_the_dictionaries() -> None:
    shown = history()
    assert json.loads(shown.to_json()) == shown.to_dict()


def test_a_saved_history_reads_back(tmp_path: Path) -> None:
    shown = history()
    shown.save(tmp_path / "history.json")
    text = (tmp_path / "history.json").read_text(encoding="utf-8")
    assert json.loads(text) == shown.to_dict()
    assert len(text.splitlines()) == len(shown) + 2


def test_a_lone_surrogate_can_be_saved(tmp_path: Path) -> None:
    result = asl.load(machine("A", A={"Type": "Pass"})).run("\ud800")
    result.history.save(tmp_path / "history.json")
    events = json.loads((tmp_path / "history.json").read_text(encoding="utf-8"))["events"]
    assert json.loads(events[-1]["executionSucceededEventDetails"]["output"]) == "\ud800"


def test_events_are_made_on_demand() -> None:
    shown = history()
    assert [event.id for event in shown] == list(range(1, len(shown) + 1))
    assert shown[-1] == list(shown)[-1]
    assert shown[1:3] == list(shown)[1:3]
    with pytest.raises(IndexError):
        shown[len(shown)]


def test_events_have_the_names_and_shapes_of_the_service() -> None:
    events = {event["type"]: event for event in history().to_dict()["events"]}
    assert events["PassStateExited"]["stateExitedEventDetails"] == {
        "name": "I",
        "output": "null",
        "outputDetails": {"truncated": False},
    }
    assert events["LambdaFunctionScheduled"]["lambdaFunctionScheduledEventDetails"] == {
        "resource": "arn:aws:lambda:us-east-1:123456789012:function:work",
        "input": '{"a":"quo\\"te"}',
        "inputDetails": {"truncated": False},
        "timeoutInSeconds": 9,
    }
    assert "lambdaFunctionStartedEventDetails" not in events["LambdaFunctionStarted"]
    assert events["MapStateStarted"]["mapStateStartedEventDetails"] == {"length": 2}
    assert events["MapIterationSucceeded"]["mapIterationSucceededEventDetails"] == {"name": "M", "index": 1}
    first = history().to_dict()["events"][2]["stateExitedEventDetails"]
    assert first["assignedVariables"] == {"x": "[1]", "y": '"é"'}
    assert first["assignedVariablesDetails"] == {"truncated": False}
