"""Machines that people run, run to their end with answers made from their definitions."""

from __future__ import annotations

from collections import Counter

import pytest

from tests import real_machines

WITHOUT_END = 40
"""So many of 399 end where made-up answers have nothing that fits: `python -m tests.real_machines` lists them."""


@pytest.mark.skipif(not real_machines.SHARED.is_dir(), reason="there is no ../shared/definitions/real")
def test_every_valid_definition_runs_to_an_end() -> None:
    ends = Counter(ended.end for ended in real_machines.every())
    assert ends["invalid"] <= 31
    others = {end: count for end, count in ends.items() if end not in (*real_machines.EXPECTED, "invalid")}
    assert set(others) <= {
        "States.Runtime",
        "States.QueryEvaluationError",
        "States.ItemReaderFailed",
        "States.ExceedToleratedFailureThreshold",
    }, "no machine waits, goes unserved, or fails for another reason than its data"
    assert sum(others.values()) <= WITHOUT_END
