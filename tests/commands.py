"""Call the `asl` command from tests, in this process or in one of its own."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from asl_cli import main

FIXTURES = Path(__file__).parents[1] / "fixtures"
HELLO_WORLD = FIXTURES / "hello-world.asl.json"
COMMAND = [sys.executable, "-c", "from asl_cli import main; main()"]


class Said(NamedTuple):
    """What a command came to: its exit code, and what it wrote to stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Asl = Callable[..., Said]


@pytest.fixture
def asl_command(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Asl]:
    """`asl_command("run", file, stdin="{}")` in this process; imports of task modules are undone."""
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def call(*arguments: str | Path, stdin: str | bytes = b"") -> Said:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        assert isinstance(end.value.code, int)
        return Said(end.value.code, out, err)

    yield call
    for name in set(sys.modules) - before:
        if not name.startswith(("asl", "click", "rich", "json", "yaml")):
            del sys.modules[name]


def separate(*arguments: str | Path, **options: Any) -> Said:
    """The command in a process of its own."""
    settings: dict[str, Any] = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "timeout": 60,
        **options,
    }
    ended = subprocess.run([*COMMAND, *map(str, arguments)], text=True, check=False, **settings)
    return Said(ended.returncode, ended.stdout or "", ended.stderr or "")


def write(folder: Path, name: str, content: Any) -> Path:
    """A file in the folder: text as it is, anything else as JSON."""
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path
