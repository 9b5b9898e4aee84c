"""Small machines that several tests use, and short ways to say them."""

from __future__ import annotations

from typing import Any

import asl

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
TOKEN = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


def machine(first: str, **states: dict[str, Any]) -> dict[str, Any]:
    """A definition; a state without a transition ends it."""
    ends = ("Succeed", "Fail", "Choice")
    return {
        "StartAt": first,
        "States": {
            name: state if "Next" in state or state["Type"] in ends else {**state, "End": True}
            for name, state in states.items()
        },
    }


def task(**fields: Any) -> dict[str, Any]:
    """A Task state that calls the function `work`."""
    return {"Type": "Task", "Resource": FUNCTION, **fields}


def one_task(**fields: Any) -> asl.StateMachine:
    """A machine of one such Task, `T`."""
    return asl.load(machine("T", T=task(**fields)))
