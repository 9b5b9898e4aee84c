"""The text of a history: each event as JSON, several times faster than by way of dictionaries.

What surrounds the document of an event is the same in all events of one type and name, and made once. A state's
output is mostly the next one's input, by identity: its text is made once.
"""

from __future__ import annotations

from functools import cache
from json.encoder import encode_basestring
from typing import Any

from orjson import dumps

from asl import times
from asl.events import WIDTH, Cells, Event
from asl.values import Json, to_json


def document(value: Json) -> str:
    """A document as JSON text within JSON text: quoted, and escaped twice."""
    text = to_json(value)
    if len(text) < _SHORT:
        return encode_basestring(text)
    try:
        return dumps(text).decode()
    except TypeError:  # half a surrogate pair
        return encode_basestring(text)


_SHORT = 100
"""Characters up to which the standard library quotes a text faster than orjson, which gives bytes."""

_DOCUMENT, _NUMBER, _NOTHING = "document", "number", "nothing"
_STATES = ("Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
_DATA = {f"{state}State{what}": _DOCUMENT for state in _STATES for what in ("Entered", "Exited")} | {
    "ExecutionStarted": _DOCUMENT,
    "ExecutionSucceeded": _DOCUMENT,
    "LambdaFunctionScheduled": _DOCUMENT,
    "LambdaFunctionStarted": _NOTHING,
    "LambdaFunctionSucceeded": _DOCUMENT,
    "ActivityScheduled": _DOCUMENT,
    "ActivitySucceeded": _DOCUMENT,
    "TaskScheduled": _DOCUMENT,
    "TaskStarted": _NOTHING,
    "TaskSubmitted": _DOCUMENT,
    "TaskSucceeded": _DOCUMENT,
    "ParallelStateStarted": _NOTHING,
    "ParallelStateSucceeded": _NOTHING,
    "MapStateStarted": _NUMBER,
    "MapIterationStarted": _NUMBER,
    "MapIterationSucceeded": _NUMBER,
    "MapStateSucceeded": _NOTHING,
}
"""What the data is in the types of events that are frequent."""

_PREVIOUS = ',"previousEventId":'
_MARK = "\ue000data\ue001"


def rendered(cells: Cells, first: int = 1, between: str = ",") -> list[str]:
    """The events in the cells as JSON text, each as `Event.to_dict` has it; `first` is the id of the first.

    In pieces, to be put together once: every copy of a large document costs as much as making it.
    """
    pieces: list[str] = []
    instant, stamp = None, ""
    last: Any = rendered  # no document
    text = ""
    base = first - 1
    ids = _ids(base, first + len(cells) // WIDTH)
    rows = [iter(cells)] * WIDTH
    for place, (kind, at, previous, _, name, data, more) in enumerate(zip(*rows, strict=True), 1):
        if at != instant:
            instant, stamp = at, f'{between}{{"timestamp":"{times.cli_text(at)}","type":"'
        before = ids[previous - base] if previous >= base else str(previous)
        try:
            what, head, middle, after = _AROUND[kind][name]
        except KeyError:
            what, head, middle, after = _around(kind, name)
        if what is None or (more is not None and not kind.endswith("StateExited")):
            rest = _rest(Event(base + place, kind, at, previous, "", name, data, more))
            pieces.append(f'{stamp}{kind}","id":{ids[place]}{_PREVIOUS}{before}{rest}')
            continue
        if what is _DOCUMENT:
            if data is not last:
                last, text = data, document(data)
            shown = text
        else:
            shown = str(data) if what is _NUMBER else ""
        if more is not None:
            after = f"{after[:-2]}{_assigned(more)}}}}}"
        pieces += (stamp, head, ids[place], _PREVIOUS, before, middle, shown, after)
    if pieces:
        pieces[0] = pieces[0].removeprefix(between)
    return pieces


_KEPT = 1 << 15
"""The texts of numbers up to here are kept: every history has those ids, and few have more."""


def _ids(first: int, end: int) -> list[str]:
    """The numbers from `first` on, as text, at least to `end`."""
    if first or end > _KEPT:
        return [*map(str, range(first, end))]
    return _kept_ids((end - 1).bit_length())


@cache
def _kept_ids(bits: int) -> list[str]:
    return [*map(str, range(1 << bits))]


def _assigned(variables: dict[str, Json]) -> str:
    shown = ",".join([f"{encode_basestring(key)}:{document(value)}" for key, value in variables.items()])
    return f',"assignedVariables":{{{shown}}},"assignedVariablesDetails":{{"truncated":false}}'


_AROUND: dict[str, dict[Any, tuple[str | None, str, str, str]]] = {}
_MOST_NAMES = 1024
"""The names for which the text around the data is kept, of each type of events."""


def _around(kind: str, name: Any) -> tuple[str | None, str, str, str]:
    """What the data of such an event is, and its text: before the number, and before and after the data."""
    what = _DATA.get(kind)
    before = after = ""
    if what is not None:
        text = _rest(Event(0, kind, 0, 0, "", name, None if what is _NOTHING else _MARK, None))
        before, _, after = text.partition(f'"\\"{_MARK}\\""' if what is _DOCUMENT else f'"{_MARK}"')
    known = _AROUND.setdefault(kind, {})
    if len(known) >= _MOST_NAMES:
        known.clear()
    known[name] = found = what, f'{kind}","id":', before, after
    return found


def _rest(event: Event) -> str:
    """The text of an event after `previousEventId`."""
    shown = event.to_dict()
    details = {key: value for key, value in shown.items() if key == event.details_key}
    return "," + to_json(details)[1:] if details else "}"
