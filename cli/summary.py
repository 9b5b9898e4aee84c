"""An execution in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asl
from asl.events import ENDS

if TYPE_CHECKING:
    from asl.distributed import MapRunRecord


def of_history(history: asl.History, clock: str = "") -> str:
    """How it ended, after how long, and how much happened. `clock` says which time it is, virtual or real."""
    first, last = history[0], history[-1]
    states = sum(1 for event in history if event.type.endswith("StateEntered"))
    return (
        f"{ENDS.get(last.type, 'RUNNING')} after {seconds(last.at - first.at)}{clock and f' of {clock} time'}; "
        f"{count(states, 'state')} entered, {count(len(history), 'event')}"
    )


def of_map_run(run: MapRunRecord, history: asl.History) -> str:
    """How a map run ended, and what became of its children. It has the name of its state, or else of its label."""
    label = _state(run.arn, history) or run.arn.rpartition(":")[0].rpartition("/")[2]
    counts = run.to_dict()["executionCounts"]
    told = [f"{counts[key]:,} {word}" for key, word in _CHILDREN.items() if counts[key]] or ["none"]
    items = f" of {count(run.items['total'], 'item')}" if run.items != run.executions else ""
    span = seconds((run.stopped or run.started) - run.started)
    return f"map run {label}: {run.status} after {span}; children{items}: {', '.join(told)}"


def _state(arn: str, history: asl.History) -> str | None:
    """The state that began a map run, where this is the history that tells of it."""
    for event in history:
        if event.type == "MapRunStarted" and event.details()["mapRunArn"] == arn:
            while event.type != "MapStateEntered":
                event = history[event.previous - 1]
            return str(event.details()["name"])
    return None


_CHILDREN = {
    "succeeded": "succeeded",
    "failed": "failed",
    "timedOut": "timed out",
    "aborted": "aborted",
    "running": "running",
    "pending": "never started",
}


def seconds(ms: int) -> str:
    """A span of milliseconds in seconds, such as `3 s` or `0.25 s`."""
    return f"{ms / 1000:,.3f}".rstrip("0").rstrip(".") + " s"


def depth(path: str) -> int:
    """How many Parallel and Map states are around a frame: `/` has none, `/Each/3` one, `/Each/3/Both/0` two."""
    return path.count("/") // 2 if path != "/" else 0


def count(number: int, thing: str) -> str:
    """A number of things: `1 state`, `25,000 events`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
