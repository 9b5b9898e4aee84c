"""The real-time driver: tasks run side by side, waits take their time, and timeouts cut off.

Async functions run as tasks of the event loop, others each in a thread of its own. The threads are daemons:
a function that never returns is left behind when its call times out, and does not keep the process alive.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from asl.drive.hub import Act, Hub, Run
from asl.execution import Execution
from asl.resources import Resources

if TYPE_CHECKING:
    from asl.distributed import MapRuns

_T = TypeVar("_T")
Watch = Callable[[Execution], None]


class Clock:
    """Wall-clock time in milliseconds since the epoch that never goes back."""

    def __init__(self) -> None:
        self._start = time.time_ns() // 1_000_000
        self._origin = time.monotonic_ns()

    def now(self) -> int:
        """The time."""
        return self._start + (time.monotonic_ns() - self._origin) // 1_000_000


async def run(
    execution: Execution,
    resources: Resources,
    clock: Clock,
    watch: Watch | None = None,
    map_runs: MapRuns | None = None,
) -> Run:
    """Run until the execution and those that it starts have ended, or wait for what nothing here will bring.

    `watch` is called with the execution whenever something may have happened. When the coroutine is cancelled
    (Ctrl-C), the execution is stopped, so that its history ends with ExecutionAborted, and the cancellation goes
    on. Raises `UnservedCall` for a call that no function serves.
    """
    hub = RealTime(resources, map_runs, clock=clock)
    found = hub.add(execution)
    hub.watch = None if watch is None else lambda: watch(execution)
    try:
        hub.happened(_nothing)
        await hub.rest()
    finally:
        hub.close()
    return found


class RealTime(Hub):
    """Executions in real time, on the event loop that makes it.

    `watch` is called after whatever happened. What goes wrong there (a call that nothing serves) stops everything
    and is raised by `rest`.
    """

    def __init__(
        self,
        resources: Resources,
        map_runs: MapRuns | None = None,
        *,
        clock: Clock | None = None,
        polled: bool = False,
    ) -> None:
        super().__init__(resources, map_runs, polled=polled)
        self.side_by_side = True
        self.watch: Act | None = None
        self._clock = clock or Clock()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._alarm: asyncio.TimerHandle | None = None
        self._under_way = 0  # functions that run, and answers that are to come
        self._tasks_of_functions: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._problem: BaseException | None = None
        self._closed = False

    def now(self) -> int:
        """The time on the wall."""
        return self._clock.now()

    def later(self, ms: int, act: Act) -> None:
        """Act when the time has come."""
        self._under_way += 1
        self._loop.call_later(ms / 1000, self._arrived, act)

    def invoke(self, function: Callable[[], Any], is_async: bool, answer: Callable[[Any], None]) -> None:
        """Call the function as a task of the loop, or in a thread of its own."""
        self._under_way += 1
        if is_async:

            async def work() -> None:
                try:
                    result = await function()
                except (Exception, SystemExit) as problem:  # which would end the loop
                    result = problem
                self._arrived(lambda: answer(result))

            task = self._loop.create_task(work())
            self._tasks_of_functions.add(task)
            task.add_done_callback(self._tasks_of_functions.discard)
            return

        def in_thread() -> None:
            try:
                result = function()
            except (Exception, SystemExit) as problem:  # a thread would end in silence
                result = problem
            with suppress(RuntimeError):  # the loop has closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._arrived, lambda: answer(result))

        threading.Thread(target=in_thread, name="asl task", daemon=True).start()

    def happened(self, act: Callable[[], _T]) -> _T | None:
        """Act, and go on with everything that follows from it. An exception is kept for `rest`."""
        if self._closed:
            return None
        try:
            result = act()
            self.settle()
            self._set_alarm()
            return result
        except (Exception, SystemExit) as problem:
            self._problem = self._problem or problem
            return None
        finally:
            self._news.set()
            if self.watch is not None:
                self.watch()

    def _arrived(self, act: Act) -> None:
        self._under_way -= 1
        self.happened(act)

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        due = self.wake_at()
        if due is not None:
            delay = max(0, due - self.now()) / 1000
            self._alarm = self._loop.call_later(delay, self.happened, self._ring)

    def _ring(self) -> None:
        due = self.wake_at()
        if due is not None and due <= self.now():  # else the alarm came a little early: it is set again
            self.wake(due)

    def enter(self, act: Callable[[], _T]) -> _T:
        """Act on the hub from any thread, and give what that gave; raises what it raised."""
        answer: Future[_T] = Future()

        def inside() -> None:
            try:
                answer.set_result(act())
            except Exception as problem:
                answer.set_exception(problem)

        if threading.get_ident() == self._thread:
            self.happened(inside)
        else:
            self._loop.call_soon_threadsafe(self.happened, inside)
        return answer.result()

    async def rest(self, until: Callable[[], bool] | None = None) -> None:
        """Wait until it holds; without a condition, until nothing more can happen by itself."""
        holds = until or self._is_idle
        while self._problem is None and not holds():
            self._news.clear()
            await self._news.wait()
        if self._problem is not None:
            raise self._problem

    def _is_idle(self) -> bool:
        if all(run.ended for run in self.runs):
            return True
        return not self._under_way and self.wake_at() is None

    def close(self, *, waiting: bool = False) -> None:
        """Stop every execution that goes on by itself, and leave behind what tasks are still doing.

        `waiting`: those too that wait for what only others can bring.
        """
        if waiting or not self._is_idle() or self._problem is not None:
            for run in self.runs:
                self.stop(run)
            with suppress(Exception):
                self.settle()
        self._closed = True
        if self._alarm is not None:
            self._alarm.cancel()
        for task in self._tasks_of_functions:
            task.cancel()


def _nothing() -> None:
    pass
