"""Histories that others read off the service, event by event: what hangs on what when branches fail.

Source: the tests of floci-io/floci (AslExecutorBranchHistoryEventsTest), whose shapes were read off the service in
us-east-1 in September 2026. Where a recording says otherwise of `EvaluationFailed` (it hangs on what the entry of
its state hangs on), the recording is right, and the expectation here follows it.
"""

from __future__ import annotations

from typing import Any

import pytest

import asl
from tests.machines import machine, task

NOWHERE = {"Type": "Pass", "Parameters": {"m.$": "$.nope"}}
UNDEFINED = {"Type": "Pass", "Output": {"v": "{% $states.input.missing %}"}}
BOOM = {"Type": "Fail", "Error": "MyError", "Cause": "my cause"}
ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Handled"}]


def parallel(branch: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": [machine("Inner", Inner=branch)], **fields}


def each(state: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": machine("Inner", Inner=state), **fields}


def jsonata(first: str, **states: dict[str, Any]) -> dict[str, Any]:
    return {"QueryLanguage": "JSONata", **machine(first, **states)}


CASES = {
    "a runtime error in a branch leaves nothing but the end": (
        machine("P", P=parallel(NOWHERE)),
        {"x": "a"},
        "ParallelStateEntered:0 ParallelStateStarted:2 PassStateEntered:3 ExecutionFailed:4",
    ),
    "a runtime error of a task in a branch leaves no aborted event": (
        machine("P", P=parallel(task(Parameters={"q.$": "$.nope"}))),
        {"x": "a"},
        "ParallelStateEntered:0 ParallelStateStarted:2 TaskStateEntered:3 ExecutionFailed:4",
    ),
    "a runtime error in an iteration leaves no failed events": (
        machine("M", M=each(NOWHERE)),
        [1, 2],
        "MapStateEntered:0 MapStateStarted:2 MapIterationStarted:3 PassStateEntered:4 ExecutionFailed:5",
    ),
    "a Fail state in a branch fails the Parallel": (
        machine("P", P=parallel(BOOM)),
        {"x": "a"},
        "ParallelStateEntered:0 ParallelStateStarted:2 FailStateEntered:3 ParallelStateFailed:4 ExecutionFailed:5",
    ),
    "a caught branch failure exits the Parallel": (
        machine("P", P=parallel(BOOM, Catch=ALL), Handled={"Type": "Pass"}),
        {"x": "a"},
        "ParallelStateEntered:0 ParallelStateStarted:2 FailStateEntered:3 ParallelStateFailed:4 "
        "ParallelStateExited:5 PassStateEntered:6 PassStateExited:7 ExecutionSucceeded:8",
    ),
    "a retried Parallel starts again and fails once": (
        machine("P", P=parallel(BOOM, Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}])),
        {"x": "a"},
        "ParallelStateEntered:0 ParallelStateStarted:2 FailStateEntered:3 ParallelStateStarted:4 "
        "FailStateEntered:5 ParallelStateFailed:6 ExecutionFailed:7",
    ),
    "a Parallel's own failure comes after its branches succeeded": (
        machine("P", P=parallel({"Type": "Pass"}, ResultSelector={"m.$": "$.nope"})),
        {"x": "a"},
        "ParallelStateEntered:0 ParallelStateStarted:2 PassStateEntered:3 PassStateExited:4 "
        "ParallelStateSucceeded:5 ExecutionFailed:6",
    ),
    "a task that fails in a branch is recorded as aborted": (
        machine("P", P=parallel(task(), Catch=ALL), Handled={"Type": "Pass"}),
        {"x": "a"},
        "ParallelStateEntered:0 ParallelStateStarted:2 TaskStateEntered:3 LambdaFunctionScheduled:4 "
        "LambdaFunctionStarted:5 LambdaFunctionFailed:6 TaskStateAborted:7 ParallelStateFailed:7 "
        "ParallelStateExited:9 PassStateEntered:10 PassStateExited:11 ExecutionSucceeded:12",
    ),
    "a Map over no items exits from its start": (
        machine("M", M=each({"Type": "Pass"})),
        [],
        "MapStateEntered:0 MapStateStarted:2 MapStateSucceeded:3 MapStateExited:3 ExecutionSucceeded:5",
    ),
    "an iteration that fails leaves its failure and the Map's": (
        jsonata("M", M=each(UNDEFINED, Items="{% $states.input %}")),
        [1, 2],
        "MapStateEntered:0 MapStateStarted:2 MapIterationStarted:3 PassStateEntered:4 EvaluationFailed:4 "
        "MapIterationFailed:6 MapStateFailed:6 ExecutionFailed:8",
    ),
    "Items that cannot be evaluated fail the Map before it starts": (
        jsonata("M", M=each({"Type": "Pass"}, Items="{% $states.input.missing %}")),
        {"x": "a"},
        "MapStateEntered:0 EvaluationFailed:0 MapStateFailed:3 ExecutionFailed:4",
    ),
    "an evaluation error is recorded once an attempt": (
        jsonata(
            "T",
            T=task(
                Arguments={"m": "{% $states.input.missing %}"},
                Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
            ),
        ),
        {"x": "a"},
        "TaskStateEntered:0 EvaluationFailed:0 EvaluationFailed:3 ExecutionFailed:4",
    ),
    "a Catcher's Output that fails makes the state fail once more": (
        jsonata(
            "P",
            P=parallel(
                BOOM,
                Catch=[
                    {
                        "ErrorEquals": ["States.ALL"],
                        "Output": {"v": "{% $states.input.missing %}"},
                        "Next": "Done",
                    }
                ],
            ),
            Done={"Type": "Pass"},
        ),
        {"x": "a"},
        "ParallelStateEntered:0 ParallelStateStarted:2 FailStateEntered:3 ParallelStateFailed:4 "
        "EvaluationFailed:4 ParallelStateFailed:6 ExecutionFailed:7",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_events_hang_as_on_the_service(name: str) -> None:
    definition, given, expected = CASES[name]

    def fail(payload: Any) -> Any:
        raise asl.TaskError("SQS.QueueDoesNotExistException", "The specified queue does not exist.")

    history = asl.load(definition).run(given, tasks=fail).history
    assert " ".join(f"{event.type}:{event.previous}" for event in history[1:]) == expected


def test_the_cause_names_the_innermost_state() -> None:
    result = asl.load(machine("P", P=parallel(NOWHERE))).run({"x": "a"})
    assert result.cause == (
        "An error occurred while executing the state 'Inner' (entered at the event id #4). The JSONPath "
        "'$.nope' specified for the field 'm.$' could not be found in the input '{\"x\":\"a\"}'"
    )


# Variables, measured on the service by others, September 2026: radkawar/stackd, variable_limits


def padded(*names: str, length: int) -> dict[str, str]:
    return dict.fromkeys(names, f"{{% $pad('', {length}, 'x') %}}")


OVER = "States.DataLimitExceeded"
ASSIGNED = {
    "one variable may have 256 KiB, with its quotes": (padded("x", length=262_142), None, None),
    "and no byte more": (
        padded("x", length=262_143),
        OVER,
        "Variable size limit exceeded. Variable 'x' in state 'StateName' was assigned 262145 bytes.",
    ),
    "$pad adds no more than 262,144 characters": (
        padded("x", length=262_145),
        "States.QueryEvaluationError",
        "The JSONata expression '$pad('', 262145, 'x')' specified for the field 'Assign/x' threw an error during "
        "evaluation: Expression evaluation memory limit exceeded: Check for excessive memory usage",
    ),
    "all that a state assigns may have 256 KiB, names not counted": (
        padded("x", "y", length=131_070),
        None,
        None,
    ),
    "and no byte more in all": (
        padded("x", "y", length=131_071),
        OVER,
        "State total variable size limit exceeded. Variable 'y' in state 'StateName' was assigned 131073 bytes, which "
        "caused the size of variables assigned in the state to exceed its limit by 2 bytes.",
    ),
}


@pytest.mark.parametrize(("assigned", "error", "cause"), ASSIGNED.values(), ids=ASSIGNED)
def test_what_a_state_may_assign(assigned: dict[str, str], error: str | None, cause: str | None) -> None:
    state = {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Assign": assigned,
        "Output": {"ok": True},
        "End": True,
    }
    answer = asl.test_state(state)
    assert (answer["status"], answer.get("error")) == ("FAILED" if error else "SUCCEEDED", error)
    assert answer.get("cause") == cause
    result = asl.load(machine("StateName", StateName=state)).run()
    assert result.error == error
    assert result.cause is None if cause is None else str(result.cause).endswith(cause)


def assigning(count: int, length: int, *, again: bool = False) -> dict[str, Any]:
    """A chain of so many states that assign a string each, to a variable of its own or always to the same."""
    states: dict[str, Any] = {
        f"Assign{i}": {
            "Type": "Pass",
            "Assign": padded("v" if again else f"v{i}", length=length),
            "Next": f"Assign{i + 1}" if i < count else "Done",
        }
        for i in range(1, count + 1)
    }
    return jsonata("Assign1", **states, Done={"Type": "Succeed"})


def test_all_variables_of_an_execution_may_have_10_mib() -> None:
    result = asl.load(assigning(43, 250_000)).run()
    cause = (
        "Execution total variable size limit exceeded. State 'Assign42' assigned variables that exceed the total "
        "execution limit by 14324 bytes."
    )
    assert (result.status, result.error, result.cause) == ("FAILED", OVER, cause)
    failed, ended = list(result.history)[-2:]
    assert (failed.id, failed.previous, failed.type) == (85, 84, "EvaluationFailed")
    assert failed.details() == {"error": OVER, "cause": cause, "location": "Assign", "state": "Assign42"}
    assert (ended.id, ended.previous, ended.type) == (86, 85, "ExecutionFailed")
    assert asl.load(assigning(43, 250_000)).run(quotas=asl.Quotas(variables=None)).status == "SUCCEEDED"


def test_a_variable_that_is_assigned_anew_counts_once() -> None:
    """Not measured."""
    assert asl.load(assigning(45, 250_000, again=True)).run().status == "SUCCEEDED"


@pytest.mark.parametrize("count", [41, 42])
def test_a_restored_execution_knows_how_much_its_variables_have(count: int) -> None:
    """Also those of a branch and of the machine around it count together, until the branch ends (not measured)."""
    document = assigning(count, 250_000)
    inner = {**document, "StartAt": "Assign21", "States": {**document["States"]}}
    outer = {f"Assign{i}": inner["States"].pop(f"Assign{i}") for i in range(1, 21)}
    del inner["QueryLanguage"]
    outer["Assign20"]["Next"] = "Both"
    inner["States"]["Assign30"]["Next"] = "Pause"
    inner["States"]["Pause"] = {"Type": "Wait", "Seconds": 1, "Next": "Assign31"}
    program = asl.load(jsonata("Assign1", **outer, Both={"Type": "Parallel", "Branches": [inner]})).program
    run = asl.Execution(program, {}, at=0)
    again = asl.Execution.restore(program, run.snapshot())
    for each in (run, again):
        each.advance(at=1000)
        assert each.outcome is not None
        assert each.outcome.error == (OVER if count == 42 else None)
