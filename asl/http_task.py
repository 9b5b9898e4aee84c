"""HTTP Tasks: `http:invoke` over urllib3, with connections from a local file.

Source: the developer guide, "Call HTTPS APIs". What the service keeps in an EventBridge connection stands here in a
mapping, in the shape of CreateConnection, by the connection's ARN or its name.
"""

from __future__ import annotations

import json
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

try:
    import urllib3
except ImportError as problem:
    raise ImportError("HTTP APIs are called by urllib3: pip install 'asl-interpreter[http]'") from problem

from asl.errors import StatesError
from asl.frames import Call
from asl.names import RUNTIME
from asl.refusals import unsupported_headers
from asl.resources import http
from asl.values import Json, to_json

TIMEOUT = 60.0
"""Seconds: the service gives up then, with States.Http.Socket."""

METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"})
UNSUPPORTED = ("application/octet-stream", "image/", "video/", "audio/")
FORM = "application/x-www-form-urlencoded"

Pairs = list[tuple[str, str]]
Headers = dict[str, tuple[str, list[str]]]
"""By the name in lower case: the name as written, and the values."""


class HttpTask:
    """Serves `http:invoke`: `tasks={"http:invoke": HttpTask("connections.json")}`.

    `connections` is a mapping, or a JSON file of one, from the ARN or the name of a connection to its
    `AuthorizationType` and `AuthParameters`. `region` is told to servers in the User-Agent.
    """

    def __init__(
        self,
        connections: Mapping[str, Any] | str | Path | None = None,
        *,
        region: str = "us-east-1",
        timeout: float = TIMEOUT,
    ) -> None:
        known = connections or {}
        if isinstance(known, str | Path):
            known = json.loads(Path(known).read_text(encoding="utf-8"))
        assert isinstance(known, Mapping)
        self.connections = known
        self.region = region
        self.timeout = timeout
        self._begin()

    def _begin(self) -> None:
        self._timeout = urllib3.Timeout(total=self.timeout)
        self._pool = urllib3.PoolManager(retries=False)
        self._tokens: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        """For another process: without what is open to servers."""
        return {"connections": self.connections, "region": self.region, "timeout": self.timeout}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._begin()

    def __call__(self, payload: Any, call: Call) -> Json:
        """Send the request. Raises `StatesError` as the service names it."""
        parameters = _object(payload, "Parameters")
        method, url = str(parameters.get("Method")), str(parameters.get("ApiEndpoint"))
        if method not in METHODS:
            raise _refused(f"The Method '{method}' is not one of {', '.join(sorted(METHODS))}.")
        if not url.startswith(("https://", "http://")):
            raise _refused(f"The ApiEndpoint '{url}' is not a URL.")
        headers = _headers(parameters.get("Headers"))
        query = list(_query(parameters.get("QueryParameters")))
        body = parameters.get("RequestBody")
        name, connection = self._connection(parameters)
        invocation = _under(connection, "InvocationHttpParameters")
        for key, value in _entries(invocation, "HeaderParameters"):
            _add(headers, key, value)
        extra = _entries(invocation, "QueryStringParameters")
        query = [pair for pair in query if pair[0] not in dict(extra)] + extra
        body = _merged(body, _entries(invocation, "BodyParameters"))
        data = _encoded(body, parameters.get("Transform"), headers)
        sent = {"user-agent": ("User-Agent", [f"Amazon|StepFunctions|HttpInvoke|{self.region}"])}
        sent |= {"range": ("Range", ["bytes=0-262144"])} | headers
        url = _with_query(url, query)
        response = self._authorised(name, connection, method, url, sent, data)
        return _result(response, method)

    # ------------------------------------------------------------------ connections

    def _connection(self, parameters: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The connection that the task names, without the parts that it does not have."""
        told = parameters.get("InvocationConfig") or parameters.get("Authentication") or {}
        arn = _object(told, "InvocationConfig").get("ConnectionArn")
        if arn is None:
            return "", {}
        parts = str(arn).rpartition("connection/")[2].split("/")
        for key in (str(arn), "/".join(parts), parts[0]):
            if key in self.connections:
                found: dict[str, Any] = dict(self.connections[key])
                return key, found
        known = ", ".join(map(repr, self.connections)) or "none"
        raise StatesError(
            "Events.ConnectionResource.ResourceNotFound",
            f"The connection '{arn}' does not exist; the connections that are known: {known}.",
        )

    def _authorised(
        self,
        name: str,
        connection: dict[str, Any],
        method: str,
        url: str,
        headers: Headers,
        data: bytes | None,
    ) -> urllib3.BaseHTTPResponse:
        """Send with what the connection adds; where a token of OAuth is refused, once more with a new one."""
        kind = connection.get("AuthorizationType") or connection.get("Type")
        parameters = connection.get("AuthParameters") or {}
        if kind == "API_KEY":
            key = parameters["ApiKeyAuthParameters"]
            added = (str(key["ApiKeyName"]), str(key["ApiKeyValue"]))
        elif kind == "BASIC":
            basic = parameters["BasicAuthParameters"]
            both = f"{basic['Username']}:{basic['Password']}".encode()
            added = ("Authorization", f"Basic {b64encode(both).decode()}")
        elif kind in ("OAUTH_CLIENT_CREDENTIALS", "OAUTH"):
            response = self._send(method, url, _and(headers, *self._token(name, parameters)), data)
            if response.status == 401:
                self._tokens.pop(name, None)
                response = self._send(method, url, _and(headers, *self._token(name, parameters)), data)
            return response
        elif kind is None:
            return self._send(method, url, headers, data)
        else:
            said = f"The connection '{name}' has the unknown AuthorizationType '{kind}'."
            raise StatesError("Events.ConnectionResource.InvalidConnectionState", said)
        return self._send(method, url, _and(headers, *added), data)

    def _token(self, name: str, parameters: dict[str, Any]) -> tuple[str, str]:
        """The Authorization header with the token of a connection, asked for when there is none that is valid."""
        with self._lock:
            token, until = self._tokens.get(name, ("", 0.0))
            if time.monotonic() >= until:
                token, seconds = self._new_token(name, parameters["OAuthParameters"])
                self._tokens[name] = (token, time.monotonic() + seconds)
        return "Authorization", token

    def _new_token(self, name: str, oauth: dict[str, Any]) -> tuple[str, float]:
        client = oauth["ClientParameters"]
        more = oauth.get("OAuthHttpParameters") or {}
        form = {
            "grant_type": "client_credentials",
            "client_id": str(client["ClientID"]),
            "client_secret": str(client["ClientSecret"]),
            **dict(_entries(more, "BodyParameters")),
        }
        headers: Headers = {"content-type": ("Content-Type", [FORM])}
        headers |= {key.lower(): (key, [value]) for key, value in _entries(more, "HeaderParameters")}
        url = _with_query(str(oauth["AuthorizationEndpoint"]), _entries(more, "QueryStringParameters"))
        method = str(oauth.get("HttpMethod", "POST"))
        response = self._send(method, url, headers, http.form(form.items()).encode())
        try:
            answer = json.loads(response.data)
            token = f"Bearer {answer['access_token']}"
        except (ValueError, KeyError, TypeError):
            said = (
                f"The connection '{name}' got no token: its endpoint answered with status {response.status}."
            )
            raise StatesError("Events.ConnectionResource.InvalidConnectionState", said) from None
        return token, float(answer.get("expires_in", 300))

    def _send(self, method: str, url: str, headers: Headers, data: bytes | None) -> urllib3.BaseHTTPResponse:
        sent = urllib3.HTTPHeaderDict()
        for name, values in headers.values():
            for value in values:
                sent.add(name, value)
        try:
            return self._pool.request(
                method, url, body=data, headers=sent, timeout=self._timeout, redirect=False
            )
        except urllib3.exceptions.HTTPError as problem:
            raise StatesError("States.Http.Socket", f"{type(problem).__name__}: {problem}") from problem


# ---------------------------------------------------------------------- the request


def _refused(said: str) -> StatesError:
    return StatesError(
        RUNTIME, said
    )  # what they say of bodies and headers was measured by others, September 2026


def _object(value: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _refused(f"The value of the field '{field}' has an invalid format")
    return value


def _under(connection: dict[str, Any], key: str) -> dict[str, Any]:
    return (connection.get("AuthParameters") or {}).get(key) or {}


def _entries(parameters: Mapping[str, Any], key: str) -> Pairs:
    return [(str(entry["Key"]), str(entry.get("Value", ""))) for entry in parameters.get(key) or ()]


def _and(headers: Headers, name: str, value: str) -> Headers:
    return {**headers, name.lower(): (name, [value])}


def _add(headers: Headers, key: str, value: str) -> None:
    """Add a header of the connection: over the task's of that very name, before those of another case (measured)."""
    name, values = headers.get(key.lower(), (key, []))
    headers[key.lower()] = (key, [value, *(() if name == key else values)])


def _headers(given: Any) -> Headers:
    """The task's headers. Raises States.Runtime for those that only the service may set."""
    found: Headers = {}
    wrong = unsupported_headers("Headers", given)
    if wrong is not None:  # where no machine has refused them before the Task started
        raise _refused(wrong)
    for name, value in _object({} if given is None else given, "Headers").items():
        found[name.lower()] = (
            name,
            [_scalar(item) for item in (value if isinstance(value, list) else [value])],
        )
    return found


def _scalar(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else to_json(value)


def _query(given: Any) -> Iterator[tuple[str, str]]:
    """Query parameters: an object of values or arrays, an array of such objects or `key=value`, or a text."""
    if isinstance(given, dict):
        for key, value in given.items():
            for item in value if isinstance(value, list) else [value]:
                yield key, _scalar(item)
    elif isinstance(given, list):
        for each in given:
            yield from _query(each)
    elif given is not None:
        for pair in _scalar(given).removeprefix("?").split("&"):
            key, _, value = pair.partition("=")
            yield key, value


def _with_query(url: str, pairs: Pairs) -> str:
    return url + ("&" if "?" in url else "?") + http.form(pairs) if pairs else url


def _merged(body: Any, added: Pairs) -> Any:
    """The body with the connection's parameters over it; a text cannot be merged."""
    if not added:
        return body
    if body is not None and not isinstance(body, dict):
        raise _refused("Cannot merge connection body authorization parameters with request body.")
    return {**(body or {}), **dict(added)}


def _encoded(body: Any, transform: Any, headers: Headers) -> bytes | None:
    """The bytes to send, by the Transform; names the content type where the task does not."""
    if body is None:
        return None
    transform = _object({} if transform is None else transform, "Transform")
    encoding = transform.get("RequestBodyEncoding", "NONE")
    if encoding == "URL_ENCODED":
        options = _object(transform.get("RequestEncodingOptions") or {}, "RequestEncodingOptions")
        arrays = options.get("ArrayFormat", "INDICES")
        if arrays not in ("INDICES", "REPEAT", "COMMAS", "BRACKETS"):
            raise _refused(f"The ArrayFormat '{arrays}' is not one of INDICES, REPEAT, COMMAS, BRACKETS.")
        headers.setdefault("content-type", ("Content-Type", [FORM]))
        fields = _object(body, "RequestBody").items()
        return "&".join(_field(quote(key, safe=""), value, arrays) for key, value in fields).encode()
    if encoding != "NONE":
        raise _refused(f"The RequestBodyEncoding '{encoding}' is not one of NONE, URL_ENCODED.")
    headers.setdefault("content-type", ("Content-Type", ["application/json; charset=UTF-8"]))
    if isinstance(body, str) and "json" not in headers["content-type"][1][0]:
        return body.encode()
    return to_json(body).encode()


def _field(key: str, value: Json, arrays: str) -> str:
    """A field of a form. Brackets within keys are encoded; a comma between the values of an array is not."""
    if isinstance(value, dict):
        return "&".join(_field(f"{key}%5B{quote(k, safe='')}%5D", item, arrays) for k, item in value.items())
    if not isinstance(value, list):
        return f"{key}={quote(_scalar(value), safe='')}"
    if arrays == "COMMAS":
        return f"{key}={','.join(quote(_scalar(item), safe='') for item in value)}"
    ends = {"INDICES": "%5B{}%5D", "BRACKETS": "%5B%5D", "REPEAT": ""}
    return "&".join(_field(key + ends[arrays].format(n), item, arrays) for n, item in enumerate(value))


# ---------------------------------------------------------------------- the response


def _result(response: urllib3.BaseHTTPResponse, method: str) -> Json:
    """The task's result. Raises `States.Http.StatusCode.NNN`, and States.Runtime for what is no text.

    The cause of the former is the reason that the server gives with the status, if any, not the body; a response
    without a body has no ResponseBody (measured by others, September 2026).
    """
    kind = (response.headers.get("content-type") or "").lower()
    data = response.data
    if data and kind.startswith(UNSUPPORTED):
        raise _refused(
            f"Unsupported response content-type '{kind}'. Please see documentation for list of unsupported "
            "content-types."
        )
    try:
        text = data.decode(_charset(kind))
    except (UnicodeDecodeError, LookupError):
        raise _refused("The response cannot be read as text.") from None
    if not 200 <= response.status < 300:
        raise StatesError(f"States.Http.StatusCode.{response.status}", response.reason or None)
    headers: dict[str, Json] = {}
    for name in response.headers:
        headers[name] = list(response.headers.getlist(name))
    return {
        "Headers": headers,
        **({"ResponseBody": http.body(text) if "json" in kind else text} if data else {}),
        "StatusCode": response.status,
        "StatusText": response.reason or "",
    }


def _charset(kind: str) -> str:
    return kind.partition("charset=")[2].partition(";")[0].strip(' "') or "utf-8"
