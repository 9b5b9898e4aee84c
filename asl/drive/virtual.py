"""The virtual-clock driver: tasks are called one after the other, and nobody waits for time to pass."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

from asl.drive.answers import tell
from asl.execution import Execution
from asl.frames import Call, MapRun
from asl.resources import After, Resources

if TYPE_CHECKING:
    from asl.distributed import MapRuns


def run(execution: Execution, resources: Resources, map_runs: MapRuns | None = None) -> None:
    """Run until the execution ends, or waits for what no task function and no timer will bring.

    `map_runs` serves distributed Maps; without it they reach no bucket. Raises `UnservedCall` for a call that
    no function serves.
    """
    later: list[tuple[int, int, Any]] = []  # answers under way: (at, call id, result)
    while execution.outcome is None:
        for call in execution.take_calls():
            if isinstance(call, MapRun):
                if map_runs is None:
                    from asl.distributed import MapRuns as Unconfigured  # most machines have no map run

                    map_runs = Unconfigured()
                answer = map_runs.virtual(call, execution, resources)
                if answer is None:
                    continue
                result: Any = After(*answer)
            else:
                result = _result(call, resources)
            if isinstance(result, After):
                heapq.heappush(later, (execution.now + result.ms, call.id, result.result))
            else:
                tell(execution, call.id, result, execution.now)
        if execution.has_fresh_calls:
            continue
        wake = execution.wake_at
        if later and (wake is None or later[0][0] < wake):
            at, call_id, result = heapq.heappop(later)
            tell(execution, call_id, result, at)
        elif wake is not None:
            execution.advance(at=wake)
        else:
            return


def _result(call: Call, resources: Resources) -> Any:
    """What the call's function gives; an exception that it raises is a result too."""
    served = resources.function(call)
    try:
        if served.is_async:
            import asyncio  # slow to import, and most task functions are not async

            return asyncio.run(served.function(call))
        return served.function(call)
    except Exception as problem:
        return problem
