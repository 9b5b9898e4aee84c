"""The parse tree of a JSONata expression."""

from __future__ import annotations

from typing import Any


class Slot:
    """What a parent operator (`%`) refers to: the value `level` steps up, bound as the variable `label`."""

    __slots__ = ("index", "label", "level")

    def __init__(self, index: int) -> None:
        self.index = index
        self.label = f"!{index}"
        self.level = 1


class Stage:
    """A predicate or a position variable that follows a step."""

    __slots__ = ("expr", "index", "position")

    def __init__(self, position: int, expr: Node | None = None, index: str | None = None) -> None:
        self.position = position
        self.expr = expr
        self.index = index


class Node:
    """One node. `kind` says which of the other fields are used; `position` is where its token starts.

    name string number value regex variable wildcard descendant   value
    parent                     slot
    unary                      value "-": expression; "[": expressions; "{": pairs
    binary                     value, lhs, rhs (pairs for "{", terms for "^")
    path                       steps, keep_singleton, tuple, group
    sort                       terms: [(descending, node)]
    bind apply                 lhs, rhs
    function partial           procedure, arguments; thunk, deferred: see shape
    lambda                     arguments, body, signature
    condition                  condition, then, otherwise
    transform                  pattern, update, delete
    block                      expressions
    """

    __slots__ = (
        "ancestor",
        "arguments",
        "body",
        "condition",
        "consarray",
        "deferred",
        "delete",
        "expression",
        "expressions",
        "focus",
        "group",
        "index",
        "keep_array",
        "keep_singleton",
        "kind",
        "lhs",
        "otherwise",
        "pairs",
        "pattern",
        "position",
        "predicate",
        "procedure",
        "rhs",
        "seeking",
        "signature",
        "slot",
        "stages",
        "steps",
        "terms",
        "then",
        "thunk",
        "tuple",
        "update",
        "value",
    )

    lhs: Any
    rhs: Any
    procedure: Any
    expression: Any
    condition: Any
    then: Any
    otherwise: Any
    body: Any
    pattern: Any
    update: Any
    delete: Any

    def __init__(self, kind: str, value: Any, position: int) -> None:
        self.kind = kind
        self.value = value
        self.position = position
        self.lhs = self.rhs = self.procedure = self.expression = None
        self.condition = self.then = self.otherwise = self.body = None
        self.pattern = self.update = self.delete = None
        self.arguments: list[Node] = []
        self.expressions: list[Node] = []
        self.pairs: list[tuple[Node, Node]] = []
        self.steps: list[Node] = []
        self.terms: list[tuple[bool, Node]] = []
        self.signature: Any = None
        self.predicate: list[Stage] | None = None
        self.stages: list[Stage] | None = None
        self.group: Node | None = None
        self.seeking: list[Slot] | None = None
        self.ancestor: Slot | None = None
        self.slot: Slot | None = None
        self.focus: str | None = None
        self.index: str | None = None
        self.keep_array = False
        self.keep_singleton = False
        self.consarray = False
        self.tuple = False
        self.thunk = False
        self.deferred = False

    def __repr__(self) -> str:
        return f"<{self.kind} {self.value!r} at {self.position}>"
