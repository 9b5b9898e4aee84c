"""The floors: the same work by programs written by hand, one for each workload.

F2 records the events in the shape of GetExecutionHistory, a dict each, with every input and output written
by orjson when it happens (two documents a state). F3 is the same program, but its record keeps the documents
and would write them when somebody reads. What a floor does to the data is what the machine of the workload
does, said in Python; nothing is interpreted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orjson import dumps

from benchmarks.workloads import BRANCHES, DEPTH, NOOP, Workload

Task = Callable[[Any], Any]
Floor = Callable[["Record", Any, Task, int], Any]

_WHOLE = {"truncated": False}


class Record:
    """The history of F2."""

    __slots__ = ("events", "now")

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.now = 0.0

    def document(self, value: Any) -> Any:
        """A document as the record keeps it: F2 writes it out."""
        return dumps(value).decode()

    def add(self, type: str, key: str | None = None, details: Any = None) -> None:
        """An event, with its details under their key where it has any."""
        last = len(self.events)
        event = {"timestamp": self.now, "type": type, "id": last + 1, "previousEventId": last}
        if key is not None:
            event[key] = details
        self.events.append(event)

    def enter(self, type: str, name: str, value: Any) -> None:
        """A state was entered."""
        last = len(self.events)
        self.events.append(
            {
                "timestamp": self.now,
                "type": type,
                "id": last + 1,
                "previousEventId": last,
                "stateEnteredEventDetails": {
                    "name": name,
                    "input": self.document(value),
                    "inputDetails": _WHOLE,
                },
            }
        )

    def leave(self, type: str, name: str, value: Any) -> None:
        """A state was left."""
        last = len(self.events)
        self.events.append(
            {
                "timestamp": self.now,
                "type": type,
                "id": last + 1,
                "previousEventId": last,
                "stateExitedEventDetails": {
                    "name": name,
                    "output": self.document(value),
                    "outputDetails": _WHOLE,
                },
            }
        )

    def assigned(self, variables: dict[str, Any]) -> None:
        """The state that was just left has set variables."""
        shown = {name: dumps(value).decode() for name, value in variables.items()}
        self.events[-1]["stateExitedEventDetails"]["assignedVariables"] = shown


class LazyRecord(Record):
    """The history of F3."""

    __slots__ = ()

    def document(self, value: Any) -> Any:
        """A document as the record keeps it: F3 keeps the value."""
        return value

    def assigned(self, variables: dict[str, Any]) -> None:
        """The state that was just left has set variables."""
        self.events[-1]["stateExitedEventDetails"]["assignedVariables"] = variables


def run(record: Record, workload: Workload, input: Any, task: Task) -> Any:
    """One execution of a workload, from its first event to its last; gives the output."""
    details = {
        "input": record.document(input),
        "inputDetails": _WHOLE,
        "roleArn": "arn:aws:iam::1:role/bench",
    }
    record.add("ExecutionStarted", "executionStartedEventDetails", details)
    output = FLOORS[workload.id](record, input, task, workload.n)
    details = {"output": record.document(output), "outputDetails": _WHOLE}
    record.add("ExecutionSucceeded", "executionSucceededEventDetails", details)
    return output


def static_results(record: Record, value: Any, task: Task, n: int) -> Any:
    for i in range(n):
        name = f"S{i}"
        record.enter("PassStateEntered", name, value)
        value = {**value, "acc": {"i": i, "prev": i - 1, "name": "bench"}}
        record.leave("PassStateExited", name, value)
    return value


def parameters(record: Record, value: Any, task: Task, n: int) -> Any:
    for i in range(n):
        name = f"S{i}"
        record.enter("PassStateEntered", name, value)
        value = {**value, "acc": {"i": i, "prev": value["acc"]["i"], "name": value["meta"]["name"]}}
        record.leave("PassStateExited", name, value)
    return value


def _goes_on(record: Record, value: Any, n: int) -> bool:
    # One visit of the Choice state of a loop.
    record.enter("ChoiceStateEntered", "Check", value)
    again: bool = value["i"] < n
    record.leave("ChoiceStateExited", "Check", value)
    return again


def _done(record: Record, value: Any) -> Any:
    record.enter("SucceedStateEntered", "Done", value)
    record.leave("SucceedStateExited", "Done", value)
    return value


def counting(record: Record, value: Any, task: Task, n: int) -> Any:
    while _goes_on(record, value, n):
        record.enter("PassStateEntered", "Inc", value)
        value = {"i": value["i"] + 1, "tag": value["tag"]}
        record.leave("PassStateExited", "Inc", value)
    return _done(record, value)


def _each(record: Record, value: Any, iterate: Callable[[Any], Any]) -> Any:
    # The Map state around an iteration.
    items = value["items"]
    record.enter("MapStateEntered", "Each", value)
    record.add("MapStateStarted", "mapStateStartedEventDetails", {"length": len(items)})
    out = []
    for index, item in enumerate(items):
        record.add("MapIterationStarted", "mapIterationStartedEventDetails", {"name": "Each", "index": index})
        out.append(iterate(item))
        ended = {"name": "Each", "index": index}
        record.add("MapIterationSucceeded", "mapIterationSucceededEventDetails", ended)
    record.add("MapStateSucceeded")
    value = {**value, "out": out}
    value = value["out"]
    record.leave("MapStateExited", "Each", value)
    return value


def routing_map(record: Record, value: Any, task: Task, n: int) -> Any:
    def iterate(item: Any) -> Any:
        record.enter("PassStateEntered", "Prep", item)
        item = {"v": item["v"], "w": item["v"] + 1}
        record.leave("PassStateExited", "Prep", item)
        record.enter("ChoiceStateEntered", "Route", item)
        name, kind = ("High", "high") if item["w"] > 50 else ("Low", "low")
        record.leave("ChoiceStateExited", "Route", item)
        record.enter("PassStateEntered", name, item)
        item = {**item, "kind": kind}
        item = item["kind"]
        record.leave("PassStateExited", name, item)
        return item

    return _each(record, value, iterate)


def parallel_loop(record: Record, value: Any, task: Task, n: int) -> Any:
    while _goes_on(record, value, n):
        record.enter("ParallelStateEntered", "Fan", value)
        record.add("ParallelStateStarted")
        fan = []
        for b in range(BRANCHES):
            inner = value
            for d in range(DEPTH):
                name = f"B{b}P{d}"
                record.enter("PassStateEntered", name, inner)
                inner = {**inner, "p": {"b": b, "d": d}}
                record.leave("PassStateExited", name, inner)
            fan.append(inner)
        record.add("ParallelStateSucceeded")
        value = {**value, "fan": fan}
        record.leave("ParallelStateExited", "Fan", value)
        record.enter("PassStateEntered", "Inc", value)
        value = {"i": value["i"] + 1, "last": value["fan"][BRANCHES - 1]["p"]}
        record.leave("PassStateExited", "Inc", value)
    return _done(record, value)


def _call(record: Record, name: str, value: Any, task: Task) -> Any:
    # A Task state whose result goes to `$.res`.
    record.enter("TaskStateEntered", name, value)
    details = {"resource": NOOP, "input": record.document(value), "inputDetails": _WHOLE}
    record.add("LambdaFunctionScheduled", "lambdaFunctionScheduledEventDetails", details)
    record.add("LambdaFunctionStarted")
    result = task(value)
    details = {"output": record.document(result), "outputDetails": _WHOLE}
    record.add("LambdaFunctionSucceeded", "lambdaFunctionSucceededEventDetails", details)
    value = {**value, "res": result}
    record.leave("TaskStateExited", name, value)
    return value


def task_map(record: Record, value: Any, task: Task, n: int) -> Any:
    return _each(record, value, lambda item: _call(record, "Call", item, task))


def jsonata_loop(record: Record, value: Any, task: Task, n: int) -> Any:
    i, total, best, last, items = 0, 0, 0, "", value["items"]
    record.enter("PassStateEntered", "Init", value)
    record.leave("PassStateExited", "Init", value)
    record.assigned({"i": i, "total": total, "best": best, "last": last, "items": items})
    while True:
        record.enter("ChoiceStateEntered", "Check", value)
        again = i < n
        record.leave("ChoiceStateExited", "Check", value)
        if not again:
            break
        record.enter("PassStateEntered", "Work", value)
        wanted = [item for item in items if item["qty"] > 5 and item["active"]]
        total += sum([item["price"] * item["qty"] for item in wanted])
        best = max([item["price"] for item in items])
        last = str(i) + "-" + items[0]["name"].upper()
        i += 1
        record.leave("PassStateExited", "Work", value)
        record.assigned({"i": i, "total": total, "best": best, "last": last})
    record.enter("SucceedStateEntered", "Done", value)
    value = {"i": i, "total": total, "best": best, "last": last}
    record.leave("SucceedStateExited", "Done", value)
    return value


def waiting(record: Record, value: Any, task: Task, n: int) -> Any:
    for i in range(n):
        name = f"T{i}"
        record.enter("WaitStateEntered", name, value)
        record.now += 1
        record.leave("WaitStateExited", name, value)
    return value


def large_document(record: Record, value: Any, task: Task, n: int) -> Any:
    for i in range(n):
        name = f"M{i}"
        record.enter("PassStateEntered", name, value)
        value = {**value, "doc": {"payload": value["doc"]["payload"], "step": i}}
        record.leave("PassStateExited", name, value)
    return value


def many_executions(record: Record, value: Any, task: Task, n: int) -> Any:
    record.enter("PassStateEntered", "Prep", value)
    value = {"id": value["id"], "v": value["v"], "tag": "x"}
    record.leave("PassStateExited", "Prep", value)
    record.enter("ChoiceStateEntered", "Route", value)
    over = value["v"] > 10
    record.leave("ChoiceStateExited", "Route", value)
    if over:
        value = _call(record, "Work", value, task)
        record.enter("ParallelStateEntered", "Fan", value)
        record.add("ParallelStateStarted")
        fan = []
        for name, text in (("L", "left"), ("R", "right")):
            record.enter("PassStateEntered", name, value)
            record.leave("PassStateExited", name, text)
            fan.append(text)
        record.add("ParallelStateSucceeded")
        value = {**value, "fan": fan}
        record.leave("ParallelStateExited", "Fan", value)
    return _done(record, value)


FLOORS: dict[str, Floor] = {
    "W0": static_results,
    "W1": parameters,
    "W2": counting,
    "W3": routing_map,
    "W4": parallel_loop,
    "W5": task_map,
    "W6": jsonata_loop,
    "W7": waiting,
    "W9": large_document,
    "W10": many_executions,
}
