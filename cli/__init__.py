"""The command line of asl: one command per file, imported only when it is called."""

from __future__ import annotations

import gc
import importlib
import sys

import click

from . import failure

COMMANDS = {
    "diff": "Show what two executions did differently.",
    "explain": "Explain the states of an execution: stages, rules, retries.",
    "history": "Show the history of an execution.",
    "redrive": "Go on with a failed execution from where it failed.",
    "replay": "Replay a recorded execution with a machine.",
    "run": "Run a state machine on an input.",
    "test": "Run the tests of state machines that stand in YAML files.",
    "test-state": "Test one state with a mock, as TestState does.",
    "validate": "Check state machine definitions.",
}
"""Each command and its one line of help. The module of that name has a click command of that name."""


class Commands(click.Group):
    """A group that imports a command's module when the command is called, so that each starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        gc.disable()  # modules are no garbage: looking for some among them costs a tenth of a short run
        try:
            command = getattr(importlib.import_module(f".{name}", __package__), name)
        finally:
            gc.freeze()
            gc.enable()
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as problem:  # of which click would make a silent failure
            raise failure.Refusal(failure.because(problem)) from problem

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"asl {version('asl-interpreter')}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the Python traceback of what goes wrong.")
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version."
)
def commands(debug: bool) -> None:
    """Check, run and replay state machines in the Amazon States Language."""


def main(arguments: list[str] | None = None) -> None:
    """The `asl` command. Every command exits with 2 for what cannot be used, read or written, 130 after Ctrl-C.

    `--debug` is understood before and after the command's name.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    own = given.index("--") if "--" in given else len(given)
    debug = "--debug" in given[:own]
    if debug:
        given.remove("--debug")
    try:
        code = commands.main(given, prog_name="asl", standalone_mode=False) or 0
        sys.stdout.flush()
    except BaseException as problem:
        code = failure.report(problem, debug=debug)
    sys.exit(code)
