"""Transforms: `|pattern|update, delete|` as a function, and the copy of its argument that it changes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from asl.jsonata.errors import JsonataError, crash
from asl.jsonata.functions import Callable_, Made
from asl.jsonata.limits import Runtime
from asl.jsonata.nodes import Node
from asl.jsonata.operators import Closure
from asl.jsonata.scopes import Scope
from asl.jsonata.sequences import UNDEFINED, Function
from asl.jsonata.signature import Signature
from asl.jsonata.text import fifteen_digits

if TYPE_CHECKING:
    from asl.jsonata.compiler import Compiler

_TRANSFORM = Signature("<(oa):o>")


def transform(c: Compiler, node: Node, scope: Scope, depth: int) -> Closure:
    """`|pattern|update, delete|`: a function that gives its argument with the matches changed."""
    pattern = c.node(node.pattern, scope, depth + 1)
    update = c.node(node.update, scope, depth + 1)
    delete = c.node(node.delete, scope, depth + 1) if node.delete is not None else None
    clone = c.variable("clone", scope, bound=True)
    position = node.position

    def make(v: Any, f: list[Any]) -> Any:
        def transformer(rt: Runtime, args: list[Any]) -> Any:
            value = _TRANSFORM.validate(args, None)[0]
            if value is UNDEFINED:
                return UNDEFINED
            cloner = clone(v, f)
            if not isinstance(cloner, Callable_):
                raise JsonataError("T2013", position)
            result = cloner.call([value], rt)
            matches = pattern(result, f)
            if matches is UNDEFINED:
                return result
            for match in matches if isinstance(matches, list) else (matches,):
                _change(match, update(match, f), node.update.position)
                if delete is not None:
                    _delete(match, delete(match, f), node.delete.position)
            return result

        return Made(transformer)

    return make


def _change(match: Any, update: Any, position: int) -> None:
    if update is UNDEFINED:
        return
    if not isinstance(update, dict):
        raise JsonataError("T2011", position, value=update)
    if isinstance(match, dict):
        match.update(update)
    elif update and not isinstance(match, list | Function):
        kind = {str: "string", bool: "boolean"}.get(type(match), "number")
        text = f"Cannot create property '{next(iter(update))}' on {kind} '{match}'"
        raise crash(text, position)


def _delete(match: Any, names: Any, position: int) -> None:
    if names is UNDEFINED:
        return
    listed = names if isinstance(names, list) else [names]
    if not all(isinstance(name, str) for name in listed):
        raise JsonataError("T2012", position, value=names)
    if isinstance(match, dict):
        for name in listed:
            match.pop(name, None)


def clone(value: Any) -> Any:
    """A copy of a value by way of its text, as jsonata-js makes it: numbers of 15 digits, no functions."""
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items() if item is not UNDEFINED}
    if isinstance(value, list):
        return [None if item is UNDEFINED else clone(item) for item in value]
    if type(value) is float:
        if value != value:
            return None
        if not math.isfinite(value):
            raise JsonataError("D1001", value=value)
        return fifteen_digits(value)
    return "" if isinstance(value, Function) else value
