"""Paths that bind variables (`@$v`, `#$i`, `%`), grouping and ordering: what works on streams of tuples.

A tuple is one item of such a path: a dict of `@`, the item itself, and the variables bound on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asl.jsonata import steps
from asl.jsonata.errors import JsonataError, crash
from asl.jsonata.limits import Runtime
from asl.jsonata.nodes import Node
from asl.jsonata.operators import Closure
from asl.jsonata.scopes import Scope, bound_names, tuple_names
from asl.jsonata.sequences import UNDEFINED, UNSET, Built, Function, Holder, Kept, Sequence, Tuples, collapse

if TYPE_CHECKING:
    from asl.jsonata.compiler import Compiler

_ITEM = "@"


class Framer:
    """Makes the frame that holds a tuple's variables."""

    def __init__(self, scope: Scope, names: list[str]) -> None:
        self.scope = scope
        self.names = names

    def frame(self, f: list[Any], item: dict[str, Any]) -> list[Any]:
        more = (UNSET,) * (self.scope.size - 2 - len(self.names))
        return [f, f[1], *(item.get(name, UNSET) for name in self.names), *more]


def _framer(node: Node, scope: Scope) -> Framer:
    names = tuple_names(node)
    inner = Scope(scope, [], [*names, *bound_names([node])], function=False)
    inner.seen.update(names)
    return Framer(inner, names)


# ── grouping ──────────────────────────────────────────────────────────────────────────────────────


def grouped(c: Compiler, closure: Closure, group: Node, scope: Scope, depth: int) -> Closure:
    """`expression{key: value}`: the results of the expression, grouped by key."""
    make = grouping(c, group, scope, depth)
    return lambda v, f: make(closure(v, f), f)


def grouping(
    c: Compiler, group: Node, scope: Scope, depth: int, framer: Framer | None = None
) -> Callable[[Any, list[Any]], Any]:
    """The function (value, frame) -> object that a group or object constructor stands for."""
    inner = framer.scope if framer else scope
    pairs = [(c.node(key, inner, depth), c.node(value, inner, depth)) for key, value in group.pairs]
    position = group.position
    weight = 2 * len(pairs) + 1

    def evaluate(value: Any, f: list[Any]) -> Any:
        rt: Runtime = f[1]
        reduce = type(value) is Tuples
        items = value if isinstance(value, list) else [value]
        if reduce and not items:  # jsonata-js stumbles over it
            raise crash("Cannot read properties of undefined (reading '@')", position)
        rt.spend(len(items) * weight)
        blank = framer.frame(f, {}) if framer else f
        groups: dict[str, tuple[int, list[Any]]] = {}
        for item in items or [UNDEFINED]:
            env = framer.frame(f, item) if framer and reduce else blank
            context = item[_ITEM] if reduce else item
            for index, (key_of, _) in enumerate(pairs):
                key = key_of(context, env)
                if key is UNDEFINED:
                    continue
                if type(key) is not str:
                    raise JsonataError("T1003", position, value=key)
                entry = groups.get(key)
                if entry is None:
                    groups[key] = (index, [item])
                elif entry[0] != index:
                    raise JsonataError("D1009", position, value=key)
                else:
                    entry[1].append(item)
        result: dict[str, Any] = {}
        for key, (index, members) in groups.items():
            env = blank
            if reduce:
                context, variables = _reduced(members)
                env = framer.frame(f, variables) if framer else f
            else:
                context = members[0] if len(members) == 1 else _appended(members)
            found = pairs[index][1](context, env)
            if found is not UNDEFINED:
                result[key] = found
                if isinstance(found, Sequence | Built | Function):
                    rt.tainted = True
                    if type(found) is Kept:
                        result = Holder(result)
        return result

    return evaluate


def _appended(members: list[Any]) -> list[Any]:
    """The items of one group as one array."""
    data: list[Any] = []
    for member in members:
        if isinstance(member, list):
            data.extend(member)
        elif member is not UNDEFINED:
            data.append(member)
    return data


def _reduced(members: list[dict[str, Any]]) -> tuple[Any, dict[str, Any]]:
    """The tuples of one group as one: (the items, the variables).

    A single tuple loses its item here, so that a second group that it is in has none: so does jsonata-js.
    """
    if len(members) == 1:
        return members[0].pop(_ITEM, UNDEFINED), members[0]
    merged: dict[str, list[Any]] = {name: [value] for name, value in members[0].items()}
    for member in members[1:]:
        for name, value in member.items():
            merged.setdefault(name, []).append(value)
    variables = {name: _appended(values) for name, values in merged.items()}
    return variables.pop(_ITEM, UNDEFINED), variables


# ── ordering ──────────────────────────────────────────────────────────────────────────────────────


def sort_step(c: Compiler, node: Node, scope: Scope, depth: int) -> steps.Step:
    """`^(term, >term)` on plain items."""
    sort = sorter(c, node, scope, depth)
    stages = [c.stage(stage, scope, depth) for stage in node.stages or ()]

    def step(items: list[Any], f: list[Any]) -> list[Any]:
        result: list[Any] = sort(items, f)
        for stage in stages:
            result = stage(result, f)
        return result

    return step


def sorter(
    c: Compiler, node: Node, scope: Scope, depth: int, framer: Framer | None = None
) -> Callable[[list[Any], list[Any]], Any]:
    inner = framer.scope if framer else scope
    terms = [c.node(term, inner, depth) for _, term in node.terms]
    descending = [down for down, _ in node.terms]
    position = node.position

    def sort(items: list[Any], f: list[Any]) -> Any:
        if len(items) <= 1:
            return items
        rt: Runtime = f[1]
        rt.spend(len(items) * (4 + 2 * len(terms)))
        if type(items) is Tuples:
            frames = [framer.frame(f, item) if framer else f for item in items]
            keys = [[term(i[_ITEM], g) for i, g in zip(items, frames, strict=True)] for term in terms]
        else:
            blank = framer.frame(f, {}) if framer else f
            keys = [[term(item, blank) for item in items] for term in terms]
        try:
            return steps.in_order(items, keys, descending)
        except JsonataError as error:
            error.position = position
            raise

    return sort


# ── paths ─────────────────────────────────────────────────────────────────────────────────────────

TupleStep = Callable[[Any, list[Any], list[Any]], Any]
"""(tuples so far or None, items of the step before, frame) -> tuples."""


def tuple_path(c: Compiler, node: Node, scope: Scope, depth: int) -> Closure:
    """A path of which some step binds a variable: from that step on it yields tuples."""
    first_tuple = next(index for index, step in enumerate(node.steps) if step.tuple)
    framer = _framer(node, scope)
    count = len(node.steps)
    plain: list[steps.Step] = []
    constructor: Closure | None = None
    for index, step in enumerate(node.steps[:first_tuple]):
        if index == 0 and step.consarray:
            constructor = c.node(step, scope, depth + 1)
        else:
            plain.append(c.step(step, scope, depth + 1, last=index == count - 1))
    bound = [tuple_step(c, step, framer, depth + 1) for step in node.steps[first_tuple:]]
    group = grouping(c, node.group, scope, depth + 1, framer) if node.group else None
    plain_group = grouping(c, node.group, scope, depth + 1) if node.group else None
    absolute = node.steps[0].kind == "variable"
    keep, streams = node.keep_singleton or node.keep_array, node.tuple

    def evaluate(v: Any, f: list[Any]) -> Any:
        items: Any = v if isinstance(v, list) and not absolute else Sequence((v,))
        if constructor is not None:
            items = constructor(items, f)
        if constructor is None or items:
            for step in plain:
                items = step(items, f)
                if not items:
                    break
        if first_tuple and not items:  # nothing reaches the step that binds
            if plain_group is not None:
                return plain_group(items, f)
            return steps.kept(items) if keep else collapse(items)
        found: Any = None
        for bind in bound:
            found = bind(found, items, f)
        if group is not None:
            return group(found, f)
        if streams:
            return found
        result = Sequence(item[_ITEM] for item in found)
        rt: Runtime = f[1]
        rt.array(result)
        return steps.kept(result) if keep else collapse(result)

    return evaluate


def tuple_step(c: Compiler, node: Node, framer: Framer, depth: int) -> TupleStep:
    outer = framer.scope.parent
    assert outer is not None
    stages: list[tuple[str | None, Closure | None]] = [
        (stage.index, None if stage.expr is None else tuple_filter(c, stage.expr, framer, depth))
        for stage in node.stages or ()
    ]

    def staged(result: Any, f: list[Any]) -> Any:
        for name, stage in stages:
            if stage is not None:
                result = stage(result, f)
            else:
                for position, item in enumerate(result):
                    item[name] = position
        return result

    if node.kind == "sort":
        sort = sorter(c, node, outer, depth, framer)

        def order(found: Any, items: list[Any], f: list[Any]) -> Any:
            if found is not None:
                return staged(sort(found, f), f)
            result = Tuples()
            for position, item in enumerate(sort(items, f)):
                result.append({_ITEM: item, **({node.index: position} if node.index else {})})
            return staged(result, f)

        return order

    before = c.nodes
    step = c.node(node, framer.scope, depth)
    weight = 4 + c.nodes - before
    focus, index = node.focus, node.index
    ancestor = node.ancestor

    def bind(found: Any, items: list[Any], f: list[Any]) -> Any:
        rt: Runtime = f[1]
        label = ancestor.label if ancestor else None
        tuples = [{_ITEM: item} for item in items] if found is None else found
        rt.spend(len(tuples) * weight)
        result = Tuples()
        for item in tuples:
            context = item.get(_ITEM, UNDEFINED)
            values = step(context, framer.frame(f, item))
            if values is UNDEFINED:
                continue
            if not isinstance(values, list):
                values = (values,)
            streamed = type(values) is Tuples
            for position, value in enumerate(values):
                if streamed:
                    made = {**item, **value}
                else:
                    made = dict(item)
                    if focus is not None:
                        made[focus] = value
                    else:
                        made[_ITEM] = value
                    if index is not None:
                        made[index] = position
                    if label is not None:
                        made[label] = context
                result.append(made)
        rt.array(result)
        return staged(result, f)

    return bind


def predicates(c: Compiler, node: Node, scope: Scope, depth: int) -> list[Closure]:
    """The predicates of a block whose last path yields tuples."""
    framer = _framer(node, scope)
    return [tuple_filter(c, stage.expr, framer, depth) for stage in node.predicate or () if stage.expr]


def tuple_filter(c: Compiler, predicate: Node, framer: Framer, depth: int) -> Closure:
    """A predicate on tuples: it sees the item as context and the tuple's variables."""
    if predicate.kind == "number":
        return steps.at_index(predicate.value)
    test = c.node(predicate, framer.scope, depth)

    def evaluate(value: Any, f: list[Any]) -> Any:
        items = value if isinstance(value, list) else [value]
        size = len(items)
        rt: Runtime = f[1]
        rt.spend(size * 4)
        streamed = type(items) is Tuples
        blank = framer.frame(f, {})
        results: Any = Tuples() if streamed else Sequence()
        for index, item in enumerate(items):
            result = test(item[_ITEM], framer.frame(f, item)) if streamed else test(item, blank)
            results.extend([item] * steps.chosen(result, index, size))
        return results

    return evaluate
