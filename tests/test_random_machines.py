"""Random nested machines: what must hold of every history, whatever the machine.

Ids are dense, time never goes back, an event hangs on an earlier one, exactly the last event ends the
execution, saving and restoring after every input is invisible, and the history replays to itself.
"""

from __future__ import annotations

import os
import random
from itertools import pairwise
from typing import Any

import pytest

import asl
from tests.driving import Answer, drive, frozen, through_json

MACHINES = int(os.environ.get("ASL_RANDOM_MACHINES", "2000"))
FIRST_SEED = int(os.environ.get("ASL_RANDOM_SEED", "0"))
CHUNK = 100
ERRORS = ("Busy", "Broken", "States.Timeout")


def machine(rng: random.Random, prefix: str = "S", depth: int = 0) -> dict[str, Any]:
    """A machine of one to five states that lead forward, so that it comes to an end."""
    names = [f"{prefix}{index}" for index in range(rng.randint(1, 5 - depth))]
    states = {}
    for index, name in enumerate(names):
        later = names[index + 1 :]
        state = STATES[rng.choice(list(STATES))](rng, name, depth, later)
        if state["Type"] not in ("Choice", "Succeed", "Fail"):
            state |= {"Next": rng.choice(later)} if later else {"End": True}
        states[name] = state
    for name in _unreached(names, states):
        del states[name]
    return {"StartAt": names[0], "States": states}


def _unreached(names: list[str], states: dict[str, Any]) -> list[str]:
    seen, stack = set(), [names[0]]
    while stack:
        name = stack.pop()
        if name in seen:
            continue
        seen.add(name)
        state = states[name]
        stack += [
            place["Next"]
            for place in (state, *state.get("Choices", ()), *state.get("Catch", ()))
            if "Next" in place
        ]
        stack += [state["Default"]] if "Default" in state else []
    return [name for name in names if name not in seen]


def _pass(rng: random.Random, name: str, depth: int, later: list[str]) -> dict[str, Any]:
    state: dict[str, Any] = {"Type": "Pass"}
    if rng.random() < 0.5:
        state["Parameters"] = {"n": rng.randint(0, 9), "whole.$": "$", "id.$": "States.UUID()"}
    if rng.random() < 0.5:
        state["ResultPath"] = rng.choice(["$.r", None])
    if rng.random() < 0.3:
        state["Assign"] = {f"v_{name.replace('.', '_')}.$": "$"}
    return state


def _choice(rng: random.Random, name: str, depth: int, later: list[str]) -> dict[str, Any]:
    if not later:
        return {"Type": "Succeed"}
    rule = {"Variable": "$.n", "IsPresent": rng.random() < 0.5, "Next": rng.choice(later)}
    return {"Type": "Choice", "Choices": [rule], "Default": rng.choice(later)}


def _wait(rng: random.Random, name: str, depth: int, later: list[str]) -> dict[str, Any]:
    return {"Type": "Wait", "Seconds": rng.randint(0, 5)}


def _end(rng: random.Random, name: str, depth: int, later: list[str]) -> dict[str, Any]:
    return rng.choice([{"Type": "Succeed"}, {"Type": "Fail", "Error": "Broken", "Cause": "by chance"}])


def _task(rng: random.Random, name: str, depth: int, later: list[str]) -> dict[str, Any]:
    state: dict[str, Any] = {
        "Type": "Task",
        "Resource": rng.choice(
            [
                "arn:aws:lambda:us-east-1:123456789012:function:f",
                "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            ]
        ),
        "Parameters": {"QueueUrl": "q", "MessageBody": {"at.$": "$$.State.EnteredTime", "token": "t"}},
    }
    if state["Resource"].endswith("Token"):
        state["Parameters"]["MessageBody"]["token.$"] = "$$.Task.Token"
        del state["Parameters"]["MessageBody"]["token"]
        if rng.random() < 0.5:
            state["HeartbeatSeconds"] = 2
    if rng.random() < 0.5:
        state["TimeoutSeconds"] = rng.randint(3, 6)
    return state | _recovery(rng, later)


def _recovery(rng: random.Random, later: list[str]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if rng.random() < 0.5:
        out["Retry"] = [
            {
                "ErrorEquals": [rng.choice(ERRORS)],
                "MaxAttempts": rng.randint(0, 3),
                "IntervalSeconds": rng.randint(1, 3),
                "JitterStrategy": rng.choice(["NONE", "FULL"]),
            },
            {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1},
        ]
    if later and rng.random() < 0.5:
        out["Catch"] = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": rng.choice(later)}]
    return out


def _parallel(rng: random.Random, name: str, depth: int, later: list[str]) -> dict[str, Any]:
    if depth == 3:
        return _wait(rng, name, depth, later)
    branches = [machine(rng, f"{name}.{index}.", depth + 1) for index in range(rng.randint(1, 3))]
    return {"Type": "Parallel", "Branches": branches, "ResultPath": "$.p"} | _recovery(rng, later)


def _map(rng: random.Random, name: str, depth: int, later: list[str]) -> dict[str, Any]:
    if depth == 3:
        return _pass(rng, name, depth, later)
    return {
        "Type": "Map",
        "ItemsPath": "$$.Execution.Input.items",
        "ItemSelector": {"n.$": "$$.Map.Item.Index", "item.$": "$$.Map.Item.Value"},
        "MaxConcurrency": rng.randint(0, 3),
        "ItemProcessor": machine(rng, f"{name}.", depth + 1),
        "ResultPath": "$.m",
    } | _recovery(rng, later)


STATES = {
    "Pass": _pass,
    "Choice": _choice,
    "Wait": _wait,
    "Task": _task,
    "Parallel": _parallel,
    "Map": _map,
    "End": _end,
}


def answers(seed: int) -> Any:
    """An answer for every call, the same whenever it is asked for."""

    def answer(call: asl.Call) -> Answer:
        rng = random.Random(f"{seed}{call.path}{call.state}{call.attempt}")
        ms = rng.choice([0, 0, 1000, 4000])
        if rng.random() < 0.3:
            return Answer(None, rng.choice(["Busy", "Broken"]), "by chance", ms)
        return Answer({"n": rng.randint(0, 9), "from": call.path}, ms=ms)

    return answer


def check(seed: int) -> None:
    """Make a machine of the seed, run it, and look at what must hold."""
    rng = random.Random(seed)
    loaded = asl.load(machine(rng))
    quotas = asl.Quotas(events=2_000)
    given = {"items": list(range(rng.randint(0, 4))), "n": 1}

    def start(input: Any) -> asl.Execution:
        return asl.Execution(loaded.program, input, at=1000, seed=seed, quotas=quotas)

    run = drive(start(given), answers(seed))
    events = run.history
    assert run.outcome is not None
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert all(a.at <= b.at for a, b in pairwise(events))
    assert all(event.previous < event.id for event in events)
    assert [event.id for event in events if event.type in ENDS] == [len(events)]
    shown = events.to_dict()
    restored = drive(start(given), answers(seed), between=through_json(loaded.program, quotas))
    assert restored.history.to_dict() == shown
    assert asl.replay(events, loaded, quotas=quotas).divergence is None
    immutable = drive(start(frozen(given)), lambda call: answers(seed)(call)._replace())
    assert immutable.history.to_dict() == shown


ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")


@pytest.mark.parametrize("first", range(FIRST_SEED, FIRST_SEED + MACHINES, CHUNK))
def test_what_holds_of_every_machine(first: int) -> None:
    print(f"seeds {first} to {first + CHUNK - 1}")
    for seed in range(first, first + CHUNK):
        try:
            check(seed)
        except Exception as problem:
            raise AssertionError(f"seed {seed} (ASL_RANDOM_SEED={seed} ASL_RANDOM_MACHINES=1)") from problem
