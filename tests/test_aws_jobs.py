"""Jobs that `.sync` tasks wait for: those that moto's server moves on, over HTTP, the others as clients tell them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import asl
from tests.emulator import REGION, aws_fixture, call, client, endpoint_fixture, output  # noqa: F401

boto3 = pytest.importorskip("boto3", reason="the extra 'aws' is not installed")

from asl.aws import jobs, naming  # noqa: E402
from asl.aws.integrations import ACTIONS, SERVICES  # noqa: E402

# ---------------------------------------------------------------------- on moto's server

ROLE = "arn:aws:iam::123456789012:role/work"


def tell(endpoint: str, path: str, value: Any) -> None:
    """Say to moto's server how it is to behave."""
    import urllib3

    answer = urllib3.request("POST", f"{endpoint}/moto-api/{path}", json=value)
    assert answer.status in (200, 201), answer.data


@pytest.fixture
def slow(endpoint: str) -> Iterator[None]:
    """Jobs that do not end at the first look."""
    models = ("athena::execution", "ecs::task", "glue::job_run")
    for model in models:
        transition = {"progression": "manual", "times": 1}
        tell(endpoint, "state-manager/set-transition", {"model_name": model, "transition": transition})
    yield
    for model in models:
        tell(endpoint, "state-manager/unset-transition", {"model_name": model})


def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations that are asked for from now on."""
    from asl.aws.client import _Api

    asked: list[str] = []
    sent = _Api.sent

    def told(self: Any, name: str, parameters: dict[str, Any]) -> Any:
        asked.append(name)
        return sent(self, name, parameters)

    monkeypatch.setattr(_Api, "sent", told)
    return asked


@pytest.mark.usefixtures("slow")
def test_an_athena_query(aws: asl.Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = looks(monkeypatch)
    location = {"ResultConfiguration": {"OutputLocation": "s3://results/"}}
    found = output(aws, "athena:startQueryExecution.sync", {"QueryString": "select 1", **location})
    assert found["QueryExecution"]["Status"]["State"] == "SUCCEEDED"
    assert found["QueryExecution"]["Query"] == "select 1"
    assert asked == ["StartQueryExecution", *["GetQueryExecution"] * (len(asked) - 1)]
    assert len(asked) > 2, "it ran for a while"


@pytest.mark.usefixtures("slow")
def test_a_glue_job(aws: asl.Aws, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client("glue", endpoint).create_job(Name="clean", Role=ROLE, Command={"Name": "glueetl"})
    asked = looks(monkeypatch)
    found = output(aws, "glue:startJobRun.sync", {"JobName": "clean"})
    assert (found["JobName"], found["JobRunState"]) == ("clean", "SUCCEEDED")
    assert len(asked) > 2, "it ran for a while"


@pytest.mark.usefixtures("slow")
def test_an_ecs_task(aws: asl.Aws, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ecs = client("ecs", endpoint)
    ecs.create_cluster(clusterName="work")
    container = {"name": "main", "image": "busybox", "memory": 64}
    ecs.register_task_definition(family="crunch", containerDefinitions=[container])
    subnet = client("ec2", endpoint).describe_subnets()["Subnets"][0]["SubnetId"]
    asked = looks(monkeypatch)
    parameters = {
        "Cluster": "work",
        "TaskDefinition": "crunch",
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": [subnet]}},
    }
    found = output(aws, "ecs:runTask.sync", parameters)
    assert found["LastStatus"] == "STOPPED"
    assert [(each["Name"], each["ExitCode"]) for each in found["Containers"]] == [("main", 0)]
    assert asked.count("DescribeTasks") > 2, "it ran for a while"


def test_a_batch_job(aws: asl.Aws, endpoint: str) -> None:
    tell(endpoint, "config", {"batch": {"use_docker": False}})
    client("iam", endpoint).create_role(RoleName="work", AssumeRolePolicyDocument="{}")
    batch = client("batch", endpoint)
    environment = batch.create_compute_environment(
        computeEnvironmentName="machines", type="UNMANAGED", state="ENABLED", serviceRole=ROLE
    )
    order = [{"order": 1, "computeEnvironment": environment["computeEnvironmentArn"]}]
    batch.create_job_queue(jobQueueName="queue", state="ENABLED", priority=1, computeEnvironmentOrder=order)
    container = {"image": "busybox", "vcpus": 1, "memory": 64, "command": ["true"]}
    batch.register_job_definition(jobDefinitionName="crunch", type="container", containerProperties=container)
    parameters = {"JobName": "one", "JobQueue": "queue", "JobDefinition": "crunch"}
    try:
        found = output(aws, "batch:submitJob.sync", parameters)
    finally:
        tell(endpoint, "config", {"batch": {"use_docker": True}})
    assert (found["JobName"], found["Status"]) == ("one", "SUCCEEDED")


def test_a_build(aws: asl.Aws, endpoint: str) -> None:
    client("codebuild", endpoint).create_project(
        name="site",
        source={"type": "S3", "location": "sources/site.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=ROLE,
    )
    found = output(aws, "codebuild:startBuild.sync", {"ProjectName": "site"})
    assert (found["Build"]["ProjectName"], found["Build"]["BuildStatus"]) == ("site", "SUCCEEDED")


CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m4.xlarge", "VolumeSizeInGB": 1}


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (
            "TrainingJob",
            {
                "RoleArn": ROLE,
                "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
                "OutputDataConfig": {"S3OutputPath": "s3://models/"},
                "ResourceConfig": CLUSTER,
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            },
        ),
        (
            "ProcessingJob",
            {
                "RoleArn": ROLE,
                "AppSpecification": {"ImageUri": "i"},
                "ProcessingResources": {"ClusterConfig": CLUSTER},
            },
        ),
        (
            "TransformJob",
            {
                "ModelName": "m",
                "TransformInput": {
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in"}}
                },
                "TransformOutput": {"S3OutputPath": "s3://out"},
                "TransformResources": {"InstanceType": "ml.m4.xlarge", "InstanceCount": 1},
            },
        ),
        (
            "HyperParameterTuningJob",
            {
                "HyperParameterTuningJobConfig": {
                    "Strategy": "Bayesian",
                    "ResourceLimits": {"MaxParallelTrainingJobs": 1},
                }
            },
        ),
    ],
)
def test_a_job_of_sagemaker(aws: asl.Aws, kind: str, more: dict[str, Any]) -> None:
    found = output(aws, f"sagemaker:create{kind}.sync", {f"{kind}Name": "job", **more})
    assert (found[f"{kind}Name"], found[f"{kind}Status"]) == ("job", "Completed")


def test_a_cluster_of_eks_and_what_it_has(aws: asl.Aws) -> None:
    given = {"Name": "mine", "RoleArn": ROLE, "ResourcesVpcConfig": {"SubnetIds": ["subnet-1"]}}
    assert output(aws, "eks:createCluster.sync", given)["Cluster"]["Status"] == "ACTIVE"
    group = {"ClusterName": "mine", "NodegroupName": "nodes"}
    made = output(aws, "eks:createNodegroup.sync", {**group, "NodeRole": ROLE, "Subnets": ["subnet-1"]})
    assert made["Nodegroup"]["Status"] == "ACTIVE"
    profile = {"ClusterName": "mine", "FargateProfileName": "p"}
    more = {"PodExecutionRoleArn": ROLE, "Selectors": [{"Namespace": "n"}]}
    made = output(aws, "eks:createFargateProfile.sync", {**profile, **more})
    assert made["FargateProfile"]["Status"] == "ACTIVE"
    output(aws, "eks:deleteFargateProfile.sync", profile)
    output(aws, "eks:deleteNodegroup.sync", group)
    output(aws, "eks:deleteCluster.sync", {"Name": "mine"})
    gone = call(aws, "eks:deleteCluster.sync", {"Name": "mine"})
    assert gone.error == "EKS.ResourceNotFoundException"


def test_a_cluster_of_emr(aws: asl.Aws) -> None:
    instances = {
        "InstanceCount": 1,
        "MasterInstanceType": "m5.xlarge",
        "KeepJobFlowAliveWhenNoSteps": True,
    }
    given = {"Name": "e", "ServiceRole": "s", "JobFlowRole": "j", "Instances": instances}
    made = output(aws, "elasticmapreduce:createCluster.sync", given)
    assert made["Cluster"]["Status"]["State"] == "WAITING"
    ended = output(aws, "elasticmapreduce:terminateCluster.sync", {"ClusterId": made["Cluster"]["Id"]})
    assert ended["Cluster"]["Status"]["State"] == "TERMINATED"


def test_an_application_of_emr_serverless(aws: asl.Aws) -> None:
    """None of the tasks names a ClientToken, which the API wants: it is made, as on the service."""
    given = {"Name": "a", "ReleaseLabel": "emr-6.6.0", "Type": "SPARK"}
    made = output(aws, "emr-serverless:createApplication.sync", given)
    id = {"ApplicationId": made["Application"]["ApplicationId"]}
    started = output(aws, "emr-serverless:startApplication.sync", id)
    assert started["Application"]["State"] == "STARTED"
    driver = {"ExecutionRoleArn": ROLE, "JobDriver": {"SparkSubmit": {"EntryPoint": "s3://b/x.py"}}}
    assert output(aws, "emr-serverless:startJobRun.sync", {**id, **driver})["JobRun"]["State"] == "SUCCESS"
    assert output(aws, "emr-serverless:stopApplication.sync", id)["Application"]["State"] == "STOPPED"
    assert output(aws, "emr-serverless:deleteApplication.sync", id)["Application"]["State"] == "TERMINATED"


def test_a_virtual_cluster_of_emr_on_eks(aws: asl.Aws) -> None:
    provider = {"Id": "k", "Type": "EKS", "Info": {"EksInfo": {"Namespace": "n"}}}
    made = output(aws, "emr-containers:createVirtualCluster", {"Name": "v", "ContainerProvider": provider})
    ended = output(aws, "emr-containers:deleteVirtualCluster.sync", {"Id": made["Id"]})
    assert ended["VirtualCluster"]["State"] == "TERMINATED"


@pytest.fixture
def executing(endpoint: str) -> Iterator[None]:
    """moto runs state machines by itself."""
    tell(endpoint, "config", {"stepfunctions": {"execute_state_machine": True}})
    yield
    tell(endpoint, "config", {"stepfunctions": {"execute_state_machine": False}})


@pytest.mark.usefixtures("executing")
@pytest.mark.parametrize(("form", "expected"), [(".sync", '{"a": 1}'), (".sync:2", {"a": 1})])
def test_an_execution_elsewhere(aws: asl.Aws, endpoint: str, form: str, expected: Any) -> None:
    pytest.importorskip("antlr4", reason="moto cannot run state machines here")
    definition = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {"a": 1}, "End": True}}}
    arn = client("stepfunctions", endpoint).create_state_machine(
        name=f"inner{len(form)}", definition=json.dumps(definition), roleArn=ROLE
    )["stateMachineArn"]
    given = {"StateMachineArn": arn, "Name": "run", "Input": {"x": 1}}
    found = output(aws, f"states:startExecution{form}", given)
    assert (found["Status"], found["Output"]) == ("SUCCEEDED", expected)


# ---------------------------------------------------------------------- as clients tell them


class Answers:
    """A client that answers from a list, and remembers what it was asked."""

    def __init__(self, service: str, answers: dict[str, list[Any]]) -> None:
        made = boto3.client(service, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
        self.meta = made.meta
        self.answers = answers
        self.asked: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        def answer(**parameters: Any) -> Any:
            self.asked.append((name, parameters))
            found = self.answers[name].pop(0)
            if isinstance(found, Exception):
                raise found
            return found

        return answer


def with_job(service: str, answers: dict[str, list[Any]]) -> tuple[asl.Aws, Answers]:
    found = asl.Aws(region=REGION, poll=0.001, session=boto3.session.Session())
    told = Answers(service, answers)
    found._clients[(service, None)] = told
    return found, told


def test_a_glue_job_is_waited_for() -> None:
    run = {"JobRun": {"Id": "r1", "JobRunState": "SUCCEEDED", "ExecutionTime": 3}}
    aws, told = with_job(
        "glue",
        {"start_job_run": [{"JobRunId": "r1"}], "get_job_run": [{"JobRun": {"JobRunState": "RUNNING"}}, run]},
    )
    result = call(aws, "glue:startJobRun.sync", {"JobName": "j"})
    assert result.output == run["JobRun"]
    assert [name for name, _ in told.asked] == ["start_job_run", "get_job_run", "get_job_run"]
    assert told.asked[1][1] == {"JobName": "j", "RunId": "r1"}
    submitted = next(event for event in result.history if event.type == "TaskSubmitted")
    assert submitted.data["JobRunId"] == "r1" and "SdkHttpMetadata" in submitted.data


def test_nobody_waits_longer_for_a_job_than_the_task_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    running = {"JobRun": {"JobRunState": "RUNNING"}}
    answers = {
        "start_job_run": [{"JobRunId": "r1"}],
        "get_job_run": [running] * 3,
        "batch_stop_job_run": [{}],
    }
    aws, told = with_job("glue", answers)
    clock = iter([0.0, 100.0, 200.0, 300.0])
    monkeypatch.setattr("asl.aws.waiting.time.monotonic", lambda: next(clock))
    result = call(aws, "glue:startJobRun.sync", {"JobName": "j"}, TimeoutSeconds=250)
    assert (result.error, result.history[-1].at - result.history[0].at) == ("States.Timeout", 250_000)
    assert [name for name, _ in told.asked] == ["start_job_run", *["get_job_run"] * 3, "batch_stop_job_run"]


def test_a_job_that_fails_fails_the_task_with_what_is_known_of_it() -> None:
    aws, _ = with_job(
        "batch",
        {
            "submit_job": [{"jobArn": "arn", "jobId": "1", "jobName": "n"}],
            "describe_jobs": [{"jobs": [{"jobId": "1", "status": "FAILED", "statusReason": "no"}]}],
        },
    )
    result = call(aws, "batch:submitJob.sync", {"JobName": "n", "JobQueue": "q", "JobDefinition": "d"})
    assert result.error == "States.TaskFailed"
    assert json.loads(result.cause or "") == {"JobId": "1", "Status": "FAILED", "StatusReason": "no"}


@pytest.mark.parametrize(("code", "status"), [(0, "SUCCEEDED"), (1, "FAILED"), (None, "FAILED")])
def test_an_ecs_task_is_judged_by_its_containers(code: int | None, status: str) -> None:
    container = {"name": "c", **({} if code is None else {"exitCode": code})}
    stopped = {"taskArn": "t", "lastStatus": "STOPPED", "containers": [container]}
    aws, _ = with_job(
        "ecs",
        {
            "run_task": [{"tasks": [{"taskArn": "t", "lastStatus": "PROVISIONING"}], "failures": []}],
            "describe_tasks": [{"tasks": [stopped], "failures": []}],
        },
    )
    result = call(aws, "ecs:runTask.sync", {"Cluster": "c", "TaskDefinition": "d"})
    assert result.status == status
    if status == "SUCCEEDED":
        task: Any = result.output
        assert (task["TaskArn"], task["Tags"], task["Containers"][0]["GpuIds"]) == ("t", [], [])


def test_an_ecs_task_that_cannot_be_placed_fails_at_once() -> None:
    failures = [{"arn": "a", "reason": "RESOURCE:MEMORY"}]
    aws, _ = with_job("ecs", {"run_task": [{"tasks": [], "failures": failures}]})
    result = call(aws, "ecs:runTask.sync", {"TaskDefinition": "d"})
    assert (result.error, "RESOURCE:MEMORY" in (result.cause or "")) == ("States.TaskFailed", True)


def test_emr_steps_have_parameters_of_their_own() -> None:
    aws, told = with_job(
        "emr",
        {
            "add_job_flow_steps": [{"StepIds": ["s-1"]}],
            "describe_step": [{"Step": {"Id": "s-1", "Status": {"State": "COMPLETED"}}}],
        },
    )
    step = {"Name": "n", "HadoopJarStep": {"Jar": "j"}}
    result = call(aws, "elasticmapreduce:addStep.sync", {"ClusterId": "j-1", "Step": step})
    assert result.output == {"Step": {"Id": "s-1", "Status": {"State": "COMPLETED"}}}
    assert told.asked == [
        ("add_job_flow_steps", {"JobFlowId": "j-1", "Steps": [step]}),
        ("describe_step", {"ClusterId": "j-1", "StepId": "s-1"}),
    ]
    submitted = next(event for event in result.history if event.type == "TaskSubmitted")
    assert submitted.data["StepId"] == "s-1"


def test_a_thing_that_is_deleted_is_done_when_it_is_gone() -> None:
    from botocore.exceptions import ClientError

    gone = ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "DescribeCluster")
    aws, _ = with_job(
        "eks",
        {
            "delete_cluster": [{"cluster": {"name": "c"}}],
            "describe_cluster": [{"cluster": {"name": "c", "status": "DELETING"}}, gone],
        },
    )
    assert call(aws, "eks:deleteCluster.sync", {"Name": "c"}).status == "SUCCEEDED"


def test_nested_executions_elsewhere_give_values_in_the_newer_form() -> None:
    described = {"executionArn": "e", "status": "SUCCEEDED", "input": "{}", "output": '{"a":1}'}
    for form, expected in ((".sync", '{"a":1}'), (".sync:2", {"a": 1})):
        aws, _ = with_job(
            "stepfunctions",
            {"start_execution": [{"executionArn": "e"}], "describe_execution": [dict(described)]},
        )
        assert output(aws, f"states:startExecution{form}", {"StateMachineArn": "m"})["Output"] == expected


def test_a_model_of_bedrock_takes_and_gives_json() -> None:
    class Body:
        def read(self) -> bytes:
            return b'{"completion":"hi"}'

    aws, told = with_job(
        "bedrock-runtime", {"invoke_model": [{"body": Body(), "contentType": "application/json"}]}
    )
    result = output(aws, "bedrock:invokeModel", {"ModelId": "m", "Body": {"prompt": "p"}})
    assert result["Body"] == {"completion": "hi"}
    assert told.asked[0][1] == {"modelId": "m", "body": b'{"prompt":"p"}'}


def test_every_job_and_action_is_one_that_botocore_knows() -> None:
    import botocore.session

    session = botocore.session.get_session()
    for (service, action), job in jobs.JOBS.items():
        special = ACTIONS.get((service, action))
        model = session.get_service_model(SERVICES[service].boto)
        operations = set(model.operation_names)
        start = special.operation if special else naming.operation_name(action, model.operation_names)
        assert start in operations, (service, action)
        assert job.operation in operations, (service, action)
        assert {name.lower() for name in job.given} <= {
            name.lower() for name in model.operation_model(job.operation).input_shape.members
        }, (service, action)
        if job.stop is not None:
            assert job.stop in operations, (service, action)
            stopped = model.operation_model(job.stop).input_shape.members
            assert {name.lower() for name in job.stopped or {}} <= {name.lower() for name in stopped}
        shape = model.operation_model(job.operation).output_shape
        for step in job.state.split("."):
            members = {naming.pascal(name): member for name, member in getattr(shape, "members", {}).items()}
            shape = shape.member if step.isdigit() else members[step]
        assert (job.done | job.failed) <= set(shape.enum or job.done | job.failed), (service, action)
