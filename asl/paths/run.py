"""One evaluation of a path, and the kinds of functions that a path becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from asl.errors import PathError
from asl.paths.operators import Operand
from asl.values import Json

BUDGET = 10_000_000
"""Values that one evaluation may look at. Only nested scans, unions that repeat, and filters over long lists
inside of filters come near it; without it `$..*..*..*` or `$[0,0][0,0]...` would not end."""


class Run:
    """One evaluation: its document, what it may still do, and what it remembers."""

    __slots__ = ("known", "left", "root")

    def __init__(self, root: Json) -> None:
        self.root = root
        self.left = BUDGET
        self.known: dict[Read, Operand] = {}

    def spend(self, count: int) -> None:
        """Count `count` values as looked at; raises `PathError` when that was too many."""
        self.left -= count
        if self.left < 0:
            raise PathError(f"The path looks at more than {BUDGET} values")


Walk: TypeAlias = Callable[[Any, list[Any], Run], None]
Test: TypeAlias = Callable[[Any, Run], bool]
Read: TypeAlias = Callable[[Any, Run], Operand]
