"""The short way on virtual time: functions that answer at once, and a clock that jumps to the next timer.

What takes more (answers that come later, tokens, executions that start others) is left to the hub of `virtual`, which
most runs do not even import.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from asl.execution import UNANSWERED, Execution
from asl.frames import Call
from asl.resources import Resources, normalised

if TYPE_CHECKING:
    from asl.distributed import MapRuns
    from asl.drive.hub import Run
    from asl.drive.virtual import Virtual

FOREVER = 1 << 62
"""A time that never comes, in milliseconds."""

_VALUES = frozenset((dict, list, str, int, float, bool, type(None)))


def run(execution: Execution, resources: Resources, map_runs: MapRuns | None = None) -> Sequence[Run]:
    """Run until the execution and those that it starts have ended, or wait for what nothing here will bring.

    `map_runs` serves distributed Maps; without it they reach no bucket. Gives the executions that it started. Raises
    `UnservedCall` for a call that no function serves.
    """
    clock: Virtual | None = None
    found: Run | None = None

    def otherwise(call: Call, result: Any) -> Any:
        nonlocal clock, found
        if clock is None or found is None:
            from asl.drive.virtual import Virtual

            clock = Virtual(resources, map_runs, at=execution.now)
            found = clock.add(execution)
        return clock.otherwise(found, call, result)

    answer = answering(resources, otherwise)
    execution.answer(answer)
    while clock is None and execution.outcome is None and (due := execution.wake_at) is not None:
        execution.advance(at=due, over=FOREVER)
        execution.answer(answer)
    if clock is None or found is None:
        return ()
    clock.finish()
    return found.children


def answering(resources: Resources, otherwise: Callable[[Call, Any], Any]) -> Callable[[Call], Any]:
    """What answers calls by functions that give JSON at once, in no time on the clock.

    `otherwise` answers the others, as `Virtual.otherwise` does.
    """
    known, function_of = resources.known, resources.at_once

    def answer(call: Call) -> Any:
        function = known.get(call.target) or function_of(call)
        if function is None:
            return otherwise(call, UNANSWERED)
        try:
            result = function(call)
            if type(result) in _VALUES:
                return normalised(result)
        except Exception as problem:
            result = problem
        return otherwise(call, result)

    return answer
