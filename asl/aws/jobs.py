"""What a `.sync` task waits for: the API that is asked how the job stands, and which answers end it.

Source: the developer guide's pages on the optimised integrations, and the enumerations in the APIs' models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asl.aws.integrations import Rename
from asl.values import Json


@dataclass(frozen=True)
class Job:
    """A kind of job. Paths are dotted names of fields as results show them.

    `given` are the parameters of `operation`, from those of the task (`task.JobName`) and from the first answer
    (`JobRunId`). `state` is where its state stands, `done` and `failed` are the states that end it, `result` is
    what of the answer is the task's result (None: all). `stop` is the API that stops it, which takes `stopped`.
    `gone`: the job is done when the thing that it deletes cannot be found any more. `refused` is a field that the
    first answer has only where there is no job; `broken` tells whether a job that is done has failed all the same.
    """

    operation: str
    given: Rename
    state: str
    done: frozenset[str]
    failed: frozenset[str]
    result: str | None = None
    stop: str | None = None
    stopped: Rename | None = None
    gone: bool = False
    refused: str | None = None
    broken: Callable[[Json], bool] | None = None


def _states(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _job(operation: str, given: Rename, state: str, done: str, failed: str, **special: Any) -> Job:
    return Job(operation, given, state, _states(done), _states(failed), **special)


def _codebuild(thing: str, things: str) -> Job:
    return _job(
        f"BatchGet{things}",
        {"Ids": [f"{thing}.Id"]},
        f"{things}.0.{thing}Status",
        "SUCCEEDED",
        "FAILED FAULT TIMED_OUT STOPPED",
        result=f"{thing}={things}.0",
        stop=f"Stop{thing}",
        stopped={"Id": f"{thing}.Id"},
    )


def _sagemaker(kind: str) -> Job:
    given: Rename = {f"{kind}Name": f"task.{kind}Name"}
    return _job(
        f"Describe{kind}",
        given,
        f"{kind}Status",
        "Completed",
        "Failed Stopped",
        stop=f"Stop{kind}",
        stopped=given,
    )


def _eks(thing: str, given: Rename, gone: bool = False) -> Job:
    failed = "FAILED" if thing == "Cluster" else "DELETE_FAILED" if gone else "CREATE_FAILED"
    return _job(f"Describe{thing}", given, f"{thing}.Status", "" if gone else "ACTIVE", failed, gone=gone)


def _emr_application(done: str) -> Job:
    given: Rename = {"ApplicationId": "task.ApplicationId"}
    return _job(
        "GetApplication", given, "Application.State", done, "TERMINATED" if done != "TERMINATED" else ""
    )


def _has_failed(task: Json) -> bool:
    """Whether a container of an ECS task failed, or did not come to run."""
    containers = dig(task, "Containers")
    return not isinstance(containers, list) or any(dig(each, "ExitCode") != 0 for each in containers)


_CLUSTER: Rename = {"Name": "task.Name"}
_NODEGROUP: Rename = {"ClusterName": "task.ClusterName", "NodegroupName": "task.NodegroupName"}
_FARGATE: Rename = {"ClusterName": "task.ClusterName", "FargateProfileName": "task.FargateProfileName"}

JOBS: dict[tuple[str, str], Job] = {
    ("athena", "startQueryExecution"): _job(
        "GetQueryExecution",
        {"QueryExecutionId": "QueryExecutionId"},
        "QueryExecution.Status.State",
        "SUCCEEDED",
        "FAILED CANCELLED",
        stop="StopQueryExecution",
        stopped={"QueryExecutionId": "QueryExecutionId"},
    ),
    ("batch", "submitJob"): _job(
        "DescribeJobs",
        {"Jobs": ["JobId"]},
        "Jobs.0.Status",
        "SUCCEEDED",
        "FAILED",
        result="Jobs.0",
        stop="TerminateJob",
        stopped={"JobId": "JobId", "Reason": "'The task was aborted'"},
    ),
    ("bedrock", "createModelCustomizationJob"): _job(
        "GetModelCustomizationJob",
        {"JobIdentifier": "JobArn"},
        "Status",
        "Completed",
        "Failed Stopped",
        stop="StopModelCustomizationJob",
        stopped={"JobIdentifier": "JobArn"},
    ),
    ("codebuild", "startBuild"): _codebuild("Build", "Builds"),
    ("codebuild", "startBuildBatch"): _codebuild("BuildBatch", "BuildBatches"),
    ("codebuild", "retryBuildBatch"): _codebuild("BuildBatch", "BuildBatches"),
    ("databrew", "startJobRun"): _job(
        "DescribeJobRun",
        {"Name": "task.Name", "RunId": "RunId"},
        "State",
        "SUCCEEDED",
        "FAILED STOPPED TIMEOUT",
        stop="StopJobRun",
        stopped={"Name": "task.Name", "RunId": "RunId"},
    ),
    ("ecs", "runTask"): _job(
        "DescribeTasks",
        {"Cluster": "task.Cluster", "Tasks": ["Tasks.0.TaskArn"]},
        "Tasks.0.LastStatus",
        "STOPPED",
        "",
        result="Tasks.0",
        refused="Failures.0",
        broken=_has_failed,
        stop="StopTask",
        stopped={"Cluster": "task.Cluster", "Task": "Tasks.0.TaskArn"},
    ),
    ("eks", "createCluster"): _eks("Cluster", _CLUSTER),
    ("eks", "deleteCluster"): _eks("Cluster", _CLUSTER, gone=True),
    ("eks", "createNodegroup"): _eks("Nodegroup", _NODEGROUP),
    ("eks", "deleteNodegroup"): _eks("Nodegroup", _NODEGROUP, gone=True),
    ("eks", "createFargateProfile"): _eks("FargateProfile", _FARGATE),
    ("eks", "deleteFargateProfile"): _eks("FargateProfile", _FARGATE, gone=True),
    ("elasticmapreduce", "createCluster"): _job(
        "DescribeCluster",
        {"ClusterId": "ClusterId"},
        "Cluster.Status.State",
        "RUNNING WAITING",
        "TERMINATED TERMINATED_WITH_ERRORS",
        stop="TerminateJobFlows",
        stopped={"JobFlowIds": ["ClusterId"]},
    ),
    ("elasticmapreduce", "terminateCluster"): _job(
        "DescribeCluster",
        {"ClusterId": "task.ClusterId"},
        "Cluster.Status.State",
        "TERMINATED TERMINATED_WITH_ERRORS",
        "",
    ),
    ("elasticmapreduce", "addStep"): _job(
        "DescribeStep",
        {"ClusterId": "task.ClusterId", "StepId": "StepId"},
        "Step.Status.State",
        "COMPLETED",
        "FAILED CANCELLED INTERRUPTED",
        stop="CancelSteps",
        stopped={"ClusterId": "task.ClusterId", "StepIds": ["StepId"]},
    ),
    ("emr-containers", "deleteVirtualCluster"): _job(
        "DescribeVirtualCluster",
        {"Id": "task.Id"},
        "VirtualCluster.State",
        "TERMINATED",
        "ARRESTED",
    ),
    ("emr-containers", "startJobRun"): _job(
        "DescribeJobRun",
        {"Id": "Id", "VirtualClusterId": "task.VirtualClusterId"},
        "JobRun.State",
        "COMPLETED",
        "FAILED CANCELLED",
        stop="CancelJobRun",
        stopped={"Id": "Id", "VirtualClusterId": "task.VirtualClusterId"},
    ),
    ("emr-serverless", "createApplication"): _job(
        "GetApplication",
        {"ApplicationId": "ApplicationId"},
        "Application.State",
        "CREATED STARTED",
        "TERMINATED",
    ),
    ("emr-serverless", "startApplication"): _emr_application("STARTED"),
    ("emr-serverless", "stopApplication"): _emr_application("STOPPED"),
    ("emr-serverless", "deleteApplication"): _emr_application("TERMINATED"),
    ("emr-serverless", "startJobRun"): _job(
        "GetJobRun",
        {"ApplicationId": "ApplicationId", "JobRunId": "JobRunId"},
        "JobRun.State",
        "SUCCESS",
        "FAILED CANCELLED",
        stop="CancelJobRun",
        stopped={"ApplicationId": "ApplicationId", "JobRunId": "JobRunId"},
    ),
    ("emr-serverless", "cancelJobRun"): _job(
        "GetJobRun",
        {"ApplicationId": "task.ApplicationId", "JobRunId": "task.JobRunId"},
        "JobRun.State",
        "CANCELLED",
        "SUCCESS FAILED",
    ),
    ("glue", "startJobRun"): _job(
        "GetJobRun",
        {"JobName": "task.JobName", "RunId": "JobRunId"},
        "JobRun.JobRunState",
        "SUCCEEDED",
        "FAILED STOPPED TIMEOUT ERROR EXPIRED",
        result="JobRun",
        stop="BatchStopJobRun",
        stopped={"JobName": "task.JobName", "JobRunIds": ["JobRunId"]},
    ),
    ("mediaconvert", "createJob"): _job(
        "GetJob",
        {"Id": "Job.Id"},
        "Job.Status",
        "COMPLETE",
        "ERROR CANCELED",
        stop="CancelJob",
        stopped={"Id": "Job.Id"},
    ),
    ("sagemaker", "createAutoMLJob"): _sagemaker("AutoMLJob"),
    ("sagemaker", "createHyperParameterTuningJob"): _sagemaker("HyperParameterTuningJob"),
    ("sagemaker", "createLabelingJob"): _sagemaker("LabelingJob"),
    ("sagemaker", "createProcessingJob"): _sagemaker("ProcessingJob"),
    ("sagemaker", "createTrainingJob"): _sagemaker("TrainingJob"),
    ("sagemaker", "createTransformJob"): _sagemaker("TransformJob"),
    ("states", "startExecution"): _job(
        "DescribeExecution",
        {"ExecutionArn": "ExecutionArn"},
        "Status",
        "SUCCEEDED",
        "FAILED TIMED_OUT ABORTED",
        stop="StopExecution",
        stopped={"ExecutionArn": "ExecutionArn"},
    ),
}


def dig(value: Json, path: str) -> Json:
    """The value at a dotted path, in which numbers are indexes; None where there is none."""
    for step in path.split("."):
        if isinstance(value, list):
            value = value[int(step)] if step.isdigit() and int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def made(rename: Rename, source: Json) -> dict[str, Json]:
    """The object that a renaming makes from another; fields for which there is nothing are left out."""
    out: dict[str, Json] = {}
    for name, path in rename.items():
        if isinstance(path, list):
            items: list[Json] = [found for each in path if (found := dig(source, str(each))) is not None]
            value: Json = items or None
        elif str(path).startswith("'"):
            value = str(path).strip("'")
        else:
            value = dig(source, str(path))
        if value is not None:
            out[name] = value
    return out
