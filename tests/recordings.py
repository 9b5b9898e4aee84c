"""Recorded cases as the raw histories that they were before their times, names and quotations were normalised.

The recordings hold placeholders. `compare.concretise` puts back those that the case itself binds; what is put back
here follows from the rest of the case: the times in the input, JSON that was quoted in a cause, the order within a
Parallel. What no part of the case tells (a random number, an answer that was blotted out) is that of a run of ours
whose history the comparator finds equal to the recording.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from asl import times
from tests import conformance

Case = dict[str, Any]
Event = dict[str, Any]

ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")
START = 1_714_979_289_123  # any moment
QUOTED = re.compile(r"<json-input:\d+>")
IN_STATE = re.compile(r"entered at the event id #(\d+)")
DOCUMENTS = ("input", "output", "parameters")


def ended(case: Case) -> bool:
    """Whether the case has a recorded history that ends."""
    history = case["expected"].get("history")
    return bool(history) and history[-1]["type"] in ENDS


def raw(case: Case, compare: ModuleType) -> list[Event]:
    """The case's history as GetExecutionHistory would have given it."""
    recorded = compare.concretise(_bound(case), case["expected"]["history"])
    if compare.is_sorted_parallel(recorded):
        recorded = _in_order(case, recorded, compare)
    blotted = _blotted(recorded, compare)
    run = conformance.execution(case)["history"] if blotted else []
    for event, key in blotted:
        event_of_run = run[event["id"] - 1]
        details = _details(event)
        details[key] = _mended(
            json.loads(_text(details[key])), json.loads(_details(event_of_run)[key]), compare
        )
    for event in recorded:
        details = _details(event)
        for key in DOCUMENTS:
            if key in details and not isinstance(details[key], str):
                details[key] = _text(details[key])
        for name, value in details.get("assignedVariables", {}).items():
            details["assignedVariables"][name] = value if isinstance(value, str) else _text(value)
    shown_times = _shown_times(case, recorded)
    verbatim = _verbatim(case)
    for event in recorded:
        details = _details(event)
        for key in DOCUMENTS:
            if key in details and shown_times:
                details[key] = _text(_replaced(json.loads(details[key]), shown_times))
        if "cause" in details:
            details["cause"] = verbatim.get(_canonical(details["cause"]) or "", details["cause"])
            details["cause"] = _unquoted(details["cause"], recorded)
        event["timestamp"] = times.cli_text(_start(case) + event["id"])
    return recorded


def _details(event: Event) -> Event:
    return next((value for key, value in event.items() if key.endswith("EventDetails")), {})


def _text(value: Any) -> str:
    return value if isinstance(value, str) and _is_json(value) else json.dumps(value, ensure_ascii=False)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _start(case: Case) -> int:
    clock = (case.get("environment") or {}).get("clock")
    found = times.parse(clock) if clock else None
    return START if found is None else found


def _bound(case: Case) -> Case:
    """The case with one text for each placeholder: of several, that which the definition holds."""
    known = json.dumps([case.get("definition"), case.get("definition_text"), case.get("input")])
    case = copy.deepcopy(case)
    bindings = (case.get("normalised") or {}).get("bindings") or {}
    for name, texts in bindings.items():
        if isinstance(texts, list):
            bindings[name] = sorted(texts, key=lambda text: text not in known)
    return case


# ---------------------------------------------------------------------- times and quotations


def _leaves(a: Any, b: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(a, dict) and isinstance(b, dict):
        for key in a.keys() & b.keys():
            yield from _leaves(a[key], b[key])
    elif isinstance(a, list) and isinstance(b, list):
        for x, y in zip(a, b, strict=False):
            yield from _leaves(x, y)
    elif a != b:
        yield a, b


def _shown_times(case: Case, recorded: list[Event]) -> dict[str, str]:
    """What the placeholders in the execution's input stand for: the case has the input as it was sent."""
    found = dict(_leaves(json.loads(_details(recorded[0])["input"]), case.get("input")))
    return {a: b for a, b in found.items() if isinstance(a, str) and isinstance(b, str)}


def _replaced(value: Any, texts: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(inner, texts) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, texts) for inner in value]
    return texts.get(value, value) if isinstance(value, str) else value


def _canonical(text: Any) -> str | None:
    if not (isinstance(text, str) and text.startswith("{") and _is_json(text)):
        return None
    return json.dumps(json.loads(text), sort_keys=True)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value


def _verbatim(case: Case) -> dict[str, str]:
    """JSON objects in the case that were kept as text, by what they say."""
    found = {}
    for text in _strings(case["expected"]["history"]):
        said = _canonical(text)
        if said is not None:
            found[said] = text
    return found


def _unquoted(cause: str, recorded: list[Event]) -> str:
    """A quotation is of the input of the state that the cause names."""
    entered = IN_STATE.search(cause)
    if entered is None or not QUOTED.search(cause):
        return cause
    given = json.loads(_details(recorded[int(entered[1]) - 1])["input"])
    quoted = json.dumps(given, separators=(",", ":"), ensure_ascii=False)
    return QUOTED.sub(lambda _: quoted, cause)


# ---------------------------------------------------------------------- what only a run can tell


def _is_time(text: str) -> bool:
    return any(word in text for word in ("date", "time"))


def _blotted(recorded: list[Event], compare: ModuleType) -> list[tuple[Event, str]]:
    """The documents that hold a placeholder which stands for anything at all."""
    volatile = {text for text in compare.VOLATILE if not _is_time(text) and "Id" not in text}
    return [
        (event, key)
        for event in recorded
        for key in DOCUMENTS
        if key in (details := _details(event)) and volatile & set(_strings(json.loads(_text(details[key]))))
    ]


def _mended(value: Any, of_run: Any, compare: ModuleType) -> Any:
    if isinstance(value, dict) and isinstance(of_run, dict):
        return {key: _mended(inner, of_run.get(key), compare) for key, inner in value.items()}
    if isinstance(value, list) and isinstance(of_run, list) and len(value) == len(of_run):
        return [_mended(a, b, compare) for a, b in zip(value, of_run, strict=True)]
    return of_run if isinstance(value, str) and value in compare.VOLATILE else value


def _in_order(case: Case, recorded: list[Event], compare: ModuleType) -> list[Event]:
    """A recording whose Parallel events were sorted, in the order of a run that has the same events."""
    run: list[Event] = json.loads(json.dumps(conformance.execution(case)["history"]))
    compared = compare.compare_history(case["expected"]["history"], run, case)
    assert compared["equal"], compared["first_difference"]
    left = list(recorded)
    out = []
    for event in run:
        found = _take(left, lambda each, event=event: _alike(each, event, case, compare))
        out.append({**(found or event), "id": event["id"], "previousEventId": event["previousEventId"]})
    assert not left, left
    return out


def _take(events: list[Event], fits: Callable[[Event], bool]) -> Event | None:
    for event in events:
        if fits(event):
            events.remove(event)
            return event
    return None


def _alike(recorded: Event, event: Event, case: Case, compare: ModuleType) -> bool:
    if recorded["type"] != event["type"]:
        return False
    return not compare.event_diffs(recorded, event, compare.Ctx(case), "")
