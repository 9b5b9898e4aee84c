"""Every execution fixture proves five things of the machine.

It gives the expected outcome and history; the history replays to itself; saving and restoring after every
input is invisible; with tasks answering in random order the outcome is the same; nobody changes a JSON value.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.face import milliseconds
from tests.driving import Answer, Answers, drive, frozen, through_json

FOLDER = Path(__file__).parents[1] / "fixtures" / "executions"
NAMES = sorted(path.name for path in FOLDER.iterdir() if (path / "case.json").exists())


class Fixture:
    """A folder with a machine, a case (input, answers, expectation) and the expected history."""

    def __init__(self, name: str) -> None:
        folder = FOLDER / name
        self.machine = asl.load(folder / "machine.asl.json")
        self.case: dict[str, Any] = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        self.history: dict[str, Any] = json.loads((folder / "history.json").read_text(encoding="utf-8"))

    def start(self, freeze: bool = False) -> asl.Execution:
        given = self.case.get("input", {})
        return asl.Execution(
            self.machine.program,
            frozen(given) if freeze else given,
            at=milliseconds(self.case.get("start_time")),
            identity=asl.Identity("fixture"),
            seed=self.case.get("seed", 0),
        )

    def answers(self) -> Answers:
        """The case's answers: for each state a list, one entry an attempt; the last one stands for the rest."""
        tries: dict[tuple[str, str], int] = {}

        def answer(call: asl.Call) -> Answer:
            entries = self.case["tasks"][call.state]
            key = (call.path, call.state)
            entry = entries[min(tries.get(key, 0), len(entries) - 1)]
            tries[key] = tries.get(key, 0) + 1
            ms = round(entry.get("after", 0) * 1000)
            if "throw" in entry:
                return Answer(None, entry["throw"].get("Error"), entry["throw"].get("Cause"), ms)
            return Answer(entry["return"], ms=ms)

        return answer


@pytest.fixture(params=NAMES)
def fixture(request: pytest.FixtureRequest) -> Fixture:
    return Fixture(request.param)


def test_gives_what_is_expected(fixture: Fixture) -> None:
    run = drive(fixture.start(), fixture.answers())
    expect = dict(fixture.case["expect"])
    path = [event.name for event in run.history if event.type.endswith("StateEntered")]
    assert path == expect.pop("path")
    outcome = run.outcome
    assert outcome is not None
    assert {key: getattr(outcome, key) for key in expect} == expect
    assert run.history.to_dict() == fixture.history


def test_replays_to_itself(fixture: Fixture) -> None:
    run = drive(fixture.start(), fixture.answers())
    assert asl.replay(run.history, fixture.machine).divergence is None


def test_restoring_after_every_input_is_invisible(fixture: Fixture) -> None:
    again = through_json(fixture.machine.program, asl.Quotas())
    run = drive(fixture.start(), fixture.answers(), between=again)
    assert run.history.to_dict() == fixture.history


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_answers_does_not_change_the_outcome(fixture: Fixture, seed: int) -> None:
    plain = drive(fixture.start(), fixture.answers())
    shuffled = drive(fixture.start(), fixture.answers(), shuffle=random.Random(seed))
    assert shuffled.outcome == plain.outcome


def test_no_json_value_is_changed(fixture: Fixture) -> None:
    def answer(call: asl.Call, answers: Answers = fixture.answers()) -> Answer:  # noqa: B008
        given = answers(call)
        return given._replace(output=frozen(given.output))

    run = drive(fixture.start(freeze=True), answer)
    assert run.history.to_dict() == fixture.history
