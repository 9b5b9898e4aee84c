"""Machines that start each other: every form of startExecution, shared virtual time, stops."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import asl
from tests.machines import machine

ARN = "arn:aws:states:eu-west-1:111122223333:stateMachine:child"
START = 1_767_225_600_000


def parent(form: str = ".sync:2", resource: str = "states:startExecution", **fields: Any) -> asl.StateMachine:
    state = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{resource}{form}",
        "Parameters": {"StateMachineArn": ARN, "Input.$": "$", "Name": "one"},
        **fields,
    }
    return asl.load(machine("Start", Start=state))


def child(**states: Any) -> asl.StateMachine:
    wait = {"Type": "Wait", "Seconds": 60, "Next": "Done"}
    found = states or {"Wait": wait, "Done": {"Type": "Pass", "Result": {"Arg1": "argument1"}, "End": True}}
    return asl.load(machine(next(iter(found)), **found))


FAILING = {
    "Wait": {"Type": "Wait", "Seconds": 5, "Next": "F"},
    "F": {"Type": "Fail", "Error": "E", "Cause": "c"},
}


@pytest.mark.parametrize("known", [ARN, "child"])
def test_sync_waits_for_the_child_and_gives_its_output(known: str) -> None:
    result = parent().run({"n": 1}, machines={known: child()})
    assert result.output == {
        "ExecutionArn": "arn:aws:states:eu-west-1:111122223333:execution:child:one",
        "Input": {"n": 1},
        "InputDetails": {"Included": True},
        "Name": "one",
        "Output": {"Arg1": "argument1"},
        "OutputDetails": {"Included": True},
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE",
        "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        "StartDate": START,
        "StateMachineArn": ARN,
        "Status": "SUCCEEDED",
        "StopDate": START + 60_000,
    }
    assert list(result.output) == sorted(result.output)
    assert [event.type for event in result.history][2:6] == [
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
    ]
    assert result.history[-1].at == START + 60_000


def test_the_older_form_gives_json_text() -> None:
    output: Any = parent(".sync").run({"n": 1}, machines={"child": child()}).output
    assert (output["Input"], output["Output"]) == ('{"n":1}', '{"Arg1":"argument1"}')


@pytest.mark.parametrize(("form", "input"), [(".sync", '{"n":1}'), (".sync:2", {"n": 1})])
def test_a_child_that_fails_fails_the_task(form: str, input: Any) -> None:
    """Recorded: callback.start_execution_sync_delegate_failure."""
    result = parent(form).run({"n": 1}, machines={"child": child(**FAILING)})
    assert (result.status, result.error) == ("FAILED", "States.TaskFailed")
    cause = json.loads(result.cause or "")
    assert list(cause) == sorted(cause)
    assert (cause["Error"], cause["Cause"], cause["Status"], cause["Input"]) == ("E", "c", "FAILED", input)
    assert "Output" not in cause and cause["StopDate"] - cause["StartDate"] == 5000


def test_request_response_does_not_wait_but_the_child_runs_to_its_end() -> None:
    result = parent("").run({}, machines={"child": child()})
    output: Any = result.output
    assert list(output) == ["ExecutionArn", "SdkHttpMetadata", "SdkResponseMetadata", "StartDate"]
    assert result.history[-1].at == START
    (started,) = result.children
    assert (started.status, started.history[-1].at) == ("SUCCEEDED", START + 60_000)


def test_the_sdk_form_answers_as_the_sdk_does() -> None:
    loaded = parent("", "aws-sdk:sfn:startExecution")
    output: Any = loaded.run({}, machines={"child": child()}).output
    arn = "arn:aws:states:eu-west-1:111122223333:execution:child:one"
    assert output == {"ExecutionArn": arn, "StartDate": "2026-01-01T00:00:00Z"}
    waited: Any = parent("", "aws-sdk:sfn:startSyncExecution").run({}, machines={"child": child()}).output
    assert (waited["Status"], waited["Output"]) == ("SUCCEEDED", '{"Arg1":"argument1"}')


def test_a_child_answers_the_token_that_it_was_given() -> None:
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
        "Parameters": {"TaskToken.$": "$.token", "Output": '{"said": "early"}'},
        "Next": "Rest",
    }
    answering = child(Send=send, Rest={"Type": "Wait", "Seconds": 60})
    for form in (".waitForTaskToken", ".sync"):
        fields = {"Parameters": {"StateMachineArn": ARN, "Input": {"token.$": "$$.Task.Token"}}}
        result = parent(form, **fields).run({}, machines={"child": answering})
        assert result.output == {"said": "early"}
        assert result.history[-1].at == START
        assert (result.children[0].status, result.children[0].history[-1].at) == ("SUCCEEDED", START + 60_000)


def test_children_have_children() -> None:
    inner = "arn:aws:states:eu-west-1:111122223333:stateMachine:inner"
    middle = parent(Parameters={"StateMachineArn": inner, "Input": {"deep": True}})
    result = parent().run({}, machines={"child": middle, "inner": child()})
    output: Any = result.output
    assert output["Output"]["Output"] == {"Arg1": "argument1"}
    assert result.children[0].children[0].history[-1].at == START + 60_000


@pytest.mark.parametrize("limit", [{"TimeoutSeconds": 10}, {}])
def test_a_child_is_stopped_when_nobody_waits_for_it_any_more(limit: Any) -> None:
    session = asl.Session(machines={"child": child()})
    running = session.start(parent(**limit))
    session.advance(10)
    if not limit:
        running.stop()
    result = running.result
    (stopped,) = result.children
    assert result.status == ("FAILED" if limit else "ABORTED")
    assert (stopped.status, stopped.history[-1].type) == ("ABORTED", "ExecutionAborted")
    assert stopped.history[-1].at == START + 10_000
    session.finish()
    assert running.result.children[0].status == "ABORTED"


def test_a_branch_that_fails_stops_the_child_of_another() -> None:
    fail = machine("W", W={"Type": "Wait", "Seconds": 7, "Next": "F"}, F={"Type": "Fail", "Error": "E"})
    start = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2"}
    branch = machine("S", S={**start, "Parameters": {"StateMachineArn": ARN}})
    both = asl.load(machine("P", P={"Type": "Parallel", "Branches": [branch, fail]}))
    result = both.run({}, machines={"child": child()})
    assert (result.error, result.children[0].status) == ("E", "ABORTED")
    assert result.children[0].history[-1].at == START + 7000


def test_a_name_is_used_once() -> None:
    twice = parent(Retry=[{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 1}])
    result = twice.run({}, machines={"child": child(**FAILING)})
    assert result.error == "StepFunctions.ExecutionAlreadyExistsException"
    arn = "arn:aws:states:eu-west-1:111122223333:execution:child:one"
    assert (result.cause or "").startswith(
        f"Execution Already Exists: '{arn}' (Service: AWSStepFunctions; Status Code: 400; "
        "Error Code: ExecutionAlreadyExists; Request ID: "
    )


def test_children_without_a_name_get_one_each_the_same_in_every_run() -> None:
    fields = {"Parameters": {"StateMachineArn": ARN, "Input.$": "$"}}
    each = machine(
        "Start", Start={"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", **fields}
    )
    loaded = asl.load(machine("Each", Each={"Type": "Map", "ItemProcessor": each}))
    first, second = (loaded.run([1, 2, 3], machines={"child": child()}) for _ in range(2))
    assert first.output == second.output
    assert len({started.execution.identity.name for started in first.children}) == 3


@pytest.mark.parametrize(("input", "expected"), [('{"a": 1}', {"a": 1}), ({"a": 1}, {"a": 1}), (None, {})])
def test_the_input_is_json_or_its_text(input: Any, expected: Any) -> None:
    fields = {"Parameters": {"StateMachineArn": ARN, "Input.$": "$.given"}}
    result = parent("", **fields).run({"given": input}, machines={"child": child()})
    assert result.children[0].execution.input == expected


def test_an_input_that_is_not_json_text_is_refused() -> None:
    fields = {"Parameters": {"StateMachineArn": ARN, "Input": "{'a': 1}"}}
    result = parent("", **fields).run({}, machines={"child": child()})
    assert result.error == "StepFunctions.InvalidExecutionInputException"
    assert result.children == ()


def test_a_task_function_under_a_name_of_the_task_comes_first_and_a_pattern_last() -> None:
    mocked = parent("").run({}, tasks={"Start": lambda p: "mocked"}, machines={"child": child()})
    assert (mocked.output, mocked.children) == ("mocked", ())
    real = parent("").run({}, tasks={"*": lambda p: "mocked"}, machines={"child": child()})
    assert len(real.children) == 1


def test_a_machine_that_is_not_known_is_an_unserved_call() -> None:
    with pytest.raises(asl.UnservedCall, match="startExecution"):
        parent().run({}, machines={"other": child()})


def test_tasks_of_children_are_served_too_and_time_out_on_the_shared_clock() -> None:
    work = {
        "Type": "Task",
        "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work",
        "TimeoutSeconds": 30,
    }
    result = parent(TimeoutSeconds=31).run(
        {}, machines={"child": child(Work=work)}, tasks={"work": lambda p: asl.after(40, 1)}
    )
    cause = json.loads(result.cause or "")
    assert (cause["Error"], cause["StopDate"] - cause["StartDate"]) == ("States.Timeout", 30_000)


def test_children_run_in_real_time_too() -> None:
    quick = child(Work={"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work"})
    result = asyncio.run(
        parent().run_async({"n": 1}, machines={"child": quick}, tasks={"work": lambda p: p["n"] + 1})
    )
    output: Any = result.output
    assert (output["Output"], result.children[0].status) == (2, "SUCCEEDED")
