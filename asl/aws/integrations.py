"""The optimised integrations: what is special about each, beyond what botocore's models say.

Source: the developer guide's pages on the optimised integrations; error names and the services' names in causes from
the recordings for DynamoDB, SNS, Lambda, Step Functions and EventBridge, and by the same rule for the others: those
of the AWS SDK for Java 1, which these integrations speak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from asl.aws import harness
from asl.values import Json

Fold: TypeAlias = "Callable[[Iterable[dict[str, Any]]], dict[str, Json]]"

Rename: TypeAlias = "dict[str, Json]"
"""The parameters of an API in terms of the Task's: `{"JobFlowId": "ClusterId", "Steps": ["Step"]}`."""


@dataclass(frozen=True)
class Service:
    """An optimised integration. `prefix` begins its errors, `told` is the service's name in their causes.

    `base` is the error for what the API's model does not name. `metadata`: results have SdkHttpMetadata;
    `empty_lists`: and arrays that the service left out, as empty ones.
    """

    boto: str
    prefix: str
    told: str
    base: str
    metadata: bool = True
    empty_lists: bool = False


@dataclass(frozen=True)
class Action:
    """An action whose name, parameters or result are not the API's.

    `renamed` makes the API's parameters from the Task's (None: they are the same). `shown` makes the result from
    the answer by the names of its fields. The fields in `json` are JSON where the API has bytes.
    `failed` is a field whose value, if it is not nothing, makes the answer an error of that name. `service` is
    botocore's name where it is not that of the integration. `folded` makes the result from the events of the answer's
    stream. `session` is a field that has an id of its own where the Task gives none.
    """

    operation: str
    renamed: Rename | None = None
    shown: Rename | None = None
    json: frozenset[str] = field(default_factory=frozenset)
    failed: tuple[str, str] | None = None
    service: str | None = None
    folded: Fold | None = None
    session: str | None = None


def _amazon(boto: str, prefix: str, told: str | None = None, **special: bool) -> Service:
    return Service(boto, prefix, told or f"Amazon{prefix}", f"Amazon{prefix}Exception", **special)


def _aws(boto: str, prefix: str, told: str | None = None, **special: bool) -> Service:
    return Service(boto, prefix, told or f"AWS{prefix}", f"AWS{prefix}Exception", **special)


SERVICES: dict[str, Service] = {
    "athena": _amazon("athena", "Athena"),
    "batch": _aws("batch", "Batch"),
    "bedrock": _amazon("bedrock", "Bedrock"),
    "bedrockagentcore": _amazon("bedrock-agentcore", "BedrockAgentCore", metadata=False),
    "codebuild": _aws("codebuild", "CodeBuild"),
    "databrew": _aws("databrew", "GlueDataBrew"),
    "dynamodb": _amazon("dynamodb", "DynamoDB", "AmazonDynamoDBv2"),
    "ecs": _amazon("ecs", "ECS", empty_lists=True),
    "eks": _amazon("eks", "EKS"),
    "elasticmapreduce": _amazon("emr", "ElasticMapReduce"),
    "emr-containers": _amazon("emr-containers", "EMRContainers"),
    "emr-serverless": _aws("emr-serverless", "EMRServerless"),
    "events": _amazon("events", "EventBridge", metadata=False),
    "glue": _aws("glue", "Glue"),
    "lambda": _aws("lambda", "Lambda"),
    "mediaconvert": _aws("mediaconvert", "MediaConvert"),
    "sagemaker": _amazon("sagemaker", "SageMaker"),
    "sns": _amazon("sns", "SNS"),
    "sqs": _amazon("sqs", "SQS"),
    "states": _aws("stepfunctions", "StepFunctions"),
}

ACTIONS: dict[tuple[str, str], Action] = {
    ("events", "putEvents"): Action("PutEvents", failed=("FailedEntryCount", "FailedEntry")),
    ("bedrock", "invokeModel"): Action("InvokeModel", json=frozenset({"Body"}), service="bedrock-runtime"),
    ("bedrockagentcore", "invokeHarness"): Action(
        "InvokeHarness", folded=harness.answer, session="RuntimeSessionId"
    ),
    ("elasticmapreduce", "createCluster"): Action(
        "RunJobFlow", shown={"ClusterId": "JobFlowId", "ClusterArn": "ClusterArn"}
    ),
    ("elasticmapreduce", "terminateCluster"): Action("TerminateJobFlows", {"JobFlowIds": ["ClusterId"]}),
    ("elasticmapreduce", "addStep"): Action(
        "AddJobFlowSteps",
        {"JobFlowId": "ClusterId", "Steps": ["Step"], "ExecutionRoleArn": "ExecutionRoleArn"},
        {"StepId": "StepIds.0"},
    ),
    ("elasticmapreduce", "cancelStep"): Action(
        "CancelSteps",
        {"ClusterId": "ClusterId", "StepIds": ["StepId"]},
        {"CancelStepsInfo": "CancelStepsInfoList.0"},
    ),
    ("elasticmapreduce", "setClusterTerminationProtection"): Action(
        "SetTerminationProtection",
        {"JobFlowIds": ["ClusterId"], "TerminationProtected": "TerminationProtected"},
    ),
    ("elasticmapreduce", "modifyInstanceFleetByName"): Action(
        "ModifyInstanceFleet", {"ClusterId": "ClusterId", "InstanceFleet": "InstanceFleet"}
    ),
    ("elasticmapreduce", "modifyInstanceGroupByName"): Action(
        "ModifyInstanceGroups", {"ClusterId": "ClusterId", "InstanceGroups": ["InstanceGroup"]}
    ),
}
