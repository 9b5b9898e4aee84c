"""What drivers have in common: executions that run together, the calls they make, and who answers them.

A hub knows no clock and waits for nothing: `Virtual` and `RealTime` say what time it is, call functions, and come
back when an answer, a timer or a message from outside is due. Everything here happens in one thread.
"""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from asl.drive import nested
from asl.drive.answers import tell
from asl.drive.callbacks import (
    ActivityDoesNotExist,
    ActivityTask,
    InvalidToken,
    TaskDoesNotExist,
    TaskTimedOut,
)
from asl.execution import UNANSWERED, Execution
from asl.frames import Call, MapRun
from asl.resources import HEARTBEAT, NOBODY, After, NotJson, Resources, Served, Submitted, normalised
from asl.values import Json

if TYPE_CHECKING:
    from asl.distributed import MapRuns

Act: TypeAlias = Callable[[], None]
Reply: TypeAlias = Callable[[Execution], Any]
"""What the end of an execution tells the call that waits for it: a result, or an exception."""


class Waiting(NamedTuple):
    """The call that waits for the end of a nested execution."""

    run: Run
    call: int
    reply: Reply


class Run:
    """One execution of a hub. `children` are those that it started, in their order."""

    __slots__ = ("children", "ended", "execution", "jobs", "number", "queued", "waiting")

    def __init__(self, execution: Execution, number: int, waiting: Waiting | None = None) -> None:
        self.execution = execution
        self.number = number
        self.waiting = waiting
        self.children: list[Run] = []
        self.jobs: dict[int, Act] = {}
        self.queued = False
        self.ended = False


class Hub(ABC):
    """Executions that run together. `polled`: activity tasks that nothing serves wait for `get_activity_task`."""

    def __init__(
        self, resources: Resources, map_runs: MapRuns | None = None, *, polled: bool = False
    ) -> None:
        self.resources = resources
        self.polled = polled
        self.side_by_side = polled
        self._map_runs = map_runs
        self.runs: list[Run] = []
        self._added = 0
        self.names: dict[str, Run] = {}
        self._touched: deque[Run] = deque()
        self._wakes: list[tuple[int, int, Run]] = []
        self._tokens: dict[str, tuple[Run, Call]] = {}
        self._tasks: dict[str, deque[tuple[Run, Call]]] = {}

    # ------------------------------------------------------------------ what a driver brings

    @abstractmethod
    def now(self) -> int:
        """The time, in milliseconds since the epoch."""

    @abstractmethod
    def later(self, ms: int, act: Act) -> None:
        """Act when so many milliseconds have passed."""

    @abstractmethod
    def invoke(self, function: Callable[[], Any], is_async: bool, answer: Callable[[Any], None]) -> None:
        """Call the function, and give its result, or the exception that it raised, to `answer`."""

    # ------------------------------------------------------------------ executions

    def add(self, execution: Execution, waiting: Waiting | None = None) -> Run:
        """An execution that has begun runs here from now on."""
        self._added += 1
        run = Run(execution, self._added, waiting)
        self.runs.append(run)
        self.touch(run)
        return run

    def forget(self, run: Run) -> None:
        """The execution has ended, and nobody will ask for it any more."""
        self.runs.remove(run)

    def touch(self, run: Run) -> None:
        """Something happened to the execution: look at it when it is its turn."""
        if not run.queued:
            run.queued = True
            self._touched.append(run)

    def settle(self) -> None:
        """Go on until every execution waits or has ended. Raises `UnservedCall` for a call that nothing serves."""
        touched = self._touched
        while touched:
            run = touched.popleft()
            run.queued = False
            execution = run.execution
            execution.answer(self.answerer(run))
            if run.jobs:
                self._cancel(run)
            if execution.outcome is not None:
                self._end(run)
            elif (wake := execution.wake_at) is not None:
                heapq.heappush(self._wakes, (wake, run.number, run))

    def wake_at(self) -> int | None:
        """When the first of the executions next acts by itself; None: only an answer moves any of them."""
        wakes = self._wakes
        while wakes:
            due, _, run = wakes[0]
            if not run.ended and run.execution.wake_at == due:
                return due
            heapq.heappop(wakes)
        return None

    def wake(self, at: int, over: int = 0) -> Execution:
        """Let the time pass for the first execution that acts by itself, and return it.

        It may jump over waits that end before `over`, if none of the others acts before.
        """
        wakes = self._wakes
        run = heapq.heappop(wakes)[2]
        run.execution.advance(at=at, over=min(over, wakes[0][0]) if wakes else over)
        self.touch(run)
        return run.execution

    def stop(self, run: Run, error: str | None = None, cause: str | None = None) -> None:
        """Abort the execution and the nested ones that it waits for."""
        run.execution.stop(error, cause, at=self.now())
        self.touch(run)

    def _cancel(self, run: Run) -> None:
        """Stop the jobs that nobody waits for any more: the call timed out, or was dropped."""
        calls = run.execution.calls
        for call in [call for call in run.jobs if call not in calls]:
            run.jobs.pop(call)()

    def _end(self, run: Run) -> None:
        if not run.ended:
            run.ended = True
            if run.waiting is not None:
                parent, call, reply = run.waiting
                parent.jobs.pop(call, None)
                self.give(parent, call, reply(run.execution))

    # ------------------------------------------------------------------ calls

    def answerer(self, run: Run) -> Callable[[Call], Any]:
        """What answers the calls of an execution, as `Execution.answer` wants it."""
        return partial(self.begin, run)

    def begin(self, run: Run, call: Call) -> Any:
        """Have a call answered by what serves it: the result, or UNANSWERED."""
        if isinstance(call, MapRun):
            self._map_run(run, call)
            return UNANSWERED
        if call.token is not None:
            self._tokens[call.token] = (run, call)
        resources = self.resources
        served = resources.named(call) or nested.serve(self, call) or resources.general(call)
        if call.target.kind == "Activity":
            self._activity(run, call, served)
            return UNANSWERED
        if served is None:
            if call.token is None or resources.callback(call) is None:
                raise resources.unserved(call)
            served = Served(_nothing)
        return self.serve(run, call, served)

    def serve(self, run: Run, call: Call, served: Served) -> Any:
        """Have the function answer the call: the result, or UNANSWERED."""
        self.invoke(partial(served.function, call), served.is_async, partial(self.answered, run, call))
        return UNANSWERED

    def _map_run(self, run: Run, call: MapRun) -> None:
        """Run the children of a distributed Map: with the others or, on virtual time, before its result is due."""
        if self._map_runs is None:
            from asl.distributed import MapRuns  # most machines have no map run

            self._map_runs = MapRuns()
        if self.side_by_side:
            self._map_runs.live(self, run, call)
            return
        found = self._map_runs.virtual(call, run.execution, self.resources)
        if found is not None:
            self.give(run, call.id, After(*found))

    def _activity(self, run: Run, call: Call, served: Served | None) -> None:
        """An activity task: a function is a worker that takes it at once."""
        script = self.resources.callback(call)
        if served is None and script is None:
            if not self.polled:
                raise self.resources.unserved(call)
            self._tasks.setdefault(call.resource, deque()).append((run, call))
            return
        run.execution.start(call.id, at=self.now())
        self._ask(run, call, served or script)  # type: ignore[arg-type] # one of them is there

    def answered(self, run: Run, call: Call, result: Any) -> None:
        """A function has answered the call: with the result or, where a token is awaited, the first answer."""
        if isinstance(result, nested.Within):
            try:
                result = result.act(self, run, call)
            except Exception as problem:
                result = problem
        if result is UNANSWERED:
            return
        if call.token is None or isinstance(result, BaseException):
            self.give(run, call.id, result)
            return
        script = self.resources.callback(call)
        if isinstance(result, Submitted):
            self._job(run, call, result, script)
        elif isinstance(result, After) and (script is not None or isinstance(result.result, Submitted)):
            self.later(result.ms, lambda: self.answered(run, call, result.result))
        elif script is None:  # the whole task in one: it is submitted, and this is its result
            if self._submit(run, call, {}):
                self.give(run, call.id, result)
        elif self._submit(run, call, result):
            self._ask(run, call, script)

    def _job(self, run: Run, call: Call, job: Submitted, script: Served | None) -> None:
        if not self._submit(run, call, job.first):
            if job.cancel is not None:
                job.cancel()
            return
        if job.cancel is not None:
            run.jobs[call.id] = job.cancel
        if job.then is None:
            if script is not None:
                self._ask(run, call, script)
        elif callable(job.then):
            self.invoke(job.then, False, partial(self.give, run, call.id))
        else:
            self.give(run, call.id, job.then)

    def _submit(self, run: Run, call: Call, first: Any) -> bool:
        """The task was accepted with this first answer; False where it is over already."""
        try:
            value = normalised(first)
        except NotJson as problem:
            self.give(run, call.id, problem)
            return False
        self.touch(run)
        return run.execution.submit(call.id, value, at=self.now())

    def _ask(self, run: Run, call: Call, script: Served) -> None:
        """Have a callback's script say what comes for the token."""
        self.invoke(partial(script.function, call), script.is_async, partial(self.give, run, call.id))

    def give(self, run: Run, call: int, result: Any) -> None:
        """Answer a call: now or, for an `after(…)`, when its time comes."""
        execution = run.execution
        if isinstance(result, After):
            self.later(result.ms, partial(self._give_steps, run, call, result))
        elif result is HEARTBEAT:
            execution.beat(call, at=self.now())
            self.touch(run)
        elif result is not NOBODY:
            run.jobs.pop(call, None)
            tell(execution, call, result.first if isinstance(result, Submitted) else result, self.now())
            self.touch(run)

    def _give_steps(self, run: Run, call: int, answer: After) -> None:
        self.give(run, call, answer.result)
        rest = answer.rest()
        if rest is not None and call in run.execution.calls:
            self.give(run, call, rest)

    # ------------------------------------------------------------------ callbacks

    def send_task_success(self, token: str, output: Json) -> None:
        """The task of the token succeeded. Raises `InvalidToken`, `TaskTimedOut`, `TaskDoesNotExist`."""
        run, call = self.task_of(token)
        self.give(run, call.id, output)

    def send_task_failure(self, token: str, error: str | None = None, cause: str | None = None) -> None:
        """The task of the token failed. Raises as `send_task_success` does."""
        run, call = self.task_of(token)
        run.jobs.pop(call.id, None)
        run.execution.fail(call.id, error, cause, at=self.now())
        self.touch(run)

    def send_task_heartbeat(self, token: str) -> None:
        """The task of the token gives a sign of life. Raises as `send_task_success` does."""
        run, call = self.task_of(token)
        self.give(run, call.id, HEARTBEAT)

    def get_activity_task(self, arn: str, worker: str | None = None) -> ActivityTask | None:
        """The task that has waited longest for a worker of the activity; None where none waits.

        Raises `ActivityDoesNotExist`.
        """
        if not self.resources.has_activity(arn):
            raise ActivityDoesNotExist(arn)
        waiting = self._tasks.get(arn, ())
        while waiting:
            run, call = waiting.popleft()
            if run.execution.start(call.id, worker, at=self.now()):
                assert call.token is not None
                self.touch(run)
                return ActivityTask(call.token, call.payload)
        return None

    def knows(self, token: str) -> bool:
        """Whether a task of these executions was given the token."""
        return token in self._tokens

    def task_of(self, token: str) -> tuple[Run, Call]:
        """The task that waits for the token. Raises as `send_task_success` does."""
        found = self._tokens.get(token)
        if found is None:
            raise InvalidToken
        run, call = found
        if call.id not in run.execution.calls:
            raise TaskTimedOut(call.resource if call.target.kind == "Activity" else None)
        if call.target.kind == "Activity" and not self.resources.has_activity(call.resource):
            raise TaskDoesNotExist
        return found


def _nothing(call: Call) -> Json:
    return {}
