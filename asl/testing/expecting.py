"""What was expected and what came: the first difference, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from asl.jsondiff import MISSING, Difference, differences
from asl.testing.matching import lacks
from asl.values import Json, same, to_json

_LONGEST = 300
"""Characters that are shown of a document."""

_STEPS = 40
"""Steps that are shown of a path: of a longer one the beginning and the end."""


def shown(value: object) -> str:
    """A value as JSON, cut where it is long."""
    text = repr(value) if value is MISSING else to_json(value)  # type: ignore[arg-type]
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def difference(what: str, expected: Json, actual: Json) -> str | None:
    """How `actual` differs from what was expected; None where it is the same (1 and 1.0 are)."""
    if same(expected, actual):
        return None
    # `differences` tells 1 from 1.0
    return _told(what, [each for each in differences(expected, actual) if not _alike(each)])


def lacking(what: str, pattern: Json, actual: Json) -> str | None:
    """What `actual` lacks of a pattern, whose objects may have fewer keys; None where it lacks nothing."""
    found = list(lacks(pattern, actual))
    return _told(what, found) if found else None


def _alike(each: Difference) -> bool:
    return each.a is not MISSING and each.b is not MISSING and same(each.a, each.b)  # type: ignore[arg-type]


def _told(what: str, found: list[Difference]) -> str:
    first, more = found[0], len(found) - 1
    where = f" at {first.pointer}" if first.place else ""
    rest = f" (and {more} more place{'s' * (more > 1)})" if more else ""
    return f"{what} differs{where}: expected {shown(first.a)}, got {shown(first.b)}{rest}"


def path_difference(expected: Sequence[str], actual: Sequence[str], what: str = "the path") -> str | None:
    """Where two paths part; None where they are the same."""
    if list(expected) == list(actual):
        return None
    step = next(
        (i for i, (a, b) in enumerate(zip(expected, actual, strict=False)) if a != b),
        min(len(expected), len(actual)),
    )
    wanted = repr(expected[step]) if step < len(expected) else "its end"
    came = repr(actual[step]) if step < len(actual) else "its end"
    after = f" after {actual[step - 1]!r}" if step else ""
    return f"{what} parts at step {step + 1}{after}: expected {wanted}, got {came}"


def arrows(path: Sequence[str]) -> str:
    """A path on one line."""
    if len(path) > _STEPS:
        half = _STEPS // 2
        return " → ".join([*path[:half], f"… {len(path) - 2 * half} more …", *path[-half:]])
    return " → ".join(path) or "(no state was entered)"
