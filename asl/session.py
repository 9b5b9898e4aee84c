"""Sessions: executions that run together, with a hand on the clock and on the answers that they wait for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

from asl.drive.callbacks import ActivityTask
from asl.drive.hub import Hub, Run
from asl.drive.virtual import Virtual
from asl.execution import Execution
from asl.face import Result, StateMachine, execution_name, milliseconds, result_of
from asl.frames import Call
from asl.quotas import Quotas
from asl.resources import Resources, Tasks
from asl.resources.answers import normalised
from asl.scope import Identity
from asl.values import Json

if TYPE_CHECKING:
    from asl.drive.realtime import RealTime

_T = TypeVar("_T")


class Running:
    """An execution of a session, and how it stands."""

    def __init__(self, session: _Session, run: Run) -> None:
        self._session = session
        self._run = run

    @property
    def execution(self) -> Execution:
        """The execution."""
        return self._run.execution

    @property
    def result(self) -> Result:
        """What it came to so far: status RUNNING while it waits."""
        return result_of(self._run.execution, self._run.children)

    @property
    def status(self) -> str:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
        return self.result.status

    @property
    def waiting(self) -> list[Call]:
        """The calls that want an answer, in the order made."""
        return list(self._run.execution.calls.values())

    def stop(self, error: str | None = None, cause: str | None = None) -> None:
        """Abort it, as StopExecution does, and the nested executions that it waits for."""
        self._session._enter(lambda hub: hub.stop(self._run, error, cause))


class _Session(ABC):
    """What sessions have in common."""

    def __init__(
        self,
        tasks: Tasks = None,
        *,
        machines: Mapping[str, StateMachine] | None = None,
        callbacks: Mapping[str, Any] | None = None,
        activities: Iterable[str] | None = None,
        seed: int = 0,
        quotas: Quotas | None = None,
    ) -> None:
        self._resources = Resources(tasks, machines=machines, callbacks=callbacks, activities=activities)
        self._machines = dict(machines or {})
        self._seed = seed
        self._quotas = quotas
        self._count = 0

    @property
    @abstractmethod
    def _hub(self) -> Hub: ...

    @abstractmethod
    def _enter(self, act: Callable[[Any], _T]) -> _T:
        """Act on the hub, and let everything happen that follows without time passing."""

    def start(
        self,
        machine: StateMachine | str,
        input: Json = None,
        *,
        name: str | None = None,
        identity: Identity | None = None,
    ) -> Running:
        """Start an execution of a machine, or of the one of that name. It runs until it waits for something.

        Raises `InputError` as `StateMachine.start` does, and `KeyError` for a name that the session does not know.
        """
        found = self._machines[machine] if isinstance(machine, str) else machine
        if name is None:
            name = execution_name(self._seed + self._count)
        self._count += 1

        def begin(hub: Hub) -> Run:
            return hub.add(
                found.start(
                    input,
                    start_time=hub.now(),
                    seed=self._seed,
                    name=name,
                    identity=identity,
                    quotas=self._quotas,
                    activities=self._resources.activities,
                )
            )

        return Running(self, self._enter(begin))

    @property
    def now(self) -> int:
        """The time, in milliseconds since the epoch."""
        return self._hub.now()

    @property
    def waiting(self) -> list[Call]:
        """The calls of all executions that want an answer; `token` is what to answer with."""
        return [call for run in self._hub.runs for call in run.execution.calls.values()]

    def send_task_success(self, token: str, output: Json = None) -> None:
        """The task of the token succeeded with this output.

        Raises `InvalidToken` for a token that was never given, `TaskTimedOut` for one whose task is over (answered,
        timed out, dropped), `TaskDoesNotExist` where its activity is gone, `ValueError` for what is not JSON.
        """
        given = normalised(output)
        self._enter(lambda hub: hub.send_task_success(token, given))

    def send_task_failure(self, token: str, error: str | None = None, cause: str | None = None) -> None:
        """The task of the token failed. Raises as `send_task_success` does."""
        self._enter(lambda hub: hub.send_task_failure(token, error, cause))

    def send_task_heartbeat(self, token: str) -> None:
        """The task of the token is still being worked on. Raises as `send_task_success` does."""
        self._enter(lambda hub: hub.send_task_heartbeat(token))

    def get_activity_task(self, activity_arn: str, worker_name: str | None = None) -> ActivityTask | None:
        """The task that has waited longest for a worker of the activity; None where none waits.

        Raises `ActivityDoesNotExist`.
        """

        def take(hub: Hub) -> ActivityTask | None:
            return hub.get_activity_task(activity_arn, worker_name)

        return self._enter(take)


class Session(_Session):
    """Executions on one virtual clock that stands still unless it is told to go on.

    `tasks`, `machines`, `callbacks` and `activities` are as for `StateMachine.run`. An activity task that no
    function serves waits for `get_activity_task`.
    """

    def __init__(
        self,
        tasks: Tasks = None,
        *,
        machines: Mapping[str, StateMachine] | None = None,
        callbacks: Mapping[str, Any] | None = None,
        activities: Iterable[str] | None = None,
        start_time: int | str | datetime | None = None,
        seed: int = 0,
        quotas: Quotas | None = None,
    ) -> None:
        super().__init__(
            tasks, machines=machines, callbacks=callbacks, activities=activities, seed=seed, quotas=quotas
        )
        self._clock = Virtual(self._resources, at=milliseconds(start_time), polled=True)

    @property
    def _hub(self) -> Virtual:
        return self._clock

    def _enter(self, act: Callable[[Any], _T]) -> _T:
        result = act(self._clock)
        self._clock.settle()
        return result

    def advance(self, seconds: float) -> None:
        """Let so much time pass, with everything that is due in it."""
        self._clock.advance(round(seconds * 1000))

    def finish(self) -> None:
        """Let time pass until every execution has ended, or waits for an answer that only the caller can give."""
        self._clock.finish()


class AsyncSession(_Session):
    """Executions in real time, on the running event loop; for `async with`, which stops what still runs at its end.

    Its methods may be called from any thread.
    """

    _real: RealTime | None = None

    async def __aenter__(self) -> Self:
        from asl.drive.realtime import RealTime  # imports asyncio, which is slow

        self._real = RealTime(self._resources, polled=True)
        return self

    async def __aexit__(self, *problem: object) -> None:
        self._hub.close(waiting=True)

    @property
    def _hub(self) -> RealTime:
        if self._real is None:
            raise RuntimeError("an AsyncSession is used within `async with`")
        return self._real

    def _enter(self, act: Callable[[Any], _T]) -> _T:
        hub = self._hub
        return hub.enter(lambda: act(hub))

    async def finish(self, running: Running | None = None) -> None:
        """Wait until the execution has ended, or all of them. Raises `UnservedCall` where nothing serves a call."""
        runs = self._hub.runs
        if running is None:
            await self._hub.rest(lambda: all(run.ended for run in runs))
        else:
            await self._hub.rest(lambda: running._run.ended)
