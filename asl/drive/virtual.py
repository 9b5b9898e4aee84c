"""The virtual-clock driver: tasks are called one after the other, and nobody waits for time to pass."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from asl.drive.atonce import FOREVER, answering
from asl.drive.hub import Act, Hub, Run
from asl.execution import UNANSWERED
from asl.frames import Call
from asl.resources import Resources

if TYPE_CHECKING:
    from asl.distributed import MapRuns


class Virtual(Hub):
    """Executions on one virtual clock, which stands still unless it is told to go on."""

    def __init__(
        self, resources: Resources, map_runs: MapRuns | None = None, *, at: int, polled: bool = False
    ) -> None:
        super().__init__(resources, map_runs, polled=polled)
        self._now = at
        self._later: list[tuple[int, int, Act]] = []  # answers under way: (at, order, act)
        self._order = 0

    def now(self) -> int:
        """The time on the clock."""
        return self._now

    def later(self, ms: int, act: Act) -> None:
        """Act when the clock comes to it."""
        self._order += 1
        heapq.heappush(self._later, (self._now + ms, self._order, act))

    def invoke(self, function: Callable[[], Any], is_async: bool, answer: Callable[[Any], None]) -> None:
        """Call the function at once; it takes no time on the clock."""
        try:
            result = function()
            if is_async:
                import asyncio  # slow to import, and most task functions are not async

                result = asyncio.run(result)
        except Exception as problem:
            result = problem
        answer(result)

    def answerer(self, run: Run) -> Callable[[Call], Any]:
        """What answers the calls of an execution."""
        return answering(self.resources, partial(self.otherwise, run))

    def otherwise(self, run: Run, call: Call, result: Any) -> Any:
        """Answer a call by what a function gave that is no JSON; UNANSWERED: no function was asked yet."""
        if result is UNANSWERED:
            return self.begin(run, call)
        self.answered(run, call, result)
        return UNANSWERED

    def finish(self) -> None:
        """Let the clock jump from one event to the next until there is none."""
        self.settle()
        while self._step(None):
            self.settle()

    def advance(self, ms: int) -> None:
        """Let so many milliseconds pass, with everything that is due in them."""
        end = self._now + ms
        self.settle()
        while self._step(end):
            self.settle()
        self._now = end

    def _step(self, end: int | None) -> bool:
        """Do what is due next, if it is due by `end`. A timer beats an answer that comes at the same instant."""
        if not self._wakes and not self._later:
            return False
        wake, later = self.wake_at(), self._later
        if later and (wake is None or later[0][0] < wake):
            if end is not None and later[0][0] > end:
                return False
            self._now, _, act = heapq.heappop(later)
            act()
        elif wake is not None and (end is None or wake <= end):
            over = later[0][0] if later else FOREVER
            woken = self.wake(wake, over if end is None else min(over, end))
            self._now = max(self._now, woken.now)
        else:
            return False
        return True
