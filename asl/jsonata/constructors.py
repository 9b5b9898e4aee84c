"""Array and object constructors as closures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl.jsonata import tuples
from asl.jsonata.limits import Runtime
from asl.jsonata.nodes import Node
from asl.jsonata.operators import Closure
from asl.jsonata.scopes import Scope
from asl.jsonata.sequences import UNDEFINED, Built, Function, Holder, Kept, Sequence

if TYPE_CHECKING:
    from asl.jsonata.compiler import Compiler

_SCALARS = frozenset((str, int, float, bool, type(None)))


def array(c: Compiler, node: Node, scope: Scope, depth: int) -> Closure:
    """`[...]`: items that are arrays give their items, unless they are array constructors themselves."""
    made = [
        (c.node(item, scope, depth + 1), item.value == "[" and item.kind == "unary")
        for item in node.expressions
    ]
    built = node.consarray

    def evaluate(v: Any, f: list[Any]) -> Any:
        rt: Runtime = f[1]
        items: list[Any] = []
        for item, nested in made:
            value = item(v, f)
            kind = type(value)
            if kind in _SCALARS or kind is dict:
                items.append(value)
            elif nested or not isinstance(value, list):
                if value is UNDEFINED:
                    continue
                items.append(value)
                if isinstance(value, Function | Sequence | Built):
                    rt.tainted = True
            else:
                items.extend(value)
        if len(items) > 64:
            rt.array(items)
        if not built:
            return items
        rt.tainted = True
        return Built(items)

    return evaluate


def object(c: Compiler, node: Node, scope: Scope, depth: int) -> Closure:
    """`{...}`: with an array as context, grouped over its items; else one object."""
    group = Node("group", None, node.position)
    group.pairs = node.pairs
    general = tuples.grouping(c, group, scope, depth + 1)
    literal = [key.value for key, _ in node.pairs if key.kind == "string" and not key.predicate]
    if len(set(literal)) < len(node.pairs):
        return lambda v, f: general(v, f)
    pairs = [(key.value, c.node(value, scope, depth + 1)) for key, value in node.pairs]

    def evaluate(v: Any, f: list[Any]) -> Any:
        if isinstance(v, list):
            return general(v, f)
        result: dict[str, Any] = {}
        for key, item in pairs:
            value = item(v, f)
            if type(value) in _SCALARS:
                result[key] = value
            elif value is not UNDEFINED:
                result[key] = value
                if isinstance(value, Sequence | Built | Function):
                    f[1].tainted = True
                    if type(value) is Kept:
                        result = Holder(result)
        return result

    return evaluate
