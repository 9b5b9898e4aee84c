"""API Gateway: `apigateway:invoke`, an HTTP request to a deployed API.

Source: the developer guide, "Call API Gateway APIs"; recorded: apigetway_task_service.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from asl.errors import StatesError
from asl.resources import http
from asl.values import Json, to_json

TIMEOUT = 29.0
"""Seconds: the longest that API Gateway lets an integration take."""


def invoke(parameters: Any, session: Any, endpoint_url: str | None, region: str) -> Json:
    """Send the request; signed with the session's credentials where AuthType is IAM_ROLE.

    An ApiEndpoint without a scheme is reached by HTTPS; with an `endpoint_url` (an emulator), there, with the
    API's host in the Host header. Raises `ApiGateway.NNN` for a status that is no success.
    """
    import urllib3

    given: dict[str, Any] = parameters if isinstance(parameters, dict) else {}
    host = str(given.get("ApiEndpoint", ""))
    stem = host if "://" in host else f"https://{host}"
    headers = urllib3.HTTPHeaderDict()
    if endpoint_url is not None and "://" not in host:
        stem = endpoint_url.rstrip("/")
        headers["Host"] = host
    steps = [str(given[key]).strip("/") for key in ("Stage", "Path") if given.get(key)]
    url = "/".join([stem, *(quote(step) for step in steps)])
    query = [(key, item) for key, items in (given.get("QueryParameters") or {}).items() for item in items]
    if query:
        url = f"{url}?{http.form(query)}"
    for name, items in (given.get("Headers") or {}).items():
        for item in items:
            headers.add(name, str(item))
    body = None
    if given.get("RequestBody") is not None:
        body = to_json(given["RequestBody"]).encode()
        headers.setdefault("Content-Type", "application/json")
    method = str(given.get("Method", "GET"))
    if given.get("AuthType") == "IAM_ROLE":
        _sign(session, region, method, url, body, headers)
    try:
        response = urllib3.request(
            method, url, body=body, headers=headers, timeout=TIMEOUT, retries=False, redirect=False
        )
    except urllib3.exceptions.HTTPError as problem:
        raise StatesError(
            "ApiGateway.SdkClientException", f"{type(problem).__name__}: {problem}"
        ) from problem
    text = response.data.decode("utf-8", "replace")
    if not 200 <= response.status < 300:
        raise StatesError(f"ApiGateway.{response.status}", text)
    told: dict[str, Json] = {name: list(response.headers.getlist(name)) for name in response.headers}
    return {
        "Headers": told,
        "ResponseBody": http.body(text),
        "StatusCode": response.status,
        "StatusText": response.reason or "",
    }


def _sign(session: Any, region: str, method: str, url: str, body: bytes | None, headers: Any) -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    credentials = session.get_credentials()
    if credentials is None:
        raise StatesError("ApiGateway.SdkClientException", "Unable to locate credentials")
    request = AWSRequest(method, url, dict(headers), body)
    SigV4Auth(credentials, "execute-api", region).add_auth(request)
    for name, value in request.headers.items():
        headers[name] = value
