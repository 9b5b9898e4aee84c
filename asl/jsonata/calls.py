"""Calls as closures: of built-ins known when compiling, of function values, partial and chained application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl.jsonata import hof
from asl.jsonata.errors import JsonataError, crash
from asl.jsonata.functions import (
    Callable_,
    Composed,
    Lambda,
    Made,
    Native,
    Partial,
    TailCall,
    Wrapped,
    wrapped,
)
from asl.jsonata.hof import Settle
from asl.jsonata.limits import Runtime
from asl.jsonata.nodes import Node
from asl.jsonata.operators import Closure
from asl.jsonata.regex import Regex
from asl.jsonata.scopes import Scope
from asl.jsonata.sequences import LISTS, UNDEFINED, Sequence, collapse
from asl.jsonata.signature import Signature
from asl.jsonata.steps import as_it_is, kept_sequence

if TYPE_CHECKING:
    from asl.jsonata.compiler import Compiler

_MISSING = type(UNDEFINED)
_TYPES: dict[str, frozenset[type]] = {
    "s": frozenset((str, _MISSING)),
    "n": frozenset((int, float, _MISSING)),
    "b": frozenset((bool, _MISSING)),
    "o": frozenset((dict, _MISSING)),
    "a": frozenset((*LISTS, _MISSING)),
    "(oa)": frozenset((dict, *LISTS, _MISSING)),
    "(nsb)": frozenset((int, float, str, bool, _MISSING)),
}
_ITEMS = {kind: types - {_MISSING} for kind, types in _TYPES.items()}
_FUNCTIONS: frozenset[type] = frozenset((Lambda, Native, Partial, Composed, Made, Regex, Wrapped))


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


def settling(node: Node) -> Settle:
    """What becomes of the sequence that a call gives: a predicate or a grouping on the call sees it as it is,
    and so does the caller of a function that ends with the call."""
    if node.thunk or node.predicate or node.group is not None:
        return as_it_is
    return kept_sequence if node.keep_array else collapse


def own_name(proc: Callable_) -> Any:
    """A built-in's name; jsonata-js says "undefined", or what it was last called by."""
    return proc.name if isinstance(proc, Native) else UNDEFINED


def function(c: Compiler, node: Node, scope: Scope, depth: int) -> Closure:
    """A call. In tail position (`thunk`) its arguments are evaluated where the body's caller stands."""
    if node.thunk:
        depth = 0
    settle = settling(node)
    native = builtin(c, node.procedure, scope)
    name = called_name(node.procedure)
    if native is not None:
        inlined = None if node.deferred else hof.inline(c, node, scope, depth, settle)
        if inlined is not None:
            return inlined
        c.height = max(c.height, depth + 1)
        args = [c.node(argument, scope, depth + 1) for argument in node.arguments]
        params = native.signature.params
        by_context = node.thunk and len(args) < len(params) and any(param.context for param in params)
        if not node.deferred and not by_context:
            return call_native(native, args, depth, name, node.position, settle, node.thunk)
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
    native: Native,
    args: list[Closure],
    depth: int,
    name: Any,
    position: int,
    settle: Settle,
    tail: bool = False,
) -> Closure:
    invoke, validate = native.invoke, native.signature.validate
    higher = any("f" in param.kind for param in native.signature.params)
    tests = accepted(native.signature, len(args))
    if tests is not None and len(args) == 1 and not higher:
        return _call_one(native, args[0], tests[0], name, position, settle)

    def call(v: Any, f: list[Any]) -> Any:
        values = [arg(v, f) for arg in args]
        rt: Runtime = f[1]
        base = rt.depth
        rt.depth = base + depth
        try:
            if tests is None or not fits(values, tests):
                values = validate(values, v)
            if tail and higher:
                _usable(native.name, values)
            result = invoke(values, rt)
        except JsonataError as error:
            raise named(error, name, position) from None
        rt.depth = base
        return settle(result) if isinstance(result, Sequence) else result

    return call


_OVER_ITEMS = frozenset(("map", "filter", "single", "reduce", "sift", "each"))


def _usable(name: str, values: list[Any]) -> None:
    """Fail where jsonata-js cannot call what a built-in in tail position was given: see `Wrapped`."""
    subject, *others = values
    if subject is UNDEFINED or (name in _OVER_ITEMS and not subject):
        return
    if name == "sort" and len(subject) > 1 and others and type(others[0]) not in (Wrapped, Regex, _MISSING):
        raise crash("comp is not a function")
    for other in others:
        if type(other) in (Native, Partial, Made):
            raise crash(("func" if name in _OVER_ITEMS else "matcher") + ".apply is not a function")


def _call_one(native: Native, arg: Closure, test: Test, name: Any, position: int, settle: Settle) -> Closure:
    impl, validate = native.impl, native.signature.validate
    types, items = test

    def call(v: Any, f: list[Any]) -> Any:
        value = arg(v, f)
        try:
            if (types is None or type(value) in types) and (
                items is None or value is UNDEFINED or items.issuperset(map(type, value))
            ):
                result = impl(f[1], value)
            else:
                result = impl(f[1], *validate([value], v))
        except JsonataError as error:
            raise named(error, name, position) from None
        return settle(result) if isinstance(result, Sequence) else result

    return call


Test = tuple[frozenset[type] | None, frozenset[type] | None]
"""Which types of an argument (None: all), and of its items, need no validation."""


def accepted(signature: Signature, count: int) -> list[Test] | None:
    """A test for each of so many arguments; None where the signature has to be looked at in any case."""
    if not signature.simple or count > len(signature.params):
        return None
    if any(param.context or "?" not in param.suffix for param in signature.params[count:]):
        return None
    tests: list[Test] = []
    for param in signature.params[:count]:
        if param.kind in ("x", "j"):
            tests.append((None, None))
        elif param.kind == "f":
            tests.append((_FUNCTIONS, None))
        elif param.kind == "(sf)":
            tests.append((_TYPES["s"], None))
        elif param.kind in _TYPES and (param.subtype is None or param.subtype in _ITEMS):
            tests.append((_TYPES[param.kind], _ITEMS[param.subtype] if param.subtype else None))
        else:
            return None
    return tests


def fits(values: list[Any], tests: list[Test]) -> bool:
    for value, (types, items) in zip(values, tests, strict=True):
        if types is not None and type(value) not in types:
            return False
        if items is not None and value is not UNDEFINED and not items.issuperset(map(type, value)):
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
        values = [wrapped(arg(v, f)) for arg in args]
        if not isinstance(proc, Callable_):
            raise named(JsonataError("T1006", position), name, position)
        rt: Runtime = f[1]
        base = rt.depth
        rt.depth = base + depth
        try:
            result = proc.call(values, rt, v)
        except JsonataError as error:
            raise named(error, own_name(proc) if name is UNDEFINED else name, position) from None
        rt.depth = base
        return settle(result) if isinstance(result, Sequence) else result

    return call


def tail_call(procedure: Closure, args: list[Closure], name: Any, position: int) -> Closure:
    def call(v: Any, f: list[Any]) -> Any:
        proc = procedure(v, f)
        if not isinstance(proc, Callable_):
            if proc is UNDEFINED:  # jsonata-js stumbles over it
                raise crash("Cannot set properties of undefined (setting 'token')", position)
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
    settle = settling(node)
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
        try:
            result = proc.call([value], rt)
        except JsonataError as error:
            raise named(error, own_name(proc), position) from None
        rt.depth = base
        return settle(result) if isinstance(result, Sequence) else result

    return chain
