"""Two histories side by side: paths first, then the data where it differs first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl
from tests.commands import Asl, asl_command, write
from tests.test_replay import ORDER

__all__ = ["asl_command"]


def run(id: int, total: Any, busy: int = 0) -> str:
    tries = iter([asl.TaskError("Busy", "try again")] * busy + [total])

    def price(_: Any) -> Any:
        answer = next(tries)
        if isinstance(answer, Exception):
            raise answer
        return answer

    tasks = {"price": price, "ship": lambda _: "sent"}
    return asl.load(ORDER).run({"id": id}, tasks=tasks, start_time=1000 * id).history.to_json()


def lines(a: str, b: str, **options: Any) -> list[str]:
    return str(asl.diff(json.loads(a), json.loads(b), **options)).splitlines()


def test_the_same_is_the_same() -> None:
    found = asl.diff(json.loads(run(1, 12)), json.loads(run(1, 12)))
    assert found.same and str(found) == ""


def test_the_path_comes_first_then_the_data_where_it_arises() -> None:
    assert lines(run(1, 12), run(2, 5)) == [
        "after Check, a went through Ship, Pause, b went through Reject",
        "execution: input /id is 1 in a, 2 in b",
        'execution: status is "SUCCEEDED" in a, "FAILED" in b',
        'execution: output is {"id":1,"total":12} in a, nothing in b',
        'execution: error is nothing in a, "TooCheap" in b',
        "Price: input /id is 1 in a, 2 in b",
        "Price: result is 12 in a, 5 in b",
        "Price: output /total is 12 in a, 5 in b",
    ]


def test_tries_are_told_apart() -> None:
    assert lines(run(1, 12), run(1, 12, busy=1)) == [
        "Price: result is 12 in a, nothing in b",
        'Price: error is nothing in a, "Busy" in b',
        'Price: cause is nothing in a, "try again" in b',
        'Price: parameters 2 is nothing in a, {"id":1} in b',
        "Price: result 2 is nothing in a, 12 in b",
    ]


EACH = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "StartAt": "Which",
                "States": {
                    "Which": {
                        "Type": "Choice",
                        "Choices": [{"Variable": "$.n", "NumericGreaterThan": 1, "Next": "Large"}],
                        "Default": "Small",
                    },
                    "Large": {"Type": "Pass", "End": True},
                    "Small": {"Type": "Pass", "End": True},
                },
            },
            "End": True,
        }
    },
}


def test_frames_are_compared_each_with_itself() -> None:
    loaded = asl.load(EACH)
    a, b = (loaded.run([{"n": 0}, {"n": n}, *more]).history for n, more in ((1, []), (2, [{"n": 3}])))
    found = asl.diff(a, b)
    assert [str(each) for each in found.path] == [
        "/Each/1: after Which, a went through Small, b went through Large",
        "/Each/2: at the start, a did not, b went through Which, Large",
    ]
    (which,) = (each for each in found.data if each.path == "/Each/1")
    assert str(which) == "/Each/1: Which: input /n is 1 in a, 2 in b"


def test_loops_of_different_length_are_aligned() -> None:
    again = [{"Variable": "$.n", "NumericLessThanPath": "$.to", "Next": "Add"}]
    loaded = asl.load(
        {
            "StartAt": "Add",
            "States": {
                "Add": {
                    "Type": "Pass",
                    "Parameters": {"n.$": "States.MathAdd($.n, 1)", "to.$": "$.to"},
                    "Next": "Enough?",
                },
                "Enough?": {"Type": "Choice", "Choices": again, "Default": "Done"},
                "Done": {"Type": "Succeed"},
            },
        }
    )
    a, b = (loaded.run({"n": 0, "to": to}).history for to in (5, 3))
    found = asl.diff(a, b)
    (way,) = found.path
    assert (way.path, way.a, way.b) == ("/", ("Add", "Enough?") * 2, ())
    assert str(way).endswith("a went through Add, Enough?, Add, Enough?, b did not")


def test_branches_that_began_in_another_order_are_matched_by_name() -> None:
    branches = [{"StartAt": n, "States": {n: {"Type": "Pass", "End": True}}} for n in ("Left", "Right")]
    both = {"StartAt": "B", "States": {"B": {"Type": "Parallel", "Branches": branches, "End": True}}}
    events = json.loads(asl.load(both).run({}).history.to_json())["events"]
    swapped = [events[at] for at in (0, 1, 2, 5, 6, 3, 4, 7, 8, 9)]
    number = {event["id"]: at for at, event in enumerate(swapped, 1)} | {0: 0}
    swapped = [{**e, "id": number[e["id"]], "previousEventId": number[e["previousEventId"]]} for e in swapped]
    for event in swapped[7:9]:
        event["previousEventId"] = 7
    assert asl.diff(events, swapped).same
    assert asl.diff(events, swapped, asl.load(both).program).same


def test_a_comparison_is_a_value() -> None:
    shown = asl.diff(json.loads(run(1, 12)), json.loads(run(1, 13))).to_dict()
    assert json.loads(json.dumps(shown)) == shown
    assert shown["same"] is False and shown["path"] == []
    assert shown["data"][1] == {
        "frame": "/",
        "state": "Price",
        "visit": 1,
        "field": "result",
        "differences": [{"pointer": "", "a": 12, "b": 13}],
    }


def test_the_command(asl_command: Asl, tmp_path: Path) -> None:
    a, b = write(tmp_path, "a.json", run(1, 12)), write(tmp_path, "b.json", run(1, 5))
    assert asl_command("diff", a, a) == (0, "the same\n", "")
    said = asl_command("diff", a, b)
    assert said.code == 1
    assert said.out.startswith("after Check, a went through Ship, Pause, b went through Reject\n")
    machine = write(tmp_path, "m.asl.json", json.dumps(ORDER))
    said = asl_command("diff", a, b, "--machine", machine, "--output", "json")
    assert said.code == 1 and said.json["path"][0]["b"] == ["Reject"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"events": [', "nonsense"])
def test_the_command_says_what_it_cannot_read(text: str, asl_command: Asl, tmp_path: Path) -> None:
    a, b = write(tmp_path, "a.json", run(1, 12)), write(tmp_path, "b.json", text)
    said = asl_command("diff", a, b)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("asl: ")
    assert "b.json" in said.err
