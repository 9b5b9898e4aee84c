"""What went wrong, told to the one who typed the command: what happened, where, what to do."""

from __future__ import annotations

import contextlib
import os
import sys

import click

UNUSABLE, INTERRUPTED, DEFECT = 2, 130, 70
"""Exit codes: it cannot be used, read or written; Ctrl-C (128 and the signal's number); a bug of asl."""


class Refusal(click.ClickException):
    """Something that cannot be used, read or written, said in a sentence."""

    exit_code = UNUSABLE

    def show(self, file: object = None) -> None:
        click.echo(f"asl: {self.format_message()}", err=True)


def report(problem: BaseException, *, debug: bool) -> int:
    """Say on stderr what went wrong, and return the exit code."""
    if debug:
        import traceback

        _say("".join(traceback.format_exception(problem)))
    if isinstance(problem, click.Abort | KeyboardInterrupt):
        _say("asl: interrupted")
        return INTERRUPTED
    told = _told(problem)
    _close_stdout()
    if told is None:
        _say(
            f"asl: this is a bug in asl: {type(problem).__name__}: {problem}; "
            "`asl --debug …` with the same arguments shows where it happens, please report that"
        )
        return DEFECT
    with contextlib.suppress(OSError):  # stderr cannot be written either: the exit code must do
        told.show()
    return told.exit_code


def _told(problem: BaseException) -> click.ClickException | None:
    if isinstance(problem, click.ClickException):
        return problem
    if isinstance(problem, SystemExit):  # no command calls it
        return Refusal(
            f"a task function called sys.exit({problem.code!r}), which ends the run; let it raise an error"
        )
    if isinstance(problem, OSError):
        return Refusal(because(problem))
    from asl import AslError

    return Refusal(str(problem)) if isinstance(problem, AslError) else None


def because(problem: OSError, file: str = "the output could not be written") -> str:
    """An error of the operating system in words: the file, and what is the matter with it.

    One that names no file comes from writing, to `file` or to standard output.
    """
    if isinstance(problem, BrokenPipeError):
        text = "whoever was reading it has closed the pipe"
    else:
        text = (problem.strerror or str(problem)).lower()
    return f"{problem.filename or file}: {text}"


def _close_stdout() -> None:
    """Leave nothing for the interpreter to flush into a file that cannot take it when it ends."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        click.echo(text, err=True)
