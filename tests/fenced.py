"""Run the examples of a Markdown page, so that what it shows is what happens.

- ```` ```console ````: each line after `$ ` is a command; the lines up to the next one are what it prints (stdout
  and stderr as they come, spaces at the ends of lines aside). `…` stands for anything.
- ```` ```pycon ````: a session of the interpreter, as `doctest` reads it; `...` stands for anything.
- A block of any language after a line that ends with a file's name in backquotes and a colon is that file.

Everything of a page runs in one folder, in which `fixtures` is the project's.
"""

from __future__ import annotations

import doctest
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([\w./-]+)`:\s*\Z")


class Block(NamedTuple):
    """A fenced block: its language, its text, the line it begins at, and the file that it is, if it is one."""

    language: str
    text: str
    line: int
    file: str | None


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        named = _FILE.search(text, 0, match.start())
        found.append(
            Block(match[1], match[2], text.count("\n", 0, match.start()) + 1, named[1] if named else None)
        )
    return found


class Sandbox:
    """A folder in which `asl`, `python` and `fixtures` are the project's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "fixtures").symlink_to(ROOT / "fixtures")
        commands = folder / ".bin"
        commands.mkdir()
        _script(commands / "asl", f"exec {sys.executable} -c 'from asl_cli import main; main()' \"$@\"")
        _script(commands / "python", f'exec {sys.executable} "$@"')
        self.environment = {
            **os.environ,
            "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
            "PYTEST_ADDOPTS": "-p no:cacheprovider",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.names: dict[str, object] = {}

    def run(self, block: Block, page: Path) -> list[str]:
        """What is not as the page shows it: a line for each difference."""
        place = f"{page.name}:{block.line}"
        if block.file is not None:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "console":
            return [f"{place}: {difference}" for difference in self._console(block.text)]
        elif block.language == "pycon":
            return [f"{place}: {difference}" for difference in self._session(block.text, place)]
        return []

    def _console(self, text: str) -> list[str]:
        differences = []
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            while command.endswith("\\"):
                more, _, expected = expected.partition("\n")
                command += f"\n{more}"
            ended = subprocess.run(
                ["bash", "-c", command],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                check=False,
                timeout=120,
            )
            if not _fits(ended.stdout, expected):
                differences.append(
                    f"$ {command}\n--- the page shows\n{expected}--- it printed\n{ended.stdout}"
                )
        return differences

    def _session(self, text: str, place: str) -> list[str]:
        test = doctest.DocTestParser().get_doctest(text, self.names, place, place, 0)
        said: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            runner.run(test, out=said.append, clear_globs=False)
        finally:
            os.chdir(before)
        self.names.update(test.globs)
        return ["".join(said)] if said else []


def _fits(printed: str, expected: str) -> bool:
    lines = [line.rstrip() for line in expected.rstrip().splitlines()]
    pattern = re.escape("\n".join(lines)).replace("…", ".*")
    return (
        re.fullmatch(pattern, "\n".join(line.rstrip() for line in printed.rstrip().splitlines()), re.DOTALL)
        is not None
    )


def _script(path: Path, command: str) -> None:
    path.write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def differences(page: Path, folder: Path) -> list[str]:
    """Run all examples of a page in the folder; what is not as the page shows it."""
    sandbox = Sandbox(folder)
    return [difference for block in blocks(page) for difference in sandbox.run(block, page)]
