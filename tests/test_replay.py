"""Replay: recordings of the service and of our own, the same machine and edited ones."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import asl
from tests import conformance
from tests.commands import Asl, asl_command, write
from tests.driving import drive
from tests.recordings import ended, raw
from tests.test_random_machines import answers, machine

__all__ = ["asl_command"]

MACHINES = int(os.environ.get("ASL_RANDOM_MACHINES", "2000")) // 4
REPLAYS = Path(__file__).parents[1] / "fixtures" / "replays"

# ---------------------------------------------------------------------- recordings of the service

CASES = conformance.SHARED / "cases"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason=f"no recorded cases in {CASES}")


@pytest.fixture(scope="module")
def compare() -> ModuleType:
    return conformance.load_compare(conformance.SHARED / "compare.py")


@pytest.fixture(scope="module")
def recordings() -> list[dict[str, Any]]:
    return [case for case in conformance.cases(CASES, "execution") if case["expected"].get("history")]


def _loaded(case: dict[str, Any]) -> asl.StateMachine:
    return asl.load(conformance.definition(case), type=case.get("state_machine_type") or "STANDARD")


@needs_cases
def test_every_recorded_history_replays(recordings: list[dict[str, Any]], compare: ModuleType) -> None:
    diverged = {}
    for case in recordings:
        replay = asl.replay(raw(case, compare), _loaded(case))
        if not replay.same:
            diverged[case["id"]] = str(replay.divergence)
    assert diverged == {}
    assert len([case for case in recordings if ended(case)]) > 400


def _damaged(history: list[dict[str, Any]], rng: random.Random) -> tuple[list[dict[str, Any]], int] | None:
    """The history with one plain value changed in what a state passed on, and the event that it was in."""
    history = copy.deepcopy(history)
    exits = [event for event in history if event["type"].endswith("StateExited")]
    rng.shuffle(exits)
    for event in exits:
        details = event["stateExitedEventDetails"]
        output = json.loads(details["output"])
        if isinstance(output, dict) and output:
            output["a field that nobody makes"] = 1
            details["output"] = json.dumps(output)
            return history, event["id"]
    return None


@needs_cases
def test_damage_to_a_recording_is_noticed(recordings: list[dict[str, Any]], compare: ModuleType) -> None:
    rng, noticed, missed = random.Random(1), 0, []
    for case in filter(ended, recordings):
        damaged = _damaged(raw(case, compare), rng)
        if damaged is not None and not any("MapRun" in event["type"] for event in damaged[0]):
            divergence = asl.replay(damaged[0], _loaded(case)).divergence
            if divergence is None or divergence.event is None:
                missed.append(case["id"])
            else:
                noticed += 1
    assert missed == []
    assert noticed > 100


# ---------------------------------------------------------------------- our own


def test_our_own_histories_with_their_redrives_replay_byte_for_byte() -> None:
    for seed in range(MACHINES):
        rng = random.Random(seed)
        loaded = asl.load(machine(rng))
        given = {"items": list(range(rng.randint(0, 4))), "n": 1}
        quotas = asl.Quotas(events=2_000)
        execution = asl.Execution(loaded.program, given, at=1000, seed=seed, quotas=quotas)
        execution = drive(execution, answers(seed))
        for redrive in range(2):
            if (
                execution.outcome
                and execution.outcome.status != "SUCCEEDED"
                and len(execution.history) < 1_900
            ):
                execution.redrive(at=execution.now + 1000)
                execution = drive(execution, answers(seed + redrive))
        text = execution.history.to_json()
        replay = asl.replay(json.loads(text), loaded, quotas=quotas)
        assert replay.same, f"seed {seed}: {replay.divergence}"
        assert replay.history.to_json() == text, f"seed {seed}"


@pytest.mark.parametrize("folder", sorted(path.parent.name for path in REPLAYS.glob("*/history.json")))
def test_old_histories_replay_for_ever(folder: str) -> None:
    loaded = asl.load(REPLAYS / folder / "machine.asl.json")
    replay = asl.replay(REPLAYS / folder / "history.json", loaded)
    assert replay.same, str(replay.divergence)


def test_what_stopped_in_between_replays() -> None:
    loaded = asl.load(ORDER)
    execution = loaded.start({"id": 1})
    for running in (True, False):
        if not running:
            execution.stop("Enough", "of it", at=execution.now + 500)
        replay = asl.replay(json.loads(execution.history.to_json()), loaded)
        assert replay.same, str(replay.divergence)
        assert replay.history.to_json() == execution.history.to_json()


def test_what_an_expression_draws_is_taken_and_told() -> None:
    loaded = asl.load(
        {
            "StartAt": "Draw",
            "States": {
                "Draw": {
                    "Type": "Pass",
                    "Parameters": {
                        "id.$": "States.UUID()",
                        "who.$": "$$.Execution.Name",
                        "plain.$": "$.plain",
                        "dice.$": "States.MathRandom(1, 1000)",
                    },
                    "ResultPath": "$.drawn",
                    "End": True,
                }
            },
        }
    )
    recorded = loaded.run({"plain": 5}, seed=7, name="tuesday").history
    replay = asl.replay(json.loads(recorded.to_json()), loaded)
    assert replay.history.to_json() == recorded.to_json()
    (taken,) = replay.taken
    assert (taken.path, taken.state, taken.field) == ("/", "Draw", "Output")
    assert set(taken.pointers) == {"/drawn/id", "/drawn/who", "/drawn/dice"}
    events = json.loads(recorded.to_json())
    details = events["events"][2]["stateExitedEventDetails"]
    details["output"] = details["output"].replace('"plain":5', '"plain":6')
    divergence = asl.replay(events, loaded).divergence
    assert str(divergence) == (
        "event 3: PassStateExited `Draw` has another output: /plain was 6, is 5; /drawn/plain was 6, is 5"
    )


def test_chance_decides_as_it_did() -> None:
    rule = {"Condition": "{% $random() < 0.5 %}", "Next": "Heads"}
    loaded = asl.load(
        {
            "QueryLanguage": "JSONata",
            "StartAt": "Toss",
            "States": {
                "Toss": {"Type": "Choice", "Choices": [rule], "Default": "Tails"},
                "Heads": {"Type": "Succeed"},
                "Tails": {"Type": "Succeed"},
            },
        }
    )
    seen = set()
    for seed in range(20):
        recorded = loaded.run(seed=seed)
        assert asl.replay(json.loads(recorded.history.to_json()), loaded).same
        seen.add(recorded.path[-1])
    assert seen == {"Heads", "Tails"}


def test_answers_go_to_the_frame_and_try_that_they_were_given_to() -> None:
    processor = {
        "StartAt": "Work",
        "States": {
            "Work": {
                "Type": "Task",
                "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work",
                "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 3, "JitterStrategy": "FULL"}],
                "End": True,
            }
        },
    }
    loaded = asl.load(
        {
            "StartAt": "Each",
            "States": {"Each": {"Type": "Map", "ItemProcessor": processor, "MaxConcurrency": 2, "End": True}},
        }
    )

    def work(item: Any, call: asl.Call) -> Any:
        if call.attempt < item % 3:
            raise asl.TaskError("Busy", f"{item}/{call.attempt}")
        return asl.after(item % 4, f"{item} at try {call.attempt}")

    recorded = loaded.run(list(range(7)), tasks=work, seed=3)
    assert recorded.output == [f"{item} at try {item % 3}" for item in range(7)]
    replay = asl.replay(json.loads(recorded.history.to_json()), loaded)
    assert replay.history.to_json() == recorded.history.to_json()


def test_another_interleaving_is_the_same() -> None:
    loaded = asl.load(
        {
            "StartAt": "Both",
            "States": {
                "Both": {
                    "Type": "Parallel",
                    "Branches": [
                        {"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}}
                        for name in ("Left", "Right")
                    ],
                    "End": True,
                }
            },
        }
    )
    events = json.loads(loaded.run({}).history.to_json())["events"]
    order = [0, 1, 2, 5, 3, 6, 4, 7, 8, 9]  # Right first, and interleaved
    new = {events[old]["id"]: number for number, old in enumerate(order, 1)} | {0: 0}
    shuffled = [
        {**events[old], "id": number, "previousEventId": new[events[old]["previousEventId"]]}
        for number, old in enumerate(order, 1)
    ]
    shuffled[7]["previousEventId"] = shuffled[8]["previousEventId"] = 7
    assert asl.replay(shuffled, loaded).same


def test_a_lost_answer_of_a_map_run_is_its_state_s_output() -> None:
    definition = {
        "StartAt": "Each",
        "States": {
            "Each": {
                "Type": "Map",
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "Same",
                    "States": {"Same": {"Type": "Pass", "End": True}},
                },
                "ResultPath": "$.results",
                "ItemsPath": "$.items",
                "Next": "Count",
            },
            "Count": {"Type": "Pass", "Parameters": {"n.$": "States.ArrayLength($.results)"}, "End": True},
        },
    }
    execution = asl.load(definition).start({"items": [1, 2]})
    (call,) = execution.take_calls()
    execution.succeed(call.id, ["a", "b", "c"], at=execution.now + 10)
    replay = asl.replay(json.loads(execution.history.to_json()), asl.load(definition))
    assert replay.same, str(replay.divergence)
    assert replay.execution.outcome == ("SUCCEEDED", {"n": 3}, None, None)
    assert [taken.state for taken in replay.taken] == ["Each"]


# ---------------------------------------------------------------------- edited machines

PRICE = "arn:aws:lambda:us-east-1:123456789012:function:price"
SHIP = "arn:aws:lambda:us-east-1:123456789012:function:ship"
ORDER: dict[str, Any] = {
    "StartAt": "Price",
    "States": {
        "Price": {
            "Type": "Task",
            "Resource": PRICE,
            "ResultPath": "$.total",
            "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}],
            "Next": "Check",
        },
        "Check": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.id", "NumericLessThan": 0, "Next": "Reject"},
                {"Not": {"Variable": "$.total", "NumericGreaterThan": 10}, "Next": "Reject"},
            ],
            "Default": "Ship",
        },
        "Ship": {"Type": "Task", "Resource": SHIP, "ResultPath": None, "Next": "Pause"},
        "Pause": {"Type": "Wait", "Seconds": 60, "End": True},
        "Reject": {"Type": "Fail", "Error": "TooCheap"},
    },
}


@pytest.fixture(scope="module")
def order() -> str:
    tries = iter([asl.TaskError("Busy", "try again"), 12])

    def price(_: Any) -> Any:
        answer = next(tries)
        if isinstance(answer, Exception):
            raise answer
        return answer

    result = asl.load(ORDER).run({"id": 1}, tasks={"price": price, "ship": lambda _: "sent"})
    assert result.path == ["Price", "Check", "Ship", "Pause"]
    return result.history.to_json()


Edit = Callable[[dict[str, Any]], Any]
SAME = None

EDITS: dict[str, tuple[Edit, dict[str, str | None]]] = {
    "nothing": (lambda states: None, {"strict": SAME, "shape": SAME, "tolerant": SAME}),
    "a comment": (
        lambda states: states["Ship"].update(Comment="by night"),
        {"strict": SAME, "shape": SAME, "tolerant": SAME},
    ),
    "the result goes elsewhere": (
        lambda states: states["Price"].update(ResultPath="$.sum"),
        {
            "strict": "event 9: TaskStateExited `Price` has another output: /total was 12, is nothing; "
            "/sum was nothing, is 12",
            "shape": "event 12: recorded TaskStateEntered `Ship`, now ExecutionFailed (States.Runtime: An error "
            "occurred while executing the state 'Check' (entered at the event id #10). Invalid path '$.tota…), "
            "because rule 2 of `Check` read `$.total` = nothing; it was 12",
        },
    ),
    "the result is wrapped": (
        lambda states: states["Price"].update(ResultSelector={"sum.$": "$"}),
        {
            "strict": 'event 9: TaskStateExited `Price` has another output: /total was 12, is {"sum":12}',
            "shape": "event 12: recorded TaskStateEntered `Ship`, now FailStateEntered `Reject`, "
            'because rule 2 of `Check` read `$.total` = {"sum":12}; it was 12',
        },
    ),
    "a rule asks for more": (
        lambda states: states["Check"]["Choices"][1]["Not"].update(NumericGreaterThan=100),
        {
            "strict": "event 12: recorded TaskStateEntered `Ship`, now FailStateEntered `Reject`, "
            "because rule 2 of `Check` holds in this definition",
        },
    ),
    "a rule reads what is not there": (
        lambda states: states["Check"]["Choices"][1]["Not"].update(Variable="$.price"),
        {
            "shape": "event 12: recorded TaskStateEntered `Ship`, now ExecutionFailed (States.Runtime: An error "
            "occurred while executing the state 'Check' (entered at the event id #10). Invalid path '$.pric…), "
            "because rule 2 of `Check` reads `$.price`, which is not there",
        },
    ),
    "no retry": (
        lambda states: states["Price"].pop("Retry"),
        {
            "strict": "event 6: recorded LambdaFunctionScheduled, now ExecutionFailed (Busy: try again), "
            "because no Retrier of `Price` takes Busy again",
            "shape": "event 10: recorded ChoiceStateEntered `Check`, now ExecutionFailed (Busy: try again), "
            "because no Catcher of `Price` takes Busy",
        },
    ),
    "the error is caught instead": (
        lambda states: states["Price"].update(
            Retry=[], Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Reject"}]
        ),
        {
            "strict": "event 6: recorded LambdaFunctionScheduled, now TaskStateExited `Price`, "
            "because no Retrier of `Price` takes Busy again",
            "shape": "event 10: recorded ChoiceStateEntered `Check`, now FailStateEntered `Reject`, "
            "because `Price` goes on to `Reject`",
        },
    ),
    "other parameters": (
        lambda states: states["Ship"].update(Parameters={"order.$": "$.id"}),
        {
            "strict": "event 13: LambdaFunctionScheduled has another input: /id was 1, is nothing; "
            "/total was 12, is nothing; /order was nothing, is 1",
            "shape": SAME,
        },
    ),
    "a timeout": (
        lambda states: states["Ship"].update(TimeoutSeconds=30),
        {
            "strict": "event 13: LambdaFunctionScheduled has another timeoutInSeconds: it was nothing, is 30",
            "shape": SAME,
        },
    ),
    "a Pass state more": (
        lambda states: (
            states["Price"].update(Next="Note"),
            states.update(Note={"Type": "Pass", "Result": True, "ResultPath": "$.noted", "Next": "Check"}),
        ),
        {
            "strict": "event 10: recorded ChoiceStateEntered `Check`, now PassStateEntered `Note`, "
            "because `Price` goes on to `Note`",
            "shape": "event 10: recorded ChoiceStateEntered `Check`, now PassStateEntered `Note`, "
            "because `Price` goes on to `Note`",
            "tolerant": SAME,
        },
    ),
    "a task more at the end": (
        lambda states: (
            states["Pause"].pop("End"),
            states["Pause"].update(Next="Bill"),
            states.update(Bill={"Type": "Task", "Resource": PRICE, "End": True}),
        ),
        {
            "strict": "event 19: recorded ExecutionSucceeded, now TaskStateEntered `Bill`, "
            "because `Pause` goes on to `Bill`",
            "tolerant": "event 19: recorded ExecutionSucceeded, now TaskStateEntered `Bill`, "
            "because `Pause` goes on to `Bill`",
        },
    ),
    "it fails at the end": (
        lambda states: states.update(
            Ship={"Type": "Pass", "Next": "Pause"}, Pause={"Type": "Fail", "Error": "Late"}
        ),
        {"shape": "event 19: recorded ExecutionSucceeded, now ExecutionFailed (Late)"},
    ),
}


@pytest.mark.parametrize(
    ("edit", "mode"), [(edit, mode) for edit, (_, expected) in EDITS.items() for mode in expected]
)
def test_an_edited_machine(edit: str, mode: str, order: str) -> None:
    change, expected = EDITS[edit]
    definition = copy.deepcopy(ORDER)
    change(definition["States"])
    replay = asl.replay(json.loads(order), asl.load(definition), mode)
    assert (None if replay.divergence is None else str(replay.divergence)) == expected[mode]


def test_a_divergence_is_a_value(order: str) -> None:
    definition = copy.deepcopy(ORDER)
    definition["States"]["Price"]["ResultPath"] = "$.sum"
    replay = asl.replay(json.loads(order), asl.load(definition))
    divergence = replay.divergence
    assert divergence is not None and not replay.same
    assert (divergence.kind, divergence.event, divergence.path) == ("data", 9, "/")
    shown = divergence.to_dict()
    assert shown["differences"] == [{"pointer": "/total", "recorded": 12}, {"pointer": "/sum", "now": 12}]
    assert shown["recorded"]["stateExitedEventDetails"]["output"] == '{"id":1,"total":12}'
    assert shown["message"] == str(divergence)
    assert json.loads(json.dumps(shown)) == shown
    with pytest.raises(asl.ReplayError, match="TaskStateExited `Price` has another output") as raised:
        replay.check()
    assert raised.value.divergence is divergence


def test_a_divergence_within_an_iteration_says_where() -> None:
    def definition(operand: int) -> dict[str, Any]:
        rule = {"Variable": "$", "NumericGreaterThan": operand, "Next": "Large"}
        states = {
            "Which": {"Type": "Choice", "Choices": [rule], "Default": "Small"},
            "Large": {"Type": "Pass", "End": True},
            "Small": {"Type": "Pass", "End": True},
        }
        processor = {"StartAt": "Which", "States": states}
        return {
            "StartAt": "Each",
            "States": {"Each": {"Type": "Map", "ItemProcessor": processor, "End": True}},
        }

    recorded = asl.load(definition(1)).run([0, 1, 2, 3]).history
    divergence = asl.replay(json.loads(recorded.to_json()), asl.load(definition(2))).divergence
    assert str(divergence) == (
        "event 19 in /Each/2: recorded PassStateEntered `Large`, now PassStateEntered `Small`, "
        "because no rule of `Which` holds in this definition"
    )


def test_the_reason_knows_variables() -> None:
    def definition(value: int) -> dict[str, Any]:
        rule = {"Variable": "$limit", "NumericGreaterThan": 5, "Next": "Large"}
        return {
            "StartAt": "Set",
            "States": {
                "Set": {"Type": "Pass", "Assign": {"limit": value}, "Next": "Which"},
                "Which": {"Type": "Choice", "Choices": [rule], "Default": "Small"},
                "Large": {"Type": "Pass", "End": True},
                "Small": {"Type": "Pass", "End": True},
            },
        }

    recorded = json.loads(asl.load(definition(9)).run({}).history.to_json())
    strict = asl.replay(recorded, asl.load(definition(3))).divergence
    assert str(strict) == ("event 3: PassStateExited `Set` has other assignedVariables: /limit was 9, is 3")
    shape = asl.replay(recorded, asl.load(definition(3)), "shape").divergence
    assert str(shape) == (
        "event 6: recorded PassStateEntered `Large`, now PassStateEntered `Small`, "
        "because rule 1 of `Which` read `$limit` = 3; it was 9"
    )


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^no such mode: 'loose'; there are strict, shape, tolerant$"):
        asl.replay([], asl.load(ORDER), "loose")


# ---------------------------------------------------------------------- the command


@pytest.fixture
def files(tmp_path: Path, order: str) -> tuple[Path, Path]:
    return write(tmp_path, "m.asl.json", ORDER), write(tmp_path, "h.json", order)


def test_the_command_says_that_it_is_the_same(asl_command: Asl, files: tuple[Path, Path]) -> None:
    machine, history = files
    assert asl_command("replay", history, "--machine", machine) == (0, "the same: 19 events, strict\n", "")
    said = asl_command("replay", "-", "-m", machine, "--output", "json", stdin=history.read_bytes())
    assert said.json == {"same": True, "divergence": None, "taken": []}


def test_the_command_takes_pages(asl_command: Asl, files: tuple[Path, Path], tmp_path: Path) -> None:
    machine, history = files
    events = json.loads(history.read_text())["events"]
    pages = [write(tmp_path, f"{at}.json", {"events": events[at : at + 8]}) for at in (16, 0, 8)]
    assert asl_command("replay", *pages, "-m", machine).code == 0
    said = asl_command("replay", *pages[1:], "-m", machine)  # so far, at least
    assert (said.code, said.out) == (0, "the same: 16 events, strict\n")
    said = asl_command("replay", *pages[:2], "-m", machine)
    assert (said.code, said.out) == (2, "") and "event 9 is missing" in said.err


def test_the_command_tells_the_divergence(asl_command: Asl, files: tuple[Path, Path], tmp_path: Path) -> None:
    _, history = files
    edited = write(
        tmp_path,
        "e.asl.json",
        json.dumps(ORDER).replace('"NumericGreaterThan": 10', '"NumericGreaterThan": 99'),
    )
    made = tmp_path / "made.json"
    said = asl_command("replay", history, "-m", edited, "--history", made)
    assert said.code == 1
    assert said.out == (
        "event 12: recorded TaskStateEntered `Ship`, now FailStateEntered `Reject`, "
        "because rule 2 of `Check` holds in this definition\n"
    )
    assert json.loads(made.read_text())["events"][-1]["type"] == "ExecutionFailed"
    said = asl_command("replay", history, "-m", edited, "--output", "json")
    assert said.code == 1 and said.json["divergence"]["event"] == 12


def test_the_command_tells_what_was_taken(asl_command: Asl) -> None:
    folder = REPLAYS / "drawn"
    said = asl_command("replay", folder / "history.json", "-m", folder / "machine.asl.json")
    assert said.code == 0 and said.err.startswith("taken from the recording: parts of what Draw")
    said = asl_command("replay", folder / "history.json", "-m", folder / "machine.asl.json", "-q")
    assert (said.code, said.err) == (0, "")


def test_the_command_says_what_it_cannot_read(
    asl_command: Asl, files: tuple[Path, Path], tmp_path: Path
) -> None:
    machine, history = files
    broken = write(tmp_path, "broken.json", '{"events": [\n  {"id": 1 2}\n]}')
    said = asl_command("replay", broken, "-m", machine)
    assert (said.code, said.out) == (2, "")
    assert "broken.json, line 2, column 12: not JSON: " in said.err
    said = asl_command("replay", tmp_path / "none.json", "-m", machine)
    assert (said.code, said.out) == (2, "") and "none.json: no such file or directory" in said.err
    said = asl_command("replay", history, "-m", write(tmp_path, "wrong.asl.json", {"StartAt": "A"}))
    assert (said.code, said.out) == (2, "") and "cannot be run" in said.err
    assert asl_command("replay", history).code == 2


def test_signs_of_life_are_in_no_history_and_replay_without_them() -> None:
    activity = "arn:aws:states:us-east-1:123456789012:activity:work"
    work = {"Type": "Task", "Resource": activity, "HeartbeatSeconds": 4, "End": True}
    machine = asl.load({"StartAt": "Work", "States": {"Work": work}})
    run = machine.start(start_time=0)
    (call,) = run.take_calls()
    run.start(call.id, "worker", at=3000)
    run.beat(call.id, at=6000)
    run.beat(call.id, at=9000)
    run.succeed(call.id, "done", at=12_000)
    replay = asl.replay(run.history, machine)
    assert replay.divergence is None
    assert replay.execution.outcome == asl.Outcome("SUCCEEDED", "done")


@pytest.mark.parametrize(
    "fields",
    [{"TimeoutSeconds": "{% -1 %}"}, {"Arguments": {"FunctionName": "f", "Payload": "{% $nope %}"}}],
    ids=["timeout", "arguments"],
)
def test_attempts_that_fail_before_their_work_begins_replay(fields: dict[str, Any]) -> None:
    work = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "f"},
        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}],
        "End": True,
        **fields,
    }
    machine = asl.load({"QueryLanguage": "JSONata", "StartAt": "Work", "States": {"Work": work}})
    result = machine.run(tasks=lambda payload: payload)
    assert [event.type for event in result.history].count("EvaluationFailed") == 3
    assert asl.replay(result.history, machine).divergence is None


@pytest.mark.parametrize(
    ("language", "fields", "last"),
    [
        ("JSONPath", {"OutputPath": "$.nope"}, "WaitStateEntered"),
        ("JSONata", {"Output": "{% $nope %}"}, "EvaluationFailed"),
    ],
)
def test_a_wait_whose_output_fails_replays(language: str, fields: dict[str, Any], last: str) -> None:
    pause = {"Type": "Wait", "Seconds": 60, "End": True, **fields}
    machine = asl.load({"QueryLanguage": language, "StartAt": "Pause", "States": {"Pause": pause}})
    result = machine.run()
    assert result.history[-2].type == last
    assert result.history[-1].at - result.history[0].at == 60_000
    assert asl.replay(result.history, machine).divergence is None


@pytest.mark.parametrize("events", range(4, 13))
def test_an_execution_that_is_full_before_the_recording_ends_once(events: int) -> None:
    waits = [
        {"StartAt": name, "States": {name: {"Type": "Wait", "Seconds": seconds, "End": True}}}
        for name, seconds in (("Short", 1), ("Long", 2))
    ]
    both = {"Type": "Parallel", "Branches": waits, "End": True}
    loaded = asl.load({"StartAt": "Both", "States": {"Both": both}})
    whole = loaded.run({}).history
    assert len(whole) == 10
    replayed = asl.replay(whole, loaded, quotas=asl.Quotas(events=events))
    ends = [event.type for event in replayed.history if event.type.startswith("Execution")]
    if events >= len(whole):
        assert (ends[1:], replayed.divergence) == (["ExecutionSucceeded"], None)
    else:
        assert ends[1:] == ["ExecutionFailed"]
        assert replayed.divergence is not None


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Pass", "Parameters": {"n.$": "$$.Execution.Input.absent"}},
        {"Type": "Wait", "Seconds": 4, "QueryLanguage": "JSONata", "Output": "{% $states.input.n + 'x' %}"},
        {
            "Type": "Map",
            "ItemSelector": {"n.$": "$$.Execution.Input.absent"},
            "ItemsPath": "$.items",
            "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}},
        },
    ],
    ids=lambda state: state["Type"],
)
def test_what_fails_again_after_each_redrive_replays(state: dict[str, Any]) -> None:
    loaded = asl.load({"StartAt": "S", "States": {"S": {**state, "End": True}}})
    execution = loaded.start({"n": 1, "items": [1]})
    for _ in range(3):
        execution.advance(at=execution.now + 5000)
        execution.redrive(at=execution.now + 1000)
    execution.advance(at=execution.now + 5000)
    assert [event.type for event in execution.history].count("ExecutionFailed") == 4
    replayed = asl.replay(execution.history, loaded)
    assert replayed.divergence is None
    assert replayed.history.to_dict() == execution.history.to_dict()
