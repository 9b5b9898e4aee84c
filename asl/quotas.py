"""The service's quotas, as settings: each can be changed, and lifted with None. Also sizes, measured once."""

from __future__ import annotations

from typing import NamedTuple

from orjson import dumps

from asl.values import Json, size

EVENTS_BOUND = 50_000_000
"""Events after which an execution ends even where the quota on them is lifted: a loop must not eat all memory."""


class Quotas(NamedTuple):
    """What an execution may use. The defaults are the service's (developer guide, "Service quotas")."""

    payload: int | None = 262_144
    """Bytes of an input, output, result, variable or of all that one Assign assigns, as JSON text in UTF-8."""
    events: int | None = 25_000
    """Events in a history."""
    concurrency: int | None = 40
    """Iterations of an inline Map at one time, where MaxConcurrency does not say less."""
    variables: int | None = 10_485_760
    """Bytes of all variables of an execution, as JSON text in UTF-8."""


def bound(value: Json) -> int:
    """No less than `size`, and no more than about twice as much, in a third of the time."""
    try:
        return 2 * len(dumps(value))  # Java's text of a double may have half as many characters more
    except TypeError:  # as in `to_json`
        return size(value)


_LARGE = 4096
"""Bytes from which a value's size is worth remembering."""

_FEW = 32
"""Members of an object that are measured one by one where the size of one of them may be known."""


class Gauge:
    """Measures values in bytes of JSON text, and remembers the large ones, which executions pass on and on."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        # The value is kept beside its size: while it is here no other value can have its id.
        self._known: dict[int, tuple[Json, int]] = {}

    def __call__(self, value: Json) -> int:
        """The size of the value, as `values.size` gives it."""
        known = self._known
        if known and (found := known.get(id(value))) is not None:
            return found[1]
        few = type(value) is dict and len(value) <= _FEW
        if known and few and not _CONTAINERS.isdisjoint(map(type, value.values())):  # type: ignore[union-attr]
            total = self._added_up(value)  # type: ignore[arg-type]
        else:
            total = size(value)
        if total >= _LARGE:
            if len(known) > 4096:
                known.clear()
            first, known[id(value)] = not known, (value, total)
            if first and few:
                self._added_up(value)  # type: ignore[arg-type]  # the next value will hold the same parts
        return total

    def bound(self, value: Json) -> int:
        """No less than the size, in a fraction of the time where the value is small; the size where it is large."""
        known = self._known
        if known and (found := known.get(id(value))) is not None:
            return found[1]
        most = bound(value)
        return most if most < _LARGE else self(value)

    def _added_up(self, value: dict[str, Json]) -> int:
        """The size of an object by those of its members, of which some may be known."""
        total = 1 + (2 * len(value) or 1)
        for key, item in value.items():
            total += size(key) + (self(item) if type(item) in _CONTAINERS else size(item))
        return total


_CONTAINERS = {dict, list}
