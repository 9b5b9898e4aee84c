"""Calls as closures: of built-ins known when compiling, of function values, partial and chained application."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asl.jsonata.errors import JsonataError
from asl.jsonata.functions import Callable_, Composed, Lambda, Made, Native, Partial, TailCall
from asl.jsonata.limits import Runtime
from asl.jsonata.nodes import Node
from asl.jsonata.operators import Closure
from asl.jsonata.scopes import Scope
from asl.jsonata.sequences import UNDEFINED, Built, Function, Kept, Sequence, collapse
from asl.jsonata.signature import Signature
from asl.jsonata.text import fifteen_digits

if TYPE_CHECKING:
    from asl.jsonata.compiler import Compiler

_LISTS = frozenset((list, Sequence, Kept, Built))
_TYPES: dict[str, frozenset[type]] = {
    "s": frozenset((str,)),
    "n": frozenset((int, float)),
    "b": frozenset((bool,)),
    "o": frozenset((dict,)),
    "a": _LISTS,
    "(oa)": frozenset((dict, *_LISTS)),
    "(nsb)": frozenset((int, float, str, bool)),
}
_NUMBERS = frozenset((int, float))


def called_name(procedure: Node) -> Any:
    """The name an error gives to what is called; UNDEFINED where it has none."""
    if procedure.kind == "path":
        return procedure.steps[0].value
    if procedure.kind in ("variable", "function", "partial", "string", "number", "value"):
        return procedure.value
    return UNDEFINED


def named(error: JsonataError, name: Any, position: int) -> JsonataError:
    """An error that says where the call stands and what it called, if it does not say already."""
    if error.code is not None:
        if error.position is None:
            error.position = position
        if name is not UNDEFINED:
            error.fields.setdefault("token", name)
    return error


Settle = Callable[[Any], Any]


def keep_array(value: Any) -> Any:
    """The result of a call marked with `[]`."""
    return Kept(value) if value else UNDEFINED


def function(c: Compiler, node: Node, scope: Scope, depth: int) -> Closure:
    """A call. In tail position (`thunk`) its arguments are evaluated where the body's caller stands."""
    if node.thunk:
        depth = 0
    settle = keep_array if node.keep_array else collapse
    native = builtin(c, node.procedure, scope)
    name = called_name(node.procedure)
    if native is not None:
        c.height = max(c.height, depth + 1)
        args = [c.node(argument, scope, depth + 1) for argument in node.arguments]
        params = native.signature.params
        if not (node.thunk and len(args) < len(params) and any(param.context for param in params)):
            return call_native(native, args, depth, name, node.position, settle)
        procedure: Closure = lambda v, f: native  # noqa: E731
    else:
        procedure = c.node(node.procedure, scope, depth + 1)
        args = [c.node(argument, scope, depth + 1) for argument in node.arguments]
    if node.thunk:
        return tail_call(procedure, args, name, node.position)
    hint = forgotten_dollar(c, node.procedure, scope)
    return call_value(procedure, args, depth, name, node.position, hint, settle)


def builtin(c: Compiler, procedure: Node, scope: Scope) -> Native | None:
    """The built-in that a call means, where no variable can hide it."""
    if procedure.kind != "variable" or procedure.predicate or procedure.value not in c.builtins:
        return None
    if next(scope.candidates(procedure.value), None) is not None:
        return None
    c.used.add(procedure.value)
    return c.builtins[procedure.value]


def forgotten_dollar(c: Compiler, procedure: Node, scope: Scope) -> Closure | None:
    """What `$name` means where `name(...)` is called: the remedy to tell."""
    if procedure.kind != "path":
        return None
    name = procedure.steps[0].value
    return c.variable(name, scope, bound=True) if isinstance(name, str) else None


def call_native(
    native: Native, args: list[Closure], depth: int, name: Any, position: int, settle: Settle
) -> Closure:
    impl, validate = native.impl, native.signature.validate
    params = native.signature.params
    higher = any("f" in param.kind for param in params)
    types = accepted(native.signature, len(args))
    if types is not None and len(args) == 1 and not higher:
        return _call_one(native, args[0], types[0], name, position, settle)

    def call(v: Any, f: list[Any]) -> Any:
        values = [arg(v, f) for arg in args]
        rt: Runtime = f[1]
        base = rt.depth
        rt.depth = base + depth
        try:
            if types is None or not fits(values, types):
                values = validate(values, v)
            result = impl(rt, *values)
        except JsonataError as error:
            raise named(error, name, position) from None
        rt.depth = base
        return settle(result) if isinstance(result, Sequence) else result

    return call


def _call_one(
    native: Native,
    arg: Closure,
    types: frozenset[type] | None,
    name: Any,
    position: int,
    settle: Settle,
) -> Closure:
    impl, validate = native.impl, native.signature.validate

    def call(v: Any, f: list[Any]) -> Any:
        value = arg(v, f)
        try:
            if types is None or type(value) in types:
                result = impl(f[1], value)
            else:
                result = impl(f[1], *validate([value], v))
        except JsonataError as error:
            raise named(error, name, position) from None
        return settle(result) if isinstance(result, Sequence) else result

    return call


def accepted(signature: Signature, count: int) -> list[frozenset[type] | None] | None:
    """For each of so many arguments, the types that need no validation (None: every type).

    None where the signature has to be looked at in any case.
    """
    if not signature.simple or count > len(signature.params):
        return None
    if any(param.context or "?" not in param.suffix for param in signature.params[count:]):
        return None
    types: list[frozenset[type] | None] = []
    for param in signature.params[:count]:
        if param.kind in ("x", "j"):
            types.append(None)
        elif param.kind == "f":
            types.append(frozenset())
        elif param.subtype is None and param.kind in _TYPES:
            types.append(_TYPES[param.kind])
        elif param.kind == "(sf)":
            types.append(_TYPES["s"])
        else:
            return None
    return types


def fits(values: list[Any], types: list[frozenset[type] | None]) -> bool:
    for value, kinds in zip(values, types, strict=True):
        if kinds is not None and type(value) not in kinds and not (not kinds and isinstance(value, Function)):
            return False
    return True


def call_value(
    procedure: Closure,
    args: list[Closure],
    depth: int,
    name: Any,
    position: int,
    hint: Closure | None,
    settle: Settle,
) -> Closure:
    def call(v: Any, f: list[Any]) -> Any:
        proc = procedure(v, f)
        if proc is UNDEFINED and hint is not None and hint(v, f):
            raise JsonataError("T1005", position, token=name)
        values = [arg(v, f) for arg in args]
        if not isinstance(proc, Callable_):
            raise named(JsonataError("T1006", position), name, position)
        rt: Runtime = f[1]
        base = rt.depth
        rt.depth = base + depth
        try:
            result = proc.call(values, rt, v)
        except JsonataError as error:
            raise named(error, name, position) from None
        rt.depth = base
        return settle(result) if isinstance(result, Sequence) else result

    return call


def tail_call(procedure: Closure, args: list[Closure], name: Any, position: int) -> Closure:
    def call(v: Any, f: list[Any]) -> Any:
        proc = procedure(v, f)
        if not isinstance(proc, Callable_):
            if proc is UNDEFINED:  # jsonata-js stumbles over it
                raise JsonataError(None, position, "Cannot set properties of undefined (setting 'token')")
            raise named(JsonataError("T1006", position), name, position)
        return TailCall(proc, [arg(v, f) for arg in args], name)

    return call


def partial(c: Compiler, node: Node, scope: Scope, depth: int) -> Closure:
    procedure = c.node(node.procedure, scope, depth + 1)
    hint = forgotten_dollar(c, node.procedure, scope)
    name, position = called_name(node.procedure), node.position
    holes = [index for index, arg in enumerate(node.arguments) if arg.kind == "operator"]
    args: list[Closure] = [
        (lambda v, f: UNDEFINED) if index in holes else c.node(arg, scope, depth + 1)
        for index, arg in enumerate(node.arguments)
    ]

    def apply_partially(v: Any, f: list[Any]) -> Any:
        values = [arg(v, f) for arg in args]
        proc = procedure(v, f)
        if proc is UNDEFINED and hint is not None and hint(v, f):
            raise JsonataError("T1007", position, token=name)
        if not isinstance(proc, Callable_):
            raise named(JsonataError("T1008", position), name, position)
        return Partial(proc, values, holes)

    return apply_partially


def apply(c: Compiler, node: Node, scope: Scope, depth: int) -> Closure:
    """`a ~> f`: the call of f with a as its (first) argument; of two functions, their composition."""
    left = c.node(node.lhs, scope, depth + 1)
    rhs = node.rhs
    settle = keep_array if node.keep_array else collapse
    if rhs.kind == "function" and not rhs.predicate and rhs.group is None:
        native = builtin(c, rhs.procedure, scope)
        name = called_name(rhs.procedure)
        args = [left, *(c.node(argument, scope, depth + 1) for argument in rhs.arguments)]
        if native is not None:
            return call_native(native, args, depth, name, rhs.position, settle)
        procedure = c.node(rhs.procedure, scope, depth + 1)
        hint = forgotten_dollar(c, rhs.procedure, scope)
        return call_value(procedure, args, depth, name, rhs.position, hint, settle)
    right = c.node(rhs, scope, depth + 1)
    position = node.position

    def chain(v: Any, f: list[Any]) -> Any:
        value = left(v, f)
        proc = right(v, f)
        if not isinstance(proc, Callable_):
            raise JsonataError("T2006", position, value=proc)
        if isinstance(value, Callable_):
            return Composed(value, proc)
        rt: Runtime = f[1]
        base = rt.depth
        rt.depth = base + depth
        result = proc.call([value], rt)
        rt.depth = base
        return settle(result) if isinstance(result, Sequence) else result

    return chain


# ── transforms ────────────────────────────────────────────────────────────────────────────────────

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
        raise JsonataError(None, position, text)


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


__all__ = ["Lambda", "apply", "builtin", "call_native", "clone", "function", "partial", "transform"]
