"""Timestamps: what counts as one, which instant it names, how an instant is written."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl import times

CASES = json.loads((Path(__file__).parents[1] / "fixtures/expressions/times.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES["timestamps"], ids=lambda case: case["text"])
def test_a_timestamp_names_an_instant(case: dict[str, object]) -> None:
    assert times.instant(str(case["text"])) == case["instant"]


@pytest.mark.parametrize("text", CASES["none"])
def test_what_the_service_refuses_is_no_timestamp(text: str) -> None:
    assert times.instant(text) is None
    assert times.parse(text) is None


@pytest.mark.parametrize("case", CASES["rendered"], ids=lambda case: case["text"])
def test_an_instant_is_written_in_both_forms(case: dict[str, object]) -> None:
    assert times.text(int(str(case["ms"]))) == case["text"]
    assert times.cli_text(int(str(case["ms"]))) == case["cli"]


@given(st.integers(-60_000_000_000_000, 250_000_000_000_000))
def test_text_agrees_with_the_standard_library_and_parses_back(ms: int) -> None:
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    assert times.cli_text(ms) == when.isoformat(timespec="microseconds")
    assert times.parse(times.text(ms)) == ms
    assert times.parse(times.cli_text(ms)) == ms


@given(st.integers(-(10**18), 10**18))
def test_text_parses_back_far_outside_of_the_calendar_of_datetime(ms: int) -> None:
    assert times.parse(times.text(ms)) == ms
