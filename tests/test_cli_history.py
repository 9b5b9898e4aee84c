"""`asl history`, and the table that `asl run` shows to people."""

from __future__ import annotations

import json
import os
import pty
from pathlib import Path

import pytest

from tests.commands import FIXTURES, HELLO_WORLD, Asl, asl_command, separate, write

__all__ = ["asl_command"]

SLOW_BANK = FIXTURES / "order" / "histories" / "slow-bank.json"


def test_states_with_their_times_tries_and_errors(asl_command: Asl) -> None:
    said = asl_command("history", SLOW_BANK)
    assert said.code == 0
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert lines == [
        "state at took tries error",
        "Read order 0 s 0 s",
        "Anything ordered? 0 s 0 s",
        "Reserve 0 s 0 s 1",
        "Reserve item 0 s 0 s 1",
        "Charge 0 s 33 s 2 States.Timeout",
        "Hand over 33 s 3,600 s 1",
        "Tell customer 33 s 0 s 1",
        "Courier comes 33 s 3,600 s",
        "Ship 3,633 s 0 s 1",
        "Done 3,633 s 0 s",
        "SUCCEEDED after 3,633 s; 10 states entered, 43 events",
    ]
    assert "  Reserve item" in said.out, "what runs within a state is indented"
    assert all(line == line.rstrip() for line in said.out.splitlines()), "nothing fills up the lines"


def test_every_event(asl_command: Asl) -> None:
    said = asl_command("history", SLOW_BANK, "--events")
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert lines[0] == "id after at event state details"
    assert "20 19 30 s LambdaFunctionTimedOut error States.Timeout" in lines
    assert '12 11 0 s LambdaFunctionSucceeded output {"sku":"cup","price":9}' in lines
    assert len([line for line in lines[1:] if line.split()[0].isdigit()]) == 43


def test_json_gives_the_same_history_again(asl_command: Asl) -> None:
    said = asl_command("history", SLOW_BANK, "--json")
    assert said.json == json.loads(SLOW_BANK.read_text())
    again = asl_command("history", "-", "--json", stdin=said.out)
    assert again.out == said.out


def test_a_long_history_shows_its_ends(asl_command: Asl, tmp_path: Path) -> None:
    waits = {
        "Type": "Map",
        "End": True,
        "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}},
    }
    machine = write(tmp_path, "m.json", {"StartAt": "Each", "States": {"Each": waits}})
    asl_command("run", machine, "--input", json.dumps([0] * 1300), "--history", tmp_path / "h.json")
    said = asl_command("history", tmp_path / "h.json")
    lines = said.out.splitlines()
    assert lines[101].strip() == "… 1,101 more …"
    assert len(lines) == 1 + 100 + 1 + 100 + 1
    assert lines[-1] == "SUCCEEDED after 0 s; 1,301 states entered, 5,206 events"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "has no events"),
        ('{"events": []}', "has no events"),
        ('{"events": [{"id": 1}]}', "has no events"),
        ('{"events": ', "not JSON"),
    ],
)
def test_what_is_no_history(asl_command: Asl, tmp_path: Path, content: str, said: str) -> None:
    code, out, err = asl_command("history", write(tmp_path, "h.json", content))
    assert (code, out) == (2, "")
    assert err.startswith("asl: ")
    assert said in err


def test_a_history_that_is_not_there(asl_command: Asl) -> None:
    assert asl_command("history", "gone.json") == (2, "", "asl: gone.json: no such file or directory\n")


def test_run_shows_a_table_where_a_person_watches(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    said = separate("run", HELLO_WORLD, "--input", '{"IsHelloWorldExample": true}', stderr=theirs)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert said.code == 0
    assert said.json["status"] == "SUCCEEDED"
    words = [" ".join(line.split()) for line in shown.splitlines()]
    assert any("Wait 3 sec 0 s 3 s" in line for line in words)
    assert any("Hello World 3 s 0 s" in line for line in words)
    assert words[-1] == "hello-world: SUCCEEDED after 3 s of virtual time; 8 states entered, 20 events"
