"""$map and $filter with a function written on the spot: the commonest loops, without a function value.

The function's body runs in one frame that is filled anew for each item, where nothing in the body can keep
the frame (a function, a block or a `:=` could).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asl.jsonata.functions import Code, TailCall, finish
from asl.jsonata.limits import Runtime
from asl.jsonata.nodes import Node
from asl.jsonata.operators import Closure, boolean
from asl.jsonata.scopes import Scope, children
from asl.jsonata.sequences import LISTS, UNDEFINED, Built, Function, Sequence

if TYPE_CHECKING:
    from asl.jsonata.compiler import Compiler

Settle = Callable[[Any], Any]
"""What becomes of the sequence that a call gives: it collapses, stays an array, or is left to the caller."""

_KEEPERS = frozenset(("lambda", "partial", "transform", "bind"))


def inline(c: Compiler, node: Node, scope: Scope, depth: int, settle: Settle) -> Closure | None:
    """A call of $map or $filter on an array with a lambda; None where it is called otherwise."""
    if node.procedure.value not in ("map", "filter") or len(node.arguments) != 2 or node.keep_array:
        return None
    items, function = node.arguments
    if function.kind != "lambda" or function.signature is not None or function.predicate or function.group:
        return None
    if not 1 <= len(function.arguments) <= 3 or function.keep_array:
        return None
    source = c.node(items, scope, depth + 1)
    c.height = max(c.height, depth + 1)
    code = c.code(function, scope)
    make = _map if node.procedure.value == "map" else _filter
    return make(source, code, depth, _reusable(function.body), settle)


def _reusable(body: Node) -> bool:
    stack = [body]
    while stack:
        node = stack.pop()
        if node.kind in _KEEPERS:
            return False
        stack.extend(children(node))
    return True


def _frames(code: Code, reusable: bool, items: list[Any], f: list[Any]) -> Any:
    """(item, frame) for each item."""
    params, rt = code.params, f[1]
    if reusable:
        frame = [*[f, rt, None, 0, items][: 2 + params], *code.extra]
        for index, item in enumerate(items):
            frame[2] = item
            if params > 1:
                frame[3] = index
            yield item, frame
    else:
        for index, item in enumerate(items):
            yield item, [*[f, rt, item, index, items][: 2 + params], *code.extra]


def _start(value: Any, code: Code, depth: int, rt: Runtime) -> tuple[list[Any], Closure]:
    """The items and the body to run on them, the work counted."""
    items = value if type(value) in LISTS or isinstance(value, list) else [value]
    rt.depth += depth
    rt.spend(len(items) * code.cost)
    return items, code.at_depth(rt.depth)


def _map(source: Closure, code: Code, depth: int, reusable: bool, settle: Settle) -> Closure:
    single = reusable and code.params == 1 and not code.extra

    def call(v: Any, f: list[Any]) -> Any:
        value = source(v, f)
        if value is UNDEFINED:
            return UNDEFINED
        rt: Runtime = f[1]
        base = rt.depth
        items, body = _start(value, code, depth, rt)
        out = Sequence()
        if single:
            frame = [f, rt, None]
            for frame[2] in items:
                result = body(v, frame)
                if type(result) is TailCall:
                    result = finish(result, rt)
                if result is not UNDEFINED:
                    out.append(result)
        else:
            for _, frame in _frames(code, reusable, items, f):
                result = body(v, frame)
                if type(result) is TailCall:
                    result = finish(result, rt)
                if result is not UNDEFINED:
                    out.append(result)
        rt.depth = base
        if not rt.tainted and not _PLAIN.issuperset(map(type, out)):
            rt.tainted = any(isinstance(result, Sequence | Built | Function) for result in out)
        return settle(rt.array(out))

    return call


_PLAIN = frozenset((str, int, float, bool, dict, list, type(None)))


def _filter(source: Closure, code: Code, depth: int, reusable: bool, settle: Settle) -> Closure:
    single = reusable and code.params == 1 and not code.extra

    def call(v: Any, f: list[Any]) -> Any:
        value = source(v, f)
        if value is UNDEFINED:
            return UNDEFINED
        rt: Runtime = f[1]
        base = rt.depth
        items, body = _start(value, code, depth, rt)
        out = Sequence()
        if single:
            frame = [f, rt, None]
            for frame[2] in items:
                result = body(v, frame)
                if result is True or (result is not False and _holds(result, rt)):
                    out.append(frame[2])
        else:
            for item, frame in _frames(code, reusable, items, f):
                if _holds(body(v, frame), rt):
                    out.append(item)
        rt.depth = base
        return settle(out)

    return call


def _holds(result: Any, rt: Runtime) -> bool:
    return boolean(finish(result, rt) if type(result) is TailCall else result)
