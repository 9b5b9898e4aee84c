"""How long something takes, as people write it: `4`, `"4s"`, `"1h30m"`."""

from __future__ import annotations

import math
import re
from typing import TypeAlias

Duration: TypeAlias = "float | str"
"""Seconds as a number, or text such as `250ms`, `4s`, `1h30m`, `2d`."""

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhd])\s*")


def seconds(duration: Duration) -> float:
    """A duration in seconds. Raises `ValueError` where it is none, or negative."""
    if isinstance(duration, str):
        text = duration.strip()
        if text and not _PART.sub("", text):
            return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    elif not isinstance(duration, bool) and 0 <= duration < math.inf:
        return duration
    raise ValueError(f"{duration!r} is no duration: write seconds, or text such as '250ms', '4s', '1h30m'")


def shown(seconds: float) -> str:
    """Seconds for people, to the millisecond: `33 s`, `0.25 s`, `2,592,000 s`."""
    return f"{seconds:,.3f}".rstrip("0").rstrip(".") + " s"


def text(ms: int) -> str:
    """Milliseconds as a duration that `seconds` reads again: `33s`, `1h30m`, `0.25s`."""
    parts = []
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000)):
        count, ms = divmod(ms, size)
        if count:
            parts.append(f"{count}{unit}")
    if ms or not parts:
        parts.append(f"{ms / 1000:g}s")
    return "".join(parts)
