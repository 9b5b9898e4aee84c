"""Coverage: what there is to cover, what runs have covered, and that the quick way to see it sees right."""

from __future__ import annotations

import asyncio
import os
import random
from typing import Any

import pytest

import asl
from asl.inspection import explain
from asl.testing import first_of, in_turn, load, raises, returns
from asl.testing.coverage import Coverage, Covered, points
from asl.testing.coverage.collecting import _ways
from tests.commands import FIXTURES
from tests.driving import drive
from tests.machines import machine, task
from tests.test_random_machines import answers
from tests.test_random_machines import machine as random_machine

ORDER = FIXTURES / "order" / "order.asl.json"
MACHINES = int(os.environ.get("ASL_RANDOM_MACHINES", "2000")) // 4


def covered(definition: dict[str, Any], *runs: dict[str, Any]) -> Covered:
    """What these runs cover of the machine."""
    tested = load(definition)
    found = Covered("m", None, tested.machine.program)
    for options in runs:
        found.add(tested.run(**options).history)
    return found


def ways(found: Covered, kind: str | None = None) -> set[tuple[str, str]]:
    return {(point.state, point.what) for point in found.hits() if kind is None or point.kind == kind}


# ---------------------------------------------------------------------- what there is


def test_points_of_the_order() -> None:
    program = asl.load(ORDER).program
    shown = [(point.kind, point.state, point.what, point.to) for point in points(program)]
    assert [each for each in shown if each[1] == "Anything ordered?"] == [
        ("state", "Anything ordered?", "", None),
        ("choice", "Anything ordered?", "Choices[0]", "Nothing ordered"),
        ("choice", "Anything ordered?", "not Choices[0]", None),
        ("choice", "Anything ordered?", "Default", "Reserve"),
    ]
    assert [each for each in shown if each[1] in ("Reserve", "Reserve item")] == [
        ("state", "Reserve", "", None),
        ("transition", "Reserve", "Next", "Charge"),
        ("catch", "Reserve", "Catch[0]", "Release"),
        ("map", "Reserve", "empty", None),
        ("map", "Reserve", "not empty", None),
        ("state", "Reserve item", "", None),
        ("transition", "Reserve item", "End", None),
    ]
    assert [each[2] for each in shown if each[1] == "Charge"] == ["", "Next", "Retry[0]", "Catch[0]"]
    assert [each[1:3] for each in shown if each[1] in ("Done", "Rejected")] == [
        ("Done", ""),
        ("Done", "End"),
        ("Rejected", ""),
    ]
    locations = {point.state: point.location for point in points(program) if point.kind == "state"}
    assert locations["Reserve item"] == "/States/Reserve/ItemProcessor/States/Reserve item"
    assert locations["Ship"] == "/States/Hand over/Branches[1]/States/Ship"


def test_a_retrier_that_never_retries_and_a_choice_without_default_are_no_points() -> None:
    definition = machine(
        "T",
        T=task(Retry=[{"ErrorEquals": ["Fatal"], "MaxAttempts": 0}], Next="C"),
        C={"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "Z"}]},
        Z={"Type": "Succeed"},
    )
    found = [str(point) for point in points(asl.load(definition).program)]
    assert found == [
        "'T' is never entered",
        "'T' never goes on to 'C'",
        "'C' is never entered",
        "Choices[0] of 'C' is never taken",
        "Choices[0] of 'C' is never passed over",
        "'Z' is never entered",
    ]


# ---------------------------------------------------------------------- what was covered


CHOICE = machine(
    "C",
    C={
        "Type": "Choice",
        "Choices": [
            {"Variable": "$.n", "NumericLessThan": 0, "Next": "Bad"},
            {"Variable": "$.n", "NumericGreaterThan": 99, "Next": "Bad"},
        ],
        "Default": "Good",
    },
    Bad={"Type": "Fail", "Error": "Bad"},
    Good={"Type": "Pass"},
)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ([], set()),
        ([5], {"not Choices[0]", "not Choices[1]", "Default"}),
        ([100], {"not Choices[0]", "Choices[1]"}),
        ([-1], {"Choices[0]"}),
        ([-1, 100], {"Choices[0]", "not Choices[0]", "Choices[1]"}),
        ([-1, 5], {"Choices[0]", "not Choices[0]", "not Choices[1]", "Default"}),
    ],
)
def test_rules_that_lead_to_one_state_are_told_apart(inputs: list[int], expected: set[str]) -> None:
    found = covered(CHOICE, *({"input": {"n": n}} for n in inputs))
    assert {what for _, what in ways(found, "choice")} == expected
    assert found.percent == pytest.approx(100 * len(found.hits()) / 9)


def test_rules_that_read_variables_and_the_context() -> None:
    definition = {
        "QueryLanguage": "JSONata",
        **machine(
            "A",
            A={"Type": "Pass", "Assign": {"limit": "{% $states.input.limit %}"}, "Next": "C"},
            C={
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $limit > 3 %}", "Next": "Z"},
                    {"Condition": "{% $states.context.Execution.Input.n = 1 %}", "Next": "Z"},
                ],
                "Default": "Z",
            },
            Z={"Type": "Succeed"},
        ),
    }
    for given, taken in (
        ({"limit": 4, "n": 0}, "Choices[0]"),
        ({"limit": 0, "n": 1}, "Choices[1]"),
        ({"limit": 0, "n": 0}, "Default"),
    ):
        found = covered(definition, {"input": given})
        assert [what for _, what in sorted(ways(found, "choice")) if not what.startswith("not")] == [taken]


def test_a_choice_that_leads_back_to_itself() -> None:
    definition = {
        "QueryLanguage": "JSONata",
        **machine(
            "A",
            A={"Type": "Pass", "Assign": {"n": 0}, "Next": "C"},
            C={
                "Type": "Choice",
                "Choices": [{"Condition": "{% $n < 2 %}", "Next": "C", "Assign": {"n": "{% $n + 1 %}"}}],
                "Default": "Z",
            },
            Z={"Type": "Succeed"},
        ),
    }
    assert {what for _, what in ways(covered(definition, {}), "choice")} == {
        "Choices[0]",
        "not Choices[0]",
        "Default",
    }


RECOVERY = machine(
    "T",
    T=task(
        Retry=[{"ErrorEquals": ["Busy"], "MaxAttempts": 1}, {"ErrorEquals": ["Slow"]}],
        Catch=[{"ErrorEquals": ["Down"], "Next": "Z"}, {"ErrorEquals": ["States.ALL"], "Next": "Z"}],
        Next="Z",
    ),
    Z={"Type": "Pass"},
)


@pytest.mark.parametrize(
    ("mock", "expected"),
    [
        (returns(1), {("T", "Next"), ("Z", "End")}),
        (in_turn(raises("Busy"), returns(1)), {("T", "Retry[0]"), ("T", "Next"), ("Z", "End")}),
        (in_turn(raises("Slow"), returns(1)), {("T", "Retry[1]"), ("T", "Next"), ("Z", "End")}),
        (raises("Busy"), {("T", "Retry[0]"), ("T", "Catch[1]"), ("Z", "End")}),
        (raises("Down"), {("T", "Catch[0]"), ("Z", "End")}),
        (raises("Other"), {("T", "Catch[1]"), ("Z", "End")}),
    ],
)
def test_retriers_and_catchers(mock: Any, expected: set[tuple[str, str]]) -> None:
    assert ways(covered(RECOVERY, {"mocks": {"T": mock}})) == {("T", ""), ("Z", ""), *expected}


def test_a_state_that_fails_does_not_come_to_its_end() -> None:
    definition = machine("T", T=task())
    assert ways(covered(definition, {"mocks": {"T": raises("E")}})) == {("T", "")}
    assert ways(covered(definition, {"mocks": {"T": raises("E")}}, {"mocks": {"T": returns(1)}})) == {
        ("T", ""),
        ("T", "End"),
    }


EACH = machine(
    "Each",
    Each={
        "Type": "Map",
        "ItemProcessor": machine("T", T=task(Retry=[{"ErrorEquals": ["Busy"]}])),
        "Catch": [{"ErrorEquals": ["Down"], "Next": "Z"}],
        "Next": "Z",
    },
    Z={"Type": "Pass"},
)


def test_maps_with_and_without_items() -> None:
    assert ways(covered(EACH, {"input": []}), "map") == {("Each", "empty")}
    many = covered(EACH, {"input": [1, 2], "mocks": {"T": returns(1)}})
    assert ways(many, "map") == {("Each", "not empty")}
    assert ("T", "End") in ways(many)
    down = covered(
        EACH,
        {
            "input": [1, 2],
            "mocks": {"T": first_of(raises("Down", item=1), in_turn(raises("Busy"), returns(1)))},
        },
    )
    assert {("Each", "Catch[0]"), ("Each", "not empty")} <= ways(down)
    assert ("Each", "Next") not in ways(down)


def test_a_map_whose_items_are_read_is_neither() -> None:
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "b", "Key": "k"},
    }
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **machine("P", P={"Type": "Pass"}),
    }
    definition = machine("Each", Each={"Type": "Map", "ItemReader": reader, "ItemProcessor": processor})
    assert [point.kind for point in points(asl.load(definition).program)] == [
        "state",
        "transition",
        "state",
        "transition",
    ]


def test_the_quick_way_sees_what_explanations_see() -> None:
    checked = trouble = 0
    for seed in range(MACHINES):
        rng = random.Random(seed)
        loaded = asl.load(random_machine(rng))
        found = Covered("m", None, loaded.program)
        slow: set[tuple[str, str]] = set()
        for number in range(3):
            given = {"items": list(range(number)), "n": 1}
            run = drive(loaded.start(given, quotas=asl.Quotas(events=2_000)), answers(seed + number))
            found.add(run.history)
            trouble += run.history[-1].type != "ExecutionSucceeded"
            states = {
                state.name: state for part in loaded.program.parts.values() for state in part.states.values()
            }
            for visit in explain(run.history, loaded):
                slow.add((visit.state, ""))
                slow.update((visit.state, way) for way in _ways(visit, states[visit.state]))
        there = {(point.state, point.what) for point in found.points if point.kind != "map"}
        quick = {way for way in ways(found) if way in there}
        assert quick == slow & there, f"seed {seed}"
        checked += len(quick)
    assert checked > 5 * MACHINES
    assert trouble > MACHINES / 10


# ---------------------------------------------------------------------- watching


def test_every_kind_of_run_is_seen() -> None:
    leaf = machine("Leaf", Leaf={"Type": "Pass"})
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {
            "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:leaf",
            "Input": {},
        },
    }
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **machine("Child", Child=task(Retry=[{"ErrorEquals": ["Busy"]}])),
    }
    coverage = Coverage()
    with coverage.watching():
        plain, nested, session, real, driven, spread = (
            asl.load({"Comment": name, **definition})
            for name, definition in {
                "plain": leaf,
                "nested": machine("Start", Start=start),
                "session": machine("W", W={"Type": "Wait", "Seconds": 9}),
                "real": machine("R", R={"Type": "Pass"}),
                "driven": machine("D", D={"Type": "Pass"}),
                "spread": machine("Each", Each={"Type": "Map", "ItemProcessor": processor}),
            }.items()
        )
        nested.run({}, machines={"leaf": plain})
        together = asl.Session()
        together.start(session, {})
        together.finish()
        asyncio.run(real.run_async({}))
        asl.Execution(driven.program, {})
        spread.run([1, 2], tasks={"Child": in_turn(raises("Busy"), returns(1))})
    found = {name: ways(each) for name, each in _by_comment(coverage).items()}
    assert found["plain"] == {("Leaf", ""), ("Leaf", "End")}
    assert found["nested"] == {("Start", ""), ("Start", "End")}
    assert found["session"] == {("W", ""), ("W", "End")}
    assert found["real"] == {("R", ""), ("R", "End")}
    assert found["driven"] == {("D", ""), ("D", "End")}
    assert {("Child", ""), ("Child", "End"), ("Child", "Retry[0]"), ("Each", "not empty")} <= found["spread"]


def _by_comment(coverage: Coverage) -> dict[str, Covered]:
    return {each.program.definition["Comment"]: each for each in coverage.machines.values()}  # type: ignore[index, call-overload]


def test_nothing_is_left_behind_when_it_is_off() -> None:
    before = asl.Execution.__init__, asl.StateMachine.__init__, asl.face.result_of
    coverage = Coverage()
    with pytest.raises(ZeroDivisionError), coverage.watching():
        assert asl.Execution.__init__ is not before[0]
        raise ZeroDivisionError
    assert (asl.Execution.__init__, asl.StateMachine.__init__, asl.face.result_of) == before
    asl.load(machine("P", P={"Type": "Pass"})).run()
    assert coverage.machines == {}


def test_executions_are_let_go_when_they_have_ended() -> None:
    coverage = Coverage()
    with coverage.watching():
        loaded = asl.load(machine("W", W={"Type": "Wait", "Seconds": 9}))
        waiting = [loaded.start({}) for _ in range(20)]
        assert len(coverage._running) == 20
        for execution in waiting:
            execution.advance(at=execution.now + 9000)
        loaded.run({})
        assert coverage._running == []


def test_one_file_is_one_machine_and_so_is_one_definition() -> None:
    coverage = Coverage()
    with coverage.watching():
        for _ in range(2):
            asl.load(ORDER)
            asl.load(str(ORDER))
            asl.load(machine("P", P={"Type": "Pass"}))
        asl.load(machine("Q", Q={"Type": "Pass"}))
    assert [each.name for each in coverage.machines.values()] == ["order", "StateMachine", "StateMachine"]
    assert next(iter(coverage.machines.values())).source == str(ORDER)


def test_what_processes_have_covered_is_put_together() -> None:
    first, second, whole = Coverage(), Coverage(), Coverage()
    for coverage, n in ((first, 5), (second, 100)):
        with coverage.watching():
            asl.load(CHOICE).run({"n": n})
    for coverage in (first, second):
        whole.merge(coverage.to_dict())
    (found,) = whole.machines.values()
    assert found.hits() == set().union(
        *(each.hits() for part in (first, second) for each in part.machines.values())
    )
    assert {what for _, what in ways(found, "choice")} == {
        "not Choices[0]",
        "not Choices[1]",
        "Default",
        "Choices[1]",
    }


def test_what_it_costs_can_be_measured(capsys: pytest.CaptureFixture[str]) -> None:
    from benchmarks import coverage

    coverage.main(["--rounds", "1", "--scale", "0.002"])
    head, *lines = capsys.readouterr().out.splitlines()
    assert "every way another" in head
    assert [line.split()[0] for line in lines] == list(coverage.WORKLOADS)
    assert all(line.endswith("%") for line in lines)
