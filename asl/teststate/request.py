"""A TestState request, read and checked: which state is tested, on what, with which mock.

Source: the TestState operation of the API model and the developer guide ("Testing state machines with TestState
API"); the texts of the refusals are recorded, or measured by others, unless a comment says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from asl import jsontext, stages
from asl.checks import check, unresolved
from asl.errors import DefinitionError, Problem
from asl.program import Program, compile
from asl.resources import NotJson, normalised
from asl.source import read
from asl.stages import Plan
from asl.states import Map, Parallel, Task, Working
from asl.teststate import context, responses
from asl.teststate.errors import TestStateError, refuse
from asl.values import Json, to_json

Object: TypeAlias = "dict[str, Any]"

_LEVELS = ("INFO", "DEBUG", "TRACE")
_MODES = ("STRICT", "PRESENT", "NONE")
_FORMS: Object = {
    "stateName": str,
    "mock": {"result": None, "errorOutput": {"error": str, "cause": str}, "fieldValidationMode": str},
    "stateConfiguration": {
        "retrierRetryCount": int,
        "errorCausedByState": str,
        "mapIterationFailureCount": int,
        "mapItemReaderData": None,
    },
}
_NAMES = ("stateName", "stateConfiguration.errorCausedByState")


@dataclass(frozen=True, slots=True)
class Text:
    """A document with the text that it was given as: what passes through a state unchanged is shown unchanged."""

    value: Json
    text: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request that can be answered."""

    plan: Plan
    input: Text
    variables: dict[str, Json]
    context: Object
    result: Text | None
    error: tuple[str, str | None] | None
    retries: int
    failures: int | None
    reader_data: str | None
    level: str


def request(
    definition: str | bytes | Path | Mapping[str, Json],
    *,
    input: Json,
    state_name: str | None,
    mock: Mapping[str, Any] | None,
    context_object: Json,
    variables: Json,
    configuration: Mapping[str, Any] | None,
    level: str | None,
    role_arn: str | None,
    reveal_secrets: bool | None,
) -> Request:
    """Check a request as the service does; raises `TestStateError`.

    Documents are JSON text, as boto3 sends them, or JSON values; None is what is not given.
    """
    _sendable(stateName=state_name, mock=mock, stateConfiguration=configuration)
    _one_of("inspectionLevel", level, _LEVELS)
    plan, within_map = _found(definition, state_name)
    settings = dict(configuration or {})
    _mockable(plan, mock, settings, role_arn, context_object)
    raw = _document(input, "{}", "Invalid State Machine Execution Input: '{}'", "InvalidExecutionInput")
    result, error = _mocked(plan, mock, bool(reveal_secrets), settings)
    retries = settings.get("retrierRetryCount")
    if context_object is None:
        seen = context.default(plan, raw.value, role_arn, retries or 0, within_map=within_map)
    else:
        seen = context.given(plan, _document(context_object, "", context.INVALID + "{}").value)
        if retries is None:  # the guide: retries are used up by a higher RetryCount in the context object
            retries = seen.get("State", {}).get("RetryCount")
    data = settings.get("mapItemReaderData")
    held = _document(variables, "{}", "Variables must be valid JSON: {}").value
    if not isinstance(held, dict):
        refuse("Variables must be a JSON object")  # not recorded
    return Request(
        plan,
        raw,
        held,
        seen,
        result,
        error,
        retries or 0,
        settings.get("mapIterationFailureCount"),
        None if data is None else data if isinstance(data, str) else to_json(normalised(data)),
        level or "INFO",
    )


# what boto3 would not send


def _sendable(**given: Any) -> None:
    told = [
        problem
        for name, value in given.items()
        if value is not None
        for problem in _unsendable(name, value, _FORMS[name])
    ]
    if told:
        refuse("\n".join(["Parameter validation failed:", *told]), "ParamValidationError")


def _unsendable(name: str, value: Any, form: Any) -> Iterator[str]:
    """What is wrong with a parameter, in boto3's words. `form` is a type, or the forms of an object's fields; None
    for a document, which may be given as a value."""
    kind = dict if isinstance(form, dict) else form
    if form is None:
        return
    if not (isinstance(value, Mapping) if kind is dict else type(value) is kind):
        yield f"Invalid type for parameter {name}, value: {value}, type: {type(value)}, valid types: {kind}"
    elif kind is dict:
        for key in value:
            if key not in form:
                yield f'Unknown parameter in {name}: "{key}", must be one of: {", ".join(form)}'
        for key in form:
            if key in value:
                yield from _unsendable(f"{name}.{key}", value[key], form[key])
    elif kind is int and value < 0:
        yield f"Invalid value for parameter {name}, value: {value}, valid min value: 0"
    elif value == "" and name in _NAMES:
        yield f"Invalid length for parameter {name}, value: 0, valid min length: 1"


def _one_of(name: str, value: str | None, known: Iterable[str]) -> None:
    if value is not None and value not in known:
        refuse(
            f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(known)}]"
        )


# the state


def _found(definition: str | bytes | Path | Mapping[str, Json], state_name: str | None) -> tuple[Plan, bool]:
    """The state, and whether it is within a Map."""
    try:
        document: Any = read(definition).document
    except DefinitionError as problem:
        _invalid(problem.problems)
    if state_name is None:
        if isinstance(document, dict) and "States" in document and "Type" not in document:
            refuse("The definition is a whole state machine: stateName must say which of its states to test")
        document = {"StartAt": context.ALONE, "States": {context.ALONE: document}}
    errors = [problem for problem in check(document) if problem.severity == "ERROR"]
    errors += unresolved(document)
    if state_name is None:
        errors = [problem for problem in errors if not _leads_out(problem)]
    if errors:
        _invalid(errors)
    try:
        program = compile(document)
    except DefinitionError as problem:
        _invalid(problem.problems)
    name = context.ALONE if state_name is None else state_name
    addresses = [address for address, part in program.parts.items() if name in part.states]
    if not addresses:
        refuse("State not found in definition")
    address = min(addresses, key=len)
    return stages.plan(program, address, name), _is_within_map(program, address)


def _leads_out(problem: Problem) -> bool:
    """Whether a problem comes only from testing a state without the machine that its transitions lead to."""
    inside = problem.location.removeprefix(f"/States/{context.ALONE}")
    if problem.code == "MISSING_TRANSITION_TARGET" or (
        problem.code == "ASL_NOT_COMPILED" and inside.endswith(("/Next", "/Default"))
    ):
        return inside != problem.location and "/States/" not in inside
    return problem.code == "MISSING_END_STATE"


def _invalid(problems: Iterable[Problem]) -> Any:
    """The problems as CreateStateMachine tells them; one without a place is said to be at null (measured)."""
    told = ", ".join(
        f"{problem.code}: {problem.message} at {problem.location or 'null'}" for problem in problems
    )
    refuse(f"Invalid State Machine Definition: '{told}'", "InvalidDefinition")


def _is_within_map(program: Program, address: str) -> bool:
    """Whether the machine at the address is the processor of a Map, or within one."""
    processors = [
        state.processor.address
        for part in program.parts.values()
        for state in part.states.values()
        if isinstance(state, Map)
    ]
    return any(address == each or address.startswith(f"{each}/") for each in processors)


# the mock


def _mockable(
    plan: Plan, mock: Mapping[str, Any] | None, settings: Object, role_arn: str | None, context_object: Json
) -> None:
    state = plan.state
    if mock is not None:
        if not isinstance(state, Working):
            refuse(f"State type '{plan.type}' is not supported when a mock is specified")
        if "mapIterationFailureCount" in settings and not isinstance(state, Map):
            refuse("MapIterationFailureCount is only supported when testing a Map state.")
        if "ItemReader" in plan.document and "mapItemReaderData" not in settings:
            refuse("ItemReader data must be specified when testing a Map state with ItemReader specified.")
        return
    if "mapIterationFailureCount" in settings:
        refuse("TestState does not support MapIterationFailureCount when a mock is not specified.")
    if isinstance(state, Map | Parallel):
        refuse(
            "TestState API does not support Map or Parallel states. Supported state types include: "
            "[Task, Wait, Pass, Succeed, Fail, Choice]",
            "InvalidDefinition",
        )
    if context_object is not None:
        refuse("TestState does not support Context when a mock is not specified.")  # the text is not recorded
    if isinstance(state, Task):
        target = state.target
        if target.kind == "Activity" or target.sync or target.token:  # the text is not recorded
            refuse(
                "TestState does not support Activity tasks and the '.sync' and '.waitForTaskToken' service "
                "integration patterns when a mock is not specified."
            )
        if role_arn is None:
            refuse("RoleArn must be specified when testing a Task state")


def _mocked(
    plan: Plan, mock: Mapping[str, Any] | None, reveal_secrets: bool, settings: Object
) -> tuple[Text | None, tuple[str, str | None] | None]:
    """The mocked result, or the mocked error; neither without a mock."""
    if mock is None:
        return None, None
    if reveal_secrets:
        refuse("TestState does not support RevealSecrets when a mock is specified.")
    _one_of("mock.fieldValidationMode", mock.get("fieldValidationMode"), _MODES)
    if "result" in mock and "errorOutput" in mock:
        refuse("A test mock should have only one of the following fields: [result, errorOutput].")
    if "errorOutput" in mock:
        error = mock["errorOutput"]
        if not error.get("error"):
            refuse("An error was not specified in the mocked error output.")
        _child(plan, settings.get("errorCausedByState"))
        return None, (error["error"], error.get("cause"))
    if "result" not in mock:
        refuse("One of the following fields is required for a test mock: [result, errorOutput].")
    result = _document(mock["result"], "", "Mocked result must be valid JSON")
    _fits(plan, result.value)
    told = responses.problem(plan.state, result.value, mock.get("fieldValidationMode", "STRICT"), raw=True)
    if told is not None:
        refuse(told)
    return result, None


def _fits(plan: Plan, result: Json) -> None:
    """Whether the result is one that a Map or Parallel state can have."""
    if isinstance(plan.state, Map):
        writer = plan.document.get("ResultWriter", {})
        if "Resource" in writer:
            if not isinstance(result, dict):
                refuse("Mocked result must be a JSON object.")
        elif not isinstance(result, list) and writer.get("WriterConfig", {}).get("OutputType") != "JSONL":
            refuse("Mocked result must be an array.")
    elif isinstance(plan.state, Parallel):
        if not isinstance(result, list):
            refuse("Mocked result must be an array.")
        if len(result) != len(plan.state.branches):
            refuse("Mocked result must contain the same number of items as number of Parallel branches.")


def _child(plan: Plan, name: str | None) -> None:
    """The state that the error is to come from must be one within the tested state."""
    if name is None:
        return
    state = plan.state
    machines = (
        state.branches
        if isinstance(state, Parallel)
        else (state.processor,)
        if isinstance(state, Map)
        else ()
    )
    if not any(name in part.states for machine in machines for part in machine.parts.values()):
        refuse(f"The state '{name}' of errorCausedByState was not found in the tested state")  # not recorded


def _document(given: Json, otherwise: str, told: str, code: str = "ValidationException") -> Text:
    """A document given as JSON text or as a value; `otherwise` is the text of one that is not given."""
    try:
        if given is None or isinstance(given, str):
            text = otherwise if given is None else given
            return Text(_parsed(text), text)
        value = normalised(given)
        return Text(value, to_json(value))
    except (ValueError, NotJson, RecursionError) as problem:
        raise TestStateError(code, told.format(problem)) from None


def _parsed(text: str) -> Json:
    """The value of a JSON text; raises ValueError with the words of the service's parser (recorded of StartExecution:
    invalid_start_execution_input)."""
    if not text.strip():
        raise ValueError("Invalid execution input.")  # that it is said of this is not recorded
    try:
        return jsontext.load(text, [])
    except DefinitionError as refusal:
        raise ValueError(refusal.problems[0].reason) from None
