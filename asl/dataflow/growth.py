"""How much larger than its input a Pass state's output can be, where the definition alone says it.

A bound costs a multiplication where measuring costs a text; the machine measures only when the bound comes
to the quota. What it rests on: what a plain path selects from the input has no more bytes than the input.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asl import paths
from asl.paths.plain import plain
from asl.states import Growth
from asl.values import Json, size

_BRIEF = {
    f"States.{name}" for name in ("ArrayContains", "ArrayLength", "Hash", "MathAdd", "MathRandom", "UUID")
}
_BRIEF_BYTES = 130  # what the longest of them makes: a SHA-512 in hexadecimal digits


def of_pass(state: dict[str, Any]) -> Growth | None:
    """The growth of a Pass state; None where only measuring tells."""
    if any(state.get(field) and _keys(state[field]) is None for field in ("InputPath", "OutputPath")):
        return None
    made: Growth | None = (1, 0)
    if state.get("Result") is not None:
        made = (0, size(state["Result"]))
    elif "Parameters" in state:
        made = _of_template(state["Parameters"])
    place = state.get("ResultPath", "$")
    if place is None:
        return 1, 0
    if made is None or place == "$":
        return made
    return made[0] + 1, made[1] + keys_of(place)


def keys_of(place: str | None) -> int:
    """The most bytes that a ResultPath adds to input and result.

    Every key on the way may be new: with quotes, colon, comma and braces it has at most 6 bytes more.
    """
    return 0 if place is None else size(place) + 6 * len(paths.reference(place))


def _keys(path: str) -> tuple[str, ...] | None:
    """What a plain path selects of the input; any index for all of them. None for other paths."""
    found = plain(path)
    if found is None or found[0] != "$":
        return None
    return tuple(key if isinstance(key, str) else "[]" for key in found[1])


def _of_template(template: Json) -> Growth | None:
    selected: list[tuple[str, ...]] = []
    bytes = size(template)  # its text stands for constants, keys, and null past the end of an array
    for text in _expressions(template):
        if not text.startswith("$"):
            if text.partition("(")[0].strip() not in _BRIEF:
                return None
            bytes += _BRIEF_BYTES
        elif (keys := _keys(text)) is not None:
            selected.append(keys)
        else:
            return None
    return _most_often(selected), bytes


def _most_often(selected: list[tuple[str, ...]]) -> int:
    """How often a part of the input is selected at most: parts that do not overlap are the input once."""
    return max((sum(keys[: len(other)] == other for other in selected) for keys in selected), default=0)


def _expressions(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _expressions(item)
    elif isinstance(node, dict):
        for key, item in node.items():
            if key.endswith(".$"):
                yield item
            else:
                yield from _expressions(item)
