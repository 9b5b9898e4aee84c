"""The README does what it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from asl_cli import COMMANDS

from tests import fenced
from tests.commands import FIXTURES

README = fenced.ROOT / "README.md"


def commands() -> list[str]:
    """The two commands of the first block."""
    first = fenced.blocks(README)[0]
    assert first.language == "sh"
    return first.text.splitlines()


def test_two_commands_on_the_first_screen() -> None:
    run, check = commands()
    setting_up = "python3 -m venv .venv && .venv/bin/pip install -q "
    assert run.startswith(setting_up)
    assert ".venv/bin/asl run fixtures/hello-world.asl.json --input " in run
    assert (FIXTURES / "hello-world.asl.json").is_file()
    assert check.startswith(setting_up)
    assert check.endswith(".venv/bin/python -m pytest")
    assert fenced.blocks(README)[0].line < 25


def test_examples(tmp_path: Path) -> None:
    kinds = {block.language for block in fenced.blocks(README)}
    assert {"console", "pycon"} <= kinds
    assert fenced.differences(README, tmp_path) == []


def test_every_page_is_linked() -> None:
    text = README.read_text(encoding="utf-8")
    assert [
        page.name for page in sorted((fenced.ROOT / "docs").glob("*.md")) if f"docs/{page.name}" not in text
    ] == []


def test_every_command_that_is_named_is_there() -> None:
    named = set(re.findall(r"\basl ([a-z-]+)", README.read_text(encoding="utf-8")))
    assert named - {"run"} >= {"history", "replay", "validate"}
    assert named <= set(COMMANDS)


@pytest.mark.parametrize(
    "page", [README, *sorted((fenced.ROOT / "docs").glob("*.md")), fenced.ROOT / "CONTRIBUTING.md"]
)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
