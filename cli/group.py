"""The group of commands."""

from __future__ import annotations

import gc
import importlib

import click

from . import COMMANDS, failure


class Commands(click.Group):
    """A group that imports a command's module when the command is called, so that each starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command = getattr(importlib.import_module(f".{name}", __package__), name)
        gc.freeze()
        gc.enable()
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from asl.nearest import nearest

            near = nearest(args[0], COMMANDS) or next(
                filter(lambda name: name.startswith(args[0]), COMMANDS), None
            )
            meant = "" if near is None else f" Did you mean '{near}'?"
            raise click.UsageError(f"No such command '{args[0]}'.{meant}", ctx)
        return super().resolve_command(ctx, args)

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
