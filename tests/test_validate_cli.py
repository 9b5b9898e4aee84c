"""`asl validate`: what it prints in each form, and its exit codes."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from asl_cli.validate import validate
from click.testing import CliRunner, Result

VALID = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'
WARNED = VALID.replace('"End"', '"Result": "$.a", "End"')
INVALID = """{
  "StartAt": "A",
  "States": {
    "A": {"Type": "Pass", "Next": "Shp"},
    "Ship": {"Type": "Succeed"}
  }
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "valid.asl.json").write_text(VALID, encoding="utf-8")
    (tmp_path / "warned.asl.json").write_text(WARNED, encoding="utf-8")
    (tmp_path / "invalid.asl.json").write_text(INVALID, encoding="utf-8")
    return tmp_path


def run(*arguments: str, input: str | None = None) -> Result:
    result = CliRunner().invoke(validate, list(arguments), input=input)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_valid_file(folder: Path) -> None:
    result = run("valid.asl.json")
    assert (result.exit_code, result.stdout) == (0, "valid.asl.json: valid\n")


def test_an_invalid_file_shows_place_code_message_location_and_hint(folder: Path) -> None:
    result = run("invalid.asl.json")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "invalid.asl.json:4:35: error MISSING_TRANSITION_TARGET: Missing 'Next' target: Shp at /States/A/Next",
        "    did you mean 'Ship'?",
        "invalid.asl.json:5:5: error MISSING_TRANSITION_TARGET: "
        'State "Ship" is not reachable. at /States/Ship',
        "invalid.asl.json: not valid (2 errors)",
    ]


def test_warnings_are_shown_and_do_not_fail(folder: Path) -> None:
    result = run("warned.asl.json")
    assert result.exit_code == 0
    assert "warning PASS_RESULT_IS_STATIC: " in result.stdout
    assert result.stdout.endswith("warned.asl.json: valid (1 warning)\n")
    assert run("warned.asl.json", "--severity", "error").stdout == "warned.asl.json: valid\n"


def test_a_folder_gives_its_definitions_at_any_depth(folder: Path) -> None:
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "x.asl.yaml").write_text("StartAt: A\nStates: {A: {Type: Succeed}}\n")
    (folder / "package.json").write_text("{}")
    result = run(".")
    assert result.exit_code == 1
    assert [
        line.partition(":")[0] for line in result.stdout.splitlines() if "valid" in line.split(": ")[-1]
    ] == [
        "deep/er/x.asl.yaml",
        "invalid.asl.json",
        "valid.asl.json",
        "warned.asl.json",
    ]


def test_a_glob_is_expanded_and_each_file_checked_once(folder: Path) -> None:
    result = run("va*.json", "valid.asl.json")
    assert (result.exit_code, result.stdout) == (0, "valid.asl.json: valid\n")


def test_a_missing_file_is_unreadable_and_the_others_are_checked(folder: Path) -> None:
    result = run("nowhere.json", "valid.asl.json", "no*thing.json")
    assert result.exit_code == 2
    assert result.stdout == "valid.asl.json: valid\n"
    assert result.stderr.splitlines() == [
        "asl: nowhere.json: no such file or directory",
        "asl: no*thing.json: no such file or directory",
    ]


def test_a_folder_that_must_not_be_read_is_not_told_to_be_empty(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "closed").mkdir()

    def closed(path: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", closed)
    result = run("closed", "valid.asl.json")
    assert (result.exit_code, result.stdout) == (2, "valid.asl.json: valid\n")
    assert result.stderr == "asl: closed: permission denied\n"


def test_a_folder_without_definitions_is_unreadable(folder: Path) -> None:
    (folder / "empty").mkdir()
    result = run("empty")
    assert result.exit_code == 2
    assert "no definition" in result.stderr


def test_standard_input(folder: Path) -> None:
    assert run("-", input=VALID).exit_code == 0
    assert run("-", input="{").exit_code == 1


def test_broken_json_shows_line_and_column_without_the_source(folder: Path) -> None:
    (folder / "broken.json").write_text('{\n  "StartAt": "A"\n  "States": {}\n}\n')
    result = run("broken.json")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == (
        "broken.json:3:3: error INVALID_JSON_DESCRIPTION: Unexpected character ('\"' (code 34)): "
        "was expecting comma to separate Object entries"
    )


@pytest.mark.parametrize(
    "content", [b"\xff\xfe{", b"", b"[", b'{"a": "\\ud800"}', b'{"\x1b[31m": 1}', b"\x00"]
)
def test_no_content_brings_a_traceback(folder: Path, content: bytes) -> None:
    (folder / "bad.json").write_bytes(content)
    for output in ("text", "json", "sarif", "github"):
        result = run("bad.json", "--output", output)
        assert result.exit_code == 1
        assert "\x1b" not in result.stdout


def test_json_output(folder: Path) -> None:
    result = run("invalid.asl.json", "nowhere.json", "--output", "json")
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {
        "files": [
            {
                "file": "invalid.asl.json",
                "result": "FAIL",
                "diagnostics": [
                    {
                        "severity": "ERROR",
                        "code": "MISSING_TRANSITION_TARGET",
                        "message": "Missing 'Next' target: Shp",
                        "location": "/States/A/Next",
                        "line": 4,
                        "column": 35,
                        "hint": "did you mean 'Ship'?",
                    },
                    {
                        "severity": "ERROR",
                        "code": "MISSING_TRANSITION_TARGET",
                        "message": 'State "Ship" is not reachable.',
                        "location": "/States/Ship",
                        "line": 5,
                        "column": 5,
                    },
                ],
            },
            {"file": "nowhere.json", "error": "no such file or directory"},
        ]
    }


def test_sarif_output(folder: Path) -> None:
    result = run("invalid.asl.json", "--output", "sarif")
    assert result.exit_code == 1
    log = json.loads(result.stdout)
    assert log["version"] == "2.1.0"
    [run_] = log["runs"]
    assert [rule["id"] for rule in run_["tool"]["driver"]["rules"]] == ["MISSING_TRANSITION_TARGET"]
    first = run_["results"][0]
    assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("MISSING_TRANSITION_TARGET", 0, "error")
    assert first["message"]["text"] == "Missing 'Next' target: Shp at /States/A/Next (did you mean 'Ship'?)"
    [place] = first["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "invalid.asl.json"},
        "region": {"startLine": 4, "startColumn": 35},
    }
    assert place["logicalLocations"] == [{"fullyQualifiedName": "/States/A/Next"}]


def test_github_output(folder: Path) -> None:
    first = run("invalid.asl.json", "--output", "github").stdout.splitlines()[0]
    assert first == (
        "::error file=invalid.asl.json,line=4,col=35,title=MISSING_TRANSITION_TARGET::"
        "Missing 'Next' target: Shp at /States/A/Next%0Adid you mean 'Ship'?"
    )


def test_definitions_of_placeholders(folder: Path) -> None:
    text = VALID.replace('"End": true', '"Result": "${Name}", "End": ${End}')
    (folder / "template.json").write_text(text)
    (folder / "values.json").write_text('{"Name": "n", "End": true}')
    (folder / "values.env").write_text("# values\nName=x=y\n\nEnd=true\n")
    assert run("template.json").exit_code == 1
    assert "'${End}' has no value" in run("template.json").stdout
    assert run("template.json", "--define", "End=true").exit_code == 0
    for options in (["--define-file", "values.json"], ["--define-file", "values.env"]):
        assert run("template.json", *options).stdout == "template.json: valid\n"
    assert run("template.json", "--define-file", "values.json", "--define", "End=1").exit_code == 1


@pytest.mark.parametrize("option", [["--define", "x"], ["--define-file", "nowhere"], ["--output", "xml"]])
def test_wrong_options_are_refused(folder: Path, option: list[str]) -> None:
    result = run("valid.asl.json", *option)
    assert result.exit_code == 2
    assert "Error: Invalid value" in result.stderr


def test_the_type_of_machine(folder: Path) -> None:
    activity = "arn:aws:states:us-east-1:123456789012:activity:a"
    text = VALID.replace('"Pass"', f'"Task", "Resource": "{activity}"')
    (folder / "activity.json").write_text(text)
    assert run("activity.json").exit_code == 0
    assert "does not support Activity ARN" in run("activity.json", "--type", "express").stdout
