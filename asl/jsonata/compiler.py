"""The evaluated tree to closures, once per expression.

Every node becomes a closure (context, frame) -> value. What the text alone decides is settled here: which
slot a variable is, which built-in a call means, which shape of path or operand has a shorter way. The depth
of a node within its function is known here too, so that running code counts depth at calls only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from asl.jsonata import binary, calls, constructors, steps, transforms, tuples
from asl.jsonata.errors import overflow
from asl.jsonata.functions import Code, Lambda, Native
from asl.jsonata.limits import MAX_DEPTH
from asl.jsonata.nodes import Node, Stage
from asl.jsonata.operators import Closure, boolean
from asl.jsonata.regex import Pattern, Regex
from asl.jsonata.scopes import FIRST, Scope, bound_names, read_or, read_slot
from asl.jsonata.sequences import UNDEFINED, UNSET, Kept, Outer, Sequence, Tuples, collapse


class Compiler:
    """Compiles one expression. `builtins`: the functions by name, without those that a variable hides."""

    def __init__(self, builtins: Mapping[str, Native]) -> None:
        self.builtins = builtins
        self.used: set[str] = set()  # built-ins that the expression calls or names
        self.free: dict[str, None] = {}  # variables read from outside
        self.height = 0  # of the function being compiled
        self.nodes = 0
        self.guard = False  # check the depth at every node

    def whole(self, tree: Node) -> Compiled:
        root = Scope(None, [], bound_names([tree]), function=False)
        self.root = root
        body = self.node(tree, root, 1)
        free = tuple((root.slots[name], name) for name in self.free)
        compiled = Compiled(body, self.height, free, (UNSET,) * (root.size - FIRST))
        if self.height > MAX_DEPTH:
            self.guard = True
            compiled.body = self.node(tree, root, 1)
        return compiled

    # ── one node ──────────────────────────────────────────────────────────────────────────────────

    def node(self, node: Node, scope: Scope, depth: int) -> Closure:
        """The closure of a node that is evaluated `depth` deep in its function."""
        self.nodes += 1
        self.height = max(self.height, depth)
        if depth > MAX_DEPTH:
            return _overflow
        closure: Closure = getattr(self, f"_{node.kind}")(node, scope, depth)
        if node.predicate:
            if node.tuple:
                stages = tuples.predicates(self, node, scope, depth + 1)
            else:
                stages = [self.stage(stage, scope, depth + 1) for stage in node.predicate]
            for stage in stages:
                closure = _after(closure, stage)
            if node.group is None:
                closure = collapsing(closure, node.keep_array)
        elif node.keep_array and node.kind not in ("path", "sort", "function", "apply"):
            closure = collapsing(closure, True)
        if node.group is not None and node.kind != "path":
            closure = tuples.grouped(self, closure, node.group, scope, depth + 1)
        return guarded(closure, depth) if self.guard else closure

    def stage(self, stage: Stage, scope: Scope, depth: int) -> Closure:
        """A predicate as a function of (value, frame)."""
        assert stage.expr is not None
        if stage.expr.kind == "number":
            return steps.at_index(stage.expr.value)
        before = self.nodes
        predicate = self.node(stage.expr, scope, depth)
        return steps.filtered(predicate, self.nodes - before)

    # ── values ────────────────────────────────────────────────────────────────────────────────────

    def _literal(self, node: Node, scope: Scope, depth: int) -> Closure:
        value = node.value
        return lambda v, f: value

    _string = _number = _value = _literal

    def _regex(self, node: Node, scope: Scope, depth: int) -> Closure:
        pattern: Pattern = node.value
        regex = Regex(pattern)
        return lambda v, f: regex

    def _wildcard(self, node: Node, scope: Scope, depth: int) -> Closure:
        if node.predicate or node.group is not None or node.keep_array:
            return steps.wildcard
        return collapsing(steps.wildcard, False)

    def _descendant(self, node: Node, scope: Scope, depth: int) -> Closure:
        return steps.descendants

    def _parent(self, node: Node, scope: Scope, depth: int) -> Closure:
        assert node.slot is not None
        return self.variable(node.slot.label, scope, bound=True)

    def _variable(self, node: Node, scope: Scope, depth: int) -> Closure:
        if node.value == "":
            return _context
        if node.value == "$":
            return _root
        return self.variable(node.value, scope)

    def variable(self, name: str, scope: Scope, bound: bool = False) -> Closure:
        """Reading a variable: a slot; where that may be unset, what the name means further out.

        `bound`: the name is the parser's own, so it never means a variable from outside.
        """
        reads: list[tuple[Closure, bool]] = []
        for hops, slot, sure, available in scope.candidates(name):
            bound = bound or available
            reads.append((read_slot(hops, slot, name not in self.free), sure))
        if reads and reads[-1][1]:
            closure = reads.pop()[0]
        elif name in self.builtins:
            self.used.add(name)
            native = self.builtins[name]
            closure = lambda v, f: native  # noqa: E731
        elif bound:
            closure = lambda v, f: f[1].bindings.get(name, UNDEFINED)  # noqa: E731
        else:
            closure = self.outside(name, scope)
        for read, _ in reversed(reads):
            closure = read_or(read, closure)
        return closure

    def outside(self, name: str, scope: Scope) -> Closure:
        """A variable of the workflow, put into the root frame before the evaluation starts."""
        self.free[name] = None
        self.root.sure.add(name)
        slot = self.root.add(name)
        hops = 0
        while scope.parent is not None:
            hops += 1
            scope = scope.parent
        return read_slot(hops, slot, False)

    # ── control ───────────────────────────────────────────────────────────────────────────────────

    def _bind(self, node: Node, scope: Scope, depth: int) -> Closure:
        value = self.node(node.rhs, scope, depth + 1)
        slot = scope.add(node.lhs.value)
        scope.seen.add(node.lhs.value)

        def bind(v: Any, f: list[Any]) -> Any:
            result = f[slot] = value(v, f)
            return collapse(result) if type(result) is Sequence else result

        return bind

    def _block(self, node: Node, scope: Scope, depth: int) -> Closure:
        names = bound_names(node.expressions)
        inner = Scope(scope, [], names, function=False) if names else scope
        parts = [self.node(part, inner, depth + 1) for part in node.expressions]
        if not parts:
            return lambda v, f: UNDEFINED
        *leading, last = parts
        if _may_give_sequence(node.expressions[-1]):
            last = collapsing(last, False)
        if inner is scope:
            if not leading:
                return last

            def sequence(v: Any, f: list[Any]) -> Any:
                for part in leading:
                    part(v, f)
                return last(v, f)

            return sequence
        extra = inner.extra

        def block(v: Any, f: list[Any]) -> Any:
            frame = [f, f[1], *extra]
            for part in leading:
                part(v, frame)
            return last(v, frame)

        return block

    def _condition(self, node: Node, scope: Scope, depth: int) -> Closure:
        test = self.node(node.condition, scope, depth + 1)
        then = self.node(node.then, scope, depth + 1)
        if _may_give_sequence(node.then):
            then = collapsing(then, False)
        if node.otherwise is None:
            return lambda v, f: then(v, f) if boolean(test(v, f)) else UNDEFINED
        otherwise = self.node(node.otherwise, scope, depth + 1)
        if _may_give_sequence(node.otherwise):
            otherwise = collapsing(otherwise, False)

        def condition(v: Any, f: list[Any]) -> Any:
            result = test(v, f)
            if result is True or (result is not False and boolean(result)):
                return then(v, f)
            return otherwise(v, f)

        return condition

    # ── operators and constructors ────────────────────────────────────────────────────────────────

    def _binary(self, node: Node, scope: Scope, depth: int) -> Closure:
        return binary.binary(self, node, scope, depth)

    def _unary(self, node: Node, scope: Scope, depth: int) -> Closure:
        if node.value == "[":
            return constructors.array(self, node, scope, depth)
        if node.value == "{":
            return constructors.object(self, node, scope, depth)
        return binary.minus(self, node, scope, depth)

    # ── paths ─────────────────────────────────────────────────────────────────────────────────────

    def _path(self, node: Node, scope: Scope, depth: int) -> Closure:
        if any(step.tuple for step in node.steps):
            return tuples.tuple_path(self, node, scope, depth)
        closure = self.plain_path(node, scope, depth)
        if node.group is not None:
            return tuples.grouped(self, closure, node.group, scope, depth + 1)
        return closure

    def plain_path(self, node: Node, scope: Scope, depth: int) -> Closure:
        first, *rest = node.steps
        keep = node.keep_singleton or node.keep_array or node.group is not None
        if not keep and all(_plain_name(step) for step in rest):
            keys = tuple(step.value for step in rest)
            short = self.short_path(first, keys, scope, depth)
            if short is not None:
                return short
        constructor = None
        made = list(node.steps)
        if first.consarray:
            constructor = self.node(first, scope, depth + 1)
            made = rest
        compiled = [
            self.step(step, scope, depth + 1, last=index == len(made) - 1) for index, step in enumerate(made)
        ]
        settle: Callable[[Any], Any] = collapse
        if node.keep_singleton:
            settle = steps.kept
        elif node.group is not None:
            settle = steps.as_it_is
        elif node.keep_array:
            settle = steps.kept_sequence
        return steps.path(compiled, first.kind == "variable", constructor, settle)

    def short_path(self, first: Node, keys: tuple[str, ...], scope: Scope, depth: int) -> Closure | None:
        """`$v.a.b`, `a.b`, `(...).a`: a path of names, where the first step maps over nothing."""
        if first.stages or first.group is not None:
            return None
        self.height = max(self.height, depth + 1)
        if depth + 1 > MAX_DEPTH:
            return None
        self.nodes += len(keys)
        if first.kind == "name":
            if first.predicate:
                return None
            start = steps.context_name(first.value)
            return steps.names(start, keys) if keys else start
        if first.kind != "variable" or not keys:
            return None
        if not first.predicate and len(keys) == 1:
            found = next(scope.candidates(first.value), None) if first.value else None
            if found is not None and found[0] == 0 and found[2]:
                return steps.slot_name(found[1], keys[0])
        return steps.names(self.node(first, scope, depth + 1), keys)

    def step(self, node: Node, scope: Scope, depth: int, last: bool) -> steps.Step:
        if node.kind == "sort":
            return tuples.sort_step(self, node, scope, depth)
        if _plain_name(node):
            key = node.value
            self.height = max(self.height, depth)
            if depth <= MAX_DEPTH:
                return lambda items, f: steps.name_step(items, key, last, f[1])
        before = self.nodes
        item = self.node(node, scope, depth)
        if node.stages:
            item = steps.staged(item, [self.stage(stage, scope, depth) for stage in node.stages])
        return steps.mapped(item, last, self.nodes - before)

    def _name(self, node: Node, scope: Scope, depth: int) -> Closure:
        return steps.context_name(node.value)

    # ── functions ─────────────────────────────────────────────────────────────────────────────────

    def _lambda(self, node: Node, scope: Scope, depth: int) -> Closure:
        code = self.code(node, scope)
        return lambda v, f: Lambda(code, v, f)

    def code(self, node: Node, scope: Scope) -> Code:
        """A lambda's body, compiled in a scope of its own."""
        params = [argument.value for argument in node.arguments]
        inner = Scope(scope, params, bound_names([node.body]), function=True)
        code = Code(len(params), node.signature)
        outer_height, before, guard = self.height, self.nodes, self.guard
        self.height, self.guard = 0, False
        code.body = self.node(node.body, inner, 1)
        code.height, code.cost = self.height, 6 + self.nodes - before
        code.extra = inner.extra
        self.height, self.guard = outer_height, guard

        def checked() -> Closure:
            compiler = copy(self)  # another thread may be compiling, too
            compiler.guard = True
            return compiler.node(node.body, inner, 1)

        code.checked = checked
        return code

    def _function(self, node: Node, scope: Scope, depth: int) -> Closure:
        return calls.function(self, node, scope, depth)

    def _partial(self, node: Node, scope: Scope, depth: int) -> Closure:
        return calls.partial(self, node, scope, depth)

    def _apply(self, node: Node, scope: Scope, depth: int) -> Closure:
        return calls.apply(self, node, scope, depth)

    def _transform(self, node: Node, scope: Scope, depth: int) -> Closure:
        return transforms.transform(self, node, scope, depth)


class Compiled:
    """The closure of an expression, and its root frame: `free` says which variable goes into which slot."""

    __slots__ = ("body", "extra", "free", "height")

    def __init__(
        self, body: Closure, height: int, free: tuple[tuple[int, str], ...], extra: tuple[Any, ...]
    ) -> None:
        self.body = body
        self.height = height
        self.free = free
        self.extra = extra


def _plain_name(step: Node) -> bool:
    return step.kind == "name" and not step.stages and not step.predicate and step.group is None


def _after(first: Closure, then: Closure) -> Closure:
    return lambda v, f: then(first(v, f), f)


def _context(v: Any, f: list[Any]) -> Any:
    if isinstance(v, Sequence):
        return v[0] if type(v) is Outer else collapse(v)
    return v


def _root(v: Any, f: list[Any]) -> Any:
    return f[1].root


def _overflow(v: Any, f: list[Any]) -> Any:
    raise overflow()


def guarded(closure: Closure, depth: int) -> Closure:
    """A node near the depth limit: it checks where it is."""

    def check(v: Any, f: list[Any]) -> Any:
        if f[1].depth + depth > MAX_DEPTH:
            raise overflow()
        return closure(v, f)

    return check


def _may_give_sequence(node: Node) -> bool:
    """Whether a node's value may be a sequence of one, found in a sequence that has collapsed already.

    A call in tail position may not: what it gives is the caller's to collapse.
    """
    return node.kind in ("function", "apply") and not node.thunk


def collapsing(closure: Closure, keep: bool) -> Closure:
    """A node whose result may be a sequence; `keep`: marked with `[]`."""
    if not keep:
        return lambda v, f: collapse(closure(v, f))

    def kept(v: Any, f: list[Any]) -> Any:
        value = closure(v, f)
        if isinstance(value, Sequence) and not isinstance(value, Tuples):
            return Kept(value) if value else UNDEFINED
        return value

    return kept
