"""The service's quotas, as settings: each can be changed, and lifted with None. Also sizes, measured once."""

from __future__ import annotations

import re
from typing import NamedTuple

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
"""Members of an object that are measured one by one where parts may be known; otherwise the encoder is faster."""

_TINY = 4
"""Members of an object that are measured one by one faster than the encoder would, if they are no containers."""


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
        few = type(value) is dict and len(value) <= _FEW
        if few and (self._known or _is_tiny(value) or _has_much(value)):  # type: ignore[arg-type]
            total = self._added_up(value)  # type: ignore[arg-type]
        else:
            total = size(value)
        if total >= _LARGE:
            if len(self._known) > 4096:
                self._known.clear()
            is_first = not self._known
            self._known[id(value)] = (value, total)
            if few and is_first:
                self._added_up(value)  # type: ignore[arg-type]  # the next value will hold the same parts
        return total

    def _added_up(self, value: dict[str, Json]) -> int:
        """The size of an object by those of its members, of which some may be known."""
        total = 1 + (2 * len(value) or 1)
        for key, item in value.items():
            total += len(key) + 2 if _PLAIN(key) else size(key)
            kind = type(item)
            if kind is str:
                total += len(item) + 2 if _PLAIN(item) else size(item)  # type: ignore[arg-type]
            elif kind is int:
                total += len(str(item))
            elif item is True or item is None:
                total += 4
            else:
                total += self(item)
        return total


_CONTAINERS = {dict, list}


def _is_tiny(value: dict[str, Json]) -> bool:
    return len(value) <= _TINY and _CONTAINERS.isdisjoint(map(type, value.values()))


def _has_much(value: dict[str, Json]) -> bool:
    return any((type(item) is list or type(item) is dict) and len(item) > _FEW for item in value.values())


_PLAIN = re.compile(r"[ !#-\[\]-~]*").fullmatch
"""Text that is written as it is, a byte a character."""
