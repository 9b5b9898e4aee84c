"""The real-time driver: tasks run side by side, waits take their time, and timeouts cut off.

Async functions run as tasks of the event loop, others each in a thread of its own. The threads are daemons:
a function that never returns is left behind when its call times out, and does not keep the process alive.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from asl.drive.answers import tell
from asl.execution import Execution
from asl.frames import Call
from asl.resources import After, Resources


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
    watch: Callable[[Execution], None] | None = None,
) -> None:
    """Run until the execution ends, or waits for what no task function and no timer will bring.

    `watch` is called whenever something may have happened. When the coroutine is cancelled (Ctrl-C), the
    execution is stopped, so that its history ends with ExecutionAborted, and the cancellation goes on. Raises
    `UnservedCall` for a call that no function serves.
    """
    inbox: asyncio.Queue[tuple[int, Any]] = asyncio.Queue()
    running: dict[int, asyncio.Task[None] | None] = {}
    try:
        while execution.outcome is None:
            for call in execution.take_calls():
                running[call.id] = _start(call, resources, inbox)
            if watch is not None:
                watch(execution)
            await _step(execution, inbox, clock, bool(running))
            for call_id in [call_id for call_id in running if call_id not in execution.calls]:
                _drop(running.pop(call_id))
            if not running and execution.wake_at is None and not execution.has_fresh_calls:
                return
    except asyncio.CancelledError:
        execution.stop(at=clock.now())
        raise
    finally:
        for task in running.values():
            _drop(task)
        if watch is not None:
            watch(execution)


async def _step(
    execution: Execution, inbox: asyncio.Queue[tuple[int, Any]], clock: Clock, busy: bool
) -> None:
    """Wait for the next answer or the next timer, whichever comes first, and tell the execution."""
    wake = execution.wake_at
    if not busy and wake is None:
        return
    try:
        pause = None if wake is None else max(0, wake - clock.now()) / 1000
        call_id, result = await asyncio.wait_for(inbox.get(), pause)
    except TimeoutError:
        assert wake is not None
        execution.advance(at=max(wake, clock.now()))
    else:
        tell(execution, call_id, result, clock.now())


def _start(
    call: Call, resources: Resources, inbox: asyncio.Queue[tuple[int, Any]]
) -> asyncio.Task[None] | None:
    """Have the call's function run; its result, or the exception it raises, comes to the inbox."""
    served = resources.function(call)
    loop = asyncio.get_running_loop()

    async def deliver(result: Any) -> None:
        if isinstance(result, After):
            await asyncio.sleep(result.ms / 1000)
            result = result.result
        inbox.put_nowait((call.id, result))

    if served.is_async:

        async def work() -> None:
            try:
                result = await served.function(call)
            except Exception as problem:
                result = problem
            await deliver(result)

        return loop.create_task(work())

    def in_thread() -> None:
        try:
            result = served.function(call)
        except Exception as problem:
            result = problem
        with suppress(RuntimeError):  # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: loop.create_task(deliver(result)))

    threading.Thread(target=in_thread, name=f"asl {call.state}", daemon=True).start()
    return None


def _drop(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
