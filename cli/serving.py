"""What serves the calls of a machine that is run: the options for it, and what a project's own settings say."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

import click

import asl

from . import given, results
from .failure import Refusal, because

_Command = TypeVar("_Command", bound=Callable[..., Any])

SETTINGS = "pyproject.toml"


class Serving(NamedTuple):
    """Task functions, the machines that Tasks may start, and what comes for task tokens."""

    tasks: given.Functions
    machines: dict[str, asl.StateMachine]
    callbacks: dict[str, Any] | None


def options(command: _Command) -> _Command:
    """The options that say what serves calls, besides --task."""
    for option in reversed(
        [
            click.option(
                "--machine",
                "machines",
                multiple=True,
                metavar="NAME=FILE",
                help="A machine that Tasks may start, by its name or ARN.",
            ),
            click.option("--aws", is_flag=True, help="Send to AWS what no function serves."),
            click.option("--endpoint-url", metavar="URL", help="… to what speaks AWS's protocols there."),
            click.option(
                "--connections", metavar="FILE", help="Call HTTP APIs, with the connections in that file."
            ),
        ]
    ):
        command = option(command)
    return command


def serving(
    machine: str,
    task: Iterable[str],
    define: dict[str, str],
    *,
    machines: Iterable[str] = (),
    aws: bool = False,
    endpoint_url: str | None = None,
    connections: str | None = None,
) -> Serving:
    """What the options say, over what is in the tasks.py beside the machine, over what `[tool.asl]` says."""
    folder, settings = _settings(machine)
    tasks: given.Functions = {}
    if endpoint_url is not None and not endpoint_url.startswith(("http://", "https://")):
        raise Refusal(f"--endpoint-url {endpoint_url}: write a URL, such as http://localhost:4566")
    if aws or endpoint_url is not None:
        from importlib.util import find_spec  # few runs call AWS

        if find_spec("boto3") is None:  # said now: a Catch might take what the first call would tell
            option = "--aws" if endpoint_url is None else "--endpoint-url"
            raise Refusal(f"{option} needs the extra 'aws': pip install 'asl-interpreter[aws]'")
        tasks |= asl.Aws(endpoint_url).tasks
    if connections is not None:
        tasks["http:invoke"] = _http(connections)
    tasks |= _configured(folder, settings)
    tasks |= given.tasks(machine, task)
    known = {
        name: os.path.join(folder, str(file)) for name, file in _table(folder, settings, "machines").items()
    }
    for pair in machines:
        name, equals, file = pair.partition("=")
        if not (name and equals and file):
            raise Refusal(f"--machine {pair}: write NAME=FILE")
        known[name] = file
    callbacks = given.named(machine, "CALLBACKS")
    return Serving(tasks, {name: results.load(file, define) for name, file in known.items()}, callbacks)


def foretell(machine: str, loaded: asl.StateMachine, found: Serving, quiet: bool) -> None:
    """Tell before a run of Tasks that nothing will serve; refuse it where it cannot end well without them."""
    from asl.drive import foreseeing
    from asl.resources import Resources

    resources = Resources(**found._asdict())
    missing = foreseeing.unserved(loaded.program, resources)
    if not missing:
        return
    told = [str(resources.unserved(each.call)) for each in missing]
    told[-1] += f"; {results.remedy(machine)}"
    if any(each.certain for each in missing):
        raise Refusal("\nasl: ".join(told))
    if not quiet:
        warn(told)


def warn(told: Iterable[str]) -> None:
    """Tell warnings on stderr."""
    for each in told:
        click.echo(f"asl: warning: {each}", err=True)


def _http(connections: str) -> Any:
    try:
        return asl.HttpTask(connections)
    except OSError as problem:
        raise Refusal(f"--connections: {because(problem)}") from problem
    except (ValueError, AssertionError) as problem:
        raise Refusal(f"--connections: {connections} holds no JSON object of connections") from problem
    except ImportError as problem:
        raise Refusal(
            "--connections needs the extra 'http': pip install 'asl-interpreter[http]'"
        ) from problem


def _settings(machine: str) -> tuple[str, dict[str, Any]]:
    """The folder of the nearest pyproject.toml around the machine that has `[tool.asl]`, and what that says."""
    folder = os.path.dirname(os.path.abspath(machine))
    while True:
        path = os.path.join(folder, SETTINGS)
        if os.path.isfile(path):
            found = _tool_asl(path)
            if found is not None:
                return folder, found
        above = os.path.dirname(folder)
        if above == folder:
            return folder, {}
        folder = above


def _tool_asl(path: str) -> dict[str, Any] | None:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as problem:
        raise Refusal(because(problem)) from problem
    if b"tool.asl" not in data:
        return None
    import tomllib  # few projects have settings

    try:
        found = tomllib.loads(data.decode()).get("tool", {}).get("asl")
    except ValueError as problem:
        raise Refusal(f"{path} is not TOML: {problem}") from problem
    return found if isinstance(found, dict) else None


_TABLES = ("tasks", "machines")


def _table(folder: str, settings: dict[str, Any], name: str) -> dict[str, Any]:
    """A table within `[tool.asl]`; empty where it is not there."""
    for each in settings.keys() - set(_TABLES):
        raise Refusal(
            f"{os.path.join(folder, SETTINGS)}: tool.asl has no {each}; it has {', '.join(_TABLES)}"
        )
    found = settings.get(name, {})
    if not isinstance(found, dict):
        raise Refusal(f"{os.path.join(folder, SETTINGS)}: tool.asl.{name} is no table")
    return found


def _configured(folder: str, settings: dict[str, Any]) -> given.Functions:
    """The functions of `[tool.asl.tasks]`: `module:function`, or the options of a Lambda function."""
    found: given.Functions = {}
    for name, told in _table(folder, settings, "tasks").items():
        what = f"{os.path.join(folder, SETTINGS)}: tool.asl.tasks.{name}"
        if isinstance(told, str):
            if ":" not in told:
                raise Refusal(f"{what}: {told!r} is no function: write module:function")
            found |= given.functions([f"{name}={told}"], what, folder)
            continue
        if not (isinstance(told, dict) and isinstance(told.get("handler"), str)):
            raise Refusal(
                f'{what}: write "module:function", or a table with the handler of a Lambda function'
            )
        try:
            options = dict(told)
            if "directory" in options:
                options["directory"] = os.path.join(folder, options["directory"])
            elif options.get("process"):
                options["directory"] = folder
            found[name] = asl.Lambda(options.pop("handler"), **options)
        except (TypeError, ValueError) as problem:
            raise Refusal(f"{what}: {problem}") from problem
    return found
