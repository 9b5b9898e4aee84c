"""An execution in one line."""

from __future__ import annotations

import asl

_ENDS = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}


def of_history(history: asl.History, clock: str = "") -> str:
    """How it ended, after how long, and how much happened. `clock` says which time it is, virtual or real."""
    first, last = history[0], history[-1]
    states = sum(1 for event in history if event.type.endswith("StateEntered"))
    return (
        f"{_ENDS.get(last.type, 'RUNNING')} after {seconds(last.at - first.at)}{clock and f' of {clock} time'}; "
        f"{count(states, 'state')} entered, {count(len(history), 'event')}"
    )


def seconds(ms: int) -> str:
    """A span of milliseconds in seconds, such as `3 s` or `0.25 s`."""
    return f"{ms / 1000:,.3f}".rstrip("0").rstrip(".") + " s"


def count(number: int, thing: str) -> str:
    """A number of things: `1 state`, `25,000 events`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
