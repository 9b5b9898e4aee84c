"""What is known before a run of Tasks that nothing will serve; and that nothing else is told of."""

from __future__ import annotations

from typing import Any

import pytest

import asl
from asl.drive.foreseeing import unserved
from asl.resources import Resources
from tests.machines import FUNCTION, TOKEN, machine, task

ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:Approve"
INVOKE = "arn:aws:states:::lambda:invoke"
START = "arn:aws:states:::states:startExecution.sync:2"
SEND = {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}
CHILD = "arn:aws:states:us-east-1:123456789012:stateMachine:child"


def found(states: dict[str, Any], **options: Any) -> dict[str, bool]:
    """The Tasks that nothing serves, and whether it is certain that the machine comes to them."""
    program = asl.load(machine(next(iter(states)), **states)).program
    return {each.call.state: each.certain for each in unserved(program, Resources(**options))}


def of(resource: str, **parameters: Any) -> dict[str, Any]:
    """A Task of that resource."""
    return {"Type": "Task", "Resource": resource, "Parameters": parameters}


def give(payload: Any) -> Any:
    return payload


@pytest.mark.parametrize(
    "tasks",
    [{"T": give}, {"work": give}, {FUNCTION: give}, {"*:function:*": give}, {"*": give}, give],
    ids=["state", "function", "resource", "pattern", "all", "one for all"],
)
def test_what_a_function_serves(tasks: Any) -> None:
    assert found({"T": task()}, tasks=tasks) == {}
    assert found({"T": task()}, tasks={"other": give}) == {"T": True}


def test_what_a_lambda_invoke_invokes() -> None:
    known = of(INVOKE, **{"FunctionName": "f", "Payload.$": "$"})
    assert found({"T": known}) == {"T": True}
    assert found({"T": known}, tasks={"f": give}) == {}
    assert found({"T": of(INVOKE, **{"FunctionName.$": "$.f"})}) == {}, "only the data tell"
    written = {"Type": "Task", "Resource": INVOKE, "QueryLanguage": "JSONata"}
    assert found({"T": {**written, "Arguments": {"FunctionName": "{% $states.input.f %}"}}}) == {}
    assert found({"T": {**written, "Arguments": "{% $states.input %}"}}) == {}
    assert found({"T": {**written, "Arguments": {"FunctionName": "f"}}}) == {"T": True}


def test_machines_that_tasks_start() -> None:
    child = {"child": asl.load(machine("P", P={"Type": "Pass"}))}
    known = of(START, StateMachineArn=CHILD)
    assert found({"T": known}, machines=child) == {}
    assert found({"T": known}, machines={"other": child["child"]}) == {"T": True}
    assert found({"T": known}) == {"T": True}
    told = of(START, **{"StateMachineArn.$": "$.arn"})
    assert found({"T": told}, machines=child) == {}
    assert found({"T": told}) == {"T": True}
    assert found({"T": known}, tasks={"states:startExecution.sync:2": give}) == {}


def test_tokens_and_activities() -> None:
    send = of("arn:aws:states:::aws-sdk:sfn:sendTaskSuccess", **{"TaskToken.$": "$.token", "Output.$": "$"})
    assert found({"T": send}) == {}
    for state in (of(TOKEN, **SEND), of(ACTIVITY)):
        assert found({"T": state}) == {"T": True}
        assert found({"T": state}, callbacks={"T": 1}) == {}
        assert found({"T": state}, tasks={"T": give}) == {}
    assert found({"T": task()}, callbacks={"T": 1}) == {"T": True}, "it waits for no token"


def test_apis_of_aws() -> None:
    sdk = of("arn:aws:states:::aws-sdk:sts:getCallerIdentity")
    assert found({"T": sdk}) == {"T": True}
    aws = pytest.importorskip("asl.aws", reason="the extra 'aws' is not installed")
    every = {
        "T": {**sdk, "Next": "U"},
        "U": task(Next="V"),
        "V": of("arn:aws:states:::sqs:sendMessage", **SEND),
    }
    assert found(every, tasks=aws.Aws().tasks) == {}


def test_which_a_run_comes_to_whatever_the_data_are() -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "A"}]}
    states = {
        "First": task(Next="Which"),
        "Which": {**choice, "Default": "B"},
        "A": task(Next="Last"),
        "B": {"Type": "Pass", "Next": "Last"},
        "Last": task(),
    }
    assert found(states) == {"First": True, "A": False, "Last": True}
    states["B"] = {"Type": "Fail"}
    assert found(states) == {"First": True, "A": False, "Last": False}
    caught = task(Next="Last", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "B"}])
    assert found({"First": caught, "B": {"Type": "Succeed"}, "Last": task()}) == {
        "First": True,
        "Last": False,
    }


def test_which_a_run_comes_to_within_parallels_and_maps() -> None:
    both = {"Type": "Parallel", "Branches": [machine("A", A=task()), machine("B", B={"Type": "Pass"})]}
    each = {"Type": "Map", "ItemProcessor": machine("Inner", Inner=task())}
    assert found({"Both": {**both, "Next": "Each"}, "Each": each}) == {
        "A": True,
        "Inner": False,
    }
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]
    states = {"Both": {**both, "Next": "Done", "Catch": catch}, "Done": {"Type": "Succeed"}}
    assert found(states) == {"A": False}, "another branch may fail first"
