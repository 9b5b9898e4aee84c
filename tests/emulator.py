"""moto's server, started by the tests that want AWS, and one Task sent there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

import asl
from tests.machines import machine

boto3 = pytest.importorskip("boto3", reason="the extra 'aws' is not installed")

REGION = "us-east-1"


@pytest.fixture(scope="module", name="endpoint")
def endpoint_fixture() -> Iterator[str]:
    """The address of the server."""
    server = pytest.importorskip("moto.server", reason="moto's server is not installed")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    found = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    found.start()
    host, port = found.get_host_and_port()
    yield f"http://{host}:{port}"
    found.stop()


@pytest.fixture(name="aws")
def aws_fixture(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> asl.Aws:
    """AWS, as the server has it."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    boto3.client("s3", endpoint_url=endpoint, region_name=REGION)  # warms the loader of models
    return asl.Aws(endpoint, region=REGION, poll=0.05)


def client(service: str, endpoint: str) -> Any:
    """A client of a service there."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def call(aws: asl.Aws, resource: str, parameters: Any, **fields: Any) -> asl.Result:
    """One Task. It is compiled unchecked: what is wrong with parameters is the service's to say here."""
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, **fields}
    return asl.StateMachine(asl.compile(machine("Call", Call=state))).run(tasks=aws.tasks)


def output(aws: asl.Aws, resource: str, parameters: Any, **fields: Any) -> Any:
    """The output of one Task, which must succeed."""
    result = call(aws, resource, parameters, **fields)
    assert result.status == "SUCCEEDED", (result.error, result.cause)
    return result.output
