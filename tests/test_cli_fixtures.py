"""The machines under `fixtures/` that people start from: each runs as it is, with the `tasks.py` beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl
from tests.commands import FIXTURES, Asl, asl_command

__all__ = ["asl_command"]

ORDER = FIXTURES / "order"
TEMPLATES = FIXTURES / "definitions"

# input: exit code, and the result that its author expects
ORDERS: dict[str, tuple[int, dict[str, Any]]] = {
    "paid": (0, {"status": "SUCCEEDED", "output": {"order": "A-1", "paid": 43, "tracking": "PARCEL-2"}}),
    "busy-bank": (0, {"status": "SUCCEEDED", "output": {"order": "A-2", "paid": 18, "tracking": "PARCEL-1"}}),
    "slow-bank": (0, {"status": "SUCCEEDED", "output": {"order": "A-3", "paid": 9, "tracking": "PARCEL-1"}}),
    "declined": (1, {"status": "FAILED", "error": "CardDeclined", "cause": "The bank says no."}),
    "out-of-stock": (1, {"status": "FAILED", "error": "OutOfStock", "cause": "There is no moon."}),
    "empty": (1, {"status": "FAILED", "error": "EmptyOrder", "cause": "The order has no items."}),
}


@pytest.mark.parametrize("name", ORDERS)
def test_the_order(asl_command: Asl, tmp_path: Path, name: str) -> None:
    history = tmp_path / "history.json"
    said = asl_command(
        "run", ORDER / "order.asl.json", "--input", f"@{ORDER / 'inputs' / name}.json", "--history", history
    )
    assert (said.code, said.json) == ORDERS[name]
    expected = (ORDER / "histories" / f"{name}.json").read_text(encoding="utf-8")
    assert json.loads(history.read_text(encoding="utf-8")) == json.loads(expected)


def test_every_input_of_the_order_has_a_history() -> None:
    inputs = {path.stem for path in (ORDER / "inputs").iterdir()}
    assert inputs == {path.stem for path in (ORDER / "histories").iterdir()} == set(ORDERS)


# template, input: the states entered, and the output or the error
RUNS: list[tuple[str, Any, list[str], Any]] = [
    (
        "wait",
        {"expiryseconds": 5, "expirydate": "2026-02-01T00:00:00Z"},
        ["Ten seconds", "Until New Year's noon", "As long as asked", "Until the date asked", "When is it?"],
        {"now": "2026-02-01T00:00:00Z"},
    ),
    ("retry", {"fails": 3}, ["Call"], {"attempts": 4}),
    ("retry", {"fails": 4}, ["Call"], asl.TaskError("TooBusy", "attempt 3")),
    ("retry", {"fails": 1, "error": "Unrepairable"}, ["Call"], asl.TaskError("Unrepairable", "attempt 0")),
    ("retry", {"fails": 5, "error": "Anything"}, ["Call"], {"attempts": 6}),
    (
        "parallel",
        {"name": "Ada"},
        ["Look up", "Address", "Phone"],
        {"name": "Ada", "found": {"address": "1 Ada Street", "phone": "555-0100"}},
    ),
    ("choice", {"type": "Private", "value": 22}, ["What is it?", "In the twenties"], "twenties"),
    ("choice", {"type": "Private", "value": 0}, ["What is it?", "Zero"], "zero"),
    ("choice", {"type": "Private", "value": "zero point"}, ["What is it?", "Zero"], "zero"),
    ("choice", {"type": "Public"}, ["What is it?", "Public"], "public"),
    (
        "choice",
        {"type": "Private", "value": 30},
        ["What is it?", "Something else"],
        {"type": "Private", "value": 30},
    ),
    ("choice", {}, ["What is it?", "Nothing to go by"], asl.TaskError("NoType", "The input has no type.")),
    ("catch", {"name": "Grace"}, ["Create account"], {"account": "Grace"}),
    ("catch", {"name": "Ada"}, ["Create account", "Use the account"], "Ada"),
    (
        "catch",
        {"name": "Babbage"},
        ["Create account", "Come back later"],
        {"Error": "States.Timeout", "Cause": ""},
    ),
    (
        "catch",
        {"name": ""},
        ["Create account", "Give up"],
        asl.TaskError("ValueError", '{"errorMessage":"an account needs a name","errorType":"ValueError"}'),
    ),
    (
        "map",
        {"delivery": {"courier": "Bob", "parcels": ["pot", "cup", "tea"]}},
        ["Each parcel", "Ship", "Ship", "Ship"],
        {
            "delivery": {
                "courier": "Bob",
                "parcels": ["pot", "cup", "tea"],
                "shipped": ["0: pot by Bob", "1: cup by Bob", "2: tea by Bob"],
            }
        },
    ),
    ("callback", {"who": "Ada", "what": "tea"}, ["Ask for approval", "Approved?", "Yes"], {"approved": True}),
    (
        "callback",
        {"who": "Ada", "what": "gold"},
        ["Ask for approval", "Approved?", "No"],
        asl.TaskError("Refused", "Gold is dear."),
    ),
]


@pytest.mark.parametrize(("name", "input", "path", "expected"), RUNS)
def test_templates(asl_command: Asl, name: str, input: Any, path: list[str], expected: Any) -> None:
    machine = TEMPLATES / f"{name}.asl.json"
    said = asl_command("run", machine, "--input", json.dumps(input), "--output", "text")
    assert said.out.splitlines()[-1] == "path: " + " → ".join(path)
    result = asl_command("run", machine, "--input", json.dumps(input))
    if isinstance(expected, asl.TaskError):
        failed = {"status": "FAILED", "error": expected.error, "cause": expected.cause}
        assert (result.code, result.json) == (1, failed)
    else:
        assert (result.code, result.json) == (0, {"status": "SUCCEEDED", "output": expected})


def test_every_template_is_run_and_is_valid(asl_command: Asl) -> None:
    files = sorted(TEMPLATES.glob("*.asl.json"))
    assert {path.name.split(".")[0] for path in files} == {run[0] for run in RUNS}
    said = asl_command("validate", FIXTURES / "hello-world.asl.json", ORDER / "order.asl.json", *files)
    assert said.code == 0, said.out + said.err
