"""Scripted tasks: what they answer, when, to whom, and what they say when they have no answer."""

from __future__ import annotations

from typing import Any

import pytest

import asl
from asl.testing import Called, Mock, MockError, calls, first_of, in_turn, raises, returns
from asl.testing.durations import seconds, shown, text
from asl.testing.scripts import scripted
from tests.machines import FUNCTION, TOKEN, machine, one_task, task


def each(**fields: Any) -> asl.StateMachine:
    processor = machine("T", T=task(**fields))
    return asl.load(machine("Each", Each={"Type": "Map", "ItemProcessor": processor}))


RETRY = {"Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 3}]}


# ---------------------------------------------------------------------- answers


def test_a_value() -> None:
    mock = returns({"ok": True})
    result = one_task().run({"n": 1}, tasks={"T": mock})
    assert result.output == {"ok": True}
    assert mock.calls == [Called({"n": 1}, "T", "/", 0, FUNCTION, None)]


def test_what_is_no_json_is_refused_when_the_mock_is_made() -> None:
    with pytest.raises(ValueError, match=r"this is not JSON: \$\.a\[1\] is of the type set"):
        returns({"a": [1, {2}]})


@pytest.mark.parametrize(
    ("cause", "told"), [(None, None), ("no", "no"), ({"errorMessage": "no"}, '{"errorMessage":"no"}')]
)
def test_an_error(cause: Any, told: str | None) -> None:
    result = one_task().run({}, tasks={"T": raises("E", cause)})
    assert (result.status, result.error, result.cause) == ("FAILED", "E", told)


async def later(payload: Any) -> Any:
    return [payload]


@pytest.mark.parametrize("function", [lambda payload: [payload], lambda payload, call: [call.payload], later])
def test_a_function(function: Any) -> None:
    mock = calls(function)
    assert one_task().run(7, tasks={"T": mock}).output == [7]
    assert mock.calls[0].payload == 7


def test_what_a_function_raises_is_the_error_of_the_task() -> None:
    result = one_task().run({}, tasks={"T": calls(lambda payload: payload["x"], takes="1s")})
    assert result.error == "KeyError"
    assert result.history[-1].at - result.history[0].at == 1000


# ---------------------------------------------------------------------- sequences


def test_answers_in_turn_by_attempt() -> None:
    mock = in_turn(raises("Busy"), raises("Busy"), returns("done"))
    assert one_task(**RETRY).run({}, tasks={"T": mock}).output == "done"
    assert [call.attempt for call in mock.calls] == [0, 1, 2]


def test_every_iteration_begins_anew() -> None:
    mock = in_turn(raises("Busy"), returns("done"))
    result = each(**RETRY).run([1, 2], tasks={"T": mock})
    assert result.output == ["done", "done"]
    assert sorted((call.item, call.attempt) for call in mock.calls) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_a_loop_counts_on() -> None:
    again = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "StringEquals": "no", "Next": "T"}],
        "Default": "Z",
    }
    loop = asl.load(machine("T", T=task(Next="Again"), Again=again, Z={"Type": "Succeed"}))
    assert loop.run({}, tasks={"T": in_turn(returns("no"), returns("no"), returns("yes"))}).output == "yes"


def test_a_sequence_that_is_used_up_fails_the_execution_and_cannot_be_caught() -> None:
    catch = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}]}
    caught = asl.load(machine("T", T=task(**RETRY, **catch), Z={"Type": "Pass"}))
    result = caught.run({"n": 1}, tasks={"T": in_turn(raises("Busy"))})
    assert (result.status, result.error) == ("FAILED", "States.Runtime")
    assert result.cause == (
        "the mock of 'T' has no answer to its call number 2 (attempt 1, payload {\"n\":1}); "
        "it has in_turn(raises('Busy'))"
    )


def test_going_on_after_the_last() -> None:
    mock = first_of(in_turn(raises("Busy")), returns("done"))
    assert one_task(**RETRY).run({}, tasks={"T": mock}).output == "done"
    assert one_task(**RETRY).run({}, tasks={"T": mock}).output == "done"
    assert len(mock.calls) == 3


# ---------------------------------------------------------------------- to whom


@pytest.mark.parametrize(
    ("pattern", "payload", "fits"),
    [
        ({"card": "busy"}, {"card": "busy", "n": 1}, True),
        ({"card": "busy"}, {"card": "free"}, False),
        ({"a": {"b": 1}}, {"a": {"b": 1.0, "c": 2}}, True),
        ({"a": True}, {"a": 1}, False),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}, True),
        ({"a": [1]}, {"a": [1, 2]}, False),
        (lambda payload: payload["n"] > 3, {"n": 4}, True),
        (lambda payload: payload["n"] > 3, {"n": 3}, False),
        ("text", "text", True),
    ],
)
def test_a_match_on_the_payload(pattern: Any, payload: Any, fits: bool) -> None:
    mock = first_of(raises("Fits", when=pattern), returns("other"))
    assert one_task().run(payload, tasks={"T": mock}).error == ("Fits" if fits else None)


def test_no_match_says_what_there_is() -> None:
    mock = first_of(returns(1, when={"a": 1}), returns(2, item=3))
    result = one_task().run({"a": 2}, tasks={"T": mock})
    assert result.cause == (
        "the mock of 'T' has no answer to its call number 1 (attempt 0, payload {\"a\":2}); "
        "it has first_of(returns(1, when={'a': 1}), returns(2, item=3))"
    )


def test_by_map_item() -> None:
    mock = first_of(returns("third", item=2), returns("other"))
    assert each().run([0, 0, 0], tasks={"T": mock}).output == ["other", "other", "third"]
    assert [call.item for call in mock.calls] == [0, 1, 2]
    assert [call.path for call in mock.calls] == ["/Each/0", "/Each/1", "/Each/2"]


def test_by_frame_path() -> None:
    definition = each()
    script = {"/Each/1/T": returns("one"), "/Each/*/T": returns("any"), "T": raises("Never")}
    tasks = scripted(script, definition.program)
    assert definition.run([0, 0, 0], tasks=tasks).output == ["any", "one", "any"]


def test_a_frame_that_no_entry_is_for_gets_the_entry_of_the_state() -> None:
    definition = each()
    tasks = scripted({"/Each/1/T": returns("one"), FUNCTION: returns("other")}, definition.program)
    assert definition.run([0, 0], tasks=tasks).output == ["other", "one"]
    result = definition.run([0], tasks=scripted({"/Each/1/T": returns("one")}, definition.program))
    assert result.cause == "no mock stands for the Task '/Each/0/T'; there are '/Each/1/T'"


def test_others_serve_what_the_script_leaves_out() -> None:
    two = asl.load(machine("A", A=task(Next="B"), B=task()))
    tasks = scripted({"A": returns(1)}, two.program, others=lambda payload: payload + 1)
    assert two.run({}, tasks=tasks).output == 2
    with pytest.raises(asl.UnservedCall, match=r"of the state 'B'; registered: 'A'"):
        two.run({}, tasks=scripted({"A": returns(1)}, two.program))


# ---------------------------------------------------------------------- keys that stand for nothing


INVOKE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "Hello", "Payload.$": "$"},
}


@pytest.mark.parametrize("key", ["T", "work", FUNCTION, "*:work", "*", "/T", "Hello", "I", "lambda:invoke"])
def test_keys_that_stand_for_a_task(key: str) -> None:
    definition = asl.load(machine("T", T=task(Next="I"), I=INVOKE))
    mock = returns(1)
    definition.run({}, tasks=scripted({key: mock}, definition.program, others=lambda payload: payload))
    assert mock.calls


def test_any_name_may_be_that_of_a_function_which_only_the_data_tell() -> None:
    invoke = {**INVOKE, "Parameters": {"FunctionName.$": "$.f", "Payload.$": "$"}}
    definition = asl.load(machine("I", I=invoke))
    tasks = scripted({"Hello": returns(1)}, definition.program)
    assert definition.run({"f": "Hello"}, tasks=tasks).output["Payload"] == 1
    with pytest.raises(MockError, match="stands for no Task"):
        scripted({"Hello*": returns(1)}, definition.program)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (
            "Tt",
            "no state, resource or function has that name; the machine has the Tasks 'T', 'I'; did you mean 'T'?",
        ),
        ("wor*", "no state, resource or function has that name; the machine has the Tasks 'T', 'I'"),
        ("P", "that is a Pass state; the machine has the Tasks 'T', 'I'"),
        ("/Each/0/U", "no state, resource or function has that name; the machine has the Tasks 'T', 'I'"),
        (
            "HELO",
            "no state, resource or function has that name; the machine has the Tasks 'T', 'I'; did you mean 'Hello'?",
        ),
        (
            "Helo",
            "no state, resource or function has that name; the machine has the Tasks 'T', 'I'; did you mean 'Hello'?",
        ),
    ],
)
def test_a_key_that_stands_for_no_task(key: str, told: str) -> None:
    definition = asl.load(machine("T", T=task(Next="I"), I={**INVOKE, "Next": "P"}, P={"Type": "Pass"}))
    with pytest.raises(MockError) as refusal:
        scripted({key: returns(1)}, definition.program)
    assert str(refusal.value) == f"the mock of {key!r} stands for no Task: {told}"


def test_a_machine_without_tasks_and_a_mock_that_is_none() -> None:
    nothing = asl.load(machine("P", P={"Type": "Pass"}))
    with pytest.raises(MockError, match=r"the machine has no Task$"):
        scripted({"T": returns(1)}, nothing.program)
    with pytest.raises(
        MockError, match=r"the mock of 'T' is no task function but dict: \{'a': 1\}; write returns"
    ):
        scripted({"T": {"a": 1}}, one_task().program)  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="there is no answer in it"):
        in_turn()


def test_under_the_name_of_a_lambda_function_a_mock_is_that_function() -> None:
    mock = returns({"said": "hello"}, when={"name": "Ada"})
    definition = asl.load(machine("I", I=INVOKE))
    result = definition.run({"name": "Ada"}, tasks=scripted({"Hello": mock}, definition.program))
    assert result.output["Payload"] == {"said": "hello"}  # type: ignore[index, call-overload]
    assert result.output["StatusCode"] == 200  # type: ignore[index, call-overload]
    assert mock.calls[0].payload == {"name": "Ada"}


# ---------------------------------------------------------------------- time


@pytest.mark.parametrize(
    ("limits", "takes", "beats", "error"),
    [
        ({"TimeoutSeconds": 4}, "3.9s", None, None),
        ({"TimeoutSeconds": 4}, "4s", None, "States.Timeout"),
        ({"TimeoutSeconds": 99, "HeartbeatSeconds": 3}, 10, None, "States.Timeout"),
        ({"TimeoutSeconds": 99, "HeartbeatSeconds": 3}, 10, "2s", None),
        ({"TimeoutSeconds": 9, "HeartbeatSeconds": 3}, 10, "2s", "States.Timeout"),
        ({"TimeoutSeconds": 99, "HeartbeatSeconds": 3}, 10, 30, "States.Timeout"),
    ],
)
def test_timeouts_and_heartbeats(limits: Any, takes: Any, beats: Any, error: str | None) -> None:
    result = one_task(**limits).run({}, tasks={"T": returns("done", takes=takes, beats=beats)})
    assert result.error == error
    if error is None:
        assert result.history[-1].at - result.history[0].at == seconds(takes) * 1000


def test_a_callback() -> None:
    given = {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}
    definition = asl.load(machine("T", T={"Type": "Task", "Resource": TOKEN, "Parameters": given}))
    mock = returns({"approved": True}, submitted={"MessageId": "m"}, takes="2d")
    result = definition.run({}, tasks={"T": mock})
    assert result.output == {"approved": True}
    told = {event.type: event.data for event in result.history}
    assert told["TaskSubmitted"] == {"MessageId": "m"}
    assert result.history[-1].at - result.history[0].at == 172_800_000
    failing = raises("Rejected", "no", submitted={"MessageId": "m"})
    result = definition.run({}, tasks={"T": failing})
    assert (result.error, result.cause) == ("Rejected", "no")


@pytest.mark.parametrize(
    ("duration", "expected"),
    [(4, 4), (0.5, 0.5), ("4s", 4), ("250ms", 0.25), ("1h30m", 5400), ("2d", 172_800), ("1m 5s", 65)],
)
def test_durations(duration: Any, expected: float) -> None:
    assert seconds(duration) == expected
    assert seconds(text(round(expected * 1000))) == expected


@pytest.mark.parametrize(
    ("duration", "told"), [(33, "33 s"), (0.25, "0.25 s"), (93_600.25, "93,600.25 s"), ("30d", "2,592,000 s")]
)
def test_durations_for_people(duration: Any, told: str) -> None:
    assert shown(seconds(duration)) == told


@pytest.mark.parametrize("duration", ["", "4", "4 parsecs", "s", "-1s", -1, True, float("inf"), float("nan")])
def test_what_is_no_duration(duration: Any) -> None:
    with pytest.raises(
        ValueError, match="is no duration: write seconds, or text such as '250ms', '4s', '1h30m'"
    ):
        returns(1, takes=duration)


def test_beats_need_a_time() -> None:
    with pytest.raises(ValueError, match="say takes=… too"):
        returns(1, beats="1s")


@pytest.mark.parametrize(
    ("mock", "written"),
    [
        (returns(1, takes="4s"), "returns(1, takes='4s')"),
        (raises("E", "c", item=2), "raises('E', 'c', item=2)"),
        (in_turn(raises("E"), returns(None)), "in_turn(raises('E'), returns(null))"),
        (calls(seconds), "calls(seconds)"),
    ],
)
def test_a_mock_shows_itself_as_it_is_written(mock: Mock, written: str) -> None:
    assert repr(mock) == written
