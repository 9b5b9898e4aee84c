"""The part of an optimised integration's result that tells about the HTTP answer, as it is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from asl.frames import Call
from asl.values import Json

REQUEST_ID = "x-amzn-RequestId"


def request_id(call: Call) -> str:
    """An id for the request of a call: a UUID that is the same whenever the execution runs the same way."""
    import hashlib  # slow to import, and most runs ask for no request id

    execution = call.context()["Execution"]
    assert isinstance(execution, dict)
    seed = f"{execution['Id']}:{execution['StartTime']}:{call.id}"
    return str(UUID(bytes=hashlib.md5(seed.encode(), usedforsecurity=False).digest(), version=4))


def http_metadata(headers: Mapping[str, str], status: int = 200) -> dict[str, Json]:
    """`SdkHttpMetadata` and `SdkResponseMetadata` for these headers (recorded: lambda_task_service.invoke)."""
    request = next((text for name, text in headers.items() if name.lower() == REQUEST_ID.lower()), "")
    every: Json = {name: [text] for name, text in headers.items()}
    return {
        "SdkHttpMetadata": {"AllHttpHeaders": every, "HttpHeaders": dict(headers), "HttpStatusCode": status},
        "SdkResponseMetadata": {"RequestId": request},
    }
