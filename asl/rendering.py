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


_DOCUMENT, _NUMBER, _NOTHING = "document", "number", "nothing"
_DATA = {
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
"""What the data is in the types of events that are frequent, but for those of states."""

_ENTERED = (',"stateEnteredEventDetails":{"name":', ',"input":', ',"inputDetails":{"truncated":false}}}')
_EXITED = (',"stateExitedEventDetails":{"name":', ',"output":', ',"outputDetails":{"truncated":false}}}')
_OF_STATES = {
    f"{state}State{what}": (f'{state}State{what}","id":', *around)
    for state in ("Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
    for what, around in (("Entered", _ENTERED), ("Exited", _EXITED))
}
"""The text of the events of states: before the number, the name and the document, and after it."""

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
    rows = [iter(cells)] * WIDTH
    for number, (kind, at, previous, _, name, data, more) in enumerate(zip(*rows, strict=True), first):
        if at != instant:
            instant, stamp = at, f'{between}{{"timestamp":"{times.cli_text(at)}","type":"'
        of_state = _OF_STATES.get(kind)
        if of_state is not None:
            head, before, within, after = of_state
            if data is not last:
                last, text = data, document(data)
            named = encode_basestring(name)
            pieces += (stamp, head, str(number), _PREVIOUS, str(previous), before, named, within, text, after)
            if more is not None:
                pieces[-1] = f"{after[:-2]}{_assigned(more)}}}}}"
            continue
        what = _DATA.get(kind)
        if what is None or more is not None:
            rest = _rest(Event(number, kind, at, previous, "", name, data, more))
            pieces.append(f'{stamp}{kind}","id":{number}{_PREVIOUS}{previous}{rest}')
            continue
        head, before, after = _around(kind, name)
        if what is _DOCUMENT:
            if data is not last:
                last, text = data, document(data)
            shown = text
        else:
            shown = str(data) if what is _NUMBER else ""
        pieces += (stamp, head, str(number), _PREVIOUS, str(previous), before, shown, after)
    if pieces:
        pieces[0] = pieces[0].removeprefix(between)
    return pieces


def _assigned(variables: dict[str, Json]) -> str:
    shown = ",".join([f"{encode_basestring(key)}:{document(value)}" for key, value in variables.items()])
    return f',"assignedVariables":{{{shown}}},"assignedVariablesDetails":{{"truncated":false}}'


@lru_cache(maxsize=1024)
def _around(kind: str, name: Any) -> tuple[str, str, str]:
    """The text of such an event before its number, and from its details on before and after its data."""
    what = _DATA[kind]
    text = _rest(Event(0, kind, 0, 0, "", name, None if what is _NOTHING else _MARK, None))
    mark = f'"\\"{_MARK}\\""' if what is _DOCUMENT else f'"{_MARK}"'
    before, _, after = text.partition(mark)
    return f'{kind}","id":', before, after


def _rest(event: Event) -> str:
    """The text of an event after `previousEventId`."""
    shown = event.to_dict()
    details = {key: value for key, value in shown.items() if key == event.details_key}
    return "," + to_json(details)[1:] if details else "}"
