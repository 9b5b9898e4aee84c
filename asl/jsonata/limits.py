"""The service's bounds on one evaluation, and the state of one evaluation that they are counted in.

Nothing here reads a clock: work is counted, so an expression fails at the same point on every machine, in
every thread and in every replay. The numbers are calibrated to the service: a range of 873,782 numbers and a
string of 2^22 characters work, one number more and 2^23 characters do not; evaluation nests 100 deep.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from asl.jsonata.errors import memory, timeout
from asl.values import Json, Scope

MAX_DEPTH = 100
MAX_ITEMS = 873_782
MAX_CHARS = MAX_ITEMS * 8
MAX_PADDING = 262_144
"""Characters that one call of $pad adds; not bytes, nor what the string has then (measured by others)."""
FUEL = 12_000_000
"""Units of work in one evaluation, about 0.1 µs each: what stands for the service's one second.

An item of an array costs 3, a character an eighth: all the values that one evaluation can make, kept at the
same time, take some 150 MB.
"""


class Runtime:
    """One evaluation: what it reads from outside, what it has used up.

    `depth` is the nesting at which the running function (or the whole expression) was entered. `tainted`
    says that something which is not plain JSON may sit inside a value: a sequence, a function, an infinity.
    """

    __slots__ = ("_random", "bindings", "depth", "fuel", "root", "scope", "tainted")

    def __init__(self, root: Any, bindings: Mapping[str, Json], scope: Scope | None) -> None:
        self.root = root
        self.bindings = bindings
        self.scope = scope
        self.fuel = FUEL
        self.depth = 0
        self.tainted = False
        self._random: random.Random | None = None

    def now(self) -> int:
        """The execution's own time in milliseconds."""
        return self.scope.now if self.scope is not None else 0

    def random(self) -> random.Random:
        """The execution's own randomness, one generator for the whole evaluation."""
        if self._random is None:
            self._random = self.scope.random() if self.scope is not None else random.Random(0)
        return self._random

    def spend(self, units: int) -> None:
        """Count work. JsonataError when the evaluation has used up its time."""
        self.fuel -= units
        if self.fuel < 0:
            raise timeout()

    def array(self, items: list[Any]) -> list[Any]:
        """`items`, counted; JsonataError when it holds more memory than one value may."""
        size = len(items)
        if size > 64:
            if size > MAX_ITEMS:
                raise memory()
            self.spend(3 * size)
        return items

    def text(self, text: str) -> str:
        """`text`, counted; JsonataError when it holds more memory than one value may."""
        if len(text) > 256:
            self.room(len(text))
        return text

    def room(self, chars: int) -> None:
        """Count a string of so many characters before it is made."""
        if chars > MAX_CHARS:
            raise memory()
        self.spend(chars >> 3)
