"""Answers for an execution from a script: what was recorded for each try, in the order scheduled."""

from __future__ import annotations

import json
from typing import Any

from asl import Call, Execution
from asl.distributed import MapRuns
from asl.drive.answers import tell
from asl.frames import MapRun
from asl.resources import Resources

Entry = dict[str, Any]

TIMED_OUT = ("TaskTimedOut", "LambdaFunctionTimedOut", "ActivityTimedOut")


class Script:
    """The recorded tries of a case. An entry serves one call: of its state and, where it says so, iteration."""

    def __init__(self, entries: list[Entry]) -> None:
        self.left = list(entries)

    def take(self, call: Call) -> Entry | None:
        """The first entry left that is for this call; None where the recording has none."""
        fitting = [entry for entry in self.left if _fits(entry, call)]
        if not fitting:
            return None
        # Entries of a recording whose Parallel events were sorted come in no order: prefer equal parameters.
        same = [entry for entry in fitting if entry.get("parameters") == call.payload]
        entry = (same or fitting)[0] if fitting[0].get("unordered") else fitting[0]
        self.left.remove(entry)
        return entry


def _fits(entry: Entry, call: Call) -> bool:
    if entry["state"] != call.state:
        return False
    iteration = entry.get("iteration")
    if not iteration:
        return True
    indexes = [step["index"] if isinstance(step, dict) else step for step in iteration]
    found = [int(step) for step in call.path.split("/") if step.isdigit()]
    return [i for i in indexes if isinstance(i, int)] == found[-len(indexes) :]


def run(
    execution: Execution, entries: list[Entry], time_passes: bool = True, map_runs: MapRuns | None = None
) -> None:
    """Drive the execution with the script until it ends or waits for what the script does not have.

    `map_runs` serves distributed Maps; of their children, which no recording shows, every task gives what it is given.
    """
    script = Script(entries)
    while execution.outcome is None:
        for call in execution.take_calls():
            if isinstance(call, MapRun) and map_runs is not None:
                answer = map_runs.virtual(call, execution, Resources(lambda payload: payload))
                assert answer is not None
                tell(execution, call.id, answer[1], execution.now)
                continue
            entry = script.take(call)
            if entry is not None:
                _play(execution, call, entry)
        wake = execution.wake_at
        if execution.has_fresh_calls:
            continue
        if wake is None or not time_passes:
            return
        execution.advance(at=wake)


def _play(execution: Execution, call: Call, entry: Entry) -> None:
    now = execution.now
    if call.target.kind == "Activity":
        execution.start(call.id, entry.get("worker"), at=now)
    if "submitted" in entry:
        execution.submit(call.id, entry["submitted"], at=now)
    if entry.get("outcome") in TIMED_OUT:
        return
    if "throw" in entry:
        error = entry["throw"]
        cause = error.get("Cause")
        execution.fail(call.id, error.get("Error"), cause if cause is None else _text(cause), at=now)
    elif "return" in entry:
        execution.succeed(call.id, entry["return"], at=now)


def _text(cause: Any) -> str:
    return cause if isinstance(cause, str) else json.dumps(cause, separators=(",", ":"))
