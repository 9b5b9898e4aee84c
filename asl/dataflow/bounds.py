"""The numbers that a state's fields are held to, the same in both query languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from asl.errors import StatesError
from asl.values import Json, Scope, Select

LONGEST_TIMEOUT = 99_999_999
"""Seconds: the most that TimeoutSeconds and HeartbeatSeconds may say (developer guide, "Task workflow state"), and
in JSONata the Seconds of a Wait ("Wait workflow state")."""

LONGEST_DELAY = 2**31 - 1
"""Seconds; a longer one of a Wait fails (recorded in JSONPath: wait.timestamp_too_far_in_future_boundary)."""


class Bound(NamedTuple):
    """A number field of a Map: whether it is whole, the most that it may be (the least is 0), and what is said else."""

    field: str
    whole: bool
    most: float
    refusal: str


# A negative MaxConcurrency from a path leaves the service's execution hanging (recorded); here it fails.
CONCURRENCY = Bound("MaxConcurrency", True, float("inf"), "MaxConcurrency cannot be negative.")
TOLERANCES = (
    Bound("ToleratedFailureCount", True, float("inf"), "ToleratedFailureCount cannot be negative."),
    Bound("ToleratedFailurePercentage", False, 100, "ToleratedFailurePercentage must be between 0 and 100."),
)


def within(read: Select, bound: Bound, error: Callable[[str], StatesError]) -> Select:
    """The number that is read, if it is within the bound; else raises the error made of the refusal."""

    def number(value: Json, scope: Scope) -> Json:
        found: Any = read(value, scope)
        if not 0 <= found <= bound.most:
            raise error(bound.refusal)
        return found  # type: ignore[no-any-return]

    return number
