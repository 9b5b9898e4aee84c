"""What the JSONata expressions of a state read: their trees are gone through with places in place of values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asl.jsonata.errors import JsonataError
from asl.jsonata.nodes import Node
from asl.jsonata.parser import TooDeep, parse
from asl.jsonata.scopes import children
from asl.jsonata.shape import shape
from tests.places import ABSENT, OTHER, WHEN, Place

_INNER = ("ItemProcessor", "Iterator", "Branches", "Catch")
_LITERALS = ("string", "number", "value")
_NUMBERS = frozenset(
    ("abs", "floor", "ceil", "round", "power", "sqrt", "formatNumber", "formatBase", "fromMillis", "number")
)
_STATISTICS = frozenset(("sum", "max", "min", "average"))
_OBJECTS = frozenset(("keys", "each", "sift", "spread"))
_SAME = frozenset(("filter", "sort", "reverse", "distinct", "append", "shuffle", "sift"))
_ITEM_PARAMETER = {"map": (0,), "filter": (0,), "single": (0,), "sort": (0, 1), "reduce": (1,)}
"""Which parameters of the function given to a higher-order function are elements of the array."""

Names = dict[str, Place]


class Expressions:
    """Notes in `wants` what the expressions of the state of that name read; see `tests.reads.Reads`."""

    def __init__(self, wants: dict[str, Place], name: str) -> None:
        self.wants = wants
        self.name = name

    def state(self, state: dict[str, Any]) -> None:
        """A state, without those within it."""
        for key, value in state.items():
            for text in () if key in _INNER else _texts(value):
                place = self._expression(text)
                if place is None:
                    continue
                if key == "Items":
                    place.element()
                elif key in ("Seconds", "TimeoutSeconds", "HeartbeatSeconds", "MaxConcurrency"):
                    place.add(1)
                elif key == "Timestamp":
                    place.add(WHEN)
        for rule in state.get("Choices", ()):
            place = self._expression(rule.get("Condition", ""))
            if place is not None:
                place.add(True, False)

    def _expression(self, text: Any) -> Place | None:
        if not isinstance(text, str) or not text.startswith("{%"):
            return None
        try:
            tree = shape(parse(text.removeprefix("{%").removesuffix("%}")))
        except (JsonataError, TooDeep):
            return None
        return self._read(tree, {}, None)

    def _root(self, name: str) -> Place:
        return self.wants.setdefault(name, Place())

    def _variable(self, name: str, names: Names, context: Place | None) -> Place | None:
        if name == "states":
            states = Place()
            states.below = {"input": self._root("input"), "result": self._root("result"), "context": Place()}
            states.field("context").field("Execution").below["Input"] = self._root("execution")
            states.at(["context", "Map", "Item"]).below["Value"] = self._root("item")
            return states
        if name == "":
            return context
        return names.get(name) or self._root(f"${name}")

    def _read(self, node: Node, names: Names, context: Place | None) -> Place | None:
        """Go through a node; the place of its value, where it has one."""
        found: Place | None = None
        match node.kind:
            case "variable":
                found = self._variable(node.value, names, context)
            case "name":
                found = context.field(node.value) if context is not None else None
            case "path":
                found = self._path(node, names, context)
            case "binary":
                self._binary(node, names, context)
            case "bind":
                found = self._read(node.rhs, names, context)
                names[node.lhs.value] = found or Place()
            case "apply" if node.rhs.kind == "function":
                found = self._call(node.rhs, [node.lhs, *node.rhs.arguments], names, context)
            case "function":
                self._part(node, names, context)
                found = self._call(node, node.arguments, names, context)
            case "condition":
                self._read(node.condition, names, context)
                found = self._read(node.then, names, context)
                if node.otherwise is not None:
                    other = self._read(node.otherwise, names, context)
                    found = found or other
            case "block":
                names = dict(names)
                for each in node.expressions:
                    found = self._read(each, names, context)
            case "unary" if node.value == "{":
                found = Place()
                for key, value in node.pairs:
                    made = self._read(value, names, context)
                    if key.kind == "string" and made is not None:
                        found.below[key.value] = made
            case _:
                for child in children(node):
                    self._read(child, names, context)
        for stage in node.predicate or ():
            found = self._predicate(stage.expr, found, names)
        return found

    def _path(self, path: Node, names: Names, context: Place | None) -> Place | None:
        place = context
        for number, step in enumerate(path.steps):
            first = number == 0
            if step.kind == "wildcard":
                place = Place()
            elif step.kind == "descendant":  # the nearest is as good as any
                continue
            elif step.kind == "sort":
                for _, term in step.terms:
                    self._read(term, names, place)
            else:
                place = self._read(step, names, place if not first or context is not None else None)
            for stage in step.stages or ():
                place = self._predicate(stage.expr, place, names)
        return place

    def _predicate(self, expression: Node | None, place: Place | None, names: Names) -> Place | None:
        if expression is None or place is None:
            return place
        if expression.kind == "number":
            return place.element(max(0, int(expression.value)))
        self._read(expression, dict(names), place)
        return place

    def _part(self, call: Node, names: Names, context: Place | None) -> None:
        """`$split(text, ":")[2]`: there are so many parts."""
        after = call.predicate or call.stages
        index = after[0].expr if after else None
        if call.procedure.value != "split" or index is None or index.kind != "number":
            return
        place = self._read(call.arguments[0], names, context)
        separator = call.arguments[1]
        if place is not None and separator.kind == "string":
            place.add(separator.value.join(["text"] * (max(0, int(index.value)) + 2)))

    def _binary(self, node: Node, names: Names, context: Place | None) -> None:
        if node.value == "{":
            self._read(node.lhs, names, context)
            return
        left, right = self._read(node.lhs, names, context), self._read(node.rhs, names, context)
        if node.value in ("+", "-", "*", "/", "%", ".."):
            for place in (left, right):
                if place is not None:
                    place.add(1)
        elif node.value in ("=", "!=", "<", ">", "<=", ">=", "in"):
            for place, other in ((left, node.rhs), (right, node.lhs)):
                if place is not None:
                    place.add(*(value for literal in _literals(other) for value in _near(literal)))
            if left is not None and right is not None and node.value in ("<", ">", "<=", ">="):
                left.add(1, 2)
                right.add(1, 2)

    def _call(self, call: Node, arguments: list[Node], names: Names, context: Place | None) -> Place | None:
        function = call.procedure.value if call.procedure.kind == "variable" else None
        places = [
            None if argument.kind == "lambda" else self._read(argument, names, context)
            for argument in arguments
        ]
        first = (places[0] if places else None) or Place()
        given: Place | None = None
        for argument in arguments:
            if argument.kind == "lambda":
                given = self._lambda(function, argument, first, names, context)
        if function in _NUMBERS:
            first.add(1)
        elif function in _STATISTICS:
            first.element().add(1)
        elif function in _OBJECTS:
            first.object = True
        elif function == "toMillis":
            first.add(WHEN)
        elif function == "base64decode":
            first.add("dGV4dA==")
        elif function == "exists":
            first.add(OTHER, ABSENT)
        elif function == "count":
            first.element()
            first.add([])
        elif function == "merge":
            for part in arguments[0].expressions or []:
                made = self._read(part, names, context)
                if made is not None:
                    made.object = True
        elif function == "parse":
            return first.parsed()
        elif function == "lookup":
            return self._lookup(first, arguments[-1])
        elif function == "map":
            found = Place()
            found.item = given or Place()
            return found
        return first if function in _SAME else None

    def _lookup(self, place: Place, key: Node) -> Place:
        if key.kind == "string":
            return place.field(key.value)
        if [step.value for step in key.steps] == ["states", "context", "State", "Name"]:
            return place.field(self.name)
        place.object = True
        return Place()

    def _lambda(
        self, function: str | None, node: Node, array: Place, names: Names, context: Place | None
    ) -> Place | None:
        inner = dict(names)
        for number, parameter in enumerate(node.arguments):
            is_item = number in _ITEM_PARAMETER.get(function or "", ())
            inner[parameter.value] = array.element() if is_item else Place()
        return self._read(node.body, inner, context)


def _literals(node: Node) -> Iterator[Any]:
    if node.kind in _LITERALS:
        yield node.value
    elif node.kind == "unary" and node.value == "[":
        for each in node.expressions:
            yield from _literals(each)


def _near(literal: Any) -> list[Any]:
    """Values that make a comparison come out in both ways."""
    if isinstance(literal, bool):
        return [literal, not literal]
    if isinstance(literal, int | float):
        return [literal, literal + 1, literal - 1]
    return [literal, OTHER]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
