"""The command line as a whole: what it lists, how it fails, what it imports."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from asl_cli import COMMANDS
from asl_cli.group import commands

from tests.commands import COMMAND, HELLO_WORLD, Asl, asl_command, separate, write

__all__ = ["asl_command"]


def test_help_lists_every_command(asl_command: Asl) -> None:
    said = asl_command("--help")
    assert said.code == 0
    for name, meaning in COMMANDS.items():
        assert name in said.out
        assert meaning.split(".")[0] in " ".join(said.out.split())


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_that_begins_with_a_sentence(name: str) -> None:
    command = commands.get_command(click.Context(commands), name)
    assert isinstance(command, click.Command)
    assert command.name == name
    assert (command.help or "").split("\n")[0].strip().endswith((".", ":"))


def test_rich_is_known_in_one_module_alone() -> None:
    sources = sorted((Path(__file__).parents[1] / "cli").glob("*.py"))
    importing = [
        path.name
        for path in sources
        if re.search(r"^\s*(from|import) rich\b", path.read_text(), re.MULTILINE)
    ]
    assert importing == ["render.py"]


def test_version_is_that_of_the_distribution(asl_command: Asl) -> None:
    assert asl_command("--version") == (0, f"asl {importlib.metadata.version('asl-interpreter')}\n", "")


def test_an_unknown_command_and_an_unknown_option_are_usage_errors(asl_command: Asl) -> None:
    said = asl_command("walk")
    assert said.code == 2
    assert said.err.endswith("Error: No such command 'walk'.\n")
    assert "Did you mean 'history'?" in asl_command("hist").err
    assert "Did you mean 'explain'?" in asl_command("EXPLIAN").err
    assert "Did you mean 'validate'?" in asl_command("val").err  # its beginning
    said = asl_command("run", HELLO_WORLD, "--sped")
    assert said.code == 2
    assert "No such option" in said.err
    assert "--sped" in said.err


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_alone_shows_tracebacks(asl_command: Asl, place: str) -> None:
    plain = asl_command("run", "nowhere.json")
    assert plain == (2, "", "asl: nowhere.json: no such file or directory\n")
    debug = ["--debug", "run", "nowhere.json"] if place == "before" else ["run", "nowhere.json", "--debug"]
    said = asl_command(*debug)
    assert said.code == 2
    assert "Traceback (most recent call last)" in said.err
    assert said.err.endswith(plain.err)


def test_a_bug_says_that_it_is_one(asl_command: Asl, monkeypatch: pytest.MonkeyPatch) -> None:
    import asl

    def broken(*_: object, **__: object) -> None:
        raise KeyError("gone")

    monkeypatch.setattr(asl, "load", broken)
    said = asl_command("run", HELLO_WORLD)
    assert said.code == 70
    assert said.err.startswith("asl: this is a bug in asl: KeyError: 'gone'; `asl --debug")
    assert "Traceback" not in said.err


def test_run_imports_nothing_that_it_does_not_use() -> None:
    """Each of these costs tens of milliseconds, and `asl run` of a machine in JSONPath needs none of them."""
    slow = {"asyncio", "boto3", "jsonata", "jsonpath_ng", "jsonschema", "rich", "yaml", "pytest"}
    code = (
        "import sys; from asl_cli import main\n"
        f"try: main(['run', {str(HELLO_WORLD)!r}, '--input', '{{\"IsHelloWorldExample\": true}}', '--quiet'])\n"
        "except SystemExit as end: print(end.code, sorted(name for name in sys.modules if '.' not in name), "
        "file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    exit_code, _, imported = ended.stderr.partition(" ")
    assert exit_code == "0"
    assert slow & set(imported.translate(str.maketrans("[],'", "    ")).split()) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", HELLO_WORLD, "--input", '{"IsHelloWorldExample": true}'],
        ["--help"],
        ["run", "--help"],
    ],
)
def test_no_room_for_the_output_is_said(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        said = separate(*arguments, stdout=full)
    assert said.code == 2
    assert said.err.splitlines()[-1] == "asl: the output could not be written: no space left on device"
    assert "Exception ignored" not in said.err


def test_a_closed_pipe_is_said(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as closed:  # noqa: PTH123
        said = separate("run", HELLO_WORLD, "--input", '{"IsHelloWorldExample": true}', stdout=closed)
    assert said.code == 2
    assert said.err == "asl: the output could not be written: whoever was reading it has closed the pipe\n"


def test_nothing_can_be_said_at_all() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*COMMAND, "run", "nowhere.json"], stdout=full, stderr=full, check=False, timeout=60
        )
    assert ended.returncode == 2


def test_without_any_terminal_or_stdin(tmp_path: Path) -> None:
    machine = write(tmp_path, "m.json", {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    said = separate("run", machine, stdin=subprocess.DEVNULL, start_new_session=True)
    assert said.code == 0
    assert said.json == {"status": "SUCCEEDED", "output": {}}
    assert said.err == "m: SUCCEEDED after 0 s of virtual time; 1 state entered, 4 events\n"
