"""Task states: their resources, what the integrations require, what Express machines do not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from asl.checks.machine import Definition, Object, State, failed
from asl.checks.shape import near
from asl.errors import Problem
from asl.jsontext import PLACEHOLDER
from asl.names import ALL
from asl.values import Json

# As text: the `re` module compiles each when it is first needed, and keeps it.
_ACTIVITY = r"arn:[^:]*:states:[^:]*:[^:]*:activity:"
_URI = r"[A-Za-z][A-Za-z0-9+.-]*:\S+"
_INTEGRATION = (
    r"arn:[^:]*:states:::(?P<service>[\w-]+):(?P<api>\w+)(?P<pattern>\.sync(?::2)?|\.waitForTaskToken)?"
)
_LAMBDA = r"arn:[^:]*:lambda:[^:]*:[^:]*:function:[^:]+(:(\$LATEST|[\w-]+))?"
_SDK = r"arn:[^:]*:states:::aws-sdk:[^:]+:(?P<action>[^:.]+)(?P<pattern>\.[\w:]+)?"


class Service(NamedTuple):
    """An optimised integration: its APIs, those with `.sync`, and whether it has `.waitForTaskToken`."""

    apis: tuple[str, ...]
    sync: tuple[str, ...] = ()
    token: bool = False


# The guide's pages "Integrating optimized services" and "connect-…".
SERVICES = {
    "apigateway": Service(("invoke",), token=True),
    "athena": Service(
        ("startQueryExecution", "stopQueryExecution", "getQueryExecution", "getQueryResults"),
        ("startQueryExecution",),
    ),
    "batch": Service(("submitJob",), ("submitJob",)),
    "bedrock": Service(
        ("invokeModel", "createModelCustomizationJob"), ("createModelCustomizationJob",), token=True
    ),
    "bedrockagentcore": Service(("invokeHarness",)),
    "codebuild": Service(
        (
            "startBuild",
            "stopBuild",
            "batchDeleteBuilds",
            "batchGetReports",
            "startBuildBatch",
            "stopBuildBatch",
            "retryBuildBatch",
            "deleteBuildBatch",
        ),
        ("startBuild", "startBuildBatch", "retryBuildBatch"),
    ),
    "databrew": Service(("startJobRun",), ("startJobRun",)),
    "dynamodb": Service(("getItem", "putItem", "deleteItem", "updateItem")),
    "ecs": Service(("runTask",), ("runTask",), token=True),
    "eks": Service(
        (
            "createCluster",
            "deleteCluster",
            "createNodegroup",
            "deleteNodegroup",
            "createFargateProfile",
            "deleteFargateProfile",
            "runJob",
            "call",
        ),
        (
            "createCluster",
            "deleteCluster",
            "createNodegroup",
            "deleteNodegroup",
            "createFargateProfile",
            "deleteFargateProfile",
            "runJob",
        ),
        token=True,
    ),
    "elasticmapreduce": Service(
        (
            "createCluster",
            "terminateCluster",
            "setClusterTerminationProtection",
            "addStep",
            "cancelStep",
            "modifyInstanceFleetByName",
            "modifyInstanceGroupByName",
        ),
        ("createCluster", "terminateCluster", "addStep"),
    ),
    "emr-containers": Service(
        ("createVirtualCluster", "deleteVirtualCluster", "startJobRun"),
        ("deleteVirtualCluster", "startJobRun"),
    ),
    "emr-serverless": Service(
        (
            "createApplication",
            "startApplication",
            "stopApplication",
            "deleteApplication",
            "startJobRun",
            "cancelJobRun",
        ),
        (
            "createApplication",
            "startApplication",
            "stopApplication",
            "deleteApplication",
            "startJobRun",
            "cancelJobRun",
        ),
    ),
    "events": Service(("putEvents",), token=True),
    "glue": Service(("startJobRun",), ("startJobRun",)),
    "http": Service(("invoke",)),
    "lambda": Service(("invoke",), token=True),
    "mediaconvert": Service(("createJob",), ("createJob",)),
    "sagemaker": Service(
        (
            "createEndpoint",
            "createEndpointConfig",
            "createHyperParameterTuningJob",
            "createLabelingJob",
            "createModel",
            "createProcessingJob",
            "createTrainingJob",
            "createTransformJob",
            "updateEndpoint",
        ),
        (
            "createHyperParameterTuningJob",
            "createLabelingJob",
            "createProcessingJob",
            "createTrainingJob",
            "createTransformJob",
        ),
    ),
    "sns": Service(("publish",), token=True),
    "sqs": Service(("sendMessage",), token=True),
    "states": Service(("startExecution",), ("startExecution",), token=True),
}

# What the service asks for, as far as others have measured it.
_REQUIRED = {
    "lambda:invoke": ("FunctionName",),
    "sqs:sendMessage": ("QueueUrl", "MessageBody"),
    "sns:publish": ("Message",),
    "dynamodb:putItem": ("TableName", "Item"),
    "dynamodb:getItem": ("TableName", "Key"),
    "states:startExecution": ("StateMachineArn",),
    "events:putEvents": ("Entries",),
    "ecs:runTask": ("TaskDefinition",),
    "glue:startJobRun": ("JobName",),
}


def resources(definition: Definition) -> Iterator[Problem]:
    """Each Task names something that exists, and gives it what it requires."""
    for _, state in definition.states():
        if state.type != "Task":
            continue
        resource = state.fields.get("Resource")
        if isinstance(resource, str) and not PLACEHOLDER.search(resource):
            yield from _resource(state, resource, definition.type)
        credentials = state.fields.get("Credentials")
        if isinstance(credentials, dict):
            if isinstance(resource, str) and re.match(_ACTIVITY, resource):
                message = "The field 'Credentials' is not supported for activities"
                yield failed(f"{state.location}/Credentials", message)
            elif "RoleArn" not in credentials and "RoleArn.$" not in credentials:
                yield _required(f"{state.location}/Credentials", "RoleArn", credentials)


def _required(location: str, field: str, given: Object) -> Problem:
    slip = next((name for name in given if name.removesuffix(".$").lower() == field.lower()), None)
    hint = None if slip is None else f"'{slip}' is written '{field}{'.$' * slip.endswith('.$')}'"
    return failed(location, f"The field '{field}' is required but was missing", hint, slip)


def _resource(state: State, resource: str, type: str) -> Iterator[Problem]:
    location = f"{state.location}/Resource"
    if re.match("arn:[^:]*:lambda:", resource) and not re.fullmatch(_LAMBDA, resource):
        yield failed(location, "Value is not a valid resource ARN")
        return
    if not resource.startswith("arn:"):
        yield _not_an_arn(location, resource)
        return
    if type == "EXPRESS" and (message := _not_express(resource)):
        yield failed(location, message)
        return
    sdk = re.fullmatch(_SDK, resource)
    if sdk and sdk["pattern"] not in (None, ".waitForTaskToken"):
        yield _unrecognized(location, resource, None)
    elif sdk and sdk["action"][0].isupper():
        action = sdk["action"]
        yield _unrecognized(location, resource, f"did you mean '{action[0].lower()}{action[1:]}'?")
    found = re.fullmatch(_INTEGRATION, resource)
    service = SERVICES.get(found["service"]) if found else None
    if found is None or service is None:
        return
    api, pattern = found["api"], found["pattern"]
    if api not in service.apis:
        yield _unrecognized(location, resource, near(api, service.apis) or _as_sdk(found["service"], api))
    elif not _has_pattern(service, api, pattern, found["service"]):
        yield _unrecognized(location, resource, f"{found['service']}:{api} has no '{pattern}'")
    else:
        yield from _parameters(state, resource, f"{found['service']}:{api}")


def _not_an_arn(location: str, resource: str) -> Problem:
    """The language asks for a URI, the service for an ARN; other runners have schemes of their own."""
    if re.fullmatch(_URI, resource):
        message = f"'{resource}' is a URI but no ARN: the service does not accept it"
        return Problem(location, "ASL_RESOURCE_NOT_ARN", message, "WARNING")
    return failed(location, "Value is not a valid resource ARN")


def _has_pattern(service: Service, api: str, pattern: str | None, name: str) -> bool:
    if pattern == ".waitForTaskToken":
        return service.token
    if pattern == ".sync:2":
        return name == "states"
    return pattern is None or api in service.sync


def _unrecognized(location: str, resource: str, hint: str | None) -> Problem:
    message = (
        f"The resource provided {resource} is not recognized. The value is not a valid resource ARN, "
        "or the resource is not available in this region."
    )
    return failed(location, message, hint)


_SDK_NAMES = {
    "elasticmapreduce": "emr",
    "emr-containers": "emrcontainers",
    "emr-serverless": "emrserverless",
    "events": "eventbridge",
    "states": "sfn",
}


def _as_sdk(service: str, api: str) -> str | None:
    """What to do where an integration has no such API: SDK integrations have them all."""
    if service == "http":
        return None
    return f"as an SDK integration it is 'arn:aws:states:::aws-sdk:{_SDK_NAMES.get(service, service)}:{api}'"


def _not_express(resource: str) -> str | None:
    if re.match(_ACTIVITY, resource):
        return "Express state machine does not support Activity ARN"
    if resource.endswith((".sync", ".sync:2")):
        return "Express state machine does not support '.sync' service integration"
    if resource.endswith(".waitForTaskToken"):  # with a space at its end, as recorded
        return "Express state machine does not support '.waitForTaskToken' service integration "
    return None


def _parameters(state: State, resource: str, api: str) -> Iterator[Problem]:
    name = "Parameters" if state.language == "JSONPath" else "Arguments"
    if name not in state.fields:
        yield failed(state.location, f"{name} field is required for resource ARN: {resource}")
        return
    given: Json = state.fields[name]
    if isinstance(given, dict):
        for field in _REQUIRED.get(api, ()):
            if field not in given and f"{field}.$" not in given:
                yield _required(f"{state.location}/{name}", field, given)


def express(definition: Definition) -> Iterator[Problem]:
    """An Express machine has no Distributed Map."""
    if definition.type != "EXPRESS":
        return
    for scope in definition.scopes:
        if scope.distributed:
            message = (
                "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines"
            )
            yield failed(f"{scope.location}/ProcessorConfig/Mode", message)


def readers(definition: Definition) -> Iterator[Problem]:
    """A Map reads from and writes to S3, by these integrations."""
    allowed = {"ItemReader": ("s3:getObject", "s3:listObjectsV2"), "ResultWriter": ("s3:putObject",)}
    for _, state in definition.states():
        for name, apis in allowed.items():
            holder = state.fields.get(name)
            resource = holder.get("Resource") if isinstance(holder, dict) else None
            if not isinstance(resource, str) or PLACEHOLDER.search(resource):
                continue
            if not re.fullmatch(rf"arn:[^:]*:states:::({'|'.join(apis)})", resource):
                message = "The field 'Resource' does not match any of the allowed values"
                yield failed(f"{state.location}/{name}/Resource", message, f"one of: {', '.join(apis)}")


def errors(definition: Definition) -> Iterator[Problem]:
    """`States.ALL` stands alone in its `ErrorEquals`, and in the last retrier or catcher."""
    for _, state in definition.states():
        for location, names, last in state.error_names():
            if ALL in names and not (names == [ALL] and last):
                yield failed(location, "States.ALL must appear alone and at end of list")
