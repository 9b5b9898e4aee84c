"""How much larger than its input a Pass state's output can be, where the definition alone says it.

A bound costs a multiplication where measuring costs a text; the machine measures only when the bound comes
to the quota. What it rests on: what a definite path selects from the input has no more bytes than the input.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asl import paths
from asl.states import Growth
from asl.values import Json, size

_BRIEF = {
    f"States.{name}" for name in ("ArrayContains", "ArrayLength", "Hash", "MathAdd", "MathRandom", "UUID")
}
_BRIEF_BYTES = 130  # what the longest of them makes: a SHA-512 in hexadecimal digits


def of_pass(state: dict[str, Any]) -> Growth | None:
    """The growth of a Pass state; None where only measuring tells."""
    if not all(_selects_a_part(state.get(field)) for field in ("InputPath", "OutputPath")):
        return None
    made: Growth | None = (1, 0)
    if "Result" in state:
        made = (0, size(state["Result"]))
    elif "Parameters" in state:
        made = _of_template(state["Parameters"])
    place = state.get("ResultPath", "$")
    if place is None:
        return 1, 0
    if made is None or place == "$":
        return made
    # Every key on the way may be new: with quotes, colon, comma and braces it has at most 6 bytes more.
    return made[0] + 1, made[1] + size(place) + 6 * len(paths.reference(place))


def _selects_a_part(path: str | None) -> bool:
    if path is None:
        return True
    read = paths.compile(path)
    return read.definite and not read.reads_context and not read.variables


def _of_template(template: Json) -> Growth | None:
    times, bytes = 0, size(template)  # its text stands for constants, keys, and null past the end of an array
    for text in _expressions(template):
        if not text.startswith("$"):
            if text.partition("(")[0].strip() not in _BRIEF:
                return None
            bytes += _BRIEF_BYTES
        elif _selects_a_part(text):
            times += 1
        else:
            return None
    return times, bytes


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
