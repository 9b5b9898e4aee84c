"""Mocked results against the response models of the services' APIs, which botocore carries.

Source: the developer guide, "Mock validation modes"; the texts are recorded. A `.sync` task is checked against
the API that the service polls for its end. Not checked: HTTP, API Gateway, EKS `call` and `runJob` (the guide says
so), what somebody sends back with a task token, and fields that the model does not have.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeAlias

from asl.aws.integrations import ACTIONS, SERVICES
from asl.aws.jobs import JOBS
from asl.aws.naming import boto_name
from asl.states import State, Target, Task
from asl.values import Json

Shape: TypeAlias = "dict[str, Any]"

MISSING = (
    "botocore is not installed, so the mocked result was not checked against the API's response model; "
    "`pip install 'asl-interpreter[aws]'` brings it, fieldValidationMode NONE does without"
)

_UNCHECKED = frozenset({"apigateway:invoke", "http:invoke", "eks:call", "eks:runJob"})

_ANY_JSON = {"lambda:invoke": "Payload", "bedrock:invokeModel": "Body"}
"""Fields that an optimized integration gives as JSON, where the API has bytes."""


def problem(state: State, result: Json, mode: str = "STRICT", *, raw: bool = False) -> str | None:
    """What is wrong with a Task's mocked result, in the service's words; None where nothing is.

    `mode` is STRICT, PRESENT (required fields may be missing) or NONE. With `raw`, what an integration gives as JSON
    must be a text all the same, as TestState has it (measured by others of Lambda's Payload, September 2026; the
    developer guide's example has JSON). Warns (`UserWarning`) where botocore is not installed and the result could
    not be checked.
    """
    if mode == "NONE" or not isinstance(state, Task):
        return None
    target = state.target
    if target.kind != "Task" or target.token or _action(target) in _UNCHECKED:
        return None
    if not isinstance(result, dict):
        return "Mocked result must be a valid JSON object."
    try:
        shapes, shape = response(target)
    except ImportError:
        warnings.warn(MISSING, stacklevel=2)
        return None
    if shape is None:
        return None
    free = None if raw else _ANY_JSON.get(_action(target))
    found = next(_problems(shapes, shape, result, "", mode == "STRICT", free), None)
    return None if found is None else f"Mock result schema validation error: {found}"


def _action(target: Target) -> str:
    """`lambda:invoke`, `aws-sdk:s3:getObject`, without what says how the answer comes."""
    return ":".join(target.api)


@lru_cache(maxsize=16)
def response(target: Target) -> tuple[dict[str, Shape], Shape | None]:
    """The shapes of the service and that of the response; no shape where botocore does not know the API.

    Raises ImportError where there is no botocore.
    """
    from botocore.exceptions import DataNotFoundError, UnknownServiceError
    from botocore.loaders import Loader

    service, name = target.api
    service = service.removeprefix("aws-sdk:")
    special = ACTIONS.get((service, name))
    boto = special and special.service
    if boto is None:
        boto = SERVICES[service].boto if service in SERVICES else boto_name(service)
    try:
        model = Loader().load_service_model(boto or service, "service-2")
    except (UnknownServiceError, DataNotFoundError):
        return {}, None
    job = JOBS.get((service, name)) if target.sync else None
    called = name if not target.sync else "" if job is None else job.operation
    operations = {each.lower(): operation for each, operation in model["operations"].items()}
    output = operations.get(called.lower(), {}).get("output")
    shapes: dict[str, Shape] = model["shapes"]
    return shapes, None if output is None else shapes[output["shape"]]


def _problems(
    shapes: dict[str, Shape], shape: Shape, value: Json, field: str, strict: bool, free: str | None = None
) -> Iterator[str]:
    """What does not fit, in order. `field` names the value; `free` is a member that may be any JSON."""
    kind = shape["type"]
    if shape.get("document"):
        return
    wanted = _TYPES.get(kind)
    if wanted is None:
        return
    types, article = wanted
    if type(value) not in types:
        yield f"Field '{field}' must be {article}"
        return
    if isinstance(value, dict) and kind == "structure":
        members = {_cased(name): member for name, member in shape["members"].items()}
        if strict:
            for name in map(_cased, shape.get("required", ())):
                if name not in value:
                    yield f"Required field '{name}' is missing"
        for name, item in value.items():
            if name in members and name != free:
                yield from _problems(shapes, shapes[members[name]["shape"]], item, name, strict)
        return
    if isinstance(value, dict):
        inner = shapes[shape["value"]["shape"]]
        for item in value.values():
            yield from _problems(shapes, inner, item, field, strict)
    elif isinstance(value, list):
        inner = shapes[shape["member"]["shape"]]
        for item in value:
            yield from _problems(shapes, inner, item, field, strict)
    if "enum" in shape and value not in shape["enum"]:
        yield f"Field '{field}' is not an expected value"
    yield from _bounds(shape, value, field)


def _bounds(shape: Shape, value: Json, field: str) -> Iterator[str]:
    least, most = shape.get("min"), shape.get("max")
    if isinstance(value, str | list | dict):
        if least is not None and len(value) < least:
            yield f"Field '{field}' is smaller than the minimum length"
        if most is not None and len(value) > most:
            yield f"Field '{field}' exceeds the maximum length"  # not recorded
    elif isinstance(value, int | float) and shape["type"] != "boolean":
        if least is not None and value < least:
            yield f"Field '{field}' is less than the minimum value"
        if most is not None and value > most:
            yield f"Field '{field}' exceeds the maximum value"


def _cased(name: str) -> str:
    """A member's name as Step Functions writes it."""
    return name[:1].upper() + name[1:]


_TEXT = (frozenset({str}), "a string")
_NUMBER = (frozenset({int, float}), "a number")
_OBJECT = (frozenset({dict}), "an object")
_TYPES: dict[str, tuple[frozenset[type], str]] = {
    "string": _TEXT,
    "blob": _TEXT,
    "timestamp": _TEXT,
    "integer": _NUMBER,
    "long": _NUMBER,
    "float": _NUMBER,
    "double": _NUMBER,
    "boolean": (frozenset({bool}), "a boolean"),
    "list": (frozenset({list}), "an array"),
    "map": _OBJECT,
    "structure": _OBJECT,
}
