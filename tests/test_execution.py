"""The machine, told by hand: the rules that make a history true, one by one."""

from __future__ import annotations

import json
from typing import Any

import pytest

import asl
from asl import Execution, Quotas
from asl.values import Json
from tests.machines import TOKEN, machine, task

SECOND = 1000


def start(definition: dict[str, Any], input: Json = None, **options: Any) -> Execution:
    return Execution(asl.load(definition).program, {} if input is None else input, **options)


def types(execution: Execution) -> list[str]:
    return [event.type for event in execution.history]


def chain(execution: Execution) -> list[tuple[int, int, str]]:
    return [(event.id, event.previous, event.type) for event in execution.history]


def test_a_task_is_a_call_and_its_answer_goes_on() -> None:
    run = start(machine("T", T=task(ResultPath="$.answer")), {"question": 1})
    (call,) = run.take_calls()
    assert (call.path, call.state, call.attempt, call.payload) == ("/", "T", 0, {"question": 1})
    assert run.take_calls() == []
    assert run.wake_at is None
    assert run.succeed(call.id, 42, at=5 * SECOND)
    assert run.outcome == asl.Outcome("SUCCEEDED", {"question": 1, "answer": 42})
    assert run.history[-1].at == 5 * SECOND
    assert chain(run) == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "TaskStateEntered"),
        (3, 2, "LambdaFunctionScheduled"),
        (4, 3, "LambdaFunctionStarted"),
        (5, 4, "LambdaFunctionSucceeded"),
        (6, 5, "TaskStateExited"),
        (7, 6, "ExecutionSucceeded"),
    ]


def test_a_timeout_due_at_the_same_instant_beats_the_answer() -> None:
    run = start(machine("T", T=task(TimeoutSeconds=3)))
    (call,) = run.take_calls()
    assert call.deadline == 3 * SECOND == run.wake_at
    assert not run.succeed(call.id, "too late", at=3 * SECOND)
    assert run.outcome == asl.Outcome("FAILED", None, "States.Timeout", None)


def test_an_answer_just_before_the_timeout_counts() -> None:
    run = start(machine("T", T=task(TimeoutSeconds=3)))
    (call,) = run.take_calls()
    assert run.succeed(call.id, "in time", at=3 * SECOND - 1)
    assert run.outcome == asl.Outcome("SUCCEEDED", "in time")
    assert run.wake_at is None


def test_a_late_answer_does_not_reach_the_next_attempt() -> None:
    retry = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    run = start(machine("T", T=task(TimeoutSeconds=3, Retry=retry)))
    (first,) = run.take_calls()
    run.advance(at=4 * SECOND)
    (second,) = run.take_calls()
    assert (second.attempt, second.id != first.id) == (1, True)
    assert not run.succeed(first.id, "late", at=4 * SECOND)
    assert run.succeed(second.id, "in time", at=5 * SECOND)
    assert run.outcome == asl.Outcome("SUCCEEDED", "in time")


def test_history_time_is_that_of_the_timers_not_of_the_input() -> None:
    wait = {"Type": "Wait", "Seconds": 2, "Next": "B"}
    run = start(machine("A", A=wait, B={"Type": "Wait", "Seconds": 3}))
    run.advance(at=60 * SECOND)
    assert [(event.type, event.at) for event in run.history[2:]] == [
        ("WaitStateExited", 2 * SECOND),
        ("WaitStateEntered", 2 * SECOND),
        ("WaitStateExited", 5 * SECOND),
        ("ExecutionSucceeded", 5 * SECOND),
    ]
    assert run.now == 60 * SECOND


def test_backing_off_grows_and_is_bounded() -> None:
    retry = [{"ErrorEquals": ["E"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxDelaySeconds": 10}]
    run = start(machine("T", T=task(Retry=retry)))
    waited = []
    while True:
        (call,) = run.take_calls()
        run.fail(call.id, "E", "again", at=run.now)
        if run.outcome is not None:
            break
        assert run.wake_at is not None
        waited.append(run.wake_at - run.now)
        run.advance(at=run.wake_at)
    assert waited == [2 * SECOND, 6 * SECOND, 10 * SECOND]
    assert run.outcome == asl.Outcome("FAILED", None, "E", "again")


def test_each_retrier_counts_for_itself_and_starts_anew_in_the_next_visit() -> None:
    retry = [
        {"ErrorEquals": ["A"], "MaxAttempts": 1, "IntervalSeconds": 1},
        {"ErrorEquals": ["B"], "MaxAttempts": 2, "IntervalSeconds": 1},
    ]
    again = {"Type": "Pass", "Next": "T"}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Again"}]
    run = start(machine("T", T=task(Retry=retry, Catch=catch), Again=again))
    attempts = []
    for error in ("A", "B", "B", "A", "A", "A"):  # the second A of a visit is one too many
        (call,) = run.take_calls()
        attempts.append(call.attempt)
        run.fail(call.id, error, None, at=run.now)
        run.advance(at=run.now + 60 * SECOND)
    assert attempts == [0, 1, 2, 3, 0, 1]
    assert types(run).count("TaskStateEntered") == 3


def test_full_jitter_is_drawn_from_the_seed() -> None:
    retry = [{"ErrorEquals": ["E"], "IntervalSeconds": 100, "JitterStrategy": "FULL"}]

    def delay(seed: int) -> int:
        run = start(machine("T", T=task(Retry=retry)), seed=seed)
        run.fail(run.take_calls()[0].id, "E", at=0)
        assert run.wake_at is not None
        return run.wake_at

    delays = [delay(seed) for seed in range(20)]
    assert delays == [delay(seed) for seed in range(20)]
    assert all(0 <= each <= 100 * SECOND for each in delays)
    assert len(set(delays)) > 15


def test_heartbeats_keep_a_task_alive() -> None:
    definition = machine(
        "T",
        T={
            "Type": "Task",
            "Resource": TOKEN,
            "HeartbeatSeconds": 5,
            "TimeoutSeconds": 60,
            "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}},
        },
    )
    run = start(definition)
    (call,) = run.take_calls()
    assert call.token
    assert call.payload == {"QueueUrl": "q", "MessageBody": {"token": call.token}}
    assert call.context()["Task"] == {"Token": call.token}
    assert run.submit(call.id, {"MessageId": "m"}, at=1 * SECOND)
    assert run.wake_at == 5 * SECOND
    assert run.beat(call.id, at=4 * SECOND)
    assert run.wake_at == 9 * SECOND
    run.advance(at=60 * SECOND)
    assert types(run)[-4:] == ["TaskStarted", "TaskSubmitted", "TaskTimedOut", "ExecutionFailed"]
    assert run.history[-1].at == 9 * SECOND
    assert not run.beat(call.id, at=61 * SECOND)


def test_the_time_of_an_activity_counts_from_its_start() -> None:
    """Measured on the service by others, September 2026: a task that nobody takes outlasts both of its limits."""
    activity = "arn:aws:states:us-east-1:123456789012:activity:work"
    run = start(
        machine("A", A={"Type": "Task", "Resource": activity, "TimeoutSeconds": 10, "HeartbeatSeconds": 4})
    )
    (call,) = run.take_calls()
    assert run.wake_at is None
    assert run.start(call.id, "worker", at=23 * SECOND)
    assert (call.deadline, run.wake_at) == (33 * SECOND, 27 * SECOND)
    assert run.beat(call.id, at=26 * SECOND)
    assert run.beat(call.id, at=29 * SECOND)
    run.advance(at=60 * SECOND)
    assert [(event.type, event.at) for event in run.history[-2:]] == [
        ("ActivityTimedOut", 33 * SECOND),
        ("ExecutionFailed", 33 * SECOND),
    ]


def test_what_is_dropped_finds_nothing() -> None:
    branches = [
        machine("A", A=task()),
        machine("B", B=task()),
        machine("C", C={"Type": "Wait", "Seconds": 9}),
    ]
    run = start(machine("P", P={"Type": "Parallel", "Branches": branches}))
    a, b = run.take_calls()
    assert run.fail(a.id, "Broken", "a", at=SECOND)
    assert run.outcome == asl.Outcome("FAILED", None, "Broken", "a")
    assert run.calls == {}
    assert not run.succeed(b.id, 1, at=SECOND)
    assert types(run)[-6:] == [
        "LambdaFunctionFailed",
        "TaskStateAborted",
        "TaskStateAborted",
        "WaitStateAborted",
        "ParallelStateFailed",
        "ExecutionFailed",
    ]


def test_a_parallel_that_is_caught_goes_on_with_what_it_had() -> None:
    parallel = {
        "Type": "Parallel",
        "Branches": [machine("A", A={"Type": "Fail", "Error": "E", "Cause": "c"})],
        "Catch": [{"ErrorEquals": ["E"], "ResultPath": "$.error", "Next": "Caught"}],
    }
    run = start(machine("P", P=parallel, Caught={"Type": "Pass"}), {"kept": 1})
    assert run.outcome == asl.Outcome("SUCCEEDED", {"kept": 1, "error": {"Error": "E", "Cause": "c"}})
    assert chain(run)[3:7] == [
        (4, 3, "FailStateEntered"),
        (5, 4, "ParallelStateFailed"),
        (6, 5, "ParallelStateExited"),
        (7, 6, "PassStateEntered"),
    ]


def test_children_start_in_order_and_results_keep_the_order_of_items() -> None:
    each = {"Type": "Map", "ItemProcessor": machine("T", T=task()), "MaxConcurrency": 2}
    run = start(machine("M", M=each), ["a", "b", "c"])
    first, second = run.take_calls()
    assert [(call.path, call.payload) for call in (first, second)] == [("/M/0", "a"), ("/M/1", "b")]
    run.succeed(second.id, "B", at=1)
    (third,) = run.take_calls()
    assert (third.path, third.payload) == ("/M/2", "c")
    started = [event for event in run.history if event.type == "MapIterationStarted"]
    ended = next(event for event in run.history if event.type == "TaskStateExited")
    assert [event.previous for event in started] == [3, 3, ended.id]
    run.succeed(third.id, "C", at=2)
    run.succeed(first.id, "A", at=3)
    assert run.outcome == asl.Outcome("SUCCEEDED", ["A", "B", "C"])


@pytest.mark.parametrize(("concurrency", "expected"), [(40, 40), (None, 100)])
def test_at_most_forty_iterations_run_at_one_time(concurrency: int | None, expected: int) -> None:
    each = {"Type": "Map", "ItemProcessor": machine("T", T=task())}
    run = start(machine("M", M=each), list(range(100)), quotas=Quotas(concurrency=concurrency))
    assert len(run.take_calls()) == expected


def test_the_machine_has_a_timeout_of_its_own() -> None:
    definition = {**machine("W", W={"Type": "Wait", "Seconds": 100}), "TimeoutSeconds": 10}
    run = start(definition)
    run.advance(at=100 * SECOND)
    assert run.outcome == asl.Outcome("TIMED_OUT", None, "States.Timeout", None)
    assert chain(run)[-1] == (3, 0, "ExecutionTimedOut")
    assert run.history[-1].at == 10 * SECOND


def test_stopping_aborts() -> None:
    run = start(machine("T", T=task()))
    (call,) = run.take_calls()
    run.stop("Enough", "of this", at=7)
    assert run.outcome == asl.Outcome("ABORTED", None, "Enough", "of this")
    assert chain(run)[-1] == (5, 0, "ExecutionAborted")
    assert not run.succeed(call.id, 1, at=8)
    run.stop(at=9)
    assert run.outcome.error == "Enough"


def test_a_loop_ends_with_event_25_000() -> None:
    loop = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "IsPresent": True, "Next": "A"}],
        "Default": "Out",
    }
    run = start(machine("A", A={"Type": "Pass", "Next": "C"}, C=loop, Out={"Type": "Succeed"}))
    assert run.outcome is not None
    assert run.outcome[:3] == ("FAILED", None, "States.Runtime")
    assert run.outcome.cause == "The execution reached the maximum number of history events (25000)."
    assert (len(run.history), run.history[-1].type) == (25_000, "ExecutionFailed")


def test_a_catch_that_leads_back_to_what_fails_ends_as_well() -> None:
    parallel = {
        "Type": "Parallel",
        "Branches": [machine("F", F={"Type": "Fail", "Error": "E"})],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "P"}],
        "Next": "Done",
    }
    run = start(machine("P", P=parallel, Done={"Type": "Succeed"}), quotas=Quotas(events=500))
    assert run.outcome is not None and run.outcome.error == "States.Runtime"
    assert len(run.history) == 500


def test_a_choice_without_a_match_fails_as_on_the_service() -> None:
    run = start(machine("C", C={"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "D"}]},
                        D={"Type": "Succeed"}))  # fmt: skip
    assert run.outcome == asl.Outcome(
        "FAILED",
        None,
        "States.Runtime",
        "An error occurred while executing the state 'C' (entered at the event id #2). Failed to transition "
        "out of the state. The state does not point to a next state.",
    )
    assert types(run) == ["ExecutionStarted", "ChoiceStateEntered", "ExecutionFailed"]


def test_a_result_over_the_quota_is_an_error_that_can_be_caught() -> None:
    catch = [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "Caught"}]
    run = start(machine("T", T=task(Catch=catch), Caught={"Type": "Pass"}), quotas=Quotas(payload=1000))
    (call,) = run.take_calls()
    run.succeed(call.id, "x" * 999, at=0)
    assert run.outcome is not None and run.outcome.status == "SUCCEEDED"
    assert types(run)[4] == "LambdaFunctionFailed"
    assert isinstance(run.outcome.output, dict)
    assert run.outcome.output["Error"] == "States.DataLimitExceeded"


def test_an_output_over_the_quota_fails_the_state() -> None:
    double = {"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}, "Next": "Again"}
    again = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "IsPresent": False, "Next": "Out"}],
        "Default": "Double",
    }
    states = {"Double": double, "Again": again, "Out": {"Type": "Succeed"}}
    run = start(machine("Double", **states), "x" * 100, quotas=Quotas(payload=2000, events=1000))
    assert run.outcome is not None
    assert run.outcome.error == "States.DataLimitExceeded"
    sizes = [len(event.details()["output"]) for event in run.history if event.type == "PassStateExited"]
    assert max(sizes) <= 2000 < 2 * max(sizes) + 12


def test_answers_may_be_asked_for_while_others_are() -> None:
    branches = [machine(name, **{name: task()}) for name in "abc"]
    run = start(machine("P", P={"Type": "Parallel", "Branches": branches}))
    asked = []

    def serve(call: asl.Call) -> Json:
        asked.append(call.state)
        if call.state == "a":
            run.answer(serve)
        return call.state

    run.answer(serve)
    assert asked == ["a", "b", "c"]
    assert run.outcome == asl.Outcome("SUCCEEDED", ["a", "b", "c"])


def test_calls_that_were_not_asked_for_are_fresh_after_an_error() -> None:
    branches = [machine(name, **{name: task()}) for name in "abc"]
    run = start(machine("P", P={"Type": "Parallel", "Branches": branches}))

    def serve(call: asl.Call) -> Json:
        if call.state == "b":
            raise LookupError(call.state)
        return call.state

    with pytest.raises(LookupError):
        run.answer(serve)
    assert [call.state for call in run.take_calls()] == ["c"]
    assert [call.state for call in run.calls.values()] == ["b", "c"]


def test_executions_that_have_ended_share_what_is_empty_and_leave_it_so() -> None:
    program = asl.load(machine("T", T=task(TimeoutSeconds=3))).program
    ended = [Execution(program, {}) for _ in range(2)]
    ended[0].succeed(1, {}, at=1)
    ended[1].stop(at=1)
    for run in ended:
        assert not run.succeed(1, {}, at=2)
        run.advance(at=9 * SECOND)
        run.stop(at=10 * SECOND)
        assert (run.calls, run.take_calls(), run.wake_at, run.history[-1].at) == ({}, [], None, 1)
    ended[1].redrive(at=11 * SECOND)
    assert [call.id for call in ended[1].take_calls()] == [2]
    assert ended[1].wake_at == 14 * SECOND
    assert (ended[0].calls, ended[0].take_calls(), ended[0].wake_at) == ({}, [], None)


def test_a_snapshot_is_json_and_goes_on_where_it_was() -> None:
    program = asl.load(machine("A", A=task(ResultPath="$.a", Next="B"), B={"Type": "Pass"})).program
    run = Execution(program, {"n": 1}, at=10)
    (call,) = run.take_calls()
    saved = json.dumps(run.snapshot())
    again = Execution.restore(program, json.loads(saved))
    (same,) = again.take_calls()
    assert (same.id, same.payload, same.path) == (call.id, call.payload, call.path)
    for each in (run, again):
        each.succeed(call.id, 2, at=20)
    assert run.outcome == again.outcome == asl.Outcome("SUCCEEDED", {"n": 1, "a": 2})
    assert again.history.to_dict() == run.history.to_dict()


def test_a_snapshot_keeps_the_history_as_it_was() -> None:
    queue = {
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": "q", "MessageBody": "x"},
    }
    absent = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input.absent %}"}
    branches = [machine("Absent", Absent=absent), machine("Queue", Queue=task(**queue, TimeoutSeconds=9))]
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Again"}]
    both = {"Type": "Parallel", "Branches": branches, "Catch": catch}
    again = task(**queue, TimeoutSeconds=5)
    program = asl.load(machine("Both", Both=both, Again=again)).program
    run = Execution(program, {}, at=10)
    restored = Execution.restore(program, json.loads(json.dumps(run.snapshot())))
    assert {"EvaluationFailed", "TaskScheduled"} <= {event.type for event in run.history}
    assert list(restored.history) == list(run.history)
    assert restored.history.to_json() == run.history.to_json()


def test_a_snapshot_forgets_the_timers_of_frames_that_were_dropped() -> None:
    until = {"Type": "Wait", "Timestamp": "1970-01-01T00:00:10Z"}
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2}]
    tried = {"Type": "Parallel", "Branches": [machine("W", W=until), machine("T", T=task())], "Retry": retry}
    later = machine("B", B={"Type": "Wait", "Seconds": 1, "Next": "C"}, C=until)
    branches = [machine("In", In=tried), later, machine("D", D={"Type": "Wait", "Seconds": 5})]
    program = asl.load(machine("Out", Out={"Type": "Parallel", "Branches": branches})).program
    run = Execution(program, {}, at=0)
    run.fail(1, "E", at=0)
    run.advance(at=3 * SECOND)  # W waits again, under the same path: since two seconds after B began to
    again = Execution.restore(program, json.loads(json.dumps(run.snapshot())))
    for each in (run, again):
        each.advance(at=10 * SECOND)
    exits = [event.path for event in run.history if event.type == "WaitStateExited"]
    assert exits == ["/Out/1", "/Out/2", "/Out/1", "/Out/0/In/0"]
    assert again.history.to_dict() == run.history.to_dict()


def test_a_snapshot_keeps_which_activities_there_are() -> None:
    gone = "arn:aws:states:us-east-1:123456789012:activity:gone"
    program = asl.load(machine("A", A=task(Next="B"), B=task(Resource=gone))).program
    run = Execution(program, {}, at=0, activities=[])
    again = Execution.restore(program, json.loads(json.dumps(run.snapshot())))
    (call,) = again.take_calls()
    again.succeed(call.id, {}, at=1)
    assert again.outcome is not None
    assert str(again.outcome.cause).endswith(f"The activity {gone} does not exist.")


def test_a_snapshot_of_something_else_is_refused() -> None:
    program = asl.load(machine("A", A={"Type": "Pass"})).program
    with pytest.raises(ValueError, match="not a snapshot of format 2"):
        Execution.restore(program, {"format": 0})


def test_variables_are_read_below_and_gone_above() -> None:
    inner = machine("I", I={"Type": "Pass", "Parameters": {"seen.$": "$x"}, "Assign": {"y": 1}})
    run = start(machine(
        "A",
        A={"Type": "Pass", "Assign": {"x": 42}, "Next": "P"},
        P={"Type": "Parallel", "Branches": [inner], "Next": "Z"},
        Z={"Type": "Pass", "Parameters": {"x.$": "$x", "inner.$": "$[0].seen"}},
    ))  # fmt: skip
    assert run.outcome == asl.Outcome("SUCCEEDED", {"x": 42, "inner": 42})
    exited = [event for event in run.history if event.more]
    assert [event.details()["assignedVariables"] for event in exited] == [{"x": "42"}, {"y": "1"}]


@pytest.mark.parametrize(
    ("language", "selector"),
    [
        ("JSONPath", {"at.$": "$$.Map.Item.Index", "of.$": "$$.Map.Item.Source"}),
        (
            "JSONata",
            {"at": "{% $states.context.Map.Item.Index %}", "of": "{% $states.context.Map.Item.Source %}"},
        ),
    ],
)
def test_an_inline_map_does_not_tell_where_its_items_come_from(language: str, selector: Json) -> None:
    """Measured on the service by others, September 2026; the developer guide's example has a Source all the same.

    The iteration whose input cannot be selected leaves no event that says that it started.
    """
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    each = {"Type": "Map", "ItemSelector": selector, "ItemProcessor": inner, "End": True}
    definition = {"QueryLanguage": language, **machine("M", M=each)}
    found = asl.load(definition).run([{"who": "bob"}, {"who": "meg"}])
    kinds = [(event.type, event.previous) for event in found.history]
    assert kinds[:3] == [("ExecutionStarted", 0), ("MapStateEntered", 0), ("MapStateStarted", 2)]
    if language == "JSONPath":
        assert kinds[3:] == [("ExecutionFailed", 3)]
        assert found.error == "States.Runtime"
        assert "(entered at the event id #2). The JSONPath '$$.Map.Item.Source' specified for" in str(
            found.cause
        )
        assert str(found.cause).endswith('"Map":{"Item":{"Index":0,"Value":{"who":"bob"}}}}\'')
    else:  # not measured
        assert [kind for kind, _ in kinds[3:]] == ["EvaluationFailed", "MapStateFailed", "ExecutionFailed"]
        assert found.error == "States.QueryEvaluationError"


def test_an_inline_map_passes_over_what_only_a_distributed_one_has() -> None:
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
    each = {"Type": "Map", "ItemReader": reader, "ItemProcessor": inner, "End": True}
    loaded = asl.load(machine("M", M=each))
    assert [problem.code for problem in loaded.warnings] == ["ASL_NOT_DISTRIBUTED"]
    assert loaded.run([1, 2]).output == [1, 2]
    assert loaded.run({}).cause == 'Reference path "$" must point to array.'
