"""MockConfigFile.json, the mocks of Step Functions Local: read, checked, and made into task functions.

    File     := {"StateMachines": {machine: {"TestCases": {case: {state: response}}}},
                 "MockedResponses": {response: {range: answer}}}
    range    := "n" | "n-m" | "*"
    answer   := {"Return": JSON} | {"Throw": {"Error": text, "Cause": text}}, or a list of these

A range counts the calls of a state in the execution from 0, retries and loops included, both ends within it. A state
that a case does not mention is not mocked. Source: the developer guide, "Using mocked service integrations for testing
in Step Functions Local".

Ours beyond that, none of which Step Functions Local knows: the range `*` for every call that no other range has; a
list of answers, of which the first that fits is given; and in an answer

    "Match": JSON         only for payloads that have this (objects may have more keys)
    "MapIndex": n         only in this iteration, whose calls alone are then counted
    "DelaySeconds": n     the answer takes its time
    "Callback": answer    the answer is the first one, of the call itself; this one comes with the task token
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from asl import documents
from asl.frames import Call
from asl.program import Program, walk
from asl.resources.keys import tasks_of
from asl.testing.mocks import Mock, MockError, MockFailure, map_index, raises, returns
from asl.values import Json, type_name

VARIABLE = "SFN_MOCK_CONFIG"
"""The environment variable that holds the file's path, as for Step Functions Local."""
DEFAULT = "MockConfigFile.json"
"""The file that is read where nobody says another, as by Step Functions Local."""

Object: TypeAlias = "dict[str, Any]"

_ANSWER = ("Return", "Throw")
_BESIDES = ("Match", "MapIndex", "DelaySeconds", "Callback")
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


class Entry(NamedTuple):
    """An answer and the calls that it is for: number `first` to `last` of the state, or of one Map iteration."""

    range: str
    first: int
    last: float
    map_index: int | None
    mock: Mock


@dataclass(frozen=True)
class MockConfig:
    """A file that was read and checked: `cases` by machine and case map states to responses."""

    name: str
    cases: Mapping[str, Mapping[str, Mapping[str, str]]]
    responses: Mapping[str, Json]

    def tasks(self, case: str, machine: str, program: Program) -> dict[str, Mock]:
        """The mocks of a case, by state; for one execution, since they count its calls.

        `case` is a name, or `Machine#Name` as the service's ARNs have it. Without that the machine is the one of the
        name `machine`, or the only one in the file. Raises `MockError` where there is no such machine or case, or
        the case mocks what is no Task of the program.
        """
        owner, _, name = case.rpartition("#")
        owner = owner or self._owner(machine)
        if owner not in self.cases:
            raise MockError(
                f"{self.name}: the machine {owner!r} is not in StateMachines; there {_are(self.cases)}"
                + ("" if "#" in case else "; `--case Machine#Case` says which is meant")
            )
        cases = self.cases[owner]
        if name not in cases:
            raise MockError(f"{self.name}: {owner} has no test case {name!r}; there {_are(cases)}")
        where = f"{self.name}: test case {name!r} of {owner}"
        self._check_states(cases[name], program, machine, where)
        return {
            state: _task(response, list(self._entries(response, state)))
            for state, response in cases[name].items()
        }

    def _owner(self, machine: str) -> str:
        if machine not in self.cases and len(self.cases) == 1:
            return next(iter(self.cases))
        return machine

    def _check_states(self, case: Mapping[str, str], program: Program, machine: str, where: str) -> None:
        kinds = {state.name: type(state).__name__ for _, state in walk(program)}
        tasks = [each.state.name for each in tasks_of(program)]
        for state in case:
            if state not in kinds:
                raise MockError(
                    f"{where} mocks the state {state!r}, which {machine} does not have; {_tasks(tasks)}"
                )
            if kinds[state] != "Task":
                raise MockError(
                    f"{where} mocks {state!r}, which is a {kinds[state]} state of {machine}; {_tasks(tasks)}"
                )

    def _entries(self, response: str, state: str) -> Iterator[Entry]:
        """The answers of a response, those of a certain number first."""
        given: Any = self.responses[response]
        for key in sorted(given, key=lambda key: key == "*"):
            first, last = _range(key, "") if key != "*" else (0, float("inf"))
            for answer in given[key] if isinstance(given[key], list) else [given[key]]:
                yield Entry(key, first, last, answer.get("MapIndex"), _mock(answer))


def _tasks(names: list[str]) -> str:
    return f"its Tasks are {', '.join(map(repr, names))}" if names else "it has no Task"


def _are(names: Mapping[str, Any]) -> str:
    if not names:
        return "is none"
    return f"{'is' if len(names) == 1 else 'are'} {', '.join(map(repr, names))}"


# ---------------------------------------------------------------------- answering


def _task(response: str, entries: list[Entry]) -> Mock:
    """A mock that gives the answers of a response."""
    numbers = count()
    of_path: Counter[str] = Counter()

    def serve(payload: Any, call: Call) -> Any:
        number, in_path = next(numbers), of_path[call.path]
        of_path[call.path] += 1
        index = map_index(call)
        for entry in entries:
            if entry.map_index is not None and entry.map_index != index:
                continue
            counted = number if entry.map_index is None else in_path
            if entry.first <= counted <= entry.last and entry.mock.has_answer(payload, call):
                return entry.mock(payload, call)
        where = f" ({in_path} in iteration {index})" if index is not None else ""
        raise MockFailure(
            f"the mocked response {response!r} has no answer for call {number}{where} of the state {call.state!r}; "
            f"it has {', '.join(map(_told, entries)) or 'none at all'}"
        )

    return Mock(serve, lambda payload, call: True, f"the mocked response {response!r}")


def _told(entry: Entry) -> str:
    return f'"{entry.range}"' + ("" if entry.map_index is None else f" of iteration {entry.map_index}")


def _mock(answer: Object) -> Mock:
    options: Object = {}
    if "DelaySeconds" in answer:
        options["takes"] = answer["DelaySeconds"]
    if "Match" in answer:
        options["when"] = answer["Match"]
    callback = answer.get("Callback")
    if callback is not None:
        options |= {"submitted": answer["Return"], "takes": callback.get("DelaySeconds", 0)}
        answer = callback
    if "Throw" in answer:
        return raises(answer["Throw"]["Error"], answer["Throw"].get("Cause"), **options)
    return returns(answer["Return"], **options)


# ---------------------------------------------------------------------- reading


def read(source: str | Path | Mapping[str, Json]) -> MockConfig:
    """Read a file, or its document. Raises `MockError` with the place of what is wrong, and `OSError`."""
    if isinstance(source, Mapping):
        return _config("the mock configuration", dict(source))
    name = str(source)
    try:
        document = documents.parse(documents.decode(Path(source).read_bytes(), name), name)
    except documents.DocumentError as problem:
        raise MockError(str(problem)) from None
    return _config(name, document)


def found(environment: Mapping[str, str] | None = None) -> Path | None:
    """The file that nobody named: that of `SFN_MOCK_CONFIG`, else `MockConfigFile.json` here, if there is one."""
    named = (os.environ if environment is None else environment).get(VARIABLE)
    if named:
        return Path(named)
    return Path(DEFAULT) if Path(DEFAULT).is_file() else None


def _config(name: str, document: Any) -> MockConfig:
    def refuse(place: str, told: str) -> MockError:
        return MockError(f"{name}: {told}" + (f" at {place}" if place else ""))

    _check_file(document, refuse)
    cases = {
        machine: fields.get("TestCases", {}) for machine, fields in document.get("StateMachines", {}).items()
    }
    responses = document.get("MockedResponses", {})
    for machine, tests in cases.items():
        for case, states in tests.items():
            for state, response in states.items():
                place = f"/StateMachines/{machine}/TestCases/{case}/{state}"
                if not isinstance(response, str):
                    raise refuse(place, f"the name of a response is {type_name(response)}, not a string")
                if response not in responses:
                    raise refuse(place, f"there is no mocked response {response!r}; there {_are(responses)}")
    return MockConfig(name, cases, responses)


Refuse: TypeAlias = "Callable[[str, str], MockError]"


def _check_file(document: Any, refuse: Refuse) -> None:
    machines = _object(document, "", refuse).get("StateMachines", {})
    for machine, fields in _object(machines, "/StateMachines", refuse).items():
        place = f"/StateMachines/{machine}"
        cases = _object(fields, place, refuse).get("TestCases", {})
        for case, states in _object(cases, f"{place}/TestCases", refuse).items():
            _object(states, f"{place}/TestCases/{case}", refuse)
    for response, answers in _object(document.get("MockedResponses", {}), "/MockedResponses", refuse).items():
        _check_response(answers, f"/MockedResponses/{response}", refuse)


def _check_response(answers: Any, place: str, refuse: Refuse) -> None:
    covered: dict[int, str] = {}
    for key, given in _object(answers, place, refuse).items():
        at = f"{place}/{key}"
        if key != "*":
            first, last = _range(key, at, refuse)
            for number in range(first, min(last, first + 100_000) + 1):
                if number in covered:
                    raise refuse(at, f"call {number} is in {covered[number]!r} too")
                covered[number] = key
        for index, answer in enumerate(given if isinstance(given, list) else [given]):
            _check_answer(answer, f"{at}[{index}]" if isinstance(given, list) else at, refuse)


def _check_answer(answer: Any, place: str, refuse: Refuse, besides: tuple[str, ...] = _BESIDES) -> None:
    _keys(answer, (*_ANSWER, *besides), place, refuse)
    if len([key for key in _ANSWER if key in answer]) != 1:
        raise refuse(place, "an answer has either Return or Throw")
    if "Throw" in answer:
        error = answer["Throw"]
        _keys(error, ("Error", "Cause"), f"{place}/Throw", refuse)
        for key in ("Error", "Cause"):
            if not isinstance(error.get(key, "" if key == "Cause" else None), str):
                raise refuse(f"{place}/Throw", f"{key} must be a string")
    for key, fits, told in (
        ("DelaySeconds", lambda v: type(v) in (int, float) and v >= 0, "a number of seconds"),
        ("MapIndex", lambda v: type(v) is int and v >= 0, "an index from 0"),
    ):
        if key in answer and not fits(answer[key]):
            raise refuse(f"{place}/{key}", f"{key} must be {told}, not {json.dumps(answer[key])}")
    if "Callback" in answer:
        if "Throw" in answer:
            raise refuse(place, "a call that throws has no Callback")
        _check_answer(answer["Callback"], f"{place}/Callback", refuse, ("DelaySeconds",))


def _range(key: str, place: str, refuse: Refuse | None = None) -> tuple[int, int]:
    found = _RANGE.fullmatch(key)
    if found is None or (found[2] is not None and int(found[2]) < int(found[1])):
        assert refuse is not None
        raise refuse(place, f'{key!r} is no range of calls: write "0", "1-2" or "*"')
    return int(found[1]), int(found[2] or found[1])


def _object(value: Any, place: str, refuse: Refuse) -> Object:
    if not isinstance(value, dict):
        raise refuse(place, f"an object must stand here, not {type_name(value)}")
    return value


def _keys(value: Any, known: tuple[str, ...], place: str, refuse: Refuse) -> None:
    for key in _object(value, place, refuse):
        if key not in known:
            raise refuse(place, f"there is no field {key!r} here; there are {', '.join(known)}")
