"""The benchmarks measure what they say: every program does the whole work. How fast is not judged here."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import asl
from benchmarks import __main__ as command
from benchmarks import scaling, timing
from benchmarks.floors import Record, run
from benchmarks.workloads import WORKLOADS, Workload, make

TINY = 0.002


@pytest.fixture(params=list(WORKLOADS))
def workload(request: pytest.FixtureRequest) -> Workload:
    return make(request.param, TINY)


def test_every_program_gives_the_output_of_the_workload(workload: Workload) -> None:
    found = timing.outputs(workload)
    assert found == dict.fromkeys(("F2", "asl", "asl + text", "F3"), workload.output)


def recorded(workload: Workload, input: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The events of one execution, by the floor and by asl."""
    functions = timing.tasks(workload)
    record = Record()
    run(record, workload, input, next(iter(functions.values()), lambda payload: None))
    result = asl.load(workload.definition).run(input, tasks=functions)
    return record.events, result.history.to_dict()["events"]


def test_the_floor_records_the_events_that_asl_does(workload: Workload) -> None:
    floor, ours = recorded(workload, workload.input)
    assert Counter(event["type"] for event in floor) == Counter(event["type"] for event in ours)
    names = [
        Counter(
            event["stateEnteredEventDetails"]["name"]
            for event in events
            if "stateEnteredEventDetails" in event
        )
        for events in (floor, ours)
    ]
    assert names[0] == names[1]
    assert sum(names[0].values()) * workload.executions == workload.transitions


def test_the_floor_writes_the_documents_that_asl_does(workload: Workload) -> None:
    def documents(events: list[dict[str, Any]]) -> Counter[str]:
        shown = [event.get("stateExitedEventDetails", {}) for event in events]
        wanted = ("name", "output", "assignedVariables")
        return Counter(json.dumps([details.get(key) for key in wanted], sort_keys=True) for details in shown)

    floor, ours = recorded(workload, workload.input)
    assert documents(floor) == documents(ours)


def test_the_command_writes_its_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "numbers.json"
    assert command.main(["--only", "W0", "--scale", "0.01", "--rounds", "1", "--json", str(file)]) == 0
    (row,) = json.loads(file.read_text())["workloads"]
    assert row["id"] == "W0" and row["transitions"] == 10
    assert set(row["ratio"]) == {"F2", "F3", "asl", "asl + text"} and row["ratio"]["F2"] == 1
    assert capsys.readouterr().out.splitlines()[1].startswith("W0 ")


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        command.main(["--only", "W99"])
    assert exit.value.code == 2
    assert "there is no W99" in capsys.readouterr().err


def test_growth_is_measured_at_the_size_asked() -> None:
    point = scaling.run("W3", 1_000)
    assert point.transitions == 1_000
    assert point.seconds > 0 and point.bytes > 100_000
