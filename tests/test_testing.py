"""Machines under test: what a run shows, what its assertions say, and mocks that are checked."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import asl
from asl.testing import MockError, Run, calls, first_of, in_turn, load, raises, returns
from asl.testing.expecting import arrows, difference, lacking, path_difference
from tests.commands import FIXTURES
from tests.machines import TOKEN, machine, task

ORDER = FIXTURES / "order" / "order.asl.json"
TEA = {
    "id": "A-1",
    "customer": {"name": "Ada", "email": "ada@example.com", "card": "4242"},
    "items": [{"sku": "tea", "quantity": 1}],
}
MOCKS = {
    "reserve": returns({"price": 4}),
    "charge": returns({"amount": 4}),
    "email": returns({"id": "m"}),
    "ship": returns({"tracking": "P-1"}),
    "release": returns(None),
}


def order(**mocks: Any) -> Run:
    return load(ORDER).run(TEA, mocks={**MOCKS, **mocks})


# ---------------------------------------------------------------------- what a run shows


def test_a_run() -> None:
    run = order()
    assert run.status == "SUCCEEDED"
    assert run.error is None and run.cause is None
    assert run.path[:3] == ["Read order", "Anything ordered?", "Reserve"]
    assert run.paths["/Hand over/1"] == ["Courier comes", "Ship"]
    assert run.states["Charge"][0].input["count"] == 1
    assert run.states["Charge"][-1].output["payment"] == {"amount": 4}
    assert run.states["Courier comes"][0].waited == 3600
    assert run.waited == 3600
    assert run.history[-1].type == "ExecutionSucceeded"
    assert repr(run) == "Run('order', SUCCEEDED)"


def test_a_machine_comes_from_a_path_a_dict_a_text_or_a_machine() -> None:
    definition = machine("P", P={"Type": "Pass"})
    text = '{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}'
    for source in (definition, text, asl.load(definition)):
        found = load(source)
        assert found.run({"n": 1}).output == {"n": 1}
        assert found.machine.source is None
    assert load(ORDER).machine.source == str(ORDER)
    with pytest.raises(asl.DefinitionError, match="Missing 'Next' target: Q"):
        load(machine("P", P={"Type": "Pass", "Next": "Q"}))


def test_a_state_that_was_not_visited_and_one_that_does_not_exist() -> None:
    run = order(charge=raises("CardDeclined", "The bank says no."))
    assert run.states["Ship"] == []
    with pytest.raises(IndexError) as never:
        run.states["Ship"][0]
    assert str(never.value) == (
        "'Ship' was never visited; the path is "
        "Read order → Anything ordered? → Reserve → Reserve item → Charge → Release → Rejected"
    )
    with pytest.raises(KeyError, match="the machine has no state 'Shipp'; it has 'Read order', "):
        run.states["Shipp"]


def test_options_of_a_run() -> None:
    waiting = load(machine("W", W={"Type": "Wait", "Timestamp": "2026-05-01T00:01:00Z"}))
    assert waiting.run(start_time="2026-05-01T00:00:00Z").waited == 60
    assert waiting.run(start_time="2026-06-01T00:00:00Z").waited == 0


def test_tasks_serve_what_mocks_leave_out() -> None:
    two = load(machine("A", A=task(Next="B"), B=task()))
    assert two.run(1, mocks={"A": returns(5)}, tasks={"B": lambda payload: payload + 1}).output == 6
    with pytest.raises(asl.UnservedCall):
        two.run(1, mocks={"A": returns(5)})


# ---------------------------------------------------------------------- assertions


PATH = "\n  path taken: Read order → Anything ordered? → Reserve → Reserve item → Charge → Release → Rejected"
ENDED = "\n  ended: FAILED (CardDeclined: The bank says no.) after 0 s"
CAUGHT = "\n  caught on the way: CardDeclined in 'Charge'"


@pytest.mark.parametrize(
    ("assertion", "told"),
    [
        (lambda run: run.assert_succeeded(), "expected SUCCEEDED, got FAILED (CardDeclined: The bank says no.)"),
        (lambda run: run.assert_succeeded({}), "expected SUCCEEDED, got FAILED (CardDeclined: The bank says no.)"),
        (lambda run: run.assert_timed_out(), "expected TIMED_OUT, got FAILED (CardDeclined: The bank says no.)"),
        (lambda run: run.assert_failed("Other"), 'the error differs: expected "Other", got "CardDeclined"'),
        (
            lambda run: run.assert_failed("CardDeclined", "no"),
            'the cause differs: expected "no", got "The bank says no."',
        ),
        (
            lambda run: run.assert_path("Read order", "Anything ordered?", "Nothing ordered"),
            "the path parts at step 3 after 'Anything ordered?': expected 'Nothing ordered', got 'Reserve'",
        ),
        (
            lambda run: run.assert_path(*run.path[:-1]),
            "the path parts at step 7 after 'Release': expected its end, got 'Rejected'",
        ),
        (
            lambda run: run.assert_path("Reserve item", "Ship", frame="/Reserve/0"),
            "the path of /Reserve/0 parts at step 2 after 'Reserve item': expected 'Ship', got its end",
        ),
        (
            lambda run: run.assert_path(frame="/Reserve/1"),
            "there is no frame '/Reserve/1'; there are '/', '/Reserve/0'",
        ),
        (lambda run: run.assert_visited("Ship"), "expected a visit of 'Ship', which was never visited"),
        (
            lambda run: run.assert_visited("Charge", times=2),
            "expected 2 visits of 'Charge', which was visited once",
        ),
        (
            lambda run: run.assert_visited("Release", input={**TEA, "id": "A-2", "count": 1}),
            "the input of 'Release' differs at /id: expected \"A-2\", got \"A-1\" (and 2 more places)",
        ),
        (
            lambda run: run.assert_visited("Reserve item", output={"price": 5}),
            "the output of 'Reserve item' differs at /price: expected 5, got 4",
        ),
        (lambda run: run.assert_not_visited("Ship", "Charge"), "'Charge' was visited once"),
    ],
)  # fmt: skip
def test_an_assertion_that_fails_says_what_came(assertion: Any, told: str) -> None:
    run = order(charge=raises("CardDeclined", "The bank says no."))
    with pytest.raises(AssertionError) as failure:
        assertion(run)
    said = "" if "got FAILED" in told else ENDED
    assert str(failure.value) == told + PATH + said + CAUGHT


def test_assertions_that_hold() -> None:
    run = order()
    run.assert_succeeded({"order": "A-1", "paid": 4, "tracking": "P-1"})
    run.assert_output_has({"paid": 4.0})
    run.assert_path(*run.path)
    run.assert_path("Courier comes", "Ship", frame="/Hand over/1")
    run.assert_visited("Charge", times=1, output=run.states["Charge"][0].output)
    run.assert_visited("Release", times=0)
    run.assert_not_visited("Release", "Rejected")
    order(charge=raises("CardDeclined", "no")).assert_failed("CardDeclined", "no")
    slow = load({**machine("W", W={"Type": "Wait", "Seconds": 9}), "TimeoutSeconds": 5})
    slow.run().assert_timed_out()


def test_the_output_of_a_run_that_succeeded() -> None:
    with pytest.raises(AssertionError) as failure:
        order().assert_succeeded({"order": "A-1", "paid": 5, "tracking": None})
    assert str(failure.value).splitlines()[0] == (
        "the output differs at /paid: expected 5, got 4 (and 1 more place)"
    )
    with pytest.raises(
        AssertionError, match=r"the output differs at /carrier: expected \"post\", got nothing\n"
    ):
        order().assert_output_has({"order": "A-1", "carrier": "post"})


def test_no_visit_fits() -> None:
    three = load(machine("Each", Each={"Type": "Map", "ItemProcessor": machine("T", T=task())}))
    run = three.run([1, 2], mocks={"T": calls(lambda n: n * 10)})
    run.assert_visited("T", input=2, output=20)
    with pytest.raises(AssertionError) as failure:
        run.assert_visited("T", input=2, output=10)
    assert str(failure.value).splitlines()[0] == (
        "no visit of 'T' fits; of the first, the input of 'T' differs: expected 2, got 1"
    )


@pytest.mark.parametrize(
    ("expected", "actual", "told"),
    [
        ({"a": 1}, {"a": 1.0}, None),
        ({"a": 1, "b": [1, 2]}, {"a": 1.0, "b": [1, 3]}, "x differs at /b/1: expected 2, got 3"),
        ({"a": 1}, {"b": 1}, "x differs at /a: expected 1, got nothing (and 1 more place)"),
        ([1], [1, 2], "x differs at /1: expected nothing, got 2"),
        (True, 1, "x differs: expected true, got 1"),
        ("a" * 400, None, f'x differs: expected "{"a" * 298}…, got null'),
    ],
)
def test_differences(expected: Any, actual: Any, told: str | None) -> None:
    assert difference("x", expected, actual) == told


def test_what_is_lacking_and_paths() -> None:
    assert lacking("x", {"a": [1]}, {"a": [1], "b": 2}) is None
    assert lacking("x", {"a": [1]}, {"a": [1, 2]}) == "x differs at /a: expected [1], got [1,2]"
    assert (
        path_difference(["A"], ["A", "B"]) == "the path parts at step 2 after 'A': expected its end, got 'B'"
    )
    assert path_difference(["A"], []) == "the path parts at step 1: expected 'A', got its end"
    assert arrows([]) == "(no state was entered)"
    assert arrows([str(n) for n in range(50)]).count("→") == 40
    assert "19 → … 10 more … → 30" in arrows([str(n) for n in range(50)])


# ---------------------------------------------------------------------- mocks that cannot answer


def test_a_hole_in_a_script_is_not_a_failure_of_the_machine() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Z"}]
    caught = load(machine("T", T=task(Catch=catch), Z={"Type": "Pass"}))
    with pytest.raises(MockError) as failure:
        caught.run({"n": 1}, mocks={"T": first_of(returns(1, when={"n": 2}))})
    assert str(failure.value) == (
        "state 'T': the mock of 'T' has no answer to its call number 1 (attempt 0, payload {\"n\":1}); "
        "it has first_of(returns(1, when={'n': 2}))"
    )
    with pytest.raises(MockError, match="the mock of 'U' stands for no Task"):
        caught.run(mocks={"U": returns(1)})
    with pytest.raises(MockError, match="no mock stands for the Task '/T'; there are '/Each/0/T'"):
        caught.run(mocks={"/Each/0/T": returns(1)})


def test_a_mock_after_others_that_were_retried() -> None:
    retry = load(machine("T", T=task(Retry=[{"ErrorEquals": ["Busy"]}])))
    run = retry.run(mocks={"T": in_turn(raises("Busy", takes="5s"), returns(1))})
    assert run.states["T"][0].attempts == 2
    assert run.waited == 6


INVOKE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "Hello", "Payload.$": "$"},
}


def test_strict_mocks_are_held_against_the_model_of_the_api() -> None:
    pytest.importorskip("botocore")
    invoking = load(machine("I", I=INVOKE))
    wrong = "Mock result schema validation error: Field 'StatusCode' must be a number"
    for mock in (
        returns({"StatusCode": "200"}),
        returns({"StatusCode": "200"}, takes="5s"),
        in_turn(first_of(returns({"StatusCode": "200"}))),
    ):
        with pytest.raises(MockError) as failure:
            invoking.run({}, mocks={"I": mock}, strict=True)
        assert str(failure.value) == f"state 'I': {wrong}"
    answer = {"StatusCode": 200, "Payload": {"any": "thing"}}
    invoking.run({}, mocks={"lambda:invoke": returns(answer)}, strict=True).assert_succeeded(answer)
    invoking.run({}, mocks={"I": raises("Any.Error")}, strict=True).assert_failed("Any.Error")
    invoking.run({}, mocks={"I": returns({"StatusCode": "200"})}).assert_succeeded()
    with pytest.raises(MockError, match=r"state 'I': Mocked result must be a valid JSON object\."):
        invoking.run({}, mocks={"/I": returns([])}, strict=True)
    invoking.run({}, mocks={"Hello": returns([])}, strict=True).assert_output_has({"Payload": []})


def test_what_a_token_brings_has_no_model() -> None:
    given = {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}
    waiting = load(machine("T", T={"Type": "Task", "Resource": TOKEN, "Parameters": given}))
    mock = returns("approved", submitted={"MessageId": "m"}, takes="1h")
    waiting.run({}, mocks={"T": mock}, strict=True).assert_succeeded("approved")


def test_without_botocore_strict_mocks_are_taken_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    from asl.teststate import responses

    responses.response.cache_clear()
    monkeypatch.setitem(sys.modules, "botocore.loaders", None)
    invoking = load(machine("I", I=INVOKE))
    with pytest.warns(UserWarning, match=r"botocore is not installed.*pip install 'asl-interpreter\[aws\]'"):
        invoking.run({}, mocks={"I": returns({"StatusCode": "200"})}, strict=True).assert_succeeded()
