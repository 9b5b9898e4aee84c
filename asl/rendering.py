"""The text of a history: each event as JSON, several times faster than by way of dictionaries.

What surrounds the document of an event is the same in all events of one type and name, and made once. A state's
output is mostly the next one's input, by identity: its text is made once.
"""

from __future__ import annotations

from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from orjson import dumps

from asl import times
from asl.events import WIDTH, Cells, Event
from asl.values import Json, to_json


def document(value: Json) -> str:
    """A document as JSON text within JSON text: quoted, and escaped twice."""
    text = to_json(value)
    try:
        return dumps(text).decode()
    except TypeError:  # half a surrogate pair
        return encode_basestring(text)


_INPUT, _OUTPUT, _DOCUMENT, _NUMBER, _NOTHING = "input", "output", "document", "number", "nothing"
_STATES = ("Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
_DATA = {
    **{f"{state}StateEntered": _INPUT for state in _STATES},
    **{f"{state}StateExited": _OUTPUT for state in _STATES},
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

_MARK = "\ue000data\ue001"


def rendered(cells: Cells, first: int = 1) -> list[str]:
    """The events in the cells as JSON text, each as `Event.to_dict` has it; `first` is the id of the first."""
    texts: list[str] = []
    instant, stamp = None, ""
    last: Any = rendered  # no document
    text = ""
    rows = [iter(cells)] * WIDTH
    for number, (kind, at, previous, _, name, data, more) in enumerate(zip(*rows, strict=True), first):
        if at != instant:
            instant, stamp = at, f'{{"timestamp":"{times.cli_text(at)}","type":"'
        what = _DATA.get(kind)
        if what is _INPUT:
            if data is not last:
                last, text = data, document(data)
            texts.append(
                f'{stamp}{kind}","id":{number},"previousEventId":{previous}'
                f',"stateEnteredEventDetails":{{"name":{encode_basestring(name)},"input":{text}'
                ',"inputDetails":{"truncated":false}}}'
            )
        elif what is _OUTPUT:
            if data is not last:
                last, text = data, document(data)
            assigned = "" if more is None else _assigned(more)
            texts.append(
                f'{stamp}{kind}","id":{number},"previousEventId":{previous}'
                f',"stateExitedEventDetails":{{"name":{encode_basestring(name)},"output":{text}'
                f',"outputDetails":{{"truncated":false}}{assigned}}}}}'
            )
        elif what is not None and more is None:
            before, after = _around(kind, name)
            if what is _DOCUMENT:
                if data is not last:
                    last, text = data, document(data)
                shown = text
            else:
                shown = data if what is _NUMBER else ""
            texts.append(f'{stamp}{kind}","id":{number},"previousEventId":{previous}{before}{shown}{after}')
        else:
            rest = _rest(Event(number, kind, at, previous, "", name, data, more))
            texts.append(f'{stamp}{kind}","id":{number},"previousEventId":{previous}{rest}')
    return texts


def _assigned(variables: dict[str, Json]) -> str:
    shown = ",".join([f"{encode_basestring(key)}:{document(value)}" for key, value in variables.items()])
    return f',"assignedVariables":{{{shown}}},"assignedVariablesDetails":{{"truncated":false}}'


@lru_cache(maxsize=1024)
def _around(kind: str, name: Any) -> tuple[str, str]:
    """The text of such an event from its details on, before and after its data."""
    data = None if _DATA[kind] is _NOTHING else _MARK
    text = _rest(Event(0, kind, 0, 0, "", name, data, None))
    mark = f'"\\"{_MARK}\\""' if _DATA[kind] is _DOCUMENT else f'"{_MARK}"'
    before, _, after = text.partition(mark)
    return before, after


def _rest(event: Event) -> str:
    """The text of an event after `previousEventId`."""
    shown = event.to_dict()
    details = {key: value for key, value in shown.items() if key == event.details_key}
    return "," + to_json(details)[1:] if details else "}"
