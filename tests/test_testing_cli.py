"""`asl test`: what it prints, writes and exits with."""

from __future__ import annotations

import json
import os
import pty
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.commands import FIXTURES, Asl, asl_command, separate, write
from tests.machines import machine

__all__ = ["asl_command"]

ORDER = FIXTURES / "order"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The order with tests of which two fail."""
    folder = tmp_path / "order"
    shutil.copytree(ORDER, folder, ignore=shutil.ignore_patterns("__pycache__", "histories"))
    text = (folder / "order.asl.json").read_text()
    (folder / "order.asl.json").write_text(text.replace('"TimeoutSeconds": 30', '"TimeoutSeconds": 50'))
    return folder


def test_tests_that_pass(asl_command: Asl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FIXTURES)
    said = asl_command("test", "order")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "order/order.asl-test.yaml:10: paid: passed"
    assert len(lines) == 6
    assert lines[-1].startswith("5 passed in ")
    assert said.err == ""


def test_a_test_that_fails(asl_command: Asl, broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(broken)
    said = asl_command("test")
    assert said.code == 1
    assert said.out.splitlines()[1:6] == [
        "order.asl-test.yaml:19: the bank takes too long at first: failed",
        "    the output differs at /paid: expected 9, got 1",
        "    the error of 'Charge' differs: expected \"States.Timeout\", got null",
        "    expected 2 attempts of 'Charge', there was 1",
        "    expected 'Charge' to take 33 s, it took 45 s",
    ]
    assert said.out.splitlines()[-1].startswith("4 passed, 1 failed in ")


def test_as_json_and_junit(asl_command: Asl, broken: Path, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    said = asl_command("test", broken, "--output", "json", "--junit", junit)
    assert said.code == 1
    assert {key: said.json[key] for key in ("passed", "failed", "error")} == {
        "passed": 4,
        "failed": 1,
        "error": 0,
    }
    assert [each["result"] for each in said.json["tests"]] == ["passed", "failed", *["passed"] * 3]
    root = ElementTree.parse(junit).getroot()
    assert [suite.get("name") for suite in root] == [str(broken / "order.asl-test.yaml")]
    assert [len(case) for case in root.iter("testcase")] == [0, 1, 0, 0, 0]
    said = asl_command("test", broken, "--junit", "/nowhere/junit.xml")
    assert said.code == 2
    assert said.err == "asl: --junit: /nowhere/junit.xml: no such file or directory\n"


def test_a_file_that_cannot_be_read_does_not_stop_the_others(asl_command: Asl, broken: Path) -> None:
    file = write(broken, "a.asl-test.yaml", "machine: order.asl.json\nexpct: 1")
    said = asl_command("test", broken)
    assert said.code == 2
    assert said.out.splitlines()[:2] == [
        f"{file}: (the file): error",
        f"    {file}:2:8: there is no field 'expct' here; did you mean 'expect'?",
    ]
    assert said.out.splitlines()[-1].startswith("4 passed, 1 failed, 1 error in ")


def test_a_test_that_cannot_be_run_is_not_one_that_failed(asl_command: Asl, tmp_path: Path) -> None:
    write(tmp_path, "m.json", machine("P", P={"Type": "Pass"}))
    write(tmp_path, "typo.asl-test.yaml", "machine: n.json")
    said = asl_command("test", tmp_path)
    assert said.code == 2
    assert said.out.splitlines()[1] == f"    {tmp_path / 'n.json'}: no such file or directory"


def test_no_tests_and_no_such_path(asl_command: Asl, tmp_path: Path) -> None:
    said = asl_command("test", tmp_path)
    assert said == (2, "", f"asl: there are no tests (*.asl-test.yaml, *.asl-test.yml) in {tmp_path}\n")
    said = asl_command("test", tmp_path / "gone")
    assert said.code == 2
    assert "does not exist" in said.err


def test_a_machine_in_place_of_tests_is_told_as_what_it_is(asl_command: Asl, tmp_path: Path) -> None:
    file = write(tmp_path, "m.asl.json", machine("P", P={"Type": "Pass"}))
    said = asl_command("test", file)
    assert said.code == 2
    told = f"    {file}:1:1: a state machine, and no tests; `asl mocks {file}` writes a first test of it"
    assert said.out.splitlines()[1] == told


def test_a_file_of_any_name_is_read_when_it_is_named(asl_command: Asl, tmp_path: Path) -> None:
    write(tmp_path, "m.json", machine("P", P={"Type": "Pass"}))
    file = write(tmp_path, "checks.yaml", "machine: m.json\ninput: 1\nexpect: {output: 1}")
    said = asl_command("test", file)
    assert said.out.splitlines()[0] == f"{file}:1: checks.yaml: passed"


def test_a_table_where_a_person_watches(broken: Path) -> None:
    ours, theirs = pty.openpty()
    said = separate(
        "test", broken / "order.asl-test.yaml", stdout=theirs, env={**os.environ, "COLUMNS": "200"}
    )
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert said.code == 1
    assert "\x1b[31m" in shown
    plain = [
        " ".join(line.split()) for line in shown.replace("\x1b[32m", "").replace("\x1b[0m", "").splitlines()
    ]
    assert any(line.startswith("passed paid SUCCEEDED 11 3,600 s") for line in plain)
    assert any("expected 'Charge' to take 33 s, it took 45 s" in line for line in plain)


def test_the_json_is_whole_when_nothing_fails(asl_command: Asl) -> None:
    shown = asl_command("test", ORDER, "--output", "json").json
    assert shown["tests"][0]["path"][0] == "Read order"
    assert shown["tests"][1]["waited"] == 3633
    assert json.dumps(shown).count("problems") == 0
