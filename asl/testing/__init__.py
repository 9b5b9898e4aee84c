"""Tests of state machines: scripted tasks, results with assertions, cases in YAML, snapshots, coverage.

    from asl.testing import load, in_turn, raises, returns

    machine = load("order.asl.json")
    result = machine.run(order, mocks={"Charge": in_turn(raises("BankBusy"), returns({"receipt": 7}))})
    result.assert_succeeded()
    result.assert_path("Charge", "Ship")

Under pytest the fixture `asl_machine` is this `load`.
"""

from __future__ import annotations

from asl.testing.mocks import Called, Mock, MockError, MockFailure, calls, first_of, in_turn, raises, returns
from asl.testing.runs import Machine, Run, load

__all__ = [
    "Called",
    "Machine",
    "Mock",
    "MockError",
    "MockFailure",
    "Run",
    "calls",
    "first_of",
    "in_turn",
    "load",
    "raises",
    "returns",
]
