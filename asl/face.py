"""What most people use: a state machine that was loaded, and the result of running it."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from asl import times
from asl.drive import atonce
from asl.errors import AslError, Problem
from asl.execution import Execution
from asl.history import History
from asl.machine import Outcome
from asl.program import Program, compile, walk
from asl.quotas import Quotas, over
from asl.resources import NotJson, Resources, Tasks, normalised
from asl.scope import Identity
from asl.states import Map
from asl.values import Json

if TYPE_CHECKING:
    from asl.distributed import Buckets, MapRunRecord, MapRuns
    from asl.drive.hub import Run
    from asl.visits import Visit

VIRTUAL_START = 1_767_225_600_000
"""When virtual time begins where nothing else is said: 2026-01-01T00:00:00Z, so that runs are the same."""


class InputError(AslError):
    """An execution input that StartExecution would refuse."""


@dataclass(eq=False)
class Result:
    """What a run came to. `status` is SUCCEEDED, FAILED, TIMED_OUT, ABORTED, or RUNNING where it still waits."""

    status: str
    output: Json
    error: str | None
    cause: str | None
    execution: Execution
    children: tuple[Result, ...] = ()
    """The nested executions that it started, in their order."""
    map_runs: tuple[MapRunRecord, ...] = ()
    """The map runs of its distributed Maps, in their order."""

    @cached_property
    def history(self) -> History:
        """The events, in the shape of GetExecutionHistory when somebody reads them."""
        return self.execution.history

    @property
    def path(self) -> list[str]:
        """The names of the states in the order entered, those in branches and iterations too."""
        return [event.name for event in self.history if event.type.endswith("StateEntered")]

    @cached_property
    def visits(self) -> list[Visit]:
        """Every visit of a state, with its times, attempts, input, output and error."""
        from asl.visits import visits  # few runs are looked at so closely

        return visits(self.history)


class StateMachine:
    """A definition that was checked and compiled, ready to run any number of times."""

    def __init__(
        self,
        program: Program,
        warnings: tuple[Problem, ...] = (),
        name: str = "StateMachine",
        source: str | None = None,
    ) -> None:
        self.program = program
        self.warnings = warnings
        self.name = name
        self.source = source
        """The file that the definition was read from; None where it came as text or a dict."""
        self._last: tuple[list[str | int], Resources] | None = None
        self._distributes = any(isinstance(state, Map) and state.distributed for _, state in walk(program))

    def __repr__(self) -> str:
        return f"StateMachine({self.name!r}, {len(self.program.states)} states)"

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process, where it is compiled again."""
        return _compiled, (self.program.definition, self.warnings, self.name)

    def start(
        self,
        input: Json = None,
        *,
        start_time: int | str | datetime | None = None,
        seed: int = 0,
        name: str | None = None,
        identity: Identity | None = None,
        quotas: Quotas | None = None,
        activities: Collection[str] | None = None,
    ) -> Execution:
        """Start an execution, to be driven by hand; `run` does it all.

        `start_time` is RFC 3339 text, a datetime with a time zone, or milliseconds since the epoch. `activities` are
        the ARNs of those that exist; None: all do. Raises `InputError` where the input is not JSON, or larger than
        the quota.
        """
        limits = quotas or Quotas()
        given = checked_input({} if input is None else input, limits)
        who = identity or _identity(name or execution_name(seed), self.name)
        return Execution(self.program, given, milliseconds(start_time), who, seed, limits, activities)

    def run(
        self,
        input: Json = None,
        *,
        tasks: Tasks = None,
        machines: Mapping[str, StateMachine] | None = None,
        callbacks: Mapping[str, Any] | None = None,
        activities: Collection[str] | None = None,
        start_time: int | str | datetime | None = None,
        seed: int = 0,
        name: str | None = None,
        identity: Identity | None = None,
        quotas: Quotas | None = None,
        buckets: Buckets | None = None,
        workers: int = 0,
        keep_children: bool = False,
    ) -> Result:
        """Run the machine to its end on the virtual clock: Wait, back-off and timeouts take no time.

        `tasks` serves the Task states, `callbacks` scripts what comes for task tokens, `machines` are those that
        Tasks may start, by name or ARN, and `activities` the ARNs of those that exist (`Resources` says how);
        without an input it is `{}`. The same arguments and the same answers give the same history, byte for byte.
        Distributed Maps reach the `buckets`, each a folder or `s3://`; with `workers` their children run in so many
        processes, to which `tasks` must be known by name; with `keep_children` their histories are kept. Raises
        `UnservedCall` where nothing serves a Task, and `InputError` as `start` does.
        """
        resources = self._resources(tasks, machines, callbacks, activities)
        execution = self.start(
            input,
            start_time=start_time,
            seed=seed,
            name=name,
            identity=identity,
            quotas=quotas,
            activities=resources.activities,
        )
        map_runs = self._serving(machines, buckets, workers, tasks, keep_children)
        return result_of(execution, atonce.run(execution, resources, map_runs), map_runs)

    async def run_async(
        self,
        input: Json = None,
        *,
        tasks: Tasks = None,
        machines: Mapping[str, StateMachine] | None = None,
        callbacks: Mapping[str, Any] | None = None,
        activities: Collection[str] | None = None,
        seed: int = 0,
        name: str | None = None,
        identity: Identity | None = None,
        quotas: Quotas | None = None,
        watch: Callable[[Execution], None] | None = None,
        buckets: Buckets | None = None,
        keep_children: bool = False,
    ) -> Result:
        """Run the machine in real time: tasks run side by side (async functions as tasks of the event loop,
        others in threads), waits take their time, timeouts cut off; so do the children of distributed Maps.

        `watch` is called with the execution whenever something may have happened. On cancellation the
        execution is stopped. Raises as `run` does.
        """
        from asl.drive import realtime  # imports asyncio, which is slow

        clock = realtime.Clock()
        resources = Resources(tasks, machines=machines, callbacks=callbacks, activities=activities)
        execution = self.start(
            input,
            start_time=clock.now(),
            seed=seed,
            name=name,
            identity=identity,
            quotas=quotas,
            activities=resources.activities,
        )
        map_runs = self._serving(machines, buckets, 0, tasks, keep_children)
        run = await realtime.run(execution, resources, clock, watch, map_runs)
        return result_of(execution, run.children, map_runs)

    def _resources(
        self,
        tasks: Tasks,
        machines: Mapping[str, StateMachine] | None,
        callbacks: Mapping[str, Any] | None,
        activities: Collection[str] | None,
    ) -> Resources:
        """What serves the tasks of a run: the last run's, as long as the tasks are the same and all there is."""
        if type(tasks) is not dict or machines or callbacks is not None or activities is not None:
            return Resources(tasks, machines=machines, callbacks=callbacks, activities=activities)
        same = [*tasks, *map(id, tasks.values())]  # functions that are only equal may count their calls
        last = self._last
        if last is None or last[0] != same:
            self._last = last = same, Resources(tasks.copy())
        return last[1]

    def _serving(
        self,
        machines: Mapping[str, StateMachine] | None,
        buckets: Buckets | None,
        workers: int,
        tasks: Tasks,
        keep: bool,
    ) -> MapRuns | None:
        """What serves map runs; None where there can be none."""
        if not self._distributes and not (machines and any(m._distributes for m in machines.values())):
            return None
        from asl.distributed import MapRuns  # most machines have no map run

        return MapRuns(buckets, workers=workers, tasks=tasks, keep=keep)


def _compiled(definition: dict[str, Any], warnings: tuple[Problem, ...], name: str) -> StateMachine:
    return StateMachine(compile(definition), warnings, name)


def result_of(execution: Execution, started: Sequence[Run] = (), map_runs: MapRuns | None = None) -> Result:
    """The result of an execution as it stands; `started` are those that it started itself."""
    children = tuple([result_of(run.execution, run.children, map_runs) for run in started]) if started else ()
    own: tuple[MapRunRecord, ...] = ()
    if map_runs is not None:
        arn = execution.identity.execution_arn
        own = tuple(record for record in map_runs.records if record.execution_arn == arn)
    status, output, error, cause = execution.outcome or _RUNNING
    return Result(status, output, error, cause, execution, children, own)


_RUNNING = Outcome("RUNNING")


def checked_input(input: Json, quotas: Quotas) -> Json:
    """The input as JSON of our own; raises `InputError`."""
    try:
        given = normalised(input)
    except NotJson as problem:
        raise InputError(f"the input is not JSON: {problem.reason}") from None
    most = quotas.payload
    if most is not None and (bytes := over(given, most)):
        raise InputError(f"the input has {bytes:,} bytes; an execution takes {most:,} at most")
    return given


_identity = lru_cache(maxsize=64)(Identity)


@lru_cache(maxsize=64)
def execution_name(seed: int) -> str:
    """The name of an execution that was given none: a UUID that follows from the seed."""
    return str(uuid.UUID(int=random.Random(f"name:{seed}").getrandbits(128), version=4))


def milliseconds(moment: int | str | datetime | None) -> int:
    """A moment as milliseconds since the epoch; None is the start of virtual time. Raises `ValueError`."""
    if moment is None:
        return VIRTUAL_START
    if isinstance(moment, int):
        return moment
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError(f"the time {moment} has no time zone")
        return round(moment.timestamp() * 1000)
    found = times.parse(moment)
    if found is None:
        raise ValueError(f"the time {moment!r} is not an RFC 3339 timestamp such as 2026-01-01T09:00:00Z")
    return found
