"""Which frame and slot a variable lives in, settled when an expression is compiled.

A frame is a list: [enclosing frame, Runtime, slot, slot, ...]. A scope is the compiler's picture of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asl.jsonata.nodes import Node
from asl.jsonata.operators import Closure
from asl.jsonata.sequences import UNSET, Sequence, collapse

FIRST = 2
"""The index of a frame's first slot."""


class Scope:
    """The names of one frame. `sure`: those always bound; the rest are UNSET until `:=` is evaluated."""

    def __init__(self, parent: Scope | None, sure: list[str], names: list[str], function: bool) -> None:
        self.parent = parent
        self.slots: dict[str, int] = {}
        self.size = FIRST
        self.sure = set(sure)
        self.seen = set(sure)  # the names bound so far, in the order of the text
        self.function = function
        self.given = len(sure)
        for name in sure:  # a repeated parameter: the last one counts
            self.slots[name] = self.size
            self.size += 1
        for name in names:
            self.add(name)

    def add(self, name: str) -> int:
        """The slot of a name, made if there is none."""
        if name not in self.slots:
            self.slots[name] = self.size
            self.size += 1
        return self.slots[name]

    @property
    def extra(self) -> tuple[Any, ...]:
        """What follows the arguments in a new frame."""
        return (UNSET,) * (self.size - FIRST - self.given)

    def candidates(self, name: str) -> Iterator[tuple[int, int, bool, bool]]:
        """(hops, slot, always bound, bound earlier in the text or by the time it runs), innermost first."""
        hops, scope, within = 0, self, False
        while scope is not None:
            if name in scope.slots:
                sure = name in scope.sure
                yield hops, scope.slots[name], sure, sure or within or name in scope.seen
                if sure:
                    return
            within = within or scope.function
            hops += 1
            if scope.parent is None:
                return
            scope = scope.parent


def bound_names(nodes: list[Node]) -> list[str]:
    """The variables that `:=` binds in the frame in which these nodes are evaluated."""
    found: dict[str, None] = {}
    stack = list(reversed(nodes))
    while stack:
        node = stack.pop()
        if node.kind in ("lambda", "block"):
            continue
        if node.kind == "bind":
            found[node.lhs.value] = None
        stack.extend(reversed(children(node)))
    return list(found)


def tuple_names(path: Node) -> list[str]:
    """The variables that the steps of a path bind: `@$v`, `#$i`, and what `%` refers to."""
    found: dict[str, None] = {}
    stack = [path]
    while stack:
        node = stack.pop()
        for name in (node.focus, node.index, node.ancestor.label if node.ancestor else None):
            if name is not None:
                found[name] = None
        for stage in node.stages or ():
            if stage.index is not None:
                found[stage.index] = None
        stack.extend(children(node))
    return sorted(found)


_PARTS: dict[str, tuple[str, ...]] = {
    "unary": ("expression",),
    "binary": ("lhs", "rhs"),
    "apply": ("lhs", "rhs"),
    "bind": ("rhs",),
    "function": ("procedure",),
    "partial": ("procedure",),
    "lambda": ("body",),
    "condition": ("condition", "then", "otherwise"),
    "transform": ("pattern", "update", "delete"),
}
"""Kind of node -> its fields that hold one node each, in the order of the text."""


def children(node: Node) -> list[Node]:
    """The nodes below a node of the shaped tree, in the order of the text."""
    kind = node.kind
    below: list[Node] = [part for name in _PARTS.get(kind, ()) if (part := getattr(node, name)) is not None]
    if kind == "path":
        below += node.steps
    elif kind in ("function", "partial"):
        below += node.arguments
    elif kind in ("block", "unary"):
        below += node.expressions
    if node.pairs:
        below += [part for pair in node.pairs for part in pair]
    if node.terms:
        below += [term for _, term in node.terms]
    for stages in (node.predicate, node.stages):
        if stages:
            below += [stage.expr for stage in stages if stage.expr is not None]
    if node.group is not None:
        below.append(node.group)
    return below


def read_slot(hops: int, slot: int, collapses: bool) -> Closure:
    """A variable in a slot; `collapses`: it may hold a sequence of one."""
    if hops == 0 and not collapses:
        return lambda v, f: f[slot]
    if hops == 0:

        def own(v: Any, f: list[Any]) -> Any:
            value = f[slot]
            return collapse(value) if type(value) is Sequence else value

        return own
    if hops == 1 and not collapses:
        return lambda v, f: f[0][slot]

    def read(v: Any, f: list[Any]) -> Any:
        for _ in range(hops):
            f = f[0]
        value = f[slot]
        return collapse(value) if type(value) is Sequence else value

    return read


def read_or(read: Closure, otherwise: Closure) -> Closure:
    """A variable that may not be bound yet; then what the name means further out."""

    def evaluate(v: Any, f: list[Any]) -> Any:
        value = read(v, f)
        return otherwise(v, f) if value is UNSET else value

    return evaluate
