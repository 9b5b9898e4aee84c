"""AWS integrations against moto's real server, over HTTP; names, casing and errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import asl
from tests.emulator import REGION, aws_fixture, call, client, endpoint_fixture, output  # noqa: F401
from tests.machines import machine

boto3 = pytest.importorskip("boto3", reason="the extra 'aws' is not installed")

from asl.aws import naming, shapes  # noqa: E402

# ---------------------------------------------------------------------- services


@pytest.fixture
def table(endpoint: str) -> Iterator[str]:
    dynamodb = client("dynamodb", endpoint)
    dynamodb.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield "orders"
    dynamodb.delete_table(TableName="orders")


def test_dynamodb_by_both_integrations(aws: asl.Aws, table: str) -> None:
    item = {"id": {"S": "id1"}, "data": {"S": "HelloWorld"}}
    key = {"id": {"S": "id1"}}
    put = output(aws, "dynamodb:putItem", {"TableName": table, "Item": item})
    assert {"SdkHttpMetadata", "SdkResponseMetadata"} <= set(put)
    assert put["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert put["SdkHttpMetadata"]["HttpHeaders"]["Content-Type"] == "application/x-amz-json-1.0"
    got = output(aws, "dynamodb:getItem", {"TableName": table, "Key": key})
    assert got["Item"] == item
    updated = output(
        aws,
        "aws-sdk:dynamodb:updateItem",
        {
            "TableName": table,
            "Key": key,
            "ReturnValues": "UPDATED_NEW",
            "UpdateExpression": "set #d=:r",
            "ExpressionAttributeNames": {"#d": "data"},
            "ExpressionAttributeValues": {":r": {"S": "New"}},
        },
    )
    assert updated["Attributes"] == {"data": {"S": "New"}}
    query = {
        "TableName": table,
        "KeyConditionExpression": "id = :id",
        "ExpressionAttributeValues": {":id": {"S": "id1"}},
    }
    found = output(aws, "aws-sdk:dynamodb:query", query)
    assert (found["Count"], found["ScannedCount"]) == (1, 1)
    assert found["Items"] == [{"id": {"S": "id1"}, "data": {"S": "New"}}]
    assert "SdkHttpMetadata" not in output(
        aws, "aws-sdk:dynamodb:deleteItem", {"TableName": table, "Key": key}
    )
    assert "Item" not in output(aws, "dynamodb:getItem", {"TableName": table, "Key": key})


def test_errors_are_named_and_told_as_recorded(aws: asl.Aws) -> None:
    """Recorded: task_service_dynamodb.put_item_no_such_table, aws_sdk.dynamodb_put_item_no_such_table."""
    put = {"TableName": "none", "Item": {"id": {"S": "1"}}}
    optimised, sdk = call(aws, "dynamodb:putItem", put), call(aws, "aws-sdk:dynamodb:putItem", put)
    assert (optimised.error, sdk.error) == (
        "DynamoDB.ResourceNotFoundException",
        "DynamoDb.ResourceNotFoundException",
    )
    said = "Requested resource not found (Service: "
    assert (optimised.cause or "").startswith(
        f"{said}AmazonDynamoDBv2; Status Code: 400; Error Code: ResourceNotFoundException; Request ID: "
    )
    assert (optimised.cause or "").endswith("; Proxy: null)")
    assert (sdk.cause or "").startswith(f"{said}DynamoDb, Status Code: 400, Request ID: ")


def test_a_required_field_that_is_null(aws: asl.Aws) -> None:
    """Recorded: task_service_dynamodb.invalid_param, aws_sdk.dynamodb_invalid_param."""
    put = {"TableName": "none", "Item": None}
    optimised, sdk = call(aws, "dynamodb:putItem", put), call(aws, "aws-sdk:dynamodb:putItem", put)
    said = "1 validation error detected: Value null at 'item' failed to satisfy constraint: Member must not be null "
    assert (optimised.error, sdk.error) == ("DynamoDB.AmazonDynamoDBException", "DynamoDb.DynamoDbException")
    assert (optimised.cause or "").startswith(
        f"{said}(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ValidationException; Request ID: "
    )
    assert (sdk.cause or "").startswith(f"{said}(Service: DynamoDb, Status Code: 400, Request ID: ")


def test_sqs_sends_texts_and_other_json_as_json_text(aws: asl.Aws, endpoint: str) -> None:
    sqs = client("sqs", endpoint)
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sent = output(aws, "sqs:sendMessage", {"QueueUrl": url, "MessageBody": {"n": 1}})
    assert {"MD5OfMessageBody", "MessageId", "SdkHttpMetadata", "SdkResponseMetadata"} <= set(sent)
    by_sdk = output(aws, "aws-sdk:sqs:sendMessage", {"QueueUrl": url, "MessageBody": "text"})
    assert {"Md5OfMessageBody", "MessageId"} <= set(by_sdk)
    bodies = [sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] for _ in range(2)]
    assert sorted(bodies) == ["text", '{"n":1}']


def test_sqs_with_a_callback(aws: asl.Aws, endpoint: str) -> None:
    sqs = client("sqs", endpoint)
    url = sqs.create_queue(QueueName="approvals")["QueueUrl"]
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": url, "MessageBody": {"token.$": "$$.Task.Token"}},
    }
    session = asl.Session(tasks=aws.tasks)
    running = session.start(asl.load(machine("Ask", Ask=state)))
    assert running.result.history[-1].type == "TaskSubmitted"
    body = json.loads(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])
    session.send_task_success(body["token"], {"approved": True})
    assert running.result.output == {"approved": True}


def test_sns(aws: asl.Aws, endpoint: str) -> None:
    arn = client("sns", endpoint).create_topic(Name="orders")["TopicArn"]
    published = output(aws, "sns:publish", {"TopicArn": arn, "Message": {"Message": "HelloWorld!"}})
    assert {"MessageId", "SdkHttpMetadata", "SdkResponseMetadata"} <= set(published)
    refused = call(aws, "sns:publish", {"TopicArn": f"{arn}-none", "Message": "x"})
    assert refused.error == "SNS.NotFoundException"
    assert "(Service: AmazonSNS; Status Code: 404; Error Code: NotFound; Request ID: " in (
        refused.cause or ""
    )


@pytest.mark.parametrize(
    ("body", "stored"),
    [("text data", '"text data"'), (False, "false"), (0, "0"), (["List", "Data"], '["List","Data"]')],
)
def test_s3_stores_json_and_reads_text(aws: asl.Aws, endpoint: str, body: Any, stored: str) -> None:
    """Recorded: aws_sdk_task_service.s3_put_object, whose ETags are those of these texts."""
    s3 = client("s3", endpoint)
    s3.create_bucket(Bucket="reports")
    put = output(aws, "aws-sdk:s3:putObject", {"Bucket": "reports", "Key": "a/b", "Body": body})
    assert put["ETag"].strip('"')
    assert s3.get_object(Bucket="reports", Key="a/b")["Body"].read().decode() == stored
    got = output(aws, "aws-sdk:s3:getObject", {"Bucket": "reports", "Key": "a/b"})
    assert (got["Body"], got["ContentLength"], got["ETag"]) == (stored, len(stored), put["ETag"])
    assert got["LastModified"].endswith("Z") and "ResponseMetadata" not in got


def test_what_is_sent_as_bytes_and_as_booleans(aws: asl.Aws, endpoint: str) -> None:
    """Measured on the service by others, September 2026; the digests are the service's."""
    client("s3", endpoint).create_bucket(Bucket="bodies")
    put = output(aws, "aws-sdk:s3:putObject", {"Bucket": "bodies", "Key": "null", "Body": None})
    assert put["ETag"] == '"37a6259cc0c1dae299a7866489dff0bd"', "null is written as `null`"
    got = output(aws, "aws-sdk:s3:getObject", {"Bucket": "bodies", "Key": "null"})
    assert (got["Body"], got["ContentType"]) == ("null", "text/plain; charset=UTF-8")
    html = {"Bucket": "bodies", "Key": "html", "ContentType": "text/html", "Body": "x"}
    output(aws, "aws-sdk:s3:putObject", html)
    assert (
        output(aws, "aws-sdk:s3:headObject", {"Bucket": "bodies", "Key": "html"})["ContentType"]
        == "text/html"
    )
    lists = client("s3", endpoint).meta.service_model.operation_model("ListObjectsV2").input_shape
    for told, owned in ((" TRUE ", True), ("false", False), (-1, True), (0, False), (True, True)):
        assert shapes.request(lists, {"Bucket": "b", "FetchOwner": told})["FetchOwner"] is owned
    queue = client("sqs", endpoint).create_queue(QueueName="bytes")["QueueUrl"]
    attributes = {
        "Binary": {"DataType": "Binary", "BinaryValue": "AP9BQgo="},
        "Str": {"DataType": "String", "StringValue": "mixed"},
    }
    message = {"QueueUrl": queue, "MessageBody": "sdk-message", "MessageAttributes": attributes}
    sent = output(aws, "aws-sdk:sqs:sendMessage", message)
    assert sent["Md5OfMessageAttributes"] == "1ee832deb784acdc3821aeab93dc3ae3"


def test_s3_lists_and_refuses(aws: asl.Aws, endpoint: str) -> None:
    s3 = client("s3", endpoint)
    s3.create_bucket(Bucket="lists")
    s3.put_object(Bucket="lists", Key="one", Body=b"\xff\xfe")
    listed = output(aws, "aws-sdk:s3:listObjectsV2", {"Bucket": "lists"})
    assert [(each["Key"], each["Size"]) for each in listed["Contents"]] == [("one", 2)]
    assert output(aws, "aws-sdk:s3:getObject", {"Bucket": "lists", "Key": "one"})["Body"] == "//4="
    missing = call(aws, "aws-sdk:s3:getObject", {"Bucket": "lists", "Key": "none"})
    assert missing.error == "S3.NoSuchKeyException"
    assert "(Service: S3, Status Code: 404, Request ID: " in (missing.cause or "")
    # Measured on the service by others, September 2026; older recordings are without it.
    assert (missing.cause or "").endswith(") (SDK Attempt Count: 1)")
    nowhere = call(aws, "aws-sdk:s3:listObjects", {"Bucket": "nowhere"})
    assert nowhere.error == "S3.NoSuchBucketException"
    assert (nowhere.cause or "").startswith(
        "The specified bucket does not exist (Service: S3, Status Code: 404"
    )


def test_events(aws: asl.Aws) -> None:
    entry = {"Detail": {"Message": "Hello"}, "DetailType": "type", "Source": "some.source"}
    put = output(aws, "events:putEvents", {"Entries": [entry]})
    assert set(put) == {"Entries", "FailedEntryCount"}
    assert (len(put["Entries"]), put["FailedEntryCount"]) == (1, 0)


def test_an_event_that_fails_fails_the_task(aws: asl.Aws) -> None:
    """Recorded: events_task_service.put_events_no_source."""
    entries = [
        {"Detail": {"Message": "Hello"}, "DetailType": "type", "Source": "some.source"},
        {"Detail": {"Message": "Hello"}, "DetailType": "type"},
    ]
    result = call(aws, "events:putEvents", {"Entries": entries})
    assert result.error == "EventBridge.FailedEntry"
    cause = json.loads(result.cause or "")
    assert (cause["FailedEntryCount"], cause["Entries"][1]["ErrorCode"]) == (1, "InvalidArgument")


def test_secrets(aws: asl.Aws, endpoint: str) -> None:
    client("secretsmanager", endpoint).create_secret(Name="key", SecretString='{"k":1}')
    got = output(aws, "aws-sdk:secretsmanager:getSecretValue", {"SecretId": "key"})
    assert (got["Name"], got["SecretString"]) == ("key", '{"k":1}')
    assert got["CreatedDate"].endswith("Z")
    missing = call(aws, "aws-sdk:secretsmanager:getSecretValue", {"SecretId": "none"})
    assert missing.error == "SecretsManager.ResourceNotFoundException"


def test_a_function_that_does_not_exist(aws: asl.Aws) -> None:
    """Recorded: task_service_lambda.no_such_function."""
    result = call(aws, "lambda:invoke", {"FunctionName": "none", "Payload": None})
    assert result.error == "Lambda.ResourceNotFoundException"
    assert "(Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: " in (
        result.cause or ""
    )
    state = {"Type": "Task", "Resource": f"arn:aws:lambda:{REGION}:123456789012:function:none"}
    bare = asl.load(machine("Call", Call=state)).run({}, tasks=aws.tasks)
    assert bare.error == "Lambda.ResourceNotFoundException"


ROLE = {"Version": "2012-10-17", "Statement": []}


def test_step_functions(aws: asl.Aws, endpoint: str) -> None:
    role = client("iam", endpoint).create_role(RoleName="states", AssumeRolePolicyDocument=json.dumps(ROLE))
    created = client("stepfunctions", endpoint).create_state_machine(
        name="child",
        definition=json.dumps(machine("P", P={"Type": "Pass"})),
        roleArn=role["Role"]["Arn"],
    )
    arn = created["stateMachineArn"]
    started = output(aws, "states:startExecution", {"StateMachineArn": arn, "Input": {"a": 1}})
    assert isinstance(started["StartDate"], int) and "SdkHttpMetadata" in started
    described = output(aws, "aws-sdk:sfn:describeExecution", {"ExecutionArn": started["ExecutionArn"]})
    assert json.loads(described["Input"]) == {"a": 1}
    result = call(aws, "states:startExecution", {"StateMachineArn": f"{arn}NoSuchArn"})
    assert result.error == "StepFunctions.StateMachineDoesNotExistException"
    assert "(Service: AWSStepFunctions; Status Code: 400; Error Code: StateMachineDoesNotExist;" in (
        result.cause or ""
    )
    stopped = client("stepfunctions", endpoint)
    stopped.stop_execution(executionArn=started["ExecutionArn"], error="E", cause="c")


def test_credentials_are_assumed_as_a_role(aws: asl.Aws, endpoint: str) -> None:
    role = {"RoleArn": "arn:aws:iam::222222222222:role/trusted"}
    who = output(aws, "aws-sdk:sts:getCallerIdentity", {}, Credentials=role)
    assert who["Account"] == "222222222222"
    assert who["Arn"].startswith("arn:aws:sts::222222222222:assumed-role/trusted/")


# ---------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("service", "boto"),
    [
        ("dynamodb", "dynamodb"),
        ("sfn", "stepfunctions"),
        ("cloudwatchlogs", "logs"),
        ("eventbridge", "events"),
        ("cognitoidentityprovider", "cognito-idp"),
        ("rdsdata", "rds-data"),
        ("sesv2", "sesv2"),
        ("nothing", None),
    ],
)
def test_services_by_the_names_of_the_sdk(service: str, boto: str | None) -> None:
    assert naming.boto_name(service) == boto


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("DynamoDB", "DynamoDb"),
        ("SFN", "Sfn"),
        ("S3", "S3"),
        ("CloudWatch Logs", "CloudWatchLogs"),
        ("SESv2", "SesV2"),
        ("Elastic Load Balancing v2", "ElasticLoadBalancingV2"),
        ("Database Migration Service", "DatabaseMigration"),
        ("RDS Data", "RdsData"),
        ("EC2", "Ec2"),
        ("Secrets Manager", "SecretsManager"),
        ("IoT", "Iot"),
    ],
)
def test_clients_by_the_names_of_the_sdk(id: str, name: str) -> None:
    assert naming.sdk_name(id) == name


@pytest.mark.parametrize(
    ("member", "sdk"),
    [
        ("ETag", "ETag"),
        ("DBInstanceIdentifier", "DbInstanceIdentifier"),
        ("MD5OfMessageBody", "Md5OfMessageBody"),
        ("ChecksumCRC32", "ChecksumCRC32"),
        ("ACL", "Acl"),
        ("taskArn", "TaskArn"),
    ],
)
def test_fields_by_the_names_of_the_sdk(member: str, sdk: str) -> None:
    assert naming.sdk_field(member) == sdk


def test_exceptions_by_the_names_of_the_sdk() -> None:
    assert naming.exception_name("NoSuchBucket") == "NoSuchBucketException"
    assert naming.exception_name("DBClusterNotFoundFault") == "DBClusterNotFoundException"
    assert naming.exception_name("ThrottlingException") == "ThrottlingException"


def test_a_service_or_an_action_that_there_is_not(aws: asl.Aws) -> None:
    assert "no integration with the service 'none'" in (call(aws, "none:act", {}).cause or "")
    assert "no action 'act'" in (call(aws, "aws-sdk:s3:act", {}).cause or "")
    assert "The field 'Nope' is not supported" in (
        call(aws, "aws-sdk:s3:listObjects", {"Nope": 1}).cause or ""
    )


def test_bytes_that_are_no_text_are_told_in_base64() -> None:
    assert shapes._text(b"\x00\xff") == "AP8="
    assert shapes._text("ü".encode()) == "ü"


def test_boto3_is_imported_only_when_it_is_used() -> None:
    import subprocess
    import sys

    code = "import asl, sys; asl.Aws(); sys.exit('boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1]).returncode == 0
