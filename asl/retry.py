"""Retriers and Catchers: which of them an error meets, and how long to wait before the next attempt."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from asl.names import matches
from asl.values import Json, Scope

MAX_ATTEMPTS = 3
INTERVAL_SECONDS = 1
BACKOFF_RATE = 2.0

Recover: TypeAlias = Callable[[Json, Json, Scope], Json]
"""(raw input, error output, scope) -> value: how a Catcher makes the output, or the variables, of its state."""


@dataclass(frozen=True, slots=True)
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


LONGEST_DELAY = 31_622_400
"""Seconds: the bound of MaxDelaySeconds, and of any back-off where none is given (a year and a day)."""


@dataclass(frozen=True, slots=True)
class Catcher:
    """One entry of `Catch`: where to go, and what the state's output and variables become."""

    error_equals: tuple[str, ...]
    next: str
    write: Recover
    assign: Recover | None

    def matches(self, error: str | None) -> bool:
        """Whether this Catcher handles the error."""
        return matches(self.error_equals, error)


def retrier(document: dict[str, Json]) -> Retrier:
    """Compile one entry of `Retry` that has been checked."""
    read = document.get
    return Retrier(
        tuple(read("ErrorEquals")),  # type: ignore[arg-type]
        read("IntervalSeconds", INTERVAL_SECONDS),  # type: ignore[arg-type]
        read("MaxAttempts", MAX_ATTEMPTS),  # type: ignore[arg-type]
        read("BackoffRate", BACKOFF_RATE),  # type: ignore[arg-type]
        read("MaxDelaySeconds"),  # type: ignore[arg-type]
        read("JitterStrategy") == "FULL",
    )
