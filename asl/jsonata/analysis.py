"""What an expression reads: variables, fields of `$states`, and what the service refuses at the top level."""

from __future__ import annotations

from itertools import pairwise

from asl.jsonata.nodes import Node
from asl.jsonata.scopes import children


def states_fields(tree: Node) -> frozenset[str]:
    """Which fields of `$states` are read; `*` where it is used whole (or in a way that cannot be told)."""
    found: set[str] = set()
    stack = [tree]
    while stack:
        node = stack.pop()
        below = children(node)
        if node.kind == "path" and len(node.steps) > 1:
            first, second = node.steps[0], node.steps[1]
            if _is_states(first) and not first.predicate and second.kind == "name":
                found.add(second.value)
                below.remove(first)
        if _is_states(node):
            found.add("*")
        stack.extend(below)
    return frozenset(found)


def _is_states(node: Node) -> bool:
    return node.kind == "variable" and node.value == "states"


def reads(tree: Node, variables: frozenset[str]) -> tuple[str, ...]:
    """The data that an expression starts from, each once, in the order of the text: `$states.input.total`, `$limit`.

    Of a path these are the variable and the names after it, up to the first step that is anything more.
    `variables` are those that come from outside.
    """
    found: dict[str, None] = {}
    stack = [tree]
    while stack:
        node = stack.pop()
        below = children(node)
        if node.kind == "path" and node.steps[0].kind == "variable" and node.steps[0].value in variables:
            found[_plain_start(node.steps)] = None
            below.remove(node.steps[0])
        elif node.kind == "variable" and node.value in variables:
            found[f"${node.value}"] = None
        stack.extend(reversed(below))
    return tuple(found)


def _plain_start(steps: list[Node]) -> str:
    text = f"${steps[0].value}"
    for before, step in pairwise(steps):
        if step.kind != "name" or before.predicate or before.stages:
            break
        text += f".{step.value}" if step.value.isidentifier() else f".`{step.value}`"
    return text


def top_level(tree: Node) -> tuple[str, ...]:
    """The references to a context that does not exist: names, `$` and `$$`, each once, as written.

    Only the first step of a path sees the top level; later steps, predicates, sort terms and groupings see
    what the step before them found. The body of a function sees what its definition sees.
    """
    found: dict[str, None] = {}
    stack = [tree]
    while stack:
        node = stack.pop()
        kind = node.kind
        if kind == "name":
            found[node.value] = None
        elif kind == "variable" and node.value in ("", "$"):
            found["$" + node.value] = None
        elif kind == "path":
            stack.append(node.steps[0])
        elif kind != "transform":
            stack.extend(reversed(_evaluated_here(node)))
    return tuple(found)


def _evaluated_here(node: Node) -> list[Node]:
    """The children that see the same context as the node itself."""
    hidden = {id(stage.expr) for stages in (node.predicate, node.stages) for stage in stages or ()}
    hidden.add(id(node.group))
    return [child for child in children(node) if id(child) not in hidden]
