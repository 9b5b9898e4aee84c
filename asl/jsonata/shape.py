"""The tree as it is evaluated: paths flattened to steps, predicates to stages, parents to slots, tail calls found.

This is the language's "post-parse stage"; its rules decide what a step, a predicate and a parent belong to.
"""

from __future__ import annotations

from asl.jsonata.errors import JsonataError
from asl.jsonata.nodes import Node, Slot, Stage


def shape(tree: Node) -> Node:
    """The evaluated form of a parsed expression. JsonataError S02xx where it has no meaning."""
    result = _Shaper().node(tree)
    if result.kind == "parent" or result.seeking is not None:
        raise JsonataError("S0217", result.position, token=result.kind)
    return result


class _Shaper:
    def __init__(self) -> None:
        self.slots: list[Slot] = []

    def node(self, node: Node) -> Node:
        # Left-leaning chains (1+1+..., a.b.c...) may be long: they are walked, not recursed into.
        chain: list[Node] = []
        while node.kind == "binary":
            chain.append(node)
            node = node.lhs
        result = self.one(node)
        while chain:
            node = chain.pop()
            result = self.binary(node, result)
        return result

    def one(self, node: Node) -> Node:
        kind = node.kind
        if kind == "operator" and node.value in ("and", "or", "in"):
            node.kind = kind = "name"
        if kind == "name":
            result = Node("path", None, node.position)
            result.steps = [node]
            result.keep_singleton = node.keep_array
        elif kind == "parent":
            result = node
            result.slot = Slot(len(self.slots))
            self.slots.append(result.slot)
        elif kind in ("string", "number", "value", "wildcard", "descendant", "variable", "regex") or (
            kind == "operator" and node.value == "?"
        ):
            result = node
        else:
            result = self.compound(node)
        if node.keep_array:
            result.keep_array = True
        return result

    def compound(self, node: Node) -> Node:
        kind = node.kind
        if kind == "unary":
            return self.unary(node)
        if kind in ("function", "partial"):
            node.arguments = [self.child(node, argument) for argument in node.arguments]
            node.procedure = self.node(node.procedure)
        elif kind == "lambda":
            node.body = _tail(self.node(node.body))
        elif kind == "condition":
            node.condition = self.child(node, node.condition)
            node.then = self.child(node, node.then)
            if node.otherwise is not None:
                node.otherwise = self.child(node, node.otherwise)
        elif kind == "transform":
            node.pattern = self.node(node.pattern)
            node.update = self.node(node.update)
            if node.delete is not None:
                node.delete = self.node(node.delete)
        elif kind == "block":
            node.expressions = [self.child(node, part) for part in node.expressions]
            node.consarray = any(
                part.consarray or (part.kind == "path" and part.steps[0].consarray)
                for part in node.expressions
            )
        elif kind == "end":
            raise JsonataError("S0207", node.position, token=node.value)
        else:
            raise JsonataError("S0206", node.position, token=node.value)
        return node

    def unary(self, node: Node) -> Node:
        if node.value == "[":
            node.expressions = [self.child(node, item) for item in node.expressions]
        elif node.value == "{":
            node.pairs = [(self.child(node, key), self.child(node, value)) for key, value in node.pairs]
        else:
            operand = self.node(node.expression)
            if operand.kind == "number":  # a negative literal
                operand.value = -operand.value
                return operand
            _push_ancestry(node, operand)
            node.expression = operand
        return node

    def child(self, parent: Node, node: Node) -> Node:
        result = self.node(node)
        _push_ancestry(parent, result)
        return result

    def binary(self, node: Node, lhs: Node) -> Node:
        """`lhs` is the left side of `node`, shaped already."""
        result = self.operation(node, lhs)
        if node.keep_array:
            result.keep_array = True
        return result

    def operation(self, node: Node, lhs: Node) -> Node:
        operator = node.value
        if operator == ".":
            return self.step(lhs, self.node(node.rhs))
        if operator == "[":
            return self.predicate(node, lhs)
        if operator == "{":
            if lhs.group is not None:
                raise JsonataError("S0210", node.position)
            lhs.group = Node("group", None, node.position)
            lhs.group.pairs = [(self.node(key), self.node(value)) for key, value in node.pairs]
            return lhs
        if operator == "^":
            return self.sort(node, lhs)
        if operator == "@":
            return self.focus(node, lhs)
        if operator == "#":
            return self.index(node, lhs)
        node.lhs = lhs
        node.rhs = self.node(node.rhs)
        if operator == "~>":
            node.kind = "apply"
            node.keep_array = node.lhs.keep_array or node.rhs.keep_array
            return node
        if operator == ":=":
            node.kind = "bind"
        else:
            _push_ancestry(node, node.lhs)
        _push_ancestry(node, node.rhs)
        return node

    def step(self, lhs: Node, rest: Node) -> Node:
        result = _as_path(lhs)
        if lhs.kind == "parent" and lhs.slot:
            result.seeking = [lhs.slot]
        if rest.kind == "path":
            result.steps.extend(rest.steps)
        else:
            if rest.predicate is not None:
                rest.stages, rest.predicate = rest.predicate, None
            result.steps.append(rest)
        for step in result.steps:
            if step.kind in ("number", "value"):
                raise JsonataError("S0213", step.position, value=step.value)
            if step.kind == "string":
                step.kind = "name"
            if step.keep_array:
                result.keep_singleton = True
        for step in (result.steps[0], result.steps[-1]):
            if step.kind == "unary" and step.value == "[":
                step.consarray = True
        _resolve_ancestry(result)
        return result

    def predicate(self, node: Node, lhs: Node) -> Node:
        step = lhs.steps[-1] if lhs.kind == "path" else lhs
        if step.group is not None:
            raise JsonataError("S0209", node.position)
        predicate = self.node(node.rhs)
        if predicate.seeking is not None:
            for slot in predicate.seeking:
                if slot.level == 1:
                    _seek(step, slot)
                else:
                    slot.level -= 1
            _push_ancestry(step, predicate)
        stage = Stage(node.position, predicate)
        if lhs.kind == "path":
            step.stages = [*(step.stages or ()), stage]
        else:
            step.predicate = [*(step.predicate or ()), stage]
        return lhs

    def sort(self, node: Node, lhs: Node) -> Node:
        result = _as_path(lhs)
        step = Node("sort", "^", node.position)
        for descending, term in node.terms:
            step.terms.append((descending, self.child(step, term)))
        result.steps.append(step)
        _resolve_ancestry(result)
        return result

    def focus(self, node: Node, lhs: Node) -> Node:
        step = lhs.steps[-1] if lhs.kind == "path" else lhs
        if step.stages is not None or step.predicate is not None:
            raise JsonataError("S0215", node.position)
        if step.kind == "sort":
            raise JsonataError("S0216", node.position)
        if node.keep_array:
            step.keep_array = True
        step.focus = node.rhs.value
        step.tuple = True
        return lhs

    def index(self, node: Node, lhs: Node) -> Node:
        result = lhs
        if lhs.kind == "path":
            step = lhs.steps[-1]
        else:
            step = lhs
            result = _as_path(lhs)
            if step.predicate is not None:
                step.stages, step.predicate = step.predicate, None
        if step.stages is None:
            step.index = node.rhs.value
        else:
            step.stages = [*step.stages, Stage(node.position, index=node.rhs.value)]
        step.tuple = True
        return result


def _as_path(node: Node) -> Node:
    if node.kind == "path":
        return node
    path = Node("path", None, node.position)
    path.steps = [node]
    return path


def _tail(node: Node, deferred: bool = False) -> Node:
    """The body of a function with its calls in tail position marked, so that they need no stack.

    As in jsonata-js such a call is made when the body is done: what follows it on the way out (`{...}` and
    `[]` on the call, a predicate on a block around it: then it is `deferred`) sees a function, not its result.
    """
    deferred = deferred or bool(node.predicate) or node.group is not None or node.keep_array
    if node.kind == "function" and not node.predicate:
        node.thunk, node.deferred = True, deferred and node.group is None and not node.keep_array
        node.group, node.keep_array = None, False
    elif node.kind == "condition":
        _tail(node.then, deferred)
        if node.otherwise is not None:
            _tail(node.otherwise, deferred)
    elif node.kind == "block" and node.expressions:
        _tail(node.expressions[-1], deferred)
    return node


def _seek(node: Node, slot: Slot) -> None:
    """Walk up from `node` until the value that `slot` names is found; that step then binds it."""
    if node.kind in ("name", "wildcard"):
        slot.level -= 1
        if slot.level == 0:
            if node.ancestor is not None:
                slot.label = node.ancestor.label
            node.ancestor = slot
            node.tuple = True
    elif node.kind == "parent":
        slot.level += 1
    elif node.kind == "block":
        if node.expressions:
            node.tuple = True
            _seek(node.expressions[-1], slot)
    elif node.kind == "path":
        node.tuple = True
        index = len(node.steps) - 1
        _seek(node.steps[index], slot)
        while slot.level > 0 and index > 0:
            index -= 1
            _seek(node.steps[index], slot)
    else:
        raise JsonataError("S0217", node.position, token=node.kind)


def _push_ancestry(result: Node, value: Node) -> None:
    if value.seeking is None and value.kind != "parent":
        return
    slots = value.seeking if value.seeking is not None else []
    if value.kind == "parent" and value.slot:
        slots.append(value.slot)
    if result.seeking is None:
        result.seeking = slots
    else:
        result.seeking.extend(slots)


def _resolve_ancestry(path: Node) -> None:
    last = path.steps[-1]
    slots = last.seeking if last.seeking is not None else []
    if last.kind == "parent" and last.slot:
        slots.append(last.slot)
    for slot in slots:
        index = len(path.steps) - 2
        while slot.level > 0:
            if index < 0:
                path.seeking = [*(path.seeking or ()), slot]
                break
            step = path.steps[index]
            index -= 1
            # contiguous steps that bind the focus all look at the same value
            while index >= 0 and step.focus and path.steps[index].focus:
                step = path.steps[index]
                index -= 1
            _seek(step, slot)
