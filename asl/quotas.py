"""The service's quotas, as settings: each can be changed, and lifted with None. Also sizes, measured once."""

from __future__ import annotations

from typing import Any, NamedTuple

from asl.values import Json, size

EVENTS_BOUND = 50_000_000
"""Events after which an execution ends even where the quota on them is lifted: a loop must not eat all memory."""


class Quotas(NamedTuple):
    """What an execution may use. The defaults are the service's (developer guide, "Service quotas")."""

    payload: int | None = 262_144
    """Bytes of an input, output, result or variable, as JSON text in UTF-8."""
    events: int | None = 25_000
    """Events in a history."""
    concurrency: int | None = 40
    """Iterations of an inline Map at one time, where MaxConcurrency does not say less."""


_LARGE = 1024
"""Bytes from which a value's size is worth remembering."""

_FEW = 32
"""Members of an object that is measured one by one; above, and in arrays, the encoder is faster."""


class Gauge:
    """Measures values in bytes of JSON text, and remembers the large ones, which executions pass on and on."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        # The value is kept beside its size: while it is here no other value can have its id.
        self._known: dict[int, tuple[Json, int]] = {}

    def __call__(self, value: Json) -> int:
        """The size of the value, as `values.size` gives it."""
        known = self._known.get(id(value))
        if known is not None:
            return known[1]
        has_few = type(value) is dict and len(value) <= _FEW
        if self._known and has_few:
            total = self._added_up(value)
        else:
            total = size(value)
            if total >= _LARGE and has_few:
                self._added_up(value)  # the next value will hold the same parts
        if total >= _LARGE:
            if len(self._known) > 4096:
                self._known.clear()
            self._known[id(value)] = (value, total)
        return total

    def _added_up(self, value: Any) -> int:
        """The size of an object, of which parts may be known."""
        small: dict[str, Json] = {}
        total = 0
        for key, item in value.items():
            if type(item) is dict or type(item) is list:
                total += self(item) - 1
                small[key] = 0
            else:
                small[key] = item
        return total + size(small)
