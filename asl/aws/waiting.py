"""Jobs while they run: a `.sync` task has its first answer at once, and its result when the job has ended."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from asl.aws.jobs import Job, dig, made
from asl.errors import StatesError
from asl.frames import Call
from asl.resources import NOBODY, Submitted
from asl.values import Json, to_json


class Pace(NamedTuple):
    """A job is looked at every `poll` seconds, for `limit` seconds; None: until it ends."""

    poll: float
    limit: float | None = None

    @classmethod
    def of(cls, call: Call, poll: float) -> Pace:
        """That of a Task: nobody waits longer for its job than its TimeoutSeconds."""
        limits = call.limits
        if limits is None or limits.deadline is None:
            return cls(poll)
        return cls(poll, (limits.deadline - limits.begun) / 1000)


class Api(Protocol):
    """Something that can be asked how a job stands."""

    name: str

    def asked(self, operation: str, given: dict[str, Json]) -> dict[str, Json]:
        """The answer of an API. Raises `StatesError`."""


def submitted(
    first: Json, look: Callable[[], Json], stop: Callable[[], object] | None, pace: Pace
) -> Submitted:
    """A job that began with the answer `first`; `look` gives its result, None as long as it runs.

    `stop` is called where the task ends before the job.
    """
    cancelled = threading.Event()
    begun = time.monotonic()

    def wait() -> Any:
        while True:
            found = look()
            if found is not None:
                return found
            left = None if pace.limit is None else begun + pace.limit - time.monotonic()
            if left is not None and left <= 0:
                return NOBODY  # the task times out
            if cancelled.wait(pace.poll if left is None else min(pace.poll, left)):
                return NOBODY

    def cancel() -> None:
        cancelled.set()
        if stop is not None:
            with suppress(StatesError):  # as the service does it: as well as it can
                stop()

    return Submitted(first, wait, cancel)


def started(
    api: Api, job: Job | None, given: dict[str, Json], first: Json, parsed: bool, pace: Pace
) -> Submitted:
    """A job of an AWS service, of which `jobs` says what ends it. `parsed`: JSON texts in its result are read."""
    if job is None:
        raise StatesError("States.Runtime", f"asl does not know how to wait for the end of '{api.name}'.")
    if job.refused is not None and dig(first, job.refused):
        raise StatesError("States.TaskFailed", to_json(first))
    source: Json = {**(first if isinstance(first, dict) else {}), "task": given}
    stop = None
    if job.stop is not None:
        operation, stopped = job.stop, made(job.stopped or {}, source)

        def stop() -> object:
            return api.asked(operation, stopped)

    return submitted(first, lambda: _ended(api, job, source, parsed), stop, pace)


def _ended(api: Api, job: Job, source: Json, parsed: bool) -> Json:
    """The result of a job that has ended, None of one that has not. Raises States.TaskFailed."""
    try:
        answer = api.asked(job.operation, made(job.given, source))
    except StatesError as problem:
        if job.gone and "NotFound" in (problem.error or ""):
            return {}
        raise
    state = dig(answer, job.state)
    if state not in job.done and state not in job.failed:
        return None
    result: Json = answer
    if job.result is not None:
        key, _, path = job.result.rpartition("=")
        result = {key: dig(answer, path)} if key else dig(answer, path)
    if isinstance(result, dict) and parsed:
        texts = {key: text for key in ("Input", "Output") if isinstance(text := result.get(key), str)}
        result = {**result, **{key: json.loads(text) for key, text in texts.items()}}
    if state in job.failed or (job.broken is not None and job.broken(result)):
        raise StatesError("States.TaskFailed", to_json(result))
    return result
