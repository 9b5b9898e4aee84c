"""Lambda functions: Python handlers that are called as the Lambda service calls them.

A handler takes `(event, context)`. It answers both forms of the integration: for a bare function ARN the event is
the state's payload and the answer its result; for `lambda:invoke` the event is `Payload`, and the answer is
wrapped as the service wraps it. What a handler raises becomes `errorType`, `errorMessage`, `requestId` and
`stackTrace` (recorded: base_scenarios.lambda_invoke_with_retry_base).
"""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from asl.errors import StatesError
from asl.frames import Call
from asl.resources.answers import After, NotJson, Submitted, copied, normalised
from asl.resources.functions import Served, TaskFunction, is_async, second_parameter
from asl.resources.metadata import REQUEST_ID, http_metadata, request_id
from asl.states import Target
from asl.values import Json, to_json

if TYPE_CHECKING:
    from pathlib import Path

LATEST = "$LATEST"
LONGEST = 900.0
"""Seconds: the most that the service lets a function run."""


class LambdaContext:
    """The second argument of a handler, with the names that it has in the service's Python runtime."""

    def __init__(self, name: str, arn: str, version: str, request: str, timeout: float, memory: int) -> None:
        self.function_name = name
        self.function_version = version
        self.invoked_function_arn = arn
        self.memory_limit_in_mb = str(memory)
        self.aws_request_id = request
        self.log_group_name = f"/aws/lambda/{name}"
        self.log_stream_name = f"asl/[{version}]{request.replace('-', '')}"
        self.identity = None
        self.client_context = None
        self._end = time.monotonic() + timeout

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's timeout, by the clock on the wall."""
        return max(0, round((self._end - time.monotonic()) * 1000))

    def __repr__(self) -> str:
        return f"LambdaContext(function_name={self.function_name!r}, aws_request_id={self.aws_request_id!r})"


class HandlerFailed(Exception):
    """A handler raised, or could not answer: the document that the service would give for it."""

    def __init__(self, document: dict[str, Json]) -> None:
        self.document = document
        super().__init__(document.get("errorMessage"))


class Lambda:
    """A Lambda function to stand for a resource.

    `handler` is a function of `(event, context)`, or its place: `module:function`, or `module.function` as the
    service writes it, imported when it is first called. `name` is the function's, where the calls do not say it.
    `timeout` is in seconds, `memory` in MB.

    With `process`, the handler runs in processes of its own, which stay warm: with the variables of `environment`
    besides ours, in the folder `directory`. One that ends or that takes longer than `timeout` is a task error.
    """

    def __init__(
        self,
        handler: str | TaskFunction,
        *,
        name: str | None = None,
        timeout: float = LONGEST,
        memory: int = 128,
        process: bool = False,
        environment: Mapping[str, str] | None = None,
        directory: str | Path | None = None,
    ) -> None:
        if process and not isinstance(handler, str):
            raise TypeError(
                "a handler in a process of its own is named by its place, such as 'orders:handler'"
            )
        if not process and (environment or directory is not None):
            raise TypeError(
                "environment and directory are for a handler in a process of its own: process=True"
            )
        self.handler = handler
        self.name = name
        self.timeout = timeout
        self.memory = memory
        self._pool: Any = None
        if process:
            from asl.resources.processes import Pool  # most handlers run in this process

            self._pool = Pool(
                str(handler), dict(environment or {}), None if directory is None else str(directory)
            )
        self._function = None if isinstance(handler, str) else handler

    def __call__(self, event: Any, call: Call) -> Any:
        """Invoke the function for a call. Raises `StatesError` as the service tells it."""
        context = self.context(call)
        try:
            return self.invoke(event, context)
        except HandlerFailed as problem:
            raise _as_error(problem) from problem

    def context(self, call: Call) -> LambdaContext:
        """What the handler is told of this invocation."""
        arn, name, qualifier = invoked(call)
        name = self.name or name
        version = qualifier if qualifier is not None and qualifier.isdigit() else LATEST
        return LambdaContext(name, arn, version, request_id(call), self.timeout, self.memory)

    def invoke(self, event: Any, context: LambdaContext) -> Any:
        """Call the handler, here or in a process. Raises `HandlerFailed`."""
        if self._pool is not None:
            return self._pool.invoke(event, context, self.timeout)
        if self._function is None:
            self._function = load(str(self.handler), context.aws_request_id)
        return answered(self._function, event, context)

    def close(self) -> None:
        """End the processes of the function; the next call starts new ones."""
        if self._pool is not None:
            self._pool.close()


def load(place: str, request: str) -> TaskFunction:
    """The handler at `module:function` or `module.function`. Raises `HandlerFailed` as the runtime tells it."""
    module, _, name = place.rpartition(":" if ":" in place else ".")
    try:
        found: Any = importlib.import_module(module)
    except ImportError as problem:
        said = f"Unable to import module '{module}': {problem}"
        raise HandlerFailed(_document("Runtime.ImportModuleError", said, request, [])) from problem
    except SyntaxError as problem:
        said = f"Syntax error in module '{module}': {problem}"
        raise HandlerFailed(_document("Runtime.UserCodeSyntaxError", said, request, [])) from problem
    except Exception as problem:
        raise failed(problem, request) from problem
    try:
        for part in name.split("."):
            found = getattr(found, part)
    except AttributeError as problem:
        said = f"Handler '{name}' missing on module '{module}'"
        raise HandlerFailed(_document("Runtime.HandlerNotFound", said, request, [])) from problem
    function: TaskFunction = found
    return function


def answered(function: TaskFunction, event: Any, context: LambdaContext) -> Any:
    """What the handler gives: JSON, or an `after(…)`. Raises `HandlerFailed`; `StatesError` goes through."""
    try:
        result = function(event, context)
        if is_async(function):
            import asyncio  # slow to import, and most handlers are not async

            result = asyncio.run(result)
    except StatesError:
        raise
    except Exception as problem:
        raise failed(problem, context.aws_request_id) from problem
    if isinstance(result, After):
        return result
    try:
        return normalised(result)
    except NotJson as problem:
        said = f"Unable to marshal response: {_refusal(result) or problem.reason}"
        raise HandlerFailed(_document("Runtime.MarshalError", said, context.aws_request_id, [])) from problem


def _refusal(result: Any) -> str | None:
    """What the runtime says of a result that is not JSON, in Python's words; None where Python would write it."""
    try:
        json.dumps(result)
    except (TypeError, ValueError, RecursionError) as problem:
        return str(problem)
    return None


def failed(problem: Exception, request: str) -> HandlerFailed:
    """What the runtime tells of an exception: the trace is that of the handler, not of what called it."""
    import traceback  # slow to import, and most handlers do not raise
    from pathlib import Path

    ours = (str(Path(__file__).parent), "<frozen importlib", str(importlib.__file__))
    frames = [f for f in traceback.extract_tb(problem.__traceback__) if not f.filename.startswith(ours)]
    trace: list[Json] = list(traceback.format_list(frames))
    return HandlerFailed(_document(type(problem).__name__, str(problem), request, trace))


def _document(kind: str, said: str, request: str, trace: list[Json]) -> dict[str, Json]:
    return {"errorMessage": said, "errorType": kind, "requestId": request, "stackTrace": trace}


def _as_error(problem: HandlerFailed) -> StatesError:
    return StatesError(str(problem.document["errorType"]), to_json(problem.document))


# ---------------------------------------------------------------------- the function that a call invokes


def function_names(payload: Json) -> list[str]:
    """The names under which the function of a `lambda:invoke` is known, the most specific first.

    FunctionName is a name, an ARN or a part of one (`123456789012:function:name`), with a version or an alias or
    without, which may also stand in Qualifier.
    """
    given = payload.get("FunctionName") if isinstance(payload, dict) else None
    if not isinstance(given, str):
        return []
    assert isinstance(payload, dict)
    before, found, rest = given.rpartition("function:")
    name, _, qualifier = (rest if found else given).partition(":")
    qualifier = qualifier or str(payload.get("Qualifier") or "")
    ends = [f"{name}:{qualifier}", name] if qualifier else [name]
    return list(dict.fromkeys(start + end for end in ends for start in (before + found, "")))


def invoked(call: Call) -> tuple[str, str, str | None]:
    """The ARN of the function that a call invokes, its name, and its version or alias."""
    given, name, qualifier = _asked(call)
    if given.startswith("arn:"):
        return given, name, qualifier
    machine = call.context()["StateMachine"]
    assert isinstance(machine, dict)
    region, account = str(machine["Id"]).split(":")[3:5]
    end = f":{qualifier}" if qualifier else ""
    return f"arn:aws:lambda:{region}:{account}:function:{name}{end}", name, qualifier


def _asked(call: Call) -> tuple[str, str, str | None]:
    """The function that a call asks for, in its own words, the function's name, and its version or alias."""
    given = call.resource
    qualifier: Any = None
    if invokes(call.target) and isinstance(call.payload, dict):
        given = str(call.payload.get("FunctionName", ""))
        qualifier = call.payload.get("Qualifier")
    name, _, found = given.rpartition("function:")[2].partition(":")
    qualifier = found or qualifier
    return given, name, None if qualifier is None else str(qualifier)


def invokes(target: Target) -> bool:
    """Whether a Task is a `lambda:invoke`, one that waits for a token or not."""
    return target.api == ("lambda", "invoke")


# ---------------------------------------------------------------------- as the resource of a Task


def of_function(function: TaskFunction) -> Served:
    """What stands for a Lambda function, as a function of the call: it gets the event alone.

    A plain function gets the event and, if it has a second parameter, the call; a `Lambda` knows what to do.
    """
    wants_call = isinstance(function, Lambda) or second_parameter(function) is not None

    def of_call(call: Call) -> Any:
        if call.target.service is None:
            event = copied(call.payload)
            return function(event, call) if wants_call else function(event)
        return _invocation(call, lambda event: function(event, call) if wants_call else function(event))

    if isinstance(function, Lambda) or not is_async(function):
        return Served(of_call)

    async def of_call_async(call: Call) -> Any:
        if call.target.service is None:
            event = copied(call.payload)
            return await (function(event, call) if wants_call else function(event))
        answer = await (function(_event(call), call) if wants_call else function(_event(call)))
        return _wrapped(call, answer)

    return Served(of_call_async, True)


def _invocation(call: Call, function: Callable[[Any], Any]) -> Any:
    """The result of `lambda:invoke`, by InvocationType."""
    assert isinstance(call.payload, dict)
    kind = call.payload.get("InvocationType", "RequestResponse")
    if kind == "DryRun":
        return _response(call, None, "", 204)
    event = _event(call)
    if kind == "Event":
        with suppress(Exception):  # nobody waits for the function's answer
            function(event)
        return _response(call, None, "", 202)
    return _wrapped(call, function(event))


def _event(call: Call) -> Any:
    """The event in the Parameters of `lambda:invoke`: a text there is JSON text (recorded: invoke_json_values)."""
    payload = call.payload.get("Payload") if isinstance(call.payload, dict) else None
    if payload is None:
        return {}
    if not isinstance(payload, str):
        return copied(payload)
    try:
        return json.loads(payload)
    except ValueError:
        raise StatesError(
            "Lambda.InvalidRequestContentException",
            "Could not parse request body into json: Could not parse payload into json: Unrecognized token "
            f"(Service: AWSLambda; Status Code: 400; Error Code: InvalidRequestContentException; "
            f"Request ID: {request_id(call)}; Proxy: null)",
        ) from None


def _wrapped(call: Call, answer: Any) -> Any:
    if isinstance(answer, After):
        return answer.with_results(lambda result: _wrapped(call, result))
    if isinstance(answer, BaseException):
        return answer
    value = normalised(answer)
    return _response(call, value, to_json(value), 200)


def _response(call: Call, payload: Json, text: str, status: int) -> Any:
    """The result as the service wraps it (recorded: lambda_task_service.invoke).

    Where a token is awaited, it is the first answer only: the function has started what will send the token.
    """
    version = _asked(call)[2]
    version = version if version is not None and version.isdigit() else LATEST
    headers = {
        "X-Amz-Executed-Version": version,
        "x-amzn-Remapped-Content-Length": "0",
        "Connection": "keep-alive",
        REQUEST_ID: request_id(call),
        "Content-Length": str(len(text.encode())),
        "Content-Type": "application/json",
    }
    response: dict[str, Json] = {
        "ExecutedVersion": version,
        "Payload": "" if status != 200 else payload,
        **http_metadata(headers, status),
        "StatusCode": status,
    }
    return response if call.token is None else Submitted(response)
