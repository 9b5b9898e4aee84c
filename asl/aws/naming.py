"""The names of services, exceptions and fields as Step Functions writes them: those of the AWS SDK for Java.

A service is called by the SDK's client (`aws-sdk:sfn`, an error `Sfn.…`); botocore has names of its own, and the
service id from which the SDK's follow.
"""

from __future__ import annotations

import re
from functools import lru_cache

_BOTO = {
    "applicationdiscovery": "discovery",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "costandusagereport": "cur",
    "costexplorer": "ce",
    "databasemigration": "dms",
    "directory": "ds",
    "directoryservicedata": "ds-data",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticsearch": "es",
    "eventbridge": "events",
    "iotdataplane": "iot-data",
    "iotjobsdataplane": "iot-jobs-data",
    "lexmodelbuilding": "lex-models",
    "lexmodelsv2": "lexv2-models",
    "lexruntimev2": "lexv2-runtime",
    "marketplacemetering": "meteringmarketplace",
    "migrationhub": "mgh",
    "pinpointsmsvoice": "sms-voice",
    "serverlessapplicationrepository": "serverlessrepo",
    "sfn": "stepfunctions",
    "simpledb": "sdb",
}
"""Services whose botocore name is not the SDK's with dashes: all there are in botocore 1.44."""


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    import botocore.session

    return {name.replace("-", ""): name for name in botocore.session.get_session().get_available_services()}


def boto_name(service: str) -> str | None:
    """botocore's name of a service in an `aws-sdk` resource; None where it does not know one."""
    return _BOTO.get(service) or _known().get(service.replace("-", ""))


def sdk_name(service_id: str) -> str:
    """The name of the SDK's client for a service id: `DynamoDB` is DynamoDb, `CloudWatch Logs` CloudWatchLogs."""
    text = re.sub(r"[^A-Za-z0-9]+", " ", service_id)
    text = re.sub(r"([^a-z]{2,})v([0-9]+)", r"\1 v\2 ", text)
    text = re.sub(r"([^A-Z]{2,})V([0-9]+)", r"\1 V\2 ", text)
    text = re.sub(r"(?<=[a-z])(?=[A-Z][a-zA-Z0-9])", " ", text)
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", text)
    text = re.sub(r"([0-9])([a-zA-Z])", r"\1 \2", text)
    name = "".join(word.capitalize() for word in text.split())
    name = re.sub("^(Amazon|Aws)", "", name)
    return name.removesuffix("Service") if name != "Service" else name


def exception_name(shape: str) -> str:
    """The SDK's class for an error shape: `NoSuchBucket` is NoSuchBucketException, `XFault` XException."""
    if shape.endswith("Exception"):
        return shape
    return shape.removesuffix("Fault") + "Exception"


def sdk_field(member: str) -> str:
    """A field of an `aws-sdk` result: `DBInstance` is DbInstance, `ETag` stays, `MD5OfBody` is Md5OfBody."""
    end = 1
    while end < len(member) and member[end].isupper():
        if end < len(member) - 1 and member[end + 1].islower():
            break
        end += 1
    return member[0].upper() + member[1:end].lower() + member[end:]


def pascal(member: str) -> str:
    """A field of an optimised integration's result: as the API has it, with a capital letter."""
    return member[:1].upper() + member[1:]


def operation_name(action: str, operations: list[str]) -> str | None:
    """The API's name for an action (`putItem` is PutItem, `describeDBInstances` DescribeDBInstances)."""
    wanted = action.lower()
    return next((name for name in operations if name.lower() == wanted), None)
