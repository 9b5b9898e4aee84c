"""The steps of a path, as data; `str(step)` is how Jayway's messages write it."""

from __future__ import annotations

from typing import NamedTuple

from asl.errors import ExpressionError

MAX_LENGTH = 20_000
"""Characters of a path that is not plain."""

MAX_DEPTH = 200
"""Steps of a path. Evaluation goes one Python frame deeper with each; what is nested costs 10 more."""

NESTED = 10


def check_depth(depth: int) -> None:
    """Raises `ExpressionError` where `depth` is more than evaluation can go down."""
    if depth > MAX_DEPTH:
        raise ExpressionError("The path has too many steps or is nested too deeply")


class Names(NamedTuple):
    """`.a`, `['a']`, `["a", "b"]`: one or more properties of an object."""

    keys: tuple[str, ...]
    quote: str

    def __str__(self) -> str:
        return "[" + ",".join(f"{self.quote}{key}{self.quote}" for key in self.keys) + "]"


class Indexes(NamedTuple):
    """`[0]`, `[-1, 2]`: one or more elements of an array."""

    indexes: tuple[int, ...]

    def __str__(self) -> str:
        return f"[{','.join(map(str, self.indexes))}]"


class Range(NamedTuple):
    """`[1:3]`, `[:2]`, `[-2:]`: a slice; one end may be missing, never both."""

    start: int | None
    end: int | None

    def __str__(self) -> str:
        ends = ("" if end is None else str(end) for end in self)
        return f"[{':'.join(ends)}]"


class Wild(NamedTuple):
    """`.*`, `[*]`: every property, every element."""

    def __str__(self) -> str:
        return "[*]"


class Scan(NamedTuple):
    """`..`: the next step, applied to the value itself and to everything inside."""

    def __str__(self) -> str:
        return ".."


class Filter(NamedTuple):
    """`[?(...)]`: `condition` is the text with its parentheses, which begins at `position` of the path."""

    condition: str
    position: int

    def __str__(self) -> str:
        return "[?]"


class Call(NamedTuple):
    """`.name(...)`. A parameter is a path (its steps) or JSON (its text)."""

    name: str
    parameters: tuple[tuple[Step, ...] | str, ...]

    def __str__(self) -> str:
        return f".{self.name}({'...' if self.parameters else ''})"


Step = Names | Indexes | Range | Wild | Scan | Filter | Call
