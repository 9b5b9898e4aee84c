"""`asl test-state`: test one state as the service's TestState does, offline."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import click

import asl

from . import given
from .failure import Refusal

_FAILED = 1

_REMEDIES = {
    "RoleArn": "give a --mock, or --task NAME=module:function",
    "when a mock is not specified": "give a --mock",
    "does not support Map or Parallel": "give a --mock with the result of the whole state",
    "stateName": "give --state-name NAME",
    "Field 'Payload' must be a string": 'write it as JSON text, or add "fieldValidationMode": "NONE" to the mock',
}
"""What to do about a refusal, by words of its message."""


@click.command("test-state")
@click.argument("definition", type=click.Path(path_type=Path))
@click.option("--state-name", "-s", metavar="NAME", help="The state, where the file holds a whole machine.")
@click.option(
    "--input", "-i", "input_", metavar="JSON|@FILE|-", default="{}", help="The input; {} without it."
)
@click.option(
    "--mock",
    metavar="JSON|@FILE",
    help='What the work gives: {"result": …} or {"errorOutput": {"error": …, "cause": …}}.',
)
@click.option("--context", metavar="JSON|@FILE", help="The context object.")
@click.option("--variables", metavar="JSON|@FILE", help="The variables: an object.")
@click.option(
    "--state-configuration",
    metavar="JSON|@FILE",
    help="retrierRetryCount, errorCausedByState, mapIterationFailureCount, mapItemReaderData.",
)
@click.option(
    "--inspection-level",
    type=click.Choice(["INFO", "DEBUG", "TRACE"]),
    help="How much is shown; INFO without it.",
)
@click.option("--role-arn", metavar="ARN", help="The role; a Task without a mock must have one.")
@click.option("--reveal-secrets/--no-reveal-secrets", default=None, help="As the service has it.")
@click.option(
    "--task", "-t", multiple=True, metavar="NAME=MODULE:FUNCTION", help="Serves a Task without a mock."
)
@click.option("--parsed", is_flag=True, help="Documents as JSON, where the service gives JSON text.")
def test_state(
    definition: Path,
    state_name: str | None,
    input_: str,
    mock: str | None,
    context: str | None,
    variables: str | None,
    state_configuration: str | None,
    inspection_level: str | None,
    role_arn: str | None,
    reveal_secrets: bool | None,
    task: tuple[str, ...],
    parsed: bool,
) -> int:
    """Test a state: the file DEFINITION holds it, or a machine of which --state-name says the state.

    Names, answers and refusals are those of `aws stepfunctions test-state`; no service is called. A mock's result
    may be JSON text, as the service wants it, or JSON.

    Exit code: 0 the state succeeded, has an error that is caught or is retried; 1 it failed; 2 the request is refused.
    """
    documents = {
        "input": input_,
        "mock": mock,
        "context": context,
        "variables": variables,
        "state_configuration": state_configuration,
    }
    request: dict[str, Any] = {
        name: given.document(text, f"--{name.replace('_', '-')}")
        for name, text in documents.items()
        if text is not None
    }
    for name in ("input", "context", "variables"):  # a string here is a document, not the text of one
        if isinstance(request.get(name), str) or request.get(name, 0) is None:
            request[name] = json.dumps(request[name])
    for name in ("mock", "state_configuration"):
        if not isinstance(request.get(name, {}), dict):
            raise Refusal(f"--{name.replace('_', '-')} must be an object")
    functions = {} if mock else given.tasks(definition, task)
    if functions and role_arn is None:
        role_arn = asl.Identity("test").role  # nobody assumes it here
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            answer = asl.test_state(
                definition,
                state_name=state_name,
                inspection_level=inspection_level,
                role_arn=role_arn,
                reveal_secrets=reveal_secrets,
                tasks=functions,
                **request,
            )
        except asl.UnservedCall as problem:
            raise Refusal(f"{problem}; {_REMEDIES['RoleArn']}") from problem
        except asl.TestStateError as problem:
            remedy = next((each for word, each in _REMEDIES.items() if word in problem.message), None)
            if "State not found" in problem.message:
                remedy = f"there are {', '.join(_names(definition))}"
            raise Refusal(f"{problem}; {remedy}" if remedy else str(problem)) from problem
    for each in told:
        click.echo(f"asl: {each.message}", err=True)
    click.echo(json.dumps(_parsed(answer) if parsed else answer, indent=2, ensure_ascii=False))
    return _FAILED if answer["status"] == "FAILED" else 0


def _names(definition: Path) -> list[str]:
    """The states of a machine, those within others too."""
    from asl import graph, source

    return [state.name for _, state in graph.walk(graph.machine(source.read(definition).document))]


def _parsed(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its documents as JSON."""
    shown = {key: json.loads(value) if key == "output" else value for key, value in answer.items()}
    if "inspectionData" in shown:
        shown["inspectionData"] = {
            key: json.loads(value) if isinstance(value, str) else value
            for key, value in shown["inspectionData"].items()
        }
    return shown
