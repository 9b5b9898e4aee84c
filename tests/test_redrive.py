"""Redrive: what is run again, what is kept, and how the history goes on.

The sequences of (previous event, type) are those that the service was measured to write for these machines
(activities as tasks, September 2026); the documents are ours.
"""

from __future__ import annotations

import json
import os
import random
import re
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.rebuilding import rebuilt
from asl.recorded import read
from asl.redriving import RedriveError
from tests.commands import Asl, asl_command, write
from tests.driving import drive, through_json
from tests.test_random_machines import answers, machine

__all__ = ["asl_command"]

ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:work"
MACHINES = int(os.environ.get("ASL_RANDOM_MACHINES", "2000")) // 5


def task(**fields: Any) -> dict[str, Any]:
    state = {
        "Type": "Task",
        "Resource": ACTIVITY,
        "TimeoutSeconds": 60,
        "Parameters": {"input.$": "$", "execution.$": "$$.Execution", "state.$": "$$.State"},
    }
    return state | (fields or {"End": True})


def started(states: dict[str, Any], input: Any, **fields: Any) -> asl.Execution:
    return asl.load({"StartAt": next(iter(states)), "States": states, **fields}).start(input)


def work(execution: asl.Execution) -> dict[str, asl.Call]:
    """The calls made since this was last asked, by their states, each taken by a worker."""
    calls = execution.take_calls()
    for call in calls:
        execution.start(call.id, "worker", at=execution.now)
    return {call.state: call for call in calls}


def tail(execution: asl.Execution, after: int) -> list[tuple[int, str]]:
    return [(event.previous, event.type) for event in execution.history[after:]]


def test_a_task_starts_again_from_its_entry() -> None:
    execution = started({"Work": task(TimeoutSeconds=2, End=True)}, {"n": 1})
    work(execution)
    execution.advance(at=execution.now + 2000)
    assert tail(execution, 2) == [
        (2, "ActivityScheduled"),
        (3, "ActivityStarted"),
        (4, "ActivityTimedOut"),
        (5, "ExecutionFailed"),
    ]
    execution.redrive(at=execution.now + 1000)
    call = work(execution)["Work"]
    assert isinstance(call.payload, dict)
    assert call.payload["execution"]["RedriveCount"] == 1
    assert call.payload["execution"]["RedriveTime"] == "2026-01-01T00:00:03Z"
    assert call.payload["state"] == {"Name": "Work", "EnteredTime": "2026-01-01T00:00:00Z", "RetryCount": 0}
    assert call.deadline == execution.now + 2000
    execution.succeed(call.id, "done", at=execution.now)
    assert tail(execution, 6) == [
        (6, "ExecutionRedriven"),
        (2, "ActivityScheduled"),
        (8, "ActivityStarted"),
        (9, "ActivitySucceeded"),
        (10, "TaskStateExited"),
        (11, "ExecutionSucceeded"),
    ]


def test_only_the_branches_that_did_not_succeed_run_again() -> None:
    branches = [{"StartAt": name, "States": {name: task()}} for name in ("Succeeded", "Failed", "Aborted")]
    execution = started({"Parallel": {"Type": "Parallel", "Branches": branches, "End": True}}, {})
    calls = work(execution)
    execution.succeed(calls["Succeeded"].id, "kept", at=execution.now)
    execution.fail(calls["Failed"].id, "Broken", "once", at=execution.now)
    failed = len(execution.history)
    assert tail(execution, failed - 5) == [
        (11, "ActivityFailed"),
        (15, "TaskStateAborted"),
        (15, "TaskStateAborted"),
        (15, "ParallelStateFailed"),
        (18, "ExecutionFailed"),
    ]
    execution.redrive(at=execution.now)
    again = execution.take_calls()
    assert [call.state for call in again] == ["Failed", "Aborted"]
    for call in reversed(again):
        execution.succeed(call.id, f"new {call.state}", at=execution.now)
    assert execution.outcome == ("SUCCEEDED", ["kept", "new Failed", "new Aborted"], None, None)
    assert tail(execution, failed) == [
        (19, "ExecutionRedriven"),
        (6, "ActivityScheduled"),
        (8, "ActivityScheduled"),
        (22, "ActivitySucceeded"),
        (23, "TaskStateExited"),
        (21, "ActivitySucceeded"),
        (25, "TaskStateExited"),
        (26, "ParallelStateSucceeded"),
        (26, "ParallelStateExited"),
        (28, "ExecutionSucceeded"),
    ]


def test_the_ends_of_iterations_are_told_in_their_order_whichever_failed() -> None:
    """Measured on the service by others, September 2026: each iteration's, then its task's, all on the failure."""
    processor = {"StartAt": "Item", "States": {"Item": task()}}
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True}
    execution = started({"Each": each}, {"items": ["left", "middle", "right"]})
    left, middle, right = execution.take_calls()
    for call in (middle, left, right):
        execution.start(call.id, "worker", at=execution.now)
    execution.fail(middle.id, "Broken", "once", at=execution.now)
    ended = execution.history[16:]
    assert tail(execution, 15) == [
        (13, "ActivityFailed"),
        (16, "MapIterationAborted"),
        (16, "TaskStateAborted"),
        (16, "MapIterationFailed"),
        (16, "TaskStateAborted"),
        (16, "MapIterationAborted"),
        (16, "TaskStateAborted"),
        (16, "MapStateFailed"),
        (23, "ExecutionFailed"),
    ]
    paths = ["/Each/0", "/Each/0", "/Each/1", "/Each/1", "/Each/2", "/Each/2", "/", "/"]
    assert [event.path for event in ended] == paths
    assert [event.path for event in read(execution.history.to_json()).history[16:]] == paths


def test_only_the_iterations_that_did_not_succeed_run_again() -> None:
    processor = {"StartAt": "Item", "States": {"Item": task()}}
    each = {
        "Type": "Map",
        "ItemsPath": "$.items",
        "MaxConcurrency": 1,
        "ItemProcessor": processor,
        "End": True,
    }
    execution = started({"Each": each}, {"items": ["a", "b", "c"]})
    execution.succeed(work(execution)["Item"].id, 0, at=execution.now)
    execution.fail(work(execution)["Item"].id, "Broken", "once", at=execution.now)
    assert tail(execution, 14) == [
        (14, "ActivityFailed"),
        (15, "MapIterationFailed"),
        (15, "TaskStateAborted"),
        (15, "MapStateFailed"),
        (18, "ExecutionFailed"),
    ]
    execution.redrive(at=execution.now)
    execution.succeed(work(execution)["Item"].id, 1, at=execution.now)
    execution.succeed(work(execution)["Item"].id, 2, at=execution.now)
    assert execution.outcome is not None and execution.outcome.output == [0, 1, 2]
    assert tail(execution, 19)[:8] == [
        (19, "ExecutionRedriven"),
        (12, "ActivityScheduled"),
        (21, "ActivityStarted"),
        (22, "ActivitySucceeded"),
        (23, "TaskStateExited"),
        (24, "MapIterationSucceeded"),
        (24, "MapIterationStarted"),
        (26, "TaskStateEntered"),
    ]


def test_a_fail_state_fails_again_without_being_entered() -> None:
    execution = started({"Stop": {"Type": "Fail", "Error": "Explicit"}}, {})
    execution.redrive(at=execution.now)
    assert tail(execution, 2) == [(2, "ExecutionFailed"), (3, "ExecutionRedriven"), (4, "ExecutionFailed")]


def test_an_aborted_or_timed_out_execution_goes_on_and_its_timeout_begins_anew() -> None:
    execution = started({"Work": task()}, {}, TimeoutSeconds=8)
    work(execution)
    execution.advance(at=execution.now + 8000)
    assert execution.outcome is not None and execution.outcome.status == "TIMED_OUT"
    execution.redrive(at=execution.now + 1000)
    assert execution.wake_at == execution.now + 8000
    execution.stop("Enough", at=execution.now)
    execution.redrive(at=execution.now)
    execution.succeed(work(execution)["Work"].id, {}, at=execution.now)
    assert execution.outcome.status == "SUCCEEDED"
    assert tail(execution, 4) == [
        (0, "ExecutionTimedOut"),
        (5, "ExecutionRedriven"),
        (2, "ActivityScheduled"),
        (0, "ExecutionAborted"),
        (8, "ExecutionRedriven"),
        (2, "ActivityScheduled"),
        (10, "ActivityStarted"),
        (11, "ActivitySucceeded"),
        (12, "TaskStateExited"),
        (13, "ExecutionSucceeded"),
    ]


def test_the_retries_of_a_state_are_there_again() -> None:
    retry = [{"ErrorEquals": ["Busy"], "MaxAttempts": 1, "IntervalSeconds": 1}]
    execution = started({"Work": task(Retry=retry, End=True)}, {})
    for redrive in range(2):
        for attempt in range(2):
            call = work(execution)["Work"]
            assert call.attempt == attempt
            execution.fail(call.id, "Busy", at=execution.now)
            if attempt == 0:
                assert execution.wake_at is not None
                execution.advance(at=execution.wake_at)
        assert execution.outcome is not None and execution.outcome.error == "Busy"
        if redrive == 0:
            execution.redrive(at=execution.now)


def test_a_choice_is_evaluated_again_on_the_same_input() -> None:
    choice = {
        "Type": "Choice",
        "Choices": [{"Variable": "$$.Execution.RedriveCount", "NumericEquals": 1, "Next": "Done"}],
    }
    execution = started({"Which": choice, "Done": {"Type": "Succeed"}}, {"n": 1})
    assert execution.outcome is not None and execution.outcome.status == "FAILED"
    execution.redrive(at=execution.now)
    assert execution.outcome == ("SUCCEEDED", {"n": 1}, None, None)
    assert tail(execution, 2)[:3] == [
        (2, "ExecutionFailed"),
        (3, "ExecutionRedriven"),
        (2, "ChoiceStateExited"),
    ]


def test_a_parallel_whose_result_is_too_large_is_run_whole() -> None:
    branches = [{"StartAt": name, "States": {name: task()}} for name in ("A", "B")]
    loaded = asl.load(
        {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": branches, "End": True}}}
    )
    execution = loaded.start({}, quotas=asl.Quotas(payload=1000))
    for call in work(execution).values():
        execution.succeed(call.id, "x" * 600, at=execution.now)
    assert execution.outcome is not None and execution.outcome.error == "States.DataLimitExceeded"
    execution.redrive(at=execution.now)
    assert sorted(work(execution)) == ["A", "B"]


def test_what_runs_or_has_succeeded_cannot_be_redriven() -> None:
    execution = started({"Work": task()}, {})
    with pytest.raises(RedriveError, match=r"^Execution is RUNNING and cannot be redriven$"):
        execution.redrive(at=execution.now)
    execution.succeed(work(execution)["Work"].id, {}, at=execution.now)
    with pytest.raises(RedriveError, match=r"^Execution is SUCCEEDED and cannot be redriven$"):
        execution.redrive(at=execution.now)


def test_an_express_execution_cannot_be_redriven() -> None:
    loaded = asl.load({"StartAt": "F", "States": {"F": {"Type": "Fail"}}})
    execution = loaded.start({}, identity=asl.Identity("e", run="1"))
    with pytest.raises(
        RedriveError, match=r"^This operation is not supported by this type of state machine$"
    ):
        execution.redrive(at=execution.now)


def test_a_full_history_cannot_go_on() -> None:
    again = [{"Variable": "$.n", "NumericEquals": 1, "Next": "Loop"}]
    states = {"Loop": {"Type": "Choice", "Choices": again, "Default": "Done"}, "Done": {"Type": "Succeed"}}
    execution = started(states, {"n": 1})
    assert execution.outcome is not None and len(execution.history) == 25_000
    # Measured on the service by others, September 2026 (as the execution's redriveStatusReason).
    with pytest.raises(RedriveError, match=r"^Execution has exceeded the maximum history event limit$"):
        execution.redrive(at=execution.now)


# ---------------------------------------------------------------------- random machines


def _redriven(seed: int, between: Any) -> asl.Execution:
    """A random machine that is redriven, up to three times, until it succeeds; some are stopped before."""
    rng = random.Random(seed)
    loaded, quotas = asl.load(machine(rng)), asl.Quotas(events=2_000)
    given = {"items": list(range(rng.randint(0, 4))), "n": 1}
    execution = asl.Execution(loaded.program, given, at=1000, seed=seed, quotas=quotas)
    if rng.random() < 0.3:
        for _ in range(rng.randint(0, 6)):
            for call in execution.take_calls():
                if rng.random() < 0.7:
                    execution.succeed(call.id, {"n": 1}, at=execution.now)
            if execution.wake_at is None or execution.outcome:
                break
            execution.advance(at=execution.wake_at)
        if execution.outcome is None:
            execution.stop("Stop", "it", at=execution.now + rng.randint(0, 3000))
    again = between(loaded.program, quotas)
    execution = drive(execution, answers(seed))
    for redrive in range(3):
        if (
            execution.outcome is None
            or execution.outcome.status == "SUCCEEDED"
            or len(execution.history) > 1900
        ):
            break
        execution = again(execution)
        execution.redrive(at=execution.history[-1].at + rng.randint(10_000, 20_000))
        execution = drive(execution, answers(seed + redrive + 1))
    return execution


def test_restoring_a_failed_execution_is_invisible_to_its_redrive() -> None:
    redriven = 0
    for seed in range(MACHINES):
        plain = _redriven(seed, lambda program, quotas: lambda execution: execution)
        restored = _redriven(seed, through_json)
        assert restored.history.to_dict() == plain.history.to_dict(), f"seed {seed}"
        redriven += any(event.type == "ExecutionRedriven" for event in plain.history)
        ids = [event.id for event in plain.history]
        assert ids == list(range(1, len(ids) + 1))
        assert json.loads(plain.history.to_json()) == plain.history.to_dict()
    assert redriven > MACHINES // 5


def test_an_execution_is_rebuilt_from_its_history() -> None:
    """The redrive of what was rebuilt from the history alone is that of the execution itself."""

    def from_history(program: asl.Program, quotas: asl.Quotas) -> Any:
        def again(execution: asl.Execution) -> asl.Execution:
            events = json.loads(execution.history.to_json())
            return rebuilt(events, program, seed=seed, identity=asl.Identity("execution"), quotas=quotas)

        return again

    for seed in range(MACHINES):
        plain = _redriven(seed, lambda program, quotas: lambda execution: execution)
        again = _redriven(seed, from_history)
        assert again.history.to_dict() == plain.history.to_dict(), f"seed {seed}"


# ---------------------------------------------------------------------- from a history, with a mended machine

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"
LINES: dict[str, Any] = {
    "StartAt": "Prepare",
    "States": {
        "Prepare": {"Type": "Pass", "Assign": {"rate.$": "$.rate"}, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.lines",
            "MaxConcurrency": 2,
            "ItemProcessor": {
                "StartAt": "Count",
                "States": {
                    "Count": {"Type": "Task", "Resource": f"{FUNCTION}count", "Next": "Price"},
                    "Price": {
                        "Type": "Task",
                        "Resource": f"{FUNCTION}price",
                        "Parameters": {"n.$": "$", "rate.$": "$rate.wrong"},
                        "End": True,
                    },
                },
            },
            "End": True,
        },
    },
}


def failed() -> tuple[asl.Result, list[str]]:
    """A run whose third line fails in `Price`, and what `count` was called with."""
    counted: list[str] = []

    def count(line: str) -> int:
        counted.append(line)
        return len(line)

    def price(payload: Any) -> Any:
        if payload["n"] == 3:
            raise asl.TaskError("Unlucky", "three")
        return payload["n"] * 10

    definition = json.loads(json.dumps(LINES).replace("$rate.wrong", "$rate"))
    result = asl.load(definition).run(
        {"rate": 2, "lines": ["a", "bb", "ccc", "dddd", "eeeee"], "few": ["a", "b"]},
        tasks={"count": count, "price": price},
    )
    assert (result.status, result.error) == ("FAILED", "Unlucky")
    return result, counted


def test_a_mended_machine_goes_on() -> None:
    before, counted = failed()
    assert counted == ["a", "bb", "ccc", "dddd"]
    mended = json.loads(json.dumps(LINES).replace("$rate.wrong", "$rate"))
    mended["States"]["Each"]["ItemProcessor"]["States"]["Price"]["Parameters"]["mended"] = True
    calls: list[Any] = []

    def task(payload: Any, call: asl.Call) -> Any:
        calls.append((call.path, call.state, payload))
        return len(payload) if call.state == "Count" else payload["n"] * payload["rate"]

    result = asl.redrive(json.loads(before.history.to_json()), asl.load(mended), tasks=task)
    assert result.status == "SUCCEEDED"
    assert result.output == [10, 20, 6, 8, 10]  # the first two as they were
    assert calls == [
        ("/Each/2", "Price", {"n": 3, "rate": 2, "mended": True}),
        ("/Each/3", "Price", {"n": 4, "rate": 2, "mended": True}),
        ("/Each/4", "Count", "eeeee"),
        ("/Each/4", "Price", {"n": 5, "rate": 2, "mended": True}),
    ]
    kept = len(before.history)
    assert result.history.to_dict()["events"][:kept] == before.history.to_dict()["events"]
    assert result.history[kept].type == "ExecutionRedriven"
    assert asl.replay(json.loads(result.history.to_json()), asl.load(mended), "shape").same


def test_a_machine_without_the_failed_state_is_refused() -> None:
    before, _ = failed()
    other = json.loads(json.dumps(LINES).replace("$rate.wrong", "$rate").replace("Price", "Cost"))
    with pytest.raises(
        RedriveError, match=r"^the machine has no state `Price` in /Each/2, where the execution would go on$"
    ):
        asl.redrive(before.history, asl.load(other))


def test_a_map_over_other_items_is_refused() -> None:
    before, _ = failed()
    other = json.loads(json.dumps(LINES).replace("$.lines", "$.few").replace("$rate.wrong", "$rate"))
    with pytest.raises(RedriveError, match=r"^`Each` iterates over 2 items now; it was 5$"):
        asl.redrive(before.history, asl.load(other))


def test_a_map_whose_input_cannot_be_made_is_refused() -> None:
    before, _ = failed()
    other = json.loads(json.dumps(LINES).replace("$.lines", "$.rows").replace("$rate.wrong", "$rate"))
    with pytest.raises(RedriveError, match=r"^the input of `Each` cannot be made again: States.Runtime: "):
        asl.redrive(before.history, asl.load(other))


def test_the_command(asl_command: Asl, tmp_path: Path) -> None:
    before, _ = failed()
    history, whole = tmp_path / "history.json", tmp_path / "whole.json"
    before.history.save(history)
    machine = write(tmp_path, "m.asl.json", json.dumps(LINES).replace("$rate.wrong", "$rate"))
    write(tmp_path, "tasks.py", "def count(line): return len(line)\ndef price(p): return p['n']\n")
    said = asl_command(
        "redrive", history, "--machine", machine, "--history", whole, "--at", "2026-02-01T00:00:00Z"
    )
    assert (said.code, said.json) == (0, {"status": "SUCCEEDED", "output": [10, 20, 3, 4, 5]})
    assert "SUCCEEDED after 2,678,400 s of virtual time" in said.err
    said = asl_command("replay", whole, "--machine", machine)
    assert said.code == 0 and re.fullmatch(r"the same: \d+ events, strict\n", said.out)
    said = asl_command("redrive", whole, "-m", machine)
    assert said == (2, "", "asl: Execution is SUCCEEDED and cannot be redriven\n")
    said = asl_command("redrive", history, "-m", machine, "--at", "soon")
    assert said.code == 2 and said.err.startswith("asl: --at: the time 'soon' is not an RFC 3339")


def test_the_command_has_callbacks_answer(asl_command: Asl, tmp_path: Path) -> None:
    token = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    message = {"QueueUrl": "https://sqs/asked", "MessageBody": {"Token.$": "$$.Task.Token"}}
    ask = {"Type": "Task", "Resource": token, "Parameters": message, "TimeoutSeconds": 60, "End": True}
    machine = write(tmp_path, "m.asl.json", json.dumps({"StartAt": "Ask", "States": {"Ask": ask}}))
    unanswered = asl.load(machine).run({}, tasks={"Ask": lambda payload: {}}, callbacks={"Ask": None})
    assert (unanswered.status, unanswered.error) == ("FAILED", "States.Timeout")
    unanswered.history.save(tmp_path / "history.json")
    write(tmp_path, "tasks.py", 'CALLBACKS = {"Ask": "yes"}\n')
    said = asl_command("redrive", tmp_path / "history.json", "-m", machine, "--quiet")
    assert (said.code, said.json) == (0, {"status": "SUCCEEDED", "output": "yes"})


def test_the_command_names_the_task_that_is_missing(asl_command: Asl, tmp_path: Path) -> None:
    before, _ = failed()
    before.history.save(tmp_path / "history.json")
    machine = write(tmp_path, "m.asl.json", json.dumps(LINES).replace("$rate.wrong", "$rate"))
    said = asl_command("redrive", tmp_path / "history.json", "-m", machine)
    assert (said.code, said.out) == (2, "")
    assert "of the state 'Price'" in said.err and "add --task 'NAME=module:function'" in said.err


@pytest.mark.parametrize("events", [5, 9])
def test_an_iteration_that_had_begun_begins_once(events: int) -> None:
    each = {
        "Type": "Map",
        "ItemSelector": {"n.$": "$$.Map.Item.Value"},
        "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}},
        "End": True,
    }
    program = asl.load({"StartAt": "Each", "States": {"Each": each}}).program
    full = asl.Execution(program, [1, 2], quotas=asl.Quotas(events=events))
    assert [event.type for event in full.history][-2:] == ["MapIterationStarted", "ExecutionFailed"]
    more = asl.Execution.restore(program, json.loads(json.dumps(full.snapshot())), asl.Quotas())
    more.redrive(at=0)
    begun = [event.data for event in more.history if event.type == "MapIterationStarted"]
    assert (begun, more.outcome) == ([0, 1], asl.Outcome("SUCCEEDED", [{"n": 1}, {"n": 2}]))
