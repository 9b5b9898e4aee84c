"""Histories from outside: every form that they come in, the frames recovered, and what is said of other things."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import random
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import asl
from asl import recorded
from asl.recorded import HistoryError
from tests.driving import drive
from tests.test_random_machines import answers, machine

MACHINES = int(os.environ.get("ASL_RANDOM_MACHINES", "2000")) // 4

EACH = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "StartAt": "Work",
                "States": {
                    "Work": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::lambda:invoke",
                        "Parameters": {"FunctionName": "f", "Payload.$": "$"},
                        "TimeoutSeconds": 9,
                        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}],
                        "Assign": {"seen.$": "$.Payload"},
                        "End": True,
                    },
                    "Sorry": {"Type": "Pass", "End": True},
                },
            },
            "End": True,
        }
    },
}


def _work(payload: Any) -> Any:
    if payload["Payload"] == 2:
        raise asl.TaskError("Odd", "two")
    return {"Payload": payload["Payload"]}


@pytest.fixture(scope="module")
def run() -> asl.Result:
    return asl.load(EACH).run([1, 2, "three"], tasks=_work)


def _shown(history: Any) -> Any:
    return [(event.path, event.to_dict()) for event in history]


def _pages(events: list[Any], size: int = 5) -> list[Any]:
    return [{"events": events[at : at + size], "nextToken": "more"} for at in range(0, len(events), size)]


def _with_moments(events: list[Any], moment: Any) -> list[Any]:
    return [{**event, "timestamp": moment(event["timestamp"])} for event in events]


def _as_log(event: dict[str, Any]) -> dict[str, Any]:
    """A log record of an Express execution, in the form that is told of them."""
    details = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    return {
        "id": str(event["id"]),
        "type": event["type"],
        "details": details,
        "previous_event_id": str(event["previousEventId"]),
        "event_timestamp": str(round(datetime.fromisoformat(event["timestamp"]).timestamp() * 1000)),
        "execution_arn": "arn:aws:states:us-east-1:123456789012:express:m:e:1",
    }


FORMS = {
    "the CLI's": lambda events: {"events": events},
    "a bare list": lambda events: events,
    "text": lambda events: json.dumps({"events": events}, indent=2),
    "bytes with a mark": lambda events: b"\xef\xbb\xbf" + json.dumps(events).encode(),
    "boto3's": lambda events: {
        "events": _with_moments(events, datetime.fromisoformat),
        "ResponseMetadata": {"HTTPStatusCode": 200},
    },
    "another time zone": lambda events: _with_moments(
        events,
        lambda text: datetime.fromisoformat(text).astimezone(timezone(timedelta(hours=-7))).isoformat(),
    ),
    "the wire's": lambda events: _with_moments(events, lambda text: datetime.fromisoformat(text).timestamp()),
    "newest first": lambda events: events[::-1],
    "pages": _pages,
    "pages in any order, overlapping": lambda events: [*_pages(events)[::-1], events[3:8]],
    "pages of text": lambda events: [json.dumps(page) for page in _pages(events)],
    "log records": lambda events: [_as_log(event) for event in events],
    "lines of log records": lambda events: "\n".join(json.dumps(_as_log(event)) for event in events),
    "CloudWatch's answer": lambda events: {
        "events": [{"timestamp": 1, "message": json.dumps(_as_log(event))} for event in events]
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_reads_alike(form: str, run: asl.Result) -> None:
    given = FORMS[form](run.history.to_dict()["events"])
    read = recorded.read(given, asl.load(EACH).program)
    assert _shown(read.history) == _shown(run.history)
    assert read.history.to_json() == run.history.to_json()
    assert read.absent == ()


def test_files_read_alike(run: asl.Result, tmp_path: Path) -> None:
    run.history.save(tmp_path / "whole.json")
    pages = _pages(run.history.to_dict()["events"])
    for number, page in enumerate(pages):
        (tmp_path / f"{number}.json").write_text(json.dumps(page))
    files = [tmp_path / f"{number}.json" for number in range(len(pages))]
    for source in (
        tmp_path / "whole.json",
        str(tmp_path / "whole.json"),
        files,
        [str(file) for file in files],
    ):
        assert _shown(recorded.read(source).history) == _shown(run.history)


def test_a_history_is_itself(run: asl.Result) -> None:
    assert recorded.read(run.history).history is run.history


def test_log_records_tell_the_name_of_the_execution(run: asl.Result) -> None:
    records = [_as_log(event) for event in run.history.to_dict()["events"]]
    assert recorded.read(records).arn == "arn:aws:states:us-east-1:123456789012:express:m:e:1"


def test_a_history_without_data_says_where(run: asl.Result) -> None:
    events = json.loads(run.history.to_json())["events"]
    for event in events:
        for key, details in event.items():
            if key.endswith("EventDetails"):
                for name in ("input", "output", "parameters"):
                    details.pop(name, None)
    read = recorded.read(events)
    assert read.absent[0] == "event 1 (ExecutionStarted) has no input"
    assert [event.path for event in read.history] == [event.path for event in run.history]
    with pytest.raises(HistoryError, match=r"^event 1 \(ExecutionStarted\) has no input: a replay needs"):
        asl.replay(events, asl.load(EACH))


def test_a_document_that_was_cut_is_not_there(run: asl.Result) -> None:
    events = json.loads(run.history.to_json())["events"]
    events[1]["stateEnteredEventDetails"]["inputDetails"]["truncated"] = True
    assert recorded.read(events).absent == ("event 2 (MapStateEntered) has no input",)


START = {"id": 1, "type": "ExecutionStarted", "previousEventId": 0, "timestamp": 0.0}
WRONG: dict[str, tuple[Any, str]] = {
    "broken JSON": ('{"events": [', r"^the history, line 1, column 13: not JSON: Expecting value: "),
    "another object": (
        {"definition": {}},
        r"no events: an object with 'definition' where \{'events': \[…\]\}",
    ),
    "a path in JSON": (
        b'"other.json"',
        r"^the history has no events: string where \{'events': \[…\]\} should",
    ),
    "paths in JSON": (b'["other.json"]', r"^the history has no events: string where"),
    "paths among the events": ({"events": ["other.json"]}, r"^the history has no events: string where"),
    "no text": (b" \n", r"^the history is empty$"),
    "nothing": ([], r"^the history has no events$"),
    "a number": (12, r"^the history is int, not the history of an execution$"),
    "not UTF-8": (b'{"events": "\xff"}', r"^the history is not UTF-8: byte 0xff at 12$"),
    "an id that is none": ([{**START, "id": "one"}], r"event 'one': its id is 'one', which is no number"),
    "an id of too many digits": ([{**START, "id": "9" * 5000}], r"its id is '9+', which is no number of an"),
    "no time": ([{**START, "timestamp": "noon"}], r"event 1 has no timestamp that can be read$"),
    "a time without end": ([{**START, "timestamp": "inf"}], r"event 1 has no timestamp that can be read$"),
    "a later previous event": (
        [{**START, "previousEventId": 7}],
        r"comes after event 7, which is later than",
    ),
    "a type that is none": ([{**START, "type": 3}], r"event 1 has the type 3, which is no text$"),
    "a page left out": (
        [START, {**START, "id": 4, "type": "ExecutionSucceeded"}],
        r"^event 2 is missing, though there are 2 up to event 4: is a page left out",
    ),
    "an id far off": (
        [START, {**START, "id": 10**30, "type": "ExecutionSucceeded"}],
        r"^event 2 is missing, though there are 2 up to event 1000000000000000000000000000000: is",
    ),
    "pages of two executions": (
        [START, {**START, "type": "ExecutionFailed"}],
        r"^event 1 comes twice: once as ExecutionStarted, once as ExecutionFailed; are these the pages of one",
    ),
    "a document that is none": (
        [{**START, "executionStartedEventDetails": {"input": "{1}"}}],
        r"^event 1 \(ExecutionStarted\): its input is not JSON text: \{1\}$",
    ),
    "details that are none": (
        [{**START, "executionStartedEventDetails": []}],
        r"^event 1 \(ExecutionStarted\): its details are list, not an object$",
    ),
    "a state without a name": (
        [START, {**START, "id": 2, "type": "PassStateEntered", "stateEnteredEventDetails": {"input": "1"}}],
        r"^event 2 \(PassStateEntered\) has no name$",
    ),
    "an index that is none": (
        [
            {
                **START,
                "type": "MapIterationStarted",
                "mapIterationStartedEventDetails": {"name": "M", "index": "0"},
            }
        ],
        r"^event 1 \(MapIterationStarted\): its index is '0', which is no number$",
    ),
    "a broken line": ('{"id": 1}\n\n{"id": 2', r"^the history, line 3, column 9: not JSON: "),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_history_is_told(what: str) -> None:
    source, message = WRONG[what]
    with pytest.raises(HistoryError, match=message):
        recorded.read(source)


def test_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "h.json").write_text("{")
    with pytest.raises(HistoryError, match=r"h\.json, line 1, column 2: not JSON: "):
        recorded.read(tmp_path / "h.json")
    with pytest.raises(FileNotFoundError):
        recorded.read(tmp_path / "none.json")


def test_frames_of_random_machines_are_recovered() -> None:
    for seed in range(MACHINES):
        rng = random.Random(seed)
        loaded = asl.load(machine(rng))
        given = {"items": list(range(rng.randint(0, 4))), "n": 1}
        quotas = asl.Quotas(events=2_000)
        execution = asl.Execution(loaded.program, given, at=1000, seed=seed, quotas=quotas)
        history = drive(execution, answers(seed)).history
        for program in (loaded.program, None):
            read = recorded.read(json.loads(history.to_json()), program).history
            assert [(event.id, event.path) for event in read] == [(event.id, event.path) for event in history]


def _event(id: int, previous: int, type: str, name: str | None = None, **details: Any) -> dict[str, Any]:
    event = {"id": id, "previousEventId": previous, "type": type, "timestamp": datetime.now(UTC)}
    if name is not None:
        document = {"output": "{}"} if type.endswith("Exited") else {"input": "{}"}
        key = "stateExitedEventDetails" if type.endswith("Exited") else "stateEnteredEventDetails"
        event[key] = {"name": name, **document}
    return {**event, **details}


BOTH = {
    "StartAt": "Both",
    "States": {
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Left", "States": {"Left": {"Type": "Pass", "End": True}}},
                {"StartAt": "Right", "States": {"Right": {"Type": "Pass", "End": True}}},
            ],
            "End": True,
        }
    },
}

RIGHT_FIRST = [
    _event(1, 0, "ExecutionStarted"),
    _event(2, 0, "ParallelStateEntered", "Both"),
    _event(3, 2, "ParallelStateStarted"),
    _event(4, 3, "PassStateEntered", "Right"),
    _event(5, 3, "PassStateEntered", "Left"),
    _event(6, 4, "PassStateExited", "Right"),
    _event(7, 5, "PassStateExited", "Left"),
    _event(8, 7, "ParallelStateSucceeded"),
    _event(9, 7, "ParallelStateExited", "Both"),
]


def test_the_definition_tells_which_branch_a_state_is_of() -> None:
    program = asl.load(BOTH).program
    found = [event.path for event in recorded.read(RIGHT_FIRST, program).history]
    assert found == ["/", "/", "/", "/Both/1", "/Both/0", "/Both/1", "/Both/0", "/", "/"]


def test_without_it_branches_count_as_they_begin() -> None:
    found = [event.path for event in recorded.read(RIGHT_FIRST).history]
    assert found == ["/", "/", "/", "/Both/0", "/Both/1", "/Both/0", "/Both/1", "/", "/"]


def test_a_branch_that_the_definition_does_not_know_takes_the_place_that_is_left() -> None:
    edited = json.loads(json.dumps(BOTH).replace("Right", "Straight"))
    found = [event.path for event in recorded.read(RIGHT_FIRST, asl.load(edited).program).history]
    assert found == ["/", "/", "/", "/Both/0", "/Both/1", "/Both/0", "/Both/1", "/", "/"]


def _garbled(events: list[Any], rng: random.Random) -> list[Any]:
    """Events of which a few are not as they should be."""
    events = copy.deepcopy(events)
    for _ in range(rng.randint(1, 3)):
        event = rng.choice(events)
        key = next((key for key in event if key.endswith("EventDetails")), None)
        what = rng.randrange(6)
        if what == 0 and key:
            del event[key]
        elif what == 1 and key and event[key]:
            event[key][rng.choice(list(event[key]))] = rng.choice([None, 3, "x", [], {}, True])
        elif what == 2:
            event["type"] = rng.choice(
                [each["type"] for each in events if any(k == key for k in each)] if key else LEAVES
            )
        elif what == 3:
            event["previousEventId"] = rng.randrange(event["id"])
        elif what == 4:
            del events[rng.randint(1, len(events)) :]
        else:
            event["timestamp"] = rng.choice([None, "x", 5, 1e20, -4, True])
    return events


LEAVES = [
    "MapStateSucceeded",
    "MapStateFailed",
    "ParallelStateSucceeded",
    "ParallelStateStarted",
    "ParallelStateFailed",
    "ParallelStateAborted",
    "TaskStateAborted",
    "MapRunSucceeded",
    "Unheard",
]


def test_a_garbled_history_is_refused_or_diverges() -> None:
    """Whatever is given, nothing but the errors of asl is raised, by all that reads histories."""
    for seed in range(MACHINES // 2):
        rng = random.Random(seed)
        loaded = asl.load(machine(rng))
        given = {"items": list(range(rng.randint(0, 4))), "n": 1}
        quotas = asl.Quotas(events=300)
        execution = asl.Execution(loaded.program, given, at=1000, seed=seed, quotas=quotas)
        whole = json.loads(drive(execution, answers(seed)).history.to_json())["events"]
        events = _garbled(whole, rng)
        with contextlib.suppress(asl.AslError):
            str(
                asl.replay(
                    events, loaded, rng.choice(["strict", "shape", "tolerant"]), quotas=quotas
                ).divergence
            )
        with contextlib.suppress(asl.AslError):
            str(asl.diff(whole, events))
        with contextlib.suppress(asl.AslError):
            asl.redrive(events, loaded, tasks=lambda payload: {"n": 1}, quotas=quotas)
