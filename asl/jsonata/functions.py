"""Function values: lambdas with their closures, built-ins, partial applications, compositions, tail calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asl.jsonata.errors import JsonataError, crash, overflow
from asl.jsonata.limits import MAX_DEPTH, Runtime
from asl.jsonata.operators import Closure
from asl.jsonata.sequences import UNDEFINED, Function, collapse
from asl.jsonata.signature import Signature


class Callable_(Function):
    """A function that can be called."""

    __slots__ = ()

    def call(self, args: list[Any], rt: Runtime, context: Any = None) -> Any:
        """Apply to the arguments; `context` stands in for a missing one where the signature says so."""
        raise NotImplementedError


class Code:
    """A lambda's compiled body. `height`: how deep its evaluation nests; `cost`: its units of work.

    `checked` compiles the body once more with a depth check at every node; it is only asked for where the
    limit is near, so that bodies far from it run without.
    """

    __slots__ = (
        "body",
        "checked",
        "cost",
        "extra",
        "guarded",
        "height",
        "params",
        "signature",
    )

    def __init__(self, params: int, signature: Signature | None) -> None:
        self.params = params
        self.signature = signature
        self.body: Closure
        self.guarded: Closure | None = None
        self.checked: Callable[[], Closure]
        self.height = 0
        self.cost = 1
        self.extra: tuple[Any, ...] = ()

    def at_depth(self, depth: int) -> Closure:
        """The body to run at this depth."""
        if depth + self.height <= MAX_DEPTH:
            return self.body
        if depth >= MAX_DEPTH:
            raise overflow()
        if self.guarded is None:
            self.guarded = self.checked()
        return self.guarded


class TailCall(Function):
    """What a body gives whose last act is a call: the caller makes it, so that the stack does not grow."""

    __slots__ = ("args", "name", "proc")

    def __init__(self, proc: Callable_, args: list[Any], name: Any) -> None:
        self.proc = proc
        self.args = args
        self.name = name


class Lambda(Callable_):
    """`function(...){...}` with the frame and the context it was made in."""

    __slots__ = ("arity", "code", "env", "input")

    def __init__(self, code: Code, input: Any, env: list[Any]) -> None:
        self.code = code
        self.input = input
        self.env = env
        self.arity = code.params

    def call(self, args: list[Any], rt: Runtime, context: Any = None) -> Any:
        proc: Lambda = self
        while True:
            code = proc.code
            if code.signature is not None:
                args = code.signature.validate(args, context)
            rt.fuel -= code.cost
            if rt.fuel < 0:
                rt.spend(0)
            count = len(args)
            if count < code.params:
                args = [*args, *[UNDEFINED] * (code.params - count)]
            elif count > code.params:
                args = args[: code.params]
            result = code.at_depth(rt.depth)(proc.input, [proc.env, rt, *args, *code.extra])
            if type(result) is not TailCall:
                return result
            following, args = unwrapped(result.proc), result.args
            if type(following) is not Lambda:
                return finish(result, rt, context)
            proc = following


def finish(tail: TailCall, rt: Runtime, context: Any = None) -> Any:
    """Make the call that a body ended with. Its result is not collapsed: that is the caller's to do."""
    try:
        return tail.proc.call(tail.args, rt, context)
    except JsonataError as error:
        error.fields.setdefault("token", tail.name)
        raise


Implementation = Callable[..., Any]


class Native(Callable_):
    """A built-in function. `impl` takes the Runtime first and then the validated arguments."""

    __slots__ = ("arity", "impl", "name", "signature")

    def __init__(self, name: str, impl: Implementation, signature: str, arity: int) -> None:
        self.name = name
        self.impl = impl
        self.signature = Signature(signature)
        self.arity = arity

    def call(self, args: list[Any], rt: Runtime, context: Any = None) -> Any:
        return self.invoke(self.signature.validate(args, context), rt)

    def invoke(self, args: list[Any], rt: Runtime) -> Any:
        """Apply to arguments that may hold nothing where the function needs something."""
        try:
            return self.impl(rt, *args)
        except (AttributeError, TypeError):
            if not any(arg is UNDEFINED for arg in args):
                raise
            raise crash("Cannot read properties of undefined") from None


class Partial(Callable_):
    """A function with some arguments given: `$f(?, 1)`."""

    __slots__ = ("args", "arity", "holes", "proc")

    def __init__(self, proc: Callable_, args: list[Any], holes: list[int]) -> None:
        self.proc = proc
        self.args = args
        self.holes = holes
        self.arity = len(holes)

    def call(self, args: list[Any], rt: Runtime, context: Any = None) -> Any:
        full = list(self.args)
        for index, hole in enumerate(self.holes):
            full[hole] = args[index] if index < len(args) else UNDEFINED
        return self.proc.call(full, rt, context)


class Composed(Callable_):
    """`f ~> g`: the function that applies f, then g."""

    __slots__ = ("first", "second")

    def __init__(self, first: Callable_, second: Callable_) -> None:
        self.first = first
        self.second = second

    def call(self, args: list[Any], rt: Runtime, context: Any = None) -> Any:
        name = "f"  # as jsonata-js calls them in the function that it makes of them
        try:
            value = collapse(self.first.call(args[:1] or [UNDEFINED], rt, context))
            name = "g"
            return self.second.call([value], rt, context)
        except JsonataError as error:
            error.fields.setdefault("token", name)
            raise


class Wrapped(Callable_):
    """A function handed on as an argument. jsonata-js wraps it in a JavaScript function, and needs that:
    where it forgets to, in a call in tail position, its own functions cannot call what they were given.
    """

    __slots__ = ("arity", "func")

    def __init__(self, func: Callable_) -> None:
        self.func = func
        self.arity = func.arity

    def call(self, args: list[Any], rt: Runtime, context: Any = None) -> Any:
        return self.func.call(args, rt)


def wrapped(value: Any) -> Any:
    """An argument as a function receives it."""
    return Wrapped(value) if isinstance(value, Callable_) and type(value) is not Wrapped else value


def unwrapped(func: Callable_) -> Callable_:
    return func.func if type(func) is Wrapped else func


class Made(Callable_):
    """A function made by another one: a transform, the `next` of a match."""

    __slots__ = ("arity", "impl")

    def __init__(self, impl: Callable[[Runtime, list[Any]], Any], arity: int = 1) -> None:
        self.impl = impl
        self.arity = arity

    def call(self, args: list[Any], rt: Runtime, context: Any = None) -> Any:
        return self.impl(rt, args)
