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

from asl.states import State, Target, Task
from asl.values import Json

Shape: TypeAlias = "dict[str, Any]"

MISSING = (
    "botocore is not installed, so the mocked result was not checked against the API's response model; "
    "`pip install asl-interpreter[aws]` brings it, fieldValidationMode NONE does without"
)

_UNCHECKED = frozenset({"apigateway:invoke", "http:invoke", "eks:call", "eks:runJob"})

_SERVICES = {
    "states": "stepfunctions",
    "elasticmapreduce": "emr",
    "bedrock:invokeModel": "bedrock-runtime",
    # names of AWS SDK integrations that are not the names of botocore
    "sfn": "stepfunctions",
    "applicationdiscovery": "discovery",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "costandusagereport": "cur",
    "costexplorer": "ce",
    "databasemigration": "dms",
    "directory": "ds",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticsearch": "es",
    "eventbridge": "events",
    "iotdataplane": "iot-data",
    "iotjobsdataplane": "iot-jobs-data",
    "lexmodelbuilding": "lex-models",
    "lexmodelsv2": "lexv2-models",
    "lexruntime": "lex-runtime",
    "lexruntimev2": "lexv2-runtime",
    "marketplaceentitlement": "marketplace-entitlement",
    "marketplacemetering": "meteringmarketplace",
    "migrationhub": "mgh",
    "pinpointsmsvoice": "sms-voice",
    "serverlessapplicationrepository": "serverlessrepo",
}
"""The service in a Resource (or the service and the action) by botocore's name, where that is another."""

_POLLED = {
    "athena:startQueryExecution": "GetQueryExecution",
    "batch:submitJob": "DescribeJobs",
    "bedrock:createModelCustomizationJob": "GetModelCustomizationJob",
    "codebuild:startBuild": "BatchGetBuilds",
    "codebuild:startBuildBatch": "BatchGetBuildBatches",
    "databrew:startJobRun": "DescribeJobRun",
    "ecs:runTask": "DescribeTasks",
    "eks:createCluster": "DescribeCluster",
    "eks:createFargateProfile": "DescribeFargateProfile",
    "eks:createNodegroup": "DescribeNodegroup",
    "eks:deleteCluster": "DescribeCluster",
    "eks:deleteFargateProfile": "DescribeFargateProfile",
    "eks:deleteNodegroup": "DescribeNodegroup",
    "elasticmapreduce:addStep": "DescribeStep",
    "elasticmapreduce:createCluster": "DescribeCluster",
    "elasticmapreduce:terminateCluster": "DescribeCluster",
    "emr-containers:deleteVirtualCluster": "DescribeVirtualCluster",
    "emr-containers:startJobRun": "DescribeJobRun",
    "emr-serverless:createApplication": "GetApplication",
    "emr-serverless:deleteApplication": "GetApplication",
    "emr-serverless:startApplication": "GetApplication",
    "emr-serverless:startJobRun": "GetJobRun",
    "emr-serverless:stopApplication": "GetApplication",
    "glue:startJobRun": "GetJobRun",
    "mediaconvert:createJob": "GetJob",
    "sagemaker:createAutoMLJob": "DescribeAutoMLJob",
    "sagemaker:createHyperParameterTuningJob": "DescribeHyperParameterTuningJob",
    "sagemaker:createLabelingJob": "DescribeLabelingJob",
    "sagemaker:createProcessingJob": "DescribeProcessingJob",
    "sagemaker:createTrainingJob": "DescribeTrainingJob",
    "sagemaker:createTransformJob": "DescribeTransformJob",
    "states:startExecution": "DescribeExecution",
}
"""The API that is polled for the end of a `.sync` task."""

_ANY_JSON = {"lambda:invoke": "Payload", "bedrock:invokeModel": "Body"}
"""Fields that an optimized integration gives as JSON, where the API has bytes."""


def problem(state: State, result: Json, mode: str = "STRICT") -> str | None:
    """What is wrong with a Task's mocked result, in the service's words; None where nothing is.

    `mode` is STRICT, PRESENT (required fields may be missing) or NONE. Warns (`UserWarning`) where botocore is not
    installed and the result could not be checked.
    """
    if mode == "NONE" or not isinstance(state, Task):
        return None
    target = state.target
    if target.kind != "Task" or target.token or _action(target) in _UNCHECKED:
        return None
    if not isinstance(result, dict):
        return "Mocked result must be a JSON object."
    try:
        shapes, shape = response(target)
    except ImportError:
        warnings.warn(MISSING, stacklevel=2)
        return None
    if shape is None:
        return None
    found = next(_problems(shapes, shape, result, "", mode == "STRICT", _ANY_JSON.get(_action(target))), None)
    return None if found is None else f"Mock result schema validation error: {found}"


def _action(target: Target) -> str:
    """`lambda:invoke`, `aws-sdk:s3:getObject`, without what says how the answer comes."""
    return f"{target.service}:{(target.action or '').partition('.')[0]}"


@lru_cache(maxsize=16)
def response(target: Target) -> tuple[dict[str, Shape], Shape | None]:
    """The shapes of the service and that of the response; no shape where botocore does not know the API.

    Raises ImportError where there is no botocore.
    """
    from botocore.exceptions import DataNotFoundError, UnknownServiceError
    from botocore.loaders import Loader

    action = _action(target)
    service, _, name = action.removeprefix("aws-sdk:").partition(":")
    loader = Loader()
    wanted = _SERVICES.get(f"{service}:{name}") or _SERVICES.get(service, service)
    known = {each.replace("-", ""): each for each in loader.list_available_services("service-2")}
    try:
        model = loader.load_service_model(known.get(wanted.replace("-", ""), wanted), "service-2")
    except (UnknownServiceError, DataNotFoundError):
        return {}, None
    called = _POLLED.get(action, "") if target.sync else name
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
