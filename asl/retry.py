"""Retriers and Catchers: which of them an error meets, and how long to wait before the next attempt."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from asl.names import HEARTBEAT_TIMEOUT, TIMEOUT, matches
from asl.values import Json, Scope, whole

MAX_ATTEMPTS = 3
INTERVAL_SECONDS = 1
BACKOFF_RATE = 2.0

Recover: TypeAlias = Callable[[Json, Json, Scope], Json]
"""(raw input, error output, scope) -> value: how a Catcher makes the output, or the variables, of its state."""


@dataclass(slots=True, eq=False, repr=False)
class Retrier:
    """One entry of `Retry`. `interval` and `max_delay` are seconds; `full_jitter` is JitterStrategy FULL."""

    error_equals: tuple[str, ...]
    interval: int = INTERVAL_SECONDS
    max_attempts: int = MAX_ATTEMPTS
    backoff_rate: float = BACKOFF_RATE
    max_delay: int | None = None
    full_jitter: bool = False

    def matches(self, error: str | None) -> bool:
        """Whether this Retrier handles the error."""
        return matches(self.error_equals, error)

    def delay(self, attempt: int, draw: Callable[[], random.Random]) -> int:
        """Milliseconds to wait before retry number `attempt` (from 0).

        `min(MaxDelaySeconds, IntervalSeconds * BackoffRate ** attempt)`; with full jitter a uniform draw
        between 0 and that. `draw` gives the generator, and is called only when there is something to draw.
        """
        try:
            seconds = self.interval * self.backoff_rate**attempt
        except OverflowError:
            seconds = float(LONGEST_DELAY)
        seconds = min(seconds, LONGEST_DELAY if self.max_delay is None else self.max_delay)
        if self.full_jitter:
            seconds *= draw().random()
        return round(seconds * 1000)


LONGEST_DELAY = 10**11
"""Seconds: 3,000 years, where nothing else bounds a back-off. The service has no bound (developer guide)."""


@dataclass(slots=True, eq=False, repr=False)
class Catcher:
    """One entry of `Catch`: where to go, and what the state's output and variables become."""

    error_equals: tuple[str, ...]
    next: str
    write: Recover
    assign: Recover | None

    def matches(self, error: str | None) -> bool:
        """Whether this Catcher handles the error."""
        return matches(self.error_equals, error)


class Handling(NamedTuple):
    """What Retry and Catch make of an error: the index of the entry that it meets in each, None where it meets none.

    `delay` is the milliseconds until the next attempt, None where there is no other: no Retrier matches, or the
    one that does has used up its attempts. Only then can `catch` have a value.
    """

    retry: int | None = None
    delay: int | None = None
    catch: int | None = None


def handling(
    retry: Sequence[Retrier],
    catch: Sequence[Catcher],
    error: str | None,
    tries: Mapping[int, int],
    draw: Callable[[], random.Random],
) -> Handling:
    """Which Retrier and which Catcher handle an error: of each list the first that matches.

    `tries` counts the attempts that each Retrier has used; `draw` is as for `Retrier.delay`.
    """
    met: int | None = None
    for index, retrier in enumerate(retry):
        if retrier.matches(error):
            met, tried = index, tries.get(index, 0)
            if tried < retrier.max_attempts:
                return Handling(met, retrier.delay(tried, draw))
            break
    for index, catcher in enumerate(catch):
        if catcher.matches(error):
            return Handling(met, None, index)
    return Handling(met)


def timeout_name(limits: Sequence[Any] | None, elapsed: int) -> str:
    """The name that ErrorEquals are held against where an attempt timed out after so many milliseconds.

    `limits` are those of its Scheduled event, in seconds: TimeoutSeconds, HeartbeatSeconds. The event says
    States.Timeout of a missed heartbeat too (recorded), yet States.HeartbeatTimeout stands for it in Retry and
    Catch (developer guide, "Error names").
    """
    timeout, heartbeat, *_ = limits or (None, None)
    missed = heartbeat is not None and (timeout is None or elapsed < timeout * 1000)
    return HEARTBEAT_TIMEOUT if missed else TIMEOUT


def error_output(error: str | None, cause: str | None) -> dict[str, Json]:
    """What a Catcher makes the output and the variables of.

    A timeout has no cause in its event, yet an empty one here (recorded: task_service_lambda.invoke_timeout).
    """
    return {"Error": error, "Cause": "" if cause is None and error == TIMEOUT else cause}


def retrier(document: dict[str, Json]) -> Retrier:
    """Compile one entry of `Retry` that has been checked."""
    read = document.get
    return Retrier(
        tuple(read("ErrorEquals")),  # type: ignore[arg-type]
        whole(read("IntervalSeconds", INTERVAL_SECONDS)),  # type: ignore[arg-type]
        whole(read("MaxAttempts", MAX_ATTEMPTS)),  # type: ignore[arg-type]
        read("BackoffRate", BACKOFF_RATE),  # type: ignore[arg-type]
        whole(read("MaxDelaySeconds")),  # type: ignore[arg-type]
        read("JitterStrategy") == "FULL",
    )
