"""The workloads: state machines of a known output, at any size.

Each is made by a function of its size `n`; `make("W3", scale=0.01)` gives a hundredth of the full size. W8 is
not here: it is a cold start, see `cold`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]

NOOP = "arn:aws:lambda:us-east-1:123456789012:function:noop"
ANSWER = {"ok": True}
"""What the no-op function gives."""


@dataclass(frozen=True)
class Workload:
    """A machine, its input, and what must come out.

    `transitions` counts the states entered in all executions, those in branches and iterations too. With more
    than one of the `executions`, each gets the input with its own number as `id`, and `output` is the last one's.
    """

    id: str
    title: str
    n: int
    definition: Document
    input: Document
    output: Any
    transitions: int
    executions: int = 1
    tasks: dict[str, Any] = field(default_factory=dict)

    def inputs(self) -> list[Document]:
        """The input of each execution."""
        if self.executions == 1:
            return [self.input]
        return [{**self.input, "id": number} for number in range(self.executions)]


def line(states: list[tuple[str, Document]]) -> Document:
    """A machine of states one after the other."""
    names = [name for name, _ in states]
    follow = [{"Next": name} for name in names[1:]] + [{"End": True}]
    return {
        "StartAt": names[0],
        "States": {name: {**state, **then} for (name, state), then in zip(states, follow, strict=True)},
    }


def loop(n: int, first: str, body: Document) -> Document:
    """A machine that runs its body from `first` until `$.i` has come to `n`; the body leads back to Check."""
    again = {"Variable": "$.i", "NumericLessThan": n, "Next": first}
    check = {"Type": "Choice", "Choices": [again], "Default": "Done"}
    return {"StartAt": "Check", "States": {"Check": check, **body, "Done": {"Type": "Succeed"}}}


def increment(**more: str) -> Document:
    """The state that counts a loop up and makes a new document."""
    parameters = {"i.$": "States.MathAdd($.i, 1)", **more}
    return {"Type": "Pass", "Parameters": parameters, "Next": "Check"}


def each(processor: Document) -> Document:
    """A machine of one inline Map over `$.items` whose output is the array of results."""
    state = {
        "Type": "Map",
        "ItemsPath": "$.items",
        "MaxConcurrency": 0,
        "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **processor},
        "ResultPath": "$.out",
        "OutputPath": "$.out",
    }
    return line([("Each", state)])


ABOUT = {"name": "bench", "owner": {"team": "platform", "mail": "bench@example.org"}, "tags": ["a", "b", "c"]}


def _chain(n: int, state: Callable[[int], Document]) -> dict[str, Any]:
    return {
        "definition": line([(f"S{i}", state(i)) for i in range(n)]),
        "input": {"meta": ABOUT, "acc": {"i": -1}},
        "output": {"meta": ABOUT, "acc": {"i": n - 1, "prev": n - 2, "name": "bench"}},
        "transitions": n,
    }


def static_results(n: int) -> dict[str, Any]:
    """Pass states, each with a Result of its own at a ResultPath."""

    def state(i: int) -> Document:
        return {"Type": "Pass", "Result": {"i": i, "prev": i - 1, "name": "bench"}, "ResultPath": "$.acc"}

    return _chain(n, state)


def parameters(n: int) -> dict[str, Any]:
    """Pass states, each with three Parameters and a ResultPath."""

    def state(i: int) -> Document:
        made = {"i": i, "prev.$": "$.acc.i", "name.$": "$.meta.name"}
        return {"Type": "Pass", "Parameters": made, "ResultPath": "$.acc"}

    return _chain(n, state)


def counting(n: int) -> dict[str, Any]:
    """A loop of Choice and Pass that counts with States.MathAdd."""
    return {
        "definition": loop(n, "Inc", {"Inc": increment(**{"tag.$": "$.tag"})}),
        "input": {"i": 0, "tag": "loop"},
        "output": {"i": n, "tag": "loop"},
        "transitions": 2 * n + 2,
    }


def routing_map(n: int) -> dict[str, Any]:
    """An inline Map with two Pass states and a Choice for each item."""
    values = [7919 * k % 100 for k in range(n)]

    def named(kind: str) -> Document:
        return {"Type": "Pass", "Result": kind, "ResultPath": "$.kind", "OutputPath": "$.kind", "End": True}

    over = {"Variable": "$.w", "NumericGreaterThan": 50, "Next": "High"}
    prepared = {"v.$": "$.v", "w.$": "States.MathAdd($.v, 1)"}
    processor = {
        "StartAt": "Prep",
        "States": {
            "Prep": {"Type": "Pass", "Parameters": prepared, "Next": "Route"},
            "Route": {"Type": "Choice", "Choices": [over], "Default": "Low"},
            "High": named("high"),
            "Low": named("low"),
        },
    }
    return {
        "definition": each(processor),
        "input": {"items": [{"v": v} for v in values]},
        "output": ["high" if v >= 50 else "low" for v in values],
        "transitions": 1 + 3 * n,
    }


BRANCHES, DEPTH = 10, 20


def parallel_loop(n: int) -> dict[str, Any]:
    """A Parallel of ten branches of twenty Pass states, in a loop."""

    def branch(b: int) -> Document:
        def state(d: int) -> Document:
            return {"Type": "Pass", "Result": {"b": b, "d": d}, "ResultPath": "$.p"}

        return line([(f"B{b}P{d}", state(d)) for d in range(DEPTH)])

    fan = {
        "Type": "Parallel",
        "Branches": [branch(b) for b in range(BRANCHES)],
        "ResultPath": "$.fan",
        "Next": "Inc",
    }
    return {
        "definition": loop(
            n, "Fan", {"Fan": fan, "Inc": increment(**{"last.$": f"$.fan[{BRANCHES - 1}].p"})}
        ),
        "input": {"i": 0, "last": None},
        "output": {"i": n, "last": {"b": BRANCHES - 1, "d": DEPTH - 1}},
        "transitions": (n + 1) + n * (2 + BRANCHES * DEPTH) + 1,
    }


def task_map(n: int) -> dict[str, Any]:
    """A Map that calls a no-op for each item, with Retry and Catch declared."""
    call = {
        "Type": "Task",
        "Resource": NOOP,
        "ResultPath": "$.res",
        "Retry": [
            {
                "ErrorEquals": ["States.Timeout", "Transient"],
                "IntervalSeconds": 1,
                "MaxAttempts": 3,
                "BackoffRate": 2.0,
            }
        ],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}],
        "End": True,
    }
    failed = {"Type": "Fail", "Error": "Unexpected", "Cause": "the no-op failed"}
    items = [{"id": k, "name": f"item-{k}"} for k in range(n)]
    definition = each({"StartAt": "Call", "States": {"Call": call, "Failed": failed}})
    del definition["States"]["Each"]["MaxConcurrency"]
    return {
        "definition": definition,
        "input": {"items": items},
        "output": [{**item, "res": ANSWER} for item in items],
        "transitions": 1 + n,
        "tasks": {"noop": ANSWER},
    }


def jsonata_loop(n: int) -> dict[str, Any]:
    """A JSONata loop that assigns what $filter, $map, $sum, $max and $uppercase make of twenty objects."""
    items = [
        {
            "id": k,
            "name": f"item{k}",
            "qty": 37 * k % 11,
            "price": 10 + 13 * k % 29,
            "active": k % 3 != 0,
            "tags": ["x", "y"],
        }
        for k in range(20)
    ]
    wanted = "$filter($items, function($v) { $v.qty > 5 and $v.active })"
    worth = f"$sum($map({wanted}, function($v) {{ $v.price * $v.qty }}))"
    start = {"i": 0, "total": 0, "best": 0, "last": "", "items": "{% $states.input.items %}"}
    step = {
        "i": "{% $i + 1 %}",
        "total": f"{{% $total + {worth} %}}",
        "best": "{% $max($items.price) %}",
        "last": "{% $string($i) & '-' & $uppercase($items[0].name) %}",
    }
    results = ("i", "total", "best", "last")
    states = {
        "Init": {"Type": "Pass", "Assign": start, "Next": "Check"},
        "Check": {
            "Type": "Choice",
            "Choices": [{"Condition": f"{{% $i < {n} %}}", "Next": "Work"}],
            "Default": "Done",
        },
        "Work": {"Type": "Pass", "Assign": step, "Next": "Check"},
        "Done": {"Type": "Succeed", "Output": {name: f"{{% ${name} %}}" for name in results}},
    }
    turn = sum(x["price"] * x["qty"] for x in items if x["qty"] > 5 and x["active"])  # type: ignore[operator]
    best = max(x["price"] for x in items)  # type: ignore[type-var]
    return {
        "definition": {"QueryLanguage": "JSONata", "StartAt": "Init", "States": states},
        "input": {"items": items},
        "output": {"i": n, "total": n * turn, "best": best, "last": f"{n - 1}-ITEM0"},
        "transitions": 2 * n + 3,
    }


def waiting(n: int) -> dict[str, Any]:
    """Wait states of one second."""
    states: list[tuple[str, Document]] = [(f"T{i}", {"Type": "Wait", "Seconds": 1}) for i in range(n)]
    return {"definition": line(states), "input": {"x": 1}, "output": {"x": 1}, "transitions": n}


def large_document(n: int) -> dict[str, Any]:
    """Pass states that hand on a document of 250 KB."""
    rows: list[Document] = []
    size = 0
    while size < 249_500:
        k = len(rows)
        row: Document = {
            "id": k,
            "sku": f"SKU-{7919 * k % 100_000:05d}",
            "title": f"Article no. {k}, size {k % 40}",
            "price": round(0.99 + 1.25 * (k % 997), 2),
            "stock": 31 * k % 500,
            "active": k % 4 != 0,
            "dims": {"w": k % 17, "h": k % 23, "d": k % 7},
            "tags": ["alpha", "beta", f"t{k % 50}"],
            "note": None,
        }
        rows.append(row)
        size += len(json.dumps(row)) + 2

    def state(i: int) -> Document:
        return {
            "Type": "Pass",
            "Parameters": {"payload.$": "$.doc.payload", "step": i},
            "ResultPath": "$.doc",
        }

    return {
        "definition": line([(f"M{i}", state(i)) for i in range(n)]),
        "input": {"doc": {"payload": rows, "step": -1}},
        "output": {"doc": {"payload": rows, "step": n - 1}},
        "transitions": n,
    }


def many_executions(n: int) -> dict[str, Any]:
    """Separate executions of seven states: Pass, Choice, Task, Parallel of two, Succeed."""

    def side(name: str, text: str) -> Document:
        return line([(name, {"Type": "Pass", "Result": text})])

    over = {"Variable": "$.v", "NumericGreaterThan": 10, "Next": "Work"}
    prepared = {"id.$": "$.id", "v.$": "$.v", "tag": "x"}
    states = {
        "Prep": {"Type": "Pass", "Parameters": prepared, "Next": "Route"},
        "Route": {"Type": "Choice", "Choices": [over], "Default": "Done"},
        "Work": {"Type": "Task", "Resource": NOOP, "ResultPath": "$.res", "Next": "Fan"},
        "Fan": {
            "Type": "Parallel",
            "Branches": [side("L", "left"), side("R", "right")],
            "ResultPath": "$.fan",
            "Next": "Done",
        },
        "Done": {"Type": "Succeed"},
    }
    return {
        "definition": {"StartAt": "Prep", "States": states},
        "input": {"id": 0, "v": 11},
        "output": {"id": n - 1, "v": 11, "tag": "x", "res": ANSWER, "fan": ["left", "right"]},
        "transitions": 7 * n,
        "executions": n,
        "tasks": {"noop": ANSWER},
    }


WORKLOADS: dict[str, tuple[int, Callable[[int], dict[str, Any]]]] = {
    "W0": (1_000, static_results),
    "W1": (1_000, parameters),
    "W2": (10_000, counting),
    "W3": (10_000, routing_map),
    "W4": (50, parallel_loop),
    "W5": (2_000, task_map),
    "W6": (2_000, jsonata_loop),
    "W7": (100, waiting),
    "W9": (50, large_document),
    "W10": (2_000, many_executions),
}
"""The full size of each workload, and what makes it."""


def make(id: str, scale: float = 1.0) -> Workload:
    """A workload at a scale of its full size, but at least of size 2."""
    full, build = WORKLOADS[id]
    n = max(2, round(full * scale))
    made = build(n)
    definition = {"Comment": build.__doc__, **made.pop("definition")}
    return Workload(id=id, title=(build.__doc__ or "").rstrip("."), n=n, definition=definition, **made)
