"""From the history of an execution to a test that goes the same way: its input, mocks, what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from asl import recorded, times
from asl.drive.book import Book, Try
from asl.errors import AslError
from asl.events import WIDTH, Event
from asl.history import History
from asl.jsondiff import differences
from asl.resources.keys import call_of, tasks_of
from asl.resources.lambdas import function_names
from asl.resources.matching import names
from asl.telling import ENDED
from asl.testing import durations
from asl.testing.checking import check, expected
from asl.testing.document import Node
from asl.testing.mocks import MockError
from asl.testing.runs import Machine, Run
from asl.testing.scripting import mock_of
from asl.values import Json
from asl.visits import visits

Object: TypeAlias = "dict[str, Any]"

_STATUS = {"ExecutionSucceeded": "SUCCEEDED", "ExecutionFailed": "FAILED", "ExecutionTimedOut": "TIMED_OUT"}


class Recorded(NamedTuple):
    """A test as a document, and what there is to know about it, a sentence each."""

    test: Object
    notes: tuple[str, ...]


def test_of(history: Any, machine: Machine | None = None) -> Recorded:
    """The test of a recorded execution: `input`, `start_time`, `mocks` and `expect` as cases have them.

    `history` is anything that `recorded.read` takes. With the machine the test is tried, and what cannot come the same
    way (drawn ids, the time in an output) is left out of what it expects. A `lambda:invoke` is then answered by a mock
    of its function, with what that gave, where the test goes the same way so; else by one of the state, with the whole
    result. Raises `HistoryError` for what is no history, `MockError` for one that has not ended by itself or was taken
    without its data.
    """
    program = machine.machine.program if machine is not None else None
    found = recorded.read(history, program)
    if found.absent:
        raise MockError(f"{found.absent[0]}: a test needs the documents of every event")
    notes: list[str] = []
    told = _before_redrive(found.history, notes)
    last = told[-1]
    if last.type not in _STATUS:
        raise MockError(f"the execution has not ended by itself: its last event is {last.type}")
    test: Object = {"input": told[0].data, "start_time": times.text(told[0].at)}
    book = Book(told).follow()
    mocks = _mocks(book, notes)
    if mocks:
        test["mocks"] = mocks
    test["expect"] = _expected(told)
    if machine is not None and _try(test, machine, notes):
        _answer_as_functions(test, book, machine)
    return Recorded(test, tuple(notes))


test_of.__test__ = False  # type: ignore[attr-defined]  # a test module may import it


def _before_redrive(history: History, notes: list[str]) -> History:
    for event in history:
        if event.type == "ExecutionRedriven":
            notes.append("the execution was redriven; the test goes as far as it went before")
            return History(history.cells[: (event.id - 1) * WIDTH])
    return history


# ---------------------------------------------------------------------- mocks


def _mocks(book: Book, notes: list[str]) -> Object:
    """The mocks by state, or by frame and state where the frames were answered in different ways."""
    history = book.history
    timed = any(event.type.endswith(("TimedOut", "Aborted")) for event in history)
    answers: dict[str, dict[str, list[Object]]] = {}
    for (path, state), visited in book.visits.items():
        tries = [each for visit in visited for each in visit.tries]
        if any(each.begun.type == "MapRunStarted" for each in tries):
            notes.append(f"the children of the distributed Map {state!r} are not in this history")
        elif tries:
            answers.setdefault(state, {})[path] = [_answer(each, history[-1], timed) for each in tries]
    mocks: Object = {}
    for state, by_path in answers.items():
        first = next(iter(by_path.values()))
        if all(each == first for each in by_path.values()):
            mocks[state] = _in_turn(first)
        else:
            mocks |= {f"{path.rstrip('/')}/{state}": _in_turn(each) for path, each in by_path.items()}
    return mocks


def _in_turn(answers: list[Object]) -> Object:
    return answers[0] if all(each == answers[0] for each in answers) else {"in_turn": answers}


def _answer(tried: Try, last: Event, timed: bool) -> Object:
    """What a try was answered. Its time counts only where an execution has time-outs, or branches that were cut."""
    begun, ended = tried.begun, tried.ended
    how = None if ended is None else ENDED[ended.type]
    if ended is None or how == "TimedOut":
        limits = [limit * 1000 for limit in (begun.more or ())[:2] if limit is not None] if ended else []
        after = max((ended or last).at - begun.at, *limits, 0) + 1000
        answer: Object = {"returns": None, "takes": durations.text(after)}
    else:
        answer = {"returns": ended.data} if how == "Succeeded" else {"raises": ended.data}
        if how == "Failed" and ended.more is not None:
            answer["cause"] = ended.more
        if timed and ended.at > begun.at:
            answer["takes"] = durations.text(ended.at - begun.at)
    submitted = [event.data for event in tried.told if event.type == "TaskSubmitted"]
    if submitted:
        answer["submitted"] = submitted[0]
    return answer


# ---------------------------------------------------------------------- the answers of Lambda functions

_WRAPPING = {"ExecutedVersion", "Payload", "SdkHttpMetadata", "SdkResponseMetadata", "StatusCode"}
"""What `lambda:invoke` gives where the function has answered."""


def _answer_as_functions(test: Object, book: Book, machine: Machine) -> None:
    """Have mocks of Lambda functions in place of those of the states that invoke them, where that changes nothing.

    Where the machine looks at what such a mock cannot say (the headers, a log), the state keeps its own.
    """
    taken = {name for each in tasks_of(machine.machine.program) for name in names(call_of(each))}
    for function, states in _invoking(book).items():
        mocks = test["mocks"]
        if function in taken or not states <= mocks.keys():  # a frame's mock is that of a state
            continue
        answer, *others = (_of_function(mocks[state]) for state in states)
        if answer is None or any(each != answer for each in others):
            continue
        if all(answer == mocks[state] for state in states):  # nothing but errors
            continue
        tried = {function if key in states else key: answer if key in states else mocks[key] for key in mocks}
        try:
            different = _differences(test, run_of({**test, "mocks": tried}, machine))
        except AslError:
            continue
        if not different:
            test["mocks"] = tried


def _invoking(book: Book) -> dict[str, set[str]]:
    """The names of the functions that were invoked, and the states that invoked each."""
    found: dict[str, set[str]] = {}
    for (_, state), visited in book.visits.items():
        for begun in (each.begun for visit in visited for each in visit.tries):
            if begun.type == "TaskScheduled" and begun.name[0] == "lambda":
                for name in function_names(begun.data)[-1:]:
                    found.setdefault(name, set()).add(state)
    return found


def _of_function(mock: Object) -> Object | None:
    """The mock of a `lambda:invoke` as one of the function; None where the function alone cannot have it so."""
    if "in_turn" in mock:
        answers = [_of_function(each) for each in mock["in_turn"]]
        return None if None in answers else {"in_turn": answers}
    given = mock.get("returns")
    if given is None:  # an error, or a time-out
        return mock
    if not isinstance(given, dict) or given.get("StatusCode") != 200 or "Payload" not in given:
        return None
    return {**mock, "returns": given["Payload"]} if given.keys() <= _WRAPPING else None


# ---------------------------------------------------------------------- what is expected


def _expected(history: History) -> Object:
    last = history[-1]
    status = _STATUS[last.type]
    expect: Object = {"status": status}
    if status == "SUCCEEDED":
        expect["output"] = last.data
    elif status == "FAILED":
        if last.data is not None:
            expect["error"] = last.data
        if last.more is not None and "entered at the event id" not in last.more:
            expect["cause"] = last.more
    paths: dict[str, list[str]] = {}
    for visit in visits(history):
        paths.setdefault(visit.path, []).append(visit.state)
    expect["path"] = paths["/"] if list(paths) == ["/"] else paths
    return expect


def _try(test: Object, machine: Machine, notes: list[str]) -> bool:
    """Run the test; what differs in its output is not expected any more, and any other difference is noted.

    Whether it goes the same way.
    """
    expect = test["expect"]
    try:
        run = run_of(test, machine)
    except AslError as problem:
        notes.append(f"it cannot run with these mocks alone: {problem}")
        return False
    if run.status == "SUCCEEDED" and "output" in expect:
        places = [each.place for each in differences(expect["output"], run.output)]
        if places:
            del expect["output"]
            kept = _without(run.output, places)
            if kept is not None:
                expect["output_has"] = kept
            said = ", ".join("/" + "/".join(map(str, place)) for place in places[:3])
            notes.append(f"the output cannot come the same way at {said}: that is not expected")
    different = _differences(test, run)
    notes.extend(f"run with these mocks, {told}" for told in different)
    return not different


def _differences(test: Object, run: Run) -> list[str]:
    return check(expected(Node(test["expect"], (), Path("recorded"), "")), run)


def _without(value: Json, places: list[Any]) -> Json:
    """The value without what stands at the places; None where nothing that could be asked for is left."""
    if () in places or not isinstance(value, dict):
        return None
    kept: dict[str, Json] = {}
    for key, item in value.items():
        inner = [place[1:] for place in places if place and place[0] == key]
        if not inner:
            kept[key] = item
        elif (rest := _without(item, inner)) is not None:
            kept[key] = rest
    return kept or None


def run_of(test: Mapping[str, Any], machine: Machine) -> Run:
    """Run a test that was made from a history."""
    node = Node(test.get("mocks", {}), (), Path("recorded"), "")
    mocks = {key: mock_of(each, Path()) for key, each in node.mapping().items()}
    return machine.run(test["input"], mocks=mocks, start_time=test["start_time"])
