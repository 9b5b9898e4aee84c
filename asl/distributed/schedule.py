"""When children start, and what became of each: MaxConcurrency and the tolerated failures, on virtual time.

The same decisions are made whether children run one after the other here or side by side in other processes:
they follow from the children's own times alone, and are made in the order of the children.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MOST_AT_ONCE = 10_000
"""Children at one time where MaxConcurrency says nothing, or 0, or more."""


class Slots:
    """The places that MaxConcurrency gives; a child starts when one is free.

    The next start is known for sure once no child that still runs can end earlier.
    """

    def __init__(self, count: int, at: int) -> None:
        self._free: Counter[int] = Counter({at: min(count or MOST_AT_ONCE, MOST_AT_ONCE)})
        self._times = [at]
        self._running: Counter[int] = Counter()
        self._starts: list[int] = []

    def next(self) -> tuple[int, int] | None:
        """(start, places) for the children that start next, all at that time; None while that is not known."""
        if not self._times:
            return None
        while self._starts and not self._running[self._starts[0]]:
            heapq.heappop(self._starts)
        at = self._times[0]
        return (at, self._free[at]) if not self._starts or at <= self._starts[0] else None

    def take(self, at: int, count: int) -> None:
        """That many children start at that time, the one that `next` gave."""
        self._free[at] -= count
        if not self._free[at]:
            del self._free[at]
            heapq.heappop(self._times)
        if not self._running[at]:
            heapq.heappush(self._starts, at)
        self._running[at] += count

    def give(self, start: int, stop: int, count: int = 1) -> None:
        """That many children that started then have ended."""
        self._running[start] -= count
        if not self._running[start]:
            del self._running[start]
        if stop not in self._free:
            heapq.heappush(self._times, stop)
        self._free[stop] += count


@dataclass
class Tolerance:
    """How many items may fail. Either limit may be None: where both are, none may fail."""

    count: int | None
    percentage: float | None
    total: int | None
    """The number of items, None while it is not known: until then no percentage of it can be exceeded."""

    def exceeded(self, failed: int) -> bool:
        """Whether so many failed items are too many."""
        if self.count is None and self.percentage is None:
            return failed > 0
        if self.count is not None and failed > self.count:
            return True
        if self.percentage is None or self.total is None:
            return False
        return failed * 100 > self.percentage * self.total

    def left(self, failed: int) -> float:
        """How many items more may fail, where that is known."""
        limits = [] if self.count is None else [float(self.count)]
        if self.percentage is not None:
            limits.append(float("inf") if self.total is None else self.percentage * self.total // 100)
        return min(limits, default=0.0) - failed


@dataclass
class Ledger:
    """What became of the children, settled in the order in which they end.

    Children are told in the order of their numbers. Where too many items have failed, children that still run
    at that time are aborted (unless they are Express ones, which cannot be), and none starts after it.
    """

    tolerance: Tolerance
    express: bool
    exceeded_at: int | None = None
    """The time at which the threshold was exceeded."""
    stop: int = 0
    """When the last child that is settled ended."""
    _failed: int = 0
    _held: list[tuple[int, int, str, int, Any]] = field(default_factory=list)

    def tell(self, number: int, status: str, stop: int, items: int, told: Any) -> None:
        """A child that started has come to its end."""
        heapq.heappush(self._held, (stop, number, status, items, told))

    def settle(self, now: int | None) -> Iterator[tuple[int, str, int, Any]]:
        """(number, status, stop, told) of the children whose end is final once no child starts before `now`.

        Those are all where it is None.
        """
        held = self._held
        while held and (now is None or held[0][0] <= now or self.exceeded_at is not None):
            stop, number, status, items, told = heapq.heappop(held)
            if self.exceeded_at is not None and stop > self.exceeded_at and not self.express:
                status, stop = "ABORTED", self.exceeded_at
            self.stop = max(self.stop, stop)
            if status in ("FAILED", "TIMED_OUT"):
                self._failed += items
                if self.exceeded_at is None and self.tolerance.exceeded(self._failed):
                    self.exceeded_at = stop
            yield number, status, stop, told

    def still_tolerated(self) -> float:
        """How many items more may fail."""
        return self.tolerance.left(self._failed)

    def is_too_much(self) -> bool:
        """Whether too many items failed, now that their number is known."""
        return self.exceeded_at is not None or self.tolerance.exceeded(self._failed)
