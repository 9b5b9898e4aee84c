"""The answer of TestState: a state gone through once, with its status and as much inspection data as was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

from asl import names, variables
from asl.errors import StatesError
from asl.face import VIRTUAL_START
from asl.frames import Call
from asl.quotas import Gauge, Quotas
from asl.resources import After, Resources, Tasks, normalised, told
from asl.retry import handling
from asl.stages import Inspection, Read, Surroundings
from asl.states import Choice, Fail, Task, Working
from asl.teststate.errors import refuse
from asl.teststate.request import Request, Text, request
from asl.values import Json, to_json

Answer: TypeAlias = "dict[str, Any]"

_HIDDEN = {
    "Map": frozenset({"result"}),
    "Parallel": frozenset({"afterInputPath", "afterParameters", "afterArguments", "result"}),
}
"""Stages that the service leaves out of inspectionData (recorded: base_parallel_state_mock_success, Map cases)."""

_NEVER_SHOWN = frozenset({"afterOutputPath", "output"})


def _batch(batch: Any) -> str:
    return to_json({**batch, "Items": [to_json(item) for item in batch["Items"]]})


_LISTED: dict[str, Callable[[Any], str]] = {
    "afterItemsPath": to_json,
    "afterItemSelector": to_json,
    "afterItemBatcher": _batch,
}
"""Stages that are no JSON text but a list of such, and how each of its members is written: the items of a batch are
texts themselves (recorded, and measured by others, September 2026)."""

_NUMBERS = {"maxConcurrency": int, "toleratedFailureCount": int, "toleratedFailurePercentage": float}


def test_state(
    definition: str | bytes | Path | Mapping[str, Json],
    *,
    input: Json = None,
    state_name: str | None = None,
    mock: Mapping[str, Any] | None = None,
    context: Json = None,
    variables: Json = None,
    state_configuration: Mapping[str, Any] | None = None,
    inspection_level: str | None = None,
    role_arn: str | None = None,
    reveal_secrets: bool | None = None,
    tasks: Tasks = None,
) -> Answer:
    """Test one state as the service's TestState does, offline; the answer has the shape of boto3's.

    `definition` is a state, or a whole machine of which `state_name` says the state. Documents (`input`,
    `context`, `variables`, `mock["result"]`, `mapItemReaderData`) are JSON text, as boto3 sends them, or JSON
    values. Time does not pass in a Wait state. A Task without a mock is served by `tasks`, as in a run.

    Raises `TestStateError` for a request that the service refuses, `UnservedCall` for a Task that neither a mock nor
    `tasks` serves, `OSError` where a definition cannot be read.
    """
    asked = request(
        definition,
        input=input,
        state_name=state_name,
        mock=mock,
        context_object=context,
        variables=variables,
        configuration=state_configuration,
        level=inspection_level,
        role_arn=role_arn,
        reveal_secrets=reveal_secrets,
    )
    return _answer(asked, Resources(tasks))


test_state.__test__ = False  # type: ignore[attr-defined]  # a test module may import it


def _answer(asked: Request, resources: Resources) -> Answer:
    scope = Surroundings(asked.variables, asked.context, VIRTUAL_START)
    inspection = Inspection(asked.plan, asked.input.value, scope)
    answer: Answer = {}
    details: dict[str, int] = {}
    try:
        answer.update(_succeeded(asked, inspection, resources))
    except StatesError as problem:
        answer.update(_failed(asked, inspection, problem.error, problem.cause, details))
    if asked.level != "INFO":
        answer["inspectionData"] = _inspected(asked, inspection, details)
    return {key: _text(asked, value) if key == "output" else value for key, value in answer.items()}


def _succeeded(asked: Request, inspection: Inspection, resources: Resources) -> Answer:
    state = asked.plan.state
    effective = inspection.prepare(None if asked.reader_data is None else _reader(asked.reader_data))
    following = state.next
    if isinstance(state, Fail):
        raise inspection.fail()
    if isinstance(state, Choice):
        *_, (_, rule, _) = inspection.choose(effective)
        following = rule.next
        output = inspection.follow(rule, effective)
    elif isinstance(state, Working):
        output = inspection.finish(_result(asked, inspection, effective, resources))
    else:
        output = inspection.finish(inspection.work(effective))
    _hold(inspection)
    return {
        "status": "SUCCEEDED",
        "output": output,
        **({} if following is None else {"nextState": following}),
    }


def _hold(inspection: Inspection) -> None:
    """Hold the variables that the state assigns against the quotas. Raises `StatesError`."""
    assigned, inspection.assigned = inspection.assigned, {}
    variables.check_state(inspection.plan.state.name, assigned, Gauge(), Quotas().payload or 0)
    inspection.assigned = assigned


def _reader(data: str) -> Read:
    """What an ItemReader makes of the data that the request says it found.

    The data is one text, uncompressed: items in the format of InputType, whether they came from one object, from
    those of a listing or from those of a manifest; JSON where that format is no text, and for a listing itself.
    """

    def read(fields: Mapping[str, Any]) -> Any:
        from asl.distributed.readers import items  # few Maps have an ItemReader
        from asl.distributed.stores import Stores

        reader, arguments = fields["ItemReader"], fields["ItemReader"].get("Arguments") or {}
        config = {**(reader.get("ReaderConfig") or {})}
        flattened = config.get("Transformation") == "LOAD_AND_FLATTEN"
        listed = reader["Resource"].endswith(":listObjectsV2") and not flattened
        if listed or config.get("InputType") not in ("CSV", "JSONL"):
            config["InputType"] = "JSON"
        config.pop("ManifestType", None)
        key = str(arguments.get("Key") or arguments.get("Prefix") or "listing")
        found = {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": config,
            "Arguments": {
                "Bucket": arguments.get("Bucket"),
                "Key": key.removesuffix(".gz").removesuffix(".zst"),
            },
        }
        return items({"ItemReader": found}, cast(Stores, _Given(data)))

    return read


class _Given:
    """A store whose every object holds the same text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def bucket(self, name: str) -> _Given:
        return self

    def open(self, key: str, arguments: Mapping[str, Any]) -> BinaryIO:
        return BytesIO(self.text.encode())


def _result(asked: Request, inspection: Inspection, effective: Json, resources: Resources) -> Json:
    """What the work of a Task, Parallel or Map gives: by the mock, else by a task function."""
    if asked.failures is not None:
        _check_iterations(asked, inspection)
    _check_length(asked, inspection)
    if asked.error is not None:
        raise StatesError(*asked.error, whole=True)
    if asked.result is not None:
        return asked.result.value
    state = asked.plan.state
    assert isinstance(state, Task)
    for limit in (state.timeout, state.heartbeat, state.credentials):
        if limit is not None:
            limit(asked.input.value, inspection.scope)
    call = Call(
        1,
        "/",
        state.name,
        asked.retries,
        state.target,
        effective,
        contexts=inspection.scope,
    )
    served = resources.function(call)
    try:
        found = served.function(call)
        if served.is_async:
            import asyncio

            found = asyncio.run(found)
        found = found.result if isinstance(found, After) else found
        if isinstance(found, BaseException):
            raise found
        return normalised(found)
    except Exception as problem:
        error = told(problem)
        raise StatesError(error.error, error.cause, whole=True) from None


def _check_length(asked: Request, inspection: Inspection) -> None:
    """The mocked result of a Map has an item for each of its iterations, but where a ResultWriter may change it."""
    result = None if asked.result is None else asked.result.value
    iterations = inspection.iterations
    if iterations is None or not isinstance(result, list) or "ResultWriter" in asked.plan.document:
        return
    if len(result) != iterations:
        refuse("Input array does not equal the mocked result array's size")


def _check_iterations(asked: Request, inspection: Inspection) -> None:
    """A Map fails where more of its iterations did than are tolerated; without a tolerance it never does."""
    failures, iterations = asked.failures, inspection.iterations
    if iterations is None and asked.result is not None and isinstance(asked.result.value, list):
        iterations = len(asked.result.value)
    if failures is None or iterations is None:
        return
    if failures > iterations:
        refuse("Map iteration failure count must be less than or equal to the number of Map iterations")
    if asked.error is not None:
        return
    stages: Any = inspection.stages
    count, percentage = stages.get("toleratedFailureCount"), stages.get("toleratedFailurePercentage")
    if (count is not None and failures > count) or (
        percentage is not None and failures * 100 > percentage * iterations
    ):
        raise StatesError(
            names.EXCEED_TOLERATED_FAILURE_THRESHOLD,
            "The specified tolerated failure threshold was exceeded",
            whole=True,
        )


def _failed(
    asked: Request, inspection: Inspection, error: str | None, cause: str | None, details: dict[str, int]
) -> Answer:
    """What Retry and Catch make of the error; `details` gets which of them it met."""
    state = asked.plan.state
    answer: Answer = {"status": "FAILED", "error": error, "cause": cause}
    if isinstance(state, Working):
        tries = dict.fromkeys(range(len(state.retry)), asked.retries)
        met = handling(state.retry, state.catch, error, tries, inspection.scope.random)
        if met.retry is not None:
            details["retryIndex"] = met.retry
        if met.delay is not None:
            details["retryBackoffIntervalSeconds"] = met.delay // 1000
            answer["status"] = "RETRIABLE"
        if met.catch is not None:
            details["catchIndex"] = met.catch
            catcher = state.catch[met.catch]
            try:
                output = inspection.catch(catcher, error, cause)
                if asked.plan.language == "JSONPath":
                    inspection.stages["afterResultPath"] = output
                _hold(inspection)
            except StatesError as problem:
                answer |= {"error": problem.error, "cause": problem.cause}
            else:
                answer |= {"status": "CAUGHT_ERROR", "output": output, "nextState": catcher.next}
    return {key: value for key, value in answer.items() if value is not None or key == "output"}


def _inspected(asked: Request, inspection: Inspection, details: dict[str, int]) -> Answer:
    hidden = _NEVER_SHOWN | _HIDDEN.get(asked.plan.type, frozenset())
    shown: Answer = {}
    for stage, value in inspection.stages.items():
        if stage in _NUMBERS:
            shown[stage] = _NUMBERS[stage](value)
        elif stage in _LISTED and isinstance(value, list):
            shown[stage] = f"[{', '.join(map(_LISTED[stage], value))}]"
        elif stage not in hidden:
            shown[stage] = _text(asked, value)
    if details:
        shown["errorDetails"] = details
    held: Json = {**asked.variables, **inspection.assigned}
    if held:
        shown["variables"] = to_json(held)
    return shown


def _text(asked: Request, value: Json) -> str:
    """The JSON text of a value: that of the request where it is the request's own document."""
    for given in (asked.input, asked.result):
        if isinstance(given, Text) and value is given.value:
            return given.text
    return to_json(value)
