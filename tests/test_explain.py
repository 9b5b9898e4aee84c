"""Explaining a run: the stages and reasons of every visit, from our own histories and from recorded ones."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.recorded import HistoryError
from asl.visits import visits
from tests.commands import Asl, asl_command, write  # noqa: F401 - a fixture
from tests.driving import drive
from tests.test_random_machines import answers
from tests.test_random_machines import machine as random_machine

FIXTURES = Path(__file__).parents[1] / "fixtures" / "executions"
RECORDED = Path(__file__).parents[2] / "shared" / "conformance" / "cases" / "execution"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"

ORDER = {
    "StartAt": "Get",
    "States": {
        "Get": {
            "Type": "Task",
            "Resource": FUNCTION + "get",
            "InputPath": "$.request",
            "Parameters": {"id.$": "$.id"},
            "ResultSelector": {"total.$": "$.sum"},
            "ResultPath": "$.order",
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry", "ResultPath": "$.why"}],
            "Next": "Check",
        },
        "Check": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.order.total", "NumericGreaterThan": 100, "Next": "Each"},
                {
                    "And": [
                        {"Variable": "$.order.total", "NumericGreaterThan": 10},
                        {"Variable": "$.vip", "IsPresent": False},
                    ],
                    "Next": "Each",
                },
            ],
            "Default": "Sorry",
        },
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemSelector": {"value.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index"},
            "ItemProcessor": {
                "StartAt": "Double",
                "States": {"Double": {"Type": "Task", "Resource": FUNCTION + "double", "End": True}},
            },
            "ResultPath": "$.doubled",
            "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Sorry"}],
            "Next": "Done",
        },
        "Done": {"Type": "Pass", "Assign": {"count.$": "States.ArrayLength($.doubled)"}, "End": True},
        "Sorry": {"Type": "Fail", "ErrorPath": "$.why.Error"},
    },
}


def ran(given: Any, *, busy: int = 0, total: int = 50) -> asl.Result:
    """ORDER on an input; `get` is busy so many times."""
    calls = iter(range(100))

    def get(payload: Any) -> Any:
        if next(calls) < busy:
            raise asl.TaskError("Busy", "come back")
        return {"sum": total, "for": payload["id"]}

    def double(payload: Any) -> Any:
        if payload["value"] == 13:
            raise asl.TaskError("Unlucky", "not 13")
        return payload["value"] * 2

    return asl.load(ORDER).run(given, tasks={"get": get, "double": double})


def explained(result: asl.Result, state: str) -> Any:
    return asl.explain(result, asl.load(ORDER), state)


INPUT = {"request": {"id": 7}, "order": "old", "items": [1, 2]}


def test_every_stage_of_a_task() -> None:
    [visit] = explained(ran(INPUT), "Get")
    order = {"total": 50}
    whole = {**INPUT, "order": order}
    assert visit.stages == {
        "input": INPUT,
        "afterInputPath": {"id": 7},
        "afterParameters": {"id": 7},
        "result": {"sum": 50, "for": 7},
        "afterResultSelector": order,
        "afterResultPath": whole,
        "afterOutputPath": whole,
        "output": whole,
    }
    names = list(visit.stages)
    assert (names[0], names[-1]) == ("input", "output")
    assert (visit.status, visit.next) == ("SUCCEEDED", "Check")
    assert visit.why == ['ResultPath replaced $.order, which was "old", by {"total":50}']


def test_which_rule_matched_and_what_it_read() -> None:
    [visit] = explained(ran(INPUT), "Check")
    assert visit.why == [
        "Choices[0] did not match: $.order.total = 50",
        "Choices[1] matched, on to Each: $.order.total = 50, $.vip is not there",
    ]
    assert [(each.index, each.matched) for each in visit.rules] == [(0, False), (1, True)]
    [visit] = explained(ran({**INPUT, "vip": 1, "why": {"Error": "Vip"}}), "Check")
    assert visit.why[-1] == "no rule matched: Default, on to Sorry"


def test_which_retrier_and_catcher_took_the_error() -> None:
    [visit] = explained(ran(INPUT, busy=1), "Get")
    assert visit.status == "SUCCEEDED"
    assert visit.why[0] == "attempt 1 failed with Busy: Retry[0] had it tried again after 2 s"
    [visit] = explained(ran(INPUT, busy=2), "Get")
    assert (visit.status, visit.error, visit.next) == ("CAUGHT_ERROR", "Busy", "Sorry")
    assert visit.why == [
        "attempt 1 failed with Busy: Retry[0] had it tried again after 2 s",
        "attempt 2 failed with Busy: Retry[0] had no attempts left, Catch[0] took it, on to Sorry",
        'ResultPath added $.why: {"Error":"Busy","Cause":"come back"}',
    ]
    assert list(visit.stages) == ["input", "afterInputPath", "afterParameters", "output"]


def test_a_map_and_its_iterations() -> None:
    result = ran(INPUT)
    [each] = explained(result, "Each")
    assert each.stages["afterItemsPath"] == [1, 2]
    assert each.stages["afterItemSelector"] == [{"value": 1, "index": 0}, {"value": 2, "index": 1}]
    assert each.stages["result"] == [2, 4]
    inner = explained(result, "Double")
    assert [(visit.path, visit.visit, visit.stages["result"]) for visit in inner] == [
        ("/Each/0", 1, 2),
        ("/Each/1", 2, 4),
    ]


def test_names_of_states_may_have_slashes() -> None:
    inner = {
        "StartAt": "in/2",
        "States": {"in/2": {"Type": "Pass", "Parameters": {"item.$": "$$.Map.Item.Value"}, "End": True}},
    }
    each = {"Type": "Map", "ItemProcessor": inner, "End": True}
    both = {
        "Type": "Parallel",
        "Branches": [{"StartAt": "each/1", "States": {"each/1": each}}],
        "End": True,
    }
    machine = asl.load({"StartAt": "w/ both", "States": {"w/ both": both}})
    result = machine.run([7, 8])
    found = asl.explain(result, machine)
    assert [(visit.state, visit.status) for visit in found] == [
        ("w/ both", "SUCCEEDED"),
        ("each/1", "SUCCEEDED"),
        ("in/2", "SUCCEEDED"),
        ("in/2", "SUCCEEDED"),
    ]
    assert [visit.stages["afterParameters"] for visit in found[2:]] == [{"item": 7}, {"item": 8}]
    assert found[0].stages["result"] == [[{"item": 7}, {"item": 8}]]


def test_a_map_has_the_error_of_its_child() -> None:
    result = ran({**INPUT, "items": [1, 13]})
    [each] = explained(result, "Each")
    assert (each.status, each.error, each.cause) == ("CAUGHT_ERROR", "Unlucky", "not 13")
    assert each.why == ["attempt 1 failed with Unlucky: Catch[0] took it, on to Sorry"]
    assert [visit.status for visit in explained(result, "Double")] == ["SUCCEEDED", "FAILED"]
    [sorry] = explained(result, "Sorry")
    assert (sorry.status, sorry.error) == ("FAILED", "States.Runtime")


def test_variables_before_and_after() -> None:
    [visit] = explained(ran(INPUT), "Done")
    assert (visit.variables, visit.assigned) == ({}, {"count": 2})
    assert visit.why == ["Assign set $count = 2"]


def test_jsonata_conditions_tell_what_they_read() -> None:
    machine = asl.load(
        {
            "QueryLanguage": "JSONata",
            "StartAt": "Set",
            "States": {
                "Set": {"Type": "Pass", "Assign": {"limit": 3}, "Next": "Check"},
                "Check": {
                    "Type": "Choice",
                    "Choices": [
                        {"Condition": "{% $count($states.input.lines[price > $limit]) > 0 %}", "Next": "End"}
                    ],
                    "Default": "End",
                    "Assign": {"limit": "{% $limit + 1 %}"},
                },
                "End": {"Type": "Succeed", "Output": "{% $limit %}"},
            },
        }
    )
    set_, check, end = asl.explain(machine.run({"lines": [{"price": 2}]}), machine)
    assert set_.why == ["Assign set $limit = 3"]
    assert check.why == [
        'Choices[0] did not match: $states.input.lines = [{"price":2}], $limit = 3',
        "no rule matched: Default, on to End",
        "Assign set $limit = 4, which was 3",
    ]
    assert (end.variables, end.stages["output"]) == ({"limit": 4}, 4)


def test_a_changed_definition_is_noticed() -> None:
    result = ran(INPUT)
    edited = json.loads(json.dumps(ORDER))
    edited["States"]["Get"]["ResultSelector"] = {"sum.$": "$.sum"}
    edited["States"]["Check"]["Choices"][1]["Next"] = "Done"
    machine = asl.load(edited)
    [get] = asl.explain(result, machine, "Get")
    assert get.stages["output"]["order"] == {"total": 50}, "what was recorded stands"
    assert get.notes[0].startswith('evaluated again, output is {"request":{"id":7},"order":{"sum":50}')
    [check] = asl.explain(result, machine, "Check")
    assert check.notes == ("the run went on to Each; by this definition it goes on to Done",)


def test_what_cannot_be_explained() -> None:
    result = ran(INPUT)
    with pytest.raises(asl.AslError, match="no state 'Chek'; it has Get, Check, Each, Done, Sorry, Double"):
        explained(result, "Chek")
    other = asl.load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    with pytest.raises(HistoryError, match=r"event 2 enters the state 'Get'.*is it the one that ran\?"):
        asl.explain(result, other)
    assert explained(ran({**INPUT, "items": []}), "Double") == []


def test_an_end_without_a_beginning_is_no_history() -> None:
    machine = asl.load(
        {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": FUNCTION + "f", "End": True}}}
    )
    events = machine.run({}, tasks=lambda payload: 1).history.to_dict()["events"]
    begun = [
        event for event in events if event["type"] not in ("LambdaFunctionScheduled", "LambdaFunctionStarted")
    ]
    for number, event in enumerate(begun, 1):
        event["id"], event["previousEventId"] = number, number - 1
    with pytest.raises(
        HistoryError, match=r"^event 3 \(LambdaFunctionSucceeded\) ends what no event has begun$"
    ):
        asl.explain(begun, machine)


def test_a_run_that_is_not_over() -> None:
    execution = asl.load(ORDER).start(INPUT)
    [visit] = asl.explain(execution.history, asl.load(ORDER))
    assert (visit.status, visit.exited_at) == ("RUNNING", None)
    [call] = execution.take_calls()
    execution.fail(call.id, "Busy", at=execution.now)
    [visit] = asl.explain(execution.history, asl.load(ORDER))
    assert (visit.status, visit.attempts[0].delay) == ("RETRIABLE", 2000)
    execution.stop("Enough", at=execution.now)
    [visit] = asl.explain(execution.history, asl.load(ORDER))
    assert (visit.status, visit.error) == ("ABORTED", "Busy"), "while it waited for its second attempt"


@pytest.mark.parametrize("name", sorted(path.name for path in FIXTURES.iterdir()))
def test_evaluating_again_gives_what_was_recorded(name: str) -> None:
    folder = FIXTURES / name
    machine = asl.load(folder / "machine.asl.json")
    events = json.loads((folder / "history.json").read_text(encoding="utf-8"))["events"]
    found = asl.explain(folder / "history.json", machine)
    assert [visit.event for visit in found] == [
        event["id"] for event in events if event["type"].endswith("StateEntered")
    ]
    exits = [event for event in events if event["type"].endswith("StateExited")]
    left = [visit for visit in found if visit.exited_at is not None]
    assert len(left) == len(exits)
    if name != "context-object":  # reads the ARN of the execution, which no history has
        assert [note for visit in found for note in visit.notes] == []
    for visit in found:
        assert (visit.exited_at is None) == (visit.status in ("FAILED", "ABORTED"))
        assert json.loads(json.dumps(visit.to_dict())).get("why", []) == visit.why


@pytest.mark.parametrize("seed", range(0, 2000, 40))
def test_random_machines_are_explained(seed: int) -> None:
    rng = random.Random(seed)
    definition = random_machine(rng)
    loaded = asl.load(definition)
    given = {"items": list(range(rng.randint(0, 4))), "n": 1}
    run = drive(asl.Execution(loaded.program, given, at=1000, seed=seed), answers(seed))
    explained = asl.explain(run.history.to_json(), loaded)
    for told, visit in zip(explained, visits(run.history), strict=True):
        assert told.stages["input"] == visit.input
        assert sum(attempt.event is not None for attempt in told.attempts) == visit.attempts
        assert all(attempt.retry is not None for attempt in told.attempts[:-1])
        assert (told.status == "CAUGHT_ERROR") == bool(told.attempts and told.attempts[-1].catch is not None)
        if told.status in ("FAILED", "CAUGHT_ERROR") and visit.error:
            assert told.error == visit.error
        # What is drawn at random is the only thing that is another one when it is evaluated again.
        assert told.notes == () or "States.UUID" in json.dumps(definition)
    assert run.outcome is not None
    if run.outcome.status == "FAILED":
        [last] = [told for told in explained if told.path == "/" and told.status == "FAILED"]
        assert last.error == run.outcome.error


@pytest.mark.skipif(not RECORDED.is_dir(), reason="needs the recorded cases in ../shared")
def test_recorded_histories_are_explained() -> None:
    explained = 0
    for path in sorted(RECORDED.glob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        history = case["expected"].get("history")
        if not history or (case.get("normalised") or {}).get("parallel_events_sorted"):
            continue
        text = json.dumps(history).replace('"timestamp": "timestamp"', '"timestamp": "2024-01-01T00:00:00Z"')
        try:
            machine = asl.load(case.get("definition_text") or case["definition"])
        except asl.DefinitionError:
            continue
        found = asl.explain(text, machine)
        assert len(found) == text.count('StateEntered"'), case["id"]
        explained += 1
    assert explained > 400


def test_the_command(asl_command: Asl, tmp_path: Path) -> None:  # noqa: F811
    machine = write(tmp_path, "order.asl.json", ORDER)
    history = tmp_path / "history.json"
    ran(INPUT, busy=1).history.save(history)
    said = asl_command("explain", history, "--machine", machine, "--state", "Get")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "Get (Task), event 2: SUCCEEDED → Check"
    assert '  afterParameters      {"id":7}' in lines
    assert "  output               = afterResultPath" in lines
    assert lines[-1] == '  · ResultPath replaced $.order, which was "old", by {"total":50}'
    said = asl_command("explain", history, "-m", machine, "--json")
    assert [each["state"] for each in said.json][:2] == ["Get", "Check"]
    assert said.json[0]["inspectionData"]["afterParameters"] == {"id": 7}
    assert asl_command("explain", "-", "-m", machine, "--json", stdin=history.read_bytes()) == said
    said = asl_command("explain", history, "-m", machine, "-s", "Nope")
    assert said.code == 2 and "has no state 'Nope'" in said.err


def test_run_explains_itself(asl_command: Asl, tmp_path: Path) -> None:  # noqa: F811
    states = {"Note": {"Type": "Pass", "Parameters": {"n.$": "$.n"}, "ResultPath": "$.seen", "End": True}}
    machine = write(tmp_path, "m.asl.json", {"StartAt": "Note", "States": states})
    result = asl_command("run", machine, "--input", '{"n": 1}', "--explain")
    assert result.code == 0
    assert json.loads(result.out)["output"] == {"n": 1, "seen": {"n": 1}}
    assert "Note (Pass), event 2: SUCCEEDED" in result.err
    assert '{"n":1,"seen":{"n":1}}' in result.err
